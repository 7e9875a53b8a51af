"""MATCH from the definition: every way to bind the neurons of a pattern, on the stored synapses, with loops and counters."""

from __future__ import annotations

import functools
import operator
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations
from typing import Any

from graphkit.dataset import Dataset
from graphkit.query import ir

__all__ = ["MatchOracle"]

Pair = tuple[int, int]
COMPARE = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TURNED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class MatchOracle:
    """The raw rows of a dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self.neurons = {n["neuron_id"]: n for n in dataset.table("neurons").to_pylist()}
        tree = {r["region_id"]: r for r in dataset.table("regions").to_pylist()}
        self.ancestors: dict[int | None, set[str]] = {None: set(), 0: set()}
        for region, row in tree.items():
            names, at = {row["name"]}, row["parent_id"]
            while at is not None:
                names.add(tree[at]["name"])
                at = tree[at]["parent_id"]
            self.ancestors[region] = names
        self.there: dict[int, dict[str, Counter[str]]] = {i: {"in": Counter(), "out": Counter()} for i in self.neurons}
        self.rows: dict[str, list[tuple[int, int, int | None, str | None]]] = {"chemical": [], "electrical": []}
        for s in dataset.table("synapses").to_pylist():
            row = (s["pre_id"], s["post_id"], s["region_id"], s["nt"])
            self.rows[s["kind"]].append(row)
            if s["kind"] == "chemical":
                for name in (*self.ancestors[row[2]], "any"):
                    self.there[row[0]]["out"][name] += 1
                    self.there[row[1]]["in"][name] += 1
            if s["kind"] == "electrical" and s["pre_id"] != s["post_id"]:
                self.rows["electrical"].append((row[1], row[0], row[2], row[3]))

    # -- neurons and connections

    def meets(self, neuron: dict[str, Any], condition: ir.Condition | None) -> bool | None:
        """True, false, or unknown (None)."""
        match condition:
            case None:
                return True
            case ir.And(terms):
                found = [self.meets(neuron, t) for t in terms]
                return False if False in found else None if None in found else True
            case ir.Or(terms):
                found = [self.meets(neuron, t) for t in terms]
                return True if True in found else None if None in found else False
            case ir.Not(term):
                found_one = self.meets(neuron, term)
                return None if found_one is None else not found_one
            case ir.BelongsTo((region,), share):
                ends = self.there[neuron["neuron_id"]].values()
                return any(n[region] > 0 and Fraction(n[region], n["any"]) >= Fraction(str(share)) for n in ends)
            case ir.HasSynapsesIn(regions):
                return any(n[r] > 0 for n in self.there[neuron["neuron_id"]].values() for r in regions)
            case ir.Comparison(column, "like", str(value)):
                pattern = re.escape(value).replace(r"\*", ".*").replace(r"\?", ".")
                return None if neuron[column] is None else bool(re.fullmatch(pattern, neuron[column], re.IGNORECASE))
            case ir.Comparison(column, op, value):
                held = neuron[column]
                if op in ("is null", "is not null"):
                    return (held is None) == (op == "is null")
                if held is None:
                    return None
                if op == "in":
                    assert isinstance(value, tuple)
                    return held in value
                return bool(COMPARE[op](held, value))
        raise AssertionError(condition)

    @functools.cache  # noqa: B019 - one for each dataset of the tests
    def selected(self, selection: ir.Selection) -> list[tuple[int, int, int | None, str | None]]:
        """The synapses of the selected graph."""
        among = {i for i, n in self.neurons.items() if self.meets(n, selection.neurons)}
        rows = [
            r
            for r in self.rows[selection.kind]
            if r[0] in among
            and r[1] in among
            and (selection.regions is None or self.ancestors[r[2]] & set(selection.regions))
            and (selection.nt is None or r[3] in selection.nt)
            and (selection.autapses or r[0] != r[1])
        ]
        key = (lambda r: r[:3]) if selection.per_region else (lambda r: r[:2])
        counts = Counter(map(key, rows))
        return [r for r in rows if counts[key(r)] >= selection.min_synapses]

    def pairs(self, form: ir.Match, edge: ir.PatternEdge) -> dict[Pair, int]:
        """The pairs that meet an edge's conditions, with the synapses that count for it."""
        rows = self.selected(form.selection)
        counts = Counter(
            r[:2]
            for r in rows
            if (edge.regions is None or self.ancestors[r[2]] & set(edge.regions))
            and (edge.nt is None or r[3] in edge.nt)
        )
        found = {p: n for p, n in counts.items() if all(COMPARE[op](n, k) for op, k in edge.synapses)}
        if edge.hops == (1, 1):
            return found
        after = defaultdict(set)
        for pre, post in found:
            after[pre].add(post)
        reached, walked = set(), set(found)
        for hop in range(1, edge.hops[1] + 1):
            reached |= walked if hop >= edge.hops[0] else set()
            walked = {(a, d) for a, b in walked for d in after[b]}
        return dict.fromkeys(reached, 1)

    # -- matches

    def classes(self, form: ir.Match) -> list[list[tuple[int, ...]]]:
        """The matches that are the same but for a symmetry, together; each in order, so that the first stands for all."""
        labelled = sorted(self._bindings(form))
        names = [n.name for n in form.nodes]
        turns = [p for p in permutations(names) if self._keeps(form, dict(zip(names, p, strict=True)))]
        groups: dict[frozenset[tuple[int, ...]], None] = {}
        for match in labelled:
            at = dict(zip(names, match, strict=True))
            same = frozenset(tuple(at[p] for p in turn) for turn in turns) if not form.labelled else frozenset([match])
            groups[same] = None
        return [sorted(g) for g in groups]

    def _bindings(self, form: ir.Match) -> Iterator[tuple[int, ...]]:
        names = [n.name for n in form.nodes]
        found = {i: self.pairs(form, e) for i, e in enumerate(form.edges)}
        base = set(self.pairs(form, ir.PatternEdge("", "")))
        electrical = form.selection.kind == "electrical"
        known = self._known(form)
        options = {n.name: {i for i in known if self.meets(self.neurons[i], n.where)} for n in form.nodes}
        for ids in self._bound(form, options, found):
            at = dict(zip(names, ids, strict=True))
            if any(((at[e.pre], at[e.post]) in found[i]) == e.absent for i, e in enumerate(form.edges)):
                continue
            if form.induced:
                wanted = {(at[e.pre], at[e.post]) for e in form.edges if not e.absent}
                wanted |= {(b, a) for a, b in wanted} if electrical else set()
                if any(p in base and p not in wanted for p in permutations(ids, 2)):
                    continue
            if all(self._holds(form, test, at, found) for test in form.tests):
                yield ids

    def _bound(
        self, form: ir.Match, options: dict[str, set[int]], found: dict[int, dict[Pair, int]]
    ) -> Iterator[tuple[int, ...]]:
        """Different neurons for all variables, along the connections: each variable is found among the neighbours of others."""
        after: dict[int, dict[int, set[int]]] = {}
        before: dict[int, dict[int, set[int]]] = {}
        for i, edge in enumerate(form.edges):
            after[i], before[i] = defaultdict(set), defaultdict(set)
            for pre, post in () if edge.absent else found[i]:
                after[i][pre].add(post)
                before[i][post].add(pre)

        def step(at: dict[str, int]) -> Iterator[dict[str, int]]:
            if len(at) == len(options):
                yield at
                return
            near: dict[str, list[set[int]]] = {}
            for i, edge in enumerate(form.edges):
                if edge.absent:
                    continue
                if edge.pre in at and edge.post not in at:
                    near.setdefault(edge.post, []).append(after[i][at[edge.pre]])
                if edge.post in at and edge.pre not in at:
                    near.setdefault(edge.pre, []).append(before[i][at[edge.post]])
            name = next(iter(near)) if near else next(n for n in options if n not in at)
            for neuron in set.intersection(options[name], *near.get(name, [])) - set(at.values()):
                yield from step({**at, name: neuron})

        for at in step({}):
            yield tuple(at[n] for n in options)

    def _known(self, form: ir.Match) -> set[int]:
        """The neurons of the selected graph: those that are named, or all, or where a place is named those with synapses."""
        if form.selection.neurons is not None:
            return {i for i, n in self.neurons.items() if self.meets(n, form.selection.neurons)}
        if form.selection.regions is None:
            return set(self.neurons)
        return {i for row in self.selected(form.selection) for i in row[:2]}

    def value(self, form: ir.Match, of: ir.Attribute, at: dict[str, int], found: dict[int, dict[Pair, int]]) -> Any:
        for i, edge in enumerate(form.edges):
            if edge.name == of.of:
                return found[i][at[edge.pre], at[edge.post]]
        return self.neurons[at[of.of]][of.name]

    def _holds(self, form: ir.Match, test: ir.Test, at: dict[str, int], found: dict[int, dict[Pair, int]]) -> bool:
        left, right = (self.value(form, side, at, found) for side in (test.left, test.right))
        return left is not None and right is not None and bool(COMPARE[test.op](left, right))

    def _keeps(self, form: ir.Match, to: dict[str, str]) -> bool:
        """Whether renaming the neurons gives the same pattern."""
        where = {n.name: n.where for n in form.nodes}
        return all(where[a] == where[b] for a, b in to.items()) and self._shape(form, to) == self._shape(
            form, {n: n for n in to}
        )

    def _shape(self, form: ir.Match, to: dict[str, str]) -> tuple[Any, Any]:
        edges: dict[str | None, Any] = {}
        every = set()
        for edge in form.edges:
            ends = (to[edge.pre], to[edge.post])
            ends = tuple(sorted(ends)) if form.selection.kind == "electrical" else ends
            drawn = (ends, edge.absent, edge.regions, edge.nt, frozenset(edge.synapses), edge.hops)
            every.add(drawn)
            edges[edge.name] = drawn
        tests = set()
        for test in form.tests:
            sides = [edges[s.of] if s.of in edges else (to[s.of], s.name) for s in (test.left, test.right)]
            tests |= {(repr(sides[0]), test.op, repr(sides[1])), (repr(sides[1]), TURNED[test.op], repr(sides[0]))}
        return every, tests

    # -- answers

    def answer(self, form: ir.Match) -> tuple[list[str], list[list[Any]]]:
        """Columns and rows of the whole answer."""
        classes = self.classes(form)
        if form.returns == "count":
            return ["matches"], [[len(classes)]]
        if form.returns == "exists":
            return ["exists"], [[bool(classes)]]
        if form.returns == "neurons":
            counts = Counter(i for c in classes for i in c[0])
            listed = [[i, self.neurons[i]["name"], self.neurons[i]["type"], n] for i, n in counts.items()]
            listed.sort(key=lambda r: (-r[3], r[0]))
            for order in reversed(form.order):
                at = ["neuron_id", "name", "type", "matches"].index(order.by.name)
                listed.sort(key=lambda r: r[at], reverse=order.descending)
            return ["neuron_id", "name", "type", "matches"], listed[: form.limit]
        columns = list(form.columns) or [
            ir.Attribute(n.name, c) for n in form.nodes for c in ("neuron_id", "name", "type")
        ] + [ir.Attribute(e.name, "synapses") for e in form.edges if e.name and not e.absent and e.hops == (1, 1)]
        found = {i: self.pairs(form, e) for i, e in enumerate(form.edges)}
        names = [n.name for n in form.nodes]
        matches = [dict(zip(names, match, strict=True)) for match in sorted(c[0] for c in classes)]
        for order in reversed(form.order):

            def key(at: dict[str, int], order: ir.Order = order) -> Any:
                return self.value(form, order.by, at, found)

            known = sorted((m for m in matches if key(m) is not None), key=key, reverse=order.descending)
            matches = known + [m for m in matches if key(m) is None]
        heads = [f"{c.of}_{'id' if c.name == 'neuron_id' else c.name}" for c in columns]
        return heads, [[self.value(form, c, at, found) for c in columns] for at in matches[: form.limit]]
