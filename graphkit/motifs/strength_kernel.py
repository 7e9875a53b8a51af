"""Compiled sums of synapses over dyads and triads. Importing this module costs Numba's import.

They go over the pairs of `graphkit.motifs.kernels` in the same order; the *weight* of a pair is its synapses, both ways.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["forward_weights", "pair_weights", "triangle_sums", "wedge_sums"]

_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]


@compiled
def pair_weights(
    indptr: _Int64, indices: _Int32, synapses: _Int64, in_indptr: _Int64, in_indices: _Int32, in_synapses: _Int64
) -> _Int64:  # pragma: no cover - compiled
    """The weight of each neighbour of `kernels.support`."""
    weights = np.empty(len(indices) + len(in_indices), dtype=np.int64)
    at = 0
    for u in range(len(indptr) - 1):
        i, end_i = indptr[u], indptr[u + 1]
        j, end_j = in_indptr[u], in_indptr[u + 1]
        while i < end_i or j < end_j:
            if j >= end_j or (i < end_i and indices[i] < in_indices[j]):
                v, weight = indices[i], synapses[i]
                i += 1
            elif i >= end_i or in_indices[j] < indices[i]:
                v, weight = in_indices[j], in_synapses[j]
                j += 1
            else:
                v, weight = indices[i], synapses[i] + in_synapses[j]
                i += 1
                j += 1
            if v != u:
                weights[at] = weight
                at += 1
    return weights[:at].copy()


@compiled
def forward_weights(starts: _Int64, packed: _Int32, weights: _Int64, order: _Int64) -> _Int64:  # pragma: no cover
    """The weight of each forward neighbour of `kernels.forward_pairs`."""
    rank = np.empty(len(order), dtype=np.int64)
    for r in range(len(order)):
        rank[order[r]] = r
    forward = np.empty(len(packed) // 2, dtype=np.int64)
    at = 0
    for r in range(len(order)):
        for k in range(starts[order[r]], starts[order[r] + 1]):
            if rank[packed[k] >> 2] > r:
                forward[at] = weights[k]
                at += 1
    return forward


@compiled
def wedge_sums(starts: _Int64, packed: _Int32, weights: _Int64) -> _Int64:  # pragma: no cover - compiled
    """Sums over all pairs of neighbours of all centres, by the two dyads: shape (4, 4, 3): how many, weight, weight squared.

    In closed form: of pairs within a group of n the weights add up to (n - 1) S1, their squares to (n - 2) S2 + S1^2.
    """
    sums = np.zeros((4, 4, 3), dtype=np.int64)
    n, first, second = np.zeros(4, np.int64), np.zeros(4, np.int64), np.zeros(4, np.int64)
    for u in range(len(starts) - 1):
        n[:], first[:], second[:] = 0, 0, 0
        for k in range(starts[u], starts[u + 1]):
            dyad, weight = packed[k] & 3, weights[k]
            n[dyad] += 1
            first[dyad] += weight
            second[dyad] += weight * weight
        for i in range(1, 4):
            if n[i] > 1:
                sums[i, i, 0] += n[i] * (n[i] - 1) // 2
                sums[i, i, 1] += (n[i] - 1) * first[i]
                sums[i, i, 2] += (n[i] - 2) * second[i] + first[i] * first[i]
            for j in range(i + 1, 4):
                sums[i, j, 0] += n[i] * n[j]
                sums[i, j, 1] += n[j] * first[i] + n[i] * first[j]
                sums[i, j, 2] += n[j] * second[i] + n[i] * second[j] + 2 * first[i] * first[j]
    return sums


@compiled
def triangle_sums(
    begin: int, end: int, starts: _Int64, forward: _Int32, weights: _Int64
) -> _Int64:  # pragma: no cover - compiled
    """Sums over the triangles whose lowest rank is in [begin, end), by code, int64 of shape (64, 9).

    How many; weight and weight squared of the triangle; of its wedge around u; around v; around w.
    """
    sums = np.zeros((64, 9), dtype=np.int64)
    dyad_to = np.zeros(len(starts) - 1, dtype=np.uint8)
    weight_to = np.zeros(len(starts) - 1, dtype=np.int64)
    for u in range(begin, end):
        row = range(starts[u], starts[u + 1])
        if len(row) < 2:
            continue
        for k in row:
            dyad_to[forward[k] >> 2] = forward[k] & 3
            weight_to[forward[k] >> 2] = weights[k]
        for k in row:
            v, uv, x = forward[k] >> 2, forward[k] & 3, weights[k]
            for m in range(starts[v], starts[v + 1]):
                w = forward[m] >> 2
                uw = np.intp(dyad_to[w])
                if uw:
                    y, z = weight_to[w], weights[m]
                    at = sums[uv << 4 | uw << 2 | forward[m] & 3]
                    at[0] += 1
                    at[1] += x + y + z
                    at[2] += (x + y + z) * (x + y + z)
                    at[3] += x + y
                    at[4] += (x + y) * (x + y)
                    at[5] += x + z
                    at[6] += (x + z) * (x + z)
                    at[7] += y + z
                    at[8] += (y + z) * (y + z)
        for k in row:
            dyad_to[forward[k] >> 2] = 0
    return sums
