"""What tells volumes apart: the voxels, not the place or the format."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.content import SAMPLES, content_of, content_of_file, difference, kept
from graphkit_pipeline.volume import Volume, create_volume

from graphkit.errors import GraphkitError

BOX = Box((3, -8, 10), (103, 142, 210))


def written(path: Path, values: np.ndarray) -> Volume:
    volume = create_volume(path, BOX, np.uint8, (30, 4, 4), chunk=(50, 75, 100))
    volume.write(BOX, values)
    return volume


@pytest.fixture
def grey() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, BOX.shape, dtype=np.uint8)


def test_a_sample_is_the_digest_of_a_plane(tmp_path: Path, grey: np.ndarray) -> None:
    samples = content_of(written(tmp_path / "v.zarr", grey))["samples"]
    assert len(samples) == SAMPLES
    for place, found in samples.items():
        z, y, x = (int(v) - o for v, o in zip(place.split(","), BOX.start, strict=True))
        plane = grey[z, y : y + 64, x : x + 64]
        assert plane.shape == (64, 64)
        assert found == hashlib.blake2b(plane.tobytes(), digest_size=8).hexdigest()


def test_samples_lie_everywhere(tmp_path: Path, grey: np.ndarray) -> None:
    """In both halves along each axis."""
    places = np.array([p.split(",") for p in content_of(written(tmp_path / "v.zarr", grey))["samples"]], int)
    room = np.array(BOX.shape) - (1, 64, 64)
    share = (places - BOX.start) / room
    assert (share.min(axis=0) < 0.2).all()
    assert (share.max(axis=0) > 0.8).all()
    assert len(np.unique(places[:, 0])) == SAMPLES


def test_the_format_and_the_place_do_not_matter(tmp_path: Path, grey: np.ndarray) -> None:
    one, *others = (content_of(written(tmp_path / name, grey)) for name in ("v.zarr", "v.h5", "v"))
    for other in others:
        assert other == one


def test_other_voxels_another_size_and_another_part(tmp_path: Path, grey: np.ndarray) -> None:
    one = written(tmp_path / "one.zarr", grey)
    content = content_of(one)
    turned = content_of(written(tmp_path / "two.zarr", 255 - grey))
    assert f"{SAMPLES} of {SAMPLES} samples" in str(difference(content, turned))
    assert turned["key"] != content["key"]
    assert "voxels was [[3, -8, 10], [103, 142, 210]] and is" in str(
        difference(content, content_of(one, Box(BOX.start, (50, 142, 210))))
    )
    assert "voxel size was" in str(difference(content, {**content, "voxel_size_nm": [30.0, 8.0, 8.0]}))
    place = next(iter(content["samples"]))
    z, y, x = (int(v) - o for v, o in zip(place.split(","), BOX.start, strict=True))
    touched = grey.copy()
    touched[z, y + 63, x + 63] ^= 1
    said = difference(content, content_of(written(tmp_path / "three.zarr", touched)))
    assert said is not None
    assert place.replace(",", ", ") in said


def test_small_volumes(tmp_path: Path) -> None:
    box = Box((0, 0, 0), (2, 3, 1))
    volume = create_volume(tmp_path / "v.zarr", box, np.uint8, (1, 1, 1))
    volume.write(box, np.arange(6, dtype=np.uint8).reshape(2, 3, 1))
    assert set(content_of(volume)["samples"]) == {"0,0,0", "1,0,0"}


def test_a_damaged_chunk_agrees_with_anything_and_is_known_once_it_was_mended(tmp_path: Path, grey: np.ndarray) -> None:
    volume = written(tmp_path / "v", grey)
    whole = content_of(volume)
    chunk = next(p for p in (tmp_path / "v").rglob("*") if p.is_file() and p.name.startswith("10-110_"))
    good = chunk.read_bytes()
    chunk.write_bytes(b"no chunk")
    damaged = content_of(volume)
    lost = [place for place, found in damaged["samples"].items() if found is None]
    assert 0 < len(lost) < SAMPLES
    assert difference(damaged, whole) is None
    assert difference(whole, damaged) is None
    assert kept(whole, damaged) == whole
    chunk.write_bytes(good)
    mended = kept(damaged, content_of(volume))
    assert mended["samples"] == whole["samples"]
    assert mended["key"] == damaged["key"]


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("z,y,x\n1,2,3\n")
    before = content_of_file(tmp_path / "points.csv")
    assert before["sha256"] == hashlib.sha256(b"z,y,x\n1,2,3\n").hexdigest()
    assert difference(before, content_of_file(tmp_path / "points.csv")) is None
    (tmp_path / "points.csv").write_text("z,y,x\n1,2,4\n")
    assert "content" in str(difference(before, content_of_file(tmp_path / "points.csv")))
    with pytest.raises(GraphkitError, match="cannot be read"):
        content_of_file(tmp_path / "none.csv")
