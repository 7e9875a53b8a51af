"""The network that is shipped: it is what its provenance says, and it works on tissue that it has not seen."""

from __future__ import annotations

import hashlib
import json

import pytest
from graphkit_pipeline.synapse import shipped
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, TrainingSettings
from graphkit_pipeline.synapse.validation import validate_synapses
from graphkit_pipeline.tissue import TISSUE_VERSION, TissueSettings, simulate_tissue
from graphkit_pipeline.unet.network import load_network

from graphkit.errors import GraphkitError


@pytest.fixture(scope="module")
def provenance():
    return json.loads(shipped.SHIPPED_NETWORK.with_suffix(".json").read_text())


def test_the_provenance_is_that_of_the_file_and_of_the_recipe(provenance):
    data = shipped.SHIPPED_NETWORK.read_bytes()
    assert hashlib.sha256(data).hexdigest() == provenance["sha256"]
    assert len(data) < 5_000_000
    assert provenance["command"] == shipped.COMMAND
    assert provenance["data"]["tissue_version"] == TISSUE_VERSION
    assert NetworkSettings.from_dict(provenance["network"]) == shipped.NETWORK
    assert TrainingSettings.from_dict(provenance["training"]) == shipped.TRAINING
    assert AssignSettings.from_dict(provenance["assign"]) == AssignSettings()
    assert all(1 <= seed <= 999 for seed in provenance["data"]["training_seeds"])
    assert all(1000 <= seed <= 1999 for seed in provenance["data"]["validation_seeds"])


@pytest.mark.slow
def test_it_finds_the_synapses_of_unseen_tissue(provenance):
    """A small cube has few synapses (about 36), so the bound is looser than what larger ones give."""
    tissue = simulate_tissue(TissueSettings(shape=(96, 96, 96), seed=1011))
    assert 1011 not in provenance["data"]["training_seeds"] + provenance["data"]["validation_seeds"]
    network = load_network(shipped.SHIPPED_NETWORK, NetworkSettings)
    assert network.settings == shipped.NETWORK
    score = validate_synapses(network, tissue)
    assert score.true >= 25
    assert score.f1 >= 0.8
    assert all(volume["f1"] >= 0.85 for volume in provenance["validation"])


def test_a_folder_that_is_not_there_is_refused_before_hours_of_work(tmp_path):
    with pytest.raises(GraphkitError, match="There is no folder"):
        shipped.train_shipped_synapses(tmp_path / "none" / "net.keras")
