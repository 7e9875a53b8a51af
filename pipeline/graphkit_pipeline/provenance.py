"""How the segments were made: from what the fills of the blocks say, joined as the segments are.

Columns of ``segments`` beyond those of every dataset; a segment that several fills were joined to has

    fills             how many they were
    seed_x_nm, ...    the middle of the voxel that the largest of them began from (the largest: with the most voxels in its core)
    pass              in which pass the largest was made, from 1
    moves             calls of the network, of all of them
    mean_probability  of the voxels when they were filled, weighted by the voxels in the blocks' cores
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["Made", "added", "of_block"]


@dataclass(frozen=True, slots=True)
class Made:
    """How the segments 1 .. n of a block were made."""

    seeds: NDArray[np.int64]  # [n, 3], global [z, y, x]
    moves: NDArray[np.int64]
    probability: NDArray[np.float32]
    passes: NDArray[np.int16]


def of_block(arrays: Mapping[str, NDArray[Any]]) -> Made | None:
    """What a block says of its segments; None where it says nothing."""
    names = ("seeds", "moves", "probability", "passes")
    return Made(*(arrays[name] for name in names)) if all(name in arrays for name in names) else None


def added(
    segments: pa.Table,
    ids: Sequence[NDArray[np.int64]],
    voxels: Sequence[NDArray[np.int64]],
    made: Sequence[Made | None],
    voxel_size_nm: Sequence[float],
) -> pa.Table:
    """The table ``segments`` with these columns; as it is where a block does not say how its segments were made.

    For each block ``ids`` [n + 1] are the final ids of its local ids 0 .. n (0: none), and ``voxels`` [n + 1] those in its core.
    """
    import pyarrow as pa

    known = [m for m in made if m is not None]
    if not known or len(known) < len(made):
        return segments
    final, size = (np.concatenate([x[1:] for x in many]) for many in (ids, voxels))
    # local ids beyond the largest in the labels cannot be; fills that others overwrote do not exist
    seeds = np.concatenate([m.seeds[: len(i) - 1] for m, i in zip(known, ids, strict=True)]).reshape(-1, 3)
    moves, probability, passes = (
        np.concatenate([getattr(m, name)[: len(i) - 1] for m, i in zip(known, ids, strict=True)])
        for name in ("moves", "probability", "passes")
    )
    kept = final > 0
    final, size, seeds, moves, probability, passes = (x[kept] for x in (final, size, seeds, moves, probability, passes))
    row = final - 1
    n = len(segments)
    order = np.lexsort((np.arange(len(row)), -size, row))  # the largest fill of each segment first
    largest = order[np.unique(row[order], return_index=True)[1]]
    weight = np.bincount(row, size, minlength=n)
    mean = np.bincount(row, size * probability.astype(np.float64), minlength=n) / np.maximum(weight, 1)
    columns: dict[str, Any] = {"fills": np.bincount(row, minlength=n).astype(np.int32)}
    for at, axis in ((2, "x"), (1, "y"), (0, "z")):
        columns[f"seed_{axis}_nm"] = np.floor((seeds[largest, at] + 0.5) * voxel_size_nm[at]).astype(np.int32)
    total = np.zeros(n, np.int64)
    np.add.at(total, row, moves)
    columns |= {"pass": passes[largest], "moves": total, "mean_probability": mean.astype(np.float32)}
    for name, values in columns.items():
        segments = segments.append_column(name, pa.array(values))
    return segments
