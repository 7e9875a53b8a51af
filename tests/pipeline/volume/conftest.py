"""The pattern in every format, on disk."""

from __future__ import annotations

import pytest
import tifffile
from graphkit_pipeline.volume import Volume, open_volume
from PIL import Image

from tests.pipeline.volume.written import BOUNDS, VOXEL_NM, WRITTEN, filled, pattern


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> list[Volume]:
    """The pattern in every format that is written, and as stacks."""
    folder = tmp_path_factory.mktemp("stored")
    volumes = [filled(f"{folder}/{name}", pattern()) for name in WRITTEN[:3]]
    tifffile.imwrite(folder / "stack.tif", pattern())
    volumes.append(open_volume(folder / "stack.tif", voxel_size_nm=VOXEL_NM, offset=BOUNDS.start))
    (folder / "sections").mkdir()
    for number, section in enumerate(pattern(), start=8):
        Image.fromarray(section).save(folder / "sections" / f"em_{number}.png")
    volumes.append(open_volume(folder / "sections", voxel_size_nm=VOXEL_NM, offset=BOUNDS.start))
    return volumes
