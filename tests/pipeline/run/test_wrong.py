"""What cannot be done, and what has nothing to find."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.config import read_config
from graphkit_pipeline.run import reconstruct, run_status
from graphkit_pipeline.volume import create_volume

from graphkit.dataset import open_dataset
from graphkit.errors import GraphkitError, UnknownNameError
from tests.pipeline.run.small import Write


def test_no_synapse_found_is_a_connectome_without_connections(copied: Write) -> None:
    config = read_config(copied("none", more="[synapses.assign]\nmin_voxels = 100000\n"))
    statuses = {s.name: s for s in reconstruct(config, first="assign")}
    assert (statuses["dataset"].outcome or {})["synapses"] == 0
    dataset = open_dataset(Path(config.output) / "dataset")
    assert len(dataset.table("synapses")) == len(dataset.table("connections")) == 0
    assert len(dataset.table("neurons")) > 0


def test_a_constant_image_has_no_segments(write: Write, tmp_path: Path) -> None:
    image = create_volume(tmp_path / "grey", Box((0, 0, 0), (64, 64, 64)), np.uint8, (16, 16, 16))
    image.write(image.bounds, np.full((64, 64, 64), 128, np.uint8))
    config = read_config(write("constant", image=tmp_path / "grey"))
    statuses = {s.name: s for s in reconstruct(config)}
    assert (statuses["reconcile"].outcome or {})["segments"] == 0
    assert len(open_dataset(Path(config.output) / "dataset").table("neurons")) == 0


@pytest.mark.parametrize(
    ("dtype", "voxel_nm", "shape", "says"),
    [
        (np.uint8, (8, 8, 8), (64, 64, 64), "8.0"),
        (np.uint16, (16, 16, 16), (64, 64, 64), "uint16"),
        (np.float32, (16, 16, 16), (64, 64, 64), "float32"),  # of NaN
        (np.uint8, (16, 16, 16), (5, 64, 64), "field of view"),
    ],
)
def test_an_image_that_the_network_was_not_made_for(
    write: Write, tmp_path: Path, dtype: type, voxel_nm: tuple[int, int, int], shape: tuple[int, int, int], says: str
) -> None:
    image = create_volume(tmp_path / "other", Box((0, 0, 0), shape), dtype, voxel_nm)
    image.write(image.bounds, np.full(shape, np.nan if dtype is np.float32 else 100, dtype))
    config = read_config(write("other-run", image=tmp_path / "other"))
    with pytest.raises(GraphkitError, match=says):
        reconstruct(config)
    assert run_status(config)[1].state == "not begun"


def test_a_thin_last_block_sees_a_field_of_view(write: Write) -> None:
    """66 voxels in blocks of 64 with a halo of 8: the last one would see 10, of the 17 that the network needs."""
    file = write("thin")
    file.write_text(file.read_text().replace("[segment]", "box = [[0, 0, 0], [40, 48, 66]]\n[segment]", 1))
    statuses = {s.name: s for s in reconstruct(read_config(file), last="reconcile")}
    assert statuses["segment"].blocks == 2
    assert not statuses["segment"].failed
    file.write_text(file.read_text().replace("[40, 48, 66]", "[40, 48, 16]"))
    with pytest.raises(GraphkitError, match=r"that is to be segmented has \(40, 48, 16\) voxels"):
        reconstruct(read_config(file), first="segment", last="reconcile")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('[segment.mask]\nlocation = "{volume}"', r"The mask .* does not cover the image"),
        ('[segment.seeds]\nsource = "membrane"\nvolume = "{volume}"', r"The seeds' volume .* does not cover the image"),
        (
            '[segment.seeds]\nsource = "points"\npoints = [[41, 0, 0], [0, 0, -1]]',
            r"None of the 2 points .* \[41, 0, 0\]",
        ),
    ],
)
def test_what_is_given_does_not_fit_the_image(write: Write, tmp_path: Path, more: str, says: str) -> None:
    volume = create_volume(tmp_path / "given", Box((0, 0, 0), (40, 48, 100)), np.uint8, (16, 16, 16))
    config = read_config(write("given-run", more=more.format(volume=volume.location)))
    with pytest.raises(GraphkitError, match=says):
        reconstruct(config)


def test_a_fill_that_cannot_begin_is_said_before_the_work(write: Write) -> None:
    file = write("move")
    file.write_text(file.read_text().replace("[segment.fill]", "[segment.fill]\nmove = 0.97"))
    with pytest.raises(GraphkitError, match=r"^move is 0\.97, above the seed's own value"):
        reconstruct(read_config(file))


def test_points_outside_of_the_image_are_counted(write: Write) -> None:
    points = '[segment.seeds]\nsource = "points"\npoints = [[20, 24, 24], [0, 0, 500], [20, 50, 0]]'
    config = read_config(write("points", more=points, block="[64, 64, 192]"))
    statuses = {s.name: s for s in reconstruct(config, last="segment")}
    assert (statuses["segment"].outcome or {})["points outside the image"] == 2


def test_when_all_blocks_fail_the_first_ones_error_is_said(write: Write, tmp_path: Path) -> None:
    given = create_volume(tmp_path / "given", Box((0, 0, 0), (40, 48, 192)), np.float32, (16, 16, 16))
    given.write(given.bounds, np.full((40, 48, 192), 2.5, np.float32))
    seeds = f'[segment.seeds]\nsource = "membrane"\nvolume = "{given.location}"'
    config = read_config(write("all", more=seeds, block="[64, 64, 192]"))
    with pytest.raises(GraphkitError, match=r"Every block .* holds float32 from 2\.5 to 2\.5; expected probabilities"):
        reconstruct(config)


def test_a_folder_that_cannot_be_made(write: Write, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("a file")
    for place, says in (
        (tmp_path / "there", "there is a file; expected a folder"),
        (Path("/proc/none"), "Cannot write"),
    ):
        with pytest.raises(GraphkitError, match=says):
            reconstruct(read_config(write("there-run", output=f'"{place}"')))


def test_stages_by_name(write: Write) -> None:
    config = read_config(write("names"))
    with pytest.raises(UnknownNameError, match="reconsile") as caught:
        reconstruct(config, first="reconsile")
    assert "reconcile" in str(caught.value.hint)
    with pytest.raises(GraphkitError, match="after"):
        reconstruct(config, first="mesh", last="segment")


def test_a_box_outside_of_the_image(write: Write, tmp_path: Path) -> None:
    file = write("box")
    file.write_text(file.read_text().replace("[segment]", "box = [[0, 0, 0], [40, 48, 500]]\n[segment]", 1))
    with pytest.raises(GraphkitError, match=r"image\.box"):
        reconstruct(read_config(file))


def _with_other_weights(network: Path, path: Path) -> Path:
    """The network's file, saying that it has one feature more than its weights."""
    with zipfile.ZipFile(network) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(members["graphkit.json"])
    about["features"] += 1
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, json.dumps(about) if name == "graphkit.json" else data)
    return path


def test_a_network_that_is_not_there_or_another_one(write: Write, ffn: Path, tmp_path: Path) -> None:
    other = _with_other_weights(ffn, tmp_path / "other.keras")
    for at, (network, says) in enumerate(
        [
            ("nothing.keras", r"nothing\.keras"),
            ("synapse-tissue", "not the file of a flood-filling network"),
            (str(other), "are not those of a network of depth 1 with 2 features"),
        ]
    ):
        config = read_config(write(f"network{at}", network=f'"{network}"'))
        with pytest.raises(GraphkitError, match=says):
            reconstruct(config)
        assert not list(Path(config.output).rglob("*.npz"))
