"""Patterns of connections among two and three neurons: which there are, how often, between which types, by more than chance."""

from __future__ import annotations

from graphkit.motifs.by_type import MotifsByType, motifs_by_type
from graphkit.motifs.census import DyadCensus, MotifCount, dyad_census, motif_counts, triad_census
from graphkit.motifs.names import CONNECTED_TRIADS, DYADS, TRIADS, Motif, containment
from graphkit.motifs.significance import MotifSignificance, Significance, significance
from graphkit.motifs.strength import MotifStrength, motif_strengths

__all__ = [
    "CONNECTED_TRIADS",
    "DYADS",
    "TRIADS",
    "DyadCensus",
    "Motif",
    "MotifCount",
    "MotifSignificance",
    "MotifStrength",
    "MotifsByType",
    "Significance",
    "containment",
    "dyad_census",
    "motif_counts",
    "motif_strengths",
    "motifs_by_type",
    "significance",
    "triad_census",
]
