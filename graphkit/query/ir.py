"""The typed form of a question: what English, MATCH and the Python API build, and all that the planner reads.

Frozen and JSON-serialisable; ``FORM_VERSION`` changes when its meaning does. Names in it are spelled as the dataset spells
them (``graphkit.query.vocabulary`` has resolved them), except where they hold wildcards (* and ?).

What a form means
- ``regions``: only synapses located in one of these regions or below it in the tree. None: anywhere.
- ``neurons``: both ends are among these neurons. None: any neuron.
- ``min_synapses`` is on the pair's sum over the chosen regions; with ``per_region`` on each region's row by itself.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from graphkit.errors import QueryError

__all__ = [
    "FORM_VERSION",
    "HALF",
    "LEAST_SHARE",
    "And",
    "BelongsTo",
    "Comparison",
    "Condition",
    "Connections",
    "Form",
    "HasSynapsesIn",
    "Motifs",
    "Neurons",
    "Not",
    "Or",
    "Partners",
    "Regions",
    "Selection",
    "Synapses",
    "Types",
    "from_json",
    "to_json",
]

FORM_VERSION = 1

HALF = 0.5
"""A neuron belongs to a region with at least this share of its inputs or of its outputs there."""

LEAST_SHARE = 1e-6
"""Shares are compared in millionths."""

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "like", "not like", "in", "is null", "is not null"]
Value = str | int | float | bool | tuple[str | int, ...] | None
Kind = Literal["chemical", "electrical"]  # schema.KINDS, which would bring pyarrow along
Group = Literal["type", "class", "side", "nt", "region"]
GROUPS: tuple[Group, ...] = ("type", "class", "side", "nt", "region")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column of the neuron table against a value; ``like`` takes the wildcards * and ?, ``in`` a tuple."""

    column: str
    op: Operator
    value: Value = None


@dataclass(frozen=True, slots=True)
class BelongsTo:
    """At least ``share`` of the neuron's inputs, or of its outputs, lie in the regions."""

    regions: tuple[str, ...]
    share: float = HALF


@dataclass(frozen=True, slots=True)
class HasSynapsesIn:
    """The neuron has at least one input or output in the regions."""

    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of the terms."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the terms."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not the term; where the term is unknown (a null), this is unknown too, and the neuron is not chosen."""

    term: Condition


Condition = Comparison | BelongsTo | HasSynapsesIn | And | Or | Not


@dataclass(frozen=True, slots=True)
class Selection:
    """Which connections make up the graph that is asked."""

    regions: tuple[str, ...] | None = None
    neurons: Condition | None = None
    min_synapses: int = 1
    per_region: bool = False
    kind: Kind = "chemical"
    nt: tuple[str, ...] | None = None
    autapses: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.min_synapses, bool) or not isinstance(self.min_synapses, int) or self.min_synapses < 1:
            raise QueryError(
                f"The minimum of synapses must be a whole number of at least 1, got {self.min_synapses!r}."
            )
        if self.kind not in get_args(Kind):
            raise QueryError(f"The kind must be 'chemical' or 'electrical', got {self.kind!r}.")


@dataclass(frozen=True, slots=True)
class Motifs:
    """Dyads and triads of the selected graph; ``by_type``: by the types of the neurons in each role."""

    selection: Selection = Selection()
    by_type: bool = False
    limit: int | None = None
    name: ClassVar[str] = "motifs"


@dataclass(frozen=True, slots=True)
class Neurons:
    """Neurons that meet a condition, with their totals, and with those in ``regions`` where given."""

    where: Condition | None = None
    regions: tuple[str, ...] | None = None
    limit: int | None = None
    name: ClassVar[str] = "neurons"


@dataclass(frozen=True, slots=True)
class Partners:
    """Who gives input to, or gets output from, the neurons of ``of``; one row a partner, or a group of partners."""

    of: Condition
    direction: Literal["inputs", "outputs", "partners"]
    by: tuple[Group, ...] = ()
    selection: Selection = Selection()
    limit: int | None = None
    name: ClassVar[str] = "partners"


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections from ``pre`` to ``post``; with ``both_ways`` also from ``post`` to ``pre``. None: any neuron."""

    pre: Condition | None = None
    post: Condition | None = None
    both_ways: bool = False
    by: tuple[Group, ...] = ()
    selection: Selection = Selection()
    limit: int | None = None
    name: ClassVar[str] = "connections"

    def __post_init__(self) -> None:
        if self.selection.kind == "electrical":  # no direction: either way asks the same
            object.__setattr__(self, "both_ways", False)


@dataclass(frozen=True, slots=True)
class Synapses:
    """Single synapses from ``pre`` to ``post``. None: any neuron."""

    pre: Condition | None = None
    post: Condition | None = None
    selection: Selection = Selection()
    limit: int | None = None
    name: ClassVar[str] = "synapses"


@dataclass(frozen=True, slots=True)
class Regions:
    """The tree of regions, with neurons and synapses in each (its children's included)."""

    limit: int | None = None
    name: ClassVar[str] = "regions"


@dataclass(frozen=True, slots=True)
class Types:
    """The cell types, with their neurons and totals; in ``regions``, or among the neurons that meet a condition."""

    where: Condition | None = None
    regions: tuple[str, ...] | None = None
    limit: int | None = None
    name: ClassVar[str] = "types"


Form = Motifs | Neurons | Partners | Connections | Synapses | Regions | Types

_FORMS = {c.name: c for c in (Motifs, Neurons, Partners, Connections, Synapses, Regions, Types)}
_ID = "neuron_id"
_CONDITIONS = {c.__name__: c for c in (Comparison, BelongsTo, HasSynapsesIn, And, Or, Not)}


def to_json(form: Form | Selection) -> str:
    """The form as JSON text; the same form always gives the same text. Neuron ids inside are strings.

    >>> to_json(Regions())
    '{"limit":null,"question":"regions","version":1}'
    """
    body = _plain(form)
    if not isinstance(form, Selection):
        body["question"] = form.name
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
    if version != FORM_VERSION or not isinstance(question, str) or question not in _FORMS:
        raise QueryError(
            f"This graphkit reads typed questions of version {FORM_VERSION}, got {question!r}, {version!r}."
        )
    try:
        return _FORMS[question](**{k: _revived(k, v) for k, v in body.items()})
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise QueryError(f"This is not a typed question: {error}.") from error


def _plain(node: Any) -> Any:
    if dataclasses.is_dataclass(node):
        body = {f.name: _plain(getattr(node, f.name)) for f in dataclasses.fields(node)}
        name = type(node).__name__
        if isinstance(node, Comparison) and node.column == _ID and node.value is not None:
            body["value"] = [str(v) for v in node.value] if isinstance(node.value, tuple) else str(node.value)
        return {"is": name, **body} if name in _CONDITIONS else body
    if isinstance(node, tuple):
        return [_plain(item) for item in node]
    return node


def _revived(key: str, node: Any) -> Any:
    if isinstance(node, dict) and "is" in node:
        fields = {k: _revived(k, v) for k, v in node.items() if k != "is"}
        if fields.get("column") == _ID and (value := fields["value"]) is not None:
            fields["value"] = tuple(int(v) for v in value) if isinstance(value, tuple) else int(value)
        return _CONDITIONS[node["is"]](**fields)
    if key == "selection":
        return Selection(**{k: _revived(k, v) for k, v in node.items()})
    if isinstance(node, list):
        return tuple(_revived(key, item) for item in node)
    return node
