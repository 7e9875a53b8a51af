"""What may follow a question, in any order: ``in EB``, ``among ...``, ``with at least 5 synapses``, ``by type``, ``limit 5``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lark import Token

from graphkit.query import ir
from graphkit.query.english.places import belonging_of, regions_of
from graphkit.query.english.sets import neuron_set
from graphkit.query.english.source import Node, Source, as_token, as_tree, count_of, name_of
from graphkit.query.english.where import condition_of, named_set

__all__ = ["Parts", "parts_of"]

_GROUPS: dict[str, ir.Group] = {"type": "type", "class": "class", "side": "side", "nt": "nt", "region": "region"}


@dataclass(slots=True)
class Parts:
    """The parts of one question: what each says, and where it stands (for errors about how they go together)."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Node] = field(default_factory=dict)

    def take(self, name: str, default: Any = None) -> Any:
        """What the part says; ``default`` where the question does not have it."""
        return self.values.pop(name, default)

    def selection(self, neurons: ir.Condition | None = None) -> ir.Selection:
        """Which synapses count; ``neurons`` where a part by another name than ``among`` says them."""
        minimum, per_region = self.take("at_least", (1, False))
        among = self.take("among")
        return ir.Selection(
            regions=self.take("regions"),
            neurons=among if neurons is None else neurons,
            min_synapses=minimum,
            per_region=per_region,
            kind=self.take("kind", "chemical"),
            nt=self.take("nt"),
            autapses=self.take("autapses", True),
        )


def parts_of(source: Source, trees: list[Node]) -> Parts:
    """What the trees say; each part may stand once."""
    parts = Parts()
    for tree in trees:
        key, value = _part(source, tree)
        if key in parts.values:
            raise source.refusal(tree, "This stands in the question twice.", "Leave one of them out.")
        parts.values[key] = value
        parts.places[key] = tree
    return parts


def _part(source: Source, tree: Node) -> tuple[str, Any]:
    children = tree.children
    match tree.data:
        case "located":
            return "regions", regions_of(source, as_tree(children[0]))
        case "belonging":
            return "belonging", belonging_of(source, children)
        case "within":
            return "within", named_set(source, as_tree(children[0]))
        case "where":
            return "where", condition_of(source, as_tree(children[0]))
        case "among":
            return "among", neuron_set(source, as_tree(children[0]))
        case "between":
            return "between", [neuron_set(source, as_tree(c)) for c in children]
        case "from_set":
            return "from", neuron_set(source, as_tree(children[0]))
        case "to_set":
            return "to", neuron_set(source, as_tree(children[0]))
        case "at_least":
            return "at_least", (count_of(source, as_token(children[0])), len(children) > 1)
        case "kind":
            return "kind", str(children[0]).lower()
        case "transmitter":
            named = (_transmitter(source, as_tree(n)) for n in as_tree(children[0]).children)
            return "nt", tuple(dict.fromkeys(spelled for several in named for spelled in several))
        case "no_autapses":
            return "autapses", False
        case "by":
            return "by", tuple(dict.fromkeys(_group(as_token(c)) for c in children))
        case "limit":
            return "limit", count_of(source, as_token(children[0]))
    raise AssertionError(tree.data)


def _transmitter(source: Source, name: Node) -> tuple[str, ...]:
    return source.placed(name, lambda: source.vocabulary.transmitter(name_of(name)))


def _group(token: Token) -> ir.Group:
    word = token.lower()
    word = {"classes": "class", "transmitter": "nt", "transmitters": "nt"}.get(word, word)
    return _GROUPS[word if word in _GROUPS else word.removesuffix("s")]
