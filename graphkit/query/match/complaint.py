"""What to say about a MATCH text that cannot be parsed: where it stopped, and what could stand there."""

from __future__ import annotations

import re
from copy import copy

from lark import Token, UnexpectedInput, UnexpectedToken

from graphkit.errors import QuerySyntaxError
from graphkit.query.error_model_words import error_model_meant

__all__ = ["complaint", "plain_name"]

_EXAMPLE = "For example: MATCH (a:ER4d)-[synapses >= 5]->(b)->(c), (a)->(c) IN EB RETURN count"

_SHOWN = {
    "ATTRIBUTE": "an attribute such as a.type or e.synapses",
    "BACKWARD": "<-",
    "CLOSE": "]-",
    "CLOSE_FORWARD": "]->",
    "COLON": ":",
    "COMMA": "a comma",
    "FORWARD": "->",
    "GREATER_EQUAL": ">=",
    "INT": "a whole number",
    "LBRACE": "{1,3}",
    "LPAR": "(",
    "MUTUAL": "<->",
    "NAME": "a name",
    "NUMBER": "a number",
    "OPEN": "-[",
    "OPEN_BACKWARD": "<-[",
    "OPERATOR": "=, !=, <, <=, > or >=",
    "ORDER": "order by",
    "PER_NEURON": "per neuron",
    "REGION_IS": "region =",
    "RPAR": ")",
    "RBRACE": "}",
    "SHARE": "at ... %",
    "STRING": "a quoted name",
    "VARIABLE": "a variable",
}
_KINDS = (
    ({"SET_COLUMN", "GROUP", "NAME", "STRING"}, "a column"),
    ({"SET_COLUMN", "NAME", "STRING", "INT"}, "neurons (a type, class, name or id, or a set as in English)"),
    ({"NAME", "STRING", "INT", "NUMBER"}, "a value"),
    ({"NAME", "STRING"}, "a name"),
    (
        {"FORWARD", "BACKWARD", "MUTUAL", "OPEN", "OPEN_BACKWARD"},
        "a connection (->, <-, <->, -[ ... ]-> or <-[ ... ]-)",
    ),
    (
        {"RETURN", "WHERE", "IN", "WITH"},
        "a further part (where, in, between, with, induced, against, return, sample, order by, limit)",
    ),
)
_FURTHER = {
    "AGAINST",
    "UNLABELLED",
    "AMONG",
    "BETWEEN",
    "INDUCED",
    "LABELLED",
    "LIMIT",
    "TOP",
    "ORDER",
    "SAMPLE",
    "WITHOUT",
}
_SETS = {"NEURON", "NEURONS", "ANY", "ALL", "BELONG", "HAVE"}


def plain_name(name: str) -> str:
    """The name of a rule or terminal without what says that English has it too."""
    return re.sub(r"^(_?)english__", r"\1", name)


def complaint(text: str, error: UnexpectedInput) -> QuerySyntaxError:
    """The error to show for a MATCH question that lark could not parse."""
    hint = _expected({plain_name(t).lstrip("_") for t in _acceptable(error)})
    at = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        at = len(text.rstrip())
        return _error(text, at, at + 1, "The question stops too early.", hint)
    word = re.match(r"\w+|\S", text[at:])
    end = at + len(word[0]) if word else at + 1
    said = text[at:end]
    message = f"I do not understand {said!r} here."
    if said in "'\"" and said:
        return _error(text, at, len(text), f"The quotation that begins with {said} does not end.", None)
    if re.search(r"\[\s*\w+\s*$", text[:at]):
        hint = "In brackets stand a name for the connection, synapses >= 5, nt = ..., region = ..., joined by `and`."
    hint = error_model_meant(text, at) or _meant(text, at) or hint
    if re.match(r"-\s*\(", text[at:]):
        return _error(text, at, end, "A connection has a direction.", "Write ->, <- or <-> (both ways).")
    return _error(text, at, end, message, hint)


_NEARLY = (
    (r"\breturns?\s+samples?\s+$", r"\d+", "Did you mean `RETURN sample {}`?"),
    (r"\breturns?\s+$", r"samples\b\s*\d*", "Did you mean `RETURN sample 20`?"),
    (r"\breturns?\s+(?:per|by|each|every)\s+$", r"neurons?\b", "Did you mean `RETURN per neuron`?"),
    (r"\breturns?\s+$", r"\*", "Did you mean `RETURN rows`?"),
    (r"(?<!return)(?<!returns)\s$", r"(?:count|exists|rows|per\s+neuron)\b", "Did you mean `RETURN {}`?"),
    (
        r"\bagainst\s+[\w-]+\s+$",
        r"\d+",
        "The number of random graphs stands before the model: AGAINST {} configuration.",
    ),
)
"""What stands before the place where a question stops to be understood, what stands there, and what to say of it."""


def _meant(text: str, at: int) -> str | None:
    for before, here, said in _NEARLY:
        if re.search(before, text[:at], re.IGNORECASE) and (found := re.match(here, text[at:], re.IGNORECASE)):
            return said.format(found[0])
    return None


def _acceptable(error: UnexpectedInput) -> set[str]:
    """The terminals that could stand where the parser stopped. (lark's own list leaves out those with small letters.)"""
    stopped = getattr(error, "interactive_parser", None)
    if stopped is None:
        return set(getattr(error, "allowed", None) or getattr(error, "expected", None) or ())
    found = set()
    bare = copy(stopped.parser_state.parse_conf)
    bare.callbacks = {}
    for name in stopped.choices():
        if name == "$END" or plain_name(name).lstrip("_").isupper():
            trial = stopped.copy(deepcopy_values=False)
            trial.parser_state.parse_conf = bare
            try:
                trial.feed_token(Token(name, ""))
            except UnexpectedToken:
                continue
            found.add(name)
    return found


def _error(text: str, start: int, end: int, message: str, hint: str | None) -> QuerySyntaxError:
    return QuerySyntaxError(message, hint=hint or _EXAMPLE, text=text, start=start, end=end)


def _expected(terminals: set[str]) -> str | None:
    ends = " The question may also end here." if "$END" in terminals else ""
    left = terminals - {"$END", "END", "__IGNORE_0"}
    if "LPAR" in left and left <= {"LPAR", "NOT", "LBRACE"}:
        return "Expected here: a neuron, such as (a), (a:EPG) or (a where side = left)."
    words = []
    for kind, text in _KINDS:
        if kind <= left:
            words.append(text)
            left -= kind
            left -= _FURTHER if "RETURN" in kind else _SETS if "SET_COLUMN" in kind and "INT" in kind else set()
    words += sorted(_SHOWN.get(t, t.lower().replace("_", " ")) for t in left)
    if not words:
        return None
    listed = words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
    return f"Expected here: {listed}.{ends}"
