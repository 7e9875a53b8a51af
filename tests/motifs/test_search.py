"""The search against brute force on raw pairs, for every option, and against itself."""

from __future__ import annotations

import itertools
from typing import Any

import igraph
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.pattern import MISSING, Edge, Pattern, Test, automorphisms, contradiction
from graphkit.motifs.search import any_match, count_matches, explain, match_batches, matches_by_neuron, sample_matches
from tests.motifs.brute import BruteEdge, brute_matches, symmetries_of
from tests.strategies import EdgeList, edge_lists

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")


def graph_of(edges: EdgeList) -> Graph:
    return Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)


def plain(graph: Graph, n: int, pairs: list[tuple[int, int]], **options: Any) -> Pattern:
    """A pattern without conditions."""
    return Pattern(n, tuple(Edge(a, b, graph) for a, b in pairs), (None,) * n, (0,) * n, graph, **options)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Pattern, set[frozenset[tuple[int, ...]]]]:
    """A pattern with any conditions on a small graph, and its matches by brute force."""
    edges = draw(edge_lists(max_neurons=6, max_edges=25))
    pairs, base = edges.summed(), graph_of(edges)
    n_nodes = draw(st.integers(1, 4))
    node = st.integers(0, n_nodes - 1)
    cut = draw(st.sampled_from([0, 2**38, 2**39]))
    graphs = [base, base.at_least(cut)]
    raw = [pairs, {pair: count for pair, count in pairs.items() if count >= cut}]
    picked = draw(st.lists(st.tuples(node, node, st.booleans(), st.integers(0, 1)), max_size=6))
    picked = [(a, b, absent and draw(st.booleans()), colour) for a, b, absent, colour in picked]
    links = tuple(Edge(a, b, graphs[colour], absent, colour) for a, b, absent, colour in picked)
    brute = [BruteEdge(a, b, raw[colour], absent, colour) for a, b, absent, colour in picked]
    kinds = [None, set(draw(st.lists(st.sampled_from(edges.ids), unique=True))) if edges.ids else set()]
    colours = tuple(draw(st.lists(st.integers(0, 1), min_size=n_nodes, max_size=n_nodes)))
    allowed = [kinds[colour] for colour in colours]
    masks = [None if kind is None else np.isin(base.ids, np.array(sorted(kind), dtype=np.int64)) for kind in allowed]

    values = {neuron: draw(st.sampled_from([None, 0, 1, 2])) for neuron in edges.ids}
    as_float = draw(st.booleans())
    no_value = float("nan") if as_float else MISSING
    column = np.array(
        [no_value if values[neuron] is None else values[neuron] for neuron in base.ids.tolist()],
        dtype=np.float64 if as_float else np.int64,
    )
    there = [place for place, link in enumerate(links) if not link.absent]
    tests: list[Test] = []
    brute_tests: list[tuple[Any, ...]] = []
    for _ in range(draw(st.integers(0, 2))):
        op = draw(st.sampled_from(OPERATORS))
        if there and draw(st.booleans()):
            left, right = draw(st.sampled_from(there)), draw(st.sampled_from(there))
            tests.append(Test(left, op, right))
            brute_tests.append(("edges", left, op, right))
        else:
            left, right = draw(node), draw(node)
            tests.append(Test(left, op, right, column, column))
            brute_tests.append(("nodes", left, op, right, values, values))
    induced, labelled = draw(st.booleans()), draw(st.booleans())
    pattern = Pattern(n_nodes, links, tuple(masks), colours, base, induced, labelled, tuple(tests))
    truth = brute_matches(
        edges.ids,
        n_nodes,
        brute,
        allowed=allowed,
        colours=colours,
        tests=brute_tests,
        base=pairs if induced else None,
        labelled=labelled,
    )
    assert set(automorphisms(pattern)) == set(symmetries_of(n_nodes, brute, colours, brute_tests))
    return pattern, truth


def as_ids(pattern: Pattern, batches: Any) -> list[tuple[int, ...]]:
    return [tuple(row) for batch in batches for row in pattern.base.ids[batch].tolist()]


@settings(max_examples=40)
@given(cases(), st.integers(1, 5))
def test_equals_brute_force(case: tuple[Pattern, set[frozenset[tuple[int, ...]]]], size: int) -> None:
    equal_in_every_way(*case, size)


@pytest.mark.soak
@settings(max_examples=3000)
@given(cases(), st.integers(1, 5))
def test_equals_brute_force_many_times(case: tuple[Pattern, set[frozenset[tuple[int, ...]]]], size: int) -> None:
    equal_in_every_way(*case, size)


def equal_in_every_way(pattern: Pattern, truth: set[frozenset[tuple[int, ...]]], size: int) -> None:
    """Counted, listed, sampled, by neuron."""
    assert count_matches(pattern) == len(truth)
    assert any_match(pattern) == bool(truth)
    batches = list(match_batches(pattern, size=size))
    assert all(len(batch) <= size and batch.dtype == np.int32 for batch in batches)
    found = as_ids(pattern, batches)
    assert len(found) == len(set(found)) == len(truth)
    class_of = {match: together for together in truth for match in together}
    assert {class_of[match] for match in found} == truth
    taking_part = {neuron: sum(neuron in match for match in found) for neuron in pattern.base.ids.tolist()}
    assert dict(zip(pattern.base.ids.tolist(), matches_by_neuron(pattern).tolist(), strict=True)) == taking_part
    assert sorted(as_ids(pattern, [sample_matches(pattern, len(truth) + 1, 0)])) == sorted(found)
    sample = as_ids(pattern, [sample_matches(pattern, 2, 0)])
    assert len(set(sample)) == len(sample) == min(2, len(truth))
    assert set(sample) <= set(found)
    assert explain(pattern)
    if contradiction(pattern) is not None:
        assert not truth


SHAPES = {
    "feedforward loop": (3, [(0, 1), (1, 2), (0, 2)]),
    "3-cycle": (3, [(0, 1), (1, 2), (2, 0)]),
    "reciprocal chain": (3, [(0, 1), (1, 0), (1, 2), (2, 1)]),
    "chain of 4": (4, [(0, 1), (1, 2), (2, 3)]),
    "square with a chain": (4, [(0, 1), (1, 2), (2, 3), (0, 3)]),
    "square with a reciprocal pair": (4, [(0, 1), (1, 0), (1, 2), (2, 3), (3, 0)]),
    "4-cycle": (4, [(0, 1), (1, 2), (2, 3), (3, 0)]),
    "bi-fan": (4, [(0, 2), (0, 3), (1, 2), (1, 3)]),
    "clique of 4": (4, list(itertools.permutations(range(4), 2))),
    "chain of 5": (5, [(0, 1), (1, 2), (2, 3), (3, 4)]),
    "bi-parallel": (4, [(0, 1), (0, 2), (1, 3), (2, 3)]),
    "two triangles": (5, [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 2)]),
    "star of 6": (6, [(0, k) for k in range(1, 6)]),
    "path of 8": (8, [(k, k + 1) for k in range(7)]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("induced", [False, True])
def test_equals_igraph_lad(shape: str, induced: bool) -> None:
    n_nodes, pairs = SHAPES[shape]
    rng = np.random.default_rng(5)
    pre, post = rng.integers(0, 24, 75), rng.integers(0, 24, 75)
    graph = Graph.from_edges(pre, post, ids=np.arange(24))
    peer = igraph.Graph(24, sorted({(a, b) for a, b in zip(pre.tolist(), post.tolist(), strict=True) if a != b}), True)
    wanted = igraph.Graph(n_nodes, pairs, directed=True)
    theirs = peer.get_subisomorphisms_lad(wanted, induced=induced)
    assert count_matches(plain(graph, n_nodes, pairs, induced=induced, labelled=True)) == len(theirs)
    searched = [len(batch) for batch in match_batches(plain(graph, n_nodes, pairs, induced=induced, labelled=True))]
    assert sum(searched) == len(theirs)
    symmetries = wanted.count_automorphisms()
    assert count_matches(plain(graph, n_nodes, pairs, induced=induced)) * symmetries == len(theirs)


def test_threads_and_ranges_of_roots_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    graph = Graph.from_edges(rng.integers(0, 3000, 60_000), (rng.random(60_000) ** 2 * 3000).astype(int))
    pattern = plain(graph, 3, [(0, 1), (1, 2), (2, 0)])
    once = count_matches(pattern, threads=1)
    assert [count_matches(pattern, threads=threads) for threads in (2, 5)] == [once, once]
    cuts = [0, 10, 11, 1000, len(graph)]
    shares = [count_matches(pattern, roots=(begin, end)) for begin, end in itertools.pairwise(cuts)]
    assert sum(shares) == once
    assert np.array_equal(matches_by_neuron(pattern, threads=1), matches_by_neuron(pattern, threads=4))
    assert matches_by_neuron(pattern).sum() == 3 * once


def test_many_lists_at_once() -> None:
    """More lists to be marked than there are bits: a clique of eight, with absences of another graph."""
    n = 10
    pre, post = np.nonzero(~np.eye(n, dtype=bool))
    graph = Graph.from_edges(pre, post)
    nothing = Graph.from_edges([0], [0], ids=np.arange(n))
    pairs = list(itertools.permutations(range(8), 2))
    edges = [Edge(a, b, graph) for a, b in pairs] + [Edge(a, b, nothing, True, 1) for a, b in pairs]
    pattern = Pattern(8, tuple(edges), (None,) * 8, (0,) * 8, graph)
    assert count_matches(pattern) == 45  # 10 over 8


def test_more_compared_edges_than_a_row_of_the_state_has_places() -> None:
    graph = Graph.from_edges([1, 1, 2, 3], [2, 3, 3, 1], [5, 3, 2, 7])
    for n_edges in (2, 64, 65, 150, 700):
        edges = (*(Edge(0, 1, graph) for _ in range(n_edges)), Edge(1, 2, graph))
        tests = tuple(Test(k, "=", k + 1) for k in range(n_edges - 1))
        pattern = Pattern(3, edges, (None,) * 3, (0, 1, 2), graph, tests=tests)
        found = np.concatenate(list(match_batches(pattern)))
        assert count_matches(pattern) == 3
        assert sorted(map(tuple, found.tolist())) == [(0, 1, 2), (1, 2, 0), (2, 0, 1)]


def test_a_star_is_counted_without_walking_its_leaves() -> None:
    hub = np.zeros(100_000, dtype=np.int64)
    graph = Graph.from_edges(hub, np.arange(1, 100_001))
    assert count_matches(plain(graph, 3, [(0, 1), (0, 2)])) == 100_000 * 99_999 // 2


def test_samples_are_uniform() -> None:
    """Chi-square over the 56 pairs of eight targets: each pair of a draw is as likely as any other."""
    graph = Graph.from_edges([0] * 8, range(1, 9))
    pattern = plain(graph, 3, [(0, 1), (0, 2)], labelled=True)
    counts: dict[tuple[int, ...], int] = {}
    for seed in range(1120):
        for match in sample_matches(pattern, 1, seed).tolist():
            counts[tuple(match)] = counts.get(tuple(match), 0) + 1
    assert len(counts) == 56
    assert (
        sum((count - 20) ** 2 / 20 for count in counts.values()) < 93.2
    )  # the 0.999 quantile at 55 degrees of freedom


@pytest.mark.parametrize("n_nodes", [0, 9, 40])
def test_the_number_of_neurons_is_limited(n_nodes: int) -> None:
    graph = Graph.from_edges([1], [2])
    with pytest.raises(GraphError, match=f"The pattern has {n_nodes} neurons; patterns of 1 to 8 are searched"):
        plain(graph, n_nodes, [])


def test_contradictions_are_told() -> None:
    graph = Graph.from_edges([1, 2], [2, 3])
    both = (Edge(0, 1, graph), Edge(0, 1, graph, absent=True))
    pattern = Pattern(2, both, (None, None), (0, 0), graph)
    assert count_matches(pattern) == 0
    assert explain(pattern) == "no search: the edge 0 -> 1 must be there and must be absent"
    nobody = Pattern(2, both[:1], (None, np.zeros(3, dtype=bool)), (0, 1), graph)
    assert "no neuron meets the conditions of node 1" in explain(nobody)
    unequal = plain(graph, 2, [(0, 1)], tests=(Test(0, "<", 0),))
    assert contradiction(unequal) == "a connection is compared with itself by <"
    assert "has 8 neurons and the graph 3" in str(contradiction(plain(graph, 8, [(k, k + 1) for k in range(7)])))


def test_parts_that_nothing_joins_are_counted_or_refused() -> None:
    graph = Graph.from_edges([1, 3, 5], [2, 4, 6])
    assert count_matches(plain(graph, 4, [(0, 1), (2, 3)])) == 3
    n = 200_000
    large = Graph.from_edges(np.arange(n), (np.arange(n) + 1) % n)
    with pytest.raises(GraphError, match=r"No connection joins the pattern's parts \{0, 1\} and \{2, 3\}"):
        count_matches(plain(large, 4, [(0, 1), (2, 3)]))


def test_the_first_batch_comes_before_the_rest() -> None:
    """A thousand million chains: a batch of them is there at once, in no more memory than it takes."""
    n = 1000
    pre, post = np.nonzero(~np.eye(n, dtype=bool))
    batches = match_batches(plain(Graph.from_edges(pre, post), 3, [(0, 1), (1, 2)]), size=1000)
    assert len(next(batches)) == 1000


def test_plans_are_told_with_names() -> None:
    graph = Graph.from_edges([1, 2, 1], [2, 3, 3])
    told = explain(plain(graph, 3, [(0, 1), (1, 2), (0, 2)]), ["a", "b", "c"])
    assert "out of a" in told or "into c" in told
    fan = explain(plain(graph, 3, [(0, 1), (0, 2)]))
    assert "2 symmetric matches count once" in fan


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"allowed": (None,)}, "allowed has 1 entries; expected one for each of 2 nodes"),
        ({"allowed": (None, np.ones(5, dtype=bool))}, r"allowed is bool of the shape \(5,\)"),
        ({"tests": (Test(0, "~", 0),)}, "comparison '~' is not known"),
        ({"tests": (Test(0, "=", 3),)}, "A test names number 3; there are 1"),
        ({"tests": (Test(0, "=", 1, np.zeros(2), None),)}, "values on one side only"),
        ({"tests": (Test(0, "=", 1, np.zeros(2), np.zeros(2, np.int64)),)}, "compares float64 with int64"),
        ({"edges": (Edge(0, 2, Graph.from_edges([1], [2])),)}, "An edge goes from 0 to 2"),
        ({"edges": (Edge(0, 1, Graph.from_edges([1], [3])),)}, "other neurons than the base"),
    ],
)
def test_what_cannot_be_searched_is_refused(wrong: dict[str, Any], message: str) -> None:
    graph = Graph.from_edges([1], [2])
    sound: dict[str, Any] = {
        "n_nodes": 2,
        "edges": (Edge(0, 1, graph),),
        "allowed": (None, None),
        "colours": (0, 0),
        "base": graph,
    }
    with pytest.raises(GraphError, match=message):
        Pattern(**(sound | wrong))
