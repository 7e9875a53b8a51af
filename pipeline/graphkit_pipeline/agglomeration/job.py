"""Decisions about touching segments, block by block: the job for the engine.

    image, segmentation ──AgglomerateJob──> a folder of blocks: decisions on the contacts in each core ──> one table

A pair that touches in several blocks has a decision in each. A block sees the core and as much around it as a decision needs
(`agglomerate_halo`), so that the decisions do not depend on the number of workers.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.agglomeration.resegment import Decision, ResegmentSettings, decide
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.ffn.aligned import TissueMask
from graphkit_pipeline.ffn.calls import Predict, compiled
from graphkit_pipeline.ffn.contacts import near_pairs
from graphkit_pipeline.ffn.network import FfnNetwork, load_network
from graphkit_pipeline.ffn.passes import MaskSettings
from graphkit_pipeline.ffn.settings import FillPolicy, NetworkSettings
from graphkit_pipeline.volume import Volume, check_block, check_image, open_volume

__all__ = ["AgglomerateJob", "agglomerate_halo"]

State = tuple[Volume, Volume, FfnNetwork, Predict, TissueMask | None]


def agglomerate_halo(settings: ResegmentSettings, network: NetworkSettings) -> tuple[int, int, int]:
    """How far beyond its core a block is looked at, in voxels [z, y, x]."""
    z, y, x = (r + v // 2 + 1 for r, v in zip(settings.radius, network.field_of_view, strict=True))
    return z, y, x


@dataclass(frozen=True)
class AgglomerateJob:
    """The decisions on all pairs of segments that come close in a block's core; no fill leaves the tissue of a ``mask``.

    The arrays of a block are the columns of tables/agglomeration.parquet, without "block".
    """

    image: str
    labels: str
    network: str
    policy: FillPolicy = field(default_factory=FillPolicy)
    resegment: ResegmentSettings = field(default_factory=ResegmentSettings)
    dataset: str | None = None
    voxel_size_nm: tuple[float, float, float] | None = None
    offset: tuple[int, int, int] | None = None
    mask: MaskSettings | None = None

    def settings(self) -> dict[str, Any]:
        try:
            network = hashlib.blake2b(Path(self.network).read_bytes(), digest_size=16).hexdigest()
        except OSError as error:
            raise GraphkitError(f"The network {self.network} cannot be read: {error.strerror or error}.") from None
        return {
            "image": self.image,
            "labels": self.labels,
            "dataset": self.dataset,
            "voxel_size_nm": self.voxel_size_nm and list(self.voxel_size_nm),
            "offset": self.offset and list(self.offset),
            "network": network,
            "policy": self.policy.as_dict(),
            "resegment": self.resegment.as_dict(),
            **({"mask": asdict(self.mask)} if self.mask else {}),
        }

    def setup(self) -> State:
        """Image, segmentation and compiled network; raises GraphkitError where they do not fit each other."""
        volume = open_volume(self.image, dataset=self.dataset, voxel_size_nm=self.voxel_size_nm, offset=self.offset)
        network = load_network(self.network, precision=self.policy.precision)
        s = network.settings
        self.policy.deltas_of(s)
        size = volume.voxel_size_nm if s.voxel_size_nm is None else s.voxel_size_nm
        check_image(volume, dtype=np.uint8, voxel_size_nm=size, field_of_view=s.field_of_view)
        mask = None if self.mask is None else TissueMask(self.mask, volume)
        return volume, open_volume(self.labels), network, compiled(network), mask

    def run(self, state: State, block: Block) -> dict[str, np.ndarray]:
        volume, segmentation, network, predict, mask = state
        image = volume.read(block.box)
        check_block(image, block.box)
        closed = np.zeros(image.shape, bool) if mask is None else mask.closed(block.box, volume.voxel_size_nm)
        labels = np.asarray(segmentation.read(block.box)).astype(np.int64)
        pairs = near_pairs(
            labels,
            volume.voxel_size_nm,
            reach_nm=self.resegment.reach_nm,
            within=block.core.slices(block.box.start),
        )
        # Half a field of view more on every side, so that decisions reach the faces of the volume.
        frame = np.array([v // 2 if self.policy.mirror else 0 for v in network.settings.field_of_view])
        if self.policy.mirror:
            image, closed = (np.pad(a, [(f, f) for f in frame], mode="reflect") for a in (image, closed))
            labels = np.pad(labels, [(f, f) for f in frame])
        chosen = np.flatnonzero(pairs.area_nm2 >= self.resegment.min_contact_nm2)
        decisions = [
            decide(image, labels, int(a), int(b), place, network, self.policy, self.resegment, predict, closed=closed)
            for a, b, place in zip(pairs.a[chosen], pairs.b[chosen], _places(pairs.places[chosen] + frame), strict=True)
        ]
        places_nm = (pairs.places[chosen] + block.box.start + 0.5) * volume.voxel_size_nm
        columns: dict[str, np.ndarray] = {"segment_a": pairs.a[chosen], "segment_b": pairs.b[chosen]}
        columns |= {f"{axis}_nm": np.floor(places_nm[:, i]).astype(np.int32) for i, axis in enumerate("zyx")}
        columns |= {"contact_nm2": pairs.area_nm2[chosen], "gap_nm": pairs.gap_nm[chosen]}
        columns["score"] = np.array([d.score for d in decisions], np.float64)
        for name in Decision.__slots__:
            columns[name] = np.array([getattr(d, name) for d in decisions], np.int64 if name == "moves" else np.float64)
        return columns


def _places(rows: np.ndarray) -> list[tuple[int, int, int]]:
    return [(int(z), int(y), int(x)) for z, y, x in rows]
