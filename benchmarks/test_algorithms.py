"""The analyses at the size of a fly's brain (130,000 neurons, 2.7 M connections), with peers in the same run.

    GRAPHKIT_BENCH=1 pytest benchmarks/test_algorithms.py --benchmark-enable -s

Without it the same code runs small and untimed. A peer is given its own graph beforehand; only the analysis is timed.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from time import perf_counter
from typing import Any

import igraph
import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks.measuring import FULL
from benchmarks.test_census import heavy_tailed
from graphkit.algorithms.betweenness import betweenness
from graphkit.algorithms.communities import communities, modularity
from graphkit.algorithms.cores import core_numbers
from graphkit.algorithms.distance import connection_probability
from graphkit.algorithms.flow import information_flow
from graphkit.algorithms.group_matrix import group_matrix
from graphkit.algorithms.paths import path_lengths
from graphkit.algorithms.ranked_paths import k_shortest_paths, strongest_paths
from graphkit.algorithms.reciprocity import directed_clustering
from graphkit.algorithms.rich_club import rich_club, rich_club_against
from graphkit.algorithms.similarity_matrix import similarity_matrix
from graphkit.algorithms.walks import pagerank
from graphkit.graph import Graph

N, M = (130_000, 2_700_000) if FULL else (600, 6_000)
SEARCHES = 1000 if FULL else 20
COMPARED = 5000 if FULL else 60


@functools.cache
def graph() -> Graph:
    pre, post = heavy_tailed(N, M)
    rng = np.random.default_rng(1)
    return Graph.from_edges(pre, post, rng.geometric(0.08, len(pre)), ids=np.arange(N), autapses=False)


@functools.cache
def in_igraph() -> igraph.Graph:
    rows = np.repeat(np.arange(N), np.diff(graph().indptr))
    made = igraph.Graph(n=N, edges=np.column_stack([rows, graph().indices]), directed=True)
    made.es["weight"] = graph().synapses.tolist()
    return made


@functools.cache
def in_networkx() -> nx.DiGraph[int]:
    pre, post, synapses = (column.tolist() for column in graph().edges())
    made = nx.DiGraph()
    made.add_nodes_from(range(N))
    made.add_weighted_edges_from(zip(pre, post, synapses, strict=True))
    return made


@functools.cache
def in_networkit() -> Any:
    import networkit

    rows = np.repeat(np.arange(N), np.diff(graph().indptr))
    return networkit.GraphFromCoo(
        (graph().synapses.astype(float), (rows, graph().indices.astype(np.int64))), n=N, weighted=True, directed=True
    )


def beside(
    benchmark: Any, ours: Callable[[], Any], rounds: int = 3, **peers: Callable[[], Any]
) -> tuple[Any, dict[str, Any]]:
    """Our answer, timed, and each peer's; prints the ratios."""
    if not FULL:
        return benchmark.pedantic(ours, rounds=1), {name: peer() for name, peer in peers.items()}
    if rounds > 1:
        ours()  # compiles, or loads what is compiled
    answer = benchmark.pedantic(ours, rounds=rounds, iterations=1)
    median_s = benchmark.stats.stats.median
    line, found = [f"graphkit {median_s:.2f} s"], {}
    for name, peer in peers.items():
        begin = perf_counter()
        found[name] = peer()
        seconds = perf_counter() - begin
        line.append(f"{name} {seconds:.2f} s ({seconds / median_s:.1f}x)")
    print(f"\n{benchmark.name}: {', '.join(line)}")
    return answer, found


def test_sampled_path_lengths(benchmark: Any) -> None:
    sources = np.random.default_rng(0).choice(N, SEARCHES, replace=False)
    few = sources[: max(1, SEARCHES // 20)].tolist()  # a twentieth of them, for the time it takes

    def theirs() -> float:
        lengths = np.array(in_igraph().distances(few, mode="out"))
        return float(lengths[np.isfinite(lengths) & (lengths > 0)].mean())

    def networkits() -> float:
        import networkit

        lengths = [networkit.distance.BFS(unweighted, source, False).run().getDistances() for source in few]
        apart = np.array(lengths)
        return float(apart[(apart > 0) & (apart < N)].mean())

    import networkit

    unweighted = networkit.graphtools.toUnweighted(in_networkit())
    in_igraph()
    ours, peers = beside(
        benchmark,
        lambda: path_lengths(graph(), samples=SEARCHES),
        **{"igraph (1/20 of it)": theirs, "networkit (1/20 of it)": networkits},
    )
    assert ours.mean == pytest.approx(peers["igraph (1/20 of it)"], rel=0.2)
    assert peers["networkit (1/20 of it)"] == pytest.approx(peers["igraph (1/20 of it)"])


def test_directed_clustering(benchmark: Any) -> None:
    ours, _ = beside(benchmark, lambda: directed_clustering(graph()))
    some = np.random.default_rng(0).choice(N, 20, replace=False).tolist()
    expected = nx.clustering(in_networkx(), some)
    assert ours[some].tolist() == pytest.approx([expected[i] for i in some])


def test_core_numbers(benchmark: Any) -> None:
    plain = in_igraph().as_undirected(mode="collapse")
    import networkit

    undirected = networkit.graphtools.toUndirected(in_networkit())
    undirected.removeMultiEdges()
    ours, peers = beside(
        benchmark,
        lambda: core_numbers(graph()),
        igraph=lambda: plain.coreness(),
        networkit=lambda: networkit.centrality.CoreDecomposition(undirected).run().scores(),
    )
    assert ours.tolist() == peers["igraph"] == peers["networkit"]


def test_rich_club_with_20_nulls(benchmark: Any) -> None:
    count = 20 if FULL else 2

    def theirs() -> Any:
        """One null graph of igraph's, and the connections among neurons of each degree or more."""
        null = in_igraph().copy()
        null.rewire(n=10 * graph().n_connections)
        degree = np.array(null.degree())
        least = degree[np.array(null.get_edgelist())].min(axis=1)
        return np.bincount(least)[::-1].cumsum()[::-1]

    in_igraph()
    rich_club_against(graph().subgraph(np.arange(500)), "configuration", samples=1, seed=1)  # compiles
    one = f"igraph (1/{count} of it)"
    ours, _ = beside(
        benchmark,
        lambda: rich_club_against(graph(), "configuration", samples=count, seed=1),
        rounds=1,
        **{one: theirs},
    )
    assert ours.samples == count
    assert ours.observed.connections[0] == graph().n_connections
    assert np.array_equal(rich_club(graph()).connections, ours.observed.connections)


def _partners() -> Any:
    """Synapses with each partner of the first neurons, outputs and then inputs, for scipy."""
    outs = sp.csr_array((graph().synapses.astype(float), graph().indices, graph().indptr), shape=(N, N))
    ins = sp.csr_array((graph().in_synapses.astype(float), graph().in_indices, graph().in_indptr), shape=(N, N))
    return sp.hstack([outs[:COMPARED], ins[:COMPARED]]).tocsr()


def test_similarity_of_5000_neurons(benchmark: Any) -> None:
    def theirs() -> Any:
        both = _partners()
        norm = np.sqrt(both.multiply(both).sum(axis=1))
        both = sp.diags_array(1 / np.where(norm > 0, norm, 1)) @ both
        return (both @ both.T).toarray()

    ours, peers = beside(benchmark, lambda: similarity_matrix(graph(), np.arange(COMPARED)), scipy=theirs)
    assert np.allclose(ours, peers["scipy"])


def test_jaccard_of_5000_neurons(benchmark: Any) -> None:
    few = COMPARED // 10

    def theirs() -> Any:
        both = _partners()
        both.data[:] = 1
        common, sizes = (both @ both.T).toarray(), both.sum(axis=1)
        either = sizes[:, None] + sizes[None] - common
        return np.divide(common, either, out=np.zeros_like(common), where=either > 0)

    def igraphs() -> Any:
        """Of outputs only; igraph has no index of both."""
        return in_igraph().similarity_jaccard(vertices=list(range(few)), mode="out", loops=False)

    in_igraph()
    ours, peers = beside(
        benchmark,
        lambda: similarity_matrix(graph(), np.arange(COMPARED), measure="jaccard"),
        scipy=theirs,
        **{"igraph (outputs, 1/100 of the pairs)": igraphs},
    )
    assert np.allclose(ours, peers["scipy"])
    found = similarity_matrix(graph(), np.arange(few), measure="jaccard", direction="outputs")
    off = ~np.eye(few, dtype=bool)  # igraph says 1 of a neuron with itself, also where it has no partner
    assert np.allclose(found[off], np.array(peers["igraph (outputs, 1/100 of the pairs)"])[off])


def test_ruzicka_of_5000_neurons(benchmark: Any) -> None:
    few = COMPARED // 20

    def theirs() -> Any:
        """From scipy's Bray-Curtis distance, of a twentieth of the neurons: 1 / 400 of the pairs."""
        from scipy.spatial.distance import cdist

        some = _partners()[:few]
        dense = some[:, np.unique(some.indices)].toarray()
        apart = cdist(dense, dense, "braycurtis")
        return (1 - apart) / (1 + apart)

    name = "scipy (1/400 of the pairs)"
    ours, peers = beside(
        benchmark, lambda: similarity_matrix(graph(), np.arange(COMPARED), measure="ruzicka"), **{name: theirs}
    )
    known = np.isfinite(peers[name])  # not of two neurons without partners
    assert np.allclose(ours[:few, :few][known], peers[name][known])


def test_strongest_paths_by_synapses(benchmark: Any) -> None:
    """Ten from each of twenty neurons to another; no peer has them."""
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, N, (20, 2)).tolist()
    ours, _ = beside(benchmark, lambda: [strongest_paths(graph(), [a], [b], 10) for a, b in pairs if a != b])
    for paths in ours:
        assert [p.strength for p in paths] == sorted((p.strength for p in paths), reverse=True)


def test_strongest_paths_by_input_fraction(benchmark: Any) -> None:
    """Ten; networkx's Yen is given a thirtieth of the graph."""
    inputs = np.bincount(graph().indices, weights=graph().synapses, minlength=N)
    part = graph().subgraph(np.arange(N // 30))
    smaller = nx.DiGraph()
    smaller.add_weighted_edges_from(
        (a, b, -np.log(s / inputs[b])) for a, b, s in zip(*(c.tolist() for c in part.edges()), strict=True)
    )

    def theirs() -> int:
        return len(list(itertools.islice(nx.shortest_simple_paths(smaller, 0, 1, weight="weight"), 10)))

    ours, _ = beside(
        benchmark,
        lambda: strongest_paths(graph(), [0, 1, 2], [3, 4, 5], 10, by="input fraction"),
        **{"networkx (a thirtieth of it)": theirs},
    )
    assert [p.strength for p in ours] == sorted((p.strength for p in ours), reverse=True)


def test_k_shortest_paths(benchmark: Any) -> None:
    in_igraph()
    ours, peers = beside(
        benchmark,
        lambda: k_shortest_paths(graph(), [0], [1], 5),
        igraph=lambda: in_igraph().get_k_shortest_paths(0, 1, k=5, mode="out", output="vpath"),
    )
    assert [len(p.ids) for p in ours] == [len(path) for path in peers["igraph"]]


def test_matrix_of_groups(benchmark: Any) -> None:
    groups = np.random.default_rng(0).integers(0, 8000 if FULL else 40, N)

    def theirs() -> Any:
        """Synapses, connections, and neurons of either end, as products."""
        n = int(groups.max()) + 1
        member = sp.csr_array((np.ones(N, dtype=np.int64), (np.arange(N), groups)), shape=(N, n))
        synapses = graph().to_scipy()
        connected = synapses.copy()
        connected.data[:] = 1
        from_groups, to_groups = member.T @ connected, connected @ member
        connections = from_groups @ member
        from_groups.data[:], to_groups.data[:] = 1, 1
        return member.T @ synapses @ member, connections, member.T @ to_groups, from_groups @ member

    ours, peers = beside(benchmark, lambda: group_matrix(graph(), groups), scipy=theirs)
    figures = (ours.synapses, ours.connections, ours.pre_neurons, ours.post_neurons)
    for theirs_of, found in zip(peers["scipy"], figures, strict=True):
        matrix = theirs_of.tocsr()
        matrix.sort_indices()
        assert np.array_equal(matrix.data, found)


def test_pagerank(benchmark: Any) -> None:
    import networkit

    in_igraph(), in_networkit(), in_networkx()
    ours, peers = beside(
        benchmark,
        lambda: pagerank(graph()),
        igraph=lambda: in_igraph().pagerank(weights="weight"),
        networkit=lambda: networkit.centrality.PageRank(in_networkit(), 0.85, 1e-9).run().scores(),
        networkx=lambda: nx.pagerank(in_networkx(), weight="weight"),
    )
    assert ours.tolist() == pytest.approx(peers["igraph"], abs=1e-7)


def test_sampled_betweenness(benchmark: Any) -> None:
    import networkit

    samples = 200 if FULL else 20
    few = max(1, samples // 20)
    some = np.random.default_rng(0).choice(N, few, replace=False).tolist()
    in_igraph()
    unweighted = networkit.graphtools.toUnweighted(in_networkit())
    ours, peers = beside(
        benchmark,
        lambda: betweenness(graph(), samples=samples),
        **{
            "igraph (1/20 of it)": lambda: in_igraph().betweenness(sources=some),
            "networkit (1/20 of it)": lambda: networkit.centrality.EstimateBetweenness(unweighted, few).run().scores(),
        },
    )
    assert len(peers["igraph (1/20 of it)"]) == len(ours)


def test_communities(benchmark: Any) -> None:
    def theirs() -> float:
        plain = in_igraph().as_undirected(combine_edges={"weight": "sum"})
        found = plain.community_leiden(objective_function="modularity", weights="weight", n_iterations=2)
        return modularity(graph(), np.array(found.membership))

    in_igraph()
    ours, peers = beside(benchmark, lambda: communities(graph()), igraph=theirs)
    quality = modularity(graph(), ours)
    print(f"modularity: graphkit {quality:.3f}, igraph {peers['igraph']:.3f}")
    assert quality > 0.95 * peers["igraph"]


def test_connection_probability_by_distance(benchmark: Any) -> None:
    points = np.random.default_rng(0).normal(size=(N, 3)) * 1e5

    def theirs() -> int:
        """A thousandth of the rows, with scipy's distances and numpy's histogram."""
        from scipy.spatial.distance import cdist

        apart = cdist(points[: max(1, N // 1000)], points)
        return int(np.bincount((apart / 1e4).astype(np.int64).ravel()).sum())

    ours, _ = beside(
        benchmark, lambda: connection_probability(graph(), points), **{"scipy (1/1000 of it, both ways)": theirs}
    )
    assert ours.pairs.sum() == N * (N - 1)
    assert ours.connected.sum() == graph().n_connections


def test_information_flow(benchmark: Any) -> None:
    runs = 10 if FULL else 2
    ours, _ = beside(benchmark, lambda: information_flow(graph(), np.arange(100), runs=runs))
    assert ours.reached.max() == runs
