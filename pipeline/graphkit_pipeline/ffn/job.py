"""Segmentation block by block: the job for the engine.

    image ──SegmentJob──> a folder of blocks: labels of each box ──reconcile──> one segmentation

Each block is filled by itself, on its box; a block's labels are 1 .. n. Seeds hang on global voxels, so neighbours begin from the
same places where they overlap. A block needs a halo of several fields of view for its core to be seen whole.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.block_files import digest_of
from graphkit_pipeline.blocks import Block, Box
from graphkit_pipeline.ffn.aligned import TissueMask, check_covers, open_beside, read_at
from graphkit_pipeline.ffn.batch import BatchedPredict
from graphkit_pipeline.ffn.calls import Predict, compiled
from graphkit_pipeline.ffn.consensus import consensus_of_fills
from graphkit_pipeline.ffn.flood import check_move
from graphkit_pipeline.ffn.multipass import LoadedPass, fill_in_passes
from graphkit_pipeline.ffn.network import FfnNetwork, load_network, read_settings
from graphkit_pipeline.ffn.passes import FillPass, MaskSettings, SeedPolicy, check_consensus, check_passes
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from graphkit_pipeline.ffn.unfinished import SUFFIX, Unfinished, sweep
from graphkit_pipeline.volume import Volume, check_block, check_image, open_volume

__all__ = ["SegmentJob", "read_points"]


@dataclass(frozen=True)
class _State:
    image: Volume
    passes: tuple[LoadedPass, ...]
    volumes: tuple[Volume | None, ...]
    """Where a pass has its seeds from."""
    mask: TissueMask | None
    key: str


@dataclass(frozen=True)
class SegmentJob:
    """The segments of each block's box, with a network of ``train_ffn`` (its file) on an image volume.

    ``passes`` are done one after the other; without any there is one, with ``network``, ``policy`` and ``seeds``, which a pass
    has too where it says nothing else. ``consensus`` names orders of the seeds in which all is done once more; what is kept is
    what none of these fills splits (see `consensus`). Where ``unfinished`` names a folder, a block under way is put away there
    every ``checkpoint_s`` seconds, and a killed run goes on from there. With a ``batch`` above 1 the blocks that run at once in a
    process (the engine's ``at_once``) share calls of the network, of so many fields of view.

    The arrays of a block: ``labels`` int64 [z, y, x] of its box; for the ids 1 .. n ``voxels`` [n], ``moves`` [n], ``seeds``
    [n, 3], the global voxel that each began from, ``probability`` float32 [n], the mean over its voxels when it was made, and
    ``passes`` int16 [n]; ``counts`` int64 [4]: fills begun, given up as weak, given up as too small, and calls of the network.
    """

    image: str
    network: str
    policy: FillPolicy = field(default_factory=FillPolicy)
    dataset: str | None = None
    voxel_size_nm: tuple[float, float, float] | None = None
    offset: tuple[int, int, int] | None = None
    seeds: SeedPolicy = field(default_factory=SeedPolicy)
    mask: MaskSettings | None = None
    passes: tuple[FillPass, ...] = ()
    consensus: tuple[str, ...] = ()
    unfinished: str | None = None
    checkpoint_s: float = 300.0
    batch: int = 1

    def settings(self) -> dict[str, Any]:
        """All that the labels depend on: the image's place, the networks' bytes, the policies, the points of seeds."""
        return {
            "image": self.image,
            "dataset": self.dataset,
            "voxel_size_nm": self.voxel_size_nm and list(self.voxel_size_nm),
            "offset": self.offset and list(self.offset),
            "network": _digest(self.network),
            "policy": self.policy.as_dict(),
            "mask": self.mask and asdict(self.mask),
            "passes": [_said(one) for one in self._passes()],
            "consensus": list(self.consensus),
        }

    def setup(self) -> _State:
        """The volumes and the compiled networks; raises GraphkitError where they do not fit each other."""
        check_passes(self.passes)
        check_consensus(self.consensus, [one.seeds for one in self._passes() if one.seeds is not None])
        image = open_volume(self.image, dataset=self.dataset, voxel_size_nm=self.voxel_size_nm, offset=self.offset)
        made: dict[tuple[str, str], tuple[FfnNetwork, Predict]] = {}
        loaded, volumes = [], []
        for one in self._passes():
            assert one.network is not None
            assert one.fill is not None
            assert one.seeds is not None
            kind = (one.network, one.fill.precision)
            if kind not in made:
                network = load_network(one.network, precision=one.fill.precision)
                made[kind] = network, compiled(network) if self.batch == 1 else BatchedPredict(network, self.batch)
            _check_pass(image, one, made[kind][0].settings)
            points = _points(one.seeds) if one.seeds.source == "points" else None
            loaded.append(LoadedPass(one, *made[kind], one.fill, one.seeds, points))
            given = one.seeds.volume
            volumes.append(open_beside(image, "The seeds' volume", given, one.seeds.dataset) if given else None)
        mask = None if self.mask is None else TissueMask(self.mask, image)
        return _State(image, tuple(loaded), tuple(volumes), mask, digest_of(self.settings()))

    def check(self, image: Volume, bounds: Box) -> int:
        """How many of the points that seeds are given by lie outside of the image; ``bounds`` is the part of it that is filled.

        Raises GraphkitError where a network does not fit the image or its pass, a mask or a volume of seeds does not cover that
        part, or no point of a pass lies in it.
        """
        for one in self._passes():
            assert one.network is not None
            _check_pass(image, one, read_settings(one.network))
        if self.mask is not None:
            TissueMask(self.mask, image).check_covers(bounds, image.voxel_size_nm)
        outside = 0
        for seeds in {one.seeds for one in self._passes() if one.seeds is not None}:
            if seeds.volume:
                given = open_beside(image, "The seeds' volume", seeds.volume, seeds.dataset)
                check_covers(given, bounds, image.voxel_size_nm, "The seeds' volume")
            if seeds.source == "points":
                points = _points(seeds)
                if not any(bounds.contains(p) for p in points.tolist()):
                    raise GraphkitError(
                        f"None of the {len(points)} points to begin from lies in the part that is filled, {bounds} [z, y, x]"
                        f"{f'; the first is {points[0].tolist()}' if len(points) else ''}.",
                        hint="Places are voxels in the order z, y, x, and of the whole image: not nm, and not x, y, z.",
                    )
                outside += sum(not image.bounds.contains(p) for p in points.tolist())
        return outside

    def run(self, state: _State, block: Block) -> dict[str, np.ndarray]:
        """The block's arrays."""
        image, size = state.image.read(block.box), state.image.voxel_size_nm
        check_block(image, block.box)
        passes = [
            one
            if volume is None
            else replace(one, given=_probabilities(read_at(volume, block.box, size, "The seeds' volume"), volume))
            for one, volume in zip(state.passes, state.volumes, strict=True)
        ]
        closed = None if state.mask is None else state.mask.closed(block.box, size)
        fills = []
        for again, order in enumerate((None, *self.consensus)):
            ordered = [one if order is None else replace(one, seeds=one.seeds.in_order(order)) for one in passes]
            put_away = None
            if self.unfinished is not None:
                put_away = partial(self._put_away, Path(self.unfinished), state, block, again)
            fills.append(fill_in_passes(image, ordered, origin=block.box.start, closed=closed, unfinished=put_away))
        result = fills[0]
        if self.consensus:
            least = min(one.fill.min_segment_voxels for one in passes)
            result = consensus_of_fills(fills, min_voxels=least)
        counts = result.counts
        return {
            "labels": result.labels,
            "voxels": result.voxels,
            "moves": result.moves,
            "seeds": result.seeds + np.array(block.box.start, dtype=np.int64),
            "probability": result.probability,
            "passes": result.passes,
            "counts": np.array([counts.begun, counts.weak, counts.small, counts.moves], dtype=np.int64),
        }

    def _put_away(self, folder: Path, state: _State, block: Block, again: int, number: int) -> Unfinished:
        sweep(folder)
        at = number + again * len(state.passes)
        return Unfinished(folder / f"{block.name}.pass{at}{SUFFIX}", state.key, self.checkpoint_s)

    def _passes(self) -> tuple[FillPass, ...]:
        """The passes, with what they do not say filled in."""
        return tuple(
            replace(
                one,
                network=one.network or self.network,
                fill=one.fill or self.policy,
                seeds=one.seeds or self.seeds,
            )
            for one in self.passes or (FillPass(),)
        )


def _points(seeds: SeedPolicy) -> NDArray[np.int64]:
    """Those that are listed, and those of the file."""
    listed = np.array(seeds.points, np.int64).reshape(-1, 3)
    return np.concatenate([listed, read_points(seeds.file)]) if seeds.file else listed


def read_points(path: str | Path) -> NDArray[np.int64]:
    """Places [n, 3] of a CSV file with the columns z, y and x, in global voxels.

    Raises GraphkitError where the file is not there, has not these columns, or holds what is not a whole number.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = [name for name in "zyx" if name not in (rows.fieldnames or ())]
            if missing:
                raise GraphkitError(
                    f"{path} has no column {', '.join(missing)}; it has {', '.join(rows.fieldnames or ()) or 'nothing'}.",
                    hint="Expected a CSV file with the columns z, y and x, in voxels.",
                )
            places = []
            for row in rows:
                try:
                    places.append([int(row[name]) for name in "zyx"])
                except (TypeError, ValueError):
                    values = ", ".join(str(row[name]) for name in "zyx")
                    raise GraphkitError(
                        f"Line {rows.line_num} of {path} is {values}; expected three whole numbers: z, y, x in voxels."
                    ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise GraphkitError(f"The seeds {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    return np.array(places, np.int64).reshape(-1, 3)


def _digest(path: str) -> str:
    try:
        return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise GraphkitError(f"The network {path} cannot be read: {error.strerror or error}.") from None


def _said(one: FillPass) -> dict[str, Any]:
    assert one.network is not None
    assert one.seeds is not None
    seeds = asdict(one.seeds)
    if one.seeds.file:
        seeds["file"] = read_points(one.seeds.file).tolist()
    return {**asdict(one), "network": _digest(one.network), "seeds": seeds}


def _check_pass(image: Volume, one: FillPass, s: NetworkSettings) -> None:
    assert one.fill is not None
    one.fill.deltas_of(s)
    check_move(s, one.fill)
    own = tuple(a * f for a, f in zip(image.voxel_size_nm, one.downsample, strict=True))
    size = own if s.voxel_size_nm is None else s.voxel_size_nm
    view = tuple(v * f for v, f in zip(s.field_of_view, one.downsample, strict=True))
    if one.downsample != (1, 1, 1) and not np.allclose(own, size, rtol=1e-3):
        raise GraphkitError(
            f"Voxels of {image.voxel_size_nm} nm, averaged over {one.downsample}, are {own} nm long; the network was trained "
            f"on {size} [z, y, x].",
            hint="Choose another downsample, or a network of that voxel size.",
        )
    z, y, x = (a / f for a, f in zip(size, one.downsample, strict=True))
    check_image(image, dtype=np.uint8, voxel_size_nm=(z, y, x), field_of_view=view)


def _probabilities(values: NDArray[Any], volume: Volume) -> NDArray[np.float32]:
    """As float32 between 0 and 1; bytes are 255ths."""
    found: NDArray[np.float32] = values.astype(np.float32)
    if values.dtype == np.uint8:
        found /= np.float32(255)
    if not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1):
        raise GraphkitError(
            f"The seeds' volume {volume.location} holds {values.dtype} from {values.min()} to {values.max()}; expected "
            "probabilities from 0 to 1, or uint8.",
        )
    return found
