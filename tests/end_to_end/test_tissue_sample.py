"""The sample tissue's answer hangs on its synapses: on each row of the table, and on each cleft in the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.config import SHIPPED
from graphkit_pipeline.emit import emit_dataset
from graphkit_pipeline.synapse.assign import assign
from graphkit_pipeline.synapse.predict import predict_array
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings
from graphkit_pipeline.tissue import Tissue, read_tissue
from graphkit_pipeline.unet.network import load_network

from graphkit.dataset import open_dataset

SAMPLE = Path(__file__).parents[2] / "data-samples" / "tissue"
QUESTION = "motifs in region neuropil"


@pytest.fixture(scope="module")
def tissue() -> Tissue:
    return read_tissue(SAMPLE)


def _answer(tissue: Tissue, synapses: pa.Table, folder: Path) -> dict[str, tuple[int | None, int]]:
    emit_dataset(
        folder,
        name="sample",
        voxel_size_nm=tissue.voxel_size_nm,
        bounds=Box.of_shape(tissue.image.shape, tissue.offset),
        synapses=synapses,
        neurons=tissue.neurons,
        regions=tissue.regions,
        provenance={},
    )
    rows = open_dataset(folder).query(QUESTION).arrow().to_pylist()
    return {row["motif"] + row["code"]: (row["count"], row["induced"]) for row in rows}


def test_one_synapse_more_or_less_is_another_answer(tissue: Tissue, tmp_path: Path) -> None:
    synapses = tissue.synapses
    pairs = list(zip(synapses["pre_id"].to_pylist(), synapses["post_id"].to_pylist(), strict=True))
    alone = next(i for i, pair in enumerate(pairs) if pairs.count(pair) == 1)
    keep = np.arange(len(pairs)) != alone
    before = _answer(tissue, synapses, tmp_path / "before")
    after = _answer(tissue, synapses.filter(pa.array(keep)), tmp_path / "after")
    a, b = "one-way connectionA", "reciprocal connectionM"
    mutual = pairs[alone][::-1] in pairs
    assert after != before
    assert (after[b][0] or 0) == (before[b][0] or 0) - mutual
    assert (after[a][0] or 0) == (before[a][0] or 0) - 1


@pytest.mark.slow
def test_a_cleft_painted_over_in_the_image_is_another_answer(tissue: Tissue, tmp_path: Path) -> None:
    part = Box((64, 32, 32), (128, 108, 108))  # one tile of the network's
    cut, at = part.slices(), tuple(a + o for a, o in zip(part.start, tissue.offset, strict=True))
    image, labels, clefts = (getattr(tissue, name)[cut] for name in ("image", "segments", "clefts"))
    network, settings = load_network(SHIPPED / "synapse-tissue.keras", NetworkSettings), AssignSettings()

    def found(seen: np.ndarray) -> pa.Table:
        cleft, direction = predict_array(seen, network)
        table = assign(cleft, direction, labels, settings=settings, voxel_size_nm=tissue.voxel_size_nm, offset=at)
        named = {"pre_segment_id": "pre_id", "post_segment_id": "post_id"}
        return table.rename_columns([named.get(c, c) for c in table.column_names])

    whole = found(image)
    assert len(whole) > 12
    pairs = list(zip(whole["pre_id"].to_pylist(), whole["post_id"].to_pylist(), strict=True))
    sites = whole["pre_site_id"].to_pylist()
    alone = next(i for i, pair in enumerate(pairs) if pairs.count(pair) == 1 and sites.count(sites[i]) == 1)
    place = tuple(int(whole[f"pre_{a}_nm"][alone].as_py() // 16) - o for a, o in zip("zyx", at, strict=True))
    inside = np.argwhere(clefts > 0)
    nearest = inside[np.argmin(((inside - place) ** 2).sum(axis=1))]
    site = np.argwhere(clefts == clefts[tuple(nearest)])
    painted = image.copy()
    low, high = np.maximum(site.min(axis=0) - 5, 0), site.max(axis=0) + 6
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    painted[box] = np.median(image[labels > 0]).astype(np.uint8)
    without = found(painted)
    gone = set(pairs) - set(zip(without["pre_id"].to_pylist(), without["post_id"].to_pylist(), strict=True))
    assert pairs[alone] in gone
    assert _answer(tissue, whole, tmp_path / "whole") != _answer(tissue, without, tmp_path / "without")
