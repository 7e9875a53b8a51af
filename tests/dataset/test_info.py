"""``describe`` counts what is there; the picture fits 80 columns and names real things."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

import graphkit
from graphkit.build import BuildOptions, build_into
from graphkit.dataset import Dataset
from graphkit.importers import import_edges
from graphkit.info import Info, RegionInfo, describe, info_json, render
from graphkit.writer import DatasetWriter

HUGE = 720575940621039145


def picture(info: Info, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(render(info))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    return text


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    where = tmp_path_factory.mktemp("info") / "fly"
    with DatasetWriter(where, create=True, name="fly", description="A very small fly.") as writer:
        parents = pa.array([None, 1, 1], pa.int16())
        writer.add("regions", pa.table({"region_id": [1, 2, 3], "name": ["CX", "EB", "FB"], "parent_id": parents}))
        types = {"type": ["EPG", "EPG", "ER4d", None], "nt": ["ach", "ach", "gaba", None]}
        writer.add("neurons", pa.table({"neuron_id": [1, 2, HUGE, 9]} | types))
        synapses = {
            "synapse_id": [1, 2, 3, 4, 5, 6],
            "pre_id": [1, 1, HUGE, 2, None, 1],
            "post_id": [2, 2, 1, HUGE, 1, HUGE],
            "region_id": pa.array([2, 2, 3, None, 2, 2], pa.int16()),
            "kind": ["chemical"] * 5 + ["electrical"],
        }
        writer.add("synapses", pa.table(synapses))
        step = {"command": "import edges", "settings": {"delimiter": ","}, "sources": [{"name": "fly.csv"}]}
        return writer.commit(step, build=build_into(writer))


def test_counts(dataset: Dataset) -> None:
    info = describe(dataset)
    assert info.counts == {
        "neurons": 4,
        "synapses": 6,
        "connections": 4,
        "pairs": 4,
        "regions": 3,
        "typed neurons": 3,
        "types": 2,
        "counted synapses": 4,
        "electrical": 1,
    }
    assert info.resolved == 3 / 4
    assert info.types == (("EPG", 2), ("ER4d", 1))
    assert (info.transmitters_of, info.transmitters) == ("neurons", (("ach", 2), ("gaba", 1)))
    assert info.disk_bytes == {n: t.bytes for n, t in dataset.snapshot.tables.items()}


def test_regions_include_their_children(dataset: Dataset) -> None:
    found = [(r.name, r.depth, r.synapses, r.neurons) for r in describe(dataset).regions]
    assert found == [("CX", 0, 3, 3), ("EB", 1, 2, 2), ("FB", 1, 1, 2)]  # neuron 1 is in EB and in FB: once in CX


def test_it_is_said_why_the_parts_of_a_region_do_not_add_up(dataset: Dataset) -> None:
    def said(*regions: tuple[int, int | None, int, int]) -> str:
        made = tuple(RegionInfo(i, f"R{i}", up, 0 if up is None else 1, n, of) for i, up, n, of in regions)
        text = " ".join(picture(replace(describe(dataset), regions=made), 100).split())
        return text.partition("need not add up to it: ")[2].partition(".")[0]

    assert said((1, None, 9, 5), (2, 1, 4, 3), (3, 1, 5, 2)) == ""
    shared = "a neuron is counted in each region in which it has synapses"
    assert said((1, None, 9, 5), (2, 1, 4, 3), (3, 1, 5, 3)) == shared
    assert said((1, None, 9, 5), (2, 1, 3, 3), (3, 1, 5, 2)) == "1 synapse lies in R1 and in none of its parts"
    two = said((1, None, 9, 5), (2, 1, 7, 5), (3, None, 9, 5), (4, 3, 2, 4))
    assert two == f"7 synapses lie in R3 and in none of its parts; {shared}"
    assert shared in " ".join(picture(describe(dataset), 80).split())


def test_examples_can_be_asked(dataset: Dataset) -> None:
    examples = describe(dataset).examples
    assert examples[0] == "motifs in region EB"
    assert 2 <= len(examples) <= 3
    for question in examples:
        assert len(dataset.query(question).arrow()) >= 0


def test_long_examples_fit_a_line(tmp_path: Path) -> None:
    from graphkit.importers import import_edges

    (tmp_path / "pairs.csv").write_text("pre,post,weight\n1,2,5\n2,1,3\n3,1,2\n")
    long = "a name of some length", "another one, as long"
    (tmp_path / "neurons.csv").write_text(f'neuron_id,type\n1,"{long[0]}"\n2,"{long[0]}"\n3,"{long[1]}"\n')
    made = import_edges([tmp_path / "pairs.csv"], tmp_path / "d", neurons=tmp_path / "neurons.csv").dataset
    assert describe(made).examples[-1] == f"connections from type '{long[0]}' by type"
    for question in describe(made).examples:
        made.query(question)


def test_json_has_ids_as_text(dataset: Dataset) -> None:
    body = json.loads(json.dumps(info_json(describe(dataset))))
    assert body["regions"][1] == {
        "region_id": "2",
        "name": "EB",
        "parent_id": "1",
        "depth": 1,
        "synapses": 2,
        "neurons": 2,
    }
    assert body["types"][0] == {"type": "EPG", "neurons": 2}


@pytest.mark.parametrize("width", [80, 120])
def test_picture(dataset: Dataset, width: int) -> None:
    text = picture(describe(dataset), width)
    for said in (
        "fly",
        "A very small fly.",
        "EB",
        "EPG",
        "fly.csv",
        "1 unassigned",
        "75.0 %",
        "motifs in region EB",
        "├─",
        "█",
    ):
        assert said in text, said


def test_empty_unbuilt_and_bare(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "empty", create=True) as writer:
        writer.commit({"command": "test"})
    assert "This dataset is empty" in picture(describe(graphkit.open(tmp_path / "empty")), 80)
    with DatasetWriter(tmp_path / "raw", create=True) as writer:
        writer.add("synapses", pa.table({"synapse_id": [1], "pre_id": [1], "post_id": [2]}))
        writer.commit({"command": "test"})
    assert "graphkit build" in picture(describe(graphkit.open(tmp_path / "raw")), 80)
    with DatasetWriter(tmp_path / "bare", create=True) as writer:
        writer.add("connections", pa.table({"pre_id": [HUGE], "post_id": [2], "synapses": [5]}))
        bare = writer.commit({"command": "test"}, build=build_into(writer))
    info = describe(bare)
    assert (info.regions, info.types, info.resolved, info.counts["counted synapses"]) == ((), (), 0.0, 5)
    assert info.examples == ("motifs", "partners of 2")
    assert "from pair totals" in picture(info, 80)
    with DatasetWriter(tmp_path / "none", create=True) as writer:
        writer.add("synapses", pa.table({"synapse_id": [1], "pre_id": [1], "post_id": [2]}).slice(0, 0))
        none = writer.commit({"command": "test"}, build=build_into(writer))
    assert describe(none).examples == ()
    assert picture(describe(none), 80)


def test_pair_totals_with_the_sources_regions(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "d", create=True) as writer:
        writer.add("regions", pa.table({"region_id": [1], "name": ["EB"]}))
        writer.add("connections", pa.table({"pre_id": [1], "post_id": [2], "synapses": [5]}))
        totals = {"neuron_id": [1, 2], "region_id": pa.array([1, 1], pa.int16()), "inputs": [70, 5], "outputs": [6, 0]}
        writer.add("neuron_regions", pa.table(totals))
        dataset = writer.commit({"command": "test"}, build=build_into(writer, BuildOptions(totals="source")))
    info = describe(dataset)
    assert [(r.name, r.synapses, r.neurons) for r in info.regions] == [("EB", 75, 2)]
    assert info.resolved == 0
    assert info.examples[0] == "motifs between neurons of EB"
    assert "not resolved" in picture(info, 80)


def test_a_pair_with_several_rows_is_counted_once(tmp_path: Path) -> None:
    rows = [(1, 2, "EB"), (1, 2, "FB"), (2, 1, "EB"), (HUGE, 1, "EB"), (HUGE, 1, "FB"), (HUGE, 1, "PB")]
    (tmp_path / "p.csv").write_text("pre,post,region\n" + "".join(f"{a},{b},{r}\n" for a, b, r in rows))
    info = describe(import_edges(tmp_path / "p.csv", tmp_path / "d").dataset)
    assert (info.counts["connections"], info.counts["pairs"]) == (6, len({(a, b) for a, b, _ in rows}))
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(info))
    assert "of 3 pairs of neurons; region known for every synapse" in console.export_text()
