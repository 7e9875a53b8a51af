"""Where fills begin, where they may not go, and how often a volume is filled: settings, each default written here once.

    [segment.seeds]                    # where fills begin
    source = "membrane"
    volume = "membrane.zarr"

    [segment.mask]                     # nothing outside the tissue
    location = "tissue.zarr"

    [[segment.passes]]                 # large objects on the image at half the resolution
    network = "coarse.keras"
    downsample = [2, 2, 2]
    [[segment.passes]]                 # then, around them, with what [segment] says
    [[segment.passes]]                 # then what is still empty
    fill = { min_segment_voxels = 100 }

A pass fills what the passes before it left empty. What it does not say it has from [segment]. Places are global voxels [z, y, x].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from graphkit.errors import GraphkitError, did_you_mean
from graphkit_pipeline.ffn.settings import FillPolicy

__all__ = ["FillPass", "MaskSettings", "SeedPolicy", "check_consensus", "check_passes"]

Triple = tuple[int, int, int]

_NEEDS = {"points": ("points", "file"), "membrane": ("volume",), "probability": ("volume",)}
_HINTS = {
    "points": 'Give points = [[z, y, x], ...] in voxels, or file = "seeds.csv" with the columns z, y and x.',
    "membrane": "Name a volume of membrane (boundary) probabilities, of the image's voxels or of coarser ones.",
    "probability": "Name a volume of probabilities to lie within an object, of the image's voxels or of coarser ones.",
}


@dataclass(frozen=True, slots=True)
class SeedPolicy:
    """Where fills begin, and in which order they are tried.

    ``source``     "peaks": farthest from the image's edges, as in the reference; "grid": every ``step`` voxels; "points": those
                   of ``points`` and of the ``file``; "membrane": farthest from where the ``volume`` is at least ``threshold``;
                   "probability": the local maxima of the volume, where it is at least ``threshold``
    ``order``      "position": ascending z, y, x; "reverse": descending; "strongest": the farthest from edges, or most
                   probable, first; "random"; "given": points as they are listed. Where it is not said: points as given,
                   others by position
    ``threshold``  a probability; of a volume of bytes 255 is 1

    Peaks, membranes and probabilities take the spacing and the noise of the fill's settings.
    """

    source: Literal["peaks", "grid", "points", "membrane", "probability"] = "peaks"
    order: Literal["position", "reverse", "strongest", "random", "given"] | None = None
    step: Triple = (16, 16, 16)
    points: tuple[Triple, ...] = ()
    file: str | None = None
    volume: str | None = None
    dataset: str | None = None
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.source not in ("peaks", "grid", "points", "membrane", "probability"):
            raise GraphkitError(
                f"seeds.source is {self.source!r}; expected peaks, grid, points, membrane or probability."
            )
        if self.order not in (None, "position", "reverse", "strongest", "random", "given"):
            raise GraphkitError(
                f"seeds.order is {self.order!r}; expected position, reverse, strongest, random or given."
            )
        needs = _NEEDS.get(self.source, ())
        if needs and not any(getattr(self, name) for name in needs):
            raise GraphkitError(f'seeds.source = "{self.source}" needs {" or ".join(needs)}.', hint=_HINTS[self.source])
        for name in ("points", "file", "volume"):
            if getattr(self, name) and name not in needs:
                raise GraphkitError(
                    f'seeds.{name} is given, and seeds.source = "{self.source}" makes no use of it.',
                    hint="Take it out, or choose the source that does: "
                    + ", ".join(f'"{kind}"' for kind, used in _NEEDS.items() if name in used)
                    + ".",
                )
        if self.order == "given" and self.source != "points":
            raise GraphkitError('seeds.order = "given" is for points only.', hint='Choose "position" or "random".')
        if self.order == "strongest" and self.source in ("grid", "points"):
            raise GraphkitError(
                f'seeds.order = "strongest" needs seeds with a strength; those of "{self.source}" have none.',
                hint='Choose another order, or the source "peaks", "membrane" or "probability".',
            )
        if any(isinstance(v, bool) or not isinstance(v, int) or v < 1 for v in self.step) or len(self.step) != 3:
            raise GraphkitError(f"seeds.step must be three whole numbers of 1 or more [z, y, x], not {self.step!r}.")
        if any(len(p) != 3 for p in self.points):
            raise GraphkitError(f"seeds.points must be places [z, y, x] in voxels, not {self.points!r}.")
        if not (math.isfinite(self.threshold) and 0 < self.threshold <= 1):
            raise GraphkitError(
                f"seeds.threshold must be a probability above 0 and up to 1, not {self.threshold!r}.",
                hint="Of a volume of bytes 255 is 1: for grey value 128 give 0.5.",
            )

    def in_order(self, order: str) -> SeedPolicy:
        """The same places, tried in another order. Raises GraphkitError where they have none such."""
        return replace(self, order=cast(Any, order))


@dataclass(frozen=True, slots=True)
class MaskSettings:
    """Where there is tissue: a volume of the image's voxels or of coarser ones, which covers the image.

    ``tissue`` says which voxels of it are tissue. Elsewhere no fill begins or moves to, and nothing is labelled.
    """

    location: str
    dataset: str | None = None
    voxel_size_nm: tuple[float, float, float] | None = None
    offset: Triple | None = None
    tissue: Literal["nonzero", "zero"] = "nonzero"


@dataclass(frozen=True, slots=True)
class FillPass:
    """One pass over a block, into what the passes before it left empty.

    ``network``, ``fill`` and ``seeds`` are those of [segment] where not given. ``downsample``: the image is averaged over so many
    voxels along z, y and x first, and the network is one for voxels of that size. ``leaves``: "segments", which stay; or "seeds":
    only the places where they began, from which the next pass begins first.
    """

    network: str | None = None
    fill: FillPolicy | None = None
    seeds: SeedPolicy | None = None
    downsample: Triple = (1, 1, 1)
    leaves: Literal["segments", "seeds"] = "segments"

    def __post_init__(self) -> None:
        if len(self.downsample) != 3 or any(
            isinstance(v, bool) or not isinstance(v, int) or v < 1 for v in self.downsample
        ):
            raise GraphkitError(
                f"passes.downsample must be three whole numbers of 1 or more [z, y, x], not {self.downsample!r}."
            )
        if self.leaves not in ("segments", "seeds"):
            raise GraphkitError(f'passes.leaves must be "segments" or "seeds", not {self.leaves!r}.')


def check_passes(passes: tuple[FillPass, ...]) -> None:
    """Raises GraphkitError for passes that cannot follow each other."""
    if passes and passes[-1].leaves == "seeds":
        raise GraphkitError(
            'The last of segment.passes leaves "seeds", and no pass comes after it to begin from them.',
            hint='Say leaves = "segments", or add a pass.',
        )


def check_consensus(orders: Sequence[str], seeds: Sequence[SeedPolicy]) -> None:
    """Raises GraphkitError for orders of a consensus that say nothing new, or that the seeds do not have."""
    known = ("position", "reverse", "strongest", "random", "given")
    if unknown := [order for order in orders if order not in known]:
        raise GraphkitError(
            f"segment.consensus has {unknown[0]!r}; expected {', '.join(known)}: orders of the seeds.",
            hint=did_you_mean(str(unknown[0]), known),
        )
    if len(set(orders)) < len(orders):
        raise GraphkitError(f"segment.consensus is {list(orders)}: the same order twice makes the same fill twice.")
    for one in seeds:
        for order in orders:
            if one.in_order(order).order == (one.order or ("given" if one.source == "points" else "position")):
                raise GraphkitError(
                    f'segment.consensus has "{order}", in which the seeds are tried anyway.',
                    hint='Choose another: "reverse" is the one that differs most.',
                )
