"""Where the synapses are: rows of the table ``synapses`` for the connections of a block.

Fly synapses are polyadic: one release site (a T-bar) of the presynaptic neuron faces several partners. So the synapses
of a neuron in a site (a box of one region) are shuffled and cut into release sites of geometric size: a release site
has one presynaptic point, and each partner a postsynaptic point within 300 nm of it. Both lie in the box, so the region
of the postsynaptic point is the region meant. Most synapses of a connection lie in its site; a few in a neighbouring
leaf, in the parent's own slab, or outside every region.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.schema import TABLES
from graphkit.simulation.population import Population, fold
from graphkit.simulation.wiring import Connections

__all__ = ["COMPARTMENTS", "SIZE_UNIT", "VOXEL_NM", "synapse_rows"]

COMPARTMENTS = ("dendro-dendritic", "dendro-axonic", "axo-dendritic", "axo-axonic")
SIZE_UNIT = "nm3"
VOXEL_NM = 8

_SIBLING, _OWN, _OUTSIDE = 0.05, 0.02, 0.012
"""Shares of synapses in a neighbouring leaf, in the parent's own slab, outside every region."""

_JITTER_NM = 5_000.0
_REACH_NM = 168
"""Largest offset of a postsynaptic point along each axis: sqrt(3) * 168 < 300."""

_SIZE_NM3, _SIZE_SPREAD = 1.2e6, 0.6


def synapse_rows(population: Population, connections: Connections, rng: np.random.Generator) -> pa.Table:
    """The synapses of ``connections``; synapse_id and pre_site_id count from 0 (the writer shifts them)."""
    config = population.config
    row = np.repeat(np.arange(len(connections.pre)), connections.synapses)
    pre, electrical = connections.pre[row], connections.electrical[row]
    site = _spread(population, connections.site[row], rng)
    order = np.lexsort((rng.random(len(row), np.float32), electrical, site, pre))
    row, pre, site, electrical = row[order], pre[order], site[order], electrical[order]
    starts = np.ones(len(row), np.bool_)
    starts[1:] = (pre[1:] != pre[:-1]) | (site[1:] != site[:-1]) | (electrical[1:] != electrical[:-1])
    starts |= electrical | (rng.random(len(row), np.float32) < 1.0 / config.partners_per_site)
    release = np.cumsum(starts) - 1
    lead = np.flatnonzero(starts)
    pre_nm = _release_points(population, connections.branch[row[lead]], site[lead], rng)[release]
    offset = rng.integers(-_REACH_NM // VOXEL_NM, _REACH_NM // VOXEL_NM + 1, (len(row), 3), np.int32) * VOXEL_NM
    post_nm = pre_nm + offset
    post = connections.post[row]
    size = np.rint(_SIZE_NM3 * np.exp(_SIZE_SPREAD * rng.standard_normal(len(row), np.float32)) / 1e4) * 1e4
    rows = {
        "synapse_id": np.arange(len(row)),
        "pre_id": config.first_neuron_id + pre,
        "post_id": config.first_neuron_id + post,
        **{f"pre_{a}_nm": pre_nm[:, i] for i, a in enumerate("xyz")},
        **{f"post_{a}_nm": post_nm[:, i] for i, a in enumerate("xyz")},
        "size": size.astype(np.int64) + 10_000,
        "score": _scores(len(row), config.low_scores, rng),
        "region_id": population.atlas.site_region[site],
        "nt": _words(np.where(electrical, -1, population.nt_of[pre]), population.transmitters),
        "kind": _words(electrical.astype(np.int64), ("chemical", "electrical")),
        "compartment": _words(connections.compartment[row].astype(np.int64), COMPARTMENTS),
        "pre_site_id": pa.array(release, mask=electrical),
    }
    return pa.table(rows).cast(SCHEMA)


SCHEMA = pa.schema(
    [
        TABLES["synapses"].schema.field(name)
        for name in TABLES["synapses"].schema.names
        if not name.endswith("_segment_id") and name not in ("pre_region_id", "post_region_id")
    ]
)


def _words(codes: NDArray[np.int64], words: tuple[str, ...]) -> pa.Array:
    """``words[code]`` for each code, null for -1."""
    indices = pa.array(np.maximum(codes, 0), pa.int32(), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words)).dictionary_decode()


def _scores(rows: int, low_share: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Most near 1; a share of doubtful ones below 0.5."""
    high = 1.0 - 0.5 * rng.random(rows, np.float32) ** 2
    low = 0.5 * rng.random(rows, np.float32)
    score = np.where(rng.random(rows, np.float32) < low_share, low, high)
    return np.asarray(np.rint(score * 1000) / np.float32(1000), np.float32)


def _spread(population: Population, site: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The site of each synapse of a connection at ``site``."""
    atlas = population.atlas
    u = rng.random(len(site), np.float32)
    moved = np.where(u < _SIBLING, atlas.neighbour_site[site], site)
    moved = np.where((u >= _SIBLING) & (u < _SIBLING + _OWN), atlas.own_site[site], moved)
    above = _SIBLING + _OWN
    return np.where((u >= above) & (u < above + _OUTSIDE), atlas.outside_site[site], moved)


def _release_points(
    population: Population, branch: NDArray[np.int64], site: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int32]:
    """Points around branches, inside their site with room for the partners: (sites, 3)."""
    margin = _REACH_NM + VOXEL_NM
    low = population.atlas.site_low[site] + margin
    extent = (population.atlas.site_high[site] - margin - low).astype(np.float64)
    near = population.branch_nm[branch] + _JITTER_NM * rng.standard_normal((len(branch), 3), np.float32)
    point = low + extent * fold((near - low) / extent)
    return (point // VOXEL_NM * VOXEL_NM).astype(np.int32)
