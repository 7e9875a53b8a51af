"""The loops of the generator as machine code, and the geometry of the grid that several of them walk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphkit.compiled

__all__ = ["STEPS", "ball_box", "compiled"]

STEPS = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]])
"""From a voxel to its six neighbours [z, y, x]."""


def compiled(function: Callable[..., Any]) -> Any:
    """``graphkit.compiled.compiled`` for kernels without annotations: their many arrays speak for themselves."""
    return graphkit.compiled.compiled(function)


@compiled
def ball_box(shape, size, centre, radius):  # type: ignore[no-untyped-def]
    """The voxels, first and last along z, y and x, whose centres may lie within ``radius`` of ``centre`` (nm)."""
    depth, height, width = shape
    return (
        max(0, int((centre[0] - radius) / size[0] - 0.5)),
        min(depth - 1, int((centre[0] + radius) / size[0] + 0.5)),
        max(0, int((centre[1] - radius) / size[1] - 0.5)),
        min(height - 1, int((centre[1] + radius) / size[1] + 0.5)),
        max(0, int((centre[2] - radius) / size[2] - 0.5)),
        min(width - 1, int((centre[2] + radius) / size[2] + 0.5)),
    )
