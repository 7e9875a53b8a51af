"""A pattern as one SELECT: its connections joined, for patterns whose conditions leave few of them.

Each connection is a table of pairs that meet its conditions and those of its ends; equal variables join, different ones
differ, and what must be absent is excluded.
"""

from __future__ import annotations

import functools
from itertools import combinations, permutations
from typing import TYPE_CHECKING

from graphkit.query import ir
from graphkit.query.conditions import condition_sql
from graphkit.query.match.columns import answered, neuron_columns
from graphkit.query.match.edges import edge_pairs_sql
from graphkit.query.match.symmetry import first_of_all, own_tests
from graphkit.query.plans.selected import selected_neurons_sql, selected_pairs_sql
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["joined_sql"]


def joined_sql(form: ir.Match, dataset: Dataset) -> str:
    """The whole answer, without its limit. Not for walks, nor for samples."""
    matches = _matches_sql(form, dataset)
    if form.returns == "count":
        return f"SELECT count(*) AS matches FROM ({matches})"
    if form.returns == "exists":
        return f"SELECT EXISTS ({matches}) AS exists"
    if form.returns == "neurons":
        ends = " UNION ALL ".join(f"SELECT n{i} AS neuron_id FROM m" for i in range(len(form.nodes)))
        order = [f"{quoted_name(o.by.name)} {_direction(o)}" for o in form.order]
        order += [o for o in ("matches DESC", "neuron_id") if o.split()[0] not in {x.by.name for x in form.order}]
        named = ", ".join(neuron_columns(perturbed=False))
        return (
            f"WITH m AS ({matches}), c AS (SELECT neuron_id, count(*) AS matches FROM ({ends}) GROUP BY neuron_id) "
            f"SELECT {named} FROM c JOIN neurons USING (neuron_id) ORDER BY {', '.join(order)}"
        )
    columns = answered(form)
    place = {node.name: i for i, node in enumerate(form.nodes)}
    edge = {e.name: i for i, e in enumerate(form.edges) if e.name}
    joins: dict[str, str] = {}

    def value(of: ir.Attribute) -> str:
        if of.of in edge:
            return f"m.s{edge[of.of]}"
        if of.name == "neuron_id":
            return f"m.n{place[of.of]}"
        alias = f"v{place[of.of]}"
        joins[of.of] = f" JOIN neurons {alias} ON {alias}.neuron_id = m.n{place[of.of]}"
        return f"{alias}.{quoted_name(of.name)}"

    shown = [f"{value(of)} AS {quoted_name(name)}" for of, name in columns.items()]
    order = [f"{value(o.by)} {_direction(o)}" for o in form.order] + [f"m.n{i}" for i in range(len(form.nodes))]
    return f"SELECT {', '.join(shown)} FROM ({matches}) m{''.join(joins.values())} ORDER BY {', '.join(order)}"


def _direction(order: ir.Order) -> str:
    return f"{'DESC' if order.descending else 'ASC'} NULLS LAST"


def _terms(form: ir.Match, name: str, dataset: Dataset) -> list[str]:
    where = next(node.where for node in form.nodes if node.name == name)
    terms = [f"{quoted_name(a)} {op} {quoted_name(b)}" for a, op, b in sorted(own_tests(form, name))]
    return terms + ([] if where is None else [condition_sql(where, dataset)])


def _matches_sql(form: ir.Match, dataset: Dataset) -> str:
    """n0, n1, ... (ids of the neurons) and s0, s1, ... (synapses of the edges that have a name), one row a match.

    An edge is looked for among the connections of the neurons that earlier edges have found.
    """
    column: dict[str, str] = {}
    found: dict[str, str] = {}
    tables, sources, terms, shown = [], [], [], []
    for i in _in_order(form):
        edge = form.edges[i]
        ends = ["pre_id = post_id" if edge.pre == edge.post else "pre_id <> post_id"]
        limits = []
        for end, name in (("pre_id", edge.pre), ("post_id", edge.post)):
            own = _terms(form, name, dataset)
            sets = [f"SELECT neuron_id FROM neurons WHERE {' AND '.join(own)}"] if own else []
            sets += [found[name]] if name in found else []
            ends += [f"{end} IN ({known})" for known in sets]
            limits += [end] if sets else []
        table = "connections_by_post" if limits == ["post_id"] else "connections"
        pairs = edge_pairs_sql(edge, form.selection, dataset, ends=ends, table=table)
        tables.append(f"e{i} AS MATERIALIZED ({pairs})")
        sources.append(f"e{i}")
        for end, name in (("pre_id", edge.pre), ("post_id", edge.post)):
            found.setdefault(name, f"SELECT {end} FROM e{i}")
            if name in column:
                terms.append(f"e{i}.{end} = {column[name]}")
            else:
                column[name] = f"e{i}.{end}"
        if edge.name:
            shown.append(f"e{i}.synapses AS s{i}")
    if not sources:
        name = form.nodes[0].name
        sources.append(f"({_one_neuron_sql(form, dataset)}) e")
        column[name] = "e.neuron_id"
    terms += [f"{column[a.name]} <> {column[b.name]}" for a, b in combinations(form.nodes, 2)]
    terms += [f"{column[a]} < {column[b]}" for a, b in first_of_all(form)]
    terms += _absences(form, dataset, column, found)
    more, compared = _tests(form, column)
    nodes = [f"{column[node.name]} AS n{i}" for i, node in enumerate(form.nodes)]
    where = f" WHERE {' AND '.join(terms + compared)}" if terms or compared else ""
    begun = f"WITH {', '.join(tables)} " if tables else ""
    return f"{begun}SELECT {', '.join([*nodes, *shown])} FROM {', '.join(sources + more)}{where}"


def _in_order(form: ir.Match) -> list[int]:
    """The edges that are there, those of which most is known first, each beside one before it."""
    left = [i for i, edge in enumerate(form.edges) if not edge.absent]
    limited = {n.name for n in form.nodes if n.where is not None or own_tests(form, n.name)}
    known: set[str] = set()
    order: list[int] = []
    while left:
        near = [i for i in left if not known or {form.edges[i].pre, form.edges[i].post} & known]
        best = max(near, key=functools.partial(_weight, form, frozenset(limited | known)))
        order.append(best)
        left.remove(best)
        known |= {form.edges[best].pre, form.edges[best].post}
    return order


def _weight(form: ir.Match, known: frozenset[str], place: int) -> tuple[int, int, int]:
    """How much is known of an edge; the earlier of two that are alike."""
    edge = form.edges[place]
    return (edge.pre in known) + (edge.post in known), len(edge.synapses), -place


def _one_neuron_sql(form: ir.Match, dataset: Dataset) -> str:
    known = selected_neurons_sql(form.selection, dataset) or (
        f"SELECT unnest([pre_id, post_id]) AS neuron_id FROM ({selected_pairs_sql(form.selection, dataset)})"
    )
    where = " AND ".join(_terms(form, form.nodes[0].name, dataset)) or "true"
    # An autapse that must be absent goes with this one neuron too.
    return f"SELECT neuron_id FROM neurons WHERE {where} AND neuron_id IN ({known})"


def _tests(form: ir.Match, column: dict[str, str]) -> tuple[list[str], list[str]]:
    """Tables and terms of the comparisons of two neurons or two edges."""
    edge_of = {e.name: i for i, e in enumerate(form.edges) if e.name}
    tables, terms = [], []
    for k, test in enumerate(t for t in form.tests if t.left.of != t.right.of or t.left.of in edge_of):
        sides = []
        for side, attribute in (("l", test.left), ("r", test.right)):
            if attribute.of in edge_of:
                sides.append(f"e{edge_of[attribute.of]}.synapses")
                continue
            tables.append(f"neurons {side}{k}")
            terms.append(f"{side}{k}.neuron_id = {column[attribute.of]}")
            sides.append(f"{side}{k}.{quoted_name(attribute.name)}")
        terms.append(f"{sides[0]} {test.op} {sides[1]}")
    return tables, terms


def _absences(form: ir.Match, dataset: Dataset, column: dict[str, str], found: dict[str, str]) -> list[str]:
    """No connection of an absent edge; and, where induced, none of the graph but those of the pattern."""
    absent = [edge for edge in form.edges if edge.absent]
    if form.induced:
        wanted = {(e.pre, e.post) for e in form.edges if not e.absent}
        if form.selection.kind == "electrical":
            wanted |= {(b, a) for a, b in wanted}
        others = permutations([node.name for node in form.nodes], 2)
        absent += [ir.PatternEdge(a, b) for a, b in others if (a, b) not in wanted]
    terms = []
    for edge in absent:
        ends = [f"{e} IN ({found[n]})" for e, n in (("pre_id", edge.pre), ("post_id", edge.post)) if n in found]
        pairs = edge_pairs_sql(edge, form.selection, dataset, ends=ends)
        terms.append(f"({column[edge.pre]}, {column[edge.post]}) NOT IN (SELECT (pre_id, post_id) FROM ({pairs}))")
    return terms
