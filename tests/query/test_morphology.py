"""Questions about skeletons: on neurons drawn by hand, counted with networkx, and on real ones beside navis."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest

from graphkit.build import BuildOptions, build_into
from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError, QueryError
from graphkit.importers import import_swc
from graphkit.morphology import Skeleton, split_axon_dendrite
from graphkit.query.answers.skeletons import Reader
from graphkit.query.plans.skeletons import plan_skeletons
from graphkit.writer import DatasetWriter
from tests.conftest import LONG, MadeOnce
from tests.grown import NEURONS, Grown, make_grown


@pytest.fixture(scope="module")
def grown(made_once: MadeOnce) -> Dataset:
    return made_once("grown", make_grown)


GROWN = {n.neuron_id: n for n in NEURONS}


def tree(neuron: Grown) -> nx.DiGraph[int]:
    made = nx.DiGraph()
    made.add_nodes_from(neuron.points)
    made.add_edges_from((p, n) for n, p in neuron.parents.items() if p >= 0)
    return made


def length_um(neuron: Grown, edges: Any) -> float:
    return sum(math.dist(neuron.points[a], neuron.points[b]) for a, b in edges) / 1000


def strahler(oracle: nx.DiGraph[int], node: int) -> int:
    below = sorted((strahler(oracle, child) for child in oracle[node]), reverse=True)
    return 1 if not below else below[0] + (len(below) > 1 and below[1] == below[0])


def gap_of(neuron: Grown) -> tuple[float, int, int] | None:
    """Of a neuron in two trees, how far they are apart, and the nodes that are nearest to each other."""
    trees = [sorted(c) for c in nx.weakly_connected_components(tree(neuron))]
    if len(trees) < 2:
        return None
    return min((math.dist(neuron.points[a], neuron.points[b]), a, b) for a in trees[0] for b in trees[1])


def joined(neuron: Grown) -> Grown:
    """The two trees of the tenth neuron made one there, from the root of the larger."""
    if (gap := gap_of(neuron)) is None:
        return neuron
    whole = tree(neuron).to_undirected()
    largest = max(nx.connected_components(whole), key=len)
    (root,) = [n for n in largest if neuron.parents[n] < 0]
    whole.add_edge(*gap[1:])
    above = dict(nx.bfs_predecessors(whole, root))
    return replace(neuron, parents={n: above.get(n, -1) for n in neuron.parents})


def split_of(neuron: Grown) -> tuple[dict[int, str], float] | None:
    """By the functions that navis is the oracle of, from the nodes at which the synapses were put; None if left whole."""
    if len(neuron.points) < 2 or not neuron.inputs or not neuron.outputs:
        return None
    nodes, neuron = sorted(neuron.points), joined(neuron)
    skeleton = Skeleton.from_nodes(nodes, [neuron.parents[n] for n in nodes], [neuron.points[n] for n in nodes])
    counts = [[Counter(ends)[n] for n in nodes] for ends in (neuron.inputs, neuron.outputs)]
    found = split_axon_dendrite(skeleton, *counts)
    return dict(zip(nodes, found.compartment.tolist(), strict=True)), found.segregation


def test_a_row_a_neuron(grown: Dataset) -> None:
    result = grown.query("morphology of any neuron")
    rows = {row["neuron_id"]: row for row in result}
    assert list(rows) == sorted(GROWN)
    for i, neuron in GROWN.items():
        row, oracle = rows[i], tree(joined(neuron))
        assert (row["name"], row["type"]) == (neuron.name, neuron.type)
        if not neuron.points:
            assert all(v is None for c, v in row.items() if c not in ("neuron_id", "name", "type"))
            continue
        gaps = length_um(neuron, oracle.edges) - length_um(neuron, tree(neuron).edges)
        assert row["cable_um"] == pytest.approx(length_um(neuron, tree(neuron).edges))
        trees = nx.number_weakly_connected_components(tree(neuron))
        assert (row["nodes"], row["trees"], row["gaps"]) == (len(oracle), trees, trees - 1)
        assert row["gaps_um"] == pytest.approx(gaps, abs=1e-9)
        assert row["branch_points"] == sum(d > 1 for _, d in oracle.out_degree)
        assert row["ends"] == sum(d == 0 for _, d in oracle.out_degree)
        assert row["strahler"] == max(strahler(oracle, n) for n in oracle)
        sides = np.ptp(np.array(list(neuron.points.values())), axis=0) / 1000
        assert [row[f"{a}_um"] for a in "xyz"] == sides.tolist()
        assert (row["inputs"], row["outputs"]) == (len(neuron.inputs), len(neuron.outputs) + neuron.unplaced)
        if row["cable_um"]:
            assert row["synapses_per_um"] == pytest.approx((row["inputs"] + row["outputs"]) / row["cable_um"])
        split = split_of(neuron)
        assert row["segregation"] == (pytest.approx(split[1]) if split else None)
    said = " ".join(result.notes)
    assert f"2 of 12 neurons have no skeleton: {LONG + 10} (EPG_10), {LONG + 11} (x_11)." in said
    assert "3 synapses have no position" in said
    assert grown.morphology().table == result.table


def test_a_row_a_compartment(grown: Dataset) -> None:
    result = grown.query("axon dendrite split of any neuron")
    found: dict[int, dict[str | None, Any]] = defaultdict(dict)
    for row in result:
        found[row["neuron_id"]][row["compartment"]] = row
    assert set(found) == {n.neuron_id for n in NEURONS if n.points}
    for i, parts in found.items():
        neuron, split = GROWN[i], split_of(GROWN[i])
        if split is None:
            assert set(parts) == {None}
            assert parts[None]["inputs"] == len(neuron.inputs)
            continue
        named, segregation = split
        assert set(parts) == {"axon", "dendrite", "linker"}
        above, cable = joined(neuron).parents, tree(neuron).to_undirected()
        for name, row in parts.items():
            inside = {n for n, c in named.items() if c == name}
            outer = [(above[n], n) for n in inside if cable.has_edge(above[n], n)]
            assert row["cable_um"] == pytest.approx(length_um(neuron, outer))
            assert row["nodes"] == len(inside)
            assert row["inputs"] == sum(n in inside for n in neuron.inputs)
            assert row["outputs"] == sum(n in inside for n in neuron.outputs)
            assert row["segregation"] == pytest.approx(segregation)
    said = " ".join(result.notes)
    reasons = (
        ("no inputs and no outputs with a position", 6),
        ("no inputs with a position", 7),
        ("all synapses at one node", 8),
    )
    for why, k in reasons:
        assert f"1 of 10 neurons are not split, for {why}: {LONG + k}" in said
    assert grown.axon_dendrite_split().table == result.table


def test_pieces_are_joined_up_to_a_gap(grown: Dataset) -> None:
    tenth = LONG + 9
    gap = gap_of(GROWN[tenth])
    assert gap is not None
    gap_nm = math.ceil(gap[0])
    whole = grown.query(f"morphology of {tenth}")
    said = f"1 of 1 skeletons is in pieces and was joined across 1 gap of {gap_nm} nm."
    assert any(said in note for note in whole.notes)
    assert whole.question.endswith("healing gaps up to 10 um")
    for question, why in (
        ("without healing", "as asked"),
        (f"healing gaps up to {gap_nm - 1} nm", f"since gaps are longer than {gap_nm - 1} nm"),
    ):
        result = grown.query(f"axon dendrite split of {tenth} {question}")
        assert result.question.endswith(question)
        (row,) = result
        assert (row["compartment"], row["nodes"]) == (None, 40)
        assert any(f"1 of 1 neurons are not split, for 2 trees: {tenth}" in note for note in result.notes)
        (note,) = (n for n in result.notes if "stays in pieces" in n)
        assert why in note
        assert f"{tenth} (ER4d_9) (2 trees, {gap_nm} nm)." in note
        nm = 0 if question.startswith("without") else gap_nm - 1
        assert grown.axon_dendrite_split(tenth, heal_nm=nm).table == result.table
    (apart,) = grown.query(f"morphology of {tenth} without healing")
    oracle = tree(GROWN[tenth])
    assert (apart["trees"], apart["gaps"], apart["gaps_um"], apart["segregation"]) == (2, 0, 0.0, None)
    assert apart["ends"] == sum(d == 0 for _, d in oracle.out_degree)
    assert apart["cable_um"] == whole.rows()[0]["cable_um"]
    (at,) = grown.query(f"morphology of {tenth} healing gaps up to {gap_nm} nm")
    assert at["gaps"] == 1
    spheres = [grown.query(f"sholl of {tenth} {how}") for how in ("", "without healing")]
    assert sum(r["crossings"] for r in spheres[0]) >= sum(r["crossings"] for r in spheres[1])
    for bad in (-1, 2.5, 2**31):
        with pytest.raises(QueryError, match="Gaps are healed up to a length of whole nanometres"):
            grown.sholl(heal_nm=bad)  # type: ignore[arg-type]


def test_answers_do_not_depend_on_the_number_of_threads(grown: Dataset) -> None:
    def rows(threads: int) -> list[Any]:
        reader = Reader(grown, None, plan_skeletons(None, grown), 10_000, threads=threads)
        found = [(g.of, g.skeleton.parent_row.tolist(), g.inputs.tolist(), g.n_outputs) for g in reader.read()]
        return [*found, reader.notes()]

    assert rows(1) == rows(2) == rows(7)


def test_a_row_a_strahler_order(grown: Dataset) -> None:
    for neuron in NEURONS[:10]:
        whole = joined(neuron)
        oracle = tree(whole)
        order = {n: strahler(oracle, n) for n in oracle}
        rows = grown.query(f"strahler orders of {neuron.neuron_id}").rows()
        assert [r["strahler"] for r in rows] == list(range(1, max(order.values()) + 1))
        for row in rows:
            k = row["strahler"]
            inside = {n for n in order if order[n] == k}
            cable = tree(neuron).to_undirected()
            outer = [(whole.parents[n], n) for n in inside if cable.has_edge(whole.parents[n], n)]
            assert row["cable_um"] == pytest.approx(length_um(neuron, outer))
            # nodes of one order hang together in branches, without the edges that lead to another order
            assert row["branches"] == nx.number_weakly_connected_components(oracle.subgraph(inside))
            assert row["inputs"] == sum(order[n] == k for n in neuron.inputs)
        assert rows[0]["branches"] == sum(d == 0 for _, d in oracle.out_degree)


def test_spheres(grown: Dataset) -> None:
    result = grown.query("sholl of type 'EPG' every 2.5 um")
    by_neuron: dict[int, dict[float, int]] = defaultdict(dict)
    for row in result:
        by_neuron[row["neuron_id"]][row["radius_um"]] = row["crossings"]
    assert set(by_neuron) == {n.neuron_id for n in NEURONS if n.type == "EPG" and n.points}
    for i, found in by_neuron.items():
        neuron = GROWN[i]
        root = next(n for n in sorted(neuron.parents) if neuron.parents[n] < 0)
        centre = neuron.soma or neuron.points[root]
        away = {n: math.dist(p, centre) / 1000 for n, p in neuron.points.items()}
        assert list(found) == [2.5 * k for k in range(1, math.ceil(max(away.values()) / 2.5) + 1)]
        for radius, crossings in found.items():
            edges = [(n, p) for n, p in neuron.parents.items() if p >= 0]
            assert crossings == sum((away[a] <= radius) != (away[b] <= radius) for a, b in edges)
    assert any(
        f"3 of 5 neurons have no soma position: their spheres lie around the first root: {LONG}" in n
        for n in result.notes
    )
    assert any(f"1 of 6 neurons has no skeleton: {LONG + 10} (EPG_10)." in n for n in result.notes)
    assert grown.sholl("EPG", every_nm=2500).table == result.table


def test_what_cannot_be_measured(grown: Dataset, sim: Dataset) -> None:
    for question in ("morphology of EPG", "sholl of EPG", "strahler orders of EPG", "axon dendrite split of EPG"):
        with pytest.raises(NotAnswerableError, match="has no skeletons") as caught:
            sim.query(question)
        assert "import swc" in (caught.value.hint or "")
    with pytest.raises(
        NotAnswerableError, match=rf"None of the 2 neurons has a skeleton: {LONG + 10} \(EPG_10\), {LONG + 11}"
    ):
        grown.query(f"morphology of {LONG + 10}, {LONG + 11}")
    with pytest.raises(NotAnswerableError, match="10,000 are the most"):
        grown.query("sholl of any neuron every 1 nm")
    with pytest.raises(QueryError, match=r"'0\.5' is no length"):
        grown.query("sholl of any neuron every 0.5 nm")
    with pytest.raises(QueryError, match="whole nanometres apart"):
        grown.sholl(every_nm=0)
    nobody = grown.query("morphology of neurons where inputs > 100000")
    assert len(nobody) == 0
    assert "No neuron meets the condition." in nobody.notes


def test_the_largest_id_that_there_is(tmp_path: Path) -> None:
    """One more than it does not fit: ids beside each other must be told apart all the same."""
    ids = [-(2**63), 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
    columns = {"neuron_id": [i for i in ids for _ in range(2)], "node": [1, 2] * 5, "parent": [-1, 1] * 5}
    ends = [x for k in range(5) for x in (0, 1000 * (k + 1))]
    axes = {
        "x_nm": pa.array(ends, pa.int32()),
        "y_nm": pa.array([0] * 10, pa.int32()),
        "z_nm": pa.array([0] * 10, pa.int32()),
    }
    with DatasetWriter(tmp_path / "large", create=True, name="large") as writer:
        writer.add("neurons", pa.table({"neuron_id": pa.array(ids, pa.int64())}))
        writer.add("skeletons", pa.table({**{k: pa.array(v, pa.int64()) for k, v in columns.items()}, **axes}))
        dataset = writer.commit({"command": "test", "settings": {}, "sources": []})
    found = dataset.morphology().table
    assert found["neuron_id"].to_pylist() == ids
    assert found["cable_um"].to_pylist() == [1, 2, 3, 4, 5]


def test_a_wrong_unit_is_seen(tmp_path: Path) -> None:
    """Skeletons in voxels of 8 nm beside synapses in nm."""
    points = [[8 * 10_000 * k, 0, 0] for k in range(1, 5)]
    neurons = pa.table({"neuron_id": pa.array([1], pa.int64())})
    skeleton = {"neuron_id": [1] * 4, "node": [1, 2, 3, 4], "parent": [-1, 1, 2, 3]}
    axes = {f"{a}_nm": pa.array([p[i] // 8 for p in points], pa.int32()) for i, a in enumerate("xyz")}
    synapses = {
        "synapse_id": pa.array(range(4), pa.int64()),
        "pre_id": pa.array([1] * 4, pa.int64()),
        "post_id": pa.array([None] * 4, pa.int64()),
        **{f"pre_{a}_nm": pa.array([p[i] for p in points], pa.int32()) for i, a in enumerate("xyz")},
        "kind": ["chemical"] * 4,
    }
    with DatasetWriter(tmp_path / "voxels", create=True, name="voxels") as writer:
        writer.add("neurons", neurons)
        writer.add("skeletons", pa.table({**{k: pa.array(v, pa.int64()) for k, v in skeleton.items()}, **axes}))
        writer.add("synapses", pa.table(synapses))
        record = build_into(writer, BuildOptions())
        dataset = writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)
    assert any(note.startswith("Warning: 4 of 4 synapses lie more than 10 um") for note in dataset.morphology().notes)


NAVIS = json.loads((Path(__file__).parents[1] / "golden" / "navis.json").read_text())["neurons"]


def test_real_neurons_measure_as_in_navis(real_data: Path, tmp_path: Path) -> None:
    """From their files to the answers: the nodes at which navis has the synapses are found by their points."""
    folder = real_data / "navis_neurons"
    dataset = import_swc(folder / "swc", tmp_path / "both", unit="8", synapses=folder / "synapses").dataset
    found = {str(row["neuron_id"]): row for row in dataset.query("morphology of any neuron")}
    assert found.keys() == NAVIS.keys()
    for name, expected in NAVIS.items():
        row = found[name]
        assert (row["nodes"], row["trees"]) == (expected["nodes"], expected["roots"])
        assert (row["outputs"], row["inputs"]) == (expected["pre"], expected["post"])
        assert row["cable_um"] == pytest.approx(0.008 * expected["cable"], rel=1e-5)  # nodes lie at whole nm
        assert row["segregation"] == pytest.approx(expected.get("healed", expected)["segregation"])
    parts = [row for row in dataset.query("axon dendrite split of any neuron") if row["compartment"]]
    for name, expected in NAVIS.items():
        counted = {row["compartment"]: row["nodes"] for row in parts if str(row["neuron_id"]) == name}
        assert counted == expected.get("healed", expected)["compartments"]
    published = found["722817260"]
    assert (round(published["cable_um"], 1), published["outputs"], published["inputs"]) == (2197.6, 701, 2435)


def test_neurons_without_a_skeleton_come_last(tmp_path: Path) -> None:
    """A table of a whole brain beside a few skeletons: what there is to see comes first."""
    (tmp_path / "7.swc").write_text("1 0 0 0 0 1 -1\n2 0 0 0 9 1 1\n")
    (tmp_path / "n.csv").write_text("neuron_id,type\n3,A\n7,B\n9,C\n")
    brain = import_swc([tmp_path / "7.swc"], tmp_path / "d", neurons=tmp_path / "n.csv").dataset
    assert [(r["neuron_id"], r["nodes"]) for r in brain.query("morphology of any neuron")] == [
        (7, 2),
        (3, None),
        (9, None),
    ]
    assert [r["neuron_id"] for r in brain.query("morphology of any neuron limit 1")] == [7]
