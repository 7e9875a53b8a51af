"""The stage: image, membrane network, flood filling on what it saw; stopped, spoilt, changed, and with the wrong network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline import commands
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.config import (
    SHIPPED,
    ImageSettings,
    MembraneStage,
    RunConfig,
    SegmentStage,
    SynapseStage,
    read_config,
)
from graphkit_pipeline.context import Context
from graphkit_pipeline.engine import EngineSettings
from graphkit_pipeline.ffn.network import read_settings
from graphkit_pipeline.ffn.settings import FillPolicy
from graphkit_pipeline.membrane.settings import PredictSettings
from graphkit_pipeline.plan import plan_run
from graphkit_pipeline.run import reconstruct, run_status
from graphkit_pipeline.view import make_state
from graphkit_pipeline.volume import create_volume, open_volume

from graphkit.errors import GraphkitError
from tests.pipeline.networks import threshold_ffn, threshold_membrane

pytestmark = pytest.mark.filterwarnings(
    # Keras 3.15 turns TensorFlow's variables into NumPy 2 arrays in a way that NumPy warns about.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SHAPE = (24, 24, 192)
LEVEL = 110.0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An image of bright cells, 20 voxels long, and the networks."""
    folder = tmp_path_factory.mktemp("membrane")
    index = np.indices(SHAPE)
    cell = (index[2] % 32 < 20) & (index[0] >= 2) & (index[0] < 22) & (index[1] >= 2) & (index[1] < 22)
    grey = np.where(cell, 140, 80) + np.random.default_rng(0).integers(-12, 12, SHAPE)
    image = create_volume(folder / "image", Box.of_shape(SHAPE), np.uint8, (16, 16, 16))
    image.write(image.bounds, grey.astype(np.uint8))
    threshold_membrane(folder / "membrane.keras", level=LEVEL)
    threshold_ffn(folder / "ffn.keras", level=128.0, sees="membrane")
    threshold_ffn(folder / "plain.keras", level=128.0)
    return folder


def _config(place, output, **change):
    config = RunConfig(
        image=ImageSettings(str(place / "image")),
        output=str(output),
        membrane=MembraneStage(str(place / "membrane.keras"), (64, 64, 64)),
        segment=SegmentStage(str(place / "ffn.keras"), (64, 64, 64), (8, 8, 8), FillPolicy(min_segment_voxels=300)),
        synapses=SynapseStage(str(SHIPPED / "synapse-tissue.keras")),
        engine=EngineSettings(workers=0, retries=0),
    )
    return replace(config, **change)


@pytest.fixture(scope="module")
def whole(place, tmp_path_factory):
    config = _config(place, tmp_path_factory.mktemp("run"))
    reconstruct(config, last="reconcile")
    return config


def _labels(config):
    return open_volume(Path(config.output) / "segmentation").read()


def test_flood_filling_sees_what_the_membrane_network_saw(whole, place, tmp_path):
    statuses = {s.name: s for s in run_status(whole)}
    assert list(statuses)[:3] == ["membrane", "segment", "reconcile"]
    assert (statuses["membrane"].state, statuses["membrane"].blocks_done) == ("done", 3)
    seen = open_volume(Path(whole.output) / "membrane")
    assert (seen.dtype, seen.voxel_size_nm, seen.bounds) == (np.uint8, (16, 16, 16), Box.of_shape(SHAPE))
    grey = open_volume(place / "image").read().astype(float)
    np.testing.assert_allclose(seen.read(), 255 / (1 + np.exp(-0.1 * (grey - LEVEL))), atol=0.51)
    assert len(np.unique(_labels(whole))) == 1 + 6  # cells
    # The same network, with that volume for its image and no word of membranes.
    image = ImageSettings(str(Path(whole.output) / "membrane"))
    plain = replace(whole.segment, network=str(place / "plain.keras"))
    other = _config(place, tmp_path / "plain", image=image, membrane=MembraneStage(), segment=plain)
    assert "membrane" not in [s.name for s in reconstruct(other, last="reconcile")]
    np.testing.assert_array_equal(_labels(other), _labels(whole))


def test_stopped_between_blocks_it_goes_on(whole, place, tmp_path):
    config = _config(place, tmp_path / "run")

    class Stopped(BaseException):
        pass

    def stop(stage, fraction):
        if stage == "finding membranes" and fraction > 0:
            raise Stopped

    with pytest.raises(Stopped):
        reconstruct(config, progress=stop)
    done = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "run" / "blocks" / "membrane").glob("*.npz")}
    assert 0 < len(done) < 3
    assert run_status(config)[0].state == "begun"
    reconstruct(config, last="membrane")
    folder = tmp_path / "run" / "blocks" / "membrane"
    assert {name: (folder / name).stat().st_mtime_ns for name in done} == done
    volumes = [open_volume(Path(c.output) / "membrane").read() for c in (config, whole)]
    np.testing.assert_array_equal(*volumes)


def test_a_changed_setting_is_named(whole, place, tmp_path):
    mirrored = replace(whole.membrane, predict=PredictSettings(mirrors=2))
    with pytest.raises(GraphkitError, match="'membrane' changed since it was run: mirrors was 1 and is 2") as caught:
        reconstruct(replace(whole, membrane=mirrored))
    assert "--from membrane" in str(caught.value.hint)
    smaller = replace(whole.membrane, predict=PredictSettings(tile=(64, 64, 64)))  # it changes memory, not results
    assert [s.state for s in run_status(replace(whole, membrane=smaller))[:2]] == ["done", "done"]
    without = replace(whole, membrane=MembraneStage())
    with pytest.raises(GraphkitError, match="'segment' changed since it was run: input was"):
        reconstruct(without)


def test_a_block_that_failed_is_an_error_to_the_blocks_that_see_it(whole, place, tmp_path):
    image = create_volume(tmp_path / "image", Box.of_shape(SHAPE), np.uint8, (16, 16, 16))
    image.write(image.bounds, open_volume(place / "image").read())
    (chunk,) = [p for p in (tmp_path / "image").rglob("128-192_*") if p.is_file()]
    good = chunk.read_bytes()
    chunk.write_bytes(b"not an image")
    config = _config(place, tmp_path / "run", image=ImageSettings(str(tmp_path / "image")))
    statuses = {s.name: s for s in reconstruct(config, last="reconcile")}
    assert statuses["membrane"].failed == ("z0-24_y0-24_x128-192",)
    # The block beside it sees eight voxels of it.
    assert statuses["segment"].failed == ("z0-24_y0-24_x128-192", "z0-24_y0-24_x64-128")
    for message in (statuses["segment"].outcome or {})["failed"].values():
        assert "run/membrane" in message
        assert "is missing" in message
    assert not _labels(config)[:, :, 64:].any()
    np.testing.assert_array_equal(_labels(config)[:, :, :64] > 0, _labels(whole)[:, :, :64] > 0)
    chunk.write_bytes(good)
    again = {s.name: s.failed for s in reconstruct(config, last="reconcile")}
    assert again["membrane"] == again["segment"] == ()
    np.testing.assert_array_equal(_labels(config), _labels(whole))


def test_where_all_blocks_fail_the_image_is_named_and_not_what_was_not_made_of_it(place, tmp_path):
    image = create_volume(tmp_path / "image", Box.of_shape(SHAPE), np.uint8, (16, 16, 16))
    image.write(image.bounds, open_volume(place / "image").read())
    for chunk in (p for p in (tmp_path / "image").rglob("*-*_*") if p.is_file()):
        chunk.write_bytes(b"not an image")
    config = _config(place, tmp_path / "run", image=ImageSettings(str(tmp_path / "image")))
    with pytest.raises(
        GraphkitError, match=r"Every block of the stage 'membrane' failed.* of .*image .*cannot be read"
    ):
        reconstruct(config)
    assert run_status(config)[1].state == "not begun"


def test_a_network_for_something_else(whole, place, tmp_path):
    assert read_settings(place / "ffn.keras").input == "membrane"
    plain = SegmentStage(str(place / "plain.keras"), (64, 64, 64), (8, 8, 8))
    for at, (change, says, hint) in enumerate(
        [
            ({"membrane": MembraneStage()}, r"ffn\.keras was trained on what a membrane network sees", r"--membrane"),
            ({"segment": plain}, r"plain\.keras was trained on images", 'input = "membrane"'),
            (
                {"membrane": MembraneStage(str(place / "ffn.keras"))},
                "is not a membrane network of graphkit",
                "train memb",
            ),
            (
                {"membrane": MembraneStage(str(place / "none.keras"))},
                r"no membrane network at .*none\.keras",
                "membrane-tissue",
            ),
        ]
    ):
        config = _config(place, tmp_path / f"run{at}", **change)
        with pytest.raises(GraphkitError, match=says) as caught:
            reconstruct(config)
        assert hint in str(caught.value.hint)
        assert not list(Path(config.output).rglob("*.npz"))
    again = replace(whole, segment=replace(whole.segment, network=str(place / "plain.keras")))
    with pytest.raises(GraphkitError, match=r"plain\.keras was trained on images"):
        reconstruct(again, first="segment")
    assert run_status(whole)[1].state == "done"
    # To look at the membranes alone any will do.
    assert reconstruct(_config(place, tmp_path / "alone", segment=plain), last="membrane")[0].state == "done"


def test_the_plan_has_its_costs(whole):
    planned = plan_run(whole, Context(whole, Path(whole.output)))
    assert planned[0].name == "membrane"
    assert planned[0].blocks == 3
    assert planned[0].seconds > 1
    assert planned[0].memory_bytes > 7e8


def test_it_is_drawn_as_an_image_that_can_be_switched_on(whole):
    layers = {layer["name"]: layer for layer in make_state(Path(whole.output), "http://here")["layers"]}
    assert list(layers)[:2] == ["image", "membrane"]
    assert (layers["membrane"]["type"], layers["membrane"]["visible"]) == ("image", False)


def test_asked_for_in_a_file_or_on_the_command_line(place, tmp_path, monkeypatch, capsys):
    file = tmp_path / "run.toml"
    file.write_text('[image]\nlocation = "i"\n[membrane]\nnetwork = "m.keras"\n[membrane.predict]\nmirrors = 4\n')
    stage = read_config(file).membrane
    assert (stage.network, stage.predict.mirrors, stage.predict.tile) == (str(tmp_path / "m.keras"), 4, (152, 152, 152))
    monkeypatch.chdir(place)
    commands.segment(
        "image", tmp_path / "out", network="ffn.keras", membrane="membrane.keras", workers="0", box="0:24,0:24,0:64"
    )
    assert "membrane" in capsys.readouterr().err
    record = json.loads((tmp_path / "out" / "stages" / "segment.json").read_text())
    assert record["settings"]["input"] == "membrane"
    assert (open_volume(tmp_path / "out" / "segmentation").read() > 0).any()
