"""Random patterns over the datasets of conftest.py."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from graphkit.query import ir
from graphkit.query.match.check import problem_of

__all__ = ["matches"]

_NAMES = "abcdef"
_CONDITIONS: list[ir.Condition | None] = [
    None,
    None,
    None,
    ir.Comparison("type", "=", "A"),
    ir.Comparison("type", "in", ("A", "B")),
    ir.Not(ir.Comparison("type", "=", "A")),
    ir.Comparison("side", "=", "left"),
    ir.Or((ir.Comparison("mass", ">=", 2.5), ir.Comparison("type", "is null"))),
    ir.And((ir.Comparison("side", "=", "left"), ir.Comparison("size", "<", 5))),
]
_OPERATORS: list[ir.TestOperator] = ["=", "!=", "<", "<=", ">", ">="]


@st.composite
def _edges(draw: st.DrawFn, pre: str, post: str, *, walks: bool) -> ir.PatternEdge:
    synapses = draw(st.lists(st.tuples(st.sampled_from(_OPERATORS), st.integers(0, 4)), max_size=1))
    hops = draw(st.sampled_from([(1, 1)] * 6 + [(1, 2), (2, 2), (2, 3)])) if walks else (1, 1)
    return ir.PatternEdge(
        pre,
        post,
        absent=draw(st.integers(0, 5)) == 0,
        regions=draw(st.sampled_from([None, None, None, ("EB",), ("CX",), ("EB", "PB")])),
        nt=draw(st.sampled_from([None, None, None, ("gaba",)])),
        synapses=tuple(synapses) if draw(st.booleans()) else (),
        hops=hops,
    )


@st.composite
def _selections(draw: st.DrawFn) -> ir.Selection:
    least = draw(st.sampled_from([1, 1, 1, 2, 3]))
    return ir.Selection(
        regions=draw(st.sampled_from([None, None, ("CX",), ("EB", "PB")])),
        neurons=draw(st.sampled_from([None, None, ir.Not(ir.Comparison("type", "=", "C"))])),
        min_synapses=least,
        per_region=least > 1 and draw(st.booleans()),
        kind=draw(st.sampled_from(["chemical", "chemical", "chemical", "electrical"])),
        nt=draw(st.sampled_from([None, None, ("gaba", "acetylcholine")])),
        autapses=draw(st.booleans()),
    )


@st.composite
def matches(draw: st.DrawFn, most: int = 4) -> ir.Match:
    """Forms that make sense: connected, nothing both there and absent."""
    names = list(_NAMES[: draw(st.integers(1, most))])
    induced = draw(st.integers(0, 3)) == 0
    alike = draw(st.booleans())  # patterns with symmetries are rare among random ones
    condition = draw(st.sampled_from(_CONDITIONS))
    nodes = tuple(ir.PatternNode(n, condition if alike else draw(st.sampled_from(_CONDITIONS))) for n in names)
    selection = draw(_selections())
    common = draw(_edges("", "", walks=not induced))
    edges = []
    tree = [(draw(st.sampled_from(names[:i])), names[i]) for i in range(1, len(names))]
    further = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=3))
    for i, (a, b) in enumerate(tree + further):
        ends = (a, b) if draw(st.booleans()) else (b, a)
        made = replace(common, pre=ends[0], post=ends[1]) if alike else draw(_edges(*ends, walks=not induced))
        edges.append(replace(made, absent=False) if i < len(tree) else made)
    edges = _sound(edges, selection, nodes)
    edges = [replace(e, name=f"e{i}") if i % 2 == 0 or alike else e for i, e in enumerate(edges)]
    named = [e.name for e in edges if e.name and not e.absent and e.hops == (1, 1) and e.pre != e.post]
    tests = []
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        op = draw(st.sampled_from(_OPERATORS))
        if named and draw(st.booleans()):
            sides = [ir.Attribute(draw(st.sampled_from(named)), "synapses") for _ in range(2)]
        else:
            columns = draw(st.sampled_from([("type", "type"), ("side", "side"), ("size", "mass"), ("neuron_id",) * 2]))
            sides = [ir.Attribute(draw(st.sampled_from(names)), column) for column in columns]
        tests.append(ir.Test(sides[0], op, sides[1]))
    form = ir.Match(
        nodes,
        tuple(edges),
        tuple(dict.fromkeys(tests)),
        selection,
        induced=induced,
        labelled=draw(st.integers(0, 3)) == 0,
    )
    assert problem_of(form) is None, problem_of(form)
    return form


def _sound(
    edges: list[ir.PatternEdge], selection: ir.Selection, nodes: tuple[ir.PatternNode, ...]
) -> list[ir.PatternEdge]:
    """The edges that go with those before them."""
    kept: list[ir.PatternEdge] = []
    for edge in edges:
        problem = problem_of(ir.Match(nodes, (*kept, edge), selection=selection))
        if problem is None or "pieces" in problem.message:
            kept.append(edge)
    return kept
