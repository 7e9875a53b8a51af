"""A parser's complaint, in words: where it stopped, what could stand there, what was probably meant."""

from __future__ import annotations

import re

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from graphkit.errors import QuerySyntaxError, did_you_mean

__all__ = ["explain_syntax"]

_QUESTIONS = ("motifs", "neurons", "inputs of", "outputs of", "partners of", "connections", "synapses", "regions", "types")
_SHOWN = {
    "NAME": "a name",
    "STRING": "a quoted name",
    "INT": "a whole number",
    "NUMBER": "a number",
    "SET_COLUMN": "type, class, side or name",
    "GROUP": "type, class, side, nt or region",
    "OPERATOR": "=, !=, <, <=, > or >=",
    "COMMA": "a comma",
    "LPAR": "(",
    "RPAR": ")",
    "SHARE": "at ... %",
    "_GREATER_EQUAL": ">=",
    "_GAP_JUNCTIONS": "gap junctions",
}
_UNSAID = {"$END", "_END"}
_ORDER = ("a name", "a quoted name", "a number", "a whole number")


def explain_syntax(text: str, error: UnexpectedInput) -> QuerySyntaxError:
    """The error to show for a question that lark could not parse."""
    expected = set(error.accepts or ()) if isinstance(error, UnexpectedToken) else set()
    expected = expected or set(getattr(error, "expected", None) or getattr(error, "allowed", None) or ())
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        position = len(text.rstrip())
        return QuerySyntaxError(
            "The question stops too early.", hint=_expected(expected), text=text, start=position, end=position + 1
        )
    if isinstance(error, UnexpectedCharacters) and text[position] in "'\"":
        return QuerySyntaxError(
            "This quotation mark is not closed.", hint="Close it, or leave it out.", text=text, start=position, end=len(text)
        )
    match = re.match(r"[^\s,()]+", text[position:])
    word = match[0] if match else text[position : position + 1]
    place = {"text": text, "start": position, "end": position + max(1, len(word))}
    if position == len(text) - len(text.lstrip()):
        hint = did_you_mean(word, [q.split()[0] for q in _QUESTIONS])
        listed = "A question begins with " + ", ".join(_QUESTIONS[:-1]) + f" or {_QUESTIONS[-1]}."
        return QuerySyntaxError(
            f"{word!r} does not begin a question that graphkit knows.",
            hint=f"{hint} {listed}" if hint else listed,
            **place,  # type: ignore[arg-type]
        )
    keywords = [_word(t) for t in expected if _word(t).isascii() and _word(t)[0].isalpha() and t not in _SHOWN]
    meant = did_you_mean(word, keywords)
    hint = f"{meant} {_expected(expected)}" if meant else _expected(expected)
    return QuerySyntaxError(f"I do not understand {word!r} here.", hint=hint, **place)  # type: ignore[arg-type]


def _word(terminal: str) -> str:
    return _SHOWN.get(terminal) or terminal.strip("_").lower().replace("_", " ")


def _expected(terminals: set[str]) -> str:
    words = {_word(t) for t in terminals - _UNSAID}
    ordered = [w for w in _ORDER if w in words] + sorted(words - set(_ORDER))
    ends = " The question may also end here." if terminals & {"$END"} else ""
    if not ordered:
        return f"Nothing more is expected here.{ends}"
    listed = ordered[0] if len(ordered) == 1 else ", ".join(ordered[:-1]) + " or " + ordered[-1]
    return f"Expected here: {listed}.{ends}"
