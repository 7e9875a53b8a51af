"""A parser's complaint, in words: where it stopped, what could stand there, what was probably meant."""

from __future__ import annotations

import re
from typing import Any

from lark import UnexpectedInput, UnexpectedToken

from graphkit.errors import QuerySyntaxError, did_you_mean
from graphkit.query.compartment_words import compartments_meant
from graphkit.query.error_model_words import error_model_meant

__all__ = ["explain_syntax"]

_QUESTIONS = (
    "motifs",
    "neurons",
    "types",
    "regions",
    "inputs of",
    "outputs of",
    "partners of",
    "connections",
    "synapses",
    "common inputs of",
    "upstream of",
    "downstream of",
    "paths",
    "shortest paths",
    "strongest path",
    "hubs",
    "projections",
    "compare",
    "reciprocal pairs",
    "feedforward loops",
    "MATCH",
)
_ANALYSES = (
    "statistics",
    "pagerank",
    "betweenness",
    "core numbers",
    "clustering",
    "attractors",
    "repellers",
    "broadcasters",
    "integrators",
    "rich club",
    "degree distribution",
    "strength distribution",
    "components",
    "strong components",
    "communities",
    "information flow from",
    "signal cascade from",
    "effective connectivity from",
    "connection probability by distance",
    "percolation",
    "projectome",
    "similarity of",
    "clusters of",
    "morphology of",
    "axon dendrite split of",
    "strahler orders of",
    "sholl of",
)
"""Questions about a graph as a whole, about what neurons are in it, and about skeletons."""

_SHOWN = {
    "NAME": "a name",
    "STRING": "a quoted name",
    "INT": "a whole number",
    "NUMBER": "a number",
    "SET_COLUMN": "type, class, side or name",
    "SET_NAME": "a set such as @mine",
    "GROUP": "type, class, side, nt or region",
    "OPERATOR": "=, !=, <, <=, > or >=",
    "COMMA": "a comma",
    "LPAR": "(",
    "RPAR": ")",
    "SHARE": "at ... %",
    "_GREATER_EQUAL": ">=",
    "_GAP_JUNCTIONS": "gap junctions",
    "RANK": "degree, in-degree, out-degree, synapses, inputs or outputs",
    "FIGURE": "mean, input fraction, signed synapses or signed input fraction",
    "STRENGTH": "synapses or input fraction",
    "ERROR_KIND": "missed, false, duplicated, split or merged",
    "PERCENT": "%",
    "_ERROR_MODEL": "error model",
    "DEGREE_KIND": "total-degree, in-degree or out-degree",
    "_OF_DEGREE": "of degree at least",
    "ALIKE": "cosine, jaccard or ruzicka",
    "FEATURES": "inputs, outputs, partners, input types, output types or partner types",
    "_COMPARTMENTS": "axon dendrite split",
    "_UP_TO": "gaps up to",
    "LEAST": "from the least connected",
    "DIRECTION": "ascending or descending",
    "UNIT": "nm or um",
    "BOX_END": "pre or post",
    "_BOX": "box",
    "_TO_POINT": "-",
    "_HOPS": "hops",
    "NAMED_MOTIF": "the name of a motif",
    "COUNT_OF": "count of",
    "SHORTEST": "shortest paths",
    "STRONGEST": "strongest paths",
}
_UNSAID = {"$END", "_END"}


def explain_syntax(text: str, error: UnexpectedInput, *, question: bool = True) -> QuerySyntaxError:
    """The error to show for a question (or else a set of neurons) that lark could not parse."""
    expected = set(error.accepts or ()) if isinstance(error, UnexpectedToken) else set()
    expected = expected or set(getattr(error, "expected", None) or getattr(error, "allowed", None) or ())
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        position = len(text.rstrip())
        return QuerySyntaxError(
            f"The {'question' if question else 'set of neurons'} stops too early.",
            hint=_expected(expected),
            text=text,
            start=position,
            end=position + 1,
        )
    if text[position] in "'\"":
        return _quotation(text, position)
    begin = re.search(r"[^\s,()=<>!]*$", text[:position])
    start = (
        begin.start() if begin and begin[0] and text[position] not in "(),=<>!" else position
    )  # 2020-01-02 is read as 2020 and then not understood
    match = re.match(r"[^\s,()]+", text[start:])
    word = match[0] if match else text[start : start + 1]
    place: dict[str, Any] = {"text": text, "start": start, "end": start + max(1, len(word))}
    if question and start == len(text) - len(text.lstrip()):
        return _beginning(word, place)
    if start < position:
        return QuerySyntaxError(f"I do not understand {word!r} here.", hint=f"Perhaps in quotes: '{word}'.", **place)
    if word.lower() in ("and", "=", "<", ">", "<=", ">=", "!=") and re.search(
        r"\bneurons\s+where\b", text, re.IGNORECASE
    ):
        hint = "Put several conditions on a set of neurons in parentheses: neurons where (type = 'A' and inputs > 5)."
        return QuerySyntaxError(f"I do not understand {word!r} here.", hint=hint, **place)
    if re.fullmatch(r"-\d+(\.\d+)?", word) and "INT" in expected and "NUMBER" not in expected:
        return QuerySyntaxError(
            f"{word} does not go here.", hint="Expected here: a whole number of 1 or more.", **place
        )
    keywords = [
        _word(t) for t in expected - _UNSAID if _word(t)[0].isalpha() and t not in _SHOWN and _word(t) != word.lower()
    ]
    if question and (instead := error_model_meant(text, start) or compartments_meant(word)):
        return QuerySyntaxError(f"I do not understand {word!r} here.", hint=instead, **place)
    meant = did_you_mean(word, keywords)
    hint = f"{meant} {_expected(expected)}" if meant else _expected(expected)
    return QuerySyntaxError(f"I do not understand {word!r} here.", hint=hint, **place)


def _quotation(text: str, position: int) -> QuerySyntaxError:
    hint = "Close it, or leave it out."
    inside = re.search(r"\w+$", text[:position])
    if inside and text[position] == "'":
        rest = re.match(r"\S*", text[position:])
        hint = f'A name with a quotation mark in it goes in double quotes: "{inside[0]}{rest[0] if rest else ""}".'
    return QuerySyntaxError("This quotation mark is not closed.", hint=hint, text=text, start=position, end=len(text))


def _beginning(word: str, place: dict[str, Any]) -> QuerySyntaxError:
    message = f"{word!r} does not begin a question that graphkit knows."
    if word.lower() in ("select", "with", "from"):
        return QuerySyntaxError(
            message, hint="SQL is asked with --sql in the command, and with .sql() in Python.", **place
        )
    firsts = {q.split()[0]: None for q in (*_QUESTIONS, *_ANALYSES)}
    asks = word.lower() in (
        "which",
        "what",
        "who",
        "where",
        "how",
        "is",
        "are",
        "does",
        "do",
    )  # none is a slip of the pen
    meant = None if asks else did_you_mean(word, firsts)
    for first in firsts:
        if meant and f"{first!r}" in meant:  # said in full
            meant = meant.replace(
                f"{first!r}", " or ".join(f"{q!r}" for q in (*_QUESTIONS, *_ANALYSES) if q.split()[0] == first)
            )
    listed = "A question begins with " + ", ".join(_QUESTIONS[:-1]) + f" or {_QUESTIONS[-1]}."
    listed += f" Analyses: {', '.join(_ANALYSES)}."
    return QuerySyntaxError(message, hint=compartments_meant(word) or meant or listed, **place)


def _word(terminal: str) -> str:
    return _SHOWN.get(terminal) or terminal.strip("_").lower().replace("_", " ")


_NEURONS = (
    "neurons (a type, class, name or id, `type ...`, @set, `neurons of REGION`, `neurons where ...` or `any neuron`)"
)
_KINDS = (
    ({"SET_COLUMN", "GROUP", "NAME", "STRING"}, "a column"),
    ({"SET_COLUMN", "SET_NAME", "NAME", "STRING", "INT", "NUMBER", "_ANY", "_ALL", "_NEURON", "_NEURONS"}, _NEURONS),
    ({"NAME", "STRING", "INT", "NUMBER"}, "a value"),
    ({"INT", "NUMBER"}, "an id"),
    ({"NAME", "STRING"}, "a name"),
)
"""What several terminals together stand for; the first that fits."""


def _expected(terminals: set[str]) -> str:
    ends = " The question may also end here." if terminals & {"$END"} else ""
    left = terminals - _UNSAID
    words = []
    for kind, text in _KINDS:
        if kind <= left:
            words.append(text)
            left -= kind
    words += sorted(_word(t) for t in left)
    if not words:
        return f"Nothing more is expected here.{ends}"
    listed = words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
    return f"Expected here: {listed}.{ends}"
