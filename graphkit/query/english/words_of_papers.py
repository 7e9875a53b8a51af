"""What papers call the analyses, in the words of the language: more rules of ``rephrased``."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RANKED", "RULES_OF_PAPERS", "Reading"]


class Reading(NamedTuple):
    """A question that can be asked, and what sets it apart from others (or nothing)."""

    question: str
    meaning: str = ""


_REST = r"(?P<rest>(?:\s+(?:in|with|without|within|by|among|between|against|where|limit|top|order|sorted|seed)\b.*)?)"
_WHOLE = r"(?:(?:mean|average|global|overall|network|graph)\s+)?"
_OF_GRAPH = r"(?:\s+of\s+(?:the\s+)?(?:network|graph|connectome|brain))?"
_PATHS = r"(?:characteristic\s+|shortest\s+)?path\s+lengths?"
RANKED = r"pagerank|betweenness|core\s+numbers?|clustering|attractors|repellers|hubs|broadcasters|integrators"
_LAST = r"(?P<last>(?:\s+(?:limit|top|order\s+by)\b.*)?)"
_OF_A_SKELETON = (
    r"(?:(?:total\s+)?cable(?:\s+lengths?)?|(?:number\s+of\s+)?(?:branch\s+points|branches)|synapse\s+densit(?:y|ies)|"
    r"segregation(?:\s+ind(?:ex|ices))?|(?:synapse\s+)?flow\s+centralit(?:y|ies)|skeletons?)"
)

RULES_OF_PAPERS: tuple[tuple[str, tuple[Reading, ...]], ...] = (
    (
        rf"(?P<a>\S.*?)\s+(?:(?:per|by)\s+|(?:for|in|of)\s+(?:each|every|all)\s+)(?:regions?|neuropils?|rois?){_REST}",
        (Reading("{a} by region{rest}"),),
    ),
    (
        rf"{_WHOLE}(?:(?:edge\s+|connection\s+)?density|reciprocity|transitivity|small[\s-]world\S*(?:\s+\S+)??|{_PATHS})"
        rf"{_OF_GRAPH}{_REST}",
        (Reading("statistics{rest}"),),
    ),
    (
        rf"{_WHOLE}(?:directed\s+)?clustering\s+coefficients?{_OF_GRAPH}{_REST}",
        (Reading("statistics{rest}", "of the graph"), Reading("clustering{rest}", "of each neuron")),
    ),
    (rf"(?:in[\s-]|out[\s-])?degrees?(?:\s+distributions?)?{_OF_GRAPH}{_REST}", (Reading("degree distribution{rest}"),)),
    (rf"strengths?(?:\s+distributions?)?{_OF_GRAPH}{_REST}", (Reading("strength distribution{rest}"),)),
    (rf"(?:k[\s-]?cores?|coreness|core)(?:\s+(?:decomposition|numbers?))?{_REST}", (Reading("core numbers{rest}"),)),
    (rf"page[\s-]ranks?{_REST}", (Reading("pagerank{rest}"),)),
    (
        rf"(?:exact\s+|sampled\s+|approximate\s+)?betweenness(?:\s+centrality)?(?:\s+(?:sampled|exact|approximate))?{_REST}",
        (Reading("betweenness{rest}"),),
    ),
    (
        rf"(?:random[\s-]walks?(?:\s+stationary)?|stationary)(?:\s+(?:distributions?|probabilit(?:y|ies)|walks?))?{_REST}",
        (Reading("attractors{rest}", "a walk along connections"), Reading("repellers{rest}", "a walk against them")),
    ),
    (rf"forward\s+(?:random\s+)?walks?(?:\s+.*?)??{_REST}", (Reading("attractors{rest}"),)),
    (rf"reverse\s+(?:random\s+)?walks?(?:\s+.*?)??{_REST}", (Reading("repellers{rest}"),)),
    (rf"rich[\s-]clubs?\s+(?:coefficients?|curve){_REST}", (Reading("rich club{rest}"),)),
    (rf"(?P<what>hub|broadcaster|integrator)(?:\s+neurons)?{_REST}", (Reading("{what}s{rest}"),)),
    (rf"(?:percolation\s+threshold|robustness|attack\s+tolerance){_REST}", (Reading("percolation{rest}"),)),
    (rf"(?:giant|largest)(?:\s+connected)?\s+components?{_REST}", (Reading("components{rest}"),)),
    (r"(?:information\s+flow|signal\s+flow|flow)\s+(?:rank(?:s|ing)?\s+)?(?P<a>from\s+.+)", (Reading("information flow {a}"),)),
    (r"(?:signal\s+)?cascades?\s+(?P<a>from\s+.+)", (Reading("signal cascade {a}"),)),
    (r"k\s+(?P<what>shortest|strongest)\s+paths?\s+(?P<a>.+)", (Reading("5 {what} paths {a}"),)),
    (r"(?P<a>.*)weighted\s+jaccard(?P<rest>.*)", (Reading("{a}ruzicka{rest}"),)),
    (
        r"(?P<how>cosine|jaccard|ruzicka)(?:\s+connectivity)?\s+similarit(?:y|ies)\s+(?:of|between|among)\s+(?P<a>.+)",
        (Reading("similarity of {a} by {how}"),),
    ),
    (
        r"(?:connectivity\s+)?similarit(?:y|ies)(?:\s+matri(?:x|ces))?\s+(?:of|between|among)\s+(?P<a>.+)",
        (Reading("similarity of {a}"),),
    ),
    (r"(?:hierarchical\s+)?cluster(?:s|ing)?\s+(?:of\s+)?(?P<a>.+)", (Reading("clusters of {a}"),)),
    (
        rf"(?:(?:leiden|louvain|network)\s+)?(?:communit(?:y|ies)|modules|modularity|leiden|louvain)"
        rf"(?:\s+(?:detection|structure|clustering))?{_REST}",
        (Reading("communities{rest}"),),
    ),
    (
        rf"(?:cell[\s-])?type(?:[\s-](?:to|by)[\s-]type)?\s+(?:adjacency\s+|connectivity\s+)?"
        rf"(?:matri(?:x|ces)|connectivity|connections){_REST}",
        (Reading("connections by type{rest}"),),
    ),
    (
        rf"(?:adjacency|connectivity)(?:\s+matri(?:x|ces))?{_REST}",
        (Reading("connections{rest}", "neuron to neuron"), Reading("connections by type{rest}", "type to type")),
    ),
    (rf"input\s+fractions?\s+(?P<a>by\s+\w+){_REST}", (Reading("connections {a} as input fraction{rest}"),)),
    (
        r"(?:connection\s+probabilit(?:y|ies)|connectivity)(?:\s+(?:against|versus|vs\.?|with|over|by|as\s+a\s+function\s+of))?"
        rf"(?:\s+(?:soma\s+)?distances?)?{_REST}",
        (Reading("connection probability by distance{rest}"),),
    ),
    (rf"distance\s+(?:dependence|dependency|distribution)(?:\s+of\s+connections?)?{_REST}", (
        Reading("connection probability by distance{rest}"),
    )),
    (rf"{_OF_A_SKELETON}\s+of\s+(?P<a>.+)", (Reading("morphology of {a}"),)),
    (r"axons?\s+(?:and|or|vs\.?|versus)\s+dendrites?(?:\s+split)?\s+of\s+(?P<a>.+)", (Reading("axon dendrite split of {a}"),)),
    (r"strahler(?:\s+(?:numbers?|ind(?:ex|ices)|analysis))?\s+of\s+(?P<a>.+)", (Reading("strahler orders of {a}"),)),
    (rf"(?:region[\s-]to[\s-]region|region(?:al)?)\s+(?:projectome|matrix|connectivity){_REST}", (Reading("projectome{rest}"),)),
    (
        rf"(?:compare\s+)?left(?:\s+(?:vs\.?|versus|with|to)\s+|[\s/-]+)right(?:\s+(?:comparison|symmetry))?{_REST}",
        (
            Reading("compare left and right{rest}", "what each type has"),
            Reading("compare connections of left and right{rest}", "with a test"),
        ),
    ),
    (
        r"(?P<what>statistics|(?:degree|strength)\s+distribution|rich[\s-]club|(?:strong\s+)?components|communities|percolation|"
        r"motifs)\s+(?:of|for)\s+(?P<a>.+)",
        (Reading("{what} among {a}"), Reading("{what} in {a}")),
    ),
    (
        rf"(?P<what>{RANKED})\s+for\s+(?P<a>.+)",
        (Reading("{what} of {a}"),),
    ),
    (
        rf"(?P<what>{RANKED})(?P<rest>.*?)\s+where\s+(?P<a>(?:(?!\s(?:and|or)\s).)+?){_LAST}",
        (Reading("{what} of neurons where {a}{rest}{last}"),),
    ),
    (
        rf"(?P<what>{RANKED})(?P<rest>.*?)\s+where\s+(?P<a>.+?\s(?:and|or)\s.+?){_LAST}",
        (Reading("{what} of neurons where ({a}){rest}{last}"),),
    ),
    (
        r"(?:(?P<a>in|out|total)[\s-])?degrees?\s+(?:of|for)\s+(?!(?:the\s+)?(?:network|graph|connectome|brain)\b)(?P<b>.+)",
        (Reading("hubs of {b}"),),
    ),
    (rf"rich[\s-]club\s+by\s+(?P<a>in|out|total){_REST}", (Reading("rich club by {a}-degree{rest}"),)),
    (rf"rich[\s-]club\s+by\s+degree{_REST}", (Reading("rich club by total-degree{rest}"),)),
    (
        rf"(?P<what>broadcasters|integrators|rich[\s-]club\s+neurons)\s+(?:with|of|having)(?:\s+a)?\s+degree"
        rf"(?:\s+of)?(?:\s+at\s+least)?\s+(?P<n>\d+){_REST}",
        (Reading("{what} of degree at least {n}{rest}"),),
    ),
    (
        r"(?P<what>(?:(?:\d+\s+)?(?:shortest|strongest)\s+)?paths?)\s+(?!from\b)(?P<a>\S.*?)\s+to\s+(?P<b>.+)",
        (Reading("{what} from {a} to {b}"),),
    ),
    (rf"(?P<a>connections\b.*)\s+as\s+(?:a\s+)?(?:fractions?|input\s+shares?|shares?)(?:\s+of\s+inputs?)?{_REST}", (
        Reading("{a} as input fraction{rest}"),
    )),
    (rf"(?P<a>connections\b.*)\s+as\s+(?:a\s+)?(?:sums?|totals?|counts?){_REST}", (Reading("{a}{rest}"),)),
    (rf"compare\s+(?P<w>(?:connections\s+of\s+)?)(?P<a>\w+)\s+(?:with|to|and|vs\.?|versus)\s+(?P<b>\w+){_REST}", (
        Reading("compare {w}{a} and {b}{rest}"),
    )),
    (r"(?P<a>percolation)\s+from\s+(?:the\s+)?least(?:\s+connected)?(?P<rest>.*)", (
        Reading("{a} from the least connected{rest}"),
    )),
    (r"(?P<a>sholl\s+of\s+.+)\s+(?:by|at|with(?:\s+a)?\s+steps?(?:\s+of)?|in\s+steps\s+of)\s+(?P<b>\d.*)", (
        Reading("{a} every {b}"),
    )),
    (r"(?P<a>morphology\s+of\s+.+)\s+in\s+(?:um|µm|nm|micrometers|microns)", (Reading("{a}"),)),
    (r"motif\s+roles\s+of\s+(?P<a>.+)", (Reading("motif roles among {a}"),)),
)  # fmt: skip
