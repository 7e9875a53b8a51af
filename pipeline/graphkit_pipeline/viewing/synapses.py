"""A dataset's synapses as a Neuroglancer annotation source: a line from pre to post, linked to its two segments.

The files of the precomputed annotation format are made when they are asked for; nothing is written. The spatial index
follows the format's rule: at each level, from coarse to fine, at most about ``_LIMIT`` random annotations a cell that no
coarser level has, so that a million synapses draw as an even sample that fills in as one comes nearer. A line is listed
in the cells of both of its ends. Coordinates are (x, y, z) nm.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit_pipeline.viewing.tables import read_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SynapseSource", "open_synapses"]

_LIMIT = 4096
_MAX_LEVELS = 12
_AXES = ("x", "y", "z")
_COLUMNS = (
    "synapse_id",
    "pre_id",
    "post_id",
    *(f"{side}_{axis}_nm" for side in ("pre", "post") for axis in _AXES),
    "size",
    "score",
    "pre_segment_id",
    "post_segment_id",
)


@dataclass(frozen=True)
class _Level:
    grid: tuple[int, int, int]
    cell_nm: tuple[float, float, float]
    codes: np.ndarray  # of the listed rows, ascending
    rows: np.ndarray


class SynapseSource:
    """Synapses to draw: ``ids`` [n], ``segments`` [n, 2] (pre, post; 0 = none), ``ends_nm`` [n, 2, 3] (pre, post; x, y, z).

    ``properties`` are float columns by name, [n] each, NaN where not known.
    """

    def __init__(
        self, ids: np.ndarray, segments: np.ndarray, ends_nm: np.ndarray, properties: dict[str, np.ndarray]
    ) -> None:
        self.ids, self.segments, self.ends_nm, self.properties = ids, segments, ends_nm, properties
        self._lower = ends_nm.min(axis=(0, 1)).astype(np.float64)
        self._upper = ends_nm.max(axis=(0, 1)).astype(np.float64) + 1.0
        self._by_id = np.argsort(ids, kind="stable")
        self._by_segment = [np.argsort(segments[:, side], kind="stable") for side in (0, 1)]
        self._levels = self._make_levels()
        fields: list[Any] = [("ends", "<f4", 6), *((name, "<f4") for name in properties)]
        self._records = np.empty(len(ids), dtype=fields)
        self._records["ends"] = ends_nm.reshape(-1, 6)
        for name, values in properties.items():
            self._records[name] = values

    def __len__(self) -> int:
        return len(self.ids)

    def centre_nm(self) -> np.ndarray:
        """(x, y, z) nm, the middle of the synapses' bounds."""
        return np.asarray((self._lower + self._upper) / 2)

    def extent_nm(self) -> np.ndarray:
        """(x, y, z) nm, the size of the synapses' bounds."""
        return np.asarray(self._upper - self._lower)

    def find(self, key: str) -> bytes | None:
        """The file ``key``: ``info``, ``by_id/ID``, ``pre/SEGMENT``, ``post/SEGMENT`` or ``LEVEL/X_Y_Z``."""
        if key == "info":
            return json.dumps(self._info()).encode()
        folder, _, name = key.partition("/")
        try:
            numbers = [int(part) for part in name.split("_")]
            if folder == "by_id":
                return self._one(*numbers)
            if folder in ("pre", "post"):
                side = ("pre", "post").index(folder)
                order = self._by_segment[side]
                return self._many(order[_run(self.segments[order, side], *numbers)])
            level = self._levels[int(folder)]
            x, y, z = numbers
        except (ValueError, TypeError, IndexError):
            return None
        if not all(0 <= index < count for index, count in zip((x, y, z), level.grid, strict=True)):
            return None
        code = (z * level.grid[1] + y) * level.grid[0] + x
        return self._many(level.rows[_run(level.codes, code)])

    def _one(self, synapse_id: int) -> bytes | None:
        rows = self._by_id[_run(self.ids[self._by_id], synapse_id)]
        if len(rows) == 0:
            return None
        links = b"".join(
            (np.uint32(segment != 0).tobytes() + (segment.astype("<u8").tobytes() if segment else b""))
            for segment in self.segments[rows[0]]
        )
        return bytes(self._records[rows[0]].tobytes() + links)

    def _many(self, rows: np.ndarray) -> bytes:
        count = np.uint64(len(rows)).tobytes()
        return bytes(count + self._records[rows].tobytes() + self.ids[rows].astype("<u8").tobytes())

    def _info(self) -> dict[str, Any]:
        return {
            "@type": "neuroglancer_annotations_v1",
            "dimensions": {axis: [1e-9, "m"] for axis in _AXES},
            "lower_bound": self._lower.tolist(),
            "upper_bound": self._upper.tolist(),
            "annotation_type": "LINE",
            "properties": [{"id": name, "type": "float32"} for name in self.properties],
            "relationships": [{"id": "presynaptic", "key": "pre"}, {"id": "postsynaptic", "key": "post"}],
            "by_id": {"key": "by_id"},
            "spatial": [
                {"key": str(i), "grid_shape": level.grid, "chunk_size": level.cell_nm, "limit": _LIMIT}
                for i, level in enumerate(self._levels)
            ],
        }

    def _make_levels(self) -> list[_Level]:
        chance = np.random.default_rng(0)
        cell, grid = self.extent_nm(), np.ones(3, dtype=np.int64)
        left = np.arange(len(self))
        levels: list[_Level] = []
        while True:
            _, codes = self._cells(left, cell, grid)
            most = int(np.unique(codes, return_counts=True)[1].max())
            last = most <= _LIMIT or len(levels) + 1 == _MAX_LEVELS
            kept = left if last else left[chance.random(len(left)) < _LIMIT / most]
            rows, codes = self._cells(kept, cell, grid)
            order = np.argsort(codes, kind="stable")
            levels.append(_Level(_triple(grid), _triple(cell), codes[order], rows[order]))
            if last:
                return levels
            left = np.setdiff1d(left, kept, assume_unique=True)
            halved = cell > cell.max() / np.sqrt(2)  # cells stay about as wide as deep
            cell, grid = np.where(halved, cell / 2, cell), np.where(halved, grid * 2, grid)

    def _cells(self, rows: np.ndarray, cell: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and the codes of the cells that they lie in; a row twice where its ends lie in different cells."""
        places = np.minimum(((self.ends_nm[rows] - self._lower) / cell).astype(np.int64), grid - 1)
        codes = (places[..., 2] * grid[1] + places[..., 1]) * grid[0] + places[..., 0]
        apart = codes[:, 0] != codes[:, 1]
        return np.concatenate([rows, rows[apart]]), np.concatenate([codes[:, 0], codes[apart, 1]])


def open_synapses(dataset: Path) -> tuple[SynapseSource | None, int]:
    """The synapses of ``dataset`` that have a place (None if there are none), and how many have none and are not drawn.

    One whose place is known at one end only is drawn as a point there.
    """
    table = read_table(dataset, "synapses", _COLUMNS)
    if table is None or table.num_rows == 0:
        return None, 0
    ends = np.stack([np.stack([_floats(table, f"{s}_{a}_nm") for a in _AXES], axis=1) for s in ("pre", "post")], axis=1)
    known = ~np.isnan(ends).any(axis=2)
    ends[:, 0] = np.where(known[:, :1], ends[:, 0], ends[:, 1])
    ends[:, 1] = np.where(known[:, 1:], ends[:, 1], ends[:, 0])
    placed = known.any(axis=1)
    if not placed.any():
        return None, table.num_rows
    segments = np.stack([_segments(table, side) for side in ("pre", "post")], axis=1)
    properties = {name: _floats(table, name) for name in ("score", "size")}
    source = SynapseSource(
        table["synapse_id"].to_numpy()[placed],
        segments[placed],
        ends[placed],
        {name: values[placed] for name, values in properties.items() if not np.isnan(values[placed]).all()},
    )
    return source, int((~placed).sum())


def _segments(table: pa.Table, side: str) -> np.ndarray:
    """The segment at that end, else the neuron; 0 where neither is known. int64 all the way."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pa.scalar(0, pa.int64())
    columns = [table[name] for name in (f"{side}_segment_id", f"{side}_id") if name in table.column_names]
    return np.asarray(pc.coalesce(*columns, nothing).to_numpy())


def _floats(table: pa.Table, name: str) -> np.ndarray:
    import pyarrow as pa

    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(table[name].cast(pa.float64()).to_numpy())


def _run(ascending: np.ndarray, value: int) -> slice:
    """Where ``value`` stands in an ascending array."""
    return slice(int(np.searchsorted(ascending, value, "left")), int(np.searchsorted(ascending, value, "right")))


def _triple(values: np.ndarray) -> Any:
    x, y, z = values.tolist()
    return x, y, z
