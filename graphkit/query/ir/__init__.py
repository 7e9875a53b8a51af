"""The typed form of a question: what English, MATCH and the Python API build, and all that the planner reads.

Frozen and JSON-serialisable; ``FORM_VERSION`` changes when its meaning does. Names in it are spelled as the dataset spells
them (``graphkit.query.vocabulary`` has resolved them), except where they hold wildcards (* and ?).
"""

from graphkit.query.ir.conditions import (
    HALF,
    LEAST_SHARE,
    And,
    BelongsTo,
    Comparison,
    Condition,
    HasSynapsesIn,
    NamedSet,
    Not,
    Or,
)
from graphkit.query.ir.forms import (
    Box,
    Connections,
    Form,
    Motifs,
    Neurons,
    Partners,
    Projections,
    Regions,
    Sides,
    Synapses,
    Types,
)
from graphkit.query.ir.graph import (
    HUBS_SHOWN,
    MOST_HOPS,
    MOST_STRONGEST,
    SIMILAR_SHOWN,
    Common,
    Direction,
    Hubs,
    Paths,
    Rank,
    Reach,
    Similar,
)
from graphkit.query.ir.order import Sort
from graphkit.query.ir.pattern import Attribute, Match, Order, PatternEdge, PatternNode, Test, TestOperator
from graphkit.query.ir.selection import GROUPS, Group, Kind, Selection
from graphkit.query.ir.text import FORM_VERSION, from_json, to_json

__all__ = [
    "FORM_VERSION",
    "GROUPS",
    "HALF",
    "HUBS_SHOWN",
    "LEAST_SHARE",
    "MOST_HOPS",
    "MOST_STRONGEST",
    "SIMILAR_SHOWN",
    "And",
    "Attribute",
    "BelongsTo",
    "Box",
    "Common",
    "Comparison",
    "Condition",
    "Connections",
    "Direction",
    "Form",
    "Group",
    "HasSynapsesIn",
    "Hubs",
    "Kind",
    "Match",
    "Motifs",
    "NamedSet",
    "Neurons",
    "Not",
    "Or",
    "Order",
    "Partners",
    "Paths",
    "PatternEdge",
    "PatternNode",
    "Projections",
    "Rank",
    "Reach",
    "Regions",
    "Selection",
    "Sides",
    "Similar",
    "Sort",
    "Synapses",
    "Test",
    "TestOperator",
    "Types",
    "from_json",
    "to_json",
]
