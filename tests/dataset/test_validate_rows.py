"""Every rule of ``validate`` about columns and rows: broken in exactly one way, and exactly that is named."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.dataset.sound import (
    HUGE,
    change,
    change_first,
    found,
    manifest,
    only,
    pick,
    read,
    rewrite,
    write_manifest,
    write_table,
)

# -- columns and types --------------------------------------------------------------------------------------------


def test_missing_column(broken: Path) -> None:
    rewrite(broken, "skeletons", lambda t: t.drop_columns(["radius_nm"]))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == (
        "skeletons",
        "radius_nm",
        "column-missing",
        4,
    )


def test_wrong_type_that_can_still_be_compared(apart: Path) -> None:
    rewrite(apart, "skeletons", lambda t: t.set_column(1, "node", t["node"].cast(pa.int32())))
    problem = only(apart)
    assert (problem.table, problem.column, problem.rule, problem.example) == ("skeletons", "node", "type", "int32")


def test_wrong_type_that_cannot(apart: Path) -> None:
    rewrite(apart, "skeletons", lambda t: t.set_column(1, "node", t["node"].cast(pa.string())))
    problem = only(apart)
    assert (problem.column, problem.rule, problem.example) == ("node", "type", "string")


def test_unknown_column(apart: Path) -> None:
    rewrite(apart, "skeletons", lambda t: t.append_column("mood", pa.array(["fine"] * 4)))
    problem = only(apart)
    assert (problem.table, problem.column, problem.rule) == ("skeletons", "mood", "column-unknown")
    rewrite(apart, "skeletons", lambda t: t.drop_columns(["mood"]))
    rewrite(apart, "neurons", lambda t: t.append_column("mood", pa.array(["fine"] * 4)))
    assert found(apart) == []  # neurons may carry the source's own columns


def test_columns_that_differ_from_the_snapshots(apart: Path) -> None:
    body = manifest(apart)
    body["tables"]["neurons"]["columns"].append("mood")
    write_manifest(apart, body)
    problem = only(apart)
    assert (problem.table, problem.rule, problem.example) == ("neurons", "manifest-columns", "mood")


def test_files_of_one_table_that_differ(broken: Path) -> None:
    rows = read(broken, "skeletons")
    write_table(broken, "skeletons", [rows.slice(0, 2), rows.slice(2).drop_columns(["compartment"])])
    problems = found(broken)
    assert ("skeletons", "compartment", "column-missing", 2) in {(p.table, p.column, p.rule, p.rows) for p in problems}


# -- rows ---------------------------------------------------------------------------------------------------------


def test_nulls(apart: Path) -> None:
    rewrite(apart, "skeletons", lambda t: change(t, "x_nm", lambda r: r["node"] == 0, None))
    problem = only(apart)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("skeletons", "x_nm", "null", 2)
    assert problem.example == "neuron_id=1, node=0"


def test_duplicate_keys(broken: Path) -> None:
    rewrite(broken, "synapses", lambda t: change(t, "synapse_id", lambda r: r["synapse_id"] in (10, 11), 10))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("synapses", "synapse_id", "duplicate", 1)
    assert problem.example == "synapse_id=10"


def test_duplicate_connections_with_null_regions(broken: Path) -> None:
    def double(rows: pa.Table) -> pa.Table:
        null = rows.filter(pc.is_null(rows["region_id"]))
        at = rows["region_id"].to_pylist().index(None)
        return pa.concat_tables([rows.slice(0, at), null, null, rows.slice(at + 1)])

    rewrite(broken, "connections", double)
    problem = pick(broken, "connections", "pre_id, post_id, region_id, kind, compartment", "duplicate")
    assert problem.rows == 1
    assert problem.example == "pre_id=2, post_id=2, region_id=null, kind=chemical, compartment=null"


def test_segment_mapped_twice(apart: Path) -> None:
    rewrite(apart, "segment_to_neuron", lambda t: change(t, "segment_id", lambda r: r["segment_id"] == 104, 103))
    problem = pick(apart, "segment_to_neuron", "segment_id", "duplicate")
    assert (problem.rows, problem.example) == (1, "segment_id=103")


def test_order_within_a_file(apart: Path) -> None:
    rewrite(apart, "skeletons", lambda t: t.take([0, 2, 1, 3]))
    problem = only(apart)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("skeletons", "neuron_id, node", "order", 1)
    assert problem.example == "neuron_id=1, node=1"


def test_order_across_files(apart: Path) -> None:
    rows = read(apart, "skeletons")
    write_table(apart, "skeletons", [rows.slice(3), rows.slice(0, 3)])
    problem = only(apart)
    assert (problem.rule, problem.rows, problem.example) == ("order", 1, "neuron_id=1, node=0")


def test_nulls_belong_at_the_end(broken: Path) -> None:
    synapses = read(broken, "synapses")
    assert synapses["pre_id"].to_pylist()[-1] is None
    rewrite(broken, "synapses", lambda t: pa.concat_tables([t.slice(len(t) - 1), t.slice(0, len(t) - 1)]))
    problem = pick(broken, "synapses", "pre_id, post_id, synapse_id", "order")
    assert problem.rows == 1


def test_snapshot_that_does_not_say_sorted(broken: Path) -> None:
    rows = read(broken, "skeletons")
    write_table(broken, "skeletons", [rows], sorted_by=[])
    problem = only(broken)
    assert (problem.table, problem.rule, problem.example) == ("skeletons", "manifest-order", "nothing")


def test_unknown_neuron_in_synapses(broken: Path) -> None:
    rewrite(broken, "synapses", lambda t: change(t, "post_id", lambda r: r["synapse_id"] == 12, HUGE + 1))
    problems = found(broken)
    problem = pick(problems, "synapses", "post_id", "reference")
    assert (problem.rows, problem.example) == (1, f"post_id={HUGE + 1}, synapse_id=12")
    assert {(p.table, p.rule) for p in problems} == {
        ("synapses", "reference"),
        ("synapses", "segment-neuron"),
        ("synapses_by_post", "index"),
        ("connections", "connections"),
    }


def test_unknown_neurons(broken: Path) -> None:
    """Each place has a stranger of its own, by which its problem is known."""
    strangers = {
        place: HUGE - 1 - i
        for i, place in enumerate(
            [
                ("skeletons", "neuron_id"),
                ("segment_to_neuron", "neuron_id"),
                ("neuron_regions", "neuron_id"),
                ("connections", "pre_id"),
                ("connections", "post_id"),
                ("connections_by_post", "post_id"),
                ("synapses_by_post", "post_id"),
                ("synapses", "pre_id"),
            ]
        )
    }
    number = {}
    for (table, column), stranger in strangers.items():
        known = 2 if table == "skeletons" else HUGE
        number[table, column] = read(broken, table)[column].to_pylist().count(known)
        rewrite(broken, table, lambda t, c=column, k=known, s=stranger: change(t, c, lambda r: r[c] == k, s))
    problems = found(broken)
    for (table, column), stranger in strangers.items():
        problem = pick(problems, table, column, "reference")
        assert problem.rows == number[table, column] > 0
        assert problem.example.startswith(f"{column}={stranger}")
    assert sum(p.rule == "reference" for p in problems) == len(strangers)


def test_regions_that_are_not_in_the_tree(broken: Path) -> None:
    strangers = {
        ("synapses", "region_id"): 77,
        ("synapses", "pre_region_id"): 78,
        ("synapses", "post_region_id"): 79,
        ("connections", "region_id"): 80,
        ("connections_by_post", "region_id"): 81,
        ("neuron_regions", "region_id"): 82,
    }
    for (table, column), stranger in strangers.items():
        rewrite(broken, table, lambda t, c=column, s=stranger: change_first(t, c, s))
    problems = found(broken)
    for (table, column), stranger in strangers.items():
        problem = pick(problems, table, column, "reference")
        assert problem.rows == 1
        assert problem.example.startswith(f"{column}={stranger}")
    assert sum(p.rule == "reference" for p in problems) == len(strangers)


def test_regions_without_a_tree(broken: Path) -> None:
    body = manifest(broken)
    del body["tables"]["regions"]
    write_manifest(broken, body)
    with_region = sum(r not in (0, None) for r in read(broken, "synapses")["region_id"].to_pylist())
    assert pick(broken, "synapses", "region_id", "reference").rows == with_region == 5


def test_kinds(broken: Path) -> None:
    strangers = {"synapses": "magnetic", "connections": "mystic", "connections_by_post": "electric"}
    for table, stranger in strangers.items():
        rewrite(broken, table, lambda t, word=stranger: change(t, "kind", lambda r: r["kind"] == "electrical", word))
    problems = found(broken)
    for table, stranger in strangers.items():
        problem = pick(problems, table, "kind", "kind")
        assert problem.rows == 1
        assert problem.example.startswith(f"kind={stranger}")


@pytest.mark.parametrize("table", ["synapses", "connections", "connections_by_post"])
def test_gap_junction_the_wrong_way_round(broken: Path, table: str) -> None:
    def turn(rows: pa.Table) -> pa.Table:
        rows = change(rows, "pre_id", lambda r: r["kind"] == "electrical", HUGE)
        return change(rows, "post_id", lambda r: r["kind"] == "electrical", 1)

    rewrite(broken, table, turn)
    assert pick(broken, table, "pre_id", "electrical-order").rows == 1


def test_counts(broken: Path) -> None:
    wrong = {
        ("neurons", "inputs"): -1,
        ("neurons", "partners"): -5,
        ("neuron_regions", "outputs"): -1,
        ("segments", "voxels"): -1,
        ("connections", "synapses"): 0,
        ("connections_by_post", "synapses"): -3,
    }
    for (table, column), value in wrong.items():
        rewrite(broken, table, lambda t, c=column, v=value: change_first(t, c, v))
    problems = found(broken)
    for table, column in wrong:
        assert pick(problems, table, column, "count").rows == 1
    assert sum(p.rule == "count" for p in problems) == len(wrong)


@pytest.mark.parametrize(
    ("table", "column", "value", "example"),
    [
        ("neurons", "soma_x_nm", -1, "soma_x_nm=-1, neuron_id=1"),
        ("synapses", "pre_y_nm", 1_000_001, "pre_y_nm=1000001, synapse_id=10"),
        ("skeletons", "z_nm", -7, "z_nm=-7, neuron_id=1, node=0"),
    ],
)
def test_positions_out_of_bounds(broken: Path, apart: Path, table: str, column: str, value: int, example: str) -> None:
    folder = broken if table == "synapses" else apart
    rewrite(folder, table, lambda t: change_first(t, column, value))
    problem = only(folder)
    assert (problem.table, problem.column, problem.rule, problem.rows) == (table, column, "bounds", 1)
    assert problem.example == example


def test_segment_with_an_empty_box(apart: Path) -> None:
    rewrite(apart, "segments", lambda t: change(t, "max_y_nm", lambda r: r["segment_id"] == 102, 0))
    problem = only(apart)
    assert (problem.table, problem.column, problem.rule, problem.example) == (
        "segments",
        "min_y_nm",
        "box",
        "segment_id=102",
    )
