"""Skeletons of neurons and what is measured on them: plain functions over a `Skeleton`."""

from graphkit.morphology.heal import heal
from graphkit.morphology.measures import cable_length_nm, sholl, strahler, synapse_density
from graphkit.morphology.nearest import nearest_nodes
from graphkit.morphology.skeleton import Skeleton
from graphkit.morphology.split import Split, flow_centrality, segregation_index, split_axon_dendrite

__all__ = [
    "Skeleton",
    "Split",
    "cable_length_nm",
    "flow_centrality",
    "heal",
    "nearest_nodes",
    "segregation_index",
    "sholl",
    "split_axon_dendrite",
    "strahler",
    "synapse_density",
]
