"""Skeletons: the tree, lengths, orders, spheres, against networkx and definitions on random trees."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.morphology import Skeleton, cable_length_nm, sholl, strahler, synapse_density
from tests.strategies import HUGE_IDS


@st.composite
def trees(draw: st.DrawFn, *, roots: int = 2) -> tuple[list[int], list[int], list[list[int]]]:
    """(nodes, parents, points) in any order, with huge numbers among the nodes."""
    n = draw(st.integers(1, 25))
    fixed = [i for i in HUGE_IDS if i >= 0]
    nodes = draw(
        st.lists(st.one_of(st.sampled_from(fixed), st.integers(0, 2**63 - 1)), min_size=n, max_size=n, unique=True)
    )
    parents = [
        -1 if (i < roots and draw(st.booleans())) or i == 0 else nodes[draw(st.integers(0, i - 1))] for i in range(n)
    ]
    points = draw(st.lists(st.lists(st.integers(-50, 50), min_size=3, max_size=3), min_size=n, max_size=n))
    order = draw(st.permutations(range(n)))
    return [nodes[i] for i in order], [parents[i] for i in order], [points[i] for i in order]


def digraph(nodes: list[int], parents: list[int]) -> nx.DiGraph[int]:
    """Away from the roots."""
    made = nx.DiGraph()
    made.add_nodes_from(nodes)
    made.add_edges_from((p, n) for n, p in zip(nodes, parents, strict=True) if p >= 0)
    return made


@given(trees())
def test_the_tree_is_that_of_networkx(tree: tuple[list[int], list[int], list[list[int]]]) -> None:
    nodes, parents, points = tree
    skeleton, oracle = Skeleton.from_nodes(nodes, parents, points), digraph(nodes, parents)
    assert skeleton.node.tolist() == nodes
    assert {nodes[r] for r in skeleton.roots} == {n for n in nodes if oracle.in_degree(n) == 0}
    assert {nodes[r] for r in skeleton.ends} == {n for n in nodes if oracle.out_degree(n) == 0}
    assert {nodes[r] for r in skeleton.branch_points} == {n for n in nodes if oracle.out_degree(n) > 1}
    place = {row: i for i, row in enumerate(skeleton.outward.tolist())}
    assert all(place[nodes.index(p)] < place[i] for i, p in enumerate(parents) if p >= 0)
    ones = np.ones(len(nodes), dtype=np.int64)
    assert skeleton.summed_outward(ones).tolist() == [1 + len(nx.descendants(oracle, n)) for n in nodes]
    at = dict(zip(nodes, points, strict=True))
    assert cable_length_nm(skeleton) == pytest.approx(sum(math.dist(at[a], at[b]) for a, b in oracle.edges))


@given(trees())
def test_strahler_from_its_definition(tree: tuple[list[int], list[int], list[list[int]]]) -> None:
    nodes, parents, points = tree
    oracle = digraph(nodes, parents)

    def order(node: int) -> int:
        below = sorted((order(child) for child in oracle[node]), reverse=True)
        if not below:
            return 1
        return below[0] + (len(below) > 1 and below[1] == below[0])

    assert strahler(Skeleton.from_nodes(nodes, parents, points)).tolist() == [order(n) for n in nodes]


@given(trees(roots=1), st.lists(st.floats(0, 120), max_size=6))
def test_sholl_from_its_definition(tree: tuple[list[int], list[int], list[list[int]]], radii: list[float]) -> None:
    nodes, parents, points = tree
    at = dict(zip(nodes, np.array(points, dtype=float), strict=True))
    centre = at[nodes[parents.index(-1)]]
    away = {n: float(np.sqrt(((p - centre) ** 2).sum())) for n, p in at.items()}
    expected = [
        sum((away[n] <= r) != (away[p] <= r) for n, p in zip(nodes, parents, strict=True) if p >= 0) for r in radii
    ]
    assert sholl(Skeleton.from_nodes(nodes, parents, points), radii).tolist() == expected


def test_what_is_no_tree() -> None:
    here = [[0, 0, 0]] * 3
    with pytest.raises(GraphError, match="Node 2 stands twice"):
        Skeleton.from_nodes([1, 2, 2], [-1, 1, 1], here)
    with pytest.raises(GraphError, match="The parent 9 of node 2 is not a node"):
        Skeleton.from_nodes([1, 2, 3], [-1, 9, 1], here)
    with pytest.raises(GraphError, match="Node 2 is its own ancestor: the skeleton has a circle"):
        Skeleton.from_nodes([1, 2, 3], [-1, 3, 2], here)
    with pytest.raises(GraphError, match="differ in length: 2 nodes, 3 parents"):
        Skeleton.from_nodes([1, 2], [-1, 1, 1], here)
    with pytest.raises(GraphError, match=r"A radius is -1\.0"):
        sholl(Skeleton.from_nodes([1], [-1], [[0, 0, 0]]), [-1.0])


def test_synapse_density_is_per_micrometre() -> None:
    line = Skeleton.from_nodes([1, 2], [-1, 1], [[0, 0, 0], [2000, 0, 0]])
    assert synapse_density(line, 5) == 2.5
    assert math.isnan(synapse_density(Skeleton.from_nodes([1], [-1], [[0, 0, 0]]), 5))
