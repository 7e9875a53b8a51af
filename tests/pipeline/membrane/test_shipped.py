"""The network that is shipped: it is what its provenance says, and tissue that it has not seen is segmented well by it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from graphkit_pipeline.agglomeration.affinities import pair_scores
from graphkit_pipeline.agglomeration.joined import LinkSettings
from graphkit_pipeline.agglomeration.linkage import clusters, link
from graphkit_pipeline.membrane import shipped
from graphkit_pipeline.membrane.fragments import fragments_of
from graphkit_pipeline.membrane.predict import predict_array
from graphkit_pipeline.membrane.settings import NetworkSettings, TrainingSettings
from graphkit_pipeline.tissue import TISSUE_VERSION, TissueSettings, simulate_tissue
from graphkit_pipeline.unet.network import load_network
from skimage.metrics import variation_of_information


def provenance() -> Any:
    return json.loads(shipped.shipped_network().with_suffix(".json").read_text())


def test_the_provenance_is_that_of_the_file_and_of_the_recipe() -> None:
    said, data = provenance(), shipped.shipped_network().read_bytes()
    assert hashlib.sha256(data).hexdigest() == said["sha256"]
    assert len(data) < 5_000_000
    assert said["command"] == shipped.COMMAND
    assert said["data"]["tissue_version"] == TISSUE_VERSION
    assert NetworkSettings.from_dict(said["network"]) == shipped.NETWORK
    assert TrainingSettings.from_dict(said["training"]) == shipped.TRAINING
    assert said["data"]["training_seeds"] == list(shipped.TRAINING_SEEDS)
    assert all(1 <= seed <= 999 for seed in said["data"]["training_seeds"])
    assert all(1000 <= seed <= 1999 for seed in said["data"]["validation_seeds"])


def test_it_segments_unseen_tissue() -> None:
    """A piece of 80^3; one segment for all, or each voxel its own, are far off."""
    tissue = simulate_tissue(TissueSettings(shape=(80, 80, 80), seed=1011))
    network = load_network(shipped.shipped_network(), NetworkSettings)
    seen = predict_array(tissue.image, network, affinities=True)
    assert seen.affinities is not None
    fragments, _ = fragments_of(seen.inside, tissue.voxel_size_nm)
    pairs = pair_scores(fragments, seen.affinities, network.settings.offsets)
    joins = link(*(pairs[name].to_numpy() for name in pairs.column_names), scale=255.0)
    found = clusters(joins, LinkSettings().threshold, np.arange(fragments.max() + 1))[fragments]

    def bits(labels: np.ndarray) -> float:
        return float(sum(variation_of_information(tissue.segments, labels, ignore_labels=(0,))))

    assert bits(np.ones_like(fragments)) > 2.5
    assert bits(fragments) > 1.5, "the fragments alone are no answer"
    assert bits(found) < 0.6
