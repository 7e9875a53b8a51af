"""Inputs and outputs of neurons by the place in which they lie, and what follows from them: the projectome, neurons by region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.located_errors import Located, summed

__all__ = ["Totals", "neurons_by_place", "projectome", "totals_by_place"]

_AT_ONCE = 1 << 22
"""Pairs of an input row and an output row that are in memory."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Synapses of each neuron in each place, in the order of neurons; int64 of shape (rows,)."""

    neuron: NDArray[np.int64]
    place: NDArray[np.int64]
    count: NDArray[np.int64]


def totals_by_place(located: Located) -> tuple[Totals, Totals]:
    """(inputs, outputs)."""
    places = int(located.place.max(initial=-1)) + 2
    found = []
    for end in (located.post, located.pre):
        key = end.astype(np.int64)
        key *= places
        key += located.place
        key += 1  # -1 is a place, too
        key, count = summed(key, located.synapses)
        found.append(Totals(key // places, key % places - 1, count))
    return found[0], found[1]


def projectome(located: Located, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """From ``sources[k]`` to ``targets[k]``, float64 of shape (k,): synapses that neurons make in the target, each neuron's with
    the share of its inputs that lie in the source (Lin et al. 2024).
    """
    inputs, outputs = totals_by_place(located)
    n = len(located.ids)
    whole = np.bincount(inputs.neuron, inputs.count, minlength=n)
    used = np.unique(np.concatenate([inputs.place, outputs.place]))  # the few places that there are
    code_in, code_out = np.searchsorted(used, inputs.place), np.searchsorted(used, outputs.place)
    begins = np.searchsorted(outputs.neuron, np.arange(n + 1))
    many = np.diff(begins)[inputs.neuron]  # output rows beside each input row
    until = np.cumsum(many)
    sums = np.zeros(len(used) ** 2)
    first = 0
    while first < len(many):
        done = until[first - 1] if first else 0
        last = max(int(np.searchsorted(until, done + _AT_ONCE, side="right")), first + 1)
        row = np.repeat(np.arange(first, last), many[first:last])
        other = np.arange(len(row)) - np.repeat(until[first:last] - many[first:last] - done, many[first:last])
        other += begins[inputs.neuron[row]]
        value = inputs.count[row] / whole[inputs.neuron[row]] * outputs.count[other]
        sums += np.bincount(code_in[row] * len(used) + code_out[other], value, minlength=len(sums))
        first = last
    ends = [np.minimum(np.searchsorted(used, of), max(len(used) - 1, 0)) for of in (sources, targets)]
    if not len(used):
        return np.zeros(len(sources))
    there = (used[ends[0]] == sources) & (used[ends[1]] == targets)
    found: NDArray[np.float64] = np.where(there, sums[ends[0] * len(used) + ends[1]], 0.0)
    return found


def neurons_by_place(located: Located, places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """How many neurons have a synapse in one of the ``places[k]``, int64 of shape (k,)."""
    most = int(max((of.max(initial=-1) for of in places), default=-1))
    most = max(most, int(located.place.max(initial=-1))) + 2
    rows = [(of.neuron, of.place) for of in totals_by_place(located)]
    key = np.unique(np.concatenate([neuron * most + place + 1 for neuron, place in rows]))
    neuron, place = key // most, key % most - 1
    found = []
    for of in places:
        inside = np.zeros(most, dtype=np.bool_)
        inside[of + 1] = True
        here = neuron[inside[place + 1]]  # ascending
        found.append(np.count_nonzero(np.diff(here)) + 1 if len(here) else 0)
    return np.array(found, dtype=np.int64)
