"""Reach, paths, partners, single connections, patterns and the like with an error model, counted again by brute force on each
perturbed graph of a few neurons; the graph is made from the raw rows, and so are the perturbed ones, from the same seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from typing import Any

import networkx as nx
import numpy as np
import pytest

from graphkit.algorithms.error_model import ErrorModel, Perturbation, measured
from graphkit.dataset import Dataset
from graphkit.graph import Graph
from tests.query.made import LONG, made

N, SAMPLES = 16, 6
MODEL = ErrorModel(missed=0.25, false=0.1, split=0.3, merged=0.3)
WORDS = f"with {SAMPLES} error model missed 25 %, false 10 %, split 30 %, merged 30 % seed 3"
TYPES = {LONG + i: ["A", "B", "C", None][i % 4] for i in range(N)}
X, Y = LONG + 2, LONG + 7

Row = dict[str, Any]
Figure = Callable[["World", Row], tuple[float | None, bool]]


@dataclass(frozen=True)
class World:
    """A perturbed graph in dictionaries."""

    synapses: dict[tuple[int, int], int]
    origin: dict[int, int]
    body: dict[int, int]

    def asked(self, *ids: int) -> set[int]:
        return {i for i, o in self.origin.items() if o in ids} | {self.body[i] for i in ids}

    def of_type(self, name: str) -> set[int]:
        return self.asked(*(i for i, t in TYPES.items() if t == name))

    def type(self, neuron: int) -> str | None:
        return TYPES[self.origin[neuron]]

    def graph(self) -> nx.DiGraph:
        drawn = nx.DiGraph()
        drawn.add_nodes_from(self.origin)
        drawn.add_edges_from(self.synapses)
        return drawn

    def inputs(self, neuron: int) -> int:
        return sum(s for (_, post), s in self.synapses.items() if post == neuron)

    def hops(self, start: set[int], *, against: bool = False) -> dict[int, int]:
        drawn = self.graph().reverse() if against else self.graph()
        return dict(nx.multi_source_dijkstra_path_length(drawn, start, cutoff=2))

    def with_(self, asked: set[int], *ways: str) -> Counter[int]:
        found: Counter[int] = Counter()
        for (pre, post), s in self.synapses.items():
            if "inputs" in ways and post in asked:
                found[pre] += s
            if "outputs" in ways and pre in asked:
                found[post] += s
        return found


def world(one: Perturbation, ids: list[int]) -> World:
    pre, post, synapses = (column.tolist() for column in one.graph.edges())
    own = one.graph.ids.tolist()
    return World(
        dict(zip(zip(pre, post, strict=True), synapses, strict=True)),
        {i: ids[row] for i, row in zip(own, one.origins.tolist(), strict=True)},
        {i: own[row] for i, row in zip(ids, one.bodies.tolist(), strict=True)},
    )


def triples(seed: int, *, both_ways: bool) -> list[tuple[int, int, int]]:
    rng = np.random.default_rng(seed)
    pairs = {(i, (i + 1) % N) for i in range(N)} | set(map(tuple, rng.integers(0, N, (55, 2)).tolist()))
    if not both_ways:
        pairs = {(min(p), max(p)) for p in pairs if p[0] != p[1]}
    return [(LONG + a, LONG + b, int(rng.integers(1, 6))) for a, b in sorted(pairs)]


def worlds(rows: list[tuple[int, int, int]], *, symmetric: bool) -> list[World]:
    if symmetric:
        rows = rows + [(b, a, s) for a, b, s in rows]
    graph = Graph.from_edges(*(list(column) for column in zip(*rows, strict=True)))
    drawn = measured(lambda one: one, graph, MODEL, samples=SAMPLES, seed=3, symmetric=symmetric)
    return [world(one, graph.ids.tolist()) for one in drawn]


@pytest.fixture(scope="module")
def chemical(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, list[World]]:
    rows = triples(1, both_ways=True)
    return made(tmp_path_factory.mktemp("chemical") / "d", rows, TYPES), worlds(rows, symmetric=False)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def electrical(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, list[World]]:
    rows = triples(2, both_ways=False)
    return made(tmp_path_factory.mktemp("gaps") / "d", rows, TYPES, "electrical"), worlds(rows, symmetric=True)  # type: ignore[arg-type]


def reached(w: World, row: Row) -> tuple[float | None, bool]:
    hops = w.hops(w.asked(X)).get(w.body[row["neuron_id"]])
    return hops, hops is not None


def reached_by_type(w: World, row: Row) -> tuple[float, bool]:
    hops = w.hops(w.of_type("A"), against=True)
    found = sum(h == row["hops"] and w.type(i) == row["type"] for i, h in hops.items())
    return found, found > 0


def connection(w: World, row: Row) -> tuple[float, bool]:
    synapses = w.synapses.get((w.body[row["pre_id"]], w.body[row["post_id"]]), 0)
    return synapses, synapses > 0


def fraction(w: World, row: Row) -> tuple[float | None, bool]:
    synapses, there = connection(w, row)
    whole = w.inputs(w.body[row["post_id"]])
    return (synapses / whole if whole else None), there


def path(w: World, row: Row) -> tuple[float, bool]:
    weakest = min(w.synapses.get((w.body[a], w.body[b]), 0) for a, b in pairwise(row["neuron_ids"]))
    return weakest, weakest > 0


def path_by_fractions(w: World, row: Row) -> tuple[float, bool]:
    product_, there = 1.0, True
    for a, b in pairwise(row["neuron_ids"]):
        synapses = w.synapses.get((w.body[a], w.body[b]), 0)
        product_ *= synapses / max(w.inputs(w.body[b]), 1)
        there &= synapses > 0
    return product_, there


def paths_by_type(w: World, row: Row) -> tuple[float, bool]:
    drawn, found = w.graph(), 0
    for source, target in product(w.asked(X), w.asked(Y)):
        for one in nx.all_simple_paths(drawn, source, target, cutoff=4) if source != target else ():
            found += [w.type(i) for i in one] == row["types"]
    return found, found > 0


def common(*ways: str) -> Callable[[World], dict[int, int]]:
    def found(w: World) -> dict[int, int]:
        one, other = (w.with_(w.of_type(name), *ways) for name in "AB")
        return {i: one[i] + other[i] for i in one if other[i]}

    return found


def common_inputs(w: World, row: Row) -> tuple[float, bool]:
    synapses = common("inputs")(w).get(w.body[row["neuron_id"]], 0)
    return synapses, synapses > 0


def common_by_type(w: World, row: Row) -> tuple[float, bool]:
    synapses = sum(s for i, s in common("inputs", "outputs")(w).items() if w.type(i) == row["type"])
    return synapses, synapses > 0


def vectors(w: World) -> dict[int, Counter[Any]]:
    found: dict[int, Counter[Any]] = {i: Counter() for i in w.body.values()}
    for (pre, post), s in w.synapses.items():
        if pre in found:
            found[pre]["out", post] += s
        if post in found:
            found[post]["in", pre] += s
    return found


def alike(w: World, row: Row) -> tuple[float, bool]:
    rows = vectors(w)
    first, second = w.body[row["first_id"]], w.body[row["second_id"]]

    def cosine(a: Counter[Any], b: Counter[Any]) -> float:
        sizes = [sum(s * s for s in v.values()) for v in (a, b)]
        return sum(a[k] * b[k] for k in a) / float(np.sqrt(sizes[0] * sizes[1])) if all(sizes) else 0.0

    value = cosine(rows[first], rows[second])
    before = sum(cosine(rows[first], rows[i]) > value + 1e-12 for i in rows if i != first)
    return value, value > 0 and before < 2


def chains(w: World) -> list[tuple[int, int, int]]:
    """(a: type A)->(b)->(c: type B), of pieces by their type."""
    return [
        (a, b, c)
        for a, b, c in permutations(w.origin, 3)
        if w.type(a) == "A" and w.type(c) == "B" and (a, b) in w.synapses and (b, c) in w.synapses
    ]


def chains_of(w: World, row: Row) -> tuple[float, bool]:
    found = sum(w.body[row["neuron_id"]] in match for match in chains(w))
    return found, found > 0


def from_to(w: World, first: str, second: str) -> int:
    return sum(w.type(a) == first and w.type(b) == second for a, b in w.synapses)


CHEMICAL: list[tuple[str, Figure]] = [
    (f"downstream of {X} within 2 hops", reached),
    ("upstream of type 'A' within 2 hops by type", reached_by_type),
    ("connections from type 'A' to type 'B'", connection),
    ("connections", connection),
    ("connections between type 'A' and type 'C' as input fraction order by perturbed_mean limit 9", fraction),
    (f"paths from {X} to {Y} within 4 hops limit 20", path),
    (f"shortest paths from type 'A' to {Y}", path),
    (f"5 shortest paths from {X} to {Y} by input fraction", path_by_fractions),
    (f"6 strongest paths from {X} to {Y} within 4 hops order by perturbed_share", path),
    (f"paths from {X} to {Y} within 4 hops by type", paths_by_type),
    ("common inputs of type 'A' and type 'B'", common_inputs),
    ("common partners of type 'A' and type 'B' by type", common_by_type),
    ("similarity of any neuron top 2 per neuron", alike),
    ("MATCH (a: type 'A')->(b)->(c: type 'B') RETURN per neuron", chains_of),
    ("chains where a.type = 'A' and c.type = 'B' per neuron order by perturbed_mean limit 5", chains_of),
    ("how many connections from type 'A' to type 'B'", lambda w, row: (from_to(w, "A", "B"), True)),
    (
        "how many inputs of type 'A'",
        lambda w, row: (len(w.with_(w.asked(*(i for i, t in TYPES.items() if t == "A")), "inputs")), True),
    ),
    ("how many common outputs of type 'A' and type 'B'", lambda w, row: (len(common("outputs")(w)), True)),
    ("MATCH (a: type 'A')->(b)->(c: type 'B') RETURN exists", lambda w, row: (None, bool(chains(w)))),
]


@pytest.mark.parametrize(("question", "figure"), CHEMICAL, ids=[q for q, _ in CHEMICAL])
def test_by_brute_force(chemical: tuple[Dataset, list[World]], question: str, figure: Figure) -> None:
    dataset, drawn = chemical
    check(dataset, drawn, question, figure)


def check(dataset: Dataset, drawn: list[World], question: str, figure: Figure) -> None:
    """Each row: the mean and the ends over the graphs in which it has a figure, and the share of those in which it is there."""
    before, _, after = question.partition(" RETURN ")
    asked = f"{before} {WORDS} RETURN {after}" if after else f"{question} {WORDS}"
    found = dataset.query(asked).rows()
    assert found
    for row in found:
        values, held = zip(*(figure(w, row) for w in drawn), strict=True)
        if "perturbed_share" in row:
            assert row["perturbed_share"] == pytest.approx(np.mean(held)), row
        known = [v for v in values if v is not None]
        if "perturbed_mean" in row and known:
            assert row["perturbed_mean"] == pytest.approx(np.mean(known)), row
            assert row["perturbed_low"] == pytest.approx(np.quantile(known, 0.05))
            assert row["perturbed_high"] == pytest.approx(np.quantile(known, 0.95))


def gap_junctions(w: World, row: Row) -> tuple[float, bool]:
    synapses = w.synapses.get((w.body[row["a_id"]], w.body[row["b_id"]]), 0)
    return synapses, synapses > 0


def gap_junctions_by_type(w: World, row: Row) -> tuple[float, bool]:
    """Each once, by whichever ends are of the two types."""
    once = {frozenset(pair): s for pair, s in w.synapses.items()}
    ends = sorted((str(row["a_type"]), str(row["b_type"])))
    found = sum(s for pair, s in once.items() if sorted(str(w.type(i)) for i in (*pair, *pair)[:2]) == ends)
    return found, found > 0


def coupled(w: World, row: Row) -> tuple[float, bool]:
    synapses = w.with_(w.asked(X), "inputs")[w.body[row["neuron_id"]]]
    return synapses, synapses > 0


def coupled_chains(w: World, row: Row) -> tuple[float, bool]:
    """a - b - c, the same read from either end."""
    body = w.body[row["neuron_id"]]
    ends = [(a, b, c) for a, b, c in permutations(w.origin, 3) if (a, b) in w.synapses and (b, c) in w.synapses]
    found = sum(body in match for match in ends if match[0] < match[2])
    return found, found > 0


ELECTRICAL: list[tuple[str, Figure]] = [
    ("gap junctions", gap_junctions),
    ("gap junctions from type 'A' to type 'B'", gap_junctions),
    ("gap junctions by type", gap_junctions_by_type),
    (f"partners of {X} with electrical synapses", coupled),
    (f"downstream of {X} within 2 hops with electrical synapses", reached),
    (f"paths from {X} to {Y} within 3 hops with electrical synapses limit 20", path),
    ("common inputs of type 'A' and type 'B' with electrical synapses", common_inputs),
    ("MATCH (a)->(b)->(c) with electrical synapses RETURN per neuron", coupled_chains),
    ("how many gap junctions", lambda w, row: (len({frozenset(p) for p in w.synapses}), True)),
    (
        "hubs by out-degree with electrical synapses limit 9",
        lambda w, row: (sum(a == w.body[row["neuron_id"]] != b for a, b in w.synapses), row["perturbed_share"]),
    ),
]


@pytest.mark.parametrize(("question", "figure"), ELECTRICAL, ids=[q for q, _ in ELECTRICAL])
def test_gap_junctions_by_brute_force(electrical: tuple[Dataset, list[World]], question: str, figure: Figure) -> None:
    dataset, drawn = electrical
    for w in drawn:
        assert all(w.synapses[b, a] == s for (a, b), s in w.synapses.items())
    check(dataset, drawn, question, figure)
