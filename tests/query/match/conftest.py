"""Small datasets in which every trap of a pattern occurs."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from graphkit.build import BuildOptions, build_into
from graphkit.dataset import Dataset
from graphkit.writer import DatasetWriter
from tests.conftest import LONG, MadeOnce

IDS = (1, 2, 2**53 + 1, LONG, LONG + 1, 2**63 - 2, 2**63 - 1, 40)


def make_knot(folder: Path, seed: int) -> Dataset:
    """Seven neurons that connect in every way, and an isolated one: autapses, reciprocal pairs, gap junctions, huge ids,
    nulls, regions within regions, transmitters by synapse."""
    rng = random.Random(seed)
    neurons = pa.table(
        {
            "neuron_id": pa.array(IDS, pa.int64()),
            "type": ["A", "A", "B", "B", None, "C", "A", "C"],
            "side": ["left", "right", "left", None, "left", "right", "left", "right"],
            "mass": [1.5, 2.5, None, 2.5, 0.0, -1.0, 7.0, 1.0],
            "size": pa.array([3, 1, 3, None, 2, 5, 2**62, 1], pa.int64()),
        }
    )
    regions = pa.table(
        {
            "region_id": pa.array([1, 2, 3, 4], pa.int16()),
            "name": ["CX", "EB", "FB", "PB"],
            "parent_id": pa.array([None, 1, 1, None], pa.int16()),
        }
    )
    rows: list[tuple[int, int, int, str | None, str]] = []
    for pre in IDS[:7]:
        for post in IDS[:7]:
            nt = {region: rng.choice(["gaba", "acetylcholine", None]) for region in range(5)}  # a connection has one
            for region in rng.choices([2, 2, 3, 1, 4, 0], k=rng.choice([0, 0, 0, 1, 2, 4])):
                rows.append((pre, post, region, nt[region], "chemical"))
            if pre <= post and rng.random() < 0.3:
                rows += [(pre, post, 2, None, "electrical")] * rng.randint(1, 3)
    names = ("pre_id", "post_id", "region_id", "nt", "kind")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    synapses = pa.table(
        {
            "synapse_id": pa.array(range(len(rows)), pa.int64()),
            **{n: pa.array(columns[n], pa.int64()) for n in names[:2]},
            "region_id": pa.array(columns["region_id"], pa.int16()),
            "nt": pa.array(columns["nt"], pa.string()),
            "kind": columns["kind"],
        }
    )
    with DatasetWriter(folder, create=True, name="knot") as writer:
        for name, table in (("neurons", neurons), ("regions", regions), ("synapses", synapses)):
            writer.add(name, table)
        record = build_into(writer, BuildOptions())
        return writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)


@pytest.fixture(scope="session", params=[1, 2])
def knot(made_once: MadeOnce, request: pytest.FixtureRequest) -> Dataset:
    return made_once(f"knot{request.param}", lambda folder: make_knot(folder, request.param))
