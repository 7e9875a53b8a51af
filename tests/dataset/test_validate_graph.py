"""Every rule of ``validate`` about the tree of regions and what the build derived: exactly what is broken is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphkit.build import BuildOptions, build_into
from graphkit.writer import DatasetWriter
from tests.dataset.sound import HUGE, change, first_file, found, only, pick, read, rewrite

# -- the tree -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "where", "value", "rule", "rows", "example"),
    [
        ("name", 3, "CX", "region-name", 1, "region_id=3, name=CX"),
        ("parent_id", 3, 9, "region-parent", 1, "region_id=3, name=FB"),
        ("parent_id", 2, 2, "region-circle", 1, "region_id=2, name=EB"),
        ("parent_id", 1, 3, "region-circle", 2, "region_id=1, name=CX"),
        ("max_z_nm", 2, 0, "box", 1, "region_id=2, name=EB"),
    ],
)
def test_tree(apart: Path, column: str, where: int, value: Any, rule: str, rows: int, example: str) -> None:
    rewrite(apart, "regions", lambda t: change(t, column, lambda r: r["region_id"] == where, value))
    problem = only(apart)
    assert (problem.table, problem.rule, problem.rows, problem.example) == ("regions", rule, rows, example)


def test_region_ids_above_zero(apart: Path) -> None:
    rewrite(apart, "regions", lambda t: change(t, "region_id", lambda r: r["region_id"] == 1, -4))
    problems = found(apart)
    problem = pick(problems, "regions", "region_id", "region-id")
    assert (problem.rows, problem.example) == (1, "region_id=-4, name=CX")
    assert pick(problems, "regions", "parent_id", "region-parent").rows == 2


def test_box_outside_its_parent(apart: Path) -> None:
    rewrite(apart, "regions", lambda t: change(t, "box", lambda r: r["region_id"] > 1, True))
    assert found(apart) == []
    rewrite(apart, "regions", lambda t: change(t, "max_x_nm", lambda r: r["region_id"] == 3, 1_000_001))
    problem = only(apart)
    assert (problem.rule, problem.rows, problem.example) == ("box-outside-parent", 1, "region_id=3, name=FB")
    rewrite(apart, "regions", lambda t: change(t, "max_x_nm", lambda r: r["region_id"] == 3, None))
    problem = only(apart)
    assert (problem.column, problem.rule) == ("box", "box")


# -- what the build derived ---------------------------------------------------------------------------------------


def test_connections_by_post_with_other_rows(broken: Path) -> None:
    rewrite(
        broken,
        "connections_by_post",
        lambda t: change(t, "size_sum", lambda r: r["pre_id"] == 1 and r["region_id"] == 2, 13),
    )
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("connections_by_post", "same-rows", 1)
    assert "size_sum=13" in problem.example
    assert "size_sum=12" in problem.example


def test_connections_that_are_not_the_sums(broken: Path) -> None:
    for table in ("connections", "connections_by_post"):
        rewrite(broken, table, lambda t: change(t, "nt", lambda r: r["synapses"] == 2, "gaba"))
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("connections", "connections", 1)
    assert problem.example.startswith(
        "pre_id=1, post_id=2, region_id=2, kind=chemical, compartment=null: stored synapses=2"
    )
    assert problem.example.endswith("expected synapses=2, size_sum=12, nt=ach")


def test_connection_that_no_synapse_makes(broken: Path) -> None:
    for table in ("connections", "connections_by_post"):
        rewrite(broken, table, lambda t: t.filter(pc.not_equal(t["kind"], "electrical")))
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("connections", "connections", 1)
    assert "stored nothing, expected synapses=1" in problem.example


def test_row_numbers_of_the_indexes(broken: Path) -> None:
    rewrite(broken, "synapses_by_place", lambda t: change(t, "row", lambda r: r["row"] == 6, 99))
    problems = found(broken)
    problem = pick(problems, "synapses_by_place", "row", "row-number")
    assert (problem.rows, problem.example) == (1, "row=99")
    assert pick(problems, "synapses_by_place", "place", "index").rows == 1  # row 6 is not in the index any more


def test_place_codes(broken: Path) -> None:
    rewrite(broken, "synapses_by_place", lambda t: change(t, "place", lambda r: r["row"] == 0, 5))
    problem = pick(broken, "synapses_by_place", "place", "index")
    assert problem.rows == 1
    assert problem.example.startswith("row=0: stored place=5, expected place=")


def test_index_by_post(broken: Path) -> None:
    rewrite(broken, "synapses_by_post", lambda t: change(t, "post_id", lambda r: r["row"] == 6, 2))
    assert pick(broken, "synapses_by_post", "post_id", "index").rows == 1


@pytest.mark.parametrize("column", ["inputs", "outputs", "partners"])
def test_totals_of_neurons(broken: Path, column: str) -> None:
    rewrite(broken, "neurons", lambda t: change(t, column, lambda r: r["neuron_id"] == HUGE, 50))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("neurons", column, "totals", 1)
    assert problem.example == f"neuron_id={HUGE}: stored 50, expected {2 if column == 'partners' else 1}"


def test_totals_by_region(broken: Path) -> None:
    rewrite(
        broken, "neuron_regions", lambda t: change(t, "inputs", lambda r: r["neuron_id"] == r["region_id"] == 2, 50)
    )
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("neuron_regions", "totals", 1)
    assert problem.example == "neuron_id=2, region_id=2: stored inputs=50, outputs=0, expected inputs=2, outputs=0"


def test_totals_of_the_source_are_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    with DatasetWriter(folder, create=True) as writer:
        writer.add("connections", pa.table({"pre_id": [1], "post_id": [2], "synapses": [3], "kind": ["chemical"]}))
        writer.add("neurons", pa.table({"neuron_id": [1, 2], "inputs": [100, 200], "outputs": [7, 8]}))
        writer.commit({"command": "test"}, build=build_into(writer, BuildOptions(totals="source")))
    assert found(folder) == []
    assert read(folder, "neurons")["inputs"].to_pylist() == [100, 200]
    rewrite(folder, "neurons", lambda t: change(t, "partners", lambda r: True, 4))
    problem = only(folder)
    assert (problem.column, problem.rule, problem.rows) == ("partners", "totals", 2)


def test_neurons_of_segments(broken: Path) -> None:
    rewrite(broken, "synapses", lambda t: change(t, "pre_segment_id", lambda r: r["synapse_id"] == 13, 104))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.example) == (
        "synapses",
        "pre_id",
        "segment-neuron",
        "synapse_id=13",
    )


def test_skeleton_parents(apart: Path) -> None:
    rewrite(apart, "skeletons", lambda t: change(t, "parent", lambda r: r["neuron_id"] == 2, 1))  # a node of neuron 1
    problem = only(apart)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("skeletons", "parent", "skeleton-parent", 1)
    assert problem.example == "neuron_id=2, node=0, parent=1"


def test_build_that_is_out_of_date(broken: Path) -> None:
    with DatasetWriter(broken) as writer:
        rows = read(broken, "segment_to_neuron")
        writer.add("segment_to_neuron", change(rows, "neuron_id", lambda r: r["segment_id"] == 104, 2))
        writer.commit({"command": "edit"})
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("segment_to_neuron", "outdated-build", 4)
    assert "graphkit build" in problem.message


def test_no_problem_hides_another(broken: Path) -> None:
    first_file(broken, "neuron_regions")[0].unlink()
    rewrite(broken, "skeletons", lambda t: change(t, "parent", lambda r: r["node"] == 2, 77))
    rewrite(broken, "neurons", lambda t: change(t, "inputs", lambda r: r["neuron_id"] == 9, -2))
    rewrite(broken, "regions", lambda t: change(t, "name", lambda r: r["region_id"] == 3, "EB"))
    assert {(p.table, p.rule) for p in found(broken)} == {
        ("neuron_regions", "file-missing"),
        ("skeletons", "skeleton-parent"),
        ("neurons", "count"),
        ("neurons", "totals"),
        ("regions", "region-name"),
    }
