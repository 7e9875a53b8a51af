"""Columns of edges become compressed sparse rows, by sorting.

Millions of 64-bit keys sort in tens of milliseconds on today's NumPy, while argsort takes five times as long, a hash
or a binary search for each twenty times. So whatever has to be ordered is packed into one integer where it fits.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.columns import attribute_column, int64_column
from graphkit.errors import GraphError

__all__ = ["CsrArrays", "argsort", "chosen", "csr_of_edges", "csr_of_rows", "distinct", "row_starts"]

_MAX_NEURONS = 2**31 - 1
_AT_ONCE = 1 << 21
"""Values that are ranked at a time: their copies take room."""

CsrArrays = tuple[
    NDArray[np.int64],  # ids
    NDArray[np.int64],  # indptr
    NDArray[np.int32],  # indices
    NDArray[np.int64],  # synapses
    NDArray[np.int64],  # in_indptr
    NDArray[np.int32],  # in_indices
    NDArray[np.int64],  # in_synapses
    dict[str, NDArray[Any]],  # attributes
]

_SixArrays = tuple[
    NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]
]


def csr_of_edges(columns: list[Any], *, ids: Any, attributes: Mapping[str, Any] | None, autapses: bool) -> CsrArrays:
    """The arrays of a `Graph`, in the order of its fields. Arguments and errors are those of `Graph.from_edges`.

    ``columns`` are pre_ids, post_ids and synapses. The list is emptied, so that columns which nobody else holds make room: of
    millions of edges there are some five columns in memory at most.
    """
    pre_ids, post_ids, synapses = columns
    columns.clear()
    pre, post = int64_column(pre_ids, "pre_ids"), int64_column(post_ids, "post_ids")
    if len(pre) != len(post):
        raise GraphError(f"pre_ids has {len(pre):,} rows and post_ids {len(post):,}; expected as many.")
    counts = np.ones(len(pre), dtype=np.int64) if synapses is None else _counts(synapses, len(pre))
    given = synapses is not None
    del pre_ids, post_ids, synapses
    neurons, of_neurons = _neurons(pre, post, ids, attributes)
    n = len(neurons)
    if n > _MAX_NEURONS:
        raise GraphError(f"A graph holds at most {_MAX_NEURONS:,} neurons, but there are {n:,}.")
    if not autapses:
        keep = pre != post
        pre, post, counts = pre[keep], post[keep], counts[keep]
    rows = [_rank(neurons, pre)]
    del pre
    rows += [_rank(neurons, post), counts]
    del post, counts
    return neurons, *csr_of_rows(rows, n, copy=given), of_neurons


def csr_of_rows(columns: list[NDArray[np.int64]], n: int, *, least: int = 1, copy: bool = False) -> _SixArrays:
    """The arrays of a `Graph` but its ids and attributes, of edges between rows below ``n``; those of the same pair are summed.

    ``columns`` are pre, post and synapses; the list is emptied, and the rows are overwritten. Pairs of fewer than ``least``
    synapses are left out. ``copy``: the synapses are somebody else's.
    """
    key, post, counts = columns
    columns.clear()
    key *= n  # n * n stays below 2**62
    key += post
    del post
    if not (key[1:] > key[:-1]).all():
        if not (key[1:] >= key[:-1]).all():
            order = argsort(key)
            key, counts = key[order], counts[order]
            del order
        first = _firsts(key)
        if not first.all():
            starts = np.flatnonzero(first)
            counts = np.add.reduceat(counts, starts)
            key = key[starts]
            del starts
    elif copy:
        counts = counts.copy()  # the caller may go on to change the array
    if least > 1:
        enough = counts >= least
        key, counts = key[enough], counts[enough]
        del enough
    source = (key // max(n, 1)).astype(np.int32)
    key %= max(n, 1)
    target = key.astype(np.int32)
    pointers = row_starts(source, n), row_starts(target, n)
    by_target = argsort(key, stable=True)
    del key
    return pointers[0], target, counts, pointers[1], source[by_target], counts[by_target]


def row_starts(rows: NDArray[np.int64] | NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """The CSR row pointer, shape (n + 1,), of edges in the rows ``rows``."""
    starts = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=n), out=starts[1:])
    return starts


def chosen(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], synapses: NDArray[np.int64], kept: NDArray[np.int64]
) -> _SixArrays:
    """(indptr, indices, synapses, in_indptr, in_indices, in_synapses) of the few edges at the ascending places ``kept``.

    Their inputs are sorted, instead of looking for them among all. Where compiled loops are in use, one does it in a
    third of the time; where not, loading them would take longer than this.
    """
    if "graphkit.compiled" in sys.modules:
        from graphkit.edge_kernels import chosen as compiled

        arrays: _SixArrays = compiled(indptr, indices, synapses, kept)
        return arrays
    n = len(indptr) - 1
    rows = np.searchsorted(indptr[1:], kept, side="right").astype(np.int32)
    indices, synapses = indices[kept], synapses[kept]
    by_target = np.sort(indices.astype(np.int64) << 32 | np.arange(len(kept))) & 0xFFFFFFFF
    return row_starts(rows, n), indices, synapses, row_starts(indices, n), rows[by_target], synapses[by_target]


def _counts(synapses: Any, n_edges: int) -> NDArray[np.int64]:
    counts = int64_column(synapses, "synapses")
    if len(counts) != n_edges:
        raise GraphError(f"synapses has {len(counts):,} rows, but there are {n_edges:,} edges.")
    if n_edges and counts.min() <= 0:
        row = int(np.argmax(counts <= 0))
        raise GraphError(
            f"The edge in row {row} has {counts[row]} synapses; expected at least 1.",
            hint="Leave out the pairs without synapses.",
        )
    if counts.sum(dtype=np.float64) >= 2.0**62:
        raise GraphError("The synapses add up to 2**62 or more, which does not fit into 64-bit counts.")
    return counts


def _neurons(
    pre: NDArray[np.int64], post: NDArray[np.int64], ids: Any, attributes: Mapping[str, Any] | None
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    """The neurons, ascending, and the attributes in their order."""
    of_edges = distinct(np.concatenate([distinct(pre), distinct(post)]))
    if ids is None:
        if attributes:
            raise GraphError("attributes were given without ids: there is nothing to align them with.")
        return of_edges, {}
    given = int64_column(ids, "ids")
    if not attributes:
        return distinct(np.concatenate([of_edges, given])), {}
    columns = {name: attribute_column(values, name, len(given)) for name, values in attributes.items()}
    order = argsort(given)
    neurons = given[order]
    twice = np.flatnonzero(neurons[1:] == neurons[:-1])
    if len(twice):
        raise GraphError(f"Neuron {neurons[twice[0]]} stands more than once in ids, so its attributes are not clear.")
    missing = of_edges[~np.isin(of_edges, neurons)]
    if len(missing):
        raise GraphError(
            f"Neuron {missing[0]} is in the edges but not in ids ({len(missing):,} such), so it has no attributes.",
            hint="Name every neuron of the edges in ids.",
        )
    return neurons, {name: column[order] for name, column in columns.items()}


def _firsts(ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a new value begins in ``ordered``."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def argsort(values: NDArray[np.int64], *, stable: bool = False) -> NDArray[np.int64]:
    """The order of ``values``, by sorting (value, place) packed into 63 bits where that is wide enough."""
    if len(values) == 0:
        return np.empty(0, dtype=np.int64)
    lowest = int(values.min())
    place_bits = len(values).bit_length()
    if (int(values.max()) - lowest).bit_length() + place_bits > 63:
        return np.argsort(values, kind="stable" if stable else None)
    packed = values - lowest
    packed <<= place_bits
    packed |= np.arange(len(values))
    packed.sort()
    packed &= (1 << place_bits) - 1
    return packed


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct values, ascending."""
    if len(values) < 2:
        return values
    ordered = values if (values[1:] >= values[:-1]).all() else np.sort(values)
    return ordered[_firsts(ordered)]


def _rank(neurons: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of ``values`` stands in ``neurons``, which holds them all.

    A binary search for each of millions of values misses the cache every time; sorting them first does not.
    """
    if len(values) < 1000:
        return np.searchsorted(neurons, values)
    if len(values) > _AT_ONCE:
        found = np.empty(len(values), dtype=np.int64)
        for i in range(0, len(values), _AT_ONCE):
            found[i : i + _AT_ONCE] = _rank(neurons, values[i : i + _AT_ONCE])
        return found
    is_sorted = bool((values[1:] >= values[:-1]).all())
    order = None if is_sorted else argsort(values)
    ordered = values if order is None else values[order]
    first = _firsts(ordered)
    ranks: NDArray[np.int64] = np.searchsorted(neurons, ordered[first])[np.cumsum(first) - 1]
    if order is None:
        return ranks
    unordered = np.empty_like(ranks)
    unordered[order] = ranks
    return unordered
