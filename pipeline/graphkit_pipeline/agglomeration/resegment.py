"""Are two segments that come close one neuron? Both are filled again around the place, and the fills compared.

    a ▓▓▓▓▓ : ▒▒▒▒▒ b        a seed deep in a, a seed deep in b, each alone in a small box around the contact, with a and b
          place              cleared and all other segments left as they are

Where both fills cover the same voxels the pair is one object to the network, in whichever order it comes to them: it was split
because the first fill ended early. Every figure of a decision is kept, so that the threshold can be chosen afterwards.

Januszewski et al. 2018, High-precision automated reconstruction of neurons with flood-filling networks (agglomeration).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphkitError
from graphkit_pipeline.ffn.calls import Predict
from graphkit_pipeline.ffn.flood import Flood
from graphkit_pipeline.ffn.network import FfnNetwork
from graphkit_pipeline.ffn.settings import FillPolicy

__all__ = ["Decision", "ResegmentSettings", "decide"]

Labels = NDArray[np.int64]
Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ResegmentSettings:
    """Which pairs are decided on, and in how much of the volume.

    ``reach_nm``: segments are grown by this much to find those that nearly touch. ``radius`` (voxels, z y x): how far from the
    contact a field of view is centred. ``min_contact_nm2``: pairs of a smaller contact are left out. ``enough``: where the first
    fill claims less than this share of the other segment there is no second one.
    """

    reach_nm: float = 32.0
    radius: Place = (8, 8, 8)
    min_contact_nm2: float = 0.0
    enough: float = 0.1

    def __post_init__(self) -> None:
        if not self.reach_nm >= 0 or not np.isfinite(self.reach_nm):
            raise GraphkitError(f"agglomerate reach_nm must be 0 or more, got {self.reach_nm!r}.")
        if len(self.radius) != 3 or min(self.radius) < 1:
            raise GraphkitError(
                f"agglomerate radius must be three numbers of voxels of 1 or more, got {self.radius!r}."
            )
        if not self.min_contact_nm2 >= 0:
            raise GraphkitError(f"agglomerate min_contact_nm2 must be 0 or more, got {self.min_contact_nm2!r}.")
        if not 0 <= self.enough <= 1:
            raise GraphkitError(f"agglomerate enough must be from 0 to 1, got {self.enough!r}.")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Decision:
    """Two fills of one pair, compared within the box around the contact; the first begins in the segment that is smaller there.

    ``iou``: intersection over union of the two fills. ``own_a``, ``own_b``: the share of each segment that the fill begun in it
    found again; ``b_from_a``, ``a_from_b``: the share of the other one. ``deleted``: the larger of the shares that the
    fills gave up again. Where there was no second fill, what it would have said is 0.
    """

    iou: float
    own_a: float
    own_b: float
    a_from_b: float
    b_from_a: float
    deleted: float
    moves: int

    @property
    def score(self) -> float:
        """The least of the IoU and the four shares."""
        return min(self.iou, self.own_a, self.own_b, self.a_from_b, self.b_from_a)


def decide(
    image: NDArray[np.uint8],
    labels: Labels,
    a: int,
    b: int,
    place: Place,
    network: FfnNetwork,
    policy: FillPolicy,
    settings: ResegmentSettings,
    predict: Predict,
    *,
    closed: NDArray[np.bool_] | None = None,
) -> Decision:
    """The decision on one pair; ``image`` and ``labels`` are [z, y, x] and reach at least ``radius`` beyond ``place``, or to the
    volume's end, with half a field of view more where there is more of the image. Where ``closed`` [z, y, x] is true (outside
    the tissue) no fill goes.
    """
    margin = np.array(network.settings.field_of_view) // 2
    low = np.maximum(np.array(place) - settings.radius - margin, 0)
    high = np.minimum(np.array(place) + settings.radius + margin + 1, image.shape)
    box = tuple(slice(int(i), int(j)) for i, j in zip(low, high, strict=True))
    image, labels = np.ascontiguousarray(image[box]), labels[box]
    in_a, in_b = labels == a, labels == b
    taken = ((labels != 0) & ~in_a & ~in_b).astype(np.int32)
    if closed is not None:
        taken[(taken == 0) & closed[box]] = -1
    # Compared where fields of view were centred: beyond, one fill sees what the other does not.
    inner = tuple(slice(int(m), n - int(m)) for m, n in zip(margin, labels.shape, strict=True))
    sizes = [int(np.count_nonzero(mine[inner])) for mine in (in_a, in_b)]
    own, other, masks, given_up, moves = [0.0, 0.0], [0.0, 0.0], [], 0.0, 0
    order = (0, 1) if sizes[0] <= sizes[1] else (1, 0)
    for side in order:
        mine, its = (in_a, in_b) if side == 0 else (in_b, in_a)
        start = _deepest(mine, margin)
        if start is None:
            break
        fill = _Refill(image, taken, (0, 0, 0), network.settings, policy, predict)
        found = fill.from_place(start)
        moves += fill.counts.moves
        if found is None:
            break
        mask = found[0][inner]
        masks.append(mask)
        given_up = max(given_up, found[1])
        own[side] = np.count_nonzero(mask & mine[inner]) / sizes[side]
        other[side] = np.count_nonzero(mask & its[inner]) / max(sizes[1 - side], 1)
        if other[side] < settings.enough:
            break
    iou = 0.0
    if len(masks) == 2:
        iou = np.count_nonzero(masks[0] & masks[1]) / np.count_nonzero(masks[0] | masks[1])
    return Decision(float(iou), own[0], own[1], other[1], other[0], given_up, moves)


class _Refill(Flood):
    """A fill of one object among finished ones, which also counts what it had and gave up."""

    def from_place(self, start: Place) -> tuple[NDArray[np.bool_], float] | None:
        """The mask, and the share that was given up of all that it ever had; None where the seed was taken back."""
        self._ever = np.zeros(self.labels.shape, bool)
        self._begin(start)
        while self._next():
            logits = self._update()
            here = tuple(slice(p - m, p + m + 1) for p, m in zip(self._place, self._margin, strict=True))
            self._ever[here] |= logits >= self._segment
        if self._made == 0 or self._canvas[start] < self._move:
            return None
        free = self.labels == 0
        mask = (self._canvas >= self._segment) & free
        ever = np.count_nonzero(self._ever & free)
        return mask, 1.0 - np.count_nonzero(mask) / ever if ever else 0.0


def _deepest(mask: NDArray[np.bool_], margin: NDArray[np.int64]) -> Place | None:
    """The voxel farthest from the mask's border, of those where a field of view fits; the first of several."""
    import edt

    distance = edt.edt(mask, parallel=1)
    inner = tuple(slice(int(m), n - int(m)) for m, n in zip(margin, mask.shape, strict=True))
    if min(i.stop - i.start for i in inner) < 1 or not distance[inner].any():
        return None
    z, y, x = np.unravel_index(int(np.argmax(distance[inner])), distance[inner].shape)
    return int(z + margin[0]), int(y + margin[1]), int(x + margin[2])
