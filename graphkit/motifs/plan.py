"""In which order a pattern's nodes are bound, and what is intersected at each: the plan that the compiled search follows.

Conditions come first: an edge's connections are cut down to those between neurons that both of its nodes may bind, and
a node to the neurons that still have such connections. The order is the one with the least expected work among all that
keep the bound nodes connected. Symmetric matches are left out by requiring rows to ascend within each orbit of the
automorphisms that fix the nodes bound before: exactly one of the matches that symmetry exchanges does.
Grochow & Kellis, RECOMB 2007; Mhedhbi & Salihoglu, VLDB 12 (2019), for the cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.pattern import Pattern, Test, automorphisms, parts, unconnected_pairs
from graphkit.motifs.plan_arrays import Link, Lists, Values

__all__ = ["Plan", "Step", "plan_of"]

_OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_MOST_PAIRED = 10**10  # bindings that a pattern of several parts may have
_N_BITS = 15  # lists that can be marked at the same time

_Ordered = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the plan, for people: how its candidates come about."""

    node: int
    lists: tuple[str, ...]  # "out of 0", "into 2"
    above: tuple[int, ...]  # nodes whose rows this one's is above
    bindings: float  # partial matches expected after it


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Arrays for `graphkit.motifs.search_kernels.search`, whose text says what they mean."""

    order: _Ordered  # the node bound at each level
    n_automorphisms: int
    steps: NDArray[np.int64]
    first: NDArray[np.int64]
    starts: NDArray[np.int64]
    targets: NDArray[np.int32]
    synapses: NDArray[np.int64]
    values: NDArray[np.int64]
    roots: tuple[int, int]  # where the candidates of the first node stand in targets
    work: NDArray[np.int64]  # sums of the expected work of the roots, (n_roots + 1,)
    told: tuple[Step, ...]


def plan_of(pattern: Pattern) -> Plan:
    """The plan of a pattern.

    Raises:
        GraphError: the pattern has several parts and too many combinations of them.
    """
    symmetries = [tuple(range(pattern.n_nodes))] if pattern.labelled else automorphisms(pattern)
    links = _links(pattern)
    masks = _masks(pattern, links)
    _refuse_products(pattern, masks)
    order, sizes = _best_order(pattern, links, masks)
    return _compiled(pattern, links, masks, order, sizes, symmetries)


def _links(pattern: Pattern) -> list[Link]:
    """Edges between different nodes; those of ``induced`` too; the same connection once, unless it is tested."""
    tested = {place for test in pattern.tests if test.of_edges for place in (test.left, test.right)}
    links: list[Link] = []
    seen: set[tuple[int, int, int, bool]] = set()
    for place, edge in enumerate(pattern.edges):
        key = edge.pre, edge.post, id(edge.graph), edge.absent
        if edge.pre == edge.post or (key in seen and place not in tested):
            continue
        seen.add(key)
        links.append(Link(edge.pre, edge.post, edge.graph, edge.absent, place if place in tested else -1))
    if pattern.induced:
        for pre, post in unconnected_pairs(pattern):
            if (pre, post, id(pattern.base), True) not in seen:
                links.append(Link(pre, post, pattern.base, True, -1))
    return links


def _masks(pattern: Pattern, links: list[Link]) -> list[NDArray[np.bool_]]:
    """For each node the neurons that it may bind, cut down to those with the connections that it needs."""
    from graphkit.motifs import search_kernels as kernels

    n = pattern.base.n_neurons
    masks = [np.ones(n, dtype=np.bool_) if mask is None else mask.copy() for mask in pattern.allowed]
    for edge in pattern.edges:
        if edge.pre == edge.post:
            masks[edge.pre] = masks[edge.pre] & ((_autapses(edge.graph) > 0) != edge.absent)
    everything = all(mask.all() for mask in masks)
    for _ in range(2 if everything else 6):
        before = sum(int(np.count_nonzero(mask)) for mask in masks)
        for link in links:
            if not link.absent:
                g = link.graph
                masks[link.pre] = kernels.has_target(g.indptr, g.indices, masks[link.pre], masks[link.post])
                masks[link.post] = kernels.has_target(g.in_indptr, g.in_indices, masks[link.post], masks[link.pre])
        after = sum(int(np.count_nonzero(mask)) for mask in masks)
        if after > 0.9 * before:
            break
    return masks


def _refuse_products(pattern: Pattern, masks: list[NDArray[np.bool_]]) -> None:
    groups = parts(pattern)
    if len(groups) == 1:
        return
    combined = 1
    for group in groups:
        combined *= min(int(np.count_nonzero(masks[node])) for node in group)
    if combined > _MOST_PAIRED:
        named = " and ".join("{" + ", ".join(map(str, group)) + "}" for group in groups)
        raise GraphError(
            f"No connection joins the pattern's parts {named}: there are {combined:,} or more combinations of them.",
            hint="Connect the parts, or count each by itself; conditions on the neurons make them fewer.",
        )


def _best_order(pattern: Pattern, links: list[Link], masks: list[NDArray[np.bool_]]) -> tuple[_Ordered, list[float]]:
    """The order with the least expected work, and the partial matches expected after each node of it."""
    n = max(pattern.base.n_neurons, 1)
    size = [float(np.count_nonzero(mask)) for mask in masks]
    present = [link for link in links if not link.absent]
    degrees: dict[tuple[int, int], NDArray[np.float64]] = {}
    for index, link in enumerate(present):
        g = link.graph
        share_post, share_pre = size[link.post] / n, size[link.pre] / n
        degrees[index, link.pre] = np.diff(g.indptr) * masks[link.pre] * share_post
        degrees[index, link.post] = np.diff(g.in_indptr) * masks[link.post] * share_pre
    mean: dict[
        tuple[int, int, int], float
    ] = {}  # (link, other link or -1, node): list length, reached through the other
    for (index, node), degree in degrees.items():
        mean[index, -1, node] = float(degree.sum()) / max(size[node], 1.0)
        for other in range(len(present)):
            if (other, node) in degrees:
                reached = degrees[other, node]
                mean[index, other, node] = float(reached @ degree) / max(float(reached.sum()), 1e-9)

    best: tuple[float, _Ordered, list[float]] = (float("inf"), (), [])

    def extend(order: _Ordered, through: dict[int, int], sizes: list[float], cost: float) -> None:
        nonlocal best
        if cost >= best[0]:
            return
        if len(order) == pattern.n_nodes:
            best = (cost, order, sizes)
            return
        for node, via, bindings, work in _next(order, through, sizes[-1]):
            extend((*order, node), {**through, node: via}, [*sizes, bindings], cost + work)

    def _next(order: _Ordered, through: dict[int, int], bindings: float) -> Iterator[tuple[int, int, float, float]]:
        choices = []
        for node in range(pattern.n_nodes):
            if node in order:
                continue
            lengths = []
            for index, link in enumerate(present):
                for own, other in ((link.pre, link.post), (link.post, link.pre)):
                    if own == node and other in order:
                        lengths.append((mean[index, through[other], other], index))
            if not lengths:
                continue
            lengths.sort()
            shortest, via = lengths[0]
            kept = shortest
            for length, _ in lengths[1:]:
                kept *= min(1.0, _CLOSURE * length / max(size[node], 1.0))
            work = bindings * (1 + shortest * (1 + 0.25 * (len(lengths) - 1) * log2(2 + shortest)))
            choices.append((node, via, bindings * kept, work))
        if not choices:  # another part
            node = min((v for v in range(pattern.n_nodes) if v not in order), key=lambda v: size[v])
            choices.append((node, -1, bindings * size[node], bindings * size[node]))
        choices.sort(key=lambda choice: choice[3])
        yield from choices[: _BRANCHES[min(pattern.n_nodes, len(_BRANCHES) - 1)]]

    for node in sorted(range(pattern.n_nodes), key=lambda v: (size[v], v)):
        extend((node,), {node: -1}, [size[node]], size[node])
    return best[1], best[2]


_CLOSURE = 20.0  # how much likelier a connection is between neurons that share a neighbour than between any two
_BRANCHES = (0, 1, 2, 3, 4, 5, 4, 3, 2)  # ways to go on that are looked at, by the number of nodes


def _compiled(
    pattern: Pattern,
    links: list[Link],
    masks: list[NDArray[np.bool_]],
    order: _Ordered,
    sizes: list[float],
    symmetries: list[_Ordered],
) -> Plan:
    from graphkit.motifs import search_kernels as kernels

    level_of = {node: level for level, node in enumerate(order)}
    lists = Lists(pattern, masks)
    root_list = lists.pool(order[0])
    rows: dict[int, list[list[tuple[int, ...]]]] = {
        kind: [[] for _ in order] for kind in (kernels.LIST, kernels.ABSENT, kernels.MARK, kernels.ABOVE, kernels.TEST)
    }
    told_lists: list[list[str]] = [[] for _ in order]
    slot_of: dict[int, int] = {}
    bit_of: dict[tuple[int, int], int] = {}
    rows[kernels.LIST][0].append((root_list, -1, -1, -1))
    for link in links:
        early, late = sorted((link.pre, link.post), key=level_of.__getitem__)
        at, level = level_of[early], level_of[late]
        index = lists.of(link, from_pre=early == link.pre)
        bit = -1
        if level >= at + 2 and ((at, index) in bit_of or len(bit_of) < _N_BITS):
            bit = bit_of.setdefault((at, index), len(bit_of))
        if link.absent:
            rows[kernels.ABSENT][level].append((index, at, bit))
        else:
            slot = slot_of.setdefault(link.place, len(slot_of)) if link.place >= 0 else -1
            rows[kernels.LIST][level].append((index, at, bit, slot))
        told_lists[level].append(f"{'not ' if link.absent else ''}{'out of' if early == link.pre else 'into'} {early}")
    for (at, index), bit in bit_of.items():
        rows[kernels.MARK][at].append((index, bit))
    for level in range(1, len(order)):
        if not rows[kernels.LIST][level]:
            rows[kernels.LIST][level].append((lists.pool(order[level]), -1, -1, -1))
    above = _ascending(symmetries, order)
    for low, high in above:
        rows[kernels.ABOVE][level_of[high]].append((level_of[low],))
    values = Values(len(pattern.base))
    for test in pattern.tests:
        level, row = _test_row(test, pattern, level_of, slot_of, values)
        rows[kernels.TEST][level].append(row)

    steps: list[tuple[int, ...]] = []
    first = np.zeros((5, len(order) + 1), dtype=np.int64)
    for kind, by_level in rows.items():
        for level, wanted in enumerate(by_level):
            first[kind, level] = len(steps)
            steps += [(*row, *(-1,) * (5 - len(row))) for row in wanted]
        first[kind, len(order)] = len(steps)
    starts, targets, synapses = lists.arrays(bool(slot_of))
    roots = int(starts[root_list, 0]), int(starts[root_list, 1])
    per_root = np.ones(roots[1] - roots[0], dtype=np.int64)
    for index, at, *_ in (row for by_level in rows[kernels.LIST][1:] for row in by_level):
        if at == 0:
            chosen = targets[roots[0] : roots[1]]
            per_root += starts[index, chosen + 1] - starts[index, chosen]
    told = tuple(
        Step(node, tuple(told_lists[level]), tuple(low for low, high in above if high == node), sizes[level])
        for level, node in enumerate(order)
    )
    return Plan(
        order,
        len(symmetries),
        np.array(steps, dtype=np.int64).reshape(-1, 5),
        first,
        starts,
        targets,
        synapses,
        values.array(),
        roots,
        np.concatenate([[0], np.cumsum(per_root)]),
        told,
    )


def _ascending(symmetries: list[_Ordered], order: _Ordered) -> list[tuple[int, int]]:
    """Pairs (low, high) of nodes whose rows have to ascend, so that one match of each class of symmetric ones is left."""
    pairs = []
    group = symmetries
    for node in order:
        orbit = {p[node] for p in group}
        pairs += [(node, other) for other in order if other in orbit and other != node]
        group = [p for p in group if p[node] == node]
    return pairs


def _test_row(
    test: Test, pattern: Pattern, level_of: dict[int, int], slot_of: dict[int, int], values: Values
) -> tuple[int, tuple[int, ...]]:
    """(the level at which a test can be decided, its step)."""
    operator = _OPERATORS.index(test.op)
    if test.left_values is not None and test.right_values is not None:
        rows = values.add(test.left_values, test.right_values)
        levels = level_of[test.left], level_of[test.right]
        return max(levels), (operator, rows[0], levels[0], rows[1], levels[1])
    sides: list[int] = []
    level = 0
    for place in (test.left, test.right):
        edge = pattern.edges[place]
        level = max(level, level_of[edge.pre], level_of[edge.post])
        if edge.pre == edge.post:
            sides += [values.row(_autapses(edge.graph)), level_of[edge.pre]]
        else:
            sides += [slot_of[place], -1]
    return level, (operator, *sides)


def _autapses(graph: Graph) -> NDArray[np.int64]:
    """The synapses of each neuron onto itself."""
    rows = np.repeat(np.arange(len(graph)), np.diff(graph.indptr))
    found = np.zeros(len(graph), dtype=np.int64)
    itself = rows == graph.indices
    found[rows[itself]] = graph.synapses[itself]
    return found
