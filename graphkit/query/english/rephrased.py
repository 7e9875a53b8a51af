"""Questions as they come to mind, in the words of the language: suggestions for what could not be parsed.

Nothing is answered by them. A question that can be said in one way is suggested; of one with several readings they are listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from graphkit.query.english.slips_in_clauses import RULES_OF_CLAUSES
from graphkit.query.english.words_of_circuits import RULES_OF_CIRCUITS, RULES_OF_NAMES, chain
from graphkit.query.english.words_of_papers import RULES_OF_PAPERS, Reading

__all__ = ["Reading", "rephrased"]

_LONGEST = 200
"""Characters; what is longer is no slip of the tongue."""
_DEPTH = 3
_REST = r"(?P<rest>(?:\s+(?:in|with|without|within|by|among|where|limit|top|order|sorted|as|at)\b.*)?)"
_RANKING = r"(?P<a>pagerank|betweenness|core\s+numbers?|clustering|attractors|repellers|hubs)"
_EITHER = r"(?P<a>\S.*?)\s+and\s+(?P<b>\S.*?)"
_ONTO = (
    r"(?:synapses?|connects?|projects?|inputs?)\s+(?:on|onto|to|into)|targets?|drives?|excites?|inhibits?|innervates?"
)

_RULES: tuple[tuple[str, tuple[Reading, ...]], ...] = (
    (
        r"(?:please\s+)?(?:show|list|find|give|get|tell|print|display|plot|draw)(?:\s+(?:me|us))?"
        r"(?:\s+all)?(?:\s+of)?(?:\s+the)?\s+(?P<a>.+)",
        (Reading("{a}"),),
    ),
    (r"(?:what|which|who|where)(?:'s|\s+is|\s+are)(?:\s+all)?(?:\s+the)?\s+(?P<a>.+)", (Reading("{a}"),)),
    (r"(?:the|all(?:\s+the)?)\s+(?P<a>.+)", (Reading("{a}"),)),
    (r"(?:top|first|strongest|largest)\s+(?P<n>\d+)\s+(?P<a>.+)", (Reading("{a} limit {n}"),)),
    (r"(?P<n>\d+)\s+(?:top|first|strongest|largest|biggest)\s+(?P<a>.+)", (Reading("{a} limit {n}"),)),
    (
        r"(?:strongest|largest|biggest|main|top)\s+(?P<a>(?:inputs|outputs|partners|connections|hubs)\b.*)",
        (Reading("{a}"),),
    ),
    (rf"(?:neurons\s+)?(?:by|with(?:\s+the)?\s+(?:highest|most|largest))\s+{_RANKING}{_REST}", (Reading("{a}{rest}"),)),
    (rf"(?:highest|largest|greatest)\s+{_RANKING}{_REST}", (Reading("{a}{rest}"),)),
    (
        r"(?:neurons\s+)?(?:by|with(?:\s+the)?\s+(?:highest|most|largest))\s+(?:degree|partners|connections)" + _REST,
        (Reading("hubs{rest}"),),
    ),
    (rf"(?:most|best|highly)[\s-]+connected(?:\s+neurons)?{_REST}", (Reading("hubs{rest}"),)),
    (r"(?:what|which)\s+(?P<what>neurons|types)\s+(?:are\s+|lie\s+)?(?P<of>in|of)\s+(?P<a>.+)", (Reading("{what} {of} {a}"),)),
    (
        rf"(?:who|what|which(?:\s+(?:neurons|types))?|neurons\s+that)\s+(?:{_ONTO})\s+(?P<a>.+)",
        (Reading("inputs of {a}"),),
    ),
    (
        rf"(?:who|what|where|which(?:\s+(?:neurons|types))?)\s+do(?:es)?\s+(?P<a>.+?)\s+(?:{_ONTO}|project|connect)",
        (Reading("outputs of {a}"),),
    ),
    (r"inputs?\s+(?:to|onto|into|for)\s+(?P<a>.+)", (Reading("inputs of {a}"),)),
    (r"outputs?\s+(?:from|for)\s+(?P<a>.+)", (Reading("outputs of {a}"),)),
    (r"(?:presynaptic|upstream)\s+(?:partners|neurons)\s+(?:of|to)\s+(?P<a>.+)", (Reading("inputs of {a}"),)),
    (r"(?:postsynaptic|downstream)\s+(?:partners|neurons)\s+(?:of|to)\s+(?P<a>.+)", (Reading("outputs of {a}"),)),
    (rf"(?P<what>inputs|outputs|partners)\s+of\s+{_EITHER}{_REST}", (
        Reading("{what} of {a}, {b}{rest}", "of either"),
        Reading("common {what} of {a} and {b}{rest}", "shared by both"),
    )),
    (rf"(?P<what>synapses|connections)\s+of\s+(?P<a>\S.*?){_REST}", (
        Reading("{what} from {a}{rest}"),
        Reading("{what} to {a}{rest}"),
    )),
    (r"(?:connections\s+)?(?:from\s+)?(?P<a>[^->]+?)\s*(?:->|→|=>)\s*(?P<b>[^->]+)", (Reading("connections from {a} to {b}"),)),
    (rf"(?P<what>(?:(?:\d+\s+)?(?:shortest|strongest)\s+)?paths?)\s+between\s+{_EITHER}{_REST}", (
        Reading("{what} from {a} to {b}{rest}"),
        Reading("{what} from {b} to {a}{rest}"),
    )),
    (r"path\s+from\s+(?P<a>.+)", (Reading("shortest path from {a}"), Reading("strongest path from {a}"))),
    (rf"(?P<what>neurons|types)\s+in\s+(?:region\s+)?{_EITHER}", (
        Reading("{what} in {a}, {b}", "in either"),
        Reading("{what} in {a} where have synapses in {b}", "in both"),
    )),
    (rf"(?P<what>.+?)\s+in\s+(?P<a>\S+)\s+(?:and|or)\s+(?:in\s+)?(?P<b>\S+){_REST}", (Reading("{what} in {a}, {b}{rest}"),)),
    (r"(?P<what>motifs|hubs|synapses|connections|[\w\s-]+pairs|[\w\s-]+loops)\s+of\s+(?P<a>.+)", (Reading("{what} in {a}"),)),
    (r"neurons\s+of\s+(?P<what>type|class|side)\s+(?P<a>.+)", (Reading("neurons where {what} = {a}"),)),
    (r"neurons\s+(?:with|having|whose|that\s+have)\s+(?P<a>.+)", (Reading("neurons where {a}"),)),
    (r"(?!similar\b)(?P<a>\S+)\s+neurons(?P<rest>.*)", (Reading("neurons{rest} where type = {a}"),)),
    (r"(?:neurons\s+)?similar\s+(?!neurons\b)(?P<a>.+)", (Reading("neurons similar to {a}"),)),
    (r"similar\s+(?P<a>neurons\s+(?:in|of)\s+.+)", (
        Reading("similarity of {a}", "all with all"),
        Reading("clusters of {a}", "groups of those alike"),
    )),
    (r"compare\s+(?:the\s+)?(?:(?:two|both)\s+)?(?:hemispheres|sides)(?P<rest>.*)", (Reading("compare left and right{rest}"),)),
    (r"compare\s+(?P<a>.+?)\s+(?P<b>left\s+and\s+right|right\s+and\s+left)", (Reading("compare {b} of {a}"),)),
    (r"neurons\s+where\s+(?P<a>.+?),(?P<b>.+)", (Reading("neurons where {a} and{b}"),)),
    (r"(?:is|are)\s+(?P<a>.+?)\s+connected\s+(?:to|with)\s+(?P<b>.+)", (Reading("does {a} connect to {b}"),)),
    (r"gap\s+junctions\s+(?:of|with)\s+(?P<a>.+)", (Reading("gap junctions from {a}"),)),
    (r"(?:how\s+)?do(?:es)?\s+(?P<a>.+?)\s+(?:connect\s+to|reach)\s+(?P<b>.+)", (
        Reading("connections from {a} to {b}", "directly"),
        Reading("shortest paths from {a} to {b}", "by the fewest hops"),
    )),
    (r"neurons\s+in\s+(?:region\s+)?(?P<a>\S+)\s+(?:but\s+)?not\s+(?:in\s+)?(?P<b>\S+)", (
        Reading("neurons in {a} where not have synapses in {b}"),
    )),
    (r"(?P<a>.+\swhere\s+(?:\w+))\s*=\s*(?P<b>[^\s=<>]+)\s+or\s+(?P<c>[^\s=<>]+)", (Reading("{a} in ({b}, {c})"),)),
    (
        r"(?P<a>(?!.*\bwithin\b).+?)(?:\s+(?:in|over|via|through|after|up\s+to|at\s+most|of))*\s+(?P<n>\d+)[\s-]+(?:hops?|steps?)"
        r"(?P<rest>(?:\s+.*)?)",
        (Reading("{a} within {n} hops{rest}"),),
    ),
)  # fmt: skip
_Compiled = list[tuple[re.Pattern[str], tuple[Reading, ...]]]


def _compiled(*rules: tuple[str, tuple[Reading, ...]]) -> _Compiled:
    return [(re.compile(pattern, re.IGNORECASE), readings) for pattern, readings in rules]


_COMPILED = _compiled(*_RULES, *RULES_OF_PAPERS, *RULES_OF_CLAUSES, *RULES_OF_CIRCUITS)
_OF_NAMES = _compiled(*RULES_OF_NAMES)


def rephrased(text: str, sound: Callable[[str], bool], *, known: bool = True) -> list[Reading]:
    """Questions that ``text`` may mean and that are ``sound``, from as few changes as will do: none, one, or several readings.

    ``known``: a sound question has no name that the dataset does not have, so that a name by itself says enough.
    """
    asked = " ".join(text.split()).rstrip("?.! ")
    if len(asked) > _LONGEST:
        return []
    seen, layer = {asked}, [Reading(asked)]
    if known and (pattern := chain(asked)) is not None and sound(pattern.question):
        return [pattern]
    if known and (found := [r for r in _changed(layer[0], _OF_NAMES) if sound(r.question)]):
        return list(dict.fromkeys(found))
    for _ in range(_DEPTH):
        changed = {r.question: r for before in layer for r in _changed(before, _COMPILED) if r.question not in seen}
        seen |= set(changed)
        layer = list(changed.values())
        found = [r for r in layer if sound(r.question)]
        if found:
            return found
    return []


def _changed(before: Reading, rules: _Compiled) -> list[Reading]:
    changed = []
    for pattern, readings in rules:
        if match := pattern.fullmatch(before.question):
            changed += [
                Reading(r.question.format(**match.groupdict("")), r.meaning or before.meaning) for r in readings
            ]
    return changed
