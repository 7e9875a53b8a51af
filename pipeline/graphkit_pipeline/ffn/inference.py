"""Filling a volume, object after object.

    image ──> seeds, in their order ──> one object after another (see `flood`) ──> labels

Arrays are [z, y, x]; labels are int64, 0 where no segment was made. The same image, network, policy and backend give the same
labels. A place whose field of view would leave the array (with its mirrored frame, where the policy has one) is not visited.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.ffn.calls import Predict, compiled
from graphkit_pipeline.ffn.flood import Flood
from graphkit_pipeline.ffn.network import FfnNetwork
from graphkit_pipeline.ffn.seeds import peak_seeds
from graphkit_pipeline.ffn.settings import FillPolicy
from graphkit_pipeline.ffn.unfinished import Unfinished, digest

__all__ = ["FfnResult", "FillCounts", "segment_array"]

Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class FillCounts:
    """What a fill took: places looked at, calls of the network, time."""

    seeds: int
    """Seeds that were found."""
    begun: int
    """Seeds from which a fill was begun; the others lay in or near a segment, or too near the border."""
    weak: int
    """Fills given up because the network took the seed back."""
    small: int
    """Fills given up because they were smaller than the least size."""
    moves: int
    """Calls of the network, those of given-up fills included."""
    network_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class FfnResult:
    """Labels int64 [z, y, x] and, for the ids 1 .. n in them: voxels, moves, the seed's place [n, 3], the mean probability of
    the segment's voxels when it was made (float32), and the pass (int16, from 1)."""

    labels: NDArray[np.int64]
    ids: NDArray[np.int64]
    voxels: NDArray[np.int64]
    moves: NDArray[np.int64]
    seeds: NDArray[np.int64]
    probability: NDArray[np.float32]
    passes: NDArray[np.int16]
    counts: FillCounts


def segment_array(
    image: NDArray[np.uint8],
    network: FfnNetwork,
    policy: FillPolicy | None = None,
    *,
    origin: Place = (0, 0, 0),
    seeds: NDArray[np.int64] | None = None,
    predict: Predict | None = None,
    filled: NDArray[Any] | None = None,
    closed: NDArray[np.bool_] | None = None,
    unfinished: Unfinished | None = None,
    progress: Progress = silent,
) -> FfnResult:
    """Segments ``image`` (uint8 [z, y, x]); a constant image has no seeds, and so no segments.

    ``origin`` is the image's first voxel in its volume: seeds hang on global places. ``seeds`` [n, 3] replaces the search for
    them; they are tried in their order. ``predict`` is ``compiled(network)`` where the caller already has it. Where ``filled``
    [z, y, x] is not 0 there are segments already: they stay as they are, and are no part of the result. Where ``closed`` is true
    (outside the tissue) nothing begins, nothing moves to, and nothing is labelled. With ``unfinished`` the fill is put away
    every so often, and goes on from what was put away.

    Raises GraphkitError for an image that is not uint8, not three-dimensional or smaller than the field of view.

    Januszewski et al. 2018, High-precision automated reconstruction of neurons with flood-filling networks.
    """
    begin = perf_counter()
    policy = policy or FillPolicy()
    check_image(image, network)
    if seeds is None:
        progress("seeds", 0.0)
        seeds = peak_seeds(image, policy, origin=origin)
    z, y, x = (v // 2 if policy.mirror else 0 for v in network.settings.field_of_view)
    border: Place = (z, y, x)
    around = [(b, b) for b in border]
    framed = np.pad(image, around, mode="reflect") if policy.mirror else np.ascontiguousarray(image)
    taken, before = _taken(image.shape, filled, closed, around)
    flood = Flood(framed, taken, border, network.settings, policy, predict or compiled(network), before=before)
    places: list[Place] = [(int(z), int(y), int(x)) for z, y, x in np.asarray(seeds) + np.array(border)]
    key = "" if unfinished is None else digest(unfinished.key, framed, taken, policy, network.settings, places)
    _fill_all(flood, places, unfinished, key, progress)
    return _result(flood, border, before, len(places), perf_counter() - begin)


def _fill_all(flood: Flood, places: list[Place], unfinished: Unfinished | None, key: str, progress: Progress) -> None:
    """Tries the places one after the other, from where an unfinished fill stopped."""
    at = 0

    def look() -> None:
        if unfinished is not None and unfinished.due():
            unfinished.put(key, {"at": np.array(at), **flood.state()})

    stopped = None if unfinished is None else unfinished.taken_up(key)
    if stopped is not None:
        flood.restore(stopped)
        at = int(stopped["at"])
        flood.go_on(look)
        at += at < len(places)
    while at < len(places):
        flood.fill(places[at], look)
        at += 1
        progress("filling", at / len(places))
    look()


def _taken(
    shape: tuple[int, ...],
    filled: NDArray[Any] | None,
    closed: NDArray[np.bool_] | None,
    around: list[tuple[int, int]],
) -> tuple[NDArray[np.int32], int]:
    """The labels to begin with, in the framed array, and the largest of them."""
    for name, array in (("filled", filled), ("closed", closed)):
        if array is not None and array.shape != shape:
            raise GraphkitError(f"{name} has the shape {array.shape}; expected that of the image, {shape}.")
    taken = np.zeros(shape, np.int32) if filled is None else (filled != 0).astype(np.int32)
    before = int(taken.max(initial=0))
    taken = np.pad(taken, around)
    if closed is not None:  # what is closed is so in its mirror image too
        wide = np.pad(closed, around, mode="reflect") if any(a for a, _ in around) else closed
        taken[(taken == 0) & wide] = -1
    return taken, before


def _result(flood: Flood, frame: Place, before: int, seeds: int, total_s: float) -> FfnResult:
    inner = tuple(slice(f, n - f) for f, n in zip(frame, flood.labels.shape, strict=True))
    labels = np.maximum(flood.labels[inner].astype(np.int64) - before, 0)
    voxels, moves, probability, starts = zip(*flood.rows, strict=True) if flood.rows else ((), (), (), ())
    c = flood.counts
    return FfnResult(
        labels,
        np.arange(1, len(flood.rows) + 1, dtype=np.int64),
        np.array(voxels, dtype=np.int64),
        np.array(moves, dtype=np.int64),
        np.array(starts, dtype=np.int64).reshape(-1, 3) - np.array(frame),
        np.array(probability, dtype=np.float32),
        np.ones(len(flood.rows), dtype=np.int16),
        FillCounts(seeds, c.begun, c.weak, c.small, c.moves, c.network_s, total_s),
    )


def check_image(image: NDArray[np.uint8], network: FfnNetwork) -> None:
    """Raises GraphkitError for what cannot be segmented with this network."""
    view = network.settings.field_of_view
    if image.dtype != np.uint8:
        nan = np.issubdtype(image.dtype, np.floating) and bool(np.isnan(image).any())
        raise GraphkitError(
            f"The image is {image.dtype}{' and holds NaN' if nan else ''}; expected uint8 grey values.",
            hint="Convert it to uint8 first, with the contrast that the network was trained on.",
        )
    if image.ndim != 3 or any(n < v for n, v in zip(image.shape, view, strict=True)):
        raise GraphkitError(
            f"The image has the shape {image.shape}; expected [z, y, x] of at least the field of view {view}.",
            hint="Use larger blocks, or a network with a smaller field of view.",
        )
