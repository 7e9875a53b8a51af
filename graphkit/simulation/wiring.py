"""Who connects to whom, block by block of presynaptic neurons.

A neuron draws its partners one at a time:

    1. from its axon (1 in 20 times, its dendrite) it steps to a point near by, a symmetric 3-d Laplace step: so
       connection probability falls exponentially with distance (as between cortical areas, Ercsey-Ravasz et al. 2013,
       Neuron 80:184; that it falls between fly neurons, Lin et al. 2024, Nature 634:153);
    2. it takes an arbor of the grid cell around that point, in proportion to receiving weights;
    3. it keeps the partner with the probability that the two types have for one another (their affinity).

How many it draws follows its sending weight. Weights are lognormal with a Pareto tail, and so are degrees. Drawn
connections bring others: the reverse one, with probability ``reciprocity``; and one between two targets in the same
place, with probability ``closure`` (a feedforward loop). Synapses per connection are ceil(lognormal): many ones and
twos, a heavy tail; the affinity of the types is part of it, so strong type pairs are strong in count, too.

Blocks are independent: each has a generator of its own, derived from the seed and the block's number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from graphkit.edges import distinct
from graphkit.simulation.population import Population, fold

__all__ = ["Connections", "Rates", "block_rng", "calibrate", "connect_block"]

_FROM_AXON = 0.95
_SPREAD = 1.53
"""Lognormal spread of synapses per connection: with a mean of 3.7, 19 % have 5 or more; 18 % in FlyWire."""

_AFFINITY_SPREAD = 0.6
"""How much of that spread is the type pair's."""

_REVERSE_CORRELATION = 0.7
"""Of the logarithms of the synapses of a connection and of its reverse, roughly."""

_AGAIN = 0.4
"""A partner drawn k times has k^0.4 times the synapses: more than one drawn once, but far from k times as many."""

_PILOT = 1_500

_COMPARTMENT_OF = np.array([[0, 1], [2, 3]], np.int8)  # [from axon?][to axon?] -> see ``synapses.COMPARTMENTS``


@dataclass(frozen=True)
class Connections:
    """Connections of a block, one row a pair and origin: neurons by index, and where the synapses lie.

    ``branch`` is the branch around which the synapses are placed.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    site: NDArray[np.int64]
    branch: NDArray[np.int64]
    compartment: NDArray[np.int8]
    synapses: NDArray[np.int64]
    electrical: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rates:
    """What the pilot found: draws per unit of sending weight, and the location of the lognormal of synapses."""

    draws: float
    log_synapses: float


def block_rng(seed: int, block: int) -> np.random.Generator:
    """The generator of one block; the same whichever thread runs it."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(2, block))))


def affinity_tables() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """By affinity rank 0..255: probability of keeping a draw, and standard normal score."""
    score = np.array([NormalDist().inv_cdf((rank + 0.5) / 256) for rank in range(256)])
    return np.minimum(1.0, np.exp(1.1 * score - 1.1)).astype(np.float32), score.astype(np.float32)


def calibrate(population: Population) -> Rates:
    """Rates with which the means that the config asks for come out, found on a pilot of some thousand neurons."""
    config, n = population.config, len(population)
    rates = Rates(max(config.mean_connections, 1e-9), _lognormal_for(config.mean_synapses))
    if not n or not config.mean_connections:
        return Rates(0.0, rates.log_synapses)
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(config.seed, spawn_key=(3,))))
    pilot = np.sort(rng.choice(n, min(n, _PILOT), replace=False))
    expected = config.mean_connections * float(population.sends[pilot].sum())
    for step in range(5):
        found = connect_block(population, pilot, rates, block_rng(config.seed, 2**40 + step))
        chemical = ~found.electrical
        pairs = len(distinct(found.pre[chemical] * n + found.post[chemical]))
        if not pairs:
            break
        mean = float(found.synapses[chemical].sum()) / pairs
        # a pilot's reach saturates: at most a factor 4 a step, and never past four times all there is to connect to
        draws = min(rates.draws * min(4.0, expected / pairs), 40.0 * n)
        rates = Rates(draws, rates.log_synapses + math.log(max(config.mean_synapses, 1.0001) / mean))
    return rates


def _lognormal_for(mean: float) -> float:
    """Location of a lognormal whose ceiling has the mean ``mean``; the ceiling adds about 0.45 to 1."""
    return math.log(max(mean - 0.5, 0.05)) - _SPREAD**2 / 2


def connect_block(
    population: Population, pre: NDArray[np.int64], rates: Rates, rng: np.random.Generator
) -> Connections:
    """The connections that the neurons ``pre`` (indices) draw, and those that they bring."""
    drawn = _draw(population, pre, rates, rng)
    reverse = _reverse(population, drawn, rng)
    closing = _close(population, drawn, rates, rng)
    gaps = _gap_junctions(population, drawn, rng)
    return Connections(
        *(
            np.concatenate([getattr(part, name) for part in (drawn, reverse, closing, gaps)])
            for name in ("pre", "post", "site", "branch", "compartment", "synapses", "electrical")
        )
    )


def _draw(population: Population, pre: NDArray[np.int64], rates: Rates, rng: np.random.Generator) -> Connections:
    n = len(population)
    keep_probability, score = affinity_tables()
    source = np.repeat(pre, rng.poisson(rates.draws * population.sends[pre]))
    from_axon = (rng.random(len(source), np.float32) < _FROM_AXON).astype(np.int64)
    own = rng.random(len(source)) * population.branches[from_axon, source]
    branch = population.first_branch[from_axon, source] + own.astype(np.int64)
    site = population.branch_site[branch]
    to_branch, found = _near(population, branch, site, rng)
    target = population.branch_neuron[to_branch]
    rank = population.affinity[population.type_of[source], population.type_of[target]]
    kept = rng.random(len(source), np.float32) < keep_probability[rank]
    kept &= (source != target) | (rng.random(len(source), np.float32) < population.config.autapses)
    kept &= found
    source, target, site, from_axon = source[kept], target[kept], site[kept], from_axon[kept]
    to_branch = to_branch[kept]
    # a partner drawn again adds to the connection
    key, first, times = np.unique(source * n + target, return_index=True, return_counts=True)
    strength = _AFFINITY_SPREAD * score[rank[kept][first]]
    individual = math.sqrt(_SPREAD**2 - _AFFINITY_SPREAD**2)
    latent = strength + individual * rng.standard_normal(len(key), np.float32)
    return Connections(
        pre=key // n if n else key,
        post=key % n if n else key,
        site=site[first],
        branch=to_branch[first],
        compartment=_COMPARTMENT_OF[from_axon[first], population.branch_arbor[to_branch[first]]],
        synapses=np.ceil(times**_AGAIN * np.exp(rates.log_synapses + latent)).astype(np.int64),
        electrical=np.zeros(len(key), np.bool_),
    )


def _near(
    population: Population, branch: NDArray[np.int64], site: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A branch near each of ``branch``, in the same site, and whether there was one: (draws,) each."""
    size = len(branch)
    step = rng.standard_normal((size, 3), np.float32)
    step *= (population.scale_nm[site] * np.sqrt(2.0 * rng.standard_exponential(size, np.float32)))[:, None]
    low = population.atlas.site_low[site]
    extent = (population.atlas.site_high[site] - low).astype(np.float64)
    inside = fold((population.branch_nm[branch] - low + step) / extent)
    grid = population.grid[site]
    at = np.minimum((inside * grid).astype(np.int64), grid - 1)
    cell = population.cells_from[site] + (at[:, 0] * grid[:, 1] + at[:, 1]) * grid[:, 2] + at[:, 2]
    start, stop = population.cell_start[cell], population.cell_start[cell + 1]
    below = population.weight_below
    pick = below[start] + rng.random(size) * (below[stop] - below[start])
    last = len(population.indexed) - 1
    entry = np.clip(np.searchsorted(below, pick, side="right") - 1, np.minimum(start, last), np.minimum(stop - 1, last))
    return population.indexed[np.maximum(entry, 0)], stop > start


def _reverse(population: Population, drawn: Connections, rng: np.random.Generator) -> Connections:
    chosen = (rng.random(len(drawn.pre), np.float32) < population.config.reciprocity) & (drawn.pre != drawn.post)
    given = drawn.synapses[chosen]
    rho = _REVERSE_CORRELATION
    # a correlated lognormal: given^rho times an independent part of the remaining spread, floored at 1
    noise = _SPREAD * math.sqrt(1 - rho**2) * rng.standard_normal(len(given), np.float32)
    compartment = drawn.compartment[chosen]
    flipped = (compartment == 2) & (rng.random(len(given), np.float32) < 0.2)
    return Connections(
        pre=drawn.post[chosen],
        post=drawn.pre[chosen],
        site=drawn.site[chosen],
        branch=drawn.branch[chosen],
        compartment=np.where(flipped, np.int8(1), compartment).astype(np.int8),
        synapses=np.maximum(1, np.rint(given**rho * np.exp(noise + 0.1))).astype(np.int64),
        electrical=np.zeros(len(given), np.bool_),
    )


def _close(population: Population, drawn: Connections, rates: Rates, rng: np.random.Generator) -> Connections:
    if len(drawn.pre) < 2:
        return _none()
    order = np.lexsort((rng.random(len(drawn.pre), np.float32), drawn.site, drawn.pre))
    a, b = order[:-1], order[1:]
    ok = (drawn.pre[a] == drawn.pre[b]) & (drawn.site[a] == drawn.site[b]) & (drawn.post[a] != drawn.post[b])
    ok &= (drawn.post[a] != drawn.pre[a]) & (drawn.post[b] != drawn.pre[b])
    ok &= rng.random(len(a), np.float32) < population.config.closure
    a, b = a[ok], b[ok]
    noise = 0.5 * _SPREAD * rng.standard_normal(len(a), np.float32)
    between = np.sqrt(drawn.synapses[a] * drawn.synapses[b])
    return Connections(
        pre=drawn.post[a],
        post=drawn.post[b],
        site=drawn.site[b],
        branch=drawn.branch[b],
        compartment=drawn.compartment[b],
        synapses=np.maximum(1, np.rint(between * np.exp(noise))).astype(np.int64),
        electrical=np.zeros(len(a), np.bool_),
    )


def _gap_junctions(population: Population, drawn: Connections, rng: np.random.Generator) -> Connections:
    chosen = (rng.random(len(drawn.pre), np.float32) < population.config.electrical) & (drawn.pre != drawn.post)
    return Connections(
        pre=np.minimum(drawn.pre, drawn.post)[chosen],
        post=np.maximum(drawn.pre, drawn.post)[chosen],
        site=drawn.site[chosen],
        branch=drawn.branch[chosen],
        compartment=np.full(int(chosen.sum()), -1, np.int8),
        synapses=rng.geometric(0.5, int(chosen.sum())).astype(np.int64),
        electrical=np.ones(int(chosen.sum()), np.bool_),
    )


def _none() -> Connections:
    ids = np.zeros(0, np.int64)
    return Connections(ids, ids, ids, ids, ids.astype(np.int8), ids, ids.astype(np.bool_))
