"""Answers to the examples of the other groups, by loops over the stored synapses."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from typing import Any

import networkx as nx

from tests.catalogue.expected_partners import EXPECTED, Rows, expected, last, pairs, typed
from tests.query.oracle import Oracle

__all__ = ["EXPECTED"]

INHIBITORY = {"gaba", "glutamate"}


def digraph(o: Oracle, *regions: str, least: int = 1) -> nx.DiGraph[int]:
    """Without autapses."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_weighted_edges_from((a, b, n) for (a, b), n in pairs(o, *regions, least=least).items() if a != b)
    return graph


def called(o: Oracle, i: int) -> tuple[Any, ...]:
    return i, o.neurons[i]["name"], o.neurons[i]["type"]


# -- Neurons


@expected
def hubs(o: Oracle) -> Rows:
    graph = digraph(o, "EB", least=5)
    rows = []
    for i in graph:
        weight = graph.in_degree(i, "weight") + graph.out_degree(i, "weight")
        partners = {*graph.predecessors(i), *graph.successors(i)}
        rows.append((*called(o, i), len(partners), graph.in_degree(i), graph.out_degree(i), weight))
    return sorted(rows, key=lambda r: (-r[3], -r[6], r[0]))


@expected
def broadcasters_and_integrators(o: Oracle) -> Rows:
    graph, rows = digraph(o), []
    for i in graph:
        into, out = graph.in_degree(i), graph.out_degree(i)
        if into + out >= 20 and max(into, out) >= 2 * min(into, out):
            rows.append((*called(o, i), "broadcaster" if out > into else "integrator", into, out))
    return sorted(rows, key=lambda r: (r[3], -(r[4] + r[5]), r[0]))


@expected
def disconnected_neurons(o: Oracle) -> Rows:
    linked = {i for pair in pairs(o) if pair[0] != pair[1] for i in pair}
    own = pairs(o)
    return [
        (*called(o, i), o.neurons[i]["status"], own[i, i], 0) for i in sorted(o.neurons) if i not in linked
    ]  # none in the sample; test_disconnected has some


@expected
def autapses(o: Oracle) -> Rows:
    rows = [
        (*called(o, a), n, n / o.neurons[a]["out_at"].total()) for (a, b), n in pairs(o).items() if a == b and n >= 2
    ]
    return sorted(rows, key=lambda r: (-r[3], r[0]))


@expected
def untyped_neurons(o: Oracle) -> Rows:
    graph, rows = digraph(o), []
    for i, n in o.neurons.items():
        if n["nt"] is None:
            around = {*graph.predecessors(i), *graph.successors(i)}
            known = sum(1 for j in around if o.neurons[j]["type"] is not None)
            rows.append((i, n["name"], n["status"], n["in_at"].total(), n["out_at"].total(), known))
    return sorted(rows, key=lambda r: (-(r[3] + r[4]), r[0]))


@expected
def bilateral_neurons(o: Oracle) -> Rows:
    rows = []
    for i in typed(o, "MBON*"):
        n, sides = o.neurons[i], Counter[str]()
        for region, count in (n["in_at"] + n["out_at"]).items():
            for side in "LR":
                sides[side] += count * o.name[region].endswith(f"({side})")
        left, right = sides["L"], sides["R"]
        if left + right:
            one = "left" if left > right else "right"
            rows.append((*called(o, i), left, right, "bilateral" if min(left, right) / (left + right) >= 0.1 else one))
    return sorted(rows, key=lambda r: (-min(r[3:5]) / sum(r[3:5]), -sum(r[3:5]), r[0]))


@expected
def region_profile(o: Oracle) -> Rows:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for i in typed(o, "EPG"):
        n = o.neurons[i]
        for region in {*n["in_at"], *n["out_at"]}:
            found[o.name[region]].append((n["in_at"][region], n["out_at"][region]))
    sums = {name: (sum(a for a, _ in each), sum(b for _, b in each)) for name, each in found.items()}
    ins, outs = sum(a for a, _ in sums.values()), sum(b for _, b in sums.values())
    rows = [(name, len(found[name]), a, b, a / ins, b / outs) for name, (a, b) in sums.items()]
    return sorted(rows, key=lambda r: (-(r[2] + r[3]), r[0]))


# -- Transmitters


@expected
def excitation_inhibition(o: Oracle) -> Rows:
    asked, inside = o.ids(o.belongs(("EB",))), o.within(("EB",))
    found: dict[Any, Counter[str]] = defaultdict(Counter)
    for s in o.synapses:
        if s["post_id"] in asked and s["region_id"] in inside:
            kind = "e" if s["nt"] == "acetylcholine" else "i" if s["nt"] in INHIBITORY else "o"
            found[o.neurons[s["post_id"]]["type"]][kind] += 1
    rows = [
        (t, c["e"], c["i"], c["o"], c["e"] / (c["e"] + c["i"]) if c["e"] + c["i"] else None) for t, c in found.items()
    ]
    return sorted(rows, key=lambda r: (-(r[1] + r[2]), last(r[0])))


@expected
def transmitters_by_region(o: Oracle) -> Rows:
    inside = o.within(("CX",))
    found = Counter((o.name[s["region_id"]], s["nt"]) for s in o.synapses if s["region_id"] in inside)
    every = Counter(o.name[s["region_id"]] for s in o.synapses)
    rows = [(region, nt, n, n / every[region]) for (region, nt), n in found.items()]
    return sorted(rows, key=lambda r: (r[0], -r[2], last(r[1])))


@expected
def transmitters_by_class(o: Oracle) -> Rows:
    asked = [o.neurons[i] for i in o.ids(o.belongs(("CX",)))]
    size = Counter(n["class"] for n in asked)
    rows = []
    for (name, nt), count in Counter((n["class"], n["nt"]) for n in asked).items():
        outputs = sum(n["out_at"].total() for n in asked if (n["class"], n["nt"]) == (name, nt))
        rows.append((name, nt, count, outputs, count / size[name]))
    return sorted(rows, key=lambda r: (last(r[0]), -r[2], last(r[1])))


@expected
def mixed_transmitters(o: Oracle) -> Rows:
    found: dict[int, list[bool]] = defaultdict(list)
    for s in o.synapses:
        nt = o.neurons[s["pre_id"]]["nt"]
        if s["nt"] is not None and nt is not None:
            found[s["pre_id"]].append(s["nt"] == nt)
    rows = [
        (*called(o, i), o.neurons[i]["nt"], len(each), sum(each), sum(each) / len(each))
        for i, each in found.items()
        if len(each) >= 5
    ]
    return sorted(rows, key=lambda r: (r[6], r[0]))


# -- Regions


@expected
def region_flow(o: Oracle) -> Rows:
    flow: dict[tuple[str, str], list[float]] = defaultdict(list)
    for i in o.ids(o.belongs(("CX",))):
        n = o.neurons[i]
        ins = {r: c for r, c in n["in_at"].items() if r}
        outs = {r: c for r, c in n["out_at"].items() if r}
        for a, x in ins.items():
            for b, y in outs.items():
                flow[o.name[a], o.name[b]].append(x / sum(ins.values()) * y)
    rows = [(*ends, len(parts), round(math.fsum(parts), 9)) for ends, parts in flow.items()]
    return sorted(rows, key=lambda r: (-r[3], r[0], r[1]))


def boxes(o: Oracle) -> dict[int, float]:
    """Volume of each region's box, in cubic micrometres."""
    return {r["region_id"]: math.prod((r[f"max_{a}_nm"] - r[f"min_{a}_nm"]) / 1000 for a in "xyz") for r in o.regions}


@expected
def synapse_density(o: Oracle) -> Rows:
    at = Counter(s["region_id"] for s in o.synapses)
    rows = []
    for region, volume in boxes(o).items():
        if region in o.within(("CX",)):
            n = sum(at[r] for r in o.within((o.name[region],)))
            rows.append((o.name[region], n, volume, n / volume))
    return sorted(rows, key=lambda r: (-r[3], r[0]))


@expected
def projection_neurons(o: Oracle) -> Rows:
    rows = []
    for i, n in o.neurons.items():
        into, out = o.there(n, ("EB",))[0], o.there(n, ("PB",))[1]
        if min(into, out) >= 10:
            rows.append((*called(o, i), n["nt"], into, out))
    return sorted(rows, key=lambda r: (-min(r[4:]), -sum(r[4:]), r[0]))


@expected
def region_overlap(o: Oracle) -> Rows:
    present: dict[str, set[int]] = defaultdict(set)
    for i, n in o.neurons.items():
        for region, count in (n["in_at"] + n["out_at"]).items():
            if region and count >= 10:
                present[o.name[region]].add(i)
    rows = []
    for a in present:
        for b in present:
            if a < b and len(both := present[a] & present[b]) >= 5:
                share = len(both) / len(present[a] | present[b])
                rows.append((a, b, len(present[a]), len(present[b]), len(both), share))
    return sorted(rows, key=lambda r: (-r[5], r[0], r[1]))


# -- Synapses


@expected
def gap_junctions(o: Oracle) -> Rows:
    asked, chemical = typed(o, "EPG"), pairs(o)
    found = Counter((min(e), max(e)) for e in ((s["pre_id"], s["post_id"]) for s in o.electrical) if asked & set(e))
    rows = [
        (a, o.neurons[a]["type"], b, o.neurons[b]["type"], n, chemical[a, b], chemical[b, a])
        for (a, b), n in found.items()
    ]
    return sorted(rows, key=lambda r: (-r[4], r[0], r[2]))


@expected
def polyadic_sites(o: Oracle) -> Rows:
    asked = typed(o, "ER*")
    sites = Counter((s["pre_id"], s["pre_site_id"]) for s in o.synapses if s["pre_id"] in asked)
    return [(k, n, n / len(sites)) for k, n in sorted(Counter(sites.values()).items())]


@expected
def synapse_sizes(o: Oracle) -> Rows:
    sizes: dict[tuple[Any, Any], list[int]] = defaultdict(list)
    asked = typed(o, "EPG")
    for s in o.synapses:
        if s["post_id"] in asked and s["size"] is not None:
            sizes[o.neurons[s["pre_id"]]["type"], o.neurons[s["post_id"]]["type"]].append(s["size"])
    rows = [(*t, len(x), statistics.mean(x), statistics.median(x)) for t, x in sizes.items() if len(x) >= 50]
    return sorted(rows, key=lambda r: (-r[3], last(r[0]), last(r[1])))


@expected
def synapses_near(o: Oracle) -> Rows:
    rows = []
    for s in (*o.synapses, *o.electrical):
        distance = round(math.dist([s[f"post_{a}_nm"] for a in "xyz"], (380000, 130000, 75000)), 3)
        if distance <= 8000:
            ends = (x for i in (s["pre_id"], s["post_id"]) for x in (i, o.neurons[i]["type"]))
            rows.append((s["synapse_id"], *ends, s["kind"], distance))
    return sorted(rows, key=lambda r: (r[6], r[0]))
