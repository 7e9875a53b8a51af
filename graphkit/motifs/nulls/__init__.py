"""Null models: random graphs that keep some of a connectome's properties, to say which others are more than chance.

One model a module, with a seeded generator of graphs; sample i depends on the seed and on i only, whatever the threads. ``KEEPS``
of a module says what each sample has in common with the original, exactly. docs/null-models.md has them all with their sources.

    name in questions          function                     keeps
    configuration              configuration                in- and out-degrees
    erdos-renyi                erdos_renyi                  connections
    generalized-erdos-renyi    generalized_erdos_renyi      reciprocal and one-way pairs
    bidegree                   bidegree                     reciprocal, input-only and output-only degrees
    region-block               region_block                 degrees, connections from region to region
    distance                   distance_preserving          degrees, connections by distance
    synapse-counts             synapse_counts               all connections; synapse counts are shuffled
"""

from __future__ import annotations

from graphkit.motifs.nulls.bidegree import bidegree
from graphkit.motifs.nulls.configuration import configuration
from graphkit.motifs.nulls.distance import distance_preserving
from graphkit.motifs.nulls.erdos_renyi import erdos_renyi
from graphkit.motifs.nulls.generalized_erdos_renyi import generalized_erdos_renyi
from graphkit.motifs.nulls.region_block import region_block
from graphkit.motifs.nulls.sampling import Mixing, ShortChainWarning
from graphkit.motifs.nulls.synapse_counts import synapse_counts

__all__ = [
    "Mixing",
    "ShortChainWarning",
    "bidegree",
    "configuration",
    "distance_preserving",
    "erdos_renyi",
    "generalized_erdos_renyi",
    "region_block",
    "synapse_counts",
]
