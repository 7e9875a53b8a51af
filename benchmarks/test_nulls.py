"""Null models: edge swaps beside igraph and networkit in the same run, and whole significances at the size of a fly's brain.

    GRAPHKIT_BENCH=1 pytest benchmarks/test_nulls.py --benchmark-enable -s

A peer that is not installed (networkit is in no extra) is left out with a message. CPU seconds of one thread, because that is
what other work on the machine changes least. With benchmarks disabled the same code runs once, small and untimed.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np
import pytest

from benchmarks.test_census import heavy_tailed
from graphkit.graph import Graph
from graphkit.motifs.nulls.by_name import sampler_of
from graphkit.motifs.nulls.rows import row_owners
from graphkit.motifs.nulls.swap_kernel import connection_table, swaps
from graphkit.motifs.significance import significance

from .measuring import FULL


def graph_of(n: int, m: int) -> Graph:
    pre, post = heavy_tailed(n, m)
    ids, post_ids, _ = Graph.from_edges(pre, post, autapses=False).edges()
    return Graph.from_edges(ids, post_ids, ids=np.arange(n))


def ours(graph: Graph, attempts: int) -> float:
    """The chain of swaps and 3-cycle reversals, without the graph around it, like the peers'."""
    sources = row_owners(graph.indptr)
    begin = process_time()
    targets = graph.indices.copy()
    table, shift = connection_table(sources, targets)
    swaps(attempts, np.zeros(2, np.uint64), graph.indptr, sources, targets, table, np.uint64(shift))
    return process_time() - begin


def with_igraph(graph: Graph, attempts: int) -> float:
    igraph = pytest.importorskip("igraph")
    pairs = np.column_stack([row_owners(graph.indptr), graph.indices])
    peer = igraph.Graph(n=len(graph), edges=pairs, directed=True)
    begin = process_time()
    peer.rewire(attempts)
    return process_time() - begin


def with_networkit(graph: Graph, attempts: int) -> float:
    networkit = pytest.importorskip("networkit")
    networkit.setNumberOfThreads(1)
    sources = row_owners(graph.indptr).astype(np.uint64)
    peer = networkit.GraphFromCoo((sources, graph.indices.astype(np.uint64)), n=len(graph), directed=True)
    chain = networkit.randomization.EdgeSwitchingInPlace(peer, attempts / peer.numberOfEdges())
    begin = process_time()
    chain.run()
    return process_time() - begin


PEERS: dict[str, Callable[[Graph, int], float]] = {"igraph": with_igraph, "networkit": with_networkit}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(("n", "m", "per_connection"), [(10_000, 200_000, 10), (130_000, 3_000_000, 10)])
def test_swaps_beside_peers(peer: str, n: int, m: int, per_connection: int) -> None:
    graph = graph_of(n, m) if FULL else graph_of(n // 50, m // 50)
    attempts = per_connection * graph.n_connections
    ours(graph, 1000)  # compiles, or loads what is compiled
    found = [(ours(graph, attempts), PEERS[peer](graph, attempts)) for _ in range(3 if FULL else 1)]
    mine, theirs = (sorted(column)[len(column) // 2] for column in zip(*found, strict=True))
    if FULL:
        print(
            f"\n{graph.n_connections:,} connections, {attempts:,} attempts: graphkit {mine:.2f} s "
            f"({mine / attempts * 1e6:.3f} us each), {peer} {theirs:.2f} s: {theirs / mine:.1f} times as fast"
        )


@pytest.mark.parametrize("model", ["configuration", "bidegree", "region-block", "distance", "erdos-renyi"])
def test_one_sample_of_each_model(model: str) -> None:
    graph = graph_of(130_000, 3_000_000) if FULL else graph_of(1_300, 30_000)
    rng = np.random.default_rng(0)
    options = {
        "region-block": {"blocks": graph.ids * 75 // len(graph)},
        "distance": {"positions_nm": np.column_stack([graph.ids * 100.0, *rng.normal(0, 1e5, (2, len(graph)))])},
    }
    draw = sampler_of(model, graph, **options.get(model, {}))
    draw(np.random.default_rng(0), lambda: None)
    begin = process_time()
    one = draw(np.random.default_rng(1), lambda: None)
    if FULL:
        moved = f", {one.chain.moves / one.chain.attempts:.0%} of {one.chain.attempts:,} attempts" if one.chain else ""
        print(f"\n{model}: {process_time() - begin:.1f} s CPU a sample of {graph.n_connections:,} connections{moved}")


def test_significance_of_all_triads_at_2_7m_connections() -> None:
    """100 configuration samples of 10 attempts a connection, each with its triad census."""
    graph = graph_of(130_000, 2_800_000) if FULL else graph_of(1_300, 28_000)
    significance(graph_of(100, 500), samples=2)
    begin, cpu = perf_counter(), process_time()
    found = significance(graph, samples=100 if FULL else 4)
    assert found.complete
    if FULL:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"\n100 samples of {graph.n_connections:,} connections with a triad census each: {perf_counter() - begin:.0f} s, "
            f"{process_time() - cpu:.0f} s CPU, peak {peak:.2f} GB"
        )
