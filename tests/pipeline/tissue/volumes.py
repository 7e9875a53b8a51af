"""The volumes the tests look at, made once a run."""

from __future__ import annotations

from functools import cache

from graphkit_pipeline.tissue import Tissue, TissueSettings, simulate_tissue

SEED = 1000
"""From the validation range 1000..1999; seeds from 2000 on are for the final test alone."""


@cache
def cube() -> Tissue:
    """96^3 voxels of 16 nm, not at the origin."""
    return simulate_tissue(TissueSettings(shape=(96, 96, 96), seed=SEED, offset=(64, 0, 128)))


@cache
def slab() -> Tissue:
    """Sections of 40 nm with pixels of 8 nm."""
    return simulate_tissue(TissueSettings(shape=(16, 96, 96), voxel_size_nm=(40.0, 8.0, 8.0), seed=1001))
