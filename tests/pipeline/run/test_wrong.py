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
