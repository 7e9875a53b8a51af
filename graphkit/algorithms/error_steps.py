"""The errors of a reconstruction one by one, on rows of pre, post and synapses: neurons are split and merged, synapses are false,
or found twice.

What else is known of the synapses of a row, such as the region in which they lie, rides along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.edges import distinct

__all__ = ["ByPlace", "Riders", "by_place", "false_synapses", "found_again", "merge", "split"]

_Int64 = NDArray[np.int64]
Riders = tuple[NDArray[Any], ...]


def split(
    pre: _Int64,
    post: _Int64,
    synapses: _Int64,
    ids: _Int64,
    share: float,
    rng: np.random.Generator,
    riders: Riders = (),
) -> tuple[_Int64, _Int64, _Int64, _Int64, _Int64, Riders]:
    """(pre, post, synapses, ids, broken, riders) in which a ``share`` of the neurons are in two pieces.

    Rows of second pieces follow those of the neurons; what is left of a row may be 0 synapses. ``broken`` are the rows in the
    ``ids`` given of which they are pieces.
    """
    n = len(ids)
    broken = np.flatnonzero(rng.random(n) < share)
    part = np.zeros(n)
    part[broken] = rng.uniform(0, 0.5, len(broken))
    piece = np.arange(n)
    piece[broken] = n + np.arange(len(broken))
    for end in ("pre", "post"):
        rows, others = (pre, post) if end == "pre" else (post, pre)
        touched = np.flatnonzero(part[rows] > 0)
        moved = rng.binomial(synapses[touched], part[rows[touched]])
        touched, moved = touched[moved > 0], moved[moved > 0]
        left = synapses.copy()
        left[touched] -= moved
        rows = np.concatenate([rows, piece[rows[touched]].astype(rows.dtype)])
        others = np.concatenate([others, others[touched]])
        riders = tuple(np.concatenate([rider, rider[touched]]) for rider in riders)
        synapses = np.concatenate([left, moved])
        pre, post = (rows, others) if end == "pre" else (others, rows)
        part, piece = np.append(part, np.zeros(len(broken))), np.append(piece, n + np.arange(len(broken)))
    free = np.setdiff1d(np.arange(n + len(broken)), distinct(ids), assume_unique=True)[: len(broken)]
    return pre, post, synapses, np.concatenate([ids, free]), broken, riders


def merge(n: int, share: float, rng: np.random.Generator) -> _Int64:
    """The row that each row becomes: pairs of rows, drawn at random, become the first of the two."""
    n_pairs = rng.binomial(n, share) // 2
    pairs = np.sort(rng.permutation(n)[: 2 * n_pairs].reshape(-1, 2), axis=1)
    becomes = np.arange(n)
    becomes[pairs[:, 1]] = pairs[:, 0]
    return becomes


def found_again(found: _Int64, missed: float, duplicated: float, rng: np.random.Generator) -> _Int64:
    """Of each row's synapses that were ``found``, how many are found a second time; both shares are of all true ones.

    Drawn from a stream of their own, so that what ``rng`` gives afterwards is the same as without.
    """
    share = min(duplicated / (1 - missed), 1.0)  # of what is left; above 1 by rounding alone
    return rng.spawn(1)[0].binomial(found, share)


@dataclass(frozen=True, slots=True)
class ByPlace:
    """Rows in the order of their places, and which of their synapses, counted through, are whose."""

    order: NDArray[np.int32]
    until: _Int64
    """Of the synapses in this order, those up to the end of each row."""
    begins: _Int64
    """Of the synapses in this order, those before each place."""
    ends: _Int64


def by_place(synapses: _Int64, place: NDArray[np.int16]) -> ByPlace:
    """What `false_synapses` draws from; there is at least one synapse."""
    order = np.argsort(place, kind="stable").astype(np.int32)
    until = np.cumsum(synapses[order])
    borders = np.flatnonzero(np.diff(place[order])) + 1
    begins = np.concatenate([[0], until[borders - 1]])
    return ByPlace(order, until, begins, np.append(begins[1:], until[-1]))


def false_synapses(of: ByPlace, count: int, rng: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For each of ``count`` false synapses two rows: from the one it has the presynaptic neuron, the place and all else, from
    the other the postsynaptic neuron.

    The first is the row of a true synapse drawn evenly, the second that of one drawn evenly from those of its place. So its
    ends are drawn in proportion to the neurons' synapses in that place.
    """
    first = rng.integers(0, of.until[-1], count)
    first.sort()  # neighbours are found together
    at = np.searchsorted(of.ends, first, side="right")
    second = rng.integers(of.begins[at], of.ends[at])
    sought = np.argsort(second)
    partner = np.empty(count, dtype=np.int64)
    partner[sought] = np.searchsorted(of.until, second[sought], side="right")
    return of.order[np.searchsorted(of.until, first, side="right")], of.order[partner]
