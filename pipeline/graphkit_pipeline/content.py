"""What tells a volume from another wherever it lies: a run notices that its image was replaced, and not that it was moved.

    {"dtype": "uint8", "voxels": [[0, 0, 0], [96, 96, 96]], "voxel_size_nm": [16.0, 16.0, 16.0],
     "samples": {"47,12,30": "5f0c...", "20,31,8": null, ...}, "key": "9a1e..."}

Of ``SAMPLES`` places, spread over the part that is asked for, a plane of up to 64 x 64 voxels is read: a few chunks, however
large the volume is. A change that touches none of them is not seen. A sample that cannot be read is null, and agrees with any: a
damaged chunk may be mended. ``key`` stands for the content in the settings of jobs, and stays while the samples agree.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.volume import Volume

__all__ = ["SAMPLES", "Content", "content_of", "content_of_file", "difference", "kept"]

Content = dict[str, Any]

SAMPLES = 12
_PLANE = (1, 64, 64)
_STEP = 1.2207440846057596  # the root of x^4 = x + 1: its powers spread points evenly over a cube


def content_of(volume: Volume, part: Box | None = None) -> Content:
    """The content of a part of a volume, of all of it where none is named."""
    box = volume.bounds if part is None else part
    samples = {}
    for number in range(SAMPLES):
        start, stop = [], []
        for axis, (low, high, size) in enumerate(zip(box.start, box.stop, _PLANE, strict=True), start=1):
            room = max(0, high - low - size)
            start.append(low + int((0.5 + number / _STEP**axis) % 1 * (room + 1)))
            stop.append(min(start[-1] + size, high))
        samples[",".join(map(str, start))] = _sample(volume, Box((*start,), (*stop,)))  # type: ignore[arg-type]
    said = {
        "dtype": str(volume.dtype),
        "voxels": [list(box.start), list(box.stop)],
        "voxel_size_nm": list(volume.voxel_size_nm),
        "samples": samples,
    }
    return _keyed(said)


def content_of_file(path: str | Path) -> Content:
    """The content of a file, all of it. Raises GraphkitError where it cannot be read."""
    try:
        return _keyed({"sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()})
    except OSError as error:
        raise GraphkitError(f"{path} cannot be read: {error.strerror or error}.") from None


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """In words, how the content differs; None where it is the same as far as was looked."""
    for name, what in (("dtype", "type"), ("voxels", "voxels"), ("voxel_size_nm", "voxel size")):
        if before.get(name) != now.get(name):
            return f"its {what} was {json.dumps(before.get(name))} and is {json.dumps(now.get(name))}"
    if before.get("sha256") != now.get("sha256"):
        return "the file's content is another one"
    old, new = before.get("samples", {}), now.get("samples", {})
    both = [place for place in old if old[place] is not None and new.get(place) is not None]
    other = [place for place in both if old[place] != new[place]]
    if not other:
        return None
    first = ", ".join(other[0].split(","))
    return f"{len(other)} of {len(both)} samples of its voxels are others, the first at [{first}] [z, y, x]"


def kept(before: Mapping[str, Any], now: Mapping[str, Any]) -> Content:
    """What is known of a content that did not change: the key of before, and each sample that was read once."""
    if "samples" not in now:
        return dict(before)
    samples = {place: now["samples"][place] or before["samples"].get(place) for place in now["samples"]}
    return {**now, "samples": samples, "key": before["key"]}


def _keyed(said: Content) -> Content:
    text = json.dumps(said, sort_keys=True)
    return {**said, "key": hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}


def _sample(volume: Volume, box: Box) -> str | None:
    try:
        values = volume.read(box)
    except GraphkitError:  # a chunk that is damaged or missing: whoever needs it says so
        return None
    return hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=8).hexdigest()
