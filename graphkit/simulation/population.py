"""The neurons of a simulated brain: types, places, weights; and the index that finds arbors near a point.

Positions are (x, y, z) in nm. A neuron has a dendrite and an axon, each of one or more *branches*: a branch is a point
in a site (see ``atlas``). The more a neuron sends or receives, the more branches it has, in the leaves that its type
prefers and at like places in them. All this is small (some hundred bytes a neuron) and drawn from one generator.

The index sorts the branches by site and grid cell, with running sums of their receiving weights, so that "a branch of
this cell, with probability in proportion to its weight" is one binary search. Axons receive too, less than dendrites.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.simulation.atlas import Atlas, make_atlas
from graphkit.simulation.catalogue import CellType, cell_types, is_large
from graphkit.simulation.config import SimulationConfig

__all__ = ["AXON", "DENDRITE", "Population", "make_population"]

DENDRITE, AXON = 0, 1

_AXON_RECEIVES = 0.30
"""Receiving weight of an axon beside its dendrite: a quarter of the larva's synapses are axo-axonic (Winding et al.
2023, Science 379:eadd9330)."""

_NEURON_SPREAD, _WEIGHT_CORRELATION = 0.85, 0.75
"""Lognormal spread of sending and receiving weights (degrees have heavy tails; Lin et al. 2024), their correlation."""

_SENSORY_RECEIVES = 0.15

_GIANTS, _GIANT_TAIL, _LARGEST_GIANT = 0.01, 1.2, 60.0
"""Share of giant neurons, and the exponent and the limit of the Pareto factor on their weights."""

_MOST_BRANCHES = 64
_BRANCH_SPREAD = 0.07
"""How far branches of a neuron lie from one another, in extents of a site."""

_BRANCHES_PER_CELL = 5


@dataclass(frozen=True)
class Population:
    """Neurons, their branches and the index.

    Per neuron: ``type_of`` (sorted), ``side_of`` (0 left, 1 right, 2 center), ``nt_of`` (row of ``transmitters``, -1
    not known), ``sends`` (mean 1), ``first_branch`` and ``branches`` (2, neurons: dendrite, axon).
    Per branch: ``branch_neuron``, ``branch_arbor``, ``branch_site``, ``branch_nm`` (branches, 3).
    Per pair of types: ``affinity``, a rank from 0 to 255, the highest.
    The index: ``indexed`` (branches in order), ``weight_below`` (one more), ``cell_start``; and per site
    ``cells_from``, ``grid`` (sites, 3) and ``scale_nm``, the decay length of connections.
    """

    config: SimulationConfig
    atlas: Atlas
    types: list[CellType]
    transmitters: tuple[str, ...]
    type_of: NDArray[np.int64]
    side_of: NDArray[np.int64]
    nt_of: NDArray[np.int64]
    sends: NDArray[np.float64]
    first_branch: NDArray[np.int64]
    branches: NDArray[np.int64]
    branch_neuron: NDArray[np.int64]
    branch_arbor: NDArray[np.int64]
    branch_site: NDArray[np.int64]
    branch_nm: NDArray[np.float64]
    affinity: NDArray[np.uint8]
    indexed: NDArray[np.int64]
    weight_below: NDArray[np.float64]
    cell_start: NDArray[np.int64]
    cells_from: NDArray[np.int64]
    grid: NDArray[np.int64]
    scale_nm: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.type_of)


def make_population(config: SimulationConfig) -> Population:
    """The neurons of ``config``."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(config.seed, spawn_key=(0,))))
    atlas = make_atlas(whole=is_large(config.neurons))
    types, counts = cell_types(config.neurons, rng)
    n = config.neurons
    type_of = np.repeat(np.arange(len(types)), counts)
    nth = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    side_of = np.where(np.array([t.unpaired for t in types])[type_of], 2, nth % 2)
    sends, receives = _weights(types, type_of, rng)

    one_arbor = np.array([t.cell_class in ("local", "sensory") and t.input_region == t.output_region for t in types])
    branches = np.clip(np.ceil([receives, sends]), 1, _MOST_BRANCHES).astype(np.int64)
    branches[:, one_arbor[type_of]] = branches.max(axis=0)[one_arbor[type_of]]
    total = branches.sum(axis=1)
    branch_neuron = np.concatenate([np.repeat(np.arange(n), branches[which]) for which in (DENDRITE, AXON)])
    branch_arbor = np.repeat([DENDRITE, AXON], total)
    place = rng.random((n, 3))  # one place for both arbors: what is near in one region projects near in another
    branch_site, branch_nm = np.empty(len(branch_neuron), np.int64), np.empty((len(branch_neuron), 3))
    for which in (DENDRITE, AXON):
        own = branch_arbor == which
        of = branch_neuron[own]
        site = _sites(atlas, types, type_of[of], side_of[of], which, rng)
        share = fold(place[of] + _BRANCH_SPREAD * rng.standard_normal((len(of), 3)))
        branch_site[own] = site
        branch_nm[own] = atlas.site_low[site] + share * (atlas.site_high[site] - atlas.site_low[site])
    shared = one_arbor[type_of[branch_neuron]]
    for column in (branch_site, branch_nm):
        column[shared & (branch_arbor == AXON)] = column[shared & (branch_arbor == DENDRITE)]

    transmitters = tuple(sorted({t.nt for t in types}))
    nt_of = np.array([transmitters.index(t.nt) for t in types], np.int64)[type_of]
    nt_of[rng.random(n) < config.unclassified] = -1
    affinity = rng.integers(0, 256, (len(types), len(types)), np.uint8)
    _raise_known(affinity, types)
    weight = receives[branch_neuron] / branches[branch_arbor, branch_neuron]
    weight = np.where(branch_arbor == AXON, _AXON_RECEIVES * weight, weight)
    return Population(
        config=config,
        atlas=atlas,
        types=types,
        transmitters=transmitters,
        type_of=type_of,
        side_of=side_of,
        nt_of=nt_of,
        sends=sends,
        first_branch=np.concatenate([[0], np.cumsum(branches.reshape(-1))])[: 2 * n].reshape(2, n),
        branches=branches,
        branch_neuron=branch_neuron,
        branch_arbor=branch_arbor,
        branch_site=branch_site,
        branch_nm=branch_nm,
        affinity=affinity,
        **_index(config, atlas, branch_site, branch_nm, weight),
    )


def fold(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """``share`` reflected at 0 and 1 until it lies between them, as light between two mirrors."""
    turned = np.abs(share) % 2.0
    return np.where(turned > 1.0, 2.0 - turned, turned)


def _weights(
    types: list[CellType], type_of: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sending and receiving weight of each neuron, of mean 1: lognormal, correlated, with a Pareto tail."""
    n, rho = len(type_of), _WEIGHT_CORRELATION
    shared = rng.standard_normal(n)
    giant = np.where(rng.random(n) < _GIANTS, np.minimum(1.0 + rng.pareto(_GIANT_TAIL, n), _LARGEST_GIANT), 1.0)
    arbor = np.array([t.arbor for t in types])[type_of] * giant
    weights = []
    for _ in ("sends", "receives"):
        own = rng.standard_normal(n)
        weights.append(arbor * np.exp(_NEURON_SPREAD * (rho * shared + np.sqrt(1 - rho**2) * own)))
    weights[1][np.array([t.cell_class == "sensory" for t in types])[type_of]] *= _SENSORY_RECEIVES
    return (weights[0] / weights[0].mean(), weights[1] / weights[1].mean()) if n else (weights[0], weights[1])


_KNOWN = (("ER", "EPG"), ("ER", "ER"), ("EPG", "PEN"), ("EPG", "ER"), ("PEN", "EPG"), ("EPG", "Delta7"), ("KC", "MBON"))


def _raise_known(affinity: NDArray[np.uint8], types: list[CellType]) -> None:
    """Pairs that every fly has (Hulse et al. 2021; Li et al. 2020) are among the strong ones."""
    names = [t.name for t in types]
    for pre, post in _KNOWN:
        pair = np.ix_(
            [i for i, name in enumerate(names) if name.startswith(pre)],
            [j for j, name in enumerate(names) if name.startswith(post)],
        )
        affinity[pair] = np.maximum(affinity[pair], 200)


def _sites(
    atlas: Atlas,
    types: list[CellType],
    type_of: NDArray[np.int64],
    side_of: NDArray[np.int64],
    which: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """The site of each branch: a leaf of its type's region, each type with preferences of its own."""

    @functools.cache
    def leaves_of(name: str, side: int) -> list[int]:
        return atlas.leaves_of(atlas.row(name, "left" if side == 0 else "right"))

    sites = np.zeros(len(type_of), np.int64)
    start = np.searchsorted(type_of, np.arange(len(types) + 1))
    for t, cell_type in enumerate(types):
        name = cell_type.input_region if which == DENDRITE else cell_type.output_region
        own = np.arange(start[t], start[t + 1])
        if not len(own):
            continue
        picks = rng.random(len(own))
        # the same neurons go left as right: preferences are of the type, the order of leaves is the same on both sides
        for side in (0, 1, 2):
            here = side_of[own] == side
            if not here.any():
                continue
            goes = 1 - side if which == AXON and cell_type.crosses and side < 2 else side
            leaves = leaves_of(name, goes)
            preference = np.cumsum(0.75 ** ((np.arange(len(leaves)) + 3 * t) % len(leaves)))
            chosen = np.searchsorted(preference, picks[here] * preference[-1], side="right")
            sites[own[here]] = atlas.leaf_site[np.array(leaves)[np.minimum(chosen, len(leaves) - 1)]]
    return sites


def _index(
    config: SimulationConfig,
    atlas: Atlas,
    site: NDArray[np.int64],
    place: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> dict[str, Any]:
    extent = (atlas.site_high - atlas.site_low).astype(np.float64)
    volume = extent.prod(axis=1)
    held = np.maximum(np.bincount(site, minlength=len(extent)), 1)
    # exp(-d / s) has the effective volume 8 pi s^3
    scale_nm = np.cbrt(config.neighbourhood * volume / (8 * np.pi * held))
    scale_nm = np.minimum(scale_nm, 0.25 * np.cbrt(volume))
    edge_nm = np.maximum(scale_nm / 1.5, np.cbrt(volume * np.minimum(1.0, _BRANCHES_PER_CELL / held)))
    grid = np.clip(np.rint(extent / edge_nm[:, None]), 1, 64).astype(np.int64)
    cells_from = np.concatenate([[0], np.cumsum(grid.prod(axis=1))])
    step = np.floor((place - atlas.site_low[site]) / extent[site] * grid[site]).astype(np.int64)
    step = np.clip(step, 0, grid[site] - 1)
    cell = cells_from[site] + (step[:, 0] * grid[site, 1] + step[:, 1]) * grid[site, 2] + step[:, 2]
    order = np.argsort(cell, kind="stable")
    return {
        "indexed": order,
        "weight_below": np.concatenate([[0.0], np.cumsum(weight[order])]),
        "cell_start": np.searchsorted(cell[order], np.arange(cells_from[-1] + 1)),
        "cells_from": cells_from,
        "grid": grid,
        "scale_nm": scale_nm,
    }
