"""run.toml: what is read is what was written; everything else is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphkit_pipeline.config import SHIPPED, read_config

from graphkit.errors import GraphkitError

_LEAST = '[image]\nlocation = "image"\n'


def _read(folder: Path, text: str):
    file = folder / "run.toml"
    file.write_text(text, encoding="utf-8")
    return read_config(file)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = _read(
        tmp_path, 'output = "out"\n' + _LEAST + '[evaluate]\ntruth = "tissue"\n[segment]\nnetwork = "nets/mine.keras"\n'
    )
    assert config.image.location == str(tmp_path / "image")
    assert config.output == str(tmp_path / "out")
    assert config.evaluate.truth == str(tmp_path / "tissue")
    assert config.segment.network == str(tmp_path / "nets" / "mine.keras")


def test_a_url_stays_a_url(tmp_path: Path) -> None:
    assert _read(tmp_path, '[image]\nlocation = "gs://bucket/em"\n').image.location == "gs://bucket/em"


def test_shipped_networks_go_by_name(tmp_path: Path) -> None:
    config = _read(tmp_path, _LEAST)
    assert config.segment.network == str(SHIPPED / "ffn-tissue.keras")
    assert config.synapses.network == str(SHIPPED / "synapse-tissue.keras")
    assert Path(config.segment.network).is_file()
    assert Path(config.synapses.network).is_file()


def test_nested_settings_reach_their_stage(tmp_path: Path) -> None:
    config = _read(
        tmp_path,
        _LEAST
        + "[segment]\nblock = [64, 128, 192]\n[segment.fill]\nmin_segment_voxels = 77\n"
        + "[synapses.assign]\nthreshold = 0.25\n[engine]\nworkers = 3\n"
        + '[[regions]]\nname = "A"\nbox_nm = { z = [0, 10], y = [0, 10], x = [0, 10] }\n'
        + '[[regions]]\nname = "B"\nparent = "A"\nbox_nm = { z = [0, 5], y = [0, 5], x = [0, 5.5] }\n',
    )
    assert config.segment.block == (64, 128, 192)
    assert config.segment.fill.min_segment_voxels == 77
    assert config.synapses.assign.threshold == 0.25
    assert config.engine.workers == 3
    assert [(r.name, r.parent) for r in config.regions] == [("A", None), ("B", "A")]
    assert config.regions[1].box_nm["x"] == (0.0, 5.5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "image"),
        ("[image]\n", "image.location"),
        ("[image\n", "TOML"),
        (_LEAST + "[segmnet]\n", "segment"),
        (_LEAST + "[segment.fill]\nmin_segment_voxel = 3\n", "min_segment_voxels"),
        (_LEAST + "[segment]\nblock = [64, 64]\n", "segment.block"),
        (_LEAST + "[segment]\nblock = [64, 64, 100]\n", "multiples of 64"),
        (_LEAST + "[segment]\nhalo = [0, 8, 8]\n", "halo"),
        (_LEAST + '[segment]\nblock = [64, 64, "x"]\n', "whole number"),
        (_LEAST + '[engine]\nworkers = "many"\n', "workers"),
        (_LEAST + "[engine]\nretries = true\n", "retries"),
        (_LEAST + '[[regions]]\nname = "A"\nbox_nm = { z = [0, 1], y = [0, 1] }\n', "box_nm"),
        (_LEAST + '[[regions]]\nname = "A"\nparent = "B"\nbox_nm = { z = [0, 1], y = [0, 1], x = [0, 1] }\n', "'B'"),
        (_LEAST + '[[regions]]\nname = "A"\nbox_nm = { z = [0, 1], y = [0, 1], x = [0, 1] }\n' * 2, "'A'"),
        ("image = 3\n", "table"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    if text.count("[[regions]]") == 2:  # one [image] only
        text = text.replace(_LEAST, "", 1) if text.count(_LEAST) > 1 else text
    with pytest.raises(GraphkitError) as caught:
        _read(tmp_path, text)
    assert says in f"{caught.value.message} {caught.value.hint}"


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(GraphkitError, match=r"no .*nothing\.toml") as caught:
        read_config(tmp_path / "nothing.toml")
    assert "--example" in str(caught.value.hint)


def test_the_example_is_valid(tmp_path: Path) -> None:
    text = (Path(read_config.__code__.co_filename).with_name("example-run.toml")).read_text(encoding="utf-8")
    assert _read(tmp_path, text).name == "mycube"
    uncommented = "\n".join(
        line.removeprefix("# ")
        if line.startswith(("# [", "# voxel", "# box", "# min", "# thr", "# name", "# truth"))
        else line
        for line in text.splitlines()
    )
    config = _read(tmp_path, uncommented)
    assert config.image.box == ((0, 0, 0), (128, 256, 256))
    assert config.evaluate.truth is not None
    assert config.regions[0].name == "mycube"
