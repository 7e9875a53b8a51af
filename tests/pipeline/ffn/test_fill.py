"""The fill against the slow one of `reference`, and what it refuses."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.ffn.calls import Predict, compiled
from graphkit_pipeline.ffn.flood import Flood
from graphkit_pipeline.ffn.inference import FfnResult, segment_array
from graphkit_pipeline.ffn.kernels import _cell, face_maxima, merge
from graphkit_pipeline.ffn.network import FfnNetwork, build_network
from graphkit_pipeline.ffn.seeds import peak_seeds
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from graphkit_pipeline.ffn.unfinished import Unfinished
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
        FillPolicy(min_segment_voxels=10, mirror=False, min_unseen_share=0.03),
        FillPolicy(min_segment_voxels=1, mirror=False, deltas=(1, 2, 1)),
    ],
    ids=["guard", "distance", "no guard", "other thresholds", "only to what is new", "other deltas"],
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
        kinds |= {"far"} if max(moves, default=0) > 30 else set()
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
    for start, o, d in zip((100, 50, 70), offset, deltas, strict=True):
        cell = _cell(start + o, start, d) - _cell(start, start, d)
        assert cell * d - d // 2 <= o <= cell * d + (d - 1) // 2
        assert _cell(0, start, d) == 0


def test_a_cell_is_visited_once() -> None:
    """With a network that is sure of everything, so that moves go everywhere."""
    visited = []
    rng = np.random.default_rng(0)

    def sure(image: np.ndarray, seed: np.ndarray) -> np.ndarray:
        visited.append(tuple((flood._place - start + np.array(SMALL.deltas) // 2) // SMALL.deltas))
        return rng.uniform(4, 5, image.shape).astype(np.float32)

    image, start = noise_image((27, 17, 27)), np.array([13, 8, 13])
    labels = np.zeros(image.shape, np.int32)
    flood = Flood(image, labels, (0, 0, 0), SMALL, FillPolicy(min_segment_voxels=1), sure)
    flood.fill((13, 8, 13))
    assert labels.mean() > 0.5
    assert len(visited) == len(set(visited)) > 200


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


def test_refuses_moves_out_of_the_field_of_view(random_network: FfnNetwork) -> None:
    with pytest.raises(GraphkitError, match=r"half the field of view \(3, 2, 3\).* not \(2, 3, 2\)"):
        segment_array(noise_image(), random_network, FillPolicy(deltas=(2, 3, 2)))
    with pytest.raises(GraphkitError, match="deltas must be three whole numbers"):
        FillPolicy(deltas=(2, 2))  # type: ignore[arg-type]


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
        ("min_unseen_share", 1.0),
        ("precision", "float8"),
    ],
)
def test_a_wrong_policy_is_named(name: str, value: object) -> None:
    with pytest.raises(GraphkitError, match=name):
        FillPolicy(**{name: value})


@pytest.mark.slow
def test_a_stopped_fill_goes_on_to_the_same_labels(random_network: FfnNetwork, tmp_path: Path) -> None:
    """Stopped by an exception at every fifth call of the network, and put away after every move."""
    image = noise_image((14, 14, 14))
    policy = FillPolicy(min_segment_voxels=20)
    predict = compiled(random_network)
    whole = segment_array(image, random_network, policy, predict=predict)
    calls = Counter[str]()

    def stopping(image: np.ndarray, seed: np.ndarray) -> np.ndarray:
        calls["all"] += 1
        if calls["all"] % 5 == 0:
            raise KeyboardInterrupt
        return predict(image, seed)

    path = tmp_path / "block.unfinished"
    found = None
    while found is None:
        with contextlib.suppress(KeyboardInterrupt):
            kept = Unfinished(path, "network", every_s=1e-9)
            found = segment_array(image, random_network, policy, predict=stopping, unfinished=kept)
    assert calls["all"] > whole.counts.moves > 30
    assert found.labels.tobytes() == whole.labels.tobytes()
    for name in ("voxels", "moves", "seeds", "probability"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
    assert dataclasses.replace(found.counts, network_s=0, total_s=0) == dataclasses.replace(
        whole.counts, network_s=0, total_s=0
    )


@pytest.mark.slow
def test_an_unfinished_fill_of_something_else_is_not_taken_up(random_network: FfnNetwork, tmp_path: Path) -> None:
    image = noise_image((12, 12, 12))
    predict = compiled(random_network)
    path = tmp_path / "block.unfinished"

    def fill(policy: FillPolicy, image: np.ndarray = image) -> FfnResult:
        kept = Unfinished(path, "network", every_s=1e-9)
        return segment_array(image, random_network, policy, predict=predict, unfinished=kept)

    first, other = FillPolicy(min_segment_voxels=20), FillPolicy(min_segment_voxels=30)
    fill(first)
    assert fill(other).labels.tobytes() == segment_array(image, random_network, other, predict=predict).labels.tobytes()
    turned = np.ascontiguousarray(image[::-1])
    expected = segment_array(turned, random_network, other, predict=predict)
    assert fill(other, turned).labels.tobytes() == expected.labels.tobytes()
    path.write_bytes(path.read_bytes()[:-100])
    assert fill(other, turned).labels.tobytes() == expected.labels.tobytes()


def test_filled_and_closed_space(random_network: FfnNetwork) -> None:
    """Neither is filled; what is filled keeps seeds away as a segment does, and the rest is as before."""
    image = noise_image((20, 20, 20))
    policy = FillPolicy(min_segment_voxels=20, min_boundary_distance=(2, 2, 2))
    first = segment_array(image, random_network, policy)
    filled = np.where(first.labels == 1, 7, 0)
    rest = segment_array(image, random_network, policy, filled=filled)
    np.testing.assert_array_equal(rest.labels, np.maximum(first.labels - 1, 0))
    closed = np.zeros(image.shape, bool)
    closed[:, :, 12:] = True
    found = segment_array(image, random_network, policy, closed=closed)
    assert found.labels.any()
    assert not found.labels[closed].any()
    assert (found.seeds[:, 2] < 12).all()
    with pytest.raises(GraphkitError, match="shape"):
        segment_array(image, random_network, policy, closed=closed[:5])


def test_mean_probability_of_a_segment() -> None:
    """A network that gives each voxel of its view a logit of 1 or 3: those of a segment of one move are averaged."""

    def half(image: np.ndarray, seed: np.ndarray) -> np.ndarray:
        logits = np.full(image.shape, 1.0, np.float32)
        logits[: image.shape[0] // 2 + 1] = 3.0
        return logits

    policy = FillPolicy(min_segment_voxels=1, mirror=False, move=0.949)
    found = segment_array(noise_image((9, 7, 9)), untrained(0, 0, 0), policy, seeds=np.array([[4, 3, 4]]), predict=half)
    assert found.moves.tolist() == [1]
    sure, less = (1 / (1 + np.exp(-v)) for v in (3.0, 1.0))
    assert found.probability == pytest.approx([(4 * sure + 3 * less) / 7], rel=1e-6)
