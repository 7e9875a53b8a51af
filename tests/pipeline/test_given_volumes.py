"""The volumes that training is given: what their files do not say."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.given_volumes import own_volumes
from graphkit_pipeline.volume import create_volume

from graphkit.errors import GraphkitError

BOX = Box((4, 0, 8), (24, 30, 48))


@pytest.fixture
def labels(tmp_path: Path) -> np.ndarray:
    """In a file that says neither voxel size nor offset; the image beside it says both."""
    image = create_volume(tmp_path / "image", BOX, np.uint8, (30, 4, 4))
    image.write(BOX, np.arange(np.prod(BOX.shape), dtype=np.int64).reshape(BOX.shape).astype(np.uint8))
    values = np.arange(np.prod(BOX.shape), dtype=np.uint32).reshape(BOX.shape)
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["labels"], file["part"], file["image"] = values, values[:10], values.astype(np.uint8)
    return values


def test_labels_lie_where_the_image_does(tmp_path: Path, labels: np.ndarray) -> None:
    (volume,) = own_volumes([f"{tmp_path}/image"], [f"{tmp_path}/plain.h5:labels"], None)
    assert volume.voxel_size_nm == (30, 4, 4)
    assert np.array_equal(volume.labels, labels)
    assert np.array_equal(volume.image, labels.astype(np.uint8))


def test_labels_of_a_part_must_say_of_which(tmp_path: Path, labels: np.ndarray) -> None:
    with pytest.raises(GraphkitError, match=r"The labels .* has \(10, 30, 40\) voxels"):
        own_volumes([f"{tmp_path}/image"], [f"{tmp_path}/plain.h5:part"], None)


def test_an_image_without_voxel_size_says_where_it_is_given(tmp_path: Path, labels: np.ndarray) -> None:
    both = [f"{tmp_path}/plain.h5:image"], [f"{tmp_path}/plain.h5:labels"]
    with pytest.raises(GraphkitError, match=r"voxel size .* is not known") as caught:
        own_volumes(*both, None)
    assert "--settings" in str(caught.value.hint)
    (volume,) = own_volumes(*both, (8, 8, 8))
    assert volume.voxel_size_nm == (8, 8, 8)
    (volume,) = own_volumes(*both, None, of_start=(9, 9, 9))
    assert volume.voxel_size_nm == (9, 9, 9)
    with pytest.raises(GraphkitError, match="nothing is there"):
        own_volumes(["none.h5:image"], ["none.h5:labels"], None)
