"""Scenes with known synapses, drawn by hand: slabs of cells with clefts between them.

`slabs(...)` stacks cells along z, each `thick` voxels, with a gap (label 0) of `gap` voxels between neighbours, and draws a
square cleft of `side` voxels in a gap wherever asked. Truth is written down from the drawing, not computed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass
class Scene:
    """A `SynapseTruth` drawn by hand; `direction` is float32 [3, z, y, x], the true one at cleft voxels."""

    segments: np.ndarray
    voxel_size_nm: tuple[float, float, float] = (16.0, 16.0, 16.0)
    offset: tuple[int, int, int] = (0, 0, 0)
    rows: list[dict[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clefts = np.zeros(self.segments.shape, np.int64)
        self.direction = np.zeros((3, *self.segments.shape), np.float32)
        self.image = np.full(self.segments.shape, 128, np.uint8)

    @property
    def cleft(self) -> np.ndarray:
        return (self.clefts > 0).astype(np.float32) * np.float32(0.875)

    @property
    def synapses(self) -> pa.Table:
        names = ["synapse_id", "pre_id", "post_id", *(f"{s}_{a}_nm" for s in ("pre", "post") for a in "zyx")]
        names.append("pre_site_id")
        return pa.table({n: pa.array([row[n] for row in self.rows], pa.int64()) for n in names})

    def add(self, box: tuple[slice, slice, slice], site: int, towards_pre: tuple[float, float, float]) -> None:
        """Draws a cleft: its voxels belong to `site` and point `towards_pre`."""
        self.clefts[box] = site
        self.direction[(slice(None), *box)] = np.reshape(towards_pre, (3, 1, 1, 1))

    def pair(self, site: int, pre: int, post: int, pre_voxel: tuple[int, ...], post_voxel: tuple[int, ...]) -> None:
        row = {"synapse_id": len(self.rows) + 1, "pre_id": pre, "post_id": post, "pre_site_id": site}
        for side, voxel in (("pre", pre_voxel), ("post", post_voxel)):
            assert self.segments[voxel] == (pre if side == "pre" else post)
            for axis, v, o, size in zip("zyx", voxel, self.offset, self.voxel_size_nm, strict=True):
                row[f"{side}_{axis}_nm"] = round((v + o + 0.5) * size)
        self.rows.append(row)


def two_cells(**changes: object) -> Scene:
    """Cell 7 above (low z), cell 9 below, a gap of 2 at z = 11, 12; a cleft of 2 x 8 x 8, 7 presynaptic."""
    segments = np.zeros((24, 24, 24), np.int64)
    segments[:11], segments[13:] = 7, 9
    scene = Scene(segments, **changes)  # type: ignore[arg-type]
    scene.add((slice(11, 13), slice(8, 16), slice(8, 16)), 1, (-1, 0, 0))
    scene.pair(1, 7, 9, (9, 12, 12), (14, 12, 12))
    return scene


@pytest.fixture
def make_scene():
    """The class, for scenes of one's own."""
    return Scene


@pytest.fixture
def make_two_cells():
    return two_cells
