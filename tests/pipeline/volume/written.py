"""A small volume with a pattern that tells the axes apart, for every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.volume import Volume, create_volume

BOUNDS = Box((-3, 5, 7), (20, 37, 40))
VOXEL_NM = (40.0, 4.0, 4.6)
CHUNK = (8, 16, 8)
LONG = 720575940621039145
WRITTEN = ["precomputed", "made.zarr", "made.h5", "made.h5:some/where"]


def pattern(bounds: Box = BOUNDS, dtype: Any = np.uint8) -> np.ndarray:
    """A value that tells z, y and x apart."""
    z, y, x = np.meshgrid(*(np.arange(a, b) for a, b in zip(bounds.start, bounds.stop, strict=True)), indexing="ij")
    return ((z + 3) * 11 + y * 3 + x * 5).astype(dtype)


def filled(location: Path | str, array: np.ndarray, **more: Any) -> Volume:
    volume = create_volume(location, BOUNDS, array.dtype, VOXEL_NM, chunk=CHUNK, **more)
    for block in make_blocks(BOUNDS, CHUNK):
        volume.write(block.core, array[block.core.slices(BOUNDS.start)])
    return volume
