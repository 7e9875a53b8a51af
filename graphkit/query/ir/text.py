"""The typed form as JSON text, and back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from graphkit.errors import QueryError
from graphkit.query.ir.against import Against
from graphkit.query.ir.conditions import And, BelongsTo, Comparison, HasSynapsesIn, NamedSet, Not, Or
from graphkit.query.ir.forms import FORMS, Box, Form, Signs
from graphkit.query.ir.order import Sort
from graphkit.query.ir.pattern import Attribute, Order, PatternEdge, PatternNode, Sample, Test
from graphkit.query.ir.reconstruction_errors import ReconstructionErrors
from graphkit.query.ir.selection import Selection

__all__ = ["FORM_VERSION", "from_json", "to_json"]

FORM_VERSION = 1

_ID = "neuron_id"
_NAMED = {
    c.__name__: c
    for c in (
        *(Against, And, Attribute, BelongsTo, Box, Comparison, HasSynapsesIn, NamedSet, Not, Or, Order),
        *(PatternEdge, PatternNode, ReconstructionErrors, Sample, Signs, Sort, Test),
    )
}
"""What stands in a form under its own name."""

_QUESTIONS = {c.__name__: name for name, c in FORMS.items()}


def to_json(form: Form | Selection) -> str:
    """The form as JSON text; the same form always gives the same text. Neuron ids inside are strings.

    >>> to_json(FORMS["regions"]())
    '{"errors":null,"limit":null,"order":[],"question":"regions","version":1}'
    """
    body = _plain(form)
    return json.dumps({**body, "version": FORM_VERSION}, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Form:
    """The form that ``to_json`` wrote.

    Raises:
        QueryError: not a form, or one of another version.
    """
    try:
        body = json.loads(text)
        version, question = body.pop("version"), body.pop("question")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise QueryError(f"This is not a typed question: {error}.") from error
    if version != FORM_VERSION or not isinstance(question, str) or question not in FORMS:
        raise QueryError(
            f"This graphkit reads typed questions of version {FORM_VERSION}, got {question!r}, {version!r}."
        )
    try:
        return FORMS[question](**{k: _revived(k, v) for k, v in body.items()})
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise QueryError(f"This is not a typed question: {error}.") from error


def _plain(node: Any) -> Any:
    if dataclasses.is_dataclass(node):
        body = {f.name: _plain(getattr(node, f.name)) for f in dataclasses.fields(node)}
        name = type(node).__name__
        if isinstance(node, Comparison) and node.column == _ID and node.value is not None:
            body["value"] = [str(v) for v in node.value] if isinstance(node.value, tuple) else str(node.value)
        if isinstance(node, NamedSet):
            body["ids"] = [str(i) for i in node.ids]
        if name in _NAMED:
            return {"is": name, **body}
        return {"question": _QUESTIONS[name], **body} if name in _QUESTIONS else body
    if isinstance(node, tuple):
        return [_plain(item) for item in node]
    return node


def _revived(key: str, node: Any) -> Any:
    if isinstance(node, dict) and "is" in node:
        fields = {k: _revived(k, v) for k, v in node.items() if k != "is"}
        if "value" in fields and fields.get("column") == _ID and (value := fields["value"]) is not None:
            fields["value"] = tuple(int(v) for v in value) if isinstance(value, tuple) else int(value)
        if node["is"] == "NamedSet":
            fields["ids"] = tuple(map(int, fields["ids"]))
        return _NAMED[node["is"]](**fields)
    if isinstance(node, dict) and "question" in node:
        return FORMS[node["question"]](**{k: _revived(k, v) for k, v in node.items() if k != "question"})
    if key == "selection":
        return Selection(**{k: _revived(k, v) for k, v in node.items()})
    if isinstance(node, list):
        return tuple(_revived(key, item) for item in node)
    return node
