"""Which segments to show at first, and what the viewer's list says of each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from graphkit_pipeline.viewing.tables import read_table

__all__ = ["SegmentList", "open_segment_list", "segments_to_show"]

_SHOWN = 16
_LISTED = 300_000  # the list is one JSON file; more than this the browser does not take well


class SegmentList:
    """A Neuroglancer segment property source: ``ids`` [n], and columns of text or of numbers, [n] each."""

    def __init__(
        self, ids: np.ndarray, voxels: np.ndarray, text: dict[str, list[str]], numbers: dict[str, np.ndarray]
    ) -> None:
        self.ids, self.voxels, self._text, self._numbers = ids, voxels, text, numbers

    @property
    def left_out(self) -> int:
        """How many of the smallest are not listed, for the browser's sake."""
        return max(0, len(self.ids) - _LISTED)

    def find(self, key: str) -> bytes | None:
        """The one file that the format has, ``info``."""
        return json.dumps(self._info()).encode() if key == "info" else None

    def _info(self) -> dict[str, Any]:
        order = np.argsort(-self.voxels, kind="stable")[:_LISTED]
        properties: list[dict[str, Any]] = []
        for name, values in self._text.items():
            properties.append(
                {"id": name, "type": "label" if name == "name" else "string", "values": [values[i] for i in order]}
            )
        for name, column in self._numbers.items():
            data_type = "uint32" if column.max(initial=0) < 2**32 else "float32"
            properties.append({"id": name, "type": "number", "data_type": data_type, "values": column[order].tolist()})
        ids = [str(i) for i in self.ids[order].tolist()]
        return {"@type": "neuroglancer_segment_properties", "inline": {"ids": ids, "properties": properties}}


def open_segment_list(dataset: Path) -> SegmentList | None:
    """The segments of ``dataset`` (where it has none, its neurons), with their neuron's name, type, inputs and outputs."""
    neurons = read_table(dataset, "neurons", ("neuron_id", "name", "type", "inputs", "outputs"))
    segments = read_table(dataset, "segments", ("segment_id", "voxels"))
    mapping = read_table(dataset, "segment_to_neuron", ("segment_id", "neuron_id"))
    neuron_ids = neurons["neuron_id"].to_numpy() if neurons is not None else np.zeros(0, dtype=np.int64)
    if segments is not None and segments.num_rows:
        ids, voxels = segments["segment_id"].to_numpy(), segments["voxels"].to_numpy()
    elif len(neuron_ids):
        ids, voxels = neuron_ids, np.zeros(len(neuron_ids), dtype=np.int64)
    else:
        return None
    owner = ids
    if mapping is not None and mapping.num_rows:
        owner = _look_up(ids, mapping["segment_id"].to_numpy(), mapping["neuron_id"].to_numpy())
    rows = _look_up(owner, neuron_ids, np.arange(len(neuron_ids)))
    text: dict[str, list[str]] = {}
    numbers: dict[str, np.ndarray] = {}
    if voxels.any():
        numbers["voxels"] = voxels
    if neurons is not None:
        for name in ("name", "type"):
            values = neurons[name].to_pylist()
            if any(values):
                text[name] = [(values[row] or "") if row >= 0 else "" for row in rows.tolist()]
        for name in ("inputs", "outputs"):
            counts = np.append(neurons[name].to_numpy(), 0)  # row -1, no neuron, finds the 0 at the end
            numbers[name] = counts[rows]
    return SegmentList(ids, voxels, text, numbers)


def segments_to_show(folder: Path, info: dict[str, Any], known: SegmentList | None) -> list[int]:
    """The largest segments of the precomputed segmentation in ``folder`` that have a mesh or a skeleton; [] if none has.

    "Largest" is by the dataset's count of voxels where there is one, else by the size of the files.
    """
    sizes: dict[int, int] = {}
    for part in ("mesh", "skeletons"):
        name = info.get(part)
        if name and not sizes:
            sizes = _drawn_ids(folder / name)
    if known is not None and known.voxels.any():
        voxels = dict(zip(known.ids.tolist(), known.voxels.tolist(), strict=True))
        # Shards cannot be listed: there the table alone says which segments there are.
        sizes = {i: voxels.get(i, 0) for i in sizes} if sizes else (voxels if info.get("mesh") else {})
    return sorted(sizes, key=lambda i: (-sizes[i], i))[:_SHOWN]


def _drawn_ids(folder: Path) -> dict[int, int]:
    """Bytes of the files of each id: ``ID``, ``ID:0``, ``ID:0:BOX``, ``ID.index``, each perhaps packed."""
    sizes: dict[int, int] = {}
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                head = entry.name.partition(":")[0].partition(".")[0]
                if head.isdigit() and ".shard" not in entry.name:
                    sizes[int(head)] = sizes.get(int(head), 0) + entry.stat().st_size
    return sizes


def _look_up(wanted: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``values`` of the ``keys`` that are ``wanted``; -1 where there is no such key."""
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    return np.where(keys[order][at] == wanted, values[order][at], -1)
