"""How far two partitions of the same neurons agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.errors import GraphError

__all__ = ["adjusted_rand", "kept_together"]


def adjusted_rand(one: ArrayLike, other: ArrayLike) -> float:
    """The adjusted Rand index of two partitions, given as a label of each neuron: 1 for the same, 0 in the mean at random.

    Hubert & Arabie, Journal of Classification 2 (1985). Of partitions that leave nothing to chance (all apart, or all
    together, in both) it is 1.

    Raises:
        GraphError: not as many labels in the one as in the other.

    >>> adjusted_rand([0, 0, 1, 1], [7, 7, 3, 3])
    1.0
    >>> round(adjusted_rand([0, 0, 1, 1], [0, 0, 1, 2]), 4)
    0.5714
    """
    parts = _parts(one, other)
    in_first, in_second, together = (_pairs(sizes) for _, sizes in parts)
    n = len(parts[0][0])
    expected = in_first * in_second / max(n * (n - 1) / 2, 1)
    most = (in_first + in_second) / 2
    return 1.0 if most == expected else float((together - expected) / (most - expected))


def kept_together(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Of the others in a neuron's part of ``one``, the share that is in its part of ``other``, too; float64 of shape (n,).

    NaN for a neuron that is alone in ``one``.

    Raises:
        GraphError: not as many labels in the one as in the other.

    >>> kept_together([0, 0, 0, 1], [5, 5, 6, 6]).tolist()
    [0.5, 0.5, 0.0, nan]
    """
    (mine, sizes), _, (cell, counts) = _parts(one, other)
    others = (sizes[mine] - 1).astype(np.float64)
    share: NDArray[np.float64] = np.divide(counts[cell] - 1, others, out=np.full(len(mine), np.nan), where=others > 0)
    return share


def _parts(one: ArrayLike, other: ArrayLike) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(part of each neuron, sizes of the parts): of the one, of the other, and of what they have in common."""
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape or a.ndim != 1:
        raise GraphError(f"The labels have the shapes {a.shape} and {b.shape}; expected one label a neuron in both.")
    first, second = (np.unique(labels, return_inverse=True, return_counts=True)[1:] for labels in (a, b))
    both = np.unique(first[0] * max(len(second[1]), 1) + second[0], return_inverse=True, return_counts=True)[1:]
    return [first, second, both]


def _pairs(sizes: NDArray[np.int64]) -> float:
    return float((sizes * (sizes - 1)).sum()) / 2
