"""Null models: edge swaps beside igraph and networkit in the same run, and whole significances at the size of a fly's brain.

    GRAPHKIT_BENCH=1 pytest benchmarks/test_nulls.py --benchmark-enable -s

    GRAPHKIT_BENCH_SHARE=0.02 (of the sizes), GRAPHKIT_BENCH_ROUNDS=1, GRAPHKIT_BENCH_SAMPLES=4 beside it make it short.

A peer that is not installed (networkit is in no extra) is left out with a message. CPU seconds of one thread, because that is
what other work on the machine changes least. With benchmarks disabled the same code runs once, small and untimed.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np
import pytest

from benchmarks.test_census import heavy_tailed
from graphkit.graph import Graph
from graphkit.motifs.nulls.by_name import sampler_of
from graphkit.motifs.nulls.edge_set import edge_set
from graphkit.motifs.nulls.rows import row_owners
from graphkit.motifs.nulls.swap_kernel import swaps
from graphkit.motifs.significance import significance

from .measuring import FULL, SHARE

ROUNDS = int(os.environ.get("GRAPHKIT_BENCH_ROUNDS", "3")) if FULL else 1

SAMPLES = int(os.environ.get("GRAPHKIT_BENCH_SAMPLES", "100")) if FULL else 4


def sized(n: int, m: int) -> Graph:
    """At full size, or at a share of it."""
    share = SHARE or 0.01
    return graph_of(max(int(n * share), 100), max(int(m * share), 500))


def graph_of(n: int, m: int) -> Graph:
    pre, post = heavy_tailed(n, m)
    ids, post_ids, _ = Graph.from_edges(pre, post, autapses=False).edges()
    return Graph.from_edges(ids, post_ids, ids=np.arange(n))


@dataclass(frozen=True)
class Run:
    """One chain: CPU seconds, and swaps that were carried out."""

    seconds: float
    swaps: float


def ours(graph: Graph, attempts: int) -> Run:
    """The chain of swaps and 3-cycle reversals, without the graph around it, like the peers'."""
    sources = row_owners(graph.indptr)
    begin = process_time()
    moves = swaps(attempts, np.zeros(2, np.uint64), graph.indptr, *edge_set(len(graph), sources, graph.indices))
    return Run(process_time() - begin, moves)


def with_igraph(graph: Graph, attempts: int) -> Run:
    """It does not say how many of its attempts were carried out: that is the share of the attempts of a short chain."""
    igraph = pytest.importorskip("igraph")
    pairs = np.column_stack([row_owners(graph.indptr), graph.indices])
    peer = igraph.Graph(n=len(graph), edges=pairs, directed=True)
    short = max(graph.n_connections // 200, 10)
    peer.rewire(short)
    now = np.array(peer.get_edgelist())
    changed = np.setdiff1d(pairs @ [len(graph), 1], now @ [len(graph), 1], assume_unique=True)
    begin = process_time()
    peer.rewire(attempts)
    return Run(process_time() - begin, len(changed) / 2 / short * attempts)


def with_networkit(graph: Graph, attempts: int) -> Run:
    networkit = pytest.importorskip("networkit")
    networkit.setNumberOfThreads(1)
    sources = row_owners(graph.indptr).astype(np.uint64)
    peer = networkit.GraphFromCoo((sources, graph.indices.astype(np.uint64)), n=len(graph), directed=True)
    chain = networkit.randomization.EdgeSwitchingInPlace(peer, attempts / peer.numberOfEdges())
    begin = process_time()
    chain.run()
    return Run(process_time() - begin, chain.getNumberOfAffectedEdges() / 2)


PEERS: dict[str, Callable[[Graph, int], Run]] = {"igraph": with_igraph, "networkit": with_networkit}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(("n", "m", "per_connection"), [(10_000, 200_000, 10), (130_000, 3_000_000, 10)])
def test_swaps_beside_peers(peer: str, n: int, m: int, per_connection: int) -> None:
    """Of all three the argument is a number of attempts; those that would make a double connection count as one."""
    graph = sized(n, m)
    attempts = per_connection * graph.n_connections
    ours(graph, 1000)  # compiles, or loads what is compiled
    found = [(ours(graph, attempts), PEERS[peer](graph, attempts)) for _ in range(ROUNDS)]
    mine, theirs = (
        sorted(column, key=lambda run: run.seconds)[len(column) // 2] for column in zip(*found, strict=True)
    )
    if FULL:
        print(f"\n{graph.n_connections:,} connections, {attempts:,} attempts, one thread, median of {ROUNDS}")
        for name, run in (("graphkit", mine), (peer, theirs)):
            print(
                f"  {name:<10} {run.seconds:7.2f} s CPU  {run.seconds / attempts * 1e9:6.0f} ns an attempt"
                f"  {run.swaps / attempts:4.0%} carried out"
            )
        per_swap = theirs.seconds / theirs.swaps / (mine.seconds / mine.swaps)
        print(
            f"  {theirs.seconds / mine.seconds:.1f} times as fast an attempt, {per_swap:.1f} times a swap carried out"
        )


@pytest.mark.parametrize(
    "model",
    ["configuration", "bidegree", "region-block", "distance", "erdos-renyi", "generalized-erdos-renyi"],
)
def test_one_sample_of_each_model(model: str) -> None:
    graph = sized(130_000, 3_000_000)
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


def test_two_threads_beside_one() -> None:
    """Samples with their triad censuses: wall time, so it says something on a quiet machine of two cores only."""
    graph = sized(130_000, 2_800_000)
    many = 4
    taken: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    found = significance(graph, samples=1)
    for _ in range(ROUNDS):
        for threads in taken:
            begin, cpu = perf_counter(), process_time()
            found = significance(graph, samples=many, threads=threads)
            taken[threads].append((perf_counter() - begin, process_time() - cpu))
    assert found.complete
    if FULL:
        one, two = (sorted(runs)[len(runs) // 2] for runs in taken.values())
        print(
            f"\n{many} samples of {graph.n_connections:,} connections, one thread {one[0]:.1f} s ({one[1]:.1f} s CPU), "
            f"two {two[0]:.1f} s ({two[1]:.1f} s CPU): {one[0] / two[0]:.2f} times as fast; load {os.getloadavg()[0]:.1f}"
        )


def test_significance_of_all_triads_at_2_7m_connections() -> None:
    """100 configuration samples of 10 attempts a connection, each with its triad census."""
    graph = sized(130_000, 2_800_000)
    significance(graph_of(100, 500), samples=2)
    begin, cpu = perf_counter(), process_time()
    found = significance(graph, samples=SAMPLES)
    assert found.complete
    if FULL:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"\n{SAMPLES} samples of {graph.n_connections:,} connections with a triad census each: "
            f"{perf_counter() - begin:.0f} s, {process_time() - cpu:.0f} s CPU, peak {peak:.2f} GB"
        )
