"""Questions about skeletons: on neurons drawn by hand, counted with networkx, and on real ones beside navis."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
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


def split_of(neuron: Grown) -> tuple[dict[int, str], float] | None:
    """By the functions that navis is the oracle of, from the nodes at which the synapses were put; None if left whole."""
    if (
        len(neuron.points) == 1
        or not neuron.inputs
        or not neuron.outputs
        or sum(p < 0 for p in neuron.parents.values()) > 1
    ):
        return None
    nodes = sorted(neuron.points)
    skeleton = Skeleton.from_nodes(nodes, [neuron.parents[n] for n in nodes], [neuron.points[n] for n in nodes])
    counts = [[Counter(ends)[n] for n in nodes] for ends in (neuron.inputs, neuron.outputs)]
    found = split_axon_dendrite(skeleton, *counts)
    return dict(zip(nodes, found.compartment.tolist(), strict=True)), found.segregation


def test_a_row_a_neuron(grown: Dataset) -> None:
    result = grown.query("morphology of any neuron")
    rows = {row["neuron_id"]: row for row in result}
    assert list(rows) == sorted(GROWN)
    for i, neuron in GROWN.items():
        row, oracle = rows[i], tree(neuron)
        assert (row["name"], row["type"]) == (neuron.name, neuron.type)
        if not neuron.points:
            assert all(v is None for c, v in row.items() if c not in ("neuron_id", "name", "type"))
            continue
        assert row["cable_um"] == pytest.approx(length_um(neuron, oracle.edges))
        assert (row["nodes"], row["trees"]) == (len(oracle), nx.number_weakly_connected_components(oracle))
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
        for name, row in parts.items():
            inside = {n for n, c in named.items() if c == name}
            outer = [(neuron.parents[n], n) for n in inside if neuron.parents[n] >= 0]
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
        ("2 trees", 9),
    )
    for why, k in reasons:
        assert f"1 of 10 neurons are not split, for {why}: {LONG + k}" in said
    assert grown.axon_dendrite_split().table == result.table


def test_a_row_a_strahler_order(grown: Dataset) -> None:
    for neuron in NEURONS[:10]:
        oracle = tree(neuron)
        order = {n: strahler(oracle, n) for n in oracle}
        rows = grown.query(f"strahler orders of {neuron.neuron_id}").rows()
        assert [r["strahler"] for r in rows] == list(range(1, max(order.values()) + 1))
        for row in rows:
            k = row["strahler"]
            inside = {n for n in order if order[n] == k}
            outer = [(neuron.parents[n], n) for n in inside if neuron.parents[n] >= 0]
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
        assert row["segregation"] == (pytest.approx(expected["segregation"]) if "segregation" in expected else None)
    parts = [row for row in dataset.query("axon dendrite split of any neuron") if row["compartment"]]
    for name, expected in NAVIS.items():
        counted = {row["compartment"]: row["nodes"] for row in parts if str(row["neuron_id"]) == name}
        assert counted == expected.get("compartments", {})
    published = found["722817260"]
    assert (round(published["cable_um"], 1), published["outputs"], published["inputs"]) == (2197.6, 701, 2435)
