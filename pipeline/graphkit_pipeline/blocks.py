"""Boxes of voxels, and the blocks that a large volume is worked through in.

    bounds ├────────────────────────────────────────────┤
    cores  ├───── 0 ─────┼───── 1 ─────┼───── 2 ─────┼─3─┤     tile the bounds: no gap, no overlap
    box 1             ├──┼─────────────┼──┤                    its core and a halo, clipped to the bounds

Coordinates are global voxels in the order [z, y, x]; ``stop`` is exclusive, as in a slice. A block is computed on its
box, so that what stands in its core has seen the halo around it, and neighbours can be joined where boxes overlap.

Invariants: every voxel of the bounds lies in exactly one core; a core lies in its box, a box in the bounds; blocks come in
the order z, y, x of their cores, and ``index`` counts them in this order.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphkit.errors import GraphkitError

__all__ = ["Block", "Box", "make_blocks"]

_Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """Voxels from ``start`` up to and without ``stop``, both [z, y, x]."""

    start: _Triple
    stop: _Triple

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _triple(self.start, "a box's start"))
        object.__setattr__(self, "stop", _triple(self.stop, "a box's stop"))
        if any(b < a for a, b in zip(self.start, self.stop, strict=True)):
            raise GraphkitError(
                f"A box must not stop before it starts: start {self.start}, stop {self.stop} [z, y, x]."
            )

    def __str__(self) -> str:
        ranges = zip("zyx", self.start, self.stop, strict=True)
        return ", ".join(f"{axis} {a}..{b}" for axis, a, b in ranges)

    @classmethod
    def of_shape(cls, shape: Sequence[int], start: Sequence[int] = (0, 0, 0)) -> Box:
        """The box of ``shape`` that begins at ``start``."""
        begin, size = _triple(start, "a box's start"), _triple(shape, "a box's shape")
        return cls(begin, (begin[0] + size[0], begin[1] + size[1], begin[2] + size[2]))

    @property
    def shape(self) -> _Triple:
        """Voxels along z, y and x."""
        return (self.stop[0] - self.start[0], self.stop[1] - self.start[1], self.stop[2] - self.start[2])

    @property
    def voxels(self) -> int:
        """How many voxels it holds; 0 for an empty box."""
        z, y, x = self.shape
        return z * y * x

    def slices(self, origin: Sequence[int] = (0, 0, 0)) -> tuple[slice, slice, slice]:
        """Where it lies in an array whose first voxel is ``origin``.

        >>> Box((10, 0, 0), (12, 4, 4)).slices(origin=(8, 0, 0))
        (slice(2, 4, None), slice(0, 4, None), slice(0, 4, None))

        Raises GraphkitError where it begins before the origin: a negative slice would count from the array's end.
        """
        if any(a < o for a, o in zip(self.start, origin, strict=True)):
            raise GraphkitError(f"The box {self} begins before the array's first voxel {tuple(origin)} [z, y, x].")
        z, y, x = (slice(a - o, b - o) for a, b, o in zip(self.start, self.stop, origin, strict=True))
        return z, y, x

    def intersection(self, other: Box) -> Box:
        """The voxels in both; an empty box (``voxels == 0``) where they do not meet."""
        start = tuple(max(a, b) for a, b in zip(self.start, other.start, strict=True))
        stop = tuple(max(s, min(a, b)) for s, a, b in zip(start, self.stop, other.stop, strict=True))
        return Box(start, stop)  # type: ignore[arg-type]  # three axes in, three axes out

    def grown(self, halo: int | Sequence[int], within: Box | None = None) -> Box:
        """With ``halo`` voxels more on every side, clipped to ``within``."""
        margin = _triple(halo, "a halo")
        if min(margin) < 0:
            raise GraphkitError(f"A halo must be 0 or more voxels, not {margin} [z, y, x].")
        start = tuple(a - h for a, h in zip(self.start, margin, strict=True))
        stop = tuple(b + h for b, h in zip(self.stop, margin, strict=True))
        grown = Box(start, stop)  # type: ignore[arg-type]
        return grown if within is None else grown.intersection(within)

    def widened(self, least: int | Sequence[int], within: Box) -> Box:
        """At least ``least`` voxels wide along each axis, or as wide as ``within`` is: it ends later, and else begins earlier."""
        ends = []
        for a, b, n, low, high in zip(
            self.start, self.stop, _triple(least, "the least width of a box"), within.start, within.stop, strict=True
        ):
            last = min(high, max(b, a + n))
            ends.append((max(low, min(a, last - n)), last))
        (z0, z1), (y0, y1), (x0, x1) = ends
        return Box((z0, y0, x0), (z1, y1, x1))

    def contains(self, point: Sequence[float]) -> bool:
        """Whether the voxel (or place in voxels) [z, y, x] lies in it."""
        return all(a <= p < b for a, p, b in zip(self.start, point, self.stop, strict=True))

    def covers(self, other: Box) -> bool:
        """Whether every voxel of ``other`` lies in it; an empty box lies in any."""
        return other.voxels == 0 or self.intersection(other) == other


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of the work: ``core`` is what it answers for, ``box`` what it sees."""

    index: int
    core: Box
    box: Box

    @property
    def name(self) -> str:
        """``z0-64_y64-128_x0-64``, from the core: the stem of its files."""
        ranges = zip("zyx", self.core.start, self.core.stop, strict=True)
        return "_".join(f"{axis}{a}-{b}" for axis, a, b in ranges)


def make_blocks(
    bounds: Box, size: int | Sequence[int], halo: int | Sequence[int] = 0, *, least: int | Sequence[int] = 1
) -> tuple[Block, ...]:
    """Blocks whose cores tile ``bounds`` from its start in steps of ``size``, in the order z, y, x.

    The last block along an axis is as short as what is left. A ``size`` that is a multiple of a volume's chunk gives cores
    that can be written to it. What a short one sees, its box, is at least ``least`` voxels wide where the bounds are: a network
    needs its field of view.

    >>> [block.core.shape for block in make_blocks(Box((0, 0, 0), (4, 4, 6)), 4, halo=1)]
    [(4, 4, 4), (4, 4, 2)]

    Raises GraphkitError for a size below 1, a negative halo or empty bounds.
    """
    steps, margin = _triple(size, "a block's size"), _triple(halo, "a halo")
    if min(steps) < 1:
        raise GraphkitError(f"A block's size must be 1 or more voxels along each axis, not {steps} [z, y, x].")
    if bounds.voxels == 0:
        raise GraphkitError(f"There is nothing to cut into blocks: the bounds ({bounds}) hold no voxel.")
    axes = [range(a, b, step) for a, b, step in zip(bounds.start, bounds.stop, steps, strict=True)]
    blocks = []
    for index, start in enumerate(itertools.product(*axes)):
        core = Box.of_shape(steps, start).intersection(bounds)
        blocks.append(Block(index, core, core.grown(margin, within=bounds).widened(least, bounds)))
    return tuple(blocks)


def _triple(value: int | Sequence[int], what: str) -> _Triple:
    """Three plain ints; a single number counts for all axes."""
    try:
        z, y, x = (operator.index(v) for v in (value if isinstance(value, Iterable) else (value,) * 3))
    except (TypeError, ValueError):
        raise GraphkitError(f"Expected three whole numbers [z, y, x] for {what}, not {value!r}.") from None
    return z, y, x
