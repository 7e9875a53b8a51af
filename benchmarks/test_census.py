"""The triad census against igraph's in the same run, and at the size of FlyWire.

    pytest benchmarks/test_census.py --benchmark-enable

With benchmarks disabled (as in the test suite) the same code runs once, small and untimed.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import igraph
import numpy as np
import pytest

from graphkit.graph import Graph
from graphkit.motifs import motifs_by_type, triad_census

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytest_benchmark.fixture import BenchmarkFixture


def heavy_tailed(n: int, m: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """About ``m`` edges: Pareto-distributed degrees, three fifths to near neighbours, a tenth both ways."""
    rng = np.random.default_rng(seed)
    attraction = np.minimum(rng.pareto(2.0, n) + 1, 3 * n**0.5).cumsum()
    drawn = int(m / 1.1)
    pre = np.searchsorted(attraction, rng.random(drawn) * attraction[-1])
    far = np.searchsorted(attraction, rng.random(drawn) * attraction[-1])
    near = (pre + rng.geometric(0.02, drawn) * rng.choice([-1, 1], drawn)) % n
    post = np.where(rng.random(drawn) < 0.6, near, far)
    back = rng.random(drawn) < 0.1
    return np.concatenate([pre, post[back]]), np.concatenate([post, pre[back]])


def graph_of_size(benchmark: BenchmarkFixture, n: int, m: int) -> Graph:
    if not benchmark.enabled:
        n, m = n // 100, m // 100
    pre, post = heavy_tailed(n, m)
    return Graph.from_edges(pre, post, ids=np.arange(n), autapses=False)


def test_against_igraph_10k_neurons_200k_connections(benchmark: BenchmarkFixture) -> None:
    graph = graph_of_size(benchmark, 10_000, 200_000)
    rows = np.repeat(np.arange(len(graph)), np.diff(graph.indptr))
    peer = igraph.Graph(n=len(graph), edges=np.column_stack([rows, graph.indices]), directed=True)
    triad_census(graph)  # compiles, or loads what is compiled
    begin = perf_counter()
    theirs = peer.triad_census()
    peer_s = perf_counter() - begin
    ours = benchmark(triad_census, graph)
    assert ours == {code: getattr(theirs, f"t{code}") for code in ours}
    if benchmark.enabled:
        median_s = benchmark.stats.stats.median
        benchmark.extra_info["times igraph"] = round(peer_s / median_s, 1)
        print(f"\nigraph {peer_s:.2f} s, graphkit {median_s:.4f} s: {peer_s / median_s:.0f} times as fast")


@pytest.mark.parametrize("threads", [1, 2])
def test_130k_neurons_3m_connections(benchmark: BenchmarkFixture, threads: int) -> None:
    graph = graph_of_size(benchmark, 130_000, 3_000_000)
    triad_census(graph)
    census = benchmark(triad_census, graph, threads=threads)
    n = len(graph)
    assert sum(census.values()) == n * (n - 1) * (n - 2) // 6


def test_by_type_130k_neurons_3m_connections(benchmark: BenchmarkFixture) -> None:
    graph = graph_of_size(benchmark, 130_000, 3_000_000)
    types = np.array([f"type {k}" for k in range(20)], dtype=object)[np.arange(len(graph)) // 50 % 20]
    motifs_by_type(graph, types)
    found = benchmark.pedantic(motifs_by_type, (graph, types), rounds=3)
    census = triad_census(graph)
    assert found.count[found.code == "030T"].sum() == census["030T"]


def test_build_from_3m_edges(benchmark: BenchmarkFixture) -> None:
    n, m = (130_000, 3_000_000) if benchmark.enabled else (1_300, 30_000)
    pre, post = heavy_tailed(n, m)
    offset = 720575940596125868
    graph = benchmark.pedantic(Graph.from_edges, (pre + offset, post + offset), rounds=3)
    assert graph.n_synapses == len(pre)
