"""The errors of a reconstruction on synapses that are known to lie somewhere: the same as `error_model`, by region.

Splits and merges are of whole neurons, in all regions, and synapses are missed, or found twice, wherever they are. A false
synapse lies in the region of a true one drawn evenly, and its ends are drawn from the neurons in proportion to their synapses
in that region.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.error_model import ErrorModel, Perturbation, with_those_asked
from graphkit.algorithms.error_steps import ByPlace, Riders, by_place, false_synapses, found_again, merge, split
from graphkit.edges import argsort, csr_of_rows
from graphkit.errors import GraphError
from graphkit.graph import Graph

__all__ = [
    "BYTES_A_ROW",
    "Located",
    "LocatedPerturbation",
    "drawn_from",
    "graph_of",
    "graph_of_strong",
    "located_perturbation",
    "strong",
    "summed",
    "those_asked",
]

BYTES_A_ROW = 105
"""Of memory at most until a graph, or rows above a threshold, are made of perturbed rows, for each row, piece of one and false
synapse (measured: 48 to 101, the most where many neurons are split and few are asked about)."""


@dataclass(frozen=True, slots=True)
class Located:
    """Synapses by the pair that they join and the place in which they lie; a pair and place may have several rows.

    Attributes:
        ids: the neurons, ascending, int64 of shape (n,).
        pre, post: rows in ``ids``, int32 of shape (rows,).
        place: the region's number, int16 of shape (rows,).
        synapses: int64 of shape (rows,).
        mark: what else is asked about the synapses, such as the number of their transmitter, int16 of shape (rows,).
    """

    ids: NDArray[np.int64]
    pre: NDArray[np.int32]
    post: NDArray[np.int32]
    place: NDArray[np.int16]
    synapses: NDArray[np.int64]
    mark: NDArray[np.int16] | None = None

    def chosen(self, kept: NDArray[np.bool_]) -> Located:
        """The rows that are ``kept``, and all neurons."""
        columns = (self.pre[kept], self.post[kept], self.place[kept], self.synapses[kept])
        return Located(self.ids, *columns, None if self.mark is None else self.mark[kept])


@dataclass(frozen=True, slots=True)
class LocatedPerturbation:
    """Synapses with errors; ``origins`` and ``bodies`` as those of a `Perturbation`."""

    located: Located
    origins: NDArray[np.int64]
    bodies: NDArray[np.int64]


def located_perturbation(
    located: Located, model: ErrorModel, *, seed: int = 0, truth: ByPlace | None = None
) -> LocatedPerturbation:
    """``located`` with the errors of ``model``, in the order in which a reconstruction makes them.

    A false synapse has the mark of a true one that its presynaptic neuron makes in its place, a duplicate that of its synapse.
    ``truth`` is what false ones are drawn from (`drawn_from`), which many perturbations can share.

    >>> rows = Located(np.array([5, 7]), *(np.array([k], np.int32) for k in (1, 0)), np.array([3], np.int16), np.array([9]))
    >>> made = located_perturbation(rows, ErrorModel(merged=1.0))
    >>> made.located.ids.tolist(), made.located.synapses.tolist(), made.bodies.tolist()
    ([5], [9], [0, 0])
    """
    rng = np.random.default_rng(seed)
    n = len(located.ids)
    ids, synapses = located.ids, located.synapses
    pre: NDArray[np.int32] = located.pre
    post: NDArray[np.int32] = located.post
    riders: Riders = (located.place,) if located.mark is None else (located.place, located.mark)
    merged = origins = np.arange(n)
    if model.split and n:
        pre, post, synapses, ids, broken, riders = split(pre, post, synapses, ids, model.split, rng, riders)  # type: ignore[arg-type, assignment]
        origins, merged = np.concatenate([origins, broken]), np.arange(len(ids))
    if model.merged and len(ids) > 1:
        merged = merge(len(ids), model.merged, rng)
    kept = np.flatnonzero(merged == np.arange(len(ids)))
    order = kept[np.argsort(ids[kept])]
    row = np.full(len(ids), -1, dtype=np.int32)
    row[order] = np.arange(len(order))
    row = row[merged]  # of what holds each
    if model.false and len(synapses) and (truth is None or model.split):
        truth = by_place(synapses, riders[0])  # before any are missed: false ones lie where true ones do
    if model.missed:
        synapses = rng.binomial(synapses, 1 - model.missed)
    if model.duplicated:
        synapses = synapses + found_again(synapses, model.missed, model.duplicated, rng)
    if model.false and truth is not None:
        count = rng.poisson(model.false * int(truth.until[-1]))
        first, second = false_synapses(truth, count, rng)
        pre, post = np.concatenate([pre, pre[first]]), np.concatenate([post, post[second]])
        riders = tuple(np.concatenate([rider, rider[first]]) for rider in riders)
        synapses = np.concatenate([synapses, np.ones(count, dtype=np.int64)])
        del first, second
    made = Located(ids[order], row[pre], row[post], riders[0], synapses, *riders[1:])
    if not (found := synapses > 0).all():
        made = made.chosen(found)
    return LocatedPerturbation(made, origins[order], row[:n].astype(np.int64))


def drawn_from(located: Located, model: ErrorModel) -> ByPlace | None:
    """What false synapses are drawn from, if it is the same each time: splits change it."""
    shared = model.false and not model.split and len(located.synapses)
    return by_place(located.synapses, located.place) if shared else None


def strong(located: Located, least: int, *, per_place: bool) -> Located:
    """The rows of pairs that have ``least`` synapses or more; with ``per_place`` in the place of the row."""
    if least <= 1:
        return located
    key = _keys(located, per_place=per_place)
    order = argsort(key)
    key = key[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.empty(0, dtype=np.int64)
    enough = np.add.reduceat(located.synapses[order], first) >= least if len(key) else np.empty(0, dtype=np.bool_)
    kept = np.empty(len(key), dtype=np.bool_)
    kept[order] = np.repeat(enough, np.diff(np.append(first, len(key))))
    return located.chosen(kept)


def graph_of(located: Located) -> Graph:
    """The graph of the pairs, wherever their synapses lie."""
    n = len(located.ids)
    key, counts = summed(_keys(located, per_place=False), located.synapses)
    return Graph(located.ids, *csr_of_rows([key // max(n, 1), key % max(n, 1), counts], n))


def graph_of_strong(one: LocatedPerturbation, least: int, asked: NDArray[np.int64] | None) -> Perturbation:
    """The graph of the pairs' synapses in places where they have ``least`` or more; ``asked`` as for `perturbation`."""
    located, n = one.located, len(one.located.ids)
    places = _places(located)
    key, counts = summed(_keys(located, per_place=True), located.synapses)
    enough = counts >= least
    key, counts = key[enough] // places, counts[enough]
    graph = Graph(located.ids, *csr_of_rows([key // max(n, 1), key % max(n, 1), counts], n))
    return with_those_asked(
        Perturbation(graph, one.origins, one.bodies if asked is None else one.bodies[asked]), asked is not None
    )


def those_asked(one: LocatedPerturbation, asked: NDArray[np.int64] | None) -> LocatedPerturbation:
    """The bodies of the ``asked`` alone, and no neurons besides these and those with synapses; all if not given."""
    if asked is None:
        return one
    located, bodies = one.located, one.bodies[asked]
    stays = np.zeros(len(located.ids), dtype=np.bool_)
    for rows in (located.pre, located.post, bodies):
        stays[rows] = True
    row = (np.cumsum(stays) - 1).astype(np.int32)
    there = replace(located, ids=located.ids[stays], pre=row[located.pre], post=row[located.post])
    return LocatedPerturbation(there, one.origins[stays], row[bodies].astype(np.int64))


def _places(located: Located) -> int:
    return int(located.place.max(initial=-1)) + 2


def _keys(located: Located, *, per_place: bool) -> NDArray[np.int64]:
    """A number of each row's pair, or of its pair and place."""
    n, places = len(located.ids), _places(located) if per_place else 1
    if n * n * places >= 2**63:
        raise GraphError(f"{n:,} neurons in {places:,} regions are too many to be told apart with 64 bits.")
    key = located.pre.astype(np.int64)
    key *= n
    key += located.post
    if per_place:
        key *= places
        key += located.place
        key += 1  # -1 is a place, too
    return key


def summed(key: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The keys, ascending, each once, and its counts; both in one number where they fit, which sorts five times faster."""
    if not len(key):
        return key, counts
    bits = int(counts.max()).bit_length()
    if int(key.max()).bit_length() + bits <= 63:
        key <<= bits
        key |= counts
        key.sort()
        counts = key & ((1 << bits) - 1)
        key >>= bits
    else:
        order = argsort(key)
        key, counts = key[order], counts[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    return key[first], np.add.reduceat(counts, first)
