"""Figures against null models where every graph of the model can be listed: mean, sd, z and p are those of the list."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs import Edge, Pattern, compared, count_matches, significance, significance_by_type
from graphkit.motifs.comparison import Figure

Pairs = frozenset[tuple[int, int]]

START: Pairs = frozenset({(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 0), (1, 3), (3, 1)})
TYPES = ["A", "B", "B", "A", None]
NODES = range(5)
SAMPLES = 600


def of_the_same_degrees() -> Iterator[Pairs]:
    """Every simple digraph with the in- and out-degrees of START: each row chosen in all ways."""
    out, into = Counter(a for a, _ in START), Counter(b for _, b in START)
    ways = [itertools.combinations([b for b in NODES if b != a], out[a]) for a in NODES]
    for rows in itertools.product(*map(list, ways)):
        pairs = frozenset((a, b) for a, row in zip(NODES, rows, strict=True) for b in row)
        if Counter(b for _, b in pairs) == into:
            yield pairs


MEMBERS = list(of_the_same_degrees())


def agrees(found: Figure, figure: Callable[[Pairs], int]) -> None:
    """Within four standard errors of sampling from the list, each member as likely."""
    listed = np.array([figure(pairs) for pairs in MEMBERS], float)
    observed, mean, sd = figure(START), listed.mean(), listed.std()
    assert found.observed == observed
    assert found.null_mean == pytest.approx(mean, abs=4 * sd / SAMPLES**0.5 + 1e-9)
    if sd == 0:
        assert (found.null_sd, found.z, found.p) == (0.0, None, 1.0)
        return
    error = (((listed - mean) ** 4).mean() - sd**4) / SAMPLES  # of the variance
    assert found.null_mean is not None
    assert found.null_sd == pytest.approx(sd, abs=4 * max(error, 0.0) ** 0.5 / (2 * sd) + 1 / SAMPLES)
    assert found.z == pytest.approx((observed - found.null_mean) / found.null_sd)
    share = min((listed >= observed).mean(), (listed <= observed).mean())
    assert found.p == pytest.approx(min(1.0, 2 * share), abs=8 * (share * (1 - share) / SAMPLES) ** 0.5 + 4 / SAMPLES)


def graph_of(pairs: Pairs) -> Graph:
    return Graph.from_edges(*zip(*sorted(pairs), strict=True), range(1, len(pairs) + 1), ids=NODES)


def feedforward_loops(pairs: Pairs) -> int:
    return sum({(a, b), (b, c), (a, c)} <= pairs for a, b, c in itertools.permutations(NODES, 3))


def induced(pairs: Pairs, nodes: tuple[int, ...], drawn: set[tuple[int, int]]) -> bool:
    return {(i, j) for i, a in enumerate(nodes) for j, b in enumerate(nodes) if (a, b) in pairs} == drawn


def test_the_list_is_not_trivial() -> None:
    assert START in MEMBERS
    assert len(MEMBERS) > 50


def test_a_pattern() -> None:
    def matches(graph: Graph, threads: int | None) -> Mapping[str, float]:
        edges = tuple(Edge(a, b, graph) for a, b in ((0, 1), (1, 2), (0, 2)))
        return {"matches": count_matches(Pattern(3, edges, (None,) * 3, (0,) * 3, graph), threads=threads)}

    found = compared(graph_of(START), matches, samples=SAMPLES, seed=1, threads=1)
    agrees(found.figures["matches"], feedforward_loops)


def test_triads() -> None:
    drawn = {"030T": {(0, 1), (1, 2), (0, 2)}, "021C": {(0, 1), (1, 2)}, "030C": {(0, 1), (1, 2), (2, 0)}}
    found = significance(graph_of(START), samples=SAMPLES, seed=2, motifs=list(drawn), threads=1)
    for row in found.rows:
        ways = {"030T": 1, "021C": 1, "030C": 3}[row.motif.code]

        def figure(pairs: Pairs, code: str = row.motif.code, ways: int = ways) -> int:
            return sum(induced(pairs, nodes, drawn[code]) for nodes in itertools.permutations(NODES, 3)) // ways

        agrees(Figure(row.observed, row.null_mean, row.null_sd, row.z, row.p, row.p_adjusted), figure)


def test_four_neurons() -> None:
    found = significance(graph_of(START), samples=SAMPLES, seed=3, size=4, threads=1)
    assert len(found.rows) == 199
    assert {row.strength for row in found.rows} == {None}
    some = [row for row in found.rows if row.observed or (row.null_mean or 0) > 0.05]
    assert len(some) > 10
    for row in some[:6]:
        drawn = set(row.motif.edges)
        ways = sum(
            {(p[a], p[b]) for a, b in drawn} == drawn for p in itertools.permutations(range(4))
        )  # relabellings of the motif onto itself

        def figure(pairs: Pairs, drawn: set[tuple[int, int]] = drawn, ways: int = ways) -> int:
            return sum(induced(pairs, nodes, drawn) for nodes in itertools.permutations(NODES, 4)) // ways

        agrees(Figure(row.observed, row.null_mean, row.null_sd, row.z, row.p, row.p_adjusted), figure)


def test_by_type() -> None:
    found = significance_by_type(graph_of(START), TYPES, samples=SAMPLES, seed=4, threads=1)
    named = [name or "(no type)" for name in TYPES]
    loops = [row for row in found.rows if row.motif.code == "030T"]
    assert any(row.figure.observed == 0 for row in loops)  # only in random graphs
    for row in loops:

        def figure(pairs: Pairs, types: tuple[str, ...] = row.types) -> int:
            return sum(
                induced(pairs, nodes, {(0, 1), (1, 2), (0, 2)}) and tuple(named[v] for v in nodes) == types
                for nodes in itertools.permutations(NODES, 3)
            )

        agrees(row.figure, figure)
    pairs_of_types = [row for row in found.rows if row.motif.code == "M"]
    assert all(list(row.types) == sorted(row.types) for row in pairs_of_types)
    by_code = Counter[str]()
    for row in found.rows:
        by_code[row.motif.code] += int(row.figure.observed or 0)
    census = {row.motif.code: row.observed for row in significance(graph_of(START), samples=1).rows}
    assert {code: n for code, n in census.items() if n} == {code: n for code, n in by_code.items() if n}


def test_threads_and_interruption_change_nothing_else() -> None:
    def stop(stage: str, fraction: float) -> None:
        if fraction >= 0.5:
            raise KeyboardInterrupt

    graph = graph_of(START)
    one = significance_by_type(graph, TYPES, samples=6, threads=1)
    assert one == significance_by_type(graph, TYPES, samples=6, threads=3)
    half = significance_by_type(graph, TYPES, samples=12, progress=stop)
    assert (half.samples, half.asked, half.complete) == (6, 12, False)
    assert half.rows == one.rows


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(START)
    for call, said in [
        (lambda: significance(graph, "synapse-counts", size=4), "leaves every connection in place"),
        (lambda: significance_by_type(graph, TYPES, "synapses"), "leaves every connection in place"),
        (lambda: significance(graph, size=5), "size is 5"),  # type: ignore[arg-type]
        (lambda: significance(graph, size=4, motifs=["030T"]), "no motif '030T'"),
        (lambda: significance_by_type(graph, TYPES[:3]), "types has 3 rows"),
    ]:
        with pytest.raises(GraphError, match=said):
            call()  # type: ignore[no-untyped-call]
    many: Any = dict.fromkeys(range(1000), 1.0)
    with pytest.raises(GraphError, match="too many to be compared"):
        compared(graph, lambda one, threads: many, samples=10**6)
