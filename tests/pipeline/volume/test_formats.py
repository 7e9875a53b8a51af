"""Round trips in every format, and axes proved by independent readers and writers."""

from __future__ import annotations

import gzip
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.volume import Volume, create_volume, open_volume
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphkitError
from tests.pipeline.volume.written import BOUNDS, CHUNK, LONG, VOXEL_NM, WRITTEN, filled, pattern

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing it warns of optional packages
    from cloudvolume import CloudVolume

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
