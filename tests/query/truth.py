"""Answers to questions of the language from the raw rows of data-samples/ring, by networkx where they are about the graph."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import networkx as nx

from tests.query.truth_of_rows import RING, Expected, Ids, TruthOfRows

__all__ = ["RING", "Expected", "Truth"]


class Truth(TruthOfRows):
    """The raw rows, and what follows from them."""

    def __init__(self) -> None:
        super().__init__()
        self._paths: dict[str, Expected] = {}

    def paths(self, pre: Ids, post: Ids, hops: int, **picked: Any) -> Expected:
        """`paths from A to B within n hops`, by networkx."""
        key = repr((sorted(pre), sorted(post), hops, sorted(picked.items())))
        if key not in self._paths:
            self._paths[key] = self._all_paths(pre, post, hops, **picked)
        return self._paths[key]

    def _all_paths(self, pre: Ids, post: Ids, hops: int, **picked: Any) -> Expected:
        graph = self.graph(**picked)
        found = []
        for source in pre & set(graph):
            ends = (post & set(graph)) - {source}
            for path in nx.all_simple_paths(graph, source, ends, cutoff=hops):
                synapses = [graph.edges[e]["synapses"] for e in pairwise(path)]
                found.append((len(path) - 1, min(synapses), path, synapses))
        found.sort(key=lambda r: (r[0], -r[1], r[2]))
        return Expected(("hops", "weakest", "neuron_ids", "synapses"), found)

    def shortest(self, pre: Ids, post: Ids, **picked: Any) -> Expected:
        """`shortest paths from A to B`: those of the smallest distance over all pairs."""
        graph = self.graph(**picked)
        pre, post = pre & set(graph), post & set(graph)
        apart = {
            (a, b): d
            for a in pre
            for b, d in nx.single_source_shortest_path_length(graph, a).items()
            if b in post and a != b
        }
        fewest = min(apart.values(), default=0)
        found = []
        for (a, b), d in apart.items():
            if d == fewest:
                for path in nx.all_shortest_paths(graph, a, b):
                    synapses = [graph.edges[e]["synapses"] for e in pairwise(path)]
                    found.append((d, min(synapses), path, synapses))
        found.sort(key=lambda r: (-r[1], r[2]))
        return Expected(("hops", "weakest", "neuron_ids", "synapses"), found)

    def strongest(self, pre: Ids, post: Ids, count: int, hops: int, **picked: Any) -> Expected:
        """`strongest paths ... within n hops`: all paths, the strongest first."""
        rows = sorted(self.paths(pre, post, hops, **picked).rows, key=lambda r: (-r[1], r[0], r[2]))
        return Expected(("hops", "weakest", "neuron_ids", "synapses"), rows[:count])

    def k_shortest(self, pre: Ids, post: Ids, count: int, hops: int, **picked: Any) -> Expected:
        """`5 shortest paths`: ``hops`` must be enough for them."""
        rows = self.paths(pre, post, hops, **picked).rows
        assert len(rows) >= count
        return Expected(("hops", "weakest", "neuron_ids", "synapses"), rows[:count])

    def by_fraction(self, pre: Ids, post: Ids, count: int, hops: int, first: str, **picked: Any) -> Expected:
        """`strongest paths ... by input fraction` (``first``: strength) and `5 shortest paths ...` (hops), as exact fractions."""
        inputs: Counter[int] = Counter()
        for (_, b), c in self.pairs(**picked).items():
            inputs[b] += c.total()
        found = []
        for n, _, path, synapses in self.paths(pre, post, hops, **picked).rows:
            shares = [Fraction(s, inputs[b]) for s, b in zip(synapses, path[1:], strict=True)]
            found.append((n, -math.prod(shares), path, synapses, [round(float(f), 9) for f in shares]))
        assert len(found) >= count
        found.sort(key=lambda r: (r[1], r[0], r[2]) if first == "strength" else r)
        rows = [(n, round(float(-p), 9), path, synapses, shares) for n, p, path, synapses, shares in found[:count]]
        return Expected(("hops", "strength", "neuron_ids", "synapses", "input_fractions"), rows)

    def widest(self, pre: Ids, post: Ids) -> Expected:
        """The strength of `strongest path`: the largest at which a way is left."""
        graph = self.graph()
        for least in sorted({d for *_, d in graph.edges(data="synapses")}, reverse=True):
            strong = nx.DiGraph((a, b) for a, b, d in graph.edges(data="synapses") if d >= least)
            ways = [
                len(nx.shortest_path(strong, a, b)) - 1
                for a in pre & set(strong)
                for b in post & set(strong)
                if a != b and nx.has_path(strong, a, b)
            ]
            if ways:
                return Expected(("hops", "weakest"), [(min(ways), least)])
        return Expected(("hops", "weakest"), [])

    def reach(self, of: Ids, direction: str, hops: int, *by: str, **picked: Any) -> Expected:
        """`upstream of A within n hops`."""
        graph: Any = self.graph(**picked)
        graph = {"inputs": graph.reverse, "outputs": graph.copy, "partners": graph.to_undirected}[direction]()
        away = nx.multi_source_dijkstra_path_length(graph, of & set(graph), cutoff=hops, weight=None)
        near = {i: int(d) for i, d in away.items() if i not in of}
        if not by:
            return Expected(("neuron_id", "hops"), sorted(near.items(), key=lambda r: (r[1], r[0])))
        counts = Counter((*(self.neurons[i][g] for g in by), d) for i, d in near.items())
        rows = [(*key, n) for key, n in counts.items()]
        rows.sort(key=lambda r: (r[-2], -r[-1], *((r[k] is None, r[k]) for k in range(len(by)))))
        return Expected((*by, "hops", "neurons"), rows)

    def hubs(self, rank: str, top: int, **picked: Any) -> Expected:
        """`hubs`, by networkx's degrees."""
        graph = self.graph(**picked)
        others = graph.copy()  # an autapse has no part in a degree
        others.remove_edges_from(list(nx.selfloop_edges(graph)))
        rows = [
            (
                n,
                others.degree(n),
                others.in_degree(n),
                others.out_degree(n),
                graph.in_degree(n, weight="synapses") + graph.out_degree(n, weight="synapses"),
                graph.in_degree(n, weight="synapses"),
                graph.out_degree(n, weight="synapses"),
            )
            for n in graph
        ]
        columns = ("neuron_id", "degree", "in_degree", "out_degree", "synapses", "inputs", "outputs")
        at = columns.index(rank)
        return Expected(columns, sorted((r for r in rows if r[at]), key=lambda r: (-r[at], r[0]))[:top])

    def similar(self, of: int, by: str, top: int, **picked: Any) -> Expected:
        """`neurons like N`: cosines from dictionaries."""
        vectors: dict[int, dict[Any, int]] = defaultdict(dict)
        for (a, b), c in self.pairs(**picked).items():
            if by in ("outputs", "partners"):
                vectors[a]["to", b] = c.total()
            if by in ("inputs", "partners"):
                vectors[b]["from", a] = c.total()
        mine = vectors[of]
        rows = []
        for i, vector in vectors.items():
            dot = sum(n * vector.get(k, 0) for k, n in mine.items())
            if dot and i != of:
                squares = sum(n * n for n in mine.values()) * sum(n * n for n in vector.values())
                rows.append((i, round(dot / math.sqrt(squares), 9)))
        return Expected(("neuron_id", "similarity"), sorted(rows, key=lambda r: (-r[1], r[0]))[:top])

    def projections(self, sources: tuple[str, ...], targets: tuple[str, ...], ids: Ids, *by: str) -> Expected:
        """`projections from A to B`."""
        found = {}
        for i in ids:
            a, b = self.there(self.neurons[i], *sources)[0], self.there(self.neurons[i], *targets)[1]
            if a and b:
                found[i] = (a, b)
        if not by:
            return Expected(
                ("neuron_id", "inputs_from", "outputs_to"),
                sorted(((i, *f) for i, f in found.items()), key=lambda r: (-min(r[1:]), r[0])),
            )
        sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
        for i, (a, b) in found.items():
            row = sums[tuple(self.neurons[i][g] for g in by)]
            sums[tuple(self.neurons[i][g] for g in by)] = [row[0] + 1, row[1] + a, row[2] + b]
        rows = [(*key, *row) for key, row in sums.items()]
        rows.sort(key=lambda r: (-min(r[-2:]), *((r[k] is None, r[k]) for k in range(len(by)))))
        return Expected((*by, "neurons", "inputs_from", "outputs_to"), rows)

    def sides(self, ids: Ids, *regions: str) -> Expected:
        """`compare left and right`."""
        rows: dict[str | None, list[int]] = defaultdict(lambda: [0] * 6)
        for i in ids:
            n = self.neurons[i]
            there = self.there(n, *regions) if regions else (n["i"].total(), n["o"].total())
            if n["side"] not in ("left", "right") or (regions and not sum(there)):
                continue
            for k, figure in enumerate((1, *there)):
                rows[n["type"]][2 * k + (n["side"] == "right")] += figure
        columns = tuple(f"{what}_{side}" for what in ("neurons", "inputs", "outputs") for side in ("left", "right"))
        listed = [(t, *row, row[0] - row[1]) for t, row in rows.items()]
        listed.sort(key=lambda r: (-abs(r[-1]), r[0] is None, r[0]))
        return Expected(("type", *columns, "difference"), listed)

    def census(self, **picked: Any) -> Expected:
        """`motifs`: networkx's triad census, in the order of the answer's codes."""
        graph = self.graph(**picked)
        graph.remove_edges_from(list(nx.selfloop_edges(graph)))
        if not picked.get("regions"):
            graph.add_nodes_from(picked.get("among") or self.neurons)
        mutual = sum(graph.has_edge(b, a) for a, b in graph.edges) // 2
        one_way, n = graph.number_of_edges() - 2 * mutual, len(graph)
        dyads = {"M": mutual, "A": one_way, "N": n * (n - 1) // 2 - mutual - one_way}
        return Expected(("code", "induced"), sorted({**nx.triadic_census(graph), **dyads}.items()))

    def matches(self, edges: str, check: Callable[..., bool] = lambda *n: True, **picked: Any) -> int:
        """How many sets of connections have the shape ``edges``: all ways in are tried. Conditions: without symmetry only."""
        graph = self.graph(**picked)
        wanted = [(e[-2], e[-1], not e.startswith("!")) for e in edges.split()]
        names = sorted({n for a, b, _ in wanted for n in (a, b)})
        found: set[Any] = set()

        def extend(bound: dict[str, int]) -> None:
            if len(bound) == len(names):
                if all(graph.has_edge(bound[a], bound[b]) == there for a, b, there in wanted if not there) and check(
                    *(self.neurons[bound[n]] for n in names)
                ):
                    found.add(frozenset((bound[a], bound[b]) for a, b, there in wanted if there))
                return
            name = next(
                n
                for n in names
                if n not in bound
                and (not bound or any({a, b} == {n, m} for a, b, there in wanted for m in bound if there))
            )
            near: Iterable[int] = graph
            for a, b, there in wanted:
                if there and b == name and a in bound:
                    near = graph.successors(bound[a])
                elif there and a == name and b in bound:
                    near = graph.predecessors(bound[b])
            for node in list(near):
                if node in bound.values():
                    continue
                if all(
                    graph.has_edge(node if a == name else bound[a], node if b == name else bound[b])
                    for a, b, there in wanted
                    if there and {a, b} <= {*bound, name} and name in (a, b)
                ):
                    extend({**bound, name: node})

        extend({})
        return len(found)
