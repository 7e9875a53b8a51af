from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.tissue import TISSUE_VERSION, read_tissue, write_tissue
from graphkit_pipeline.volume import open_volume

import graphkit
from graphkit.errors import GraphkitError

from . import volumes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tissue(volumes.cube(), tmp_path_factory.mktemp("tissue") / "sample")


def test_what_was_written_is_read(folder: Path) -> None:
    written, read = volumes.cube(), read_tissue(folder)
    for name in ("image", "segments", "clefts"):
        assert np.array_equal(getattr(read, name), getattr(written, name)), name
        assert getattr(read, name).dtype == getattr(written, name).dtype
    for name in ("synapses", "neurons", "skeletons", "regions"):
        assert getattr(read, name).equals(getattr(written, name)), name
    assert read.settings == written.settings
    volume = open_volume(folder / "image")
    assert (volume.bounds.start, volume.voxel_size_nm) == ((64, 0, 128), (16.0, 16.0, 16.0))


def test_the_true_connections_are_the_synapses_counted(folder: Path) -> None:
    rows = volumes.cube().synapses
    expected = duckdb.sql("select pre_id, post_id, count(*) n from rows group by all order by all").fetchall()
    brain = graphkit.open(folder / "truth" / "dataset")
    table = brain.sql(
        "select pre_id, post_id, sum(synapses)::bigint n from connections group by all order by all"
    ).arrow()
    found = zip(*(column.to_pylist() for column in table.columns), strict=True)
    assert rows.num_rows > 0
    assert list(found) == expected


def test_the_record_names_version_seed_and_counts(folder: Path) -> None:
    record = json.loads((folder / "tissue.json").read_text(encoding="utf-8"))
    assert record["tissue_version"] == TISSUE_VERSION
    assert record["settings"]["seed"] == volumes.SEED
    assert record["counts"]["synapses"] == volumes.cube().synapses.num_rows
    assert record["counts"]["neurons"] == len(np.unique(volumes.cube().segments)) - 1


def test_an_existing_folder_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note").write_text("keep", encoding="utf-8")
    with pytest.raises(GraphkitError, match="is there already"):
        write_tissue(volumes.slab(), tmp_path / "mine")
    assert [p.name for p in tmp_path.rglob("*")] == ["mine", "note"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    tissue = volumes.slab()
    strange = tissue.synapses.set_column(
        tissue.synapses.schema.get_field_index("post_segment_id"),
        "post_segment_id",
        pa.array([10**6] * tissue.synapses.num_rows, pa.int64()),
    )
    with pytest.raises(GraphkitError):
        write_tissue(replace(tissue, synapses=strange), tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_tissue_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(GraphkitError, match="not a generated tissue"):
        read_tissue(tmp_path)
    (tmp_path / "tissue.json").write_text('{"tissue_version": 99, "settings": {}}', encoding="utf-8")
    with pytest.raises(GraphkitError, match="version 99"):
        read_tissue(tmp_path)
    record = (folder / "tissue.json").read_text(encoding="utf-8")
    (tmp_path / "tissue.json").write_text(record, encoding="utf-8")
    with pytest.raises(GraphkitError, match="damaged"):
        read_tissue(tmp_path)
