"""What the shipped questions about motifs should answer, from the stored rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations, product
from typing import Any

import networkx as nx

from tests.catalogue.expected_partners import EXPECTED, Rows, expected, last, pairs, typed
from tests.catalogue.expected_rest import INHIBITORY, called, digraph
from tests.query.oracle import Oracle, Picked

__all__ = ["EXPECTED"]


def _reciprocal(o: Oracle, found: dict[tuple[int, int], int]) -> Rows:
    rows = [
        (a, o.neurons[a]["type"], b, o.neurons[b]["type"], n, found[b, a])
        for (a, b), n in found.items()
        if a < b and (b, a) in found
    ]
    return sorted(rows, key=lambda r: (-min(r[4:]), r[0], r[2]))


@expected
def reciprocal_pairs(o: Oracle) -> Rows:
    return _reciprocal(o, pairs(o, "EB", least=5))


@expected
def reciprocal_inhibition(o: Oracle) -> Rows:
    found = o.pairs(Picked(regions=("EB",), least=3, nt=tuple(INHIBITORY)))
    return _reciprocal(o, {pair: counts.total() for pair, counts in found.items()})


@expected
def feedforward_loops(o: Oracle) -> Rows:
    graph, first, final = digraph(o, "EB", least=5), typed(o, "ER4d"), typed(o, "EPG")
    pattern = nx.DiGraph([("a", "b"), ("b", "c"), ("a", "c")])
    matcher = nx.algorithms.isomorphism.DiGraphMatcher(graph, pattern)
    rows = []
    for found in matcher.subgraph_monomorphisms_iter():
        a, b, c = sorted(found, key=found.get)  # type: ignore[arg-type]
        if a in first and c in final:
            weights = [graph[x][y]["weight"] for x, y in ((a, b), (b, c), (a, c))]
            rows.append((*(x for i in (a, b, c) for x in (i, o.neurons[i]["type"])), *weights))
    return sorted(rows, key=lambda r: (-min(r[6:]), r[0], r[2], r[4]))


@expected
def feedback_loops(o: Oracle) -> Rows:
    graph = digraph(o, "EB", least=5)
    rows = []
    for ring in nx.simple_cycles(graph, length_bound=3):
        if len(ring) == 3:
            at = ring.index(min(ring))
            a, b, c = ring[at:] + ring[:at]
            weakest = min(graph[x][y]["weight"] for x, y in ((a, b), (b, c), (c, a)))
            rows.append((*(x for i in (a, b, c) for x in (i, o.neurons[i]["type"])), weakest))
    return sorted(rows, key=lambda r: (-r[6], r[0], r[2], r[4]))


@expected
def convergence(o: Oracle) -> Rows:
    asked = typed(o, "ER*")
    onto: dict[int, list[int]] = defaultdict(list)
    for (a, b), n in pairs(o, "EB", pre=asked, least=2).items():
        if a != b:
            onto[b].append(n)
    rows = [(*called(o, b), len(ns), len(ns) / len(asked), sum(ns)) for b, ns in onto.items()]
    return sorted(rows, key=lambda r: (-r[3], -r[5], r[0]))


@expected
def divergence(o: Oracle) -> Rows:
    asked = typed(o, "KC*")
    from_it: dict[int, list[int]] = defaultdict(list)
    for (a, b), n in pairs(o, post=asked, least=2).items():
        if a != b:
            from_it[a].append(n)
    rows = [(*called(o, a), len(ns), len(ns) / len(asked), sum(ns)) for a, ns in from_it.items()]
    return sorted(rows, key=lambda r: (-r[3], -r[5], r[0]))


@expected
def disynaptic_inhibition(o: Oracle) -> Rows:
    graph = digraph(o, least=5)
    paths: dict[tuple[Any, Any], list[tuple[int, int]]] = defaultdict(list)
    for a in typed(o, "EPG") & set(graph):
        for b in graph[a]:
            if o.neurons[b]["nt"] in INHIBITORY:
                for c in set(graph[b]) - {a}:
                    paths[o.neurons[b]["type"], o.neurons[c]["type"]].append((b, c))
    rows = [(*types, len({b for b, _ in f}), len({c for _, c in f}), len(f)) for types, f in paths.items()]
    return sorted(rows, key=lambda r: (-r[4], last(r[0]), last(r[1])))


@expected
def strongest_connections(o: Oracle) -> Rows:
    rows = [(*called(o, a), *called(o, b), n) for (a, b), n in pairs(o, "EB", least=20).items()]
    return sorted(rows, key=lambda r: (-r[6], r[0], r[3]))


@expected
def ring_to_compass(o: Oracle) -> Rows:
    found: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for (a, b), n in pairs(o, "EB", pre=typed(o, "ER*"), post=typed(o, "EPG")).items():
        found[o.neurons[a]["type"], o.neurons[b]["type"]].append((a, b, n))
    rows = [
        (*types, len({a for a, _, _ in f}), len({b for _, b, _ in f}), len(f), sum(n for *_, n in f))
        for types, f in found.items()
    ]
    return sorted(rows, key=lambda r: (-r[5], r[0], r[1]))


@expected
def feedback_inhibition(o: Oracle) -> Rows:
    asked, out = typed(o, "EPG"), pairs(o, "EB", least=5)
    back = {p: c.total() for p, c in o.pairs(Picked(regions=("EB",), least=5, nt=tuple(INHIBITORY))).items()}
    rows = [
        (e, o.neurons[e]["type"], i, o.neurons[i]["type"], n, back[i, e])
        for (e, i), n in out.items()
        if e in asked and e != i and (i, e) in back
    ]
    return sorted(rows, key=lambda r: (-r[5], -r[4], r[0], r[2]))


@expected
def parallel_pathways(o: Oracle) -> Rows:
    graph, rows = digraph(o, "EB", least=5), []
    ends = set(graph)
    for a, d in product(typed(o, "ER4d") & ends, typed(o, "EPG") & ends):
        between = sorted(set(graph[a]) & set(graph.pred[d]) - {a, d}) if a != d else []
        for b, c in combinations(between, 2):
            if not graph.has_edge(b, c) and not graph.has_edge(c, b):
                rows.append((a, b, o.neurons[b]["type"], c, o.neurons[c]["type"], d))
    return sorted(rows, key=lambda r: (r[0], r[1], r[3], r[5]))


@expected
def bi_fans(o: Oracle) -> Rows:
    graph, copies = digraph(o, "EB", least=5), 0
    for a, b in combinations(graph, 2):
        common = len(set(graph[a]) & set(graph[b]) - {a, b})
        copies += common * (common - 1) // 2
    return [(copies,)]


@expected
def missing_links(o: Oracle) -> Rows:
    graph, taken = digraph(o, "EB", least=5), Counter[int]()
    for a, c in product(typed(o, "ER4d") & set(graph), typed(o, "PEN_a") & set(graph)):
        if a != c and not graph.has_edge(a, c):
            for b in set(graph[a]) & set(graph.pred[c]) - {a, c}:
                taken.update((a, b, c))
    return sorted(((*called(o, i), n) for i, n in taken.items()), key=lambda r: (-r[3], r[0]))
