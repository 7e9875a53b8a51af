"""Settings: what they refuse, and the network's reach worked out by hand."""

from __future__ import annotations

import json

import pytest
from graphkit_pipeline.synapse.settings import AssignSettings, NetworkSettings, PredictSettings, TrainingSettings

from graphkit.errors import GraphkitError


@pytest.mark.parametrize("kind", [NetworkSettings, PredictSettings, TrainingSettings, AssignSettings])
def test_through_json_and_back(kind):
    assert kind.from_dict(json.loads(json.dumps(kind().to_dict()))) == kind()


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: NetworkSettings(voxel_size_nm=(16, 16)), "voxel_size_nm"),
        (lambda: NetworkSettings(voxel_size_nm=(16, 16, 0)), "voxel_size_nm"),
        (lambda: NetworkSettings(features=()), "features"),
        (lambda: NetworkSettings(features=(8, 0, 8)), "features"),
        (lambda: NetworkSettings(convolutions=(2, 2)), "convolutions"),
        (lambda: NetworkSettings(pooling=((2, 2, 2),)), "pooling"),
        (lambda: NetworkSettings(kernels=((3, 3, 3), (2, 3, 3), (3, 3, 3))), "kernels"),
        (lambda: NetworkSettings(patch=(64, 64, 66)), "patch"),
        (lambda: NetworkSettings(spread=0), "spread"),
        (lambda: PredictSettings(tile=(64, 64.5, 64)), "tile"),  # type: ignore[arg-type]
        (lambda: TrainingSettings(steps=0), "steps"),
        (lambda: TrainingSettings(near_synapses=1.5), "near_synapses"),
        (lambda: TrainingSettings(learning_rate=float("nan")), "learning_rate"),
        (lambda: AssignSettings(threshold=1), "threshold"),
        (lambda: AssignSettings(post_share=0), "post_share"),
        (lambda: AssignSettings(start_nm=200, reach_nm=100), "reach_nm"),
        (lambda: AssignSettings.from_dict({"treshold": 0.5}), "treshold"),
    ],
)
def test_a_bad_value_is_named(make, named):
    with pytest.raises(GraphkitError, match=named):
        make()


def test_reach_of_one_level():
    """Two convolutions of 3: two voxels each way."""
    settings = NetworkSettings(features=(4,), pooling=(), kernels=((3, 3, 3),), convolutions=(2,), patch=(8, 8, 8))
    assert settings.halo == (2, 2, 2)
    assert settings.stride == (1, 1, 1)


def test_reach_of_two_levels():
    """One convolution a side and level; x pooled by 2, z not, kernels of 1 in z at the top.

    In x: the last convolution sees +-1; voxel 0 of these lies in pool cell 0, voxel -1 in cell -1, voxel 1 in cell 0; the lower
    level sees +-1 cell: -2 .. 1, voxels -4 .. 3; the first convolution one more: -5 .. 4. So 5 (from voxel 1: 4 and 5).
    In z: 1 cell each way, which is 1 voxel.
    """
    settings = NetworkSettings(
        features=(4, 4),
        pooling=((1, 2, 2),),
        kernels=((1, 3, 3), (3, 3, 3)),
        convolutions=(1, 1),
        patch=(8, 8, 8),
    )
    assert settings.halo == (1, 5, 5)
    assert settings.stride == (1, 2, 2)
