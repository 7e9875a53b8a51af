"""Where fills begin, where they may not go, and several passes: against their definitions, written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.config import SegmentStage, read_config
from graphkit_pipeline.ffn.aligned import read_at
from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.job import SegmentJob, read_points
from graphkit_pipeline.ffn.multipass import LoadedPass, fill_in_passes
from graphkit_pipeline.ffn.network import FfnNetwork, build_network, save_network
from graphkit_pipeline.ffn.passes import FillPass, MaskSettings, SeedPolicy
from graphkit_pipeline.ffn.seeds import find_seeds, peak_seeds
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from graphkit_pipeline.settings_table import settings_from
from graphkit_pipeline.volume import create_volume
from scipy import ndimage

from graphkit.errors import GraphkitError

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

VIEW = NetworkSettings(field_of_view=(5, 5, 5), deltas=(2, 2, 2), depth=1, features=1)
POLICY = FillPolicy(min_segment_voxels=1, min_boundary_distance=(0, 0, 0))


def bright(image: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """In place of a network: voxels as bright as the one in the middle are the object's, most surely those that are near."""
    far = sum(np.square(n - 2) for n in np.ogrid[:5, :5, :5])
    return np.where(np.abs(image - image[2, 2, 2]) < 0.01, 4.0 - 0.01 * far, -4.0).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> FfnNetwork:
    return build_network(VIEW)


def two_bars() -> np.ndarray:
    """Two bars along x, of 6 x 6 voxels, in a noise that no fill is interested in."""
    image = np.random.default_rng(0).integers(0, 60, (20, 20, 24), dtype=np.uint8)
    image[3:9, 3:9], image[11:17, 11:17] = 120, 200
    return image


def a_pass(network: FfnNetwork, places: list, fill: FillPolicy = POLICY, **said: object) -> LoadedPass:
    seeds = SeedPolicy("points", points=tuple(places))
    predict: Callable = bright
    return LoadedPass(FillPass(**said), network, predict, fill, seeds, np.array(places))


def test_grid_seeds_are_global_places() -> None:
    image = two_bars()
    seeds = find_seeds(image, SeedPolicy("grid", step=(5, 4, 7)), POLICY, origin=(3, -2, 101))
    every = np.argwhere(np.ones(image.shape, bool)) + np.array([3, -2, 101])
    expected = every[(every % (5, 4, 7) == (2, 2, 3)).all(axis=1)] - (3, -2, 101)
    assert seeds.tolist() == expected.tolist()
    assert len(seeds) > 50


def test_points_are_taken_as_given_and_those_outside_left_out() -> None:
    points = np.array([[15, 12, 13], [11, 11, 11], [9, 9, 9], [30, 11, 11], [12, 10, 10]])
    image = two_bars()
    taken = np.zeros(image.shape, bool)
    taken[2, 0, 0] = True
    given = SeedPolicy("points", points=((0, 0, 0),))
    assert find_seeds(image, given, POLICY, origin=(10, 10, 10), taken=taken, given=points).tolist() == [
        [5, 2, 3],
        [1, 1, 1],
    ]
    by_place = SeedPolicy("points", points=((0, 0, 0),), order="position")
    assert find_seeds(image, by_place, POLICY, origin=(10, 10, 10), given=points).tolist() == [
        [1, 1, 1],
        [2, 0, 0],
        [5, 2, 3],
    ]


def test_membrane_seeds_are_farthest_from_it() -> None:
    membrane = np.zeros((21, 21, 41), np.float32)
    membrane[[0, -1]] = membrane[:, [0, -1]] = membrane[:, :, [0, 20, -1]] = 0.8
    policy = FillPolicy(seed_spacing=8)
    seeds = find_seeds(two_bars(), SeedPolicy("membrane", volume="x"), policy, given=membrane)
    assert seeds.tolist() == [[10, 10, 10], [10, 10, 30]]
    assert len(find_seeds(two_bars(), SeedPolicy("membrane", volume="x", threshold=0.9), policy, given=membrane)) == 0


def test_probability_seeds_and_their_order() -> None:
    chance = np.zeros((20, 20, 40), np.float32)
    for (z, y, x), height in {(4, 4, 4): 0.7, (4, 4, 20): 0.9, (10, 10, 10): 0.8, (15, 15, 35): 0.4}.items():
        chance[z, y, x] = height
    chance = ndimage.maximum_filter(chance, (1, 1, 3))  # plateaus
    policy = FillPolicy(seed_spacing=4)

    def found(order: str | None) -> list[list[int]]:
        seeds = SeedPolicy("probability", volume="x", order=order)
        return find_seeds(two_bars(), seeds, policy, given=chance).tolist()

    middles = [[4, 4, 4], [4, 4, 20], [10, 10, 10]]
    assert np.abs(np.array(found("position")) - middles).max() <= 1
    assert np.abs(np.array(found("strongest")) - [middles[1], middles[2], middles[0]]).max() <= 1
    assert sorted(found("random")) == found(None) == found("position")


def test_random_order_hangs_on_global_places() -> None:
    whole = np.random.default_rng(0).integers(0, 255, (12, 12, 40), dtype=np.uint8)
    seeds = SeedPolicy("grid", step=(3, 3, 3), order="random")
    first = find_seeds(whole, seeds, POLICY, origin=(0, 0, 0))
    part = find_seeds(whole[:, :, 12:], seeds, POLICY, origin=(0, 0, 12)) + np.array([0, 0, 12])
    assert first[first[:, 2] >= 12].tolist() == part.tolist() != sorted(part.tolist())


def test_seeds_of_what_is_empty_lie_in_its_middle() -> None:
    image = np.random.default_rng(0).integers(0, 255, (24, 24, 24), dtype=np.uint8)
    taken = np.ones(image.shape, bool)
    taken[8:17, 8:17, 8:17] = False
    seeds = find_seeds(image, SeedPolicy(), FillPolicy(), taken=taken)
    assert 0 < len(seeds) < len(peak_seeds(image))
    assert not taken[tuple(seeds.T)].any()


def test_a_second_pass_fills_what_the_first_left(network: FfnNetwork) -> None:
    image = two_bars()
    large, small = FillPolicy(600, (0, 0, 0)), POLICY
    image[11:17, 11:17, 12:] = 0  # 432 voxels are left of the second bar
    both = [(13, 13, 5), (5, 5, 5)]
    once = fill_in_passes(image, [a_pass(network, both, large)])
    assert (once.labels == 1).sum() == once.voxels[0] == 6 * 6 * 24
    assert len(once.ids) == 1
    twice = fill_in_passes(image, [a_pass(network, both, large), a_pass(network, both, small)])
    assert twice.passes.tolist() == [1, 2]
    np.testing.assert_array_equal(twice.labels > 0, image >= 120)
    np.testing.assert_array_equal(twice.labels == 1, image == 120)
    assert twice.voxels.tolist() == [864, 432]
    assert twice.seeds.tolist() == [[5, 5, 5], [13, 13, 5]]
    assert twice.counts.moves == once.counts.moves + twice.moves[1]


@pytest.mark.parametrize("origin", [(0, 0, 0), (5, 7, 11)])
def test_a_coarse_pass_is_the_fill_of_the_averaged_image(network: FfnNetwork, origin: tuple[int, int, int]) -> None:
    image = two_bars()
    start = tuple(5 + o for o in origin)
    coarse = a_pass(network, [start], downsample=(1, 2, 2))
    found = fill_in_passes(image, [coarse], origin=origin)
    y, x = (-origin[1]) % 2, (-origin[2]) % 2
    rest = image[:, y : 20 - y, x : 24 - x].astype(float)
    mean = rest.reshape(20, rest.shape[1] // 2, 2, rest.shape[2] // 2, 2).mean(axis=(2, 4))
    alone = segment_array(
        np.rint(mean).astype(np.uint8),
        network,
        POLICY,
        seeds=np.array([[5, (5 - y) // 2, (5 - x) // 2]]),
        predict=bright,
    )
    repeated = alone.labels.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(found.labels[:, y : 20 - y, x : 24 - x], repeated)
    assert found.voxels.tolist() == [(found.labels == 1).sum()]
    assert found.labels[tuple(found.seeds[0])] == 1


def test_coarse_segments_as_seeds_only(network: FfnNetwork) -> None:
    image = two_bars()
    coarse = a_pass(network, [(13, 13, 5)], downsample=(2, 2, 2), leaves="seeds")
    found = fill_in_passes(image, [coarse, a_pass(network, [(5, 5, 5)])])
    assert found.passes.tolist() == [2, 2]
    np.testing.assert_array_equal(found.labels, np.where(image == 200, 1, np.where(image == 120, 2, 0)))


def test_closed_space_stays_empty_at_both_resolutions(network: FfnNetwork) -> None:
    image = two_bars()
    closed = np.zeros(image.shape, bool)
    closed[:, :, 13:] = True
    for step in ((1, 1, 1), (2, 2, 2)):
        found = fill_in_passes(image, [a_pass(network, [(5, 5, 5), (5, 5, 20)], downsample=step)], closed=closed)
        assert found.voxels[0] > 100
        assert len(found.ids) == 1
        assert not found.labels[closed].any()


def test_a_job_with_a_coarse_mask_and_a_membrane(tmp_path: Path) -> None:
    settings = NetworkSettings(field_of_view=(5, 5, 5), deltas=(2, 2, 2), depth=1, features=1)
    save_network(build_network(settings), tmp_path / "net.keras")
    image = two_bars()
    bounds = Box.of_shape(image.shape, (10, 20, 30))
    create_volume(tmp_path / "image", bounds, np.uint8, (8, 8, 8)).write(bounds, image)
    half = Box.of_shape((10, 10, 12), (5, 10, 15))
    tissue = np.zeros(half.shape, np.uint8)
    tissue[:, :, :6] = 1
    create_volume(tmp_path / "tissue", half, np.uint8, (16, 16, 16)).write(half, tissue)
    membrane = np.where((image == 120) | (image == 200), 0, 255).astype(np.uint8)
    create_volume(tmp_path / "membrane", bounds, np.uint8, (8, 8, 8)).write(bounds, membrane)
    job = SegmentJob(
        str(tmp_path / "image"),
        str(tmp_path / "net.keras"),
        FillPolicy(min_segment_voxels=1),
        seeds=SeedPolicy("membrane", volume=str(tmp_path / "membrane")),
        mask=MaskSettings(str(tmp_path / "tissue")),
    )
    state = job.setup()
    block = make_blocks(bounds, (64, 64, 64))[0]
    arrays = job.run(state, block)
    seeds = arrays["seeds"] - (10, 20, 30)
    assert len(seeds) > 1
    assert (membrane[tuple(seeds.T)] == 0).all()
    assert (seeds[:, 2] < 12).all()
    assert not arrays["labels"][:, :, 12:].any()
    other = SegmentJob(job.image, job.network, job.policy, mask=MaskSettings(str(tmp_path / "tissue"), tissue="zero"))
    assert other.settings() != job.settings()
    small = Box.of_shape((4, 4, 4), (5, 10, 15))
    create_volume(tmp_path / "small", small, np.uint8, (16, 16, 16)).write(small, tissue[:4, :4, :4])
    short = SegmentJob(job.image, job.network, job.policy, mask=MaskSettings(str(tmp_path / "small")))
    with pytest.raises(GraphkitError, match=r"mask .*small does not cover the image"):
        short.run(short.setup(), block)
    wrong = SegmentJob(job.image, job.network, job.policy, passes=(FillPass(leaves="seeds"),))
    with pytest.raises(GraphkitError, match="no pass comes after it"):
        wrong.setup()


def test_values_at_the_centres_of_voxels(tmp_path: Path) -> None:
    coarse = Box.of_shape((4, 5, 6), (1, 2, 3))
    values = np.arange(120, dtype=np.uint8).reshape(4, 5, 6)
    volume = create_volume(tmp_path / "coarse", coarse, np.uint8, (20, 10, 15))
    volume.write(coarse, values)
    box, size = Box((2, 2, 9), (7, 6, 15)), (10, 10, 5)
    found = read_at(volume, box, size, "It")
    for z, y, x in np.ndindex(box.shape):
        at = [int((p + b + 0.5) * s / v) for p, b, s, v in zip((z, y, x), box.start, size, (20, 10, 15), strict=True)]
        assert found[z, y, x] == values[at[0] - 1, at[1] - 2, at[2] - 3]


def test_points_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text("x,y,z,why\n3,2,1,a\n6,5,4,b\n")
    assert read_points(path).tolist() == [[1, 2, 3], [4, 5, 6]]
    path.write_text("x,y\n3,2\n")
    with pytest.raises(GraphkitError, match="no column z; it has x, y"):
        read_points(path)
    path.write_text("x,y,z\n3,2,1\n3,2.5,1\n")
    with pytest.raises(GraphkitError, match=r"Line 3 .* is 1, 2.5, 3"):
        read_points(path)
    with pytest.raises(GraphkitError, match="cannot be read"):
        read_points(tmp_path / "absent.csv")


def test_what_a_pass_does_not_say_it_has_from_the_stage(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(
        """
        [image]
        location = "cube.h5:raw"
        [segment.fill]
        min_segment_voxels = 500
        precision = "bfloat16"
        [segment.seeds]
        source = "points"
        file = "seeds.csv"
        [segment.mask]
        location = "tissue.zarr"
        [[segment.passes]]
        network = "coarse.keras"
        downsample = [1, 2, 2]
        leaves = "seeds"
        [[segment.passes]]
        fill = { min_segment_voxels = 50 }
        seeds = { source = "grid", step = [8, 8, 8] }
        """
    )
    stage = read_config(tmp_path / "run.toml").segment
    assert stage.mask == MaskSettings(str(tmp_path / "tissue.zarr"))
    assert stage.seeds.file == str(tmp_path / "seeds.csv")
    first, second = stage.passes
    assert (first.network, first.fill) == (str(tmp_path / "coarse.keras"), None)
    assert second.fill == FillPolicy(min_segment_voxels=50, precision="bfloat16")
    assert second.seeds == SeedPolicy("grid", step=(8, 8, 8))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"seeds": {"source": "peak"}}, "seeds.source is 'peak'"),
        ({"seeds": {"source": "points"}}, "needs points or file"),
        ({"seeds": {"source": "membrane"}}, "needs volume"),
        ({"seeds": {"volume": "a"}}, "makes no use of it"),
        ({"seeds": {"order": "given"}}, "for points only"),
        ({"seeds": {"source": "grid", "order": "strongest"}}, "have none"),
        ({"seeds": {"source": "grid", "step": [0, 1, 1]}}, "seeds.step"),
        ({"seeds": {"source": "membrane", "volume": "a", "threshold": 2.0}}, "seeds.threshold"),
        ({"mask": {"location": "a", "tissue": "one"}}, "tissue is 'one'"),
        ({"passes": [{"downsample": [0, 1, 1]}]}, "passes.downsample"),
        ({"passes": [{"leaves": "all"}]}, "leaves"),
        ({"passes": [{"leaves": "seeds"}]}, "no pass comes after it"),
        ({"passes": [{"fil": {}}]}, "no setting 'fil'"),
        ({"checkpoint_s": 0.0}, "checkpoint_s"),
    ],
)
def test_wrong_settings_are_named(said: dict, message: str) -> None:
    with pytest.raises(GraphkitError, match=message):
        settings_from(SegmentStage, said)
