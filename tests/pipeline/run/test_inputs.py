"""Runs that are moved, and images, masks and seeds that are replaced under them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.config import RunConfig, read_config
from graphkit_pipeline.context import Context
from graphkit_pipeline.evaluation.sources import said_of_run
from graphkit_pipeline.plan import plan_run
from graphkit_pipeline.run import reconstruct, run_status
from graphkit_pipeline.viewing.contents import find_contents
from graphkit_pipeline.volume import create_volume, open_volume

from graphkit.errors import GraphkitError
from tests.pipeline.networks import threshold_ffn
from tests.pipeline.run.small import SHAPE, Write, records


def turned(image: Path, place: Path) -> Path:
    """The same tissue, brightness turned round."""
    there = open_volume(image)
    volume = create_volume(place, there.bounds, np.uint8, there.voxel_size_nm)
    volume.write(there.bounds, 255 - there.read())
    return place


def states(config: object) -> dict[str, str]:
    return {s.name: s.state for s in run_status(config)}  # type: ignore[arg-type]


def test_a_run_and_its_image_can_be_moved(copied: Write, tissue: Path, tmp_path: Path) -> None:
    shutil.copytree(tissue / "image", tmp_path / "elsewhere")
    config = read_config(copied("moved", image=tmp_path / "elsewhere"))
    before = records(config)
    assert {name for name, state in states(config).items() if state == "done"} >= {
        "segment",
        "detect",
        "assign",
        "skeleton",
    }
    reconstruct(config, last="skeleton")
    assert records(config) == before


def test_what_was_begun_goes_on_where_it_was_moved(copied: Write, tissue: Path, tmp_path: Path) -> None:
    shutil.copytree(tissue / "image", tmp_path / "elsewhere")
    config = read_config(copied("half", image=tmp_path / "elsewhere"))
    folder = Path(config.output)
    for stage in ("segment", "detect"):
        record = folder / "stages" / f"{stage}.json"
        record.write_text(json.dumps({**json.loads(record.read_text()), "state": "begun"}))
        next((folder / "blocks" / stage).glob("z*.npz")).unlink()
    labels = open_volume(folder / "segmentation").read()
    found = {s.name: s for s in reconstruct(config, last="detect")}
    assert [(found[n].outcome or {})["done_before"] for n in ("segment", "detect")] == [2, 2]
    assert np.array_equal(open_volume(folder / "segmentation").read(), labels)


def test_the_pictures_have_the_image_where_both_were_moved(copied: Write, tissue: Path, tmp_path: Path) -> None:
    shutil.copytree(tissue / "image", tmp_path / "image")
    reconstruct(read_config(copied("run", image=tmp_path / "image")), last="segment")
    (tmp_path / "there").mkdir()
    for name in ("run", "image"):
        (tmp_path / name).rename(tmp_path / "there" / name)
    moved = tmp_path / "there" / "run"
    image = str(tmp_path / "there" / "image")
    assert Path(str(find_contents(moved).image)).resolve() == Path(image)
    name, seen = said_of_run(moved)
    assert name == "test"
    assert seen is not None
    assert np.array_equal(seen.read(), open_volume(tissue / "image").read())


def test_another_image_in_its_place_is_not_taken_for_it(copied: Write, tissue: Path, tmp_path: Path) -> None:
    shutil.copytree(tissue / "image", tmp_path / "image")
    config = read_config(copied("replaced", image=tmp_path / "image"))
    reconstruct(config, last="skeleton")
    before = records(config)
    shutil.rmtree(tmp_path / "image")
    turned(tissue / "image", tmp_path / "image")
    now = states(config)
    assert now["segment"] == now["detect"] == "input changed"
    assert now["reconcile"] == "done"
    with pytest.raises(GraphkitError, match=r"'segment' was run on another image .* 12 of 12 samples") as caught:
        reconstruct(config, last="skeleton")
    assert "--from image" in str(caught.value.hint)
    with pytest.raises(GraphkitError, match="'detect' was run on another image"):
        reconstruct(config, first="segment", last="skeleton")
    assert records(config) == before
    labels = open_volume(Path(config.output) / "segmentation").read()
    reconstruct(config, first="image", last="reconcile")
    assert states(config)["segment"] == states(config)["reconcile"] == "done"
    assert not np.array_equal(open_volume(Path(config.output) / "segmentation").read(), labels)
    assert not (Path(config.output) / "stages" / "detect.json").exists()


def test_another_box_is_done_anew_by_all_that_see_the_image(copied: Write) -> None:
    """Two stages see it; none of their names after --from would have done."""
    file = copied("box")
    file.write_text(file.read_text().replace("[segment]", "box = [[0, 0, 0], [40, 48, 128]]\n[segment]", 1))
    config = read_config(file)
    for first in ("segment", "detect"):
        with pytest.raises(GraphkitError, match=r"box was null and is \[\[0, 0, 0\], \[40, 48, 128\]\]") as caught:
            reconstruct(config, first=first)
        assert "--from image" in str(caught.value.hint)
    reconstruct(config, first="image", last="reconcile")
    assert open_volume(Path(config.output) / "segmentation").shape == (40, 48, 128)


def test_runs_of_before_go_on_where_they_lie(copied: Write, tissue: Path, tmp_path: Path) -> None:
    """Their records know the image by its place alone, and so do those of their blocks."""
    config = read_config(copied("old"))
    for record in (Path(config.output) / "stages").glob("*.json"):
        said = json.loads(record.read_text())
        del said["inputs"]
        record.write_text(json.dumps(said))
    assert states(config)["segment"] == states(config)["detect"] == "done"
    shutil.copytree(tissue / "image", tmp_path / "elsewhere")
    other = read_config(file := copied("old2", image=tmp_path / "elsewhere"))
    shutil.rmtree(other.output)
    shutil.copytree(config.output, other.output)
    with pytest.raises(GraphkitError, match="location was"):
        reconstruct(read_config(file), last="segment")


@pytest.mark.parametrize("what", ["file", "mask", "seeds"])
def test_seeds_and_masks_are_known_by_content(write: Write, tmp_path: Path, what: str) -> None:
    def fill(high: int) -> None:
        (tmp_path / "points.csv").write_text(f"z,y,x\n20,24,{high // 2}\n")
        volume = create_volume(tmp_path / "v", Box.of_shape(SHAPE), np.uint8, (16, 16, 16), overwrite=True)
        volume.write(volume.bounds, np.full(SHAPE, high, np.uint8))

    fill(200)
    more = {
        "file": f'[segment.seeds]\nsource = "points"\nfile = "{tmp_path}/points.csv"',
        "mask": f'[segment.mask]\nlocation = "{tmp_path}/v"',
        "seeds": f'[segment.seeds]\nsource = "membrane"\nvolume = "{tmp_path}/v"',
    }[what]
    config = read_config(write("run", more=more, block="[64, 64, 192]"))
    reconstruct(config, last="segment")
    assert states(config)["segment"] == "done"
    fill(90)
    name = "mask" if what == "mask" else "seeds"
    with pytest.raises(GraphkitError, match=f"'segment' was run on another {name} than {tmp_path}") as caught:
        reconstruct(config, last="segment")
    assert "--from segment" in str(caught.value.hint)
    reconstruct(config, first="segment", last="segment")


def test_a_mask_of_the_images_voxels_need_not_say_their_size(write: Write, tmp_path: Path) -> None:
    import h5py

    open_half = np.zeros(SHAPE, np.uint8)
    open_half[:, :, :100] = 1
    with h5py.File(tmp_path / "mask.h5", "w") as file:
        file["mask"] = open_half
        file["part"] = open_half[:, :, :150]
    more = f'[segment.mask]\nlocation = "{tmp_path}/mask.h5:mask"'
    config = read_config(write("run", more=more, block="[64, 64, 192]"))
    reconstruct(config, last="reconcile")
    labels = open_volume(Path(config.output) / "segmentation").read()
    assert labels[:, :, :100].any()
    assert not labels[:, :, 100:].any()
    part = read_config(write("part", more=more.replace(":mask", ":part")))
    with pytest.raises(GraphkitError, match=r"does not say its voxel size, and has \(40, 48, 150\) voxels"):
        reconstruct(part, last="segment")
    assert not (Path(part.output) / "stages").exists()


def test_a_dry_run_heeds_from_and_until(
    whole: RunConfig, write: Write, tissue: Path, ffn: Path, tmp_path: Path
) -> None:
    """What is not asked for need not fit: here the synapse network's voxels."""

    def plan(config: RunConfig, **asked: str) -> list[tuple[str, str]]:
        return [(s.name, s.state) for s in plan_run(config, Context(config, Path(config.output)), **asked)]

    planned = [("segment", "done"), ("reconcile", "not begun")]
    assert plan(whole, first="reconcile", last="reconcile") == planned
    assert plan(whole, first="image", last="segment") == [("segment", "not begun")]
    there = open_volume(tissue / "image")
    coarse = create_volume(tmp_path / "coarse", there.bounds, np.uint8, (20, 20, 20))
    coarse.write(there.bounds, there.read())
    threshold_ffn(tmp_path / "coarse.keras", level=110.0, voxel_size_nm=(20.0, 20.0, 20.0))
    file = write("other", image=tmp_path / "coarse")
    file.write_text(file.read_text().replace(f"{ffn}", f"{tmp_path}/coarse.keras"))
    assert plan(read_config(file), last="reconcile")[1] == ("reconcile", "not begun")
    with pytest.raises(GraphkitError, match="the synapse network was trained on"):
        plan(read_config(file))
