"""How circuits are talked about at first try, in the words of the language: more rules of ``rephrased``."""

from __future__ import annotations

import re

from graphkit.query.english.words_of_papers import Reading

__all__ = ["RULES_OF_CIRCUITS", "RULES_OF_NAMES", "chain"]

_REST = r"(?P<rest>(?:\s+(?:in|with|without|within|by|among|against|where|limit|top|order|sorted)\b.*)?)"
_MOTIFS = r"(?P<what>reciprocal\s+(?:pairs|connections)|feed-?forward\s+loops|feedback\s+loops|3-cycles|chains)"
_CELLS = r"(?:neurons|cells)"
_WHICH = r"(?:which|what)\s+(?:neurons|types)"
_TOTAL = r"(?P<a>inputs|outputs|partners)"
_REGIONS = {  # Ito et al. 2014, Neuron 81, 755; what it does not have is written as its datasets write it
    "EB": r"ellipsoid\s+bod(?:y|ies)",
    "FB": r"fan[\s-]shaped\s+bod(?:y|ies)",
    "PB": r"protocerebral\s+bridge",
    "NO": r"noduli|nodulus",
    "CX": r"central\s+complex",
    "MB": r"mushroom\s+bod(?:y|ies)",
    "CA": r"calyx|calyces",
    "AL": r"antennal\s+lobes?",
    "LH": r"lateral\s+horns?",
    "LAL": r"lateral\s+accessory\s+lobes?",
    "OL": r"optic\s+lobes?",
    "ME": r"medulla",
    "LOP": r"lobula\s+plates?",
    "LO": r"lobula",
    "BU": r"bulbs?",
    "AOTU": r"anterior\s+optic\s+tubercles?",
    "SMP": r"superior\s+medial\s+protocerebrum",
    "GNG": r"gnathal\s+gangli(?:a|on)",
}

Rule = tuple[str, tuple[Reading, ...]]

RULES_OF_CIRCUITS: tuple[Rule, ...] = (
    (rf"(?P<a>.+\s(?:of|from|to|onto|between|among|and|,)\s*\S+)\s+{_CELLS}(?P<rest>(?:\s+.*)?)", (Reading("{a}{rest}"),)),
    (r"which\s+neurons\s+are\s+(?P<a>.+)", (Reading("{a}"),)),
    (
        r"(?:which|what)\s+(?:neurons|types)\s+(?:connect|link|join)\s+(?P<a>\S.*?)\s+(?:to|and|with)\s+(?P<b>.+)",
        (
            Reading("connections from {a} to {b}", "directly"),
            Reading("paths from {a} to {b} within 2 hops", "over one neuron in between"),
        ),
    ),
    (
        r"(?:who|what|which(?:\s+(?:neurons|types))?)\s+(?P<how>inhibits?|excites?)\s+(?P<a>.+)",
        (Reading("connections to {a} by type as signed synapses", "excitation less inhibition"),),
    ),
    (rf"{_WHICH}\s+(?:receive|get)s?\s+(?:inputs?\s+)?from\s+(?:both\s+)?(?P<a>\S.*?)\s+and\s+(?P<b>.+)", (
        Reading("common outputs of {a} and {b}"),
    )),
    (rf"{_WHICH}\s+(?:receive|get)s?\s+(?:inputs?\s+)?from\s+(?P<a>\S+)", (Reading("outputs of {a}"),)),
    (r"(?P<a>(?:connections|neurons|types|motifs)\s+.*\b(?:among|of|from|to)\s+\S.*?),?\s+and\s+(?P<b>\S.*)", (
        Reading("{a}, {b}"),
    )),
    (rf"{_MOTIFS}\s+(?:between|of)\s+(?P<a>[^\s,]+)\s+and\s+(?P<b>[^\s,]+){_REST}", (
        Reading("{what} where a.type = {a} and b.type = {b}{rest}"),
    )),
    (
        rf"(?:\S+\s+){{0,2}}?(?:feedback\s+)?(?:loops?|motifs?)\s+(?:of\s+|between\s+|among\s+)?"
        rf"(?!(?:in|by|with|without|against|region|neurons|type|class|any)\b)(?P<a>[^\s,]+),?\s+(?P<b>[^\s,]+),?\s+(?:and\s+)?(?P<c>[^\s,]+){_REST}",
        (
            Reading("feedback loops among {a}, {b}, {c}{rest}", "among all of these"),
            Reading("MATCH (a:{a})->(b:{b})->(c:{c})->(a) RETURN count", "in this order"),
        ),
    ),
    (
        r"(?:type|cell)(?:[\s-](?:to|by)[\s-]type)?\s+(?:connectivity\s+|adjacency\s+)?(?:matrix|matrices|connectivity)\s+"
        r"(?:of\s+|among\s+|between\s+|for\s+)?(?:neurons\s+of\s+)?(?P<a>.+)",
        (
            Reading("connections in {a} by type", "synapses located there"),
            Reading("connections between neurons of {a} by type", "of its neurons, wherever the synapses are"),
            Reading("connections among {a} by type"),
        ),
    ),
    (rf"(?:total\s+|number\s+of\s+|how\s+many\s+)?synapses?\s+counts?\s+(?:between|by)\s+types?{_REST}", (
        Reading("connections by type{rest}"),
    )),
    (rf"(?:total|sum\s+of|number\s+of)\s+synapses\s+between\s+(?P<a>\S.*?)\s+and\s+(?P<b>\S.*?){_REST}", (
        Reading("how many synapses from {a} to {b}{rest}"),
        Reading("how many synapses from {b} to {a}{rest}"),
    )),
    (r"input\s+(?:fractions?|shares?)\s+of\s+(?P<a>.+)", (Reading("inputs of {a}"),)),
    (rf"{_TOTAL}(?P<b>\s+of\s+.+)\s+as\s+(?:an?\s+)?(?:(?:in|out)put\s+)?(?:fractions?|shares?|percent\w*){_REST}", (
        Reading("{a}{b}{rest}"),
    )),
    (r"(?:which|what)\s+regions\s+(?:do(?:es)?\s+)?(?P<a>\S+)(?:\s+(?:neurons|cells))?\s+(?:innervates?|arborizes?\s+in|have)", (
        Reading("neurons where type = {a} by region"),
    )),
    (r"regions\s+of\s+(?:neurons\s+of\s+type\s+)?(?P<a>\S+)", (Reading("neurons where type = {a} by region"),)),
    (r"where\s+(?:do(?:es)?|are)\s+(?:the\s+)?(?:synapses\s+of\s+)?(?P<a>\S+)(?:\s+(?:neurons\s+)?project)?", (
        Reading("outputs of {a}", "onto whom"),
        Reading("neurons where type = {a} by region", "in which regions"),
    )),
    (rf"(?:neurons|types)\s+with(?:\s+the)?\s+(?:most|highest|largest)\s+(?:number\s+of\s+)?(?P<a>inputs|outputs){_REST}", (
        Reading("neurons order by {a} descending{rest}"),
    )),
    (rf"neurons\s+with\s+(?:at\s+least|>=)\s+(?P<n>\d+)\s+{_TOTAL}", (Reading("neurons where {a} >= {n}"),)),
    (rf"neurons\s+with\s+(?:more\s+than|>)\s+(?P<n>\d+)\s+{_TOTAL}", (Reading("neurons where {a} > {n}"),)),
    (r"(?P<a>(?:connections|gap\s+junctions)\b.*?)\s+where\s+(?:synapses|weight)\s*>=\s*(?P<n>\d+)", (
        Reading("{a} with at least {n} synapses"),
    )),
    (r"(?P<a>(?:connections|gap\s+junctions)\b.*?)\s+where\s+(?:synapses|weight)\s*>\s*(?P<n>\d+)", (
        Reading("{a} with more than {n} synapses"),
    )),
    (r"how\s+strong(?:ly)?\s+(?:do(?:es)?\s+)?(?P<a>\S.*?)\s+(?:connects?\s+to|synapses?\s+onto|drives?)\s+(?P<b>.+)", (
        Reading("connections from {a} to {b} by type as input fraction"),
    )),
    (r"do(?:es)?\s+(?P<a>\S.*?)\s+(?:inhibit|excite)s?\s+(?P<b>.+)", (
        Reading("connections from {a} to {b} by type as signed synapses"),
        Reading("connections from {a} to {b}"),
    )),
    (r"(?:average|mean)\s+(?:number\s+of\s+)?(?:synapses|weight)(?:\s+per\s+connection)?\s+(?P<a>from\s+.+\s+to\s+.+)", (
        Reading("connections {a} by type", "of a connection: synapses over connections"),
        Reading("connections {a} by type as mean synapses", "onto a neuron of the postsynaptic type"),
    )),
    (rf"{_WHICH}\s+(?:have|has)\s+(?:the\s+)?(?:highest|most|largest)\s+(?P<a>.+)", (Reading("neurons with the highest {a}"),)),
    (r"how\s+(?:are|is)\s+(?P<a>\S.*?)\s+and\s+(?P<b>\S.*?)\s+(?:connected|linked|related)", (
        Reading("connections between {a} and {b}", "directly"),
        Reading("shortest paths from {a} to {b}", "by the fewest hops"),
    )),
    (r"(?P<a>\S+)\s+gap\s+junctions", (Reading("gap junctions from {a}"),)),
    (r"electrical\s+(?:synapses|connections)(?:\s+(?:of|from|with)\s+(?P<a>\S.*))", (Reading("gap junctions from {a}"),)),
    (r"chemical\s+(?:synapses|connections)\s+(?P<a>(?:from|to|between)\s+.+)", (Reading("connections {a}"),)),
    (r"(?:strongest|largest)\s+(?P<a>gap\s+junctions\b.*)", (Reading("{a}"),)),
    (r"connectivity\s+of\s+(?P<a>.+)", (Reading("partners of {a}"),)),
    (r"targets\s+of\s+(?P<a>.+)", (Reading("outputs of {a}"),)),
    (r"sources\s+of\s+(?P<a>.+)", (Reading("inputs of {a}"),)),
    (r"neurons\s+(?P<a>(?:up|down)stream\s+of\s+.+)", (Reading("{a}"),)),
    (r"(?P<what>inputs|outputs|partners)\s+(?!of\b|to\b|from\b|where\b)(?P<a>\S.*)", (Reading("{what} of {a}"),)),
    (r"(?:shared|overlap\s+of|overlapping)\s+(?P<what>inputs|outputs|partners)\s+(?:of|between)\s+(?P<a>.+?)\s+and\s+(?P<b>.+)", (
        Reading("common {what} of {a} and {b}"),
    )),
    (r"(?:brain\s+)?(?:regions|neuropils|rois)", (Reading("regions"),)),
    (r"(?P<a>how\s+many\s+.+?)\s+are\s+there", (Reading("{a}"),)),
    (r"(?:size|summary|overview)\s+of\s+(?:the\s+)?(?:dataset|data|network|graph|connectome|brain)", (Reading("statistics"),)),
    (r"(?:weights?|strengths?)\s+(?:of|from)\s+(?P<a>\S+)\s+(?:to|onto)\s+(?P<b>.+)", (Reading("connections from {a} to {b}"),)),
    (r"connections\s+(?P<a>'[^']+'|[^\s,]+)\s+(?P<b>'[^']+'|[^\s,]+)", (Reading("connections from {a} to {b}"),)),
    (r"(?:circuit|network|sub-?network|sub-?graph|graph)\s+(?:of|among|between)\s+(?P<a>.+)", (
        Reading("connections in {a}"),
        Reading("connections among {a}"),
    )),
    (r"(?:recurrent|internal|intrinsic)\s+connections\s+(?:of|among|within)\s+(?P<a>.+)|connections\s+within\s+(?P<b>.+)", (
        Reading("connections among {a}{b}"),
    )),
    (r"(?:autapses|self[\s-]connections|self[\s-]loops)", (Reading("MATCH (a)->(a)"),)),
    (r"cell\s+types(?P<rest>.*)", (Reading("types{rest}"),)),
    (rf"(?:contralateral|crossing|commissural)\s+connections{_REST}", (
        Reading("connections from side left to side right{rest}"),
        Reading("connections from side right to side left{rest}"),
    )),
    (r"(?:layers?|flow\s+ranks?|signal\s+flow)\s+from\s+(?P<a>.+)", (Reading("information flow from {a}"),)),
    (r"neurons\s+in\s+both\s+(?P<a>\S+)\s+and\s+(?P<b>\S+)", (Reading("neurons in {a} where have synapses in {b}"),)),
    (rf"(?P<what>effective\s+(?:connectivity|connections?))\s+between\s+(?P<a>\S.*?)\s+and\s+(?P<b>\S+){_REST}", (
        Reading("{what} from {a} to {b}{rest}"),
        Reading("{what} from {b} to {a}{rest}"),
    )),
    (r"(?:indirect|multi-?hop|polysynaptic)\s+(?:connections?|connectivity|path(?:way)?s?)\s+(?P<a>from\s+\S.*?\s+to\s+.+)", (
        Reading("paths {a} within 2 hops by type"),
    )),
    (r"how\s+many\s+(?P<a>\S+)\s+(?:neurons|cells)(?P<rest>.*)", (Reading("how many neurons{rest} where type = {a}"),)),
    *(
        (rf"(?P<a>.*\b(?:of|in|to|from|between|and|of\s+region|in\s+region|compare)\s+)(?:the\s+)?(?:{words})(?P<rest>\b.*)", (
            Reading(f"{{a}}{name}{{rest}}"),
            Reading(f"{{a}}{name}(L), {name}(R){{rest}}", "both sides"),
        ))
        for name, words in _REGIONS.items()
    ),
)  # fmt: skip

RULES_OF_NAMES: tuple[Rule, ...] = (
    (r"(?:neurons?\s+)?(?P<a>\d+)", (
        Reading("neurons where neuron_id = {a}", "what is known of it"),
        Reading("inputs of {a}"),
        Reading("outputs of {a}"),
    )),
    (r"(?:neurons?\s+|cell\s+type\s+)?(?P<a>[^\s,]+)(?:\s+(?:neurons?|cells?))?", (
        Reading("neurons where type = {a}", "the neurons"),
        Reading("neurons where name = {a}", "what is known of it"),
        Reading("inputs of {a}"),
        Reading("outputs of {a}"),
    )),
    (r"(?P<side>left|right)\s+(?P<a>\S+)(?:\s+(?:neurons|cells))?", (Reading("neurons where type = {a} and side = {side}"),)),
    (r"how\s+many\s+(?P<a>\S+?)s?", (Reading("how many neurons where type = {a}"),)),
    (r"(?P<a>[^\s,]+)\s+(?:to|onto)\s+(?P<b>[^\s,]+)", (Reading("connections from {a} to {b}"),)),
)  # fmt: skip
"""Rules of so few words that they hold only where the dataset has the names."""

_LETTERS = "abcdefgh"
_NAME = r"""'[^']+'|"[^"]+"|[^\s(),;:'"]+(?:\([^\s()]*\))?"""


def chain(text: str) -> Reading | None:
    """``A -> B -> C`` as a pattern, closed where it ends with the name that it begins with."""
    names = [name.strip() for name in re.split(r"->|→|=>", re.sub(r"^(?:loops?|chains?|motifs?|paths?)\s+", "", text))]
    closed = len(names) > 2 and names[0] == names[-1]
    several = names[:-1] if closed else names
    if len(names) < 3 or len(several) > len(_LETTERS) or not all(re.fullmatch(_NAME, n) for n in names):
        return None
    nodes = [f"({letter}:{name})" for letter, name in zip(_LETTERS, several, strict=False)]
    return Reading("MATCH " + "->".join([*nodes, *(["(a)"] if closed else [])]) + " RETURN count")
