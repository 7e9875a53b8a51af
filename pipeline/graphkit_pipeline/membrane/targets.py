"""What the membrane network is to learn, made from true labels, and how far off it is.

    label      7 7 7 0 0 9 9        0 = in no cell: membrane, extracellular space, vessel
    inside     1 1 1 0 0 1 1
    +1         1 1 0 0 0 1 -        1 where the voxel and the one at + offset have the same label, not 0
    +4         0 0 0 - - - -        left out (-): beyond the patch, and at long offsets where both are 0

At long offsets most pairs that lie in no cell say nothing that the short ones do not. Arrays are [z, y, x].
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["LEFT_OUT", "affinities", "affinity_loss", "apart", "inside", "inside_loss"]

LEFT_OUT = -1.0
"""The target where there is no target."""


def apart(labels: np.ndarray) -> np.ndarray:
    """The labels [z, y, x] without the voxels that touch (26 neighbours) another label: they lie where the membrane must be."""
    touching = np.zeros(labels.shape, bool)
    for offset in itertools.product((-1, 0, 1), repeat=3):
        if offset <= (0, 0, 0):
            continue  # the other way round it comes again
        here = tuple(slice(max(0, -o), n - max(0, o)) for o, n in zip(offset, labels.shape, strict=True))
        there = tuple(slice(max(0, o), n - max(0, -o)) for o, n in zip(offset, labels.shape, strict=True))
        other = (labels[here] != labels[there]) & (labels[here] != 0) & (labels[there] != 0)
        touching[here] |= other
        touching[there] |= other
    return np.where(touching, 0, labels)


def inside(labels: np.ndarray) -> np.ndarray:
    """float32 [z, y, x, 1]: 1 where there is a cell."""
    return (labels > 0).astype(np.float32)[..., np.newaxis]


def affinities(labels: np.ndarray, offsets: Sequence[Sequence[int]]) -> np.ndarray:
    """float32 [z, y, x, offset]: 1 the same cell, 0 not, ``LEFT_OUT``. Offsets are 0 or more along each axis."""
    out = np.full((*labels.shape, len(offsets)), LEFT_OUT, np.float32)
    for channel, offset in enumerate(offsets):
        here = tuple(slice(0, max(n - o, 0)) for n, o in zip(labels.shape, offset, strict=True))
        there = tuple(slice(o, None) for o in offset)
        one, other = labels[here], labels[there]
        same = ((one == other) & (one > 0)).astype(np.float32)
        if sum(offset) > 1:
            same[(one == 0) & (other == 0)] = LEFT_OUT
        out[..., channel][here] = same
    return out


# -- losses: backend-neutral, of one batch ------------------------------------------------------------------------


def inside_loss(truth: Any, logit: Any) -> Any:
    """Mean cross-entropy of truth (0 or 1) and logit, of one shape."""
    from keras import ops

    return ops.mean(_crossed(truth, logit))


def affinity_loss(truth: Any, logit: Any) -> Any:
    """Cross-entropy where there is a target; the mean over all of it, what is left out counting as 0."""
    from keras import ops

    known = ops.cast(truth >= 0.0, "float32")
    return ops.mean(known * _crossed(known * truth, logit))


def _crossed(truth: Any, logit: Any) -> Any:
    from keras import ops

    return ops.maximum(logit, 0.0) - logit * truth + ops.log1p(ops.exp(-ops.absolute(logit)))
