"""Volumes in every format: round trips, axes proved by independent readers, and one clear error for what is wrong."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.volume import Volume, check_block, check_image, create_volume, open_volume
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from graphkit.errors import GraphkitError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it warns of optional packages
    from cloudvolume import CloudVolume

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


# -- round trips ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_image_round_trip(tmp_path: Path, name: str, dtype: str) -> None:
    array = pattern(dtype=dtype)
    written = filled(f"{tmp_path}/{name}", array)
    for volume in (
        open_volume(f"{tmp_path}/{name}"),
        open_volume(written.location),
        pickle.loads(pickle.dumps(written)),
    ):
        assert (volume.kind, volume.dtype, volume.chunk) == ("image", np.dtype(dtype), CHUNK)
        assert (volume.bounds, volume.shape, volume.voxel_size_nm) == (BOUNDS, BOUNDS.shape, VOXEL_NM)
        found = volume.read()
        assert found.dtype == array.dtype
        assert (found == array).all()
        assert found.flags.c_contiguous
        assert found.flags.writeable


@pytest.mark.parametrize("name", WRITTEN)
def test_label_round_trip(tmp_path: Path, name: str) -> None:
    labels = np.zeros(BOUNDS.shape, np.int64)
    labels[2:9, 3:20, 5:] = LONG
    labels[9:, :, 2] = 2**63 - 1
    labels[4, 4, 4] = 2**53 + 1
    filled(f"{tmp_path}/{name}", labels, kind="segmentation")
    volume = open_volume(f"{tmp_path}/{name}")
    found = volume.read()
    assert volume.kind == "segmentation"
    assert volume.dtype == found.dtype == np.int64
    assert (found == labels).all()


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


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    ends = [
        sorted((draw(st.integers(a, b)), draw(st.integers(a, b))))
        for a, b in zip(BOUNDS.start, BOUNDS.stop, strict=True)
    ]
    return Box(tuple(a for a, _ in ends), tuple(b for _, b in ends))  # type: ignore[arg-type]


@given(box=boxes())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_box_reads_as_a_slice(stored: list[Volume], box: Box) -> None:
    expected = pattern()[box.slices(BOUNDS.start)]
    for volume in stored:
        found = volume.read(box)
        assert found.shape == box.shape
        assert found.dtype == np.uint8
        assert (found == expected).all(), volume


@given(box=boxes(), seed=st.integers(0, 99))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_write_changes_its_box_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, box: Box, seed: int
) -> None:
    """The box grown to chunk borders, in every format that is written."""
    starts = (a - (a - o) % c for a, o, c in zip(box.start, BOUNDS.start, CHUNK, strict=True))
    stops = (min(hi, b + -(b - o) % c) for b, o, c, hi in zip(box.stop, BOUNDS.start, CHUNK, BOUNDS.stop, strict=True))
    aligned = Box(tuple(starts), tuple(stops))  # type: ignore[arg-type]
    new = np.random.default_rng(seed).integers(0, 255, aligned.shape, np.uint8)
    expected = pattern()
    expected[aligned.slices(BOUNDS.start)] = new
    folder = tmp_path_factory.mktemp("changed")
    for name in WRITTEN[:3]:
        volume = create_volume(folder / name, BOUNDS, np.uint8, VOXEL_NM, chunk=CHUNK)
        volume.write(BOUNDS, pattern())
        volume.write(aligned, new)
        assert (volume.read() == expected).all(), name


# -- independent readers and writers ----------------------------------------------------------------------------------


def test_precomputed_lies_as_neuroglancer_wants_it(tmp_path: Path) -> None:
    filled(tmp_path / "p", pattern())
    info = json.loads((tmp_path / "p/info").read_text())
    (scale,) = info["scales"]
    assert (info["type"], info["data_type"], info["num_channels"]) == ("image", "uint8", 1)
    assert scale["resolution"] == [4.6, 4, 40]
    assert scale["voxel_offset"] == [7, 5, -3]
    assert scale["size"] == [33, 32, 23]
    assert scale["chunk_sizes"] == [[8, 16, 8]]
    assert sorted(p.name for p in (tmp_path / "p").iterdir()) == [scale["key"], "info"], "nothing temporary is left"
    raw = CloudVolume((tmp_path / "p").as_uri(), progress=False)
    for z, y, x in [(-3, 5, 7), (19, 36, 39), (4, 6, 30)]:
        assert raw[x, y, z].item() == ((z + 3) * 11 + y * 3 + x * 5) % 256
    # the first chunk by its bytes: x runs fastest
    first = gzip.decompress((tmp_path / "p" / scale["key"] / "7-15_5-21_-3-5.gz").read_bytes())
    assert first == pattern()[:8, :16, :8].tobytes(order="C")


def test_segmentation_is_uint64_and_compressed(tmp_path: Path) -> None:
    labels = pattern(dtype=np.int64) + LONG
    filled(tmp_path / "p", labels, kind="segmentation")
    info = json.loads((tmp_path / "p/info").read_text())
    assert (info["type"], info["data_type"]) == ("segmentation", "uint64")
    assert info["scales"][0]["encoding"] == "compressed_segmentation"
    raw = CloudVolume((tmp_path / "p").as_uri(), progress=False)
    assert raw[30, 6, 4].item() == (4 + 3) * 11 + 6 * 3 + 30 * 5 + LONG


def test_a_volume_that_cloudvolume_wrote(tmp_path: Path) -> None:
    array = pattern()
    place = (tmp_path / "p").as_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        CloudVolume.from_numpy(
            array.T,
            place,
            resolution=VOXEL_NM[::-1],
            voxel_offset=BOUNDS.start[::-1],
            chunk_size=(9, 9, 9),
            progress=False,
        )
    for location in (tmp_path / "p", place, f"precomputed://{place}"):
        volume = open_volume(location)
        assert (volume.bounds, volume.voxel_size_nm, volume.chunk) == (BOUNDS, VOXEL_NM, (9, 9, 9))
        assert (volume.read() == array).all()


def test_hdf5_lies_as_zyx(tmp_path: Path) -> None:
    filled(tmp_path / "v.h5", pattern())
    with h5py.File(tmp_path / "v.h5") as file:
        assert (file["volume"][()] == pattern()).all()
        assert file["volume"].attrs["voxel_size_nm"].tolist() == list(VOXEL_NM)
        assert file["volume"].attrs["offset_vox"].tolist() == list(BOUNDS.start)


@pytest.mark.parametrize("name", ["resolution", "voxel_size"])
def test_hdf5_with_the_attributes_of_others(tmp_path: Path, name: str) -> None:
    """CREMI and funlib state the offset in nm."""
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["volumes/raw"] = pattern()
        file["volumes/raw"].attrs[name] = (40.0, 4.0, 4.0)
        file["volumes/raw"].attrs["offset"] = (-120.0, 20.0, 28.0)
    volume = open_volume(tmp_path / "v.h5")
    assert volume.location.endswith("v.h5:volumes/raw")
    assert volume.bounds == BOUNDS
    assert volume.voxel_size_nm == (40.0, 4.0, 4.0)


def test_zarr_lies_as_ome_says(tmp_path: Path) -> None:
    filled(tmp_path / "v.zarr", pattern())
    group = zarr.open_group(tmp_path / "v.zarr", mode="r")
    (image,) = group.attrs["ome"]["multiscales"]
    assert [(a["name"], a["unit"]) for a in image["axes"]] == [(axis, "nanometer") for axis in "zyx"]
    scale, translation = image["datasets"][0]["coordinateTransformations"]
    assert scale["scale"] == list(VOXEL_NM)
    assert translation["translation"] == pytest.approx([-120, 20, 32.2])
    assert (group["0"][:] == pattern()).all()


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_ome_zarr_of_others(tmp_path: Path, zarr_format: Any) -> None:
    """In micrometres, with time and channel axes, two scales, and a scale for the whole image."""
    image = {
        "axes": [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}]
        + [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"],
        "datasets": [
            {
                "path": path,
                "coordinateTransformations": [
                    {"type": "scale", "scale": [1, 1, 0.04, 0.002 * k, 0.0023 * k]},
                    {"type": "translation", "translation": [0, 0, -0.12, 0.01, 0.0161]},
                ],
            }
            for path, k in (("s0", 1), ("s1", 2))
        ],
        "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 1, 2, 2]}],
    }
    version: dict[str, Any] = {"multiscales": [image]}
    group = zarr.open_group(tmp_path / "v.zarr", mode="w", zarr_format=zarr_format)
    group.attrs.update(version if zarr_format == 2 else {"ome": version})
    array = group.create_array("s0", shape=(1, 1, *BOUNDS.shape), chunks=(1, 1, *CHUNK), dtype="u1")
    array[0, 0] = pattern()
    for volume in (
        open_volume(tmp_path / "v.zarr"),
        open_volume(tmp_path / "v.zarr/s0"),
        open_volume(tmp_path / "v.zarr", dataset="s0"),
    ):
        assert volume.bounds == BOUNDS
        assert volume.voxel_size_nm == pytest.approx(VOXEL_NM)
        assert (volume.read() == pattern()).all()


def test_sections_come_in_the_order_of_their_numbers(stored: list[Volume]) -> None:
    """em_8.png to em_30.png: sorted as text, em_10 would come first."""
    assert (stored[4].read()[:, 0, 0] == pattern()[:, 0, 0]).all()


@pytest.mark.parametrize("name", ["precomputed", "v.zarr"])
def test_what_was_never_written(tmp_path: Path, name: str) -> None:
    """0 in a segmentation; in an image an error that names the chunk and the box."""
    labels = create_volume(tmp_path / f"labels_{name}", BOUNDS, np.int64, VOXEL_NM, chunk=CHUNK, kind="segmentation")
    assert not labels.read().any()
    image = filled(tmp_path / name, np.zeros(BOUNDS.shape, np.uint8))
    assert not image.read().any(), "black chunks are written"
    (chunk,) = [
        p for p in (tmp_path / name).rglob("*") if p.name == "7-15_21-37_5-13.gz" or p.as_posix().endswith("c/1/1/0")
    ]
    chunk.unlink()
    assert image.read(Box((-3, 5, 7), (5, 37, 40))).shape == (8, 32, 33), "chunks beside it can be read"
    with pytest.raises(
        GraphkitError, match=r"z 5\.\.13, y 21\.\.37, x 7\.\.15.*is missing.*z 0\.\.20, y 30\.\.31, x 7\.\.9"
    ) as caught:
        image.read(Box((0, 30, 7), (20, 31, 9)))
    assert chunk.relative_to(tmp_path / name).as_posix().removesuffix(".gz") in str(caught.value)


def test_hdf5_image_that_was_never_written(tmp_path: Path) -> None:
    image = create_volume(tmp_path / "v.h5", BOUNDS, np.uint8, VOXEL_NM, chunk=CHUNK)
    with pytest.raises(GraphkitError, match="is missing"):
        image.read()


@pytest.mark.parametrize("kind", ["image", "segmentation"])
@pytest.mark.parametrize("name", ["precomputed", "v.zarr"])
@pytest.mark.parametrize("damage", ["cut", "empty", "noise"])
def test_a_chunk_that_cannot_be_read(tmp_path: Path, name: str, kind: Any, damage: str) -> None:
    """Never zeros, and never a traceback: the chunk's name."""
    array = np.random.default_rng(0).integers(1, 200, BOUNDS.shape).astype(np.uint8 if kind == "image" else np.int64)
    volume = filled(tmp_path / name, array, kind=kind)
    (chunk,) = [
        p for p in (tmp_path / name).rglob("*") if p.name == "7-15_21-37_5-13.gz" or p.as_posix().endswith("c/1/1/0")
    ]
    whole = chunk.read_bytes()
    chunk.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "noise": b"\x00\xff" * 40}[damage])
    with pytest.raises(GraphkitError, match=r"The chunk .*z 5\.\.13, y 21\.\.37, x 7\.\.15.*cannot be read") as caught:
        volume.read()
    assert chunk.relative_to(tmp_path / name).as_posix().removesuffix(".gz") in str(caught.value)


def test_a_chunk_under_another_compression_is_replaced(tmp_path: Path) -> None:
    """Others write X where we write X.gz; the old one must not be read in its place."""
    volume = filled(tmp_path / "p", pattern())
    for file in list((tmp_path / "p").glob("*/*.gz")):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    assert (volume.read() == pattern()).all()
    volume.write(BOUNDS, pattern() // 2)
    assert (open_volume(tmp_path / "p").read() == pattern() // 2).all()
    assert all(file.suffix == ".gz" for file in (tmp_path / "p").glob("*/*"))


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITTEN[:3])
def test_a_write_inside_a_chunk_is_refused(tmp_path: Path, name: str) -> None:
    volume = filled(tmp_path / name, pattern())
    with pytest.raises(GraphkitError, match=r"y = 6 lies inside a chunk \(y 5\.\.21\)"):
        volume.write(Box((-3, 6, 7), (5, 21, 15)), np.zeros((8, 15, 8), np.uint8))
    with pytest.raises(GraphkitError, match=r"x = 39 lies inside a chunk \(x 39\.\.40\)|x = 38 lies inside a chunk"):
        volume.write(Box((-3, 5, 31), (5, 21, 38)), np.zeros((8, 16, 7), np.uint8))
    assert (volume.read() == pattern()).all()


@pytest.mark.parametrize("name", WRITTEN[:3])
def test_what_does_not_fit_is_refused(tmp_path: Path, name: str) -> None:
    image = filled(tmp_path / name, pattern())
    with pytest.raises(GraphkitError, match=r"does not fit .*whose shape is \(8, 16, 8\)"):
        image.write(Box((-3, 5, 7), (5, 21, 15)), np.zeros((8, 16, 9), np.uint8))
    with pytest.raises(GraphkitError, match=r"float64 does not fit .*uint8"):
        image.write(BOUNDS, np.zeros(BOUNDS.shape))
    outside = Box((-4, 5, 7), (5, 21, 15))
    for act in (lambda: image.read(outside), lambda: image.write(outside, np.zeros(outside.shape, np.uint8))):
        with pytest.raises(GraphkitError, match=r"z -4\.\.5.*the volume is z -3\.\.20, y 5\.\.37, x 7\.\.40"):
            act()
    with pytest.raises(GraphkitError, match=r"something at .* already"):
        create_volume(image.location, BOUNDS, np.uint8, VOXEL_NM)
    assert (image.read() == pattern()).all()
    create_volume(tmp_path / name, BOUNDS, np.uint16, 8, overwrite=True)
    assert open_volume(tmp_path / name).dtype == np.uint16


@pytest.mark.parametrize("name", WRITTEN[:3])
def test_ids_beyond_the_range_are_refused_at_the_door(tmp_path: Path, name: str) -> None:
    labels = create_volume(tmp_path / name, BOUNDS, np.uint64, VOXEL_NM, chunk=CHUNK, kind="segmentation")
    array = np.zeros(BOUNDS.shape, np.uint64)
    array[1, 2, 3] = 2**63
    with pytest.raises(GraphkitError, match="the label 9223372036854775808"):
        labels.write(BOUNDS, array)
    with pytest.raises(GraphkitError, match="the label -1"):
        labels.write(BOUNDS, -array.astype(bool).astype(np.int64))
    with pytest.raises(GraphkitError, match="whole numbers"):
        labels.write(BOUNDS, array.astype(float))
    labels.write(BOUNDS, np.zeros(BOUNDS.shape, bool))


def test_ids_beyond_the_range_are_refused_when_read(tmp_path: Path) -> None:
    """CREMI marks 'nothing here' by 2^64 - 1."""
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["clefts"] = np.full((2, 2, 2), 2**64 - 1, np.uint64)
    with pytest.raises(GraphkitError, match="the label 18446744073709551615"):
        open_volume(tmp_path / "v.h5", voxel_size_nm=4).read()


def test_nothing_is_removed_that_is_no_volume(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").write_text("dear")
    for place in (tmp_path / "thesis",):
        with pytest.raises(GraphkitError, match="not overwritten"):
            create_volume(place, BOUNDS, np.uint8, 4, overwrite=True)
    assert (tmp_path / "thesis/chapter.tex").read_text() == "dear"


def test_the_voxel_size_must_be_known_and_agreed_on(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "v.tif", pattern())
    with pytest.raises(GraphkitError, match=r"voxel size .* is not known.*\n.*voxel_size_nm = "):
        open_volume(tmp_path / "v.tif")
    for wrong in ((4, 4), -4, (4, 0, 4), "large", (4, 4, np.nan)):
        with pytest.raises(GraphkitError, match="three positive lengths"):
            open_volume(tmp_path / "v.tif", voxel_size_nm=wrong)
    filled(tmp_path / "p", pattern())
    with pytest.raises(GraphkitError, match=r"\(40\.0, 4\.0, 4\.6\) nm .*\(4\.0, 4\.0, 4\.0\) nm was given"):
        open_volume(tmp_path / "p", voxel_size_nm=4)
    with pytest.raises(GraphkitError, match=r"begins at voxel \(-3, 5, 7\).*\(0, 0, 0\) was given"):
        open_volume(tmp_path / "p", offset=(0, 0, 0))
    assert open_volume(tmp_path / "p", voxel_size_nm=VOXEL_NM, offset=(-3, 5, 7)).bounds == BOUNDS


def test_an_offset_between_voxels(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["raw"] = pattern()
        file["raw"].attrs.update({"resolution": (40, 4, 4), "offset": (0, 2, 0)})
    with pytest.raises(GraphkitError, match="not a whole number of its voxels"):
        open_volume(tmp_path / "v.h5")


def test_what_is_no_volume(tmp_path: Path) -> None:
    for name in ("absent", "absent.h5", "absent.zarr", "absent.tif"):
        with pytest.raises(GraphkitError, match="nothing is there"):
            open_volume(tmp_path / name)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a.txt").write_text("a")
    for name in ("bad.h5", "bad.tif"):
        (tmp_path / name).write_bytes(b"not a volume")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/info").write_text('{"scales": []}')
    (tmp_path / "worse").mkdir()
    (tmp_path / "worse/info").write_text('{"scal')
    (tmp_path / "bad.zarr").mkdir()
    for name in ("folder", "bad.h5", "bad.tif", "bad", "worse", "bad.zarr"):
        with pytest.raises(GraphkitError, match=f"{name}"):
            open_volume(tmp_path / name, voxel_size_nm=4)
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"] = file["b/c"] = pattern()
        file["flat"] = pattern()[0]
    with pytest.raises(GraphkitError, match=r"2 volumes \(a, b/c\)"):
        open_volume(tmp_path / "two.h5", voxel_size_nm=4)
    with pytest.raises(GraphkitError, match="no dataset 'd'; it has a, b/c"):
        open_volume(f"{tmp_path}/two.h5:d", voxel_size_nm=4)
    with pytest.raises(GraphkitError, match="2 axes"):
        open_volume(f"{tmp_path}/two.h5:flat", voxel_size_nm=4)


def sections(folder: Path, names: list[str], shape: tuple[int, ...] = (6, 7)) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        Image.fromarray(np.zeros(shape, np.uint8)).save(folder / name)
    return folder


def test_stacks_that_are_not_whole(tmp_path: Path) -> None:
    def refused(folder: Path, message: str) -> None:
        with pytest.raises(GraphkitError, match=message):
            open_volume(folder, voxel_size_nm=4)

    refused(sections(tmp_path / "gap", ["s1.png", "s2.png", "s5.png"]), "section 1 to 5, but 2 are missing: 3, 4")
    refused(sections(tmp_path / "twice", ["s1.png", "s01.png", "s2.png"]), "both section 1")
    refused(sections(tmp_path / "two", ["s1_2.png", "s2_1.png"]), "differ in 2 numbers")
    refused(sections(tmp_path / "other", ["s1.png", "t2.png"]), "differ in more than a number")
    refused(sections(tmp_path / "mixed", ["s1.png", "s2.tif"]), "several formats")
    sections(tmp_path / "size", ["s1.png", "s2.png"])
    refused(
        sections(tmp_path / "size", ["s3.png"], (6, 8)), r"s3\.png is \(6, 8\) uint8, and s1\.png is \(6, 7\) uint8"
    )
    refused(sections(tmp_path / "colour", ["s1.png", "s2.png"], (6, 7, 3)), r"s1\.png is in RGB")
    sections(tmp_path / "cut", ["s1.png"])
    (tmp_path / "cut/s2.png").write_bytes((tmp_path / "cut/s1.png").read_bytes()[:40])
    with pytest.raises(GraphkitError, match=r"s2\.png cannot be read"):
        open_volume(tmp_path / "cut", voxel_size_nm=4).read()
    stack = open_volume(sections(tmp_path / "fine", ["s1.png", "s2.png"]), voxel_size_nm=4)
    with pytest.raises(GraphkitError, match="read only"):
        stack.write(stack.bounds, stack.read())
    with pytest.raises(GraphkitError, match="read only"):
        create_volume(tmp_path / "new.tif", BOUNDS, np.uint8, 4)


def test_sixteen_bits_and_other_numbers_in_the_names(tmp_path: Path) -> None:
    array = pattern(dtype=np.uint16) * 50
    for number in range(3):
        Image.fromarray(array[number]).save(tmp_path / f"w001_s{number}_ch00.png")
    volume = open_volume(tmp_path, voxel_size_nm=4)
    assert volume.dtype == np.uint16
    assert (volume.read() == array[:3]).all()


def test_zarr_axes_in_another_order(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "v.zarr", shape=(3, 4, 5), dtype="u1", dimension_names=("x", "y", "z"))
    with pytest.raises(GraphkitError, match="must be z, y, x"):
        open_volume(tmp_path / "v.zarr", voxel_size_nm=4)


@pytest.mark.parametrize("dtype", ["float64", "int64", "complex64"])
def test_types_that_precomputed_cannot_hold(tmp_path: Path, dtype: str) -> None:
    with pytest.raises(GraphkitError, match=f"cannot hold {dtype}"):
        create_volume(tmp_path / "p", BOUNDS, dtype, 4)
    assert not (tmp_path / "p").exists()


# -- what a network asks of an image ----------------------------------------------------------------------------------


def test_an_image_that_the_network_was_not_made_for(stored: list[Volume]) -> None:
    network = {"dtype": "uint8", "voxel_size_nm": VOXEL_NM, "field_of_view": (23, 32, 33)}
    check_image(stored[0], **network)  # type: ignore[arg-type]
    for change, message in (
        ({"dtype": np.float32}, "holds uint8; the network takes float32"),
        ({"voxel_size_nm": (40, 4, 4)}, r"4\.6\) nm \[z, y, x\]; the network was trained on \(40\.0, 4\.0, 4\.0\) nm"),
        ({"field_of_view": (23, 33, 33)}, r"\(23, 32, 33\) voxels .* field of view is \(23, 33, 33\)"),
    ):
        with pytest.raises(GraphkitError, match=message):
            check_image(stored[0], **{**network, **change})  # type: ignore[arg-type]


def test_an_image_with_voxels_that_are_not_numbers() -> None:
    image = np.zeros((3, 4, 5), np.float32)
    box = Box.of_shape(image.shape, (10, 20, 30))
    check_block(image, box)
    check_block(image.astype(np.uint8), box)
    image[1, 2, 3] = np.nan
    image[2, 0, 0] = np.inf
    with pytest.raises(GraphkitError, match=r"2 of 60 voxels .* the first is \(11, 22, 33\)"):
        check_block(image, box)


# -- crashes and full disks -------------------------------------------------------------------------------------------

_FILL = """
import resource, sys
import numpy as np
from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.volume import create_volume
box = Box((0, 0, 0), (64, 64, 64))
volume = create_volume(sys.argv[1], box, np.uint8, 4)
volume.write(box, np.full(box.shape, 7, np.uint8))
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    volume.write(box, np.random.default_rng(0).integers(0, 255, box.shape, np.uint8))
except GraphkitError as error:
    print("clear:", error, flush=True)
"""


@pytest.mark.parametrize("name", WRITTEN[:3])
def test_files_may_not_grow(tmp_path: Path, name: str) -> None:
    """As on a full disk: one clear error, and the chunk is the old one (HDF5 promises nothing, and may crash later)."""
    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(tmp_path / name)], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("clear: No space left while writing"), (done.stdout, done.stderr)
    if name != "made.h5":
        assert (open_volume(tmp_path / name).read() == 7).all()
        assert not [p.name for p in (tmp_path / name).rglob("*") if p.name.startswith(".") or "partial" in p.name]


_REWRITE = """
import sys
import numpy as np
from graphkit_pipeline.volume import open_volume
volume = open_volume(sys.argv[1])
for value in range(10**6):
    volume.write(volume.bounds, np.full(volume.shape, value % 100 + 1, np.uint8))
    print(value, flush=True)
"""


@pytest.mark.parametrize("name", ["precomputed", "v.zarr"])
def test_a_reader_sees_whole_chunks_and_kill_9_tears_none(tmp_path: Path, name: str) -> None:
    """One chunk is written over and over in another process: every look at it finds a single value."""
    volume = create_volume(tmp_path / name, Box((0, 0, 0), (128, 128, 128)), np.uint8, 4, chunk=(128, 128, 128))
    volume.write(volume.bounds, np.ones(volume.shape, np.uint8))
    with subprocess.Popen(
        [sys.executable, "-c", _REWRITE, str(tmp_path / name)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        seen = set()
        for _ in range(12):
            assert writer.stdout.readline()
            found = np.unique(volume.read())
            assert len(found) == 1
            seen.add(int(found[0]))
        writer.kill()
    assert len(seen) > 1, "the reader has met the writer"
    assert len(np.unique(volume.read())) == 1


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    volume = filled(tmp_path / "p", pattern())
    for kind, age in (("old", 7200), ("young", 0)):
        (tmp_path / f"p/.writing-{kind}").mkdir()
        os.utime(tmp_path / f"p/.writing-{kind}", (time.time() - age,) * 2)
    open_volume(tmp_path / "p").write(BOUNDS, volume.read())
    assert [p.name for p in (tmp_path / "p").glob(".writing-*")] == [".writing-young"]


def test_hdf5_on_a_full_disk_is_not_touched(tmp_path: Path) -> None:
    where = tmp_path / "disk"
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(where)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs is not allowed here")
    try:
        bounds = Box((0, 0, 0), (64, 128, 64))
        volume = create_volume(where / "v.h5", bounds, np.uint8, 4)
        half = Box((0, 0, 0), (64, 64, 64))
        volume.write(half, np.random.default_rng(0).integers(0, 255, half.shape, np.uint8))
        (where / "ballast").write_bytes(b"x" * 200_000)
        with pytest.raises(GraphkitError, match="No space left while writing"):
            volume.write(Box((0, 64, 0), (64, 128, 64)), np.ones(half.shape, np.uint8))
        assert volume.read(half).any()
    finally:
        subprocess.run(["umount", str(where)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(GraphkitError, match="Cannot write"):
        create_volume(tmp_path / "p", BOUNDS, np.uint8, 4)


def test_published_volumes(real_data: Path) -> None:
    """FIB-25: 125 x 250 x 250 voxels, bodies in 32-bit labels; the file does not say the voxel size."""
    file = real_data / "fib25/fib25_train.h5"
    raw = open_volume(f"{file}:raw", voxel_size_nm=10)
    assert (raw.shape, raw.dtype, raw.kind) == ((125, 250, 250), np.uint8, "image")
    bodies = open_volume(file, dataset="bodies", voxel_size_nm=10)
    assert (bodies.kind, bodies.dtype) == ("segmentation", np.int64)
    with h5py.File(file) as raw_file:
        assert (bodies.read() == raw_file["bodies"][()]).all()
    with pytest.raises(GraphkitError, match=r"voxel size .* is not known"):
        open_volume(file, dataset="raw")
