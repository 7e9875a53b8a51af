"""Answers to the examples of the groups Partners and Types, by loops over the stored synapses."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from tests.query.oracle import Oracle, Picked

__all__ = ["EXPECTED"]

Rows = list[tuple[Any, ...]]
EXPECTED: dict[str, Callable[[Oracle], Rows]] = {}


def expected(function: Callable[[Oracle], Rows]) -> Callable[[Oracle], Rows]:
    EXPECTED[function.__name__] = function
    return function


def typed(o: Oracle, *patterns: str) -> set[int]:
    return o.ids(o.typed(*patterns))


def pairs(
    o: Oracle, *regions: str, pre: set[int] | None = None, post: set[int] | None = None, least: int = 1
) -> Counter[tuple[int, int]]:
    """Synapses of each pair that has at least so many."""
    found = o.pairs(Picked(regions=regions or None, least=least), pre, post)
    return Counter({pair: counts.total() for pair, counts in found.items()})


def last(value: Any) -> tuple[bool, Any]:
    """Sorts what is not known behind all else."""
    return value is None, value or ""


# -- Partners


@expected
def strongest_inputs(o: Oracle) -> Rows:
    asked = typed(o, "EPG")
    onto: dict[int, list[int]] = defaultdict(list)
    for (a, _), n in pairs(o, post=asked, least=5).items():
        onto[a].append(n)
    every = sum(o.neurons[i]["in_at"].total() for i in asked)
    rows = [
        (a, o.neurons[a]["name"], o.neurons[a]["type"], o.neurons[a]["nt"], sum(ns), len(ns), sum(ns) / every)
        for a, ns in onto.items()
    ]
    return sorted(rows, key=lambda r: (-r[4], r[0]))


@expected
def strongest_outputs(o: Oracle) -> Rows:
    asked = typed(o, "MBON*")
    onto: dict[int, list[int]] = defaultdict(list)
    for (_, b), n in pairs(o, "SMP(L)", "SMP(R)", pre=asked).items():
        onto[b].append(n)
    every = sum(o.neurons[i]["out_at"].total() for i in asked)
    rows = [
        (b, o.neurons[b]["name"], o.neurons[b]["type"], o.neurons[b]["nt"], sum(ns), len(ns), sum(ns) / every)
        for b, ns in onto.items()
    ]
    return sorted(rows, key=lambda r: (-r[4], r[0]))


@expected
def inputs_by_type(o: Oracle) -> Rows:
    asked = {i for i in typed(o, "EPG") if o.neurons[i]["in_at"].total()}
    by_type: dict[Any, list[tuple[int, int, int]]] = defaultdict(list)
    for (a, b), n in pairs(o, "EB", post=asked).items():
        by_type[o.neurons[a]["type"]].append((a, b, n))
    rows = []
    for name, found in by_type.items():
        fraction = sum(n / o.neurons[b]["in_at"].total() for _, b, n in found) / len(asked)
        counts = len({a for a, *_ in found}), len({b for _, b, _ in found}), sum(n for *_, n in found)
        rows.append((name, *counts, fraction))
    return sorted(rows, key=lambda r: (-r[4], last(r[0])))


@expected
def inputs_by_transmitter(o: Oracle) -> Rows:
    asked = typed(o, "EPG")
    onto = [s for s in o.synapses if s["post_id"] in asked]
    counts = Counter(s["nt"] for s in onto)
    rows = [(nt, len({s["pre_id"] for s in onto if s["nt"] == nt}), n, n / len(onto)) for nt, n in counts.items()]
    return sorted(rows, key=lambda r: (-r[2], last(r[0])))


@expected
def common_inputs(o: Oracle) -> Rows:
    def onto(of: set[int]) -> Counter[int]:
        found: Counter[int] = Counter()
        for (a, _), n in pairs(o, post=of).items():
            found[a] += n
        return found

    a, b = onto(typed(o, "PEN_a")), onto(typed(o, "PEN_b"))
    rows = [(i, o.neurons[i]["name"], o.neurons[i]["type"], a[i], b[i]) for i in a if min(a[i], b[i]) >= 5]
    return sorted(rows, key=lambda r: (-min(r[3:]), -sum(r[3:]), r[0]))


@expected
def common_outputs(o: Oracle) -> Rows:
    def out_of(of: set[int]) -> Counter[int]:
        found: Counter[int] = Counter()
        for (_, b), n in pairs(o, "EB", pre=of).items():
            found[b] += n
        return found

    a, b = out_of(typed(o, "ER4d")), out_of(typed(o, "ER4m"))
    rows = [(i, o.neurons[i]["name"], o.neurons[i]["type"], a[i], b[i]) for i in a if b[i]]
    return sorted(rows, key=lambda r: (-min(r[3:]), -sum(r[3:]), r[0]))


@expected
def relays(o: Oracle) -> Rows:
    source, target = typed(o, "ORN*"), typed(o, "MBON*", "KC*")
    strong = pairs(o, least=5)
    rows = []
    for i, neuron in o.neurons.items():
        into = [n for (a, b), n in strong.items() if b == i and a in source]
        out = [n for (a, b), n in strong.items() if a == i and b in target]
        if into and out and i not in source | target:
            rows.append((i, neuron["name"], neuron["type"], neuron["nt"], sum(into), sum(out), len(into), len(out)))
    return sorted(rows, key=lambda r: (-min(r[4:6]), -sum(r[4:6]), r[0]))


@expected
def connection_probability_by_distance(o: Oracle) -> Rows:
    def at(i: int) -> tuple[float, ...]:
        return tuple(o.neurons[i][f"soma_{axis}_nm"] for axis in "xyz")

    asked = {i for i in typed(o, "ER*") if None not in at(i)}
    linked = pairs(o, pre=asked, post=asked)
    seen: dict[int, list[int]] = defaultdict(list)
    for a in asked:
        for b in asked - {a}:
            seen[int(math.dist(at(a), at(b)) / 1000 // 50)].append(linked[a, b])
    rows = []
    for low, found in sorted(seen.items()):
        weights = [n for n in found if n]
        mean = statistics.mean(weights) if weights else None
        rows.append((50.0 * low, 50.0 * low + 50, len(found), len(weights), len(weights) / len(found), mean))
    return rows


@expected
def compartments(o: Oracle) -> Rows:
    a, b = typed(o, "ER*"), typed(o, "EPG")
    found = [s for s in o.synapses if s["pre_id"] in a and s["post_id"] in b]
    rows = []
    for name, n in Counter(s["compartment"] for s in found).items():
        rows.append(
            (name, len({(s["pre_id"], s["post_id"]) for s in found if s["compartment"] == name}), n, n / len(found))
        )
    return sorted(rows, key=lambda r: (-r[2], last(r[0])))


# -- Types


@expected
def type_matrix(o: Oracle) -> Rows:
    found: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for (a, b), n in pairs(o, "EB", least=3).items():
        if o.neurons[a]["type"] is not None and o.neurons[b]["type"] is not None:
            found[o.neurons[a]["type"], o.neurons[b]["type"]].append((a, b, n))
    rows = [
        (*types, len({a for a, _, _ in each}), len({b for _, b, _ in each}), len(each), sum(n for *_, n in each))
        for types, each in found.items()
    ]
    return sorted(rows, key=lambda r: (-r[5], r[0], r[1]))


@expected
def connection_probability(o: Oracle) -> Rows:
    members: dict[str, set[int]] = defaultdict(set)
    for i, neuron in o.neurons.items():
        if neuron["type"] is not None:
            members[neuron["type"]].add(i)
    large = {name: ids for name, ids in members.items() if len(ids) >= 5}
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for (a, b), n in pairs(o, least=5).items():
        types = (o.neurons[a]["type"], o.neurons[b]["type"])
        if a != b and set(types) <= large.keys():
            found[types].append(n)
    rows = []
    for (p, q), weights in found.items():
        possible = len(large[p]) * len(large[q]) - len(large[p] & large[q])
        rows.append((p, q, possible, len(weights), len(weights) / possible, statistics.mean(weights)))
    return sorted(rows, key=lambda r: (-r[4], r[0], r[1]))


def by_type(o: Oracle) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for neuron in o.neurons.values():
        if neuron["type"] is not None:
            groups[neuron["type"]].append(neuron)
    return groups


@expected
def types_by_side(o: Oracle) -> Rows:
    rows = []
    for name, group in by_type(o).items():
        sides = Counter(n["side"] for n in group)
        left, right = sides["left"], sides["right"]
        rows.append((name, left, right, len(group) - left - right, abs(left - right)))
    return sorted((r for r in rows if r[4] >= 1), key=lambda r: (-r[4], r[0]))


@expected
def lateralised_types(o: Oracle) -> Rows:
    rows = []
    for name, group in by_type(o).items():
        left, right = (sum(n["out_at"].total() for n in group if n["side"] == side) for side in ("left", "right"))
        if left + right >= 100:
            rows.append((name, left, right, (left - right) / (left + right)))
    return sorted(rows, key=lambda r: (-abs(r[3]), r[0]))


@expected
def type_variability(o: Oracle) -> Rows:
    rows = []
    for name, group in sorted(by_type(o).items()):
        if len(group) >= 10:
            ins, outs = ([n[at].total() for n in group] for at in ("in_at", "out_at"))
            figures = [f(x) for x in (ins, outs) for f in (statistics.mean, statistics.stdev)]
            rows.append((name, len(group), figures[0], figures[1] / figures[0], figures[2], figures[3] / figures[2]))
    return rows


@expected
def types_with_similar_inputs(o: Oracle) -> Rows:
    vectors: dict[str, Counter[str]] = defaultdict(Counter)
    for (a, b), n in pairs(o).items():
        p, q = o.neurons[a]["type"], o.neurons[b]["type"]
        if p is not None and q is not None:
            vectors[q][p] += n
    mine = vectors["EPG"]

    def cosine(other: Counter[str]) -> float:
        return sum(mine[t] * other[t] for t in mine) / math.hypot(*mine.values()) / math.hypot(*other.values())

    rows = [
        (t, cosine(v), len(mine.keys() & v.keys())) for t, v in vectors.items() if t != "EPG" and mine.keys() & v.keys()
    ]
    return sorted(rows, key=lambda r: (-r[1], r[0]))


@expected
def recurrent_types(o: Oracle) -> Rows:
    rows = []
    for name, group in by_type(o).items():
        ids = {n["neuron_id"] for n in group}
        within = {pair: n for pair, n in pairs(o, pre=ids, post=ids).items() if pair[0] != pair[1]}
        if len(ids) >= 5 and within:
            both = sum(1 for a, b in within if a < b and (b, a) in within)
            inputs = sum(n["in_at"].total() for n in group)
            synapses = sum(within.values())
            rows.append(
                (
                    name,
                    len(ids),
                    len(within),
                    len(within) / (len(ids) * (len(ids) - 1)),
                    both,
                    synapses,
                    synapses / inputs,
                )
            )
    return sorted(rows, key=lambda r: (-r[6], r[0]))


@expected
def types_in_region(o: Oracle) -> Rows:
    rows = []
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for neuron in o.neurons.values():
        if sum(o.there(neuron, ("EB",))):
            groups[neuron["type"]].append(neuron)
    for name, group in groups.items():
        there = [o.there(n, ("EB",)) for n in group]
        i, x = sum(a for a, _ in there), sum(b for _, b in there)
        rows.append(
            (
                name,
                len(group),
                i,
                x,
                i / sum(n["in_at"].total() for n in group),
                x / sum(n["out_at"].total() for n in group),
            )
        )
    return sorted(rows, key=lambda r: (-(r[2] + r[3]), last(r[0])))


@expected
def contralateral_types(o: Oracle) -> Rows:
    found: dict[str, Counter[bool]] = defaultdict(Counter)
    for (a, b), n in pairs(o).items():
        pre, post = o.neurons[a], o.neurons[b]
        if {pre["side"], post["side"]} <= {"left", "right"} and pre["type"] is not None:
            found[pre["type"]][pre["side"] == post["side"]] += n
    rows = [(t, c[True], c[False], c[False] / c.total()) for t, c in found.items() if c.total() >= 100]
    return sorted(rows, key=lambda r: (-r[3], r[0]))
