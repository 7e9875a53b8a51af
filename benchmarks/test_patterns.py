"""Patterns and censuses beside the obvious kernels, DuckDB, igraph, DotMotif and GrandIso, in the same run.

    GRAPHKIT_BENCH=1 pytest benchmarks/test_patterns.py -s          GRAPHKIT_BENCH_SHARE=0.1 beside it: a tenth of the sizes

GRAPHKIT_PEERS names the Python of an environment with dotmotif and grandiso (they want an older pandas); GRAPHKIT_FLY a
dataset of a fly's size. Small and untimed in the test suite.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import duckdb
import igraph
import numpy as np
import pytest

from benchmarks import floors
from benchmarks.measuring import FULL, SHARE, measured
from benchmarks.racing import raced
from benchmarks.test_census import heavy_tailed
from graphkit.graph import Graph
from graphkit.motifs import (
    Edge,
    Pattern,
    count_matches,
    four_node_census,
    four_node_orbits,
    match_batches,
    triad_census,
    triad_orbits,
)

LOOP = [(0, 1), (1, 2), (0, 2)]
BIFAN = [(0, 2), (0, 3), (1, 2), (1, 3)]
CYCLE = [(0, 1), (1, 2), (2, 3), (3, 0)]
WHOLE = FULL and SHARE == 1
"""Aims are for the sizes they were set for."""
ROUNDS = int(os.environ.get("GRAPHKIT_BENCH_ROUNDS", "7")) if FULL else 1


@cache
def brain(n: int, m: int) -> Graph:
    """A heavy-tailed, clustered graph; 3 of 100 connections have 20 synapses or more."""
    share = SHARE or 0.01
    n, m = int(n * share), int(m * share)
    pre, post = heavy_tailed(n, m)
    synapses = (np.random.default_rng(1).pareto(1.2, len(pre)) + 1).astype(np.int64)
    return Graph.from_edges(pre, post, synapses, ids=np.arange(n), autapses=False)


def size(graph: Graph) -> str:
    return f"{len(graph):,} neurons, {graph.n_connections:,} connections"


def pattern(graph: Graph, n: int, edges: list[tuple[int, int]]) -> Pattern:
    return Pattern(n, tuple(Edge(a, b, graph) for a, b in edges), (None,) * n, (0,) * n, graph)


def both(graph: Graph) -> tuple[np.ndarray, ...]:
    return graph.indptr, graph.indices, graph.in_indptr, graph.in_indices


def test_triad_census_beside_the_floor() -> None:
    """The obvious kernel is given the neighbours and dyads; graphkit makes them in its time."""
    graph = brain(130_000, 3_000_000)
    from graphkit.motifs.kernels import support

    starts, packed, _ = support(*both(graph))
    neighbours, dyads = packed >> 2, packed & 3

    def floor() -> dict[str, int]:
        from graphkit.motifs.names import CLASS_OF_CODE, TRIADS

        codes, alone = floors.triads(starts, neighbours, dyads)
        census = dict.fromkeys((motif.code for motif in TRIADS), 0)
        for code, count in enumerate(codes.tolist()):
            census[TRIADS[CLASS_OF_CODE[code]].code] += count
        census["012"] += int(alone[1] + alone[2])
        census["102"] += int(alone[3])
        n = len(graph)
        census["003"] = n * (n - 1) * (n - 2) // 6 - sum(census.values())
        return census

    functions = {"graphkit": lambda: triad_census(graph, threads=1), "the obvious kernel": floor}
    functions["graphkit, 2 threads"] = lambda: triad_census(graph, threads=2)
    medians = raced(f"triad census, {size(graph)}, one thread", ROUNDS, functions)
    if WHOLE:
        assert medians["graphkit"] < 0.8 * medians["the obvious kernel"]


@pytest.mark.parametrize(
    ("name", "n", "edges", "floor"),
    [
        ("feedforward loops", 3, LOOP, lambda g: floors.feedforward_loops(g.indptr, g.indices)),
        ("bi-fans", 4, BIFAN, lambda g: floors.bifans(*both(g))),
        ("4-cycles", 4, CYCLE, lambda g: floors.four_cycles(*both(g))),
    ],
)
def test_patterns_beside_the_floor(
    name: str, n: int, edges: list[tuple[int, int]], floor: Callable[[Graph], int]
) -> None:
    graph = brain(130_000, 3_000_000)
    wanted = pattern(graph, n, edges)
    medians = raced(
        f"{name}, {size(graph)}, one thread",
        ROUNDS,
        {
            "graphkit": lambda: count_matches(wanted, threads=1),
            "the obvious kernel": lambda: floor(graph),
            "graphkit, 2 threads": lambda: count_matches(wanted, threads=2),
        },
    )
    if WHOLE:
        assert medians["graphkit"] < 1.1 * medians["the obvious kernel"]


def test_strong_loops_beside_duckdb() -> None:
    """Synapses >= 20, pushed first by both; DuckDB on all cores, its table in memory."""
    graph = brain(130_000, 3_000_000)
    pre, post, synapses = graph.edges()
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE e AS SELECT unnest($1) AS a, unnest($2) AS b, unnest($3) AS n", [pre, post, synapses]
        )
        sql = """WITH s AS (SELECT a, b FROM e WHERE n >= 20)
            SELECT count(*) FROM s x JOIN s y ON x.b = y.a JOIN s z ON z.a = x.a AND z.b = y.b"""
        medians = raced(
            "feedforward loops with synapses >= 20",
            ROUNDS,
            {
                "graphkit": lambda: count_matches(pattern(graph.at_least(20), 3, LOOP)),
                "DuckDB": lambda: connection.execute(sql).fetchall()[0][0],
            },
        )
    if WHOLE:
        assert medians["graphkit"] < 1.3 * medians["DuckDB"]


PEER_ROUNDS = {("dotmotif", 1): 1, ("dotmotif", 20): 1, ("grandiso", 1): 3, ("grandiso", 20): 15}
"""They take half a minute, seconds, or a tenth of one."""


@pytest.mark.parametrize(("peer", "minimum"), PEER_ROUNDS)
def test_feedforward_loops_beside_other_tools(peer: str, minimum: int, tmp_path: Path) -> None:
    """Both begin with the whole graph and cut it; and, for a peer that is given a cut graph, without the time of that."""
    python = os.environ.get("GRAPHKIT_PEERS")
    if not python:
        pytest.skip("set GRAPHKIT_PEERS to the Python of an environment with dotmotif and grandiso")
    graph = brain(10_000, 200_000)
    np.save(tmp_path / "edges.npy", np.column_stack(graph.edges()))
    script = Path(__file__).with_name("peer_patterns.py")
    rounds = PEER_ROUNDS[peer, minimum] if FULL else 1
    arguments = [python, str(script), peer, str(tmp_path / "edges.npy"), str(minimum), str(rounds)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    cut_s, search_s, count = done.stdout.split()
    assert int(count) == count_matches(pattern(graph.at_least(minimum), 3, LOOP))
    cuts, searches = [], []
    for _ in range(30 if FULL else 1):
        begin = perf_counter()
        strong = graph.at_least(minimum)
        middle = perf_counter()
        count_matches(pattern(strong, 3, LOOP))
        searches.append(perf_counter() - middle)
        cuts.append(middle - begin)
    theirs, ours = float(cut_s) + float(search_s), median(map(sum, zip(cuts, searches, strict=True)))
    print(
        f"\nloops of >= {minimum}, {size(graph)}: {peer} {theirs:.3f} s, graphkit {ours * 1e3:.3f} ms: {theirs / ours:.0f} times"
    )
    if peer == "grandiso" and minimum > 1:
        alone = float(search_s), median(searches)
        print(
            f"  of {strong.n_connections:,} connections that were cut before: {peer} {alone[0]:.3f} s, "
            f"graphkit {alone[1] * 1e3:.3f} ms: {alone[0] / alone[1]:.0f} times"
        )
    if WHOLE:
        assert theirs > 200 * ours


def test_four_nodes_beside_igraph() -> None:
    graph = brain(10_000, 200_000) if not FULL else brain(2_000, 20_000)
    pre, post, _ = graph.edges()
    peer = igraph.Graph(len(graph), list(zip(pre.tolist(), post.tolist(), strict=True)), directed=True)
    raced(
        f"connected sets of four, {len(graph):,} neurons, {graph.n_connections:,} connections",
        min(ROUNDS, 3),
        {
            "graphkit": lambda: sum(four_node_census(graph, threads=1).values()),
            "igraph motifs_randesu(4)": lambda: int(np.nansum(peer.motifs_randesu(4))),
        },
    )


@pytest.mark.parametrize(("n", "m"), [(10_000, 200_000), (130_000, 3_000_000)])
def test_four_nodes_at_size(n: int, m: int) -> None:
    graph = brain(n, m)
    for name, function in (
        ("census of four, one thread", lambda: four_node_census(graph, threads=1)),
        ("census of four", lambda: four_node_census(graph)),
        ("roles in triads", lambda: triad_orbits(graph)),
        ("roles in motifs of four", lambda: four_node_orbits(graph)),
    ):
        function()
        begin = perf_counter()
        function()
        print(f"\n{name}, {len(graph):,} / {graph.n_connections:,}: {perf_counter() - begin:.3f} s")


def test_the_first_batch_comes_at_once() -> None:
    """A stream of matches as Arrow batches: memory for one of them, the first long before the last."""
    import pyarrow as pa

    graph = brain(130_000, 3_000_000)
    wanted = pattern(graph, 3, [(0, 1), (1, 2)])  # chains, which are a hundred times as many as connections

    def arrow(rows: np.ndarray) -> pa.RecordBatch:
        return pa.record_batch([pa.array(graph.ids[column]) for column in rows.T], names=["a_id", "b_id", "c_id"])

    arrow(next(match_batches(wanted)))  # compiles, or loads what is compiled
    begin, cpu = perf_counter(), process_time()
    first, first_cpu, found = None, 0.0, 0
    for batch in map(arrow, match_batches(wanted)):
        if first is None:
            first, first_cpu = perf_counter() - begin, process_time() - cpu
        found += len(batch)
    whole, whole_cpu = perf_counter() - begin, process_time() - cpu
    assert first is not None
    assert found == count_matches(wanted)
    if FULL:
        print(
            f"\nchains, {graph.n_connections:,} connections: first batch of {found:,} matches after {first:.2f} s "
            f"({first_cpu:.2f} s CPU), all after {whole:.1f} s ({whole_cpu:.1f} s CPU): {whole / first:.0f} times as long"
        )
    if WHOLE:
        assert first_cpu < 1.0
        assert whole_cpu > 3 * first_cpu


FLY = """
import sys, time
import numpy as np
import graphkit
from graphkit.motifs import Edge, Pattern, count_matches, explain, four_node_census, triad_census
what, folder = sys.argv[1:]
brain = graphkit.open(folder)
graph = brain.graph()
print(graph, file=sys.stderr)
begin = time.perf_counter()
if what == "triads":
    print(sum(triad_census(graph).values()))
elif what == "fours":
    print(sum(four_node_census(graph).values()))
elif what == "constrained":
    strong = graph.at_least(5)
    classes = brain.sql("SELECT class FROM neurons ORDER BY neuron_id").df()["class"].to_numpy()
    one, other = classes == "projection", classes == "output"
    edges = tuple(Edge(a, b, strong) for a, b in ((0, 2), (0, 3), (1, 2), (1, 3)))
    edges += (Edge(0, 1, graph, absent=True, colour=1), Edge(1, 0, graph, absent=True, colour=1))
    wanted = Pattern(4, edges, (one, one, other, other), (0, 0, 1, 1), graph)
    print(explain(wanted), file=sys.stderr)
    print(count_matches(wanted))
print(f"{time.perf_counter() - begin:.2f} s", file=sys.stderr)
"""


@pytest.mark.parametrize("what", ["graph", "triads", "constrained", "fours"])
def test_a_fly(what: str) -> None:
    folder = os.environ.get("GRAPHKIT_FLY")
    if not folder or not FULL:
        pytest.skip("set GRAPHKIT_FLY to a dataset of a fly's size, and GRAPHKIT_BENCH=1")
    run = measured([sys.executable, "-c", FLY, what, folder])
    print(
        f"\n{what}: {run.wall_s:.1f} s wall, {run.cpu_s:.1f} s cpu, {run.peak_gb:.2f} GB peak, with the opening of the graph"
    )
