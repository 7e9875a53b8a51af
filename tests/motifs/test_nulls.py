"""Null models: what each keeps on every sample, and that tiny ones are drawn uniformly among all graphs there are."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import networkx as nx
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs import nulls, triad_census
from graphkit.motifs.nulls.by_name import MODELS, keeps, model_name, sampler_of
from graphkit.motifs.nulls.erdos_renyi import distinct_below
from graphkit.motifs.nulls.sampling import Chain, mixing, sampled
from tests.strategies import HUGE_IDS, EdgeList, edge_lists

Pairs = frozenset[tuple[int, int]]


def graph_of(edges: EdgeList) -> Graph:
    return Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)


def pairs_of(graph: Graph) -> Pairs:
    pre, post, _ = graph.edges()
    return frozenset(zip(pre.tolist(), post.tolist(), strict=True))


def raw_pairs(edges: EdgeList) -> Pairs:
    """The connections without autapses, from the raw rows."""
    return frozenset((a, b) for a, b in zip(edges.pre, edges.post, strict=True) if a != b)


def degrees(pairs: Iterable[tuple[int, int]]) -> tuple[Counter[int], Counter[int]]:
    pairs = list(pairs)
    return Counter(a for a, _ in pairs), Counter(b for _, b in pairs)


def bidegrees(pairs: Pairs) -> Counter[tuple[int, str]]:
    kinds: Counter[tuple[int, str]] = Counter()
    for a, b in pairs:
        both = (b, a) in pairs
        kinds[a, "both" if both else "output"] += 1
        kinds[b, "both (again)" if both else "input"] += 1
    return kinds


def simple(graph: Graph) -> bool:
    pre, post, _ = graph.edges()
    return len(pairs_of(graph)) == graph.n_connections and not (pre == post).any()


@pytest.fixture(autouse=True)
def _tiny_graphs_cannot_always_move() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nulls.ShortChainWarning)
        yield


# -- what is kept, on every sample --------------------------------------------------------------------------------


@given(edge_lists(), st.integers(0, 2**32))
def test_configuration_keeps_the_degrees_and_each_neurons_output_counts(edges: EdgeList, seed: int) -> None:
    graph = graph_of(edges)
    for sample in nulls.configuration(graph, 2, seed=seed, threads=1):
        assert simple(sample)
        assert sample.ids.tolist() == sorted(edges.ids)
        assert degrees(pairs_of(sample)) == degrees(raw_pairs(edges))
        counts = Counter((a, n) for (a, b), n in edges.summed().items() if a != b)
        pre, _, synapses = sample.edges()
        assert Counter(zip(pre.tolist(), synapses.tolist(), strict=True)) == counts


@given(edge_lists(), st.integers(0, 2**32))
def test_bidegree_keeps_partners_by_kind(edges: EdgeList, seed: int) -> None:
    for sample in nulls.bidegree(graph_of(edges), 2, seed=seed, threads=1):
        assert simple(sample)
        assert bidegrees(pairs_of(sample)) == bidegrees(raw_pairs(edges))


@given(edge_lists(), st.integers(0, 2**32), st.integers(1, 4))
def test_region_block_keeps_degrees_and_block_to_block(edges: EdgeList, seed: int, n_blocks: int) -> None:
    graph = graph_of(edges)
    block = {neuron: f"region {neuron % n_blocks}" for neuron in edges.ids}

    def between(pairs: Pairs) -> Counter[tuple[str, str]]:
        return Counter((block[a], block[b]) for a, b in pairs)

    blocks = [block[neuron] for neuron in graph.ids.tolist()]
    for sample in nulls.region_block(graph, blocks, 2, seed=seed, threads=1):
        assert simple(sample)
        assert degrees(pairs_of(sample)) == degrees(raw_pairs(edges))
        assert between(pairs_of(sample)) == between(raw_pairs(edges))


@given(edge_lists(), st.integers(0, 2**32))
def test_distance_preserving_keeps_degrees_and_distances(edges: EdgeList, seed: int) -> None:
    graph = graph_of(edges)
    rng = np.random.default_rng(seed)
    places = dict(zip(sorted(edges.ids), rng.integers(0, 50, (len(edges.ids), 3)).tolist(), strict=True))
    between = (10.0, 25.0, 40.0)

    def distances(pairs: Pairs) -> Counter[int]:
        found: Counter[int] = Counter()
        for a, b in pairs:
            apart = sum((x - y) ** 2 for x, y in zip(places[a], places[b], strict=True)) ** 0.5
            found[sum(edge <= apart for edge in between)] += 1
        return found

    positions = [places[neuron] for neuron in graph.ids.tolist()] or np.empty((0, 3))
    for sample in nulls.distance_preserving(graph, positions, 2, bins=between, seed=seed, threads=1):
        assert simple(sample)
        assert degrees(pairs_of(sample)) == degrees(raw_pairs(edges))
        assert distances(pairs_of(sample)) == distances(raw_pairs(edges))


@given(edge_lists(), st.integers(0, 2**32))
def test_erdos_renyi_and_generalized(edges: EdgeList, seed: int) -> None:
    graph, raw = graph_of(edges), raw_pairs(edges)
    for sample in nulls.erdos_renyi(graph, 2, seed=seed, threads=1):
        assert simple(sample)
        assert sample.ids.tolist() == sorted(edges.ids)
        assert sample.n_connections == len(raw)
    for sample in nulls.generalized_erdos_renyi(graph, 2, seed=seed, threads=1):
        assert simple(sample)
        pairs = pairs_of(sample)
        assert len(pairs) == len(raw)
        assert sum((b, a) in pairs for a, b in pairs) == sum((b, a) in raw for a, b in raw)


@given(edge_lists(), st.integers(0, 2**32))
def test_synapse_counts_keep_connections_and_counts(edges: EdgeList, seed: int) -> None:
    graph = graph_of(edges)
    kept = {pair: n for pair, n in edges.summed().items() if pair[0] != pair[1]}
    for within, end in (("all", None), ("outputs", 0), ("inputs", 1)):
        for sample in nulls.synapse_counts(graph, 2, within=within, seed=seed, threads=1):  # type: ignore[arg-type]
            assert pairs_of(sample) == set(kept)
            found = dict(
                zip(zip(*(c.tolist() for c in sample.edges()[:2]), strict=True), sample.edges()[2], strict=True)
            )
            group = [None if end is None else pair[end] for pair in kept]
            assert Counter(zip(group, kept.values(), strict=True)) == Counter(
                zip(group, (int(found[pair]) for pair in kept), strict=True)
            )


# -- uniform on tiny graphs ---------------------------------------------------------------------------------------


def all_digraphs(n: int) -> Iterator[Pairs]:
    places = list(itertools.permutations(range(n), 2))
    for chosen in itertools.product((False, True), repeat=len(places)):
        yield frozenset(itertools.compress(places, chosen))


def uniform(samples: Iterable[Graph], possible: set[Pairs]) -> bool:
    """Whether every possible graph, and no other, comes about as often as the others (chi-square, p > 0.001)."""
    counts = Counter(pairs_of(sample) for sample in samples)
    assert set(counts) <= possible
    return len(possible) == 1 or bool(scipy.stats.chisquare([counts[pairs] for pairs in possible]).pvalue > 0.001)


def same(start: Pairs, measure: Callable[[Pairs], Any]) -> set[Pairs]:
    wanted = measure(start)
    return {pairs for pairs in all_digraphs(4) if measure(pairs) == wanted}


CYCLE: Pairs = frozenset({(0, 1), (1, 2), (2, 0)})
STARTS: dict[str, Pairs] = {
    "a 3-cycle, which swaps alone cannot turn": CYCLE,
    "a 4-cycle": frozenset({(0, 1), (1, 2), (2, 3), (3, 0)}),
    "a 3-cycle in which each also connects to a fourth": CYCLE | {(0, 3), (1, 3), (2, 3)},
    "mixed": frozenset({(0, 1), (1, 0), (1, 2), (2, 3), (0, 3), (3, 1)}),
    "a path, which bidegree swaps cannot turn": frozenset({(0, 1), (1, 2), (2, 3)}),
    "reciprocal pairs": frozenset({(0, 1), (1, 0), (2, 3), (3, 2), (0, 2)}),
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_configuration_is_uniform_over_all_graphs_of_the_degrees(start: Pairs) -> None:
    possible = same(start, degrees)
    graph = Graph.from_edges(*zip(*start, strict=True), ids=range(4))
    assert len(possible) > 1
    assert uniform(nulls.configuration(graph, 60 * len(possible) + 300, seed=5, threads=1), possible)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_bidegree_is_uniform_over_all_graphs_of_the_bidegrees(start: Pairs) -> None:
    possible = same(start, bidegrees)
    graph = Graph.from_edges(*zip(*start, strict=True), ids=range(4))
    assert len(possible) > 1
    assert uniform(nulls.bidegree(graph, 60 * len(possible) + 300, seed=5, threads=1), possible)


def reached(start: Pairs, measure: Callable[[Pairs], Any]) -> set[Pairs]:
    """What single swaps and reversals of 3-cycles reach, each of which keeps the measure."""
    wanted, found, waiting = measure(start), {start}, [start]
    while waiting:
        pairs = waiting.pop()
        moves = [({(a, b), (c, d)}, {(a, d), (c, b)}) for (a, b), (c, d) in itertools.permutations(pairs, 2)]
        moves += [
            ({(a, b), (b, c), (c, a)}, {(b, a), (c, b), (a, c)}) for a, b, c in itertools.permutations(range(4), 3)
        ]
        for old, new in moves:
            if old <= pairs and len(old | new) == 2 * len(old) and not new & pairs and all(a != b for a, b in new):
                moved = pairs - old | new
                if moved not in found and measure(moved) == wanted:
                    found.add(moved)
                    waiting.append(moved)
    return found


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_region_block_is_uniform_over_what_its_moves_reach(start: Pairs) -> None:
    block = [0, 0, 1, 1]

    def measure(pairs: Pairs) -> object:
        return degrees(pairs), Counter((block[a], block[b]) for a, b in pairs)

    possible = reached(start, measure)
    graph = Graph.from_edges(*zip(*start, strict=True), ids=range(4))
    assert uniform(nulls.region_block(graph, block, 60 * len(possible) + 300, seed=5, threads=1), possible)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_distance_preserving_is_uniform_over_what_its_moves_reach(start: Pairs) -> None:
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])  # a square: sides and diagonals

    def measure(pairs: Pairs) -> object:
        return degrees(pairs), sum((a - b) % 4 == 2 for a, b in pairs)

    possible = reached(start, measure)
    graph = Graph.from_edges(*zip(*start, strict=True), ids=range(4))
    found = nulls.distance_preserving(graph, corners, 60 * len(possible) + 300, bins=[1.2], seed=5, threads=1)
    assert uniform(found, possible)


def test_erdos_renyi_and_generalized_are_uniform() -> None:
    start: Pairs = frozenset({(0, 1), (1, 0), (1, 2)})
    graph = Graph.from_edges(*zip(*start, strict=True), ids=range(3))
    three = {pairs for pairs in all_digraphs(3) if len(pairs) == 3}
    assert uniform(nulls.erdos_renyi(graph, 2000, seed=1, threads=1), three)
    alike = {pairs for pairs in three if sum((b, a) in pairs for a, b in pairs) == 2}
    assert uniform(nulls.generalized_erdos_renyi(graph, 2000, seed=1, threads=1), alike)


@given(st.integers(0, 40), st.data())
def test_distinct_below(end: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, end))
    found = distinct_below(end, count, np.random.default_rng(0)).tolist()
    assert found == sorted(set(found))
    assert len(found) == count
    assert all(0 <= value < end for value in found)


# -- closed forms -------------------------------------------------------------------------------------------------


def clustered(n: int = 200, m: int = 2000, seed: int = 0) -> Graph:
    rng = np.random.default_rng(seed)
    pre = (rng.random(m) ** 2 * n).astype(int)
    post = (pre + rng.integers(1, 20, m)) % n
    return Graph.from_edges(pre, post, rng.integers(1, 30, m))


OPTIONS: dict[str, Callable[[Graph], dict[str, Any]]] = {
    "region-block": lambda graph: {"blocks": graph.ids // 50},
    "distance": lambda graph: {"positions_nm": np.column_stack([graph.ids, graph.ids % 7, graph.ids % 3])},
}


@pytest.mark.parametrize("model", MODELS)
def test_a_sample_depends_on_seed_and_number_only(model: str) -> None:
    graph = clustered()
    draw = sampler_of(model, graph, **OPTIONS.get(model, lambda _: {})(graph))

    def drawn(samples: int, seed: int, threads: int) -> list[Graph]:
        return list(sampled(draw, samples, seed, lambda one: one.graph, threads=threads))

    once = drawn(4, 7, 1)
    assert all(a.equals(b) for a, b in zip(once, drawn(4, 7, 3), strict=True))
    assert all(a.equals(b) for a, b in zip(once, drawn(2, 7, 2), strict=False))
    assert not any(a.equals(b) for a, b in itertools.combinations([*once, *drawn(2, 8, 1)], 2))
    assert keeps(model)


def test_ids_arrive_unharmed() -> None:
    ids = sorted(HUGE_IDS)
    graph = Graph.from_edges(ids, ids[1:] + ids[:1])
    for sample in nulls.configuration(graph, 3):
        assert sample.ids.tolist() == ids


def test_mean_counts_equal_those_of_networkx_swaps() -> None:
    """Another implementation of the same model on the same graph: mean numbers of feedforward loops agree."""
    graph = clustered(60, 300)
    theirs = []
    for seed in range(40):
        swapped = nx.DiGraph(list(pairs_of(graph)))
        nx.directed_edge_swap(swapped, nswap=600, max_tries=100_000, seed=seed)
        theirs.append(nx.triadic_census(swapped)["030T"])
    ours = [triad_census(sample)["030T"] for sample in nulls.configuration(graph, 200)]
    apart = np.mean(ours) - np.mean(theirs)
    assert abs(apart) < 4 * np.hypot(np.std(ours) / 200**0.5, np.std(theirs) / 40**0.5)


@pytest.mark.parametrize("model", ["configuration", "bidegree"])
@pytest.mark.parametrize(
    "graph",
    [
        Graph.from_edges(*zip(*itertools.permutations(range(6), 2), strict=True)),
        Graph.from_edges([0] * 9, range(1, 10)),
    ],
    ids=["complete", "star"],
)
def test_a_graph_that_is_the_only_one_is_said_to_be(model: str, graph: Graph) -> None:
    drawn = list(sampled(sampler_of(model, graph), 3, 0, lambda one: one))
    assert all(one.graph.equals(graph) for one in drawn)
    found = mixing([one.chain for one in drawn if one.chain])
    assert found.warning is not None
    assert "no other graph" in found.warning
    assert (found.moved, found.left) == (0.0, 1.0)
    with pytest.warns(nulls.ShortChainWarning, match="no other graph"):
        list(getattr(nulls, model)(graph, 2))


def test_a_short_chain_is_warned_about_and_a_long_one_is_not() -> None:
    graph = clustered(300, 6000)
    with pytest.warns(nulls.ShortChainWarning, match="too short"):
        list(nulls.configuration(graph, 4, attempts_per_connection=1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(nulls.configuration(graph, 4))


def test_mixing_of_a_chain_whose_decay_is_known() -> None:
    equilibrium, q = 0.2, 0.3  # what is left: 1, then 0.2 + 0.8 q, then 0.2 + 0.8 q^2
    chain = Chain(1000, 500, equilibrium + (1 - equilibrium) * q, equilibrium + (1 - equilibrium) * q**2)
    found = mixing([chain] * 3)
    assert found.remembered == pytest.approx(q**2)
    assert found.warning is not None


def test_without_connections_or_neurons() -> None:
    for graph in (Graph.from_edges([], []), Graph.from_edges([], [], ids=[1, 2]), Graph.from_edges([3], [3])):
        for model in MODELS:
            blocks = OPTIONS.get(model, lambda _: {})(graph)
            (sample,) = sampled(sampler_of(model, graph, **blocks), 1, 0, lambda one: one.graph)
            assert sample.n_connections == 0
            assert sample.ids.tolist() == graph.ids.tolist()


# -- what is refused ----------------------------------------------------------------------------------------------


def test_refusals() -> None:
    graph = clustered(20, 60)
    for call, said in [
        (lambda: nulls.configuration(graph, 0), "samples is 0"),
        (lambda: nulls.configuration(graph, seed=-1), "seed is -1"),
        (lambda: nulls.configuration(graph, threads=0), "threads is 0"),
        (lambda: nulls.configuration(graph, attempts_per_connection=0), "positive number"),
        (lambda: nulls.region_block(graph, [1, 2]), "blocks has the shape"),
        (lambda: nulls.distance_preserving(graph, [[0, 0, 0]]), "positions_nm has the shape"),
        (lambda: nulls.distance_preserving(graph, np.full((len(graph), 3), np.nan)), "No connection has known"),
        (lambda: nulls.distance_preserving(graph, np.zeros((len(graph), 3)), bins=[3.0, 2.0]), "ascending"),
        (lambda: nulls.synapse_counts(graph, within="rows"), "expected one of all"),  # type: ignore[arg-type]
        (lambda: model_name("configurations"), "Did you mean 'configuration'"),
        (lambda: sampler_of("region-block", graph), "needs blocks"),
        (lambda: sampler_of("configuration", graph, blocks=[1]), "no option 'blocks'"),
    ]:
        with pytest.raises(GraphError, match=said):
            call()  # type: ignore[no-untyped-call]


@pytest.mark.soak
@settings(max_examples=2000)
@given(edge_lists(max_neurons=30, max_edges=300), st.integers(0, 2**32))
def test_invariants_for_long(edges: EdgeList, seed: int) -> None:
    graph, raw = graph_of(edges), raw_pairs(edges)
    for sample in nulls.configuration(graph, 3, seed=seed, threads=1):
        assert degrees(pairs_of(sample)) == degrees(raw)
    for sample in nulls.bidegree(graph, 3, seed=seed, threads=1):
        assert bidegrees(pairs_of(sample)) == bidegrees(raw)
