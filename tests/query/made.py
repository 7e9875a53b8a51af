"""Datasets of a few connections, made from their rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from graphkit.build import BuildOptions, build_into
from graphkit.dataset import Dataset
from graphkit.writer import DatasetWriter

__all__ = ["LONG", "Triples", "made"]

LONG = 720575940621039145

Triples = list[tuple[int, int, int]]


def made(folder: Path, triples: Triples, types: dict[int, str] | None = None, kind: str = "chemical") -> Dataset:
    """A dataset of these (pre, post, synapses); a gap junction is there one way."""
    ids = sorted({i for pre, post, _ in triples for i in (pre, post)})
    neurons = pa.table(
        {"neuron_id": pa.array(ids, pa.int64()), "type": pa.array([(types or {}).get(i) for i in ids], pa.string())}
    )
    pre, post, synapses = zip(*triples, strict=True)
    connections = pa.table(
        {
            "pre_id": pa.array(pre, pa.int64()),
            "post_id": pa.array(post, pa.int64()),
            "region_id": pa.array([None] * len(pre), pa.int16()),
            "kind": [kind] * len(pre),
            "synapses": pa.array(synapses, pa.int64()),
        }
    )
    with DatasetWriter(folder, create=True, name="made") as writer:
        writer.add("neurons", neurons)
        writer.add("connections", connections)
        record = build_into(writer, BuildOptions())
        return writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)
