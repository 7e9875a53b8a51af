"""What may follow a question, said nearly as the language has it: more rules of ``rephrased``."""

from __future__ import annotations

from graphkit.query.english.words_of_papers import RANKED, Reading
from graphkit.query.ir.reconstruction_errors import ERROR_KINDS

__all__ = ["RULES_OF_CLAUSES"]

_REST = (
    r"(?P<rest>(?:\s+(?:in|with|without|within|by|among|between|against|where|limit|top|order|sorted|seed|per)\b.*)?)"
)
_OF_SYNAPSES = r"(?:min(?:imum|imal)?|threshold|weights?)(?:\s+(?:number|of|synapses?|weights?))*"
_SAMPLES = r"(?:\s+(?:samples?|graphs?|times|random\s+graphs?))"
_CHANCE = r"(?:a\s+|the\s+)?(?:random(?:i[sz]ed)?|null|chance|shuffled)(?:\s+(?:graphs?|networks?|models?))?"
_WITH_ERRORS = r"(?P<a>.*\berror\s+models?\b.*"
_KINDS = rf"(?:{'|'.join(ERROR_KINDS)})"
_SIGNAL = r"(?P<what>information\s+flow|signal\s+cascade)"

RULES_OF_CLAUSES: tuple[tuple[str, tuple[Reading, ...]], ...] = (
    (
        rf"(?P<a>.+?)\s+(?:with\s+)?(?:a\s+)?(?:{_OF_SYNAPSES}\s*(?:[=:]|at\s+least|>=|≥)?|at\s+least|>=|≥|with)\s*(?P<n>\d+)"
        rf"(?:\s+synapses?)?{_REST}",
        (Reading("{a} with at least {n} synapses{rest}"),),
    ),
    (
        rf"(?P<a>.+?)\s+(?:with\s+)?(?:{_OF_SYNAPSES}|synapses)?\s*(?:>|over|above)\s*(?P<n>\d+)(?:\s+synapses?)?{_REST}",
        (Reading("{a} with more than {n} synapses{rest}"),),
    ),
    (
        rf"(?P<a>.+?)\s+(?:group(?:ed)?\s+by|per|for\s+each)\s+(?P<b>type|class|side|nt|transmitter)s?{_REST}",
        (Reading("{a} by {b}{rest}"),),
    ),
    (rf"(?P<a>.+?)\s+(?:first|only|max(?:imum)?)\s+(?P<n>\d+)(?:\s+rows?)?{_REST}", (Reading("{a} limit {n}{rest}"),)),
    (r"(?P<a>.+?)\s+in\s+the\s+(?P<b>.+)", (Reading("{a} in {b}"),)),
    (
        rf"(?P<a>.+?)\s+(?:in|up\s+to|at\s+most|max(?:imum)?(?:\s+of)?|<=|≤)\s+(?P<n>\d+)\s+(?:hops?|steps?){_REST}",
        (Reading("{a} within {n} hops{rest}"),),
    ),
    (
        rf"(?P<a>.+?)\s+(?:against|versus|vs\.?)\s+(?P<model>[\w-]+)(?:\s+with)?\s+(?P<n>\d+){_SAMPLES}?{_REST}",
        (Reading("{a} against {n} {model}{rest}"),),
    ),
    (
        rf"(?P<a>.+?)\s+(?:against|versus|vs\.?)\s+(?P<n>\d+){_SAMPLES}\s+(?:of|from)\s+(?P<model>[\w-]+){_REST}",
        (Reading("{a} against {n} {model}{rest}"),),
    ),
    (
        rf"(?P<a>.+?)\s+with\s+(?P<n>\d+){_SAMPLES}\s+against\s+(?P<model>[\w-]+){_REST}",
        (Reading("{a} against {n} {model}{rest}"),),
    ),
    (rf"(?P<a>.+?)\s+(?:against|versus|vs\.?)\s+(?P<n>\d+){_SAMPLES}?{_REST}", (Reading("{a} against {n} configuration{rest}"),)),
    (rf"(?P<a>.+?)\s+(?:against|versus|vs\.?)\s+{_CHANCE}{_REST}", (Reading("{a} against 20 configuration{rest}"),)),
    (r"(?P<a>.*\b)four(?P<b>\b.*)", (Reading("{a}4{b}"),)),
    (r"(?P<a>.*\b)three(?P<b>\b.*)", (Reading("{a}3{b}"),)),
    (rf"motifs\s+(?:of\s+)?(?:size\s+)?(?P<n>\d+)(?:\s+(?:neurons?|nodes?))?{_REST}", (Reading("motifs of size {n}{rest}"),)),
    (rf"(?P<n>\d+)[\s-](?:neuron|node)\s+motifs{_REST}", (Reading("motifs of size {n}{rest}"),)),
    (rf"(?P<what>{RANKED})\s+(?!(?:of|in|by|among|between|with|without|limit|top|order|where)\b)(?:from\s+)?(?P<a>\S.*)", (
        Reading("{what} of {a}"),
    )),
    (rf"{_WITH_ERRORS}\d)\s*percent\b(?P<b>.*)", (Reading("{a} %{b}"),)),
    (rf"{_WITH_ERRORS}\d(?:\s*%)?)\s+and\s+(?P<b>{_KINDS}\b.*)", (Reading("{a}, {b}"),)),
    (rf"{_WITH_ERRORS}\b{_KINDS})\s*[=:]\s*(?P<b>\d.*)", (Reading("{a} {b}"),)),
    (rf"{_WITH_ERRORS}),\s*(?P<b>seed\s+\d.*)", (Reading("{a} {b}"),)),
    (rf"{_SIGNAL}\s+(?:of|to)\s+(?P<b>.+?)\s+from\s+(?P<a>.+)", (Reading("{what} from {a} to {b}"),)),
    (rf"{_SIGNAL}\s+of\s+(?P<a>.+)", (Reading("{what} from {a}"),)),
)  # fmt: skip
