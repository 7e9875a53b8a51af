"""One clear error for what is wrong with a volume, a write or an image."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.volume import Volume, check_block, check_image, create_volume, open_volume
from PIL import Image

from graphkit.errors import GraphkitError
from tests.pipeline.volume.written import BOUNDS, CHUNK, VOXEL_NM, WRITTEN, filled, pattern


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
