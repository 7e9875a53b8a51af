"""Answers to questions of the language from the raw rows of data-samples/ring: loops, counters and networkx.

The Parquet files are read as they lie, by the paths that the snapshot lists. No view, no index, no graph of graphkit's takes
part. Each function gives columns and rows in the order that docs/query-language.md promises.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["RING", "Expected", "Truth"]

RING = Path(__file__).parents[2] / "data-samples" / "ring"

Row = dict[str, Any]
Check = Callable[[Row], bool]
Ids = set[int]


@dataclass(frozen=True)
class Expected:
    """Columns of an answer, and its rows in order."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def top(self, n: int) -> Expected:
        """The first n rows."""
        return Expected(self.columns, self.rows[:n])

    def sorted(self, *columns: str) -> Expected:
        """By columns (- before one: descending), nulls last, the order so far breaking ties."""
        rows = self.rows
        for column in reversed(columns):
            at = self.columns.index(column.strip("-"))
            known = sorted((r for r in rows if r[at] is not None), key=lambda r: r[at], reverse=column.startswith("-"))
            rows = known + [r for r in rows if r[at] is None]
        return Expected(self.columns, rows)


def read(table: str) -> list[Row]:
    """The rows of a table."""
    snapshot = json.loads((RING / "snapshots" / "00000001.json").read_text())
    files = [RING / f["path"] for f in snapshot["tables"][table]["files"]]
    return pa.concat_tables(pq.read_table(f) for f in files).to_pylist()


class Truth:
    """The raw rows, and what follows from them."""

    def __init__(self) -> None:
        self.neurons: dict[int, Row] = {n["neuron_id"]: n for n in read("neurons")}
        self.every = read("synapses")
        self.synapses = [s for s in self.every if s["kind"] == "chemical"]
        self._parent = {r["region_id"]: r["parent_id"] for r in read("regions")}
        self._name = {r["region_id"]: r["name"] for r in read("regions")} | {0: "(outside)", None: "(not resolved)"}
        self._graphs: dict[str, nx.DiGraph[int]] = {}
        self._paths: dict[str, Expected] = {}
        self._typed: dict[tuple[str, ...], Ids] = {}
        self._below: dict[tuple[str, ...], set[int]] = {}
        self._rows = Counter((s["pre_id"], s["post_id"], s["region_id"], s["nt"]) for s in self.synapses)
        for neuron in self.neurons.values():
            neuron["i"], neuron["o"] = Counter(), Counter()
        for s in self.synapses:
            self.neurons[s["post_id"]]["i"][s["region_id"]] += 1
            self.neurons[s["pre_id"]]["o"][s["region_id"]] += 1

    # -- neurons ------------------------------------------------------------------------------------------------

    def inside(self, *names: str) -> set[int]:
        """Ids of the regions and of all below them."""
        if names not in self._below:
            found = {i for i, name in self._name.items() if name in names and i}
            while more := {i for i, up in self._parent.items() if up in found} - found:
                found |= more
            self._below[names] = found
        return self._below[names]

    def there(self, neuron: Row, *names: str) -> tuple[int, int]:
        """Inputs and outputs in the regions."""
        inside = self.inside(*names)
        return sum(neuron["i"][r] for r in inside), sum(neuron["o"][r] for r in inside)

    def of(self, check: Check | None = None) -> Ids:
        """Ids of the neurons that pass."""
        return {i for i, n in self.neurons.items() if check is None or check(n)}

    def typed(self, *patterns: str) -> Ids:
        """Ids of the neurons whose type is like one of the patterns."""
        if patterns not in self._typed:  # asked for every synapse
            self._typed[patterns] = self._matching(patterns)
        return self._typed[patterns]

    def _matching(self, patterns: tuple[str, ...]) -> Ids:
        regexes = [re.compile(re.escape(p).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE) for p in patterns]
        return self.of(lambda n: n["type"] is not None and any(r.fullmatch(n["type"]) for r in regexes))

    def belonging(self, *names: str, share: float = 0.5) -> Ids:
        """Ids of the neurons with at least that share of their inputs or outputs in the regions."""
        inside = self.inside(*names)

        def check(n: Row) -> bool:
            i, o = sum(n["i"][r] for r in inside), sum(n["o"][r] for r in inside)
            return (i > 0 and i >= share * n["i"].total()) or (o > 0 and o >= share * n["o"].total())

        return self.of(check)

    def listed(self, ids: Ids, *regions: str) -> Expected:
        """`neurons`, `neurons in REGION`."""
        rows = []
        for i in ids:
            n = self.neurons[i]
            own, there = (n["i"].total(), n["o"].total()), self.there(n, *regions) if regions else None
            if there is None:
                rows.append((i, n["type"], *own))
            elif sum(there):
                rows.append((i, n["type"], *there, *own))
        rows.sort(key=lambda r: (-(r[2] + r[3]), r[0]))
        there_columns = ("inputs_there", "outputs_there") if regions else ()
        return Expected(("neuron_id", "type", *there_columns, "inputs", "outputs"), rows)

    def grouped(self, ids: Ids, *by: str, regions: tuple[str, ...] = ()) -> Expected:
        """`neurons by type`, also in regions."""
        groups: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [set(), 0, 0])
        inside = self.inside(*regions) if regions else None
        for i in ids:
            n = self.neurons[i]
            for r in {*n["i"], *n["o"]} if "region" in by or regions else (None,):
                if inside is not None and r not in inside:
                    continue
                counts = (n["i"][r], n["o"][r]) if "region" in by or regions else (n["i"].total(), n["o"].total())
                row = groups[tuple(self._name[r] if g == "region" else n[g] for g in by)]
                row[0].add(i)
                row[1] += counts[0]
                row[2] += counts[1]
        rows = [(*key, len(found), i, o) for key, (found, i, o) in groups.items()]
        rows.sort(key=lambda r: (-r[len(by)], *((r[k] is None, r[k]) for k in range(len(by)))))
        return Expected((*by, "neurons", "inputs", "outputs"), rows)

    def types(self, ids: Ids, *regions: str) -> Expected:
        """`types`."""
        found = self.grouped(
            {i for i in ids if not regions or sum(self.there(self.neurons[i], *regions))}, "type", regions=regions
        )
        return Expected(("type", "neurons", "inputs", "outputs"), found.rows)

    # -- connections --------------------------------------------------------------------------------------------

    def pairs(
        self,
        pre: Ids | None = None,
        post: Ids | None = None,
        *,
        regions: tuple[str, ...] = (),
        least: int = 1,
        per_region: bool = False,
        nt: str | None = None,
        autapses: bool = True,
        among: Ids | None = None,
    ) -> dict[tuple[int, int], Counter[str]]:
        """Synapses of each pair, by region."""
        inside = self.inside(*regions)
        found: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        for (a, b, region, nt_), n in self._rows.items():
            if regions and region not in inside:
                continue
            if (pre is not None and a not in pre) or (post is not None and b not in post):
                continue
            if among is not None and not (a in among and b in among):
                continue
            if (nt is not None and nt_ != nt) or (not autapses and a == b):
                continue
            found[a, b][self._name[region]] += n
        if per_region:
            kept = {p: Counter({r: n for r, n in c.items() if n >= least}) for p, c in found.items()}
            return {p: c for p, c in kept.items() if c}
        return {p: c for p, c in found.items() if c.total() >= least}

    def graph(self, **picked: Any) -> nx.DiGraph[int]:
        """The pairs as a DiGraph with ``synapses`` on the edges."""
        key = repr(sorted(picked.items()))
        if key not in self._graphs:
            self._graphs[key] = self._graph(**picked)
        return self._graphs[key].copy()

    def _graph(self, **picked: Any) -> nx.DiGraph[int]:
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_weighted_edges_from(
            ((a, b, c.total()) for (a, b), c in self.pairs(**picked).items()), weight="synapses"
        )
        return graph

    def partners(self, of: Ids, direction: str, *by: str, **picked: Any) -> Expected:
        """`inputs of`, `outputs of`, `partners of`, a row a neuron or a group."""
        rows: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [set(), 0, 0])
        for way in ("inputs", "outputs"):
            if direction not in (way, "partners"):
                continue
            for (a, b), counts in self.pairs(**picked, **({"post": of} if way == "inputs" else {"pre": of})).items():
                other = a if way == "inputs" else b
                for region, n in counts.items():
                    key = tuple(region if g == "region" else self.neurons[other][g] for g in by) if by else (other,)
                    rows[key][0].add(other)
                    rows[key][1 if way == "inputs" else 2] += n
        listed = []
        for key, (found, i, o) in rows.items():
            figures = (i, o) if direction == "partners" else (i + o,)
            listed.append((*key, *((len(found),) if by else ()), *figures))
        names = (
            [*(k for k, g in enumerate(by) if g != "region"), *(k for k, g in enumerate(by) if g == "region")]
            if by
            else [0]
        )
        width = 2 if direction == "partners" else 1
        listed.sort(key=lambda r: (-sum(r[-width:]), *((r[k] is None, r[k]) for k in names)))
        figures_ = ("inputs", "outputs") if direction == "partners" else ("synapses",)
        return Expected((*(by or ("neuron_id",)), *(("neurons",) if by else ()), *figures_), listed)

    def connections(self, pairs: dict[tuple[int, int], Counter[str]], *by: str) -> Expected:
        """`connections`, a row a pair or a pair of groups."""
        if not by:
            rows = [(a, b, c.total()) for (a, b), c in pairs.items()]
            return Expected(("pre_id", "post_id", "synapses"), sorted(rows, key=lambda r: (-r[2], r[0], r[1])))
        found: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [set(), 0])
        for (a, b), counts in pairs.items():
            key = (*(self.neurons[a][g] for g in by), *(self.neurons[b][g] for g in by))
            found[key][0].add((a, b))
            found[key][1] += counts.total()
        rows = [(*key, len(p), n) for key, (p, n) in found.items()]
        names = range(2 * len(by))
        rows.sort(key=lambda r: (-r[-1], *((r[k] is None, r[k]) for k in names)))
        ends = tuple(f"{end}_{g}" for end in ("pre", "post") for g in by)
        return Expected((*ends, "connections", "synapses"), rows)

    def single(self, check: Check) -> Expected:
        """`synapses`."""
        rows = sorted((s["pre_id"], s["post_id"], s["synapse_id"]) for s in self.synapses if check(s))
        return Expected(("pre_id", "post_id", "synapse_id"), rows)

    def in_box(
        self, low: tuple[int, ...], high: tuple[int, ...], end: str = "post", also: Check = lambda s: True
    ) -> Expected:
        """`synapses in box`."""
        return self.single(
            lambda s: all(a <= s[f"{end}_{x}_nm"] < b for x, a, b in zip("xyz", low, high, strict=True)) and also(s)
        )

    def common(self, sets: list[Ids], direction: str, *by: str, **picked: Any) -> Expected:
        """`common inputs of A and B`."""
        each = []
        for of in sets:
            with_: Counter[int] = Counter()
            if direction in ("inputs", "partners"):
                for (a, _), c in self.pairs(post=of, **picked).items():
                    with_[a] += c.total()
            if direction in ("outputs", "partners"):
                for (_, b), c in self.pairs(pre=of, **picked).items():
                    with_[b] += c.total()
            each.append(with_)
        both = set.intersection(*(set(w) for w in each))
        rows: list[tuple[Any, ...]]
        if by:
            sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0] + [0] * len(sets))
            for i in both:
                row = sums[tuple(self.neurons[i][g] for g in by)]
                row[0] += 1
                for k, w in enumerate(each, 1):
                    row[k] += w[i]
            rows = [(*key, row[0], sum(row[1:]), *row[1:]) for key, row in sums.items()]
        else:
            rows = [(i, sum(w[i] for w in each), *(w[i] for w in each)) for i in both]
        keys = len(by) or 1
        first = keys + 1 + bool(by)
        rows.sort(key=lambda r: (-min(r[first:]), -r[first - 1], *((r[k] is None, r[k]) for k in range(keys))))
        names = tuple(f"with_{k}" for k in range(1, len(sets) + 1))
        return Expected((*(by or ("neuron_id",)), *(("neurons",) if by else ()), "synapses", *names), rows)

    # -- the graph ----------------------------------------------------------------------------------------------

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
        rows = [
            (
                n,
                graph.degree(n),
                graph.in_degree(n),
                graph.out_degree(n),
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
