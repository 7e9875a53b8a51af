"""Patterns of connections among two and three neurons: which there are, how often, between which types."""

from __future__ import annotations

from graphkit.motifs.by_type import MotifsByType, motifs_by_type
from graphkit.motifs.census import DyadCensus, MotifCount, dyad_census, motif_counts, triad_census
from graphkit.motifs.names import CONNECTED_TRIADS, DYADS, TRIADS, Motif, containment

__all__ = [
    "CONNECTED_TRIADS",
    "DYADS",
    "TRIADS",
    "DyadCensus",
    "Motif",
    "MotifCount",
    "MotifsByType",
    "containment",
    "dyad_census",
    "motif_counts",
    "motifs_by_type",
    "triad_census",
]
