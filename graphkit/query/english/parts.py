"""What may follow a question, in any order: ``in EB``, ``among ...``, ``with at least 5 synapses``, ``by type``, ``limit 5``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lark import Token, Tree

from graphkit.query import ir
from graphkit.query.english.boxes import box_of, length_nm_of
from graphkit.query.english.places import belonging_of, regions_of
from graphkit.query.english.sets import neuron_set
from graphkit.query.english.source import Node, Source, as_token, as_tree, count_of, name_of, seed_of, unquoted
from graphkit.query.english.where import condition_of, named_set

__all__ = ["PARTS", "Parts", "parts_of"]

PARTS = {
    "located": "regions",
    "belonging": "belonging",
    "in_named": "chosen",
    "where": "where",
    "among": "among",
    "between": "between",
    "from_set": "from",
    "to_set": "to",
    "within": "within",
    "at_least": "at_least",
    "kind": "kind",
    "transmitter": "nt",
    "compartment": "compartments",
    "no_autapses": "autapses",
    "by": "by",
    "rank": "rank",
    "strength": "strength",
    "as_figure": "figure",
    "excitatory": "excitatory",
    "inhibitory": "inhibitory",
    "against": "against",
    "errors": "errors",
    "order": "order",
    "limit": "limit",
    "box": "box",
    "seeded": "seed",
    "every": "every",
    "each": "each",
    "healing": "heal",
    "unhealed": "heal",
    "measured": "measure",
    "compared": "features",
    "into": "into",
}
"""Rules of the grammar that are parts, and the names under which ``Parts`` holds what they say."""


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
            compartments=self.take("compartments"),
        )


def parts_of(source: Source, trees: list[Node]) -> Parts:
    """What the trees say; each part may stand once."""
    parts = Parts()
    for tree in trees:
        name = PARTS[str(tree.data)]
        if name in parts.values:
            raise source.refusal(tree, "This stands in the question twice.", _TWICE.get(name, "Leave one of them out."))
        parts.values[name] = _part(source, tree)
        parts.places[name] = tree
    return parts


def _part(source: Source, tree: Node) -> Any:
    children = tree.children
    match tree.data:
        case "located":
            return regions_of(source, as_tree(children[0]))
        case "belonging":
            return belonging_of(source, children)
        case "in_named":
            return named_set(source, as_tree(children[0]))
        case "where":
            return condition_of(source, as_tree(children[0]))
        case "among" | "from_set" | "to_set":
            return neuron_set(source, as_tree(children[0]))
        case "between":
            return [neuron_set(source, as_tree(c)) for c in children]
        case "within":
            return _hops(source, as_token(children[0]))
        case "at_least":
            return _at_least(source, [as_token(c) for c in children])
        case "kind":
            return str(children[0]).lower()
        case "as_figure":
            return _figure(as_token(children[0]))
        case "transmitter" | "excitatory" | "inhibitory":
            named = (_transmitter(source, as_tree(n)) for n in as_tree(children[0]).children)
            return tuple(dict.fromkeys(spelled for several in named for spelled in several))
        case "compartment":
            named = (_compartment(source, as_tree(n)) for n in as_tree(children[0]).children)
            return tuple(dict.fromkeys(spelled for several in named for spelled in several))
        case "no_autapses":
            return False
        case "by":
            return tuple(dict.fromkeys(_group(source, as_token(c)) for c in children))
        case "rank" | "measured" | "compared":
            return str(children[0]).lower()
        case "strength":
            return "synapses" if str(children[0]).lower() == "synapses" else "input fraction"
        case "errors":
            return _errors(source, tree)
        case "against":
            return _against(source, tree)
        case "order":
            return tuple(_order(as_tree(c)) for c in children)
        case "limit" | "into" | "each":
            return count_of(source, as_token(children[0]))
        case "seeded":
            return seed_of(source, tree)
        case "every" | "healing":
            return length_nm_of(source, tree)
        case "unhealed":
            return 0
        case "box":
            return box_of(source, tree)
    raise AssertionError(tree.data)


_NO_THRESHOLD = "Leave the threshold out: then every connection counts."
_TWICE = {
    "by": "Several groups stand together: by type, region.",
    "regions": "Several regions stand together: in EB, PB.",
    "nt": "Several transmitters stand together: with transmitter gaba, glutamate.",
    "compartments": "Several stand together: with compartment axo-axonic, axo-dendritic.",
    "from": "Several sets stand together: from A, B.",
    "to": "Several sets stand together: to A, B.",
    "order": "Several columns stand together: order by type, synapses.",
}
"""How to say what was meant by a part that stands twice; other parts have one value."""


def _hops(source: Source, token: Token) -> int:
    hops = count_of(source, token)
    if hops > ir.MOST_HOPS:
        raise source.refusal(token, f"{hops:,} hops are too many; {ir.MOST_HOPS} are the most.")
    return hops


def _at_least(source: Source, tokens: list[Token]) -> tuple[int, bool]:
    """The minimum, and whether it is on each region's synapses by themselves."""
    kinds = {t.type for t in tokens}
    token = next(t for t in tokens if t.type == "INT")
    number = int(token) if token == "0" and "MORE_THAN" in kinds else count_of(source, token, _NO_THRESHOLD)
    return number + ("MORE_THAN" in kinds), "PER_REGION" in kinds


def _against(source: Source, tree: Node) -> ir.Against:
    counts = [as_token(c) for c in tree.children if not isinstance(c, Tree)]
    samples = count_of(source, counts[0]) if counts else ir.SAMPLES
    trees = {str(c.data): c for c in tree.children if isinstance(c, Tree)}
    seed = seed_of(source, as_tree(trees["seeded"])) if "seeded" in trees else 0
    model = as_tree(trees["name"])
    return source.placed(model, lambda: ir.Against(name_of(model), samples, seed))


def _errors(source: Source, tree: Node) -> ir.ReconstructionErrors:
    counts = [as_token(c) for c in tree.children if not isinstance(c, Tree)]
    samples = count_of(source, counts[0]) if counts else ir.ERROR_SAMPLES
    seed, rates = 0, {}
    for child in (as_tree(c) for c in tree.children if isinstance(c, Tree)):
        if child.data == "seeded":
            seed = seed_of(source, child)
            continue
        kind, number = str(child.children[0]).lower(), as_token(child.children[1])
        if kind in rates:
            raise source.refusal(child, f"The rate of {kind!r} stands twice.", "Leave one of them out.")
        percent = len(child.children) > 2
        rates[kind] = float(Decimal(str(number)).scaleb(-2 if percent else 0))
        if percent and not 0 <= rates[kind] <= (math.inf if kind == "false" else 1):
            most = {"missed": " and below 100 %", "false": ""}.get(kind, ", and 100 % at most")
            raise source.refusal(child, f"{kind} {number} % cannot be; expected 0 % or more{most}.")
    return source.placed(tree, lambda: ir.ReconstructionErrors(**rates, samples=samples, seed=seed))


def _figure(token: Token) -> ir.Figure:
    words = " ".join(token.lower().split()).removesuffix(" synapses").removesuffix("s")
    return next(figure for figure in ir.FIGURES if figure == words)


def _order(term: Node) -> ir.Sort:
    column = unquoted(as_token(as_tree(term.children[0]).children[0]))
    descending = len(term.children) > 1 and str(term.children[1]).lower().startswith("desc")
    return ir.Sort(column, descending)


def _transmitter(source: Source, name: Node) -> tuple[str, ...]:
    return source.placed(name, lambda: source.vocabulary.transmitter(name_of(name)))


def _compartment(source: Source, name: Node) -> tuple[str, ...]:
    return source.placed(name, lambda: source.vocabulary.compartment(name_of(name)))


def _group(source: Source, token: Token) -> ir.Group:
    if token.type != "GROUP":
        return source.placed(token, lambda: source.vocabulary.group(unquoted(token)))
    word = token.lower()
    word = {"classes": "class", "transmitter": "nt", "transmitters": "nt"}.get(word, word)
    return word if word in ir.GROUPS else word.removesuffix("s")
