"""Healing: against scipy's minimum spanning tree over all pairs, trees that were cut, and navis on real neurons."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist

from graphkit.errors import GraphError
from graphkit.morphology import (
    Skeleton,
    cable_length_nm,
    flow_centrality,
    heal,
    nearest_nodes,
    split_axon_dendrite,
    strahler,
)
from tests.morphology.test_measures import digraph, trees
from tests.morphology.test_split import NAVIS, VOXEL_NM, digest, navis_neuron

Tree = tuple[list[int], list[int], list[list[int]]]


def forest(seed: int) -> Tree:
    """Nodes with huge numbers at different places, about half of them roots, children before and after their parents."""
    rng = random.Random(seed)
    n = rng.randint(1, 25)
    nodes = rng.sample(range(2**53, 2**53 + 10**6), n)
    parents = [-1 if i == 0 or rng.random() < 0.5 else nodes[rng.randrange(i)] for i in range(n)]
    points = [list(p) for p in {tuple(rng.randint(-30, 30) for _ in range(3)): None for _ in range(3 * n)}][:n]
    order = rng.sample(range(n), n)
    return [nodes[i] for i in order], [parents[i] for i in order], [points[i] for i in order]


@given(st.integers(0, 10**9), st.none() | st.integers(0, 60), st.sampled_from(["all", "ends"]))
def test_the_gaps_are_a_minimum_spanning_tree(seed: int, most: int | None, allowed: Any) -> None:
    nodes, parents, points = forest(seed)
    skeleton = Skeleton.from_nodes(nodes, parents, points)
    healed = heal(skeleton, max_gap_nm=most, nodes=allowed)
    oracle = digraph(nodes, parents)
    pieces = [sorted(nodes.index(n) for n in c) for c in nx.weakly_connected_components(oracle)]
    usable = [i for i, n in enumerate(nodes) if allowed == "all" or not oracle.out_degree(n) or not oracle.in_degree(n)]
    apart = cdist(points, points)
    between = np.array(
        [
            [apart[np.ix_([i for i in a if i in usable], [i for i in b if i in usable])].min() for b in pieces]
            for a in pieces
        ]
    )
    np.fill_diagonal(between, 0)
    if most is not None:
        between[between > most] = 0
    gaps = healed.edge_lengths_nm(gaps=True)[healed.healed]
    assert gaps.sum() == pytest.approx(minimum_spanning_tree(between).sum())
    assert len(healed.roots) == connected_components(between, directed=False)[0] == len(pieces) - len(gaps)
    # what was cable is cable, and nothing else
    edges = lambda s: {frozenset((i, int(s.parent_row[i]))) for i in np.flatnonzero((s.parent_row >= 0) & ~s.healed)}  # noqa: E731
    assert edges(healed) == edges(skeleton)
    assert cable_length_nm(healed) == pytest.approx(cable_length_nm(skeleton))
    assert cable_length_nm(healed, gaps=True) == pytest.approx(cable_length_nm(skeleton) + gaps.sum())
    # each root is that of the largest piece that it holds
    for group in nx.weakly_connected_components(
        nx.DiGraph([(i, p) if p >= 0 else (i, i) for i, p in enumerate(healed.parent_row.tolist())])
    ):
        (root,) = [i for i in group if healed.parent_row[i] < 0]
        assert skeleton.parent_row[root] < 0
        assert max(len(p) for p in pieces if p[0] in group) == next(len(p) for p in pieces if root in p)
    again = heal(healed, nodes=allowed)
    assert len(again.roots) == 1
    assert again.healed.sum() == len(pieces) - 1


def grown(rng: random.Random, n: int) -> list[tuple[tuple[int, int, int], int]]:
    """(place, parent) on a lattice, no node beside another than its parent and its children: an edge is the shortest way."""
    steps = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    made: dict[tuple[int, int, int], int] = {(0, 0, 0): -1}
    while len(made) < n:
        start = rng.choice(list(made)[-4:] if rng.random() < 0.8 else list(made))
        to = tuple(a + b for a, b in zip(start, rng.choice(steps), strict=True))
        if to not in made and sum(tuple(a + b for a, b in zip(to, s, strict=True)) in made for s in steps) == 1:
            made[to] = list(made).index(start)
    return list(made.items())


@given(st.integers(0, 10**9), st.integers(1, 5))
def test_a_cut_tree_is_split_as_the_whole_one(seed: int, cuts: int) -> None:
    rng = random.Random(seed)
    made = grown(rng, 30)
    points, parents = [p for p, _ in made], [p for _, p in made]
    cut = rng.sample(range(1, 30), cuts)
    healed = heal(
        Skeleton.from_nodes(range(30), [-1 if i in cut else p for i, p in enumerate(parents)], points), max_gap_nm=1
    )
    inputs, outputs = (
        [rng.choice([0, 0, 1, 5]) if half(i) else 0 for i in range(30)]
        for half in (lambda i: i < 20, lambda i: i >= 10)
    )
    (root,) = healed.roots.tolist()
    whole_edges = nx.Graph([(i, p) for i, p in enumerate(parents) if p >= 0])
    turned = dict(nx.bfs_predecessors(whole_edges, root))
    whole = Skeleton.from_nodes(range(30), [turned.get(i, -1) for i in range(30)], points)
    assert healed.parent_row.tolist() == whole.parent_row.tolist()
    assert {frozenset((i, int(healed.parent_row[i]))) for i in np.flatnonzero(healed.healed)} == {
        frozenset((i, parents[i])) for i in cut
    }
    at = [i for i in range(30) if inputs[i] + outputs[i]]
    if sum(inputs) and sum(outputs) and len(at) > 1:
        ours, theirs = (split_axon_dendrite(s, inputs, outputs) for s in (healed, whole))
        assert ours.compartment.tolist() == theirs.compartment.tolist()
        assert ours.segregation == theirs.segregation


@pytest.mark.parametrize("neuron", NAVIS)
def test_real_neurons_are_healed_as_by_navis(real_data: Path, neuron: str) -> None:
    whole, inputs, outputs = navis_neuron(real_data / "navis_neurons", neuron)
    kept = np.flatnonzero(whole.node % 101 != 0)
    numbers = whole.node[kept].tolist()
    parents = [int(whole.node[p]) if p >= 0 and whole.node[p] % 101 else -1 for p in whole.parent_row[kept].tolist()]
    cut = Skeleton.from_nodes(numbers, parents, whole.points_nm[kept])
    expected = NAVIS[neuron]["in pieces"]
    assert len(cut.roots) == expected["pieces"]
    for name, healed in (
        ("all", heal(cut)),
        ("ends", heal(cut, nodes="ends")),
        ("within", heal(cut, max_gap_nm=60 * VOXEL_NM)),
    ):
        gaps = healed.edge_lengths_nm(gaps=True)[healed.healed].sum()
        assert len(healed.roots) == expected[name]["roots"]
        assert gaps / VOXEL_NM == pytest.approx(expected[name]["gaps"], abs=0.5)  # navis sums in float32
    if "healed" in NAVIS[neuron]:  # the one that is published in two pieces
        expected, healed = NAVIS[neuron]["healed"], heal(whole)
        (row,) = np.flatnonzero(healed.healed)
        assert sorted(healed.node[[row, healed.parent_row[row]]].tolist()) == expected["joined"]
        assert healed.node[healed.roots].tolist() == [expected["root"]]
        assert cable_length_nm(healed, gaps=True) == pytest.approx(VOXEL_NM * expected["cable"], rel=1e-6)
        flow = flow_centrality(healed, inputs, outputs)
        assert (int(flow.max()), digest(healed, flow)) == (expected["flow_max"], expected["flow_sha"])
        assert digest(healed, strahler(healed)) == expected["strahler_sha"]
        split = split_axon_dendrite(healed, inputs, outputs)
        assert Counter(split.compartment.tolist()) == expected["compartments"]
        assert split.segregation == pytest.approx(expected["segregation"])


def test_gaps_at_the_limit_and_beyond() -> None:
    three = Skeleton.from_nodes([1, 2, 3], [-1, -1, -1], [[0, 0, 0], [3, 4, 0], [3, 4, 9]])
    assert [len(heal(three, max_gap_nm=gap).roots) for gap in (0, 4.9, 5, 8, 9, None)] == [3, 3, 2, 2, 1, 1]
    same = Skeleton.from_nodes([1, 2], [-1, -1], [[7, 7, 7], [7, 7, 7]])
    assert len(heal(same, max_gap_nm=0).roots) == 1
    assert len(heal(Skeleton.from_nodes([], [], []))) == 0
    line = Skeleton.from_nodes([1, 2, 3], [2, 3, -1], [[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    assert heal(line) is line
    with pytest.raises(GraphError, match=r"max_gap_nm is -1; expected 0 or more nm"):
        heal(line, max_gap_nm=-1)
    with pytest.raises(GraphError, match=r"max_gap_nm is nan"):
        heal(line, max_gap_nm=math.nan)
    with pytest.raises(GraphError, match="nodes is 'leafs'; expected 'all' or 'ends'"):
        heal(line, nodes="leafs")  # type: ignore[arg-type]


@given(trees(), st.lists(st.lists(st.integers(-60, 60), min_size=3, max_size=3), max_size=8))
def test_the_nearest_node_from_its_definition(tree: Tree, points: list[list[int]]) -> None:
    skeleton = Skeleton.from_nodes(*tree)
    rows, away = nearest_nodes(skeleton, points)
    apart = [[math.dist(p, q) for q in tree[2]] for p in points]
    assert rows.tolist() == [int(np.argmin(a)) for a in apart]  # the first of equals
    assert away.tolist() == pytest.approx([min(a) for a in apart])


def test_no_nearest_node() -> None:
    empty = Skeleton.from_nodes([], [], [])
    assert [a.tolist() for a in nearest_nodes(empty, np.empty((0, 3)))] == [[], []]
    with pytest.raises(GraphError, match="None of the 1 points has a nearest node"):
        nearest_nodes(empty, [[1, 2, 3]])
