"""The fill against the slow one of `reference`, and what it refuses."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from graphkit_pipeline.ffn.inference import segment_array
from graphkit_pipeline.ffn.kernels import face_maxima, merge
from graphkit_pipeline.ffn.movement import FaceMaxMoves
from graphkit_pipeline.ffn.network import FfnNetwork, Predict, build_network, compiled
from graphkit_pipeline.ffn.seeds import peak_seeds
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphkitError

from . import reference

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SMALL = NetworkSettings(field_of_view=(7, 5, 7), deltas=(2, 1, 2), depth=1, features=4)


def untrained(seed: int, mean: float, spread: float) -> FfnNetwork:
    """A network whose maps are noise around the seed, so that fills stop, go back and fail."""
    network = build_network(SMALL, seed=3)
    rng = np.random.default_rng(seed)
    last = network.model.get_layer("conv_lom")
    last.set_weights([rng.normal(mean, spread, w.shape).astype(np.float32) for w in last.get_weights()])
    return network


@pytest.fixture(scope="module")
def networks() -> list[FfnNetwork]:
    """One that fills far, one that takes many seeds back, one that makes many small segments."""
    return [untrained(0, 0.3, 0.5), untrained(1, 0.2, 0.3), untrained(2, 0.0, 1.0)]


@pytest.fixture(scope="module")
def predicts(networks: list[FfnNetwork]) -> list[Predict]:
    return [compiled(network) for network in networks]


@pytest.fixture(scope="module")
def random_network(networks: list[FfnNetwork]) -> FfnNetwork:
    return networks[0]


def noise_image(shape: tuple[int, int, int] = (15, 14, 16), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "policy",
    [
        FillPolicy(min_segment_voxels=1, mirror=False, disconnected_share=0.0),
        FillPolicy(min_segment_voxels=60, mirror=False, disconnected_share=0.0, min_boundary_distance=(0, 2, 1)),
        FillPolicy(min_segment_voxels=10, mirror=False, disconnected_share=None),
        FillPolicy(min_segment_voxels=10, mirror=False, disconnected_share=0.3, move=0.7, segment=0.8),
    ],
    ids=["guard", "distance", "no guard", "other thresholds"],
)
def test_every_policy_as_the_slow_fill(networks: list[FfnNetwork], predicts: list[Predict], policy: FillPolicy) -> None:
    kinds = set()
    for (network, predict), seed in itertools.product(zip(networks, predicts, strict=True), range(2)):
        image = noise_image(seed=seed)
        places = np.random.default_rng(seed).integers(0, image.shape, (40, 3))
        found = segment_array(image, network, policy, seeds=places, predict=predict)
        listed = [(int(z), int(y), int(x)) for z, y, x in places]
        labels, moves, calls = reference.fill(image, SMALL, policy, listed, predict)
        np.testing.assert_array_equal(found.labels, labels)
        assert found.moves.tolist() == moves
        assert found.counts.moves == calls
        kinds |= {"several"} if len(moves) > 1 else set()
        kinds |= {"weak"} if found.counts.weak else set()
        kinds |= {"far"} if max(moves, default=0) > 50 else set()
    assert kinds == {"several", "weak", "far"}, "otherwise too little is compared"


def test_what_is_returned_adds_up(random_network: FfnNetwork) -> None:
    image = noise_image((20, 20, 20))
    found = segment_array(image, random_network, FillPolicy(min_segment_voxels=20))
    counts = found.counts
    np.testing.assert_array_equal(found.voxels, np.bincount(found.labels.ravel(), minlength=len(found.ids) + 1)[1:])
    assert found.ids.tolist() == list(range(1, len(found.ids) + 1))
    assert counts.begun == len(found.ids) + counts.weak + counts.small
    assert found.moves.sum() <= counts.moves
    assert 0 < counts.network_s <= counts.total_s
    assert (found.labels[tuple(found.seeds.T)] > 0).all()
    assert found.voxels.min() >= 20


def test_mirrored_is_the_fill_of_the_mirrored_image_without_its_frame(random_network: FfnNetwork) -> None:
    """With segments of any size; their frames are cut off, seeds are found in the image alone."""
    image = noise_image((14, 15, 16))
    policy = FillPolicy(min_segment_voxels=1, min_boundary_distance=(0, 0, 0))
    frame = (3, 2, 3)
    mirrored = np.pad(image, [(f, f) for f in frame], mode="reflect")
    seeds = peak_seeds(image, policy)
    found = segment_array(image, random_network, policy)
    wide = segment_array(
        mirrored, random_network, dataclasses.replace(policy, mirror=False), seeds=seeds + np.array(frame)
    )
    np.testing.assert_array_equal(found.labels, wide.labels[3:-3, 2:-2, 3:-3])
    np.testing.assert_array_equal(found.seeds, wide.seeds - np.array(frame))
    assert (found.labels.shape, found.counts.seeds) == (image.shape, len(seeds))
    assert found.labels[0].any(), "without the mirror no field of view is centred on a face"


def test_twice_is_the_same_to_the_byte(random_network: FfnNetwork) -> None:
    image = noise_image((20, 20, 20))
    first, second = (segment_array(image, random_network, FillPolicy(min_segment_voxels=20)) for _ in range(2))
    assert first.labels.tobytes() == second.labels.tobytes()


def test_an_image_that_is_not_contiguous(random_network: FfnNetwork) -> None:
    image = noise_image((20, 18, 16))
    turned = np.asfortranarray(image)
    policy = FillPolicy(min_segment_voxels=20)
    np.testing.assert_array_equal(
        segment_array(turned, random_network, policy).labels, segment_array(image, random_network, policy).labels
    )


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.sampled_from([(3, 2, 1), (2, 0, 4), (1, 1, 1)]))
def test_face_maxima_by_looking_at_every_voxel(seed: int, values: int, deltas: tuple[int, int, int]) -> None:
    logits = np.random.default_rng(seed).integers(0, values, (9, 7, 9)).astype(np.float32)  # few values: many ties
    scores, offsets = np.empty(6, np.float32), np.empty((6, 3), np.int64)
    count = face_maxima(logits, np.array(deltas), 1.0, scores, offsets)
    found = sorted(zip(scores[:count].tolist(), map(tuple, offsets[:count].tolist()), strict=True), reverse=True)
    assert found == reference.face_max(logits, deltas, 1.0)


@settings(deadline=None)
@given(st.tuples(*[st.integers(-30, 30)] * 3), st.tuples(*[st.integers(1, 9)] * 3))
def test_cells_have_the_start_in_their_middle(offset: tuple[int, int, int], deltas: tuple[int, int, int]) -> None:
    moves = FaceMaxMoves(deltas, 0.0)
    start = (100, 50, 70)
    moves.begin(start)
    cell = moves.cell((100 + offset[0], 50 + offset[1], 70 + offset[2]))
    for c, o, d in zip(cell, offset, deltas, strict=True):
        assert c * d - d // 2 <= o <= c * d + (d - 1) // 2


def test_a_cell_is_visited_once() -> None:
    moves = FaceMaxMoves((4, 4, 4), 0.0)
    moves.begin((20, 20, 20))
    everywhere = np.ones((17, 17, 17), np.float32)
    visited = []
    while (place := moves.next()) is not None:
        visited.append(moves.cell(place))
        inside = all(12 <= p <= 28 for p in place)
        moves.moved(place, everywhere if inside else -everywhere)
    assert len(visited) == len(set(visited)) > 27


def test_the_guard_by_hand() -> None:
    """Four voxels: never seen, sure, unlikely, unlikely; the prediction raises all but the last."""
    nan = np.nan
    before = np.array([[[nan, 3.0, -1.0, -1.0]]], dtype=np.float32)
    prediction = np.array([[[2.5, 4.0, 2.0, -2.0]]], dtype=np.float32)
    for share, expected in [(0.0, [2.5, 4, -1, -2]), (0.5, [2.5, 4, 2, -2]), (-1.0, [2.5, 4, 2, -2])]:
        canvas, logits = before.copy(), prediction.copy()  # two of four voxels reach 2.2
        merge(canvas, 0, 0, 0, logits, 2.2, share)
        assert canvas.ravel().tolist() == expected
        assert logits.ravel().tolist() == expected


def test_a_constant_image_has_no_segments(random_network: FfnNetwork) -> None:
    found = segment_array(np.full((20, 20, 20), 130, np.uint8), random_network)
    assert not found.labels.any()
    assert (found.counts.seeds, found.counts.moves, len(found.ids)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.zeros((20, 20, 20), np.uint16), "image is uint16; expected uint8"),
        (np.full((20, 20, 20), np.nan, np.float32), "image is float32 and holds NaN; expected uint8"),
        (np.zeros((20, 4, 20), np.uint8), r"shape \(20, 4, 20\).*field of view \(7, 5, 7\)"),
        (np.zeros((20, 20), np.uint8), r"shape \(20, 20\); expected \[z, y, x\]"),
    ],
)
def test_refuses(random_network: FfnNetwork, image: np.ndarray, says: str) -> None:
    with pytest.raises(GraphkitError, match=says):
        segment_array(image, random_network)


def test_refuses_a_threshold_that_no_seed_reaches(random_network: FfnNetwork) -> None:
    with pytest.raises(GraphkitError, match="no fill could begin"):
        segment_array(noise_image(), random_network, FillPolicy(move=0.97))


def test_progress_goes_up_to_the_end(random_network: FfnNetwork) -> None:
    seen: list[float] = []
    segment_array(noise_image((20, 20, 20)), random_network, progress=lambda stage, fraction: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        ["field_of_view", "deltas", "depth", "features", "std", "pad", "init", "move", "segment", "voxel_size_nm"]
    )
)
def test_a_wrong_setting_is_named(name: str) -> None:
    wrong = {"field_of_view": (16, 17, 17), "deltas": (9, 4, 4), "voxel_size_nm": (0, 1, 1), "pad": 1.0, "init": 0.0}
    with pytest.raises(GraphkitError, match=name):
        dataclasses.replace(NetworkSettings(), **{name: wrong.get(name, 0)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_segment_voxels", 0),
        ("min_boundary_distance", (1, -1, 1)),
        ("disconnected_share", 1.5),
        ("move", 1.0),
        ("segment", 0.0),
        ("seed_spacing", 0),
        ("seed_sigma", -1.0),
        ("precision", "float16"),
    ],
)
def test_a_wrong_policy_is_named(name: str, value: object) -> None:
    with pytest.raises(GraphkitError, match=name):
        FillPolicy(**{name: value})
