"""Answers about neurons and connections from the raw rows of data-samples/ring: loops and counters.

The Parquet files are read as they lie, by the paths that the snapshot lists. No view, no index, no graph of graphkit's takes
part. Each function gives columns and rows in the order that docs/query-language.md promises.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["RING", "Expected", "Ids", "Row", "TruthOfRows"]

INSECT = {"acetylcholine": 1, "gaba": -1, "glutamate": -1}
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


class TruthOfRows:
    """The raw rows, and what follows from them."""

    def __init__(self) -> None:
        self.neurons: dict[int, Row] = {n["neuron_id"]: n for n in read("neurons")}
        self.every = read("synapses")
        self.synapses = [s for s in self.every if s["kind"] == "chemical"]
        self._parent = {r["region_id"]: r["parent_id"] for r in read("regions")}
        self._name = {r["region_id"]: r["name"] for r in read("regions")} | {0: "(outside)", None: "(not resolved)"}
        self._graphs: dict[str, nx.DiGraph[int]] = {}
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

    def figured(
        self,
        figure: str,
        *by: str,
        pre: Ids | None = None,
        post: Ids | None = None,
        signs: dict[str, int] = INSECT,
        **picked: Any,
    ) -> Expected:
        """`connections ... as mean`, `as input fraction`, `as signed synapses`: by group, or by pair of neurons."""
        pairs, every = self.pairs(pre, post, **picked), self.pairs(None, post, **picked)
        members = {i for pair in self.pairs(**picked) for i in pair} if picked.get("regions") else set(self.neurons)
        members &= picked.get("among") or members
        members &= post if post is not None else members
        of_post: Counter[Any] = Counter()
        if figure == "mean":
            of_post.update(tuple(self.neurons[i][g] for g in by) for i in members)
        elif figure != "signed":
            for (_, b), c in every.items():
                of_post[tuple(self.neurons[b][g] for g in by) or b] += c.total()
        signed: Counter[tuple[int, int]] = Counter()
        inside = self.inside(*picked.get("regions", ()))
        for (a, b, region, nt), n in self._rows.items():
            if (a, b) in pairs and (not picked.get("regions") or region in inside):
                signed[a, b] += n * signs.get(nt, 0)
        rows: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, 0, 0])
        for (a, b), c in pairs.items():
            key = (*(self.neurons[a][g] for g in by), *(self.neurons[b][g] for g in by)) if by else (a, b)
            for k, n in enumerate((1, c.total(), signed[a, b])):
                rows[key][k] += n
        listed = []
        for key, (many, synapses, sign) in rows.items():
            whole = 1 if figure == "signed" else of_post[key[len(by) :] if by else key[1]]
            part = sign if "signed" in figure else synapses
            value = part if figure == "signed" else round(part / whole, 9)
            listed.append((*key, *((many,) if by else ()), synapses, value))
        keys = 2 * len(by) or 2
        at = keys + bool(by)
        listed.sort(key=lambda r: (-r[at], *((r[k] is None, r[k]) for k in range(keys))))
        ends = tuple(f"{end}_{g}" for end in ("pre", "post") for g in by) or ("pre_id", "post_id")
        return Expected((*ends, *(("connections",) if by else ()), "synapses", figure.replace(" ", "_")), listed)

    def count(self, name: str, of: Expected) -> Expected:
        """`how many ...`: the rows."""
        return Expected((name,), [(len(of.rows),)])

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
