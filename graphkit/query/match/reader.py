"""A MATCH question, from its tree to the typed form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from lark import Token, Tree

from graphkit.errors import AmbiguousQuestionError, QuerySyntaxError, did_you_mean
from graphkit.query import ir
from graphkit.query.english.parts import parts_of
from graphkit.query.english.source import Node, Source, as_token, as_tree, count_of, seed_of, span_of
from graphkit.query.match.check import Problem, problem_of
from graphkit.query.match.columns import neuron_columns
from graphkit.query.match.shape import Shape, shape_of
from graphkit.query.match.where import attribute_of, read_tests
from graphkit.query.vocabulary import BARE_COLUMNS

__all__ = ["read_match"]

_A_WORD = 2
"""Letters from which on the name of a neuron may be meant as that of a type; (a) and (b) are names."""

_OURS = ("tests", "induced", "labelled", "returns", "sample", "order")


@dataclass(slots=True)
class _Clauses:
    """What follows the pattern and is not of English."""

    trees: dict[str, Node] = field(default_factory=dict)

    def child(self, name: str) -> Any:
        return self.trees[name].children[0] if name in self.trees else None


def read_match(source: Source, tree: Node) -> ir.Match:
    """The form of a whole question."""
    pattern, *others = (as_tree(c) for c in tree.children if isinstance(c, Tree))
    shape = shape_of(source, pattern)
    clauses = _Clauses()
    for clause in (c for c in others if c.data in _OURS):
        if clause.data in clauses.trees:
            raise source.refusal(clause, "This stands in the question twice.", "Leave one of them out.")
        clauses.trees[str(clause.data)] = clause
    said = clauses.child("returns")
    if isinstance(said, Tree) and said.data == "sample":  # RETURN sample 100 is RETURN rows SAMPLE 100
        if "sample" in clauses.trees:
            raise source.refusal(
                clauses.trees["sample"], "This stands in the question twice.", "Leave one of them out."
            )
        clauses.trees["sample"] = said
    parts = parts_of(source, [c for c in others if c.data not in _OURS])
    tests = read_tests(source, shape, clauses.trees["tests"]) if "tests" in clauses.trees else ()
    returns, columns = _returns(source, shape, said)
    limit, against, errors = parts.take("limit"), parts.take("against"), parts.take("errors")
    if (against is not None or errors is not None) and "returns" not in clauses.trees:
        returns = "count"
    form = ir.Match(
        nodes=shape.finished_nodes(),
        edges=tuple(shape.edges),
        tests=tests,
        selection=parts.selection(),
        induced="induced" in clauses.trees,
        labelled=_is(clauses.child("labelled"), "LABELLED"),
        returns=returns,
        columns=columns,
        order=_order(source, shape, clauses.trees.get("order"), returns, perturbed=errors is not None),
        limit=limit,
        sample=_sample(source, clauses.trees.get("sample")),
        against=against,
        errors=errors,
    )
    if (problem := problem_of(form)) is not None:
        raise _placed(source, shape, clauses, pattern, problem)
    _check_names(source, shape)
    return form


def _check_names(source: Source, shape: Shape) -> None:
    """Raises AmbiguousQuestionError where a neuron of any type is called like a type of the dataset: (EPG)->(PEG)."""
    for name, terms in shape.nodes.items():
        if terms or len(name) < _A_WORD:
            continue
        for column in BARE_COLUMNS:
            if name in source.vocabulary.spellings(column, name):
                start, end = span_of(shape.node_places[name])
                raise AmbiguousQuestionError(
                    f"({name}) is any neuron of the dataset, called {name!r} here, and {name!r} is a {column} of this dataset.",
                    hint=f"For the {column} write (:{name}) or (a:{name}); for any neuron choose another name.",
                    text=source.text,
                    start=start,
                    end=end,
                )


def _is(token: Any, kind: str) -> bool:
    return isinstance(token, Token) and token.type == kind


_Returns = Literal["rows", "count", "exists", "neurons"]


def _returns(source: Source, shape: Shape, said: Any) -> tuple[_Returns, tuple[ir.Attribute, ...]]:
    if said is None or (isinstance(said, Tree) and said.data == "sample"):
        return "rows", ()
    if isinstance(said, Token):
        kinds: dict[str, _Returns] = {"COUNT": "count", "EXISTS": "exists", "ROWS": "rows", "PER_NEURON": "neurons"}
        return kinds[said.type], ()
    if len(said.children) == 1:
        _misspelt(source, shape, as_tree(said.children[0]))
    return "rows", tuple(dict.fromkeys(attribute_of(source, shape, as_tree(c)) for c in said.children))


_OTHER_WORDS = {
    "number": "count",
    "total": "count",
    "any": "exists",
    "exist": "exists",
    "all": "rows",
    "matches": "rows",
}


def _misspelt(source: Source, shape: Shape, said: Node) -> None:
    """Raises QuerySyntaxError where one word stands after RETURN that is nothing in the pattern, and nearly one of RETURN's."""
    name = str(said.children[0])
    if "." in name or name in shape.nodes or shape.edge_named(name) is not None:
        return
    if name.lower() in _OTHER_WORDS:
        raise source.refusal(
            said, f"There is no {name!r} in the pattern.", f"Did you mean {_OTHER_WORDS[name.lower()]!r}?"
        )
    if meant := did_you_mean(name, ("count", "exists", "rows", "neurons", "sample")):
        meant = meant.replace("'neurons'", "'per neuron'").replace("'sample'", "'sample 100'")
        raise source.refusal(said, f"There is no {name!r} in the pattern.", meant)


def _sample(source: Source, tree: Node | None) -> ir.Sample | None:
    if tree is None:
        return None
    count, *seeded = tree.children
    return ir.Sample(count_of(source, as_token(count)), seed_of(source, as_tree(seeded[0])) if seeded else 0)


def _order(
    source: Source, shape: Shape, order: Node | None, returns: _Returns, *, perturbed: bool
) -> tuple[ir.Order, ...]:
    found, known = [], neuron_columns(perturbed=perturbed)
    for item in map(as_tree, order.children if order else ()):
        by = as_tree(item.children[0])
        descending = len(item.children) > 1 and as_token(item.children[1]).type == "DESCENDING"
        if returns == "neurons":
            name = str(by.children[0])
            if name not in known:
                raise source.refusal(by, f"The answer has no {name!r}.", f"Order by {', '.join(known)}.")
            found.append(ir.Order(ir.Attribute("", name), descending))
        else:
            found.append(ir.Order(attribute_of(source, shape, by), descending))
    return tuple(found)


def _placed(source: Source, shape: Shape, clauses: _Clauses, pattern: Node, problem: Problem) -> QuerySyntaxError:
    place: Node = pattern
    if isinstance(problem.at, int):
        place = shape.edge_places[problem.at]
    elif problem.at in shape.node_places:
        place = shape.node_places[problem.at]
    elif problem.at in clauses.trees:
        place = clauses.trees[problem.at]
    start, end = span_of(place)
    return QuerySyntaxError(problem.message, hint=problem.hint, text=source.text, start=start, end=end)
