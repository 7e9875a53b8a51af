"""Motifs by the types of the neurons in their roles: which types make feedforward loops, and who sits where in them.

A motif's roles are the letters of its pattern. Where roles are alike (the two targets of a divergence, the three
neurons of a 3-cycle), the types are put into the first of the equivalent orders, so that each motif is counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.census import in_ranges, packable
from graphkit.motifs.names import CLASS_OF_CODE, DYADS, TRIADS, role_orders, wedges_of

__all__ = ["NO_TYPE", "MotifsByType", "motifs_by_type"]

NO_TYPE = "(no type)"
"""The type of neurons that have none."""

_MAX_TYPES = 2**19 - 1  # 6 bits of code and three types share an int64
_Keyed = tuple[NDArray[np.int64], NDArray[np.int64]]  # distinct keys, ascending, and their counts


@dataclass(frozen=True, slots=True, eq=False)
class MotifsByType:
    """Columns of the same length, one row for each motif and types in its roles that occur.

    Ordered by the motif (dyads first, then triads as in the literature) and by the types in its roles.
    """

    code: NDArray[np.object_]  # "A", "M", "021D" ... "300"
    type_a: NDArray[np.object_]
    type_b: NDArray[np.object_]
    type_c: NDArray[np.object_]  # None for dyads
    count: NDArray[np.int64]  # induced: sets of neurons with exactly these connections

    def __len__(self) -> int:
        return len(self.code)

    def __iter__(self) -> Iterator[tuple[str, str, str, str | None, int]]:
        columns = (self.code, self.type_a, self.type_b, self.type_c, self.count)
        return zip(*(column.tolist() for column in columns), strict=True)


def motifs_by_type(
    graph: Graph, types: Sequence[str | None] | NDArray[np.object_], *, threads: int | None = None
) -> MotifsByType:
    """The connected dyads and triads (induced) of ``graph`` by the types in their roles.

    ``types`` is a type or None for each neuron, in the order of ``graph.ids``; None counts as the type ``(no type)``.
    Autapses have no part in it. The counts of a code add up to the triad census. ``threads`` (all cores if not given)
    changes the time and not the answer.

    Raises:
        GraphError: ``types`` has another length, or too many types.

    >>> graph = Graph.from_edges([1, 1, 2], [2, 3, 3])
    >>> list(motifs_by_type(graph, ["ER", "EPG", None]))[-1]
    ('030T', 'ER', 'EPG', '(no type)', 1)
    """
    labels, type_of = _labels(types, graph.n_neurons)
    if graph.n_connections == 0:
        return _columns(labels, (_EMPTY, _EMPTY), (_EMPTY, _EMPTY))
    packable(graph)
    from graphkit.motifs import kernels

    n_types = len(labels)
    starts, packed, _ = kernels.support(graph.indptr, graph.indices, graph.in_indptr, graph.in_indices)
    order, forward_starts, forward = kernels.forward_pairs(starts, packed)
    type_of_rank = type_of[order]

    def triangles(begin: int, end: int) -> _Keyed:
        return kernels.triangle_types(begin, end, forward_starts, forward, type_of_rank, n_types)

    def wedges(begin: int, end: int) -> _Keyed:
        return kernels.wedge_types(begin, end, starts, packed, type_of, n_types)

    closed = _summed(in_ranges(triangles, forward_starts, threads))
    all_wedges = _summed(in_ranges(wedges, starts, threads))
    parts = [
        _in_roles(*closed, n_types),
        _in_roles(*all_wedges, n_types),
        _in_roles(*_wedges_in(*closed, n_types), n_types),
    ]
    triads = _summed(parts)
    return _columns(labels, _dyads(starts, packed, type_of, n_types), triads)


_EMPTY: NDArray[np.int64] = np.empty(0, dtype=np.int64)


def _labels(types: Sequence[str | None] | NDArray[np.object_], n_neurons: int) -> tuple[list[str], NDArray[np.int32]]:
    """The distinct types, sorted, and the place among them of each neuron's."""
    if len(types) != n_neurons:
        raise GraphError(f"types has {len(types):,} rows, but there are {n_neurons:,} neurons.")
    named = [NO_TYPE if value is None else str(value) for value in types]
    labels = sorted(set(named))
    if len(labels) > _MAX_TYPES:
        raise GraphError(f"There are {len(labels):,} types; motifs by type take at most {_MAX_TYPES:,}.")
    place = {label: index for index, label in enumerate(labels)}
    return labels, np.fromiter((place[name] for name in named), dtype=np.int32, count=n_neurons)


def _summed(parts: list[_Keyed]) -> _Keyed:
    """One count for each key; keys whose counts cancel out are dropped."""
    keys = np.concatenate([part[0] for part in parts])
    counts = np.concatenate([part[1] for part in parts])
    order = np.argsort(keys)
    keys, counts = keys[order], counts[order]
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(keys), 1), dtype=np.bool_), keys[1:] != keys[:-1]]))
    if len(starts) == 0:
        return _EMPTY, _EMPTY
    totals = np.add.reduceat(counts, starts)
    present = totals != 0
    return keys[starts][present], totals[present]


def _split(keys: NDArray[np.int64], n_types: int) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """The leading number of the keys and the three types."""
    rest, third = np.divmod(keys, n_types)
    rest, second = np.divmod(rest, n_types)
    leading, first = np.divmod(rest, n_types)
    return leading, [first, second, third]


def _joined(leading: NDArray[np.int64] | int, types: list[NDArray[np.int64]], n_types: int) -> NDArray[np.int64]:
    return ((leading * n_types + types[0]) * n_types + types[1]) * n_types + types[2]


def _in_roles(keys: NDArray[np.int64], counts: NDArray[np.int64], n_types: int) -> _Keyed:
    """From keys with a code to keys with a class, the types in the order of its roles."""
    return _by_code(
        keys,
        n_types,
        lambda code, types: np.min(
            [_joined(CLASS_OF_CODE[code], [types[k] for k in order], n_types) for order in role_orders(code)], axis=0
        ),
    ), counts


def _wedges_in(keys: NDArray[np.int64], counts: NDArray[np.int64], n_types: int) -> _Keyed:
    """The wedges of the triangles ``keys``, three each, with negative counts."""
    corners = [
        _by_code(keys, n_types, lambda code, types, corner=corner: _wedge(code, types, corner, n_types))  # type: ignore[misc]
        for corner in range(3)
    ]
    return np.concatenate(corners), np.tile(-counts, 3)


def _wedge(code: int, types: list[NDArray[np.int64]], corner: int, n_types: int) -> NDArray[np.int64]:
    wedge, order = wedges_of(code)[corner]
    return _joined(wedge, [types[k] for k in order], n_types)


def _by_code(
    keys: NDArray[np.int64], n_types: int, new_keys: Callable[[int, list[NDArray[np.int64]]], NDArray[np.int64]]
) -> NDArray[np.int64]:
    codes, types = _split(keys, n_types)
    changed = np.empty_like(keys)
    for code in np.unique(codes).tolist():
        rows = codes == code
        changed[rows] = new_keys(code, [column[rows] for column in types])
    return changed


def _dyads(starts: NDArray[np.int64], packed: NDArray[np.int32], type_of: NDArray[np.int32], n_types: int) -> _Keyed:
    """Connected pairs, keys as those of triads with the place in `DYADS` for a class and 0 for the third type."""
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    once = rows < packed >> 2
    dyad = (packed & 3)[once]
    u, v = type_of[rows[once]].astype(np.int64), type_of[packed[once] >> 2].astype(np.int64)
    both = dyad == 3
    swap = (dyad == 2) | (both & (v < u))
    pre, post = np.where(swap, v, u), np.where(swap, u, v)
    keys = _joined(both.astype(np.int64), [pre, post, np.zeros_like(pre)], n_types)
    return _summed([(keys, np.ones(len(keys), dtype=np.int64))])


def _columns(labels: list[str], dyads: _Keyed, triads: _Keyed) -> MotifsByType:
    names = np.fromiter(labels, dtype=object, count=len(labels))
    n_types = max(len(labels), 1)
    of_dyads, (pre, post, _) = _split(dyads[0], n_types)
    of_triads, roles = _split(triads[0], n_types)
    dyad_codes = np.array([motif.code for motif in DYADS], dtype=object)
    triad_codes = np.array([motif.code for motif in TRIADS], dtype=object)
    return MotifsByType(
        np.concatenate([dyad_codes[of_dyads], triad_codes[of_triads]]),
        np.concatenate([names[pre], names[roles[0]]]),
        np.concatenate([names[post], names[roles[1]]]),
        np.concatenate([np.full(len(pre), None, dtype=object), names[roles[2]]]),
        np.concatenate([dyads[1], triads[1]]),
    )
