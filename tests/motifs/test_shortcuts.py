"""Patterns that are counted without a search, in every way there is, against igraph and against the search."""

from __future__ import annotations

import itertools

import igraph
import numpy as np
import pytest

from graphkit.graph import Graph
from graphkit.motifs import shortcuts
from graphkit.motifs.pattern import Edge, Pattern
from graphkit.motifs.search import count_matches, explain, match_batches

SQUARES = {
    "bi-fan": [(0, 2), (0, 3), (1, 2), (1, 3)],
    "bi-parallel": [(0, 1), (0, 2), (1, 3), (2, 3)],
    "4-cycle": [(0, 1), (1, 2), (2, 3), (3, 0)],
    "chain and shortcut": [(0, 1), (1, 2), (2, 3), (0, 3)],
}


def plain(graph: Graph, n: int, pairs: list[tuple[int, int]], **options: bool) -> Pattern:
    return Pattern(n, tuple(Edge(a, b, graph) for a, b in pairs), (None,) * n, (0,) * n, graph, **options)


@pytest.mark.parametrize("shape", SQUARES)
@pytest.mark.parametrize("hub", [False, True])
def test_every_way_of_counting_squares(shape: str, hub: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    pre, post = rng.integers(0, 40, 300), rng.integers(0, 40, 300)  # autapses and reciprocal pairs among them
    if hub:
        others = np.arange(40)
        pre, post = np.concatenate([pre, 0 * others, others]), np.concatenate([post, others, 0 * others])
    graph = Graph.from_edges(pre, post, ids=np.arange(40))
    edges = SQUARES[shape]
    pairs = sorted({(a, b) for a, b in zip(pre.tolist(), post.tolist(), strict=True) if a != b})
    theirs = len(igraph.Graph(40, pairs, directed=True).get_subisomorphisms_lad(igraph.Graph(4, edges, directed=True)))
    corners = shortcuts._square(edges)
    assert corners is not None
    assert count_matches(plain(graph, 4, edges, labelled=True)) == theirs
    for chosen in (
        (corners[:2], False, False),
        (corners[2:], False, False),
        (corners, True, False),
        (corners, True, True),
    ):
        monkeypatch.setattr(shortcuts, "_cheapest", lambda *_, chosen=chosen: chosen)
        assert shortcuts._squares(graph, corners, None) == theirs, chosen


@pytest.mark.parametrize("induced", [False, True])
@pytest.mark.parametrize("labelled", [False, True])
def test_all_patterns_of_three_and_four_neurons(induced: bool, labelled: bool) -> None:
    """Counted from a census or as squares, they equal what the search finds."""
    rng = np.random.default_rng(4)
    graph = Graph.from_edges(rng.integers(0, 14, 70), rng.integers(0, 14, 70), ids=np.arange(14))
    three = list(itertools.permutations(range(3), 2))
    four = list(itertools.permutations(range(4), 2))
    chosen = [(3, [three[k] for k in range(6) if mask >> k & 1]) for mask in range(1, 64, 5)]
    chosen += [(4, [four[k] for k in range(12) if mask >> k & 1]) for mask in range(1, 4096, 97)]
    n_short = 0
    for n, pairs in chosen:
        pattern = plain(graph, n, pairs, induced=induced, labelled=labelled)
        n_short += shortcuts.shortcut(pattern) is not None
        assert count_matches(pattern) == sum(len(batch) for batch in match_batches(pattern)), pairs
    assert n_short > 20


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "edges", [[(0, 1), (1, 2), (0, 2)], [(2, 0), (1, 2), (1, 0)], [(0, 1), (1, 2), (2, 0)], [(0, 2), (2, 1), (1, 0)]]
)
def test_loops_of_three_in_a_sparse_graph(edges: list[tuple[int, int]], seed: int) -> None:
    """Few neurons have a way on, and few of those ways are closed: autapses and reciprocal pairs among them."""
    rng = np.random.default_rng(seed)
    pre, post = rng.integers(0, 12, (2, 40))
    graph = Graph.from_edges([*pre, *range(50, 90)], [*post, *range(100, 140)], ids=range(200))
    pairs = sorted({(a, b) for a, b in zip(pre.tolist(), post.tolist(), strict=True) if a != b})
    theirs = len(igraph.Graph(12, pairs, directed=True).get_subisomorphisms_lad(igraph.Graph(3, edges, directed=True)))
    assert theirs > 0
    assert "ways of two connections" in explain(plain(graph, 3, edges))
    assert count_matches(plain(graph, 3, edges, labelled=True)) == theirs
    assert "ways of two connections" not in explain(plain(graph, 3, edges, induced=True))
    dense = Graph.from_edges(pre, post)
    assert "from the triad census" in explain(plain(dense, 3, edges))
    assert count_matches(plain(dense, 3, edges, labelled=True)) == theirs


def test_conditions_lead_to_a_search() -> None:
    graph = Graph.from_edges([1, 2, 1], [2, 3, 3], [5, 6, 7])
    assert "from the triad census" in explain(plain(graph, 3, [(0, 1), (1, 2)]))
    edges = (Edge(0, 1, graph), Edge(1, 2, graph.at_least(6), colour=1))
    assert shortcuts.shortcut(Pattern(3, edges, (None,) * 3, (0,) * 3, graph)) is None
    mask = np.array([True, False, True])
    assert shortcuts.shortcut(Pattern(3, edges[:1] * 2, (mask, None, None), (0, 1, 1), graph)) is None
