"""Flow centrality, segregation and the split, against path counting on random trees and navis on real neurons."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.morphology import (
    Skeleton,
    cable_length_nm,
    flow_centrality,
    segregation_index,
    split_axon_dendrite,
    strahler,
)
from tests.morphology.test_measures import digraph, trees

NAVIS = json.loads((Path(__file__).parents[1] / "golden" / "navis.json").read_text())["neurons"]
VOXEL_NM = 8


@given(trees(), st.randoms(use_true_random=False))
def test_flow_counts_paths_through_the_edge_to_the_root(
    tree: tuple[list[int], list[int], list[list[int]]], random: Any
) -> None:
    """At a node that does not branch: pairs of an input and an output of the tree on the two sides of the cut above it."""
    nodes, parents, points = tree
    inputs, outputs = ([random.randint(0, 3) for _ in nodes] for _ in range(2))
    skeleton = Skeleton.from_nodes(nodes, parents, points)
    oracle = digraph(nodes, parents)
    posts, pres = dict(zip(nodes, inputs, strict=True)), dict(zip(nodes, outputs, strict=True))
    expected = {}
    for whole in nx.weakly_connected_components(oracle):
        for node in whole:
            beyond = nx.descendants(oracle, node) | {node}
            expected[node] = sum(
                posts[a] * pres[b] for a, b in itertools.product(whole, whole) if (a in beyond) != (b in beyond)
            )
    across = {n: max(expected[c] for c in oracle[n]) if oracle.out_degree(n) > 1 else expected[n] for n in nodes}
    assert flow_centrality(skeleton, inputs, outputs).tolist() == [across[n] for n in nodes]
    both = [flow_centrality(skeleton, inputs, outputs, direction=d) for d in ("centrifugal", "centripetal")]
    plain = [nodes.index(n) for n in nodes if oracle.out_degree(n) < 2]
    assert sum(both)[plain].tolist() == [expected[nodes[r]] for r in plain]


def test_segregation_in_closed_form() -> None:
    assert segregation_index([(7, 0), (0, 3), (2, 0)]) == 1.0
    assert segregation_index([(6, 2), (3, 1)]) == pytest.approx(0.0)
    assert segregation_index([(5, 0)]) == 0.0
    assert math.isnan(segregation_index([]))
    half = segregation_index([(2, 2), (4, 0), (0, 4)])  # a third of the synapses keeps its bit of entropy
    assert half == pytest.approx(2 / 3)


def test_a_line_with_its_inputs_at_one_end() -> None:
    line = Skeleton.from_nodes(range(6), [-1, 0, 1, 2, 3, 4], [[i, 0, 0] for i in range(6)])
    found = split_axon_dendrite(line, [5, 5, 0, 0, 0, 0], [0, 0, 0, 0, 4, 4])
    assert found.compartment.tolist() == ["dendrite", "dendrite", "linker", "linker", "linker", "axon"]
    assert found.segregation == 1.0
    with pytest.raises(GraphError, match="10 inputs and 0 outputs; a split needs both"):
        split_axon_dendrite(line, [5, 5, 0, 0, 0, 0], [0] * 6)
    with pytest.raises(GraphError, match="lie at one node"):
        split_axon_dendrite(line, [0, 2, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0])
    with pytest.raises(GraphError, match="has 2 roots"):
        split_axon_dendrite(Skeleton.from_nodes([1, 2], [-1, -1], [[0, 0, 0]] * 2), [1, 1], [1, 1])
    with pytest.raises(GraphError, match="expected 6 whole numbers"):
        flow_centrality(line, [1, 2], [0] * 6)


@given(trees(roots=1), st.randoms(use_true_random=False))
def test_the_split_from_its_definition(tree: tuple[list[int], list[int], list[list[int]]], random: Any) -> None:
    nodes, parents, points = tree
    inputs, outputs = ([random.choice([0, 0, 1, 40]) for _ in nodes] for _ in range(2))
    skeleton, whole = Skeleton.from_nodes(nodes, parents, points), digraph(nodes, parents).to_undirected()
    posts, pres = dict(zip(nodes, inputs, strict=True)), dict(zip(nodes, outputs, strict=True))
    flow = dict(zip(nodes, flow_centrality(skeleton, inputs, outputs).tolist(), strict=True))
    if not max(flow.values()):
        with pytest.raises(GraphError):
            split_axon_dendrite(skeleton, inputs, outputs)
        return
    named = {n: "linker" if flow[n] >= 0.9 * max(flow.values()) else "" for n in nodes}
    for piece in nx.connected_components(whole.subgraph([n for n in nodes if not named[n]])):
        ins, outs = (sum(at[n] for n in piece) / sum(at.values()) for at in (posts, pres))
        if max(ins, outs) >= 0.01:
            named |= dict.fromkeys(piece, "axon" if outs > ins else "dendrite")
    for name in ("axon", "dendrite"):
        among = whole.subgraph([n for n in nodes if named[n] in (name, "linker")])
        ends = [n for n in nodes if named[n] == name]
        for a, b in itertools.combinations(ends, 2):
            if nx.has_path(among, a, b):
                named |= dict.fromkeys(nx.shortest_path(among, a, b), name)
    found = dict(zip(nodes, split_axon_dendrite(skeleton, inputs, outputs).compartment.tolist(), strict=True))
    for n in nodes:
        away = nx.single_source_shortest_path_length(whole, n)
        nearest = min(d for m, d in away.items() if named[m])
        assert found[n] in {named[m] for m, d in away.items() if named[m] and d == nearest}  # several may be as near


def digest(skeleton: Skeleton, values: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(values[np.argsort(skeleton.node)].astype("<i8").tobytes()).hexdigest()


def navis_neuron(folder: Path, neuron: str) -> tuple[Skeleton, list[int], list[int]]:
    """The skeleton, and the inputs and outputs at its nodes."""
    lines = (folder / "swc" / f"{neuron}.swc").read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    points = [[VOXEL_NM * float(v) for v in row[2:5]] for row in rows]
    skeleton = Skeleton.from_nodes([int(r[0]) for r in rows], [int(r[6]) for r in rows], points)
    at = {node: row for row, node in enumerate(skeleton.node.tolist())}
    with (folder / "synapses" / f"{neuron}.csv").open() as file:
        counted = Counter((r["type"], at[int(r["node_id"])]) for r in csv.DictReader(file))
    inputs, outputs = ([counted[kind, row] for row in range(len(skeleton))] for kind in ("post", "pre"))
    return skeleton, inputs, outputs


@pytest.mark.parametrize("neuron", NAVIS)
def test_real_neurons_measure_as_in_navis(real_data: Path, neuron: str) -> None:
    skeleton, inputs, outputs = navis_neuron(real_data / "navis_neurons", neuron)
    expected = NAVIS[neuron]
    assert (len(skeleton), len(skeleton.roots)) == (expected["nodes"], expected["roots"])
    assert cable_length_nm(skeleton) == pytest.approx(VOXEL_NM * expected["cable"], rel=1e-6)
    assert (sum(outputs), sum(inputs)) == (expected["pre"], expected["post"])
    flow = flow_centrality(skeleton, inputs, outputs)
    assert (int(flow.max()), digest(skeleton, flow)) == (expected["flow_max"], expected["flow_sha"])
    assert digest(skeleton, strahler(skeleton)) == expected["strahler_sha"]
    if "segregation" in expected:
        split = split_axon_dendrite(skeleton, inputs, outputs)
        assert Counter(split.compartment.tolist()) == expected["compartments"]
        assert split.segregation == pytest.approx(expected["segregation"])
    if neuron == "722817260":  # as published with the neuron
        assert cable_length_nm(skeleton) / 1000 == pytest.approx(2197.6, abs=0.05)
        assert (sum(outputs), sum(inputs), len(skeleton)) == (701, 2435, 4332)
