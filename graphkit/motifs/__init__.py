"""Patterns of connections among neurons: which there are, how often, who takes part, and those that a user describes."""

from __future__ import annotations

from graphkit.motifs.by_type import MotifsByType, motifs_by_type
from graphkit.motifs.census import DyadCensus, MotifCount, dyad_census, motif_counts, triad_census
from graphkit.motifs.comparison import Comparison, Figure, compared
from graphkit.motifs.four_census import four_node_census, four_node_counts
from graphkit.motifs.four_nodes import four_nodes
from graphkit.motifs.four_sample import FourNodeSample, sampled_four_node_census
from graphkit.motifs.names import CONNECTED_TRIADS, DYADS, TRIADS, Motif, containment
from graphkit.motifs.orbits import Orbits, four_node_orbits, triad_orbits
from graphkit.motifs.pattern import Edge, Pattern, Test
from graphkit.motifs.search import any_match, count_matches, explain, match_batches, matches_by_neuron, sample_matches
from graphkit.motifs.significance import MotifSignificance, Significance, significance
from graphkit.motifs.significance_by_type import SignificanceByType, significance_by_type
from graphkit.motifs.strength import MotifStrength, motif_strengths

__all__ = [
    "CONNECTED_TRIADS",
    "DYADS",
    "TRIADS",
    "Comparison",
    "DyadCensus",
    "Edge",
    "Figure",
    "FourNodeSample",
    "Motif",
    "MotifCount",
    "MotifSignificance",
    "MotifStrength",
    "MotifsByType",
    "Orbits",
    "Pattern",
    "Significance",
    "SignificanceByType",
    "Test",
    "any_match",
    "compared",
    "containment",
    "count_matches",
    "dyad_census",
    "explain",
    "four_node_census",
    "four_node_counts",
    "four_node_orbits",
    "four_nodes",
    "match_batches",
    "matches_by_neuron",
    "motif_counts",
    "motif_strengths",
    "motifs_by_type",
    "sample_matches",
    "sampled_four_node_census",
    "significance",
    "significance_by_type",
    "triad_census",
    "triad_orbits",
]
