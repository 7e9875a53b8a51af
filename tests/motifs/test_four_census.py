"""The census of four neurons against brute force and igraph, its ids against the literature's, and closed forms."""

from __future__ import annotations

import itertools
from collections import Counter
from math import comb

import igraph
import numpy as np
import pytest
from hypothesis import given, settings

from graphkit.graph import Graph
from graphkit.motifs.four_census import four_node_census, four_node_counts
from graphkit.motifs.four_nodes import four_nodes
from tests.strategies import EdgeList, edge_lists


def raw_pairs(edges: EdgeList) -> set[tuple[int, int]]:
    return {(a, b) for a, b in zip(edges.pre, edges.post, strict=True) if a != b}


def mfinder_id(neurons: tuple[int, ...], pairs: set[tuple[int, int]]) -> int:
    """The smallest number that the matrix of connections makes in any order, from the definition."""
    return min(
        sum(1 << (4 * i + j) for i in range(4) for j in range(4) if i != j and (order[i], order[j]) in pairs)
        for order in itertools.permutations(neurons)
    )


def hang_together(neurons: tuple[int, ...], pairs: set[tuple[int, int]]) -> bool:
    reached, grown = set(neurons[:1]), True
    while grown:
        more = {b for a in reached for b in neurons if (a, b) in pairs or (b, a) in pairs} - reached
        reached, grown = reached | more, bool(more)
    return len(reached) == len(neurons)


def test_there_are_199_classes_and_697_roles() -> None:
    """OEIS A003085: 199 weakly connected digraphs of four nodes; the roles are the orbits of their automorphisms."""
    tables = four_nodes()
    assert len(tables.motifs) == 199
    roles = 0
    for motif in tables.motifs:
        edges = set(motif.edges)
        kept = [p for p in itertools.permutations(range(4)) if {(p[a], p[b]) for a, b in edges} == edges]
        orbits = {frozenset(p[node] for p in kept) for node in range(4)}
        roles += len(orbits)
        said = {frozenset("abcd".index(c) for c in role.nodes) for role in tables.roles if role.motif == motif.code}
        assert said == orbits
        assert mfinder_id((0, 1, 2, 3), edges) == int(motif.code)
    assert len(tables.roles) == roles == 697


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        ("204", "(a)->(c), (a)->(d), (b)->(c), (b)->(d)"),  # the bi-fan
        ("904", "(a)->(d), (b)->(d), (c)->(a), (c)->(b)"),  # the bi-parallel
    ],
)
def test_ids_are_those_of_the_literature(code: str, pattern: str) -> None:
    """Milo et al., Science 298 (2002), and the motif dictionary of mfinder."""
    assert {motif.code: motif.pattern for motif in four_nodes().motifs}[code] == pattern


@settings(max_examples=30)
@given(edge_lists(max_neurons=8, max_edges=40))
def test_equals_brute_force(edges: EdgeList) -> None:
    pairs = raw_pairs(edges)
    truth: Counter[str] = Counter()
    for neurons in itertools.combinations(edges.ids, 4):
        if hang_together(neurons, pairs):
            truth[str(mfinder_id(neurons, pairs))] += 1
    graph = Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)
    assert {code: count for code, count in four_node_census(graph).items() if count} == truth


@pytest.mark.parametrize(("n", "m"), [(40, 300), (40, 1200), (300, 2500)])
def test_equals_igraph(n: int, m: int) -> None:
    rng = np.random.default_rng(n + m)
    pre, post = rng.integers(0, n, m), (rng.random(m) ** 2 * n).astype(int)
    graph = Graph.from_edges(pre, post, ids=np.arange(n))
    pairs = {(a, b) for a, b in zip(pre.tolist(), post.tolist(), strict=True) if a != b}
    theirs = igraph.Graph(n, sorted(pairs), directed=True).motifs_randesu(4)
    by_code = Counter({str(number): 0 for number in four_node_census(graph)})
    for number, count in enumerate(theirs):
        if count == count:  # NaN where the four do not hang together
            edges = igraph.Graph.Isoclass(4, number, directed=True).get_edgelist()
            by_code[str(mfinder_id((0, 1, 2, 3), set(edges)))] += int(count)
    assert four_node_census(graph) == by_code


def test_threads_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    graph = Graph.from_edges(rng.integers(0, 2000, 60_000), (rng.random(60_000) ** 2 * 2000).astype(int))
    once = four_node_census(graph, threads=1)
    assert four_node_census(graph, threads=3) == once


def test_star_and_clique_in_closed_form() -> None:
    star = Graph.from_edges(np.zeros(100_000, dtype=int), np.arange(1, 100_001))
    assert {c: k for c, k in four_node_census(star).items() if k} == {"14": comb(100_000, 3)}
    pre, post = np.nonzero(~np.eye(12, dtype=bool))
    rows = {row.code: row for row in four_node_counts(Graph.from_edges(pre, post))}
    assert rows["31710"].induced == comb(12, 4)
    assert rows["204"].count == comb(12, 4) * 6  # two of the four are the sources
    assert rows["4740"].count == comb(12, 4) * 6  # ways around
    assert rows["204"].induced == 0


def test_without_connections() -> None:
    assert not any(four_node_census(Graph.from_edges([], [], ids=[1, 2])).values())
