from __future__ import annotations

import math

import pytest
from graphkit_pipeline.tissue import TissueSettings

from graphkit.errors import GraphkitError


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"seed": True}, "seed is True"),
        ({"shape": (8, 64, 64)}, "too small"),
        ({"shape": (64, 64)}, "shape is (64, 64)"),
        ({"shape": 64}, "shape is 64"),
        ({"shape": (0, 64, 64)}, "shape is (0, 64, 64)"),
        ({"shape": (4096, 4096, 4096)}, "68,719,476,736 voxels"),
        ({"voxel_size_nm": (16, 16)}, "voxel_size_nm is (16, 16)"),
        ({"voxel_size_nm": (0, 16, 16)}, "voxel_size_nm is (0, 16, 16)"),
        ({"voxel_size_nm": (16, 16, math.nan)}, "voxel_size_nm is (16, 16, nan)"),
        ({"voxel_size_nm": (16000, 16, 16)}, "voxel_size_nm is (16000, 16, 16)"),
        ({"synapses_per_um3": -1}, "synapses_per_um3 is -1"),
        ({"noise": math.nan}, "noise is nan"),
        ({"regions": 0}, "regions is 0"),
        ({"vessel": "no"}, "vessel is 'no'"),
        ({"offset": (0.5, 0, 0)}, "offset is (0.5, 0, 0)"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(GraphkitError) as caught:
        TissueSettings(**wrong)  # type: ignore[arg-type]
    assert named in caught.value.message


def test_whole_numbers_and_lists_are_taken() -> None:
    settings = TissueSettings(shape=[64, 64, 64], voxel_size_nm=[16, 16, 16], seed=2**31 - 1)  # type: ignore[arg-type]
    assert settings.shape == (64, 64, 64)
    assert settings == TissueSettings(shape=(64, 64, 64), seed=2**31 - 1)
