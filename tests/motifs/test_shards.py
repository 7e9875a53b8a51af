"""Counts that are shared out among the workers of a Dask cluster equal those of one process."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs import Edge, Pattern, count_matches, triad_census
from graphkit.motifs.census import census_of_codes, census_share, census_to_share
from graphkit.motifs.pattern import contradiction
from graphkit.motifs.plan import plan_of
from graphkit.motifs.search import count_share
from graphkit.motifs.shards import count_matches_on, triad_census_on
from tests.strategies import HUGE_IDS, EdgeList, edge_lists


def hubs(n: int = 400, m: int = 4000) -> Graph:
    rng = np.random.default_rng(5)
    first = min(HUGE_IDS)
    pre, post = (rng.random((2, m)) ** 3 * n).astype(np.int64) + first
    return Graph.from_edges(pre, post, rng.integers(1, 9, m))


def loop_in(graph: Graph) -> Pattern:
    edges = tuple(Edge(a, b, graph) for a, b in ((0, 1), (1, 2), (0, 2)))
    allowed = np.arange(len(graph)) % 3 != 0
    return Pattern(3, edges, (allowed, None, None), (1, 0, 0), graph)


@given(edge_lists(), st.integers(1, 9))
@settings(max_examples=30)
def test_parts_add_up(edges: EdgeList, parts: int) -> None:
    graph = Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)
    whole = census_to_share(graph)
    codes = np.sum([census_share(whole, part, parts) for part in range(parts)], axis=0)
    assert census_of_codes(codes, whole[2]) == triad_census(graph)
    pattern = loop_in(graph)
    if contradiction(pattern) is None:
        plan = plan_of(pattern)
        assert sum(count_share(plan, part, parts) for part in range(parts)) == count_matches(pattern)


def test_shares_are_of_about_equal_work() -> None:
    plan = plan_of(loop_in(hubs()))
    counts = [count_share(plan, part, 4) for part in range(4)]
    assert sum(counts) == count_matches(loop_in(hubs()))
    assert max(counts) < 0.6 * sum(counts)


@pytest.mark.slow
def test_on_two_workers() -> None:
    from distributed import Client, LocalCluster

    make = hubs  # sent by name
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        said: list[float] = []

        def progress(stage: str, fraction: float) -> None:
            said.append(fraction)

        graph = hubs()
        assert count_matches_on(client, lambda: loop_in(make()), shards=5, progress=progress) == count_matches(
            loop_in(graph)
        )
        assert said == [0.2, 0.4, 0.6, 0.8, 1.0]
        assert triad_census_on(cluster.scheduler_address, make, shards=3) == triad_census(graph)

        def broken() -> Graph:
            raise GraphError("no such dataset")

        with pytest.raises(GraphError, match="no such dataset"):
            triad_census_on(client, broken, shards=2)


def test_refusals() -> None:
    with pytest.raises(GraphError, match="shards is 0"):
        triad_census_on(1, hubs, shards=0)
    with pytest.raises(GraphError, match="cluster is 0"):
        triad_census_on(0, hubs)
