"""English questions, parsed (english.lark) and resolved against a dataset's vocabulary into the typed form."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lark import Lark, Token, Tree, UnexpectedInput

from graphkit.errors import QueryError, QuerySyntaxError
from graphkit.query import ir
from graphkit.query.cache_folder import parser_cache
from graphkit.query.syntax_error import explain_syntax
from graphkit.query.vocabulary import has_wildcard, one_of

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["parse_english", "parse_set"]

_T = TypeVar("_T")
_MOST_DIGITS = 18
"""Of a number that counts something: more would not be a count."""

_MOST_NESTED = 50
_LARGEST = 10**30
"""Above it a number is not kept as a whole one."""

_GROUPS: dict[str, ir.Group] = {"type": "type", "class": "class", "side": "side", "nt": "nt", "region": "region"}


def parse_english(dataset: Dataset, text: str) -> ir.Form:
    """The typed form of a question, its names spelled as the dataset spells them.

    Raises:
        QuerySyntaxError: it cannot be parsed; says where, and what could stand there.
        UnknownNameError, AmbiguousNameError: a name in it is not in the dataset, or has several readings.
    """
    if not text.strip():
        raise QuerySyntaxError("The question is empty.", hint="For example: motifs in region EB")
    try:
        tree = _parser().parse(text, start="start")
    except UnexpectedInput as error:
        raise explain_syntax(text, error) from None
    return _Reader(dataset, text).form(tree)


def parse_set(dataset: Dataset, text: str) -> ir.Condition | None:
    """The neurons that ``text`` means where a question takes neurons: "type 'ER*', EPG"; None for any neuron.

    Raises:
        QuerySyntaxError, UnknownNameError, AmbiguousNameError: as ``parse_english``.
    """
    try:
        tree = _parser().parse(text, start="set")
    except UnexpectedInput as error:
        raise explain_syntax(text, error, question=False) from None
    return _Reader(dataset, text).neurons(tree)


@functools.cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("english.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        start=["start", "set"],
        maybe_placeholders=False,
        propagate_positions=True,
        cache=parser_cache(),
    )


class _Reader:
    """Turns the parse tree of one question into its typed form."""

    def __init__(self, dataset: Dataset, text: str) -> None:
        self._dataset, self._text = dataset, text
        self._vocabulary = dataset.vocabulary
        self._places: dict[str, Tree[Token]] = {}  # of the question's parts, for errors about how they go together

    def _placed(self, tree: Tree[Token] | Token, make: Callable[[], _T]) -> _T:
        """``make()``; an error in it is placed at ``tree``."""
        try:
            return make()
        except QueryError as error:
            start, end = _span(tree)
            raise error.at(self._text, start, end) from None

    def neurons(self, tree: Tree[Token]) -> ir.Condition | None:
        return self._set(tree)

    # -- questions ----------------------------------------------------------------------------------------------

    def form(self, tree: Tree[Token]) -> ir.Form:
        question = _tree(tree.children[0])
        parts = self._parts([_tree(c) for c in question.children if isinstance(c, Tree) and c.data != "set"], question)
        limit = parts.pop("limit", None)
        if question.data == "motifs":
            groups = parts.pop("by", ())
            if groups not in ((), ("type",)):
                raise self._refuse(
                    self._places["by"], f"Motifs can be grouped by type only, not by {', '.join(groups)}."
                )
            parts["neurons"] = parts.pop("among", None)
            return ir.Motifs(_selection(parts), by_type=bool(groups), limit=limit)
        if question.data in ("neurons", "types"):
            terms = [parts[k] for k in ("belonging", "where") if k in parts]
            where = ir.And(tuple(terms)) if len(terms) > 1 else (terms[0] if terms else None)
            kind = ir.Neurons if question.data == "neurons" else ir.Types
            return kind(where, parts.get("regions"), limit)
        if question.data == "regions":
            return ir.Regions(limit)
        if question.data == "gap_junctions":
            parts["kind"] = "electrical"
        return self._about_edges(question, parts, limit)

    def _about_edges(self, question: Tree[Token], parts: dict[str, Any], limit: int | None) -> ir.Form:
        pre, post = parts.pop("from", None), parts.pop("to", None)
        between = parts.pop("between", None)
        parts["neurons"] = parts.pop("among", None)
        if between and ({"from", "to"} & self._places.keys()):
            raise self._refuse(self._places["between"], "`between` and `from ... to` cannot stand in one question.")
        by = parts.pop("by", ())
        if question.data == "partners":
            word, of = _token(question.children[0]), _tree(question.children[1])
            if excess := [self._places[k] for k in ("from", "to", "between") if k in self._places]:
                raise self._refuse(excess[0], f"`{word} of` takes no `from`, `to` or `between`.")
            directions = {"INPUTS": "inputs", "OUTPUTS": "outputs", "PARTNERS": "partners"}
            condition = self._set(of)
            if condition is None:
                raise self._refuse(of, f"`{word} of` needs certain neurons.", "For example: inputs of type 'EPG'")
            return ir.Partners(condition, directions[word.type], by, _selection(parts), limit)  # type: ignore[arg-type]
        both_ways = False
        if between and len(between) == 1:
            if parts["neurons"] is not None:
                raise self._refuse(
                    self._places["among"], "`between` one set and `among` mean the same.", "Leave one of them out."
                )
            parts["neurons"] = between[0]
        elif between:
            pre, post, both_ways = between[0], between[1], question.data != "synapses"
            if question.data == "synapses":
                raise self._refuse(self._places["between"], "Say which way: `synapses from A to B`.")
        if question.data == "synapses":
            if by:
                raise self._refuse(
                    self._places["by"], "Single synapses are not grouped.", "Ask for `connections ... by type`."
                )
            return ir.Synapses(pre, post, _selection(parts), limit)
        return ir.Connections(pre, post, both_ways, by, _selection(parts), limit)

    def _refuse(self, tree: Tree[Token] | Token, message: str, hint: str | None = None) -> QuerySyntaxError:
        start, end = _span(tree)
        return QuerySyntaxError(message, hint=hint, text=self._text, start=start, end=end)

    # -- parts --------------------------------------------------------------------------------------------------

    def _parts(self, trees: list[Tree[Token]], question: Tree[Token]) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        for tree in trees:
            key, value = self._part(tree)
            if key in parts:
                raise self._refuse(tree, "This stands in the question twice.", "Leave one of them out.")
            parts[key] = value
            self._places[key] = tree
        return parts

    def _part(self, tree: Tree[Token]) -> tuple[str, Any]:
        children = tree.children
        match tree.data:
            case "located":
                return "regions", self._regions(_tree(children[0]))
            case "belonging":
                return "belonging", self._belongs(children)
            case "where":
                return "where", self._condition(_tree(children[0]))
            case "among":
                return "among", self._set(_tree(children[0]))
            case "between":
                return "between", [self._set(_tree(c)) for c in children]
            case "from_set":
                return "from", self._set(_tree(children[0]))
            case "to_set":
                return "to", self._set(_tree(children[0]))
            case "at_least":
                return "at_least", (self._count(_token(children[0])), len(children) > 1)
            case "kind":
                return "kind", str(children[0]).lower()
            case "transmitter":
                named = (self._transmitter(_tree(n)) for n in _tree(children[0]).children)
                return "nt", tuple(dict.fromkeys(spelled for several in named for spelled in several))
            case "no_autapses":
                return "autapses", False
            case "by":
                return "by", tuple(dict.fromkeys(_group(_token(c)) for c in children))
            case "limit":
                return "limit", self._count(_token(children[0]))
        raise AssertionError(tree.data)

    def _count(self, token: Token) -> int:
        if len(token) > _MOST_DIGITS:
            raise self._refuse(token, f"The number is too large; {_MOST_DIGITS} digits are the most.")
        if int(token) < 1:
            raise self._refuse(token, "The number must be at least 1.")
        return int(token)

    def _regions(self, names: Tree[Token]) -> tuple[str, ...]:
        listed = names.children if names.data == "names" else [names]
        return tuple(dict.fromkeys(self._region(_tree(n)) for n in listed))

    def _region(self, tree: Tree[Token]) -> str:
        token = _token(tree.children[0])
        text = _unquoted(token)
        if token.type == "NAME" and text.endswith("?") and token.end_pos == len(self._text.rstrip()):
            text = text.rstrip("?")  # the end of the question, and not a wildcard: regions take none
        return self._placed(tree, lambda: self._dataset.region_tree.find(text).name)

    def _belongs(self, children: Sequence[Any]) -> ir.BelongsTo:
        regions = self._regions(_tree(children[0]))
        if len(children) == 1:
            return ir.BelongsTo(regions)
        token = _token(children[1])
        share = float(Decimal(re.sub(r"[^\d.]", "", token)).scaleb(-2))  # no digit is lost, so that the echo is exact
        if not ir.LEAST_SHARE <= share <= 1:
            raise self._refuse(
                token, f"A share lies between {100 * ir.LEAST_SHARE:g} % and 100 %.", "For example: at 30 %"
            )
        return ir.BelongsTo(regions, share)

    def _transmitter(self, name: Tree[Token]) -> tuple[str, ...]:
        return self._placed(name, lambda: self._vocabulary.transmitter(_text(name)))

    # -- sets of neurons ----------------------------------------------------------------------------------------

    def _set(self, tree: Tree[Token]) -> ir.Condition | None:
        terms = [self._set_term(_tree(c)) for c in tree.children]
        known = [t for t in terms if t is not None]
        if len(known) < len(terms):
            return None
        return known[0] if len(known) == 1 else ir.Or(tuple(known))

    def _set_term(self, tree: Tree[Token]) -> ir.Condition | None:
        children = tree.children
        match tree.data:
            case "any_neuron":
                return None
            case "bare":
                return self._placed(tree, lambda: self._vocabulary.bare(_text(_tree(children[0]))))
            case "id_set":
                return ir.Comparison("neuron_id", "=", self._neuron_id(_token(children[0])))
            case "id_sets":
                return ir.Comparison("neuron_id", "in", tuple(self._neuron_id(_token(c)) for c in children))
            case "neurons_of":
                return self._belongs(children)
            case "neurons_in":
                return ir.HasSynapsesIn(self._regions(_tree(children[0])))
            case "neurons_where":
                return self._condition(_tree(children[0]))
        column = str(children[0]).lower()
        names = _tree(children[1])
        listed = [_tree(n) for n in names.children] if names.data == "names" else [names]
        return one_of([self._placed(n, lambda n=n: self._vocabulary.equals(column, _text(n))) for n in listed])  # type: ignore[misc]

    def _neuron_id(self, token: Token) -> int:
        value = _number(str(token))
        if not isinstance(value, int):
            raise self._refuse(token, f"{str(token)!r} is not a neuron's id: ids are whole numbers.")
        return self._placed(token, lambda: self._vocabulary.neuron_id(value))

    # -- where --------------------------------------------------------------------------------------------------

    def _condition(self, tree: Tree[Token], depth: int = 0) -> ir.Condition:
        children = tree.children
        if depth > _MOST_NESTED:
            raise self._refuse(tree, f"Conditions can be nested {_MOST_NESTED} deep at most.")
        if tree.data in ("either", "both"):
            terms = tuple(self._condition(_tree(c), depth + 1) for c in children)
            if len(terms) == 1:
                return terms[0]
            return ir.Or(terms) if tree.data == "either" else ir.And(terms)
        if tree.data == "negated":
            return ir.Not(self._condition(_tree(children[0]), depth + 1))
        if tree.data == "belongs":
            return self._belongs(children)
        if tree.data == "has_synapses":
            return ir.HasSynapsesIn(self._regions(_tree(children[0])))
        named = _token(_tree(children[0]).children[0])
        column = self._placed(named, lambda: self._vocabulary.column(_unquoted(named)))
        if tree.data in ("is_null", "is_not_null"):
            return ir.Comparison(column, "is null" if tree.data == "is_null" else "is not null")
        self._placed(named, lambda: self._vocabulary.holds(column))
        if tree.data in ("one_of", "none_of"):
            condition = one_of([self._compare(column, "=", _token(_tree(c).children[0])) for c in children[1:]])
            return ir.Not(condition) if tree.data == "none_of" else condition
        return self._compare(column, str(_token(children[1])).lower(), _token(_tree(children[2]).children[0]))

    def _compare(self, column: str, op: str, token: Token) -> ir.Condition:
        op = {"==": "=", "~": "like", "<>": "!="}.get(op, op)
        match self._vocabulary.holds(column):
            case "truth":
                if token.lower() not in ("true", "false") or op not in ("=", "!="):
                    raise self._refuse(token, f"{column!r} is true or false.", f"For example: {column} = true")
                return ir.Comparison(column, op, token.lower() == "true")  # type: ignore[arg-type]
            case "numbers":
                return self._compare_number(column, op, token)
            case "text":
                return self._compare_text(column, op, token)
        text = _unquoted(token)
        if op == "like":
            raise self._refuse(token, f"Wildcards go with text, and {column!r} holds none.")
        self._placed(token, lambda: self._vocabulary.check_value(column, text))
        return ir.Comparison(column, op, text)  # type: ignore[arg-type]

    def _compare_text(self, column: str, op: str, token: Token) -> ir.Condition:
        text = _unquoted(token)
        if op in ("=", "like", "!="):
            equal = self._placed(token, lambda: self._vocabulary.equals(column, text))
            return ir.Not(equal) if op == "!=" else equal
        if has_wildcard(text):
            raise self._refuse(token, f"Wildcards go with = and !=, not with {op}.")
        return ir.Comparison(column, op, text)  # type: ignore[arg-type]

    def _compare_number(self, column: str, op: str, token: Token) -> ir.Condition:
        number = _number(_unquoted(token))
        if op == "like":
            raise self._refuse(
                token, f"Wildcards go with text, and {column!r} holds numbers.", f"For example: {column} >= 100"
            )
        if number is None:
            raise self._refuse(
                token, f"{column!r} holds numbers, and {_unquoted(token)!r} is none.", f"For example: {column} >= 100"
            )
        if column == "neuron_id":
            if not isinstance(number, int):
                raise self._refuse(token, f"{str(token)!r} is not a neuron's id: ids are whole numbers.")
            if op == "=":
                self._placed(token, lambda: self._vocabulary.neuron_id(number))
        return ir.Comparison(column, op, number)  # type: ignore[arg-type]


def _selection(parts: dict[str, Any]) -> ir.Selection:
    minimum, per_region = parts.pop("at_least", (1, False))
    return ir.Selection(min_synapses=minimum, per_region=per_region, **parts)


def _group(token: Token) -> ir.Group:
    word = token.lower()
    word = {"classes": "class", "transmitter": "nt", "transmitters": "nt"}.get(word, word)
    return _GROUPS[word if word in _GROUPS else word.removesuffix("s")]


def _number(text: str) -> int | float | None:
    """``text`` as a number, a whole one without ever having been a float; None where it is none, or out of bounds."""
    if not re.fullmatch(r"[-+]?\d{1,400}(\.\d{1,400})?([eE][-+]?\d{1,3})?", text):
        return None
    exact = Decimal(text)
    if abs(exact) < _LARGEST and exact == exact.to_integral_value():
        return int(exact)
    return float(exact) if math.isfinite(float(exact)) else None


def _unquoted(token: Token) -> str:
    text = str(token)
    if token.type == "STRING":
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def _text(name: Tree[Token]) -> str:
    return _unquoted(_token(name.children[0]))


def _tree(node: Any) -> Tree[Token]:
    assert isinstance(node, Tree), node
    return node


def _token(node: Any) -> Token:
    assert isinstance(node, Token), node
    return node


def _span(node: Tree[Token] | Token) -> tuple[int, int]:
    if isinstance(node, Token):
        return node.start_pos or 0, node.end_pos or 0
    if node.meta.empty:
        return 0, 0
    return node.meta.start_pos, node.meta.end_pos
