"""The network that is shipped: it is what its provenance says, and it works on tissue that it has not seen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import pytest
from graphkit_pipeline.evaluation.overlap import count_overlap
from graphkit_pipeline.evaluation.segmentation import score_overlap
from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.network import load_network
from graphkit_pipeline.ffn.recipe import SHIPPED_POLICY, ShippedRecipe, shipped_network
from graphkit_pipeline.ffn.training_settings import TrainingSettings, with_defaults
from graphkit_pipeline.tissue import TISSUE_VERSION, TissueSettings, simulate_tissue


def _provenance() -> dict:
    return json.loads(shipped_network().with_suffix(".json").read_text())


def test_the_provenance_is_that_of_the_file_and_of_the_recipe() -> None:
    said, data, recipe = _provenance(), shipped_network().read_bytes(), ShippedRecipe()
    assert hashlib.sha256(data).hexdigest() == said["sha256"]
    assert len(data) < 3_000_000
    assert said["tissue_version"] == TISSUE_VERSION
    defaults = json.loads(json.dumps(asdict(TrainingSettings())))
    for stage in said["recipe"]["stages"]:  # it was made before some settings were
        stage["settings"] = with_defaults(stage["settings"], defaults)
    assert said["recipe"] == json.loads(json.dumps(asdict(recipe)))
    assert all(1 <= seed <= 999 for stage in recipe.stages for seed in stage.seeds)
    assert all(1000 <= seed <= 1999 for seed in recipe.validation_seeds)
    assert load_network(shipped_network()).settings == recipe.stages[-1].settings.network


@pytest.mark.slow
def test_it_segments_unseen_tissue() -> None:
    """A small piece, so a loose bound: one segment for all, or none, scores 2.2 bits."""
    tissue = simulate_tissue(TissueSettings(shape=(33, 36, 44), seed=1012))
    found = segment_array(tissue.image, load_network(shipped_network()), SHIPPED_POLICY)
    overlap = count_overlap([(found.labels, tissue.segments)])
    assert score_overlap(overlap, "truth_labelled").vi_sum < 1.4
    nothing = count_overlap([(found.labels * 0, tissue.segments)])
    assert score_overlap(nothing, "truth_labelled").vi_sum > 2.1
