"""Fragments become segments: tables by hand, the volume voxel by voxel."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.agglomeration.joined import (
    LinkSettings,
    segments_of_fragments,
    segments_of_volume,
    spread,
    write_joined,
)
from graphkit_pipeline.agglomeration.linkage import JOINS
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.volume import create_volume, open_volume
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from graphkit.errors import GraphkitError
from graphkit.schema import TABLES


def fragments() -> pa.Table:
    """Four fragments of 50, 60, 10 and 200 voxels, one after another along x."""
    columns = {"segment_id": [1, 2, 3, 4], "voxels": [50, 60, 10, 200]}
    for axis in "zy":
        columns |= {f"min_{axis}_nm": [0] * 4, f"max_{axis}_nm": [16] * 4}
    columns |= {"min_x_nm": [0, 100, 200, 300], "max_x_nm": [100, 200, 300, 400]}
    schema = TABLES["segments"].schema
    return pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def joins(*rows: tuple[int, int, float]) -> pa.Table:
    score = [s for *_, s in rows]
    level = np.minimum.accumulate(score).tolist() if rows else []
    return pa.table([[a for a, *_ in rows], [b for _, b, _ in rows], score, level, [9] * len(rows)], schema=JOINS)


def test_the_tables() -> None:
    segments, mapping = segments_of_fragments(fragments(), joins((2, 4, 0.9), (1, 3, 0.2)), LinkSettings(0.5, 55))
    assert mapping.to_pydict() == {"fragment_id": [1, 2, 3, 4], "segment_id": [0, 1, 0, 1]}
    assert segments["segment_id"].to_pylist() == [1]
    assert segments["voxels"].to_pylist() == [260]
    assert segments["min_x_nm"].to_pylist() == [100]
    assert segments["max_x_nm"].to_pylist() == [400]
    lower, mapping = segments_of_fragments(fragments(), joins((2, 4, 0.9), (1, 3, 0.2)), LinkSettings(0.1, 1))
    assert mapping["segment_id"].to_pylist() == [1, 2, 1, 2]
    assert lower["voxels"].to_pylist() == [60, 260]
    assert lower["max_x_nm"].to_pylist() == [300, 400]
    assert lower["min_x_nm"].to_pylist() == [0, 100]


def test_the_volume(tmp_path: Path) -> None:
    bounds, size = Box((0, 0, 0), (64, 64, 128)), (16.0, 16.0, 16.0)
    given = np.random.default_rng(1).integers(0, 5, bounds.shape)
    source = create_volume(tmp_path / "fragments", bounds, np.uint64, size, chunk=(64, 64, 64), kind="segmentation")
    output = create_volume(tmp_path / "segments", bounds, np.uint64, size, chunk=(64, 64, 64), kind="segmentation")
    source.write(bounds, given)
    _, mapping = segments_of_fragments(fragments(), joins((2, 4, 0.9)), LinkSettings(0.5, 55))
    write_joined(source, mapping, output, make_blocks(bounds, (64, 64, 64)))
    expected = np.select([given == 2, given == 4], [1, 1], 0)
    np.testing.assert_array_equal(open_volume(tmp_path / "segments").read(bounds), expected)
    with pytest.raises(GraphkitError, match="fragment 4 is not in the table"):
        write_joined(source, mapping.slice(0, 3), output, make_blocks(bounds, (64, 64, 64)))


def test_segments_grow_to_the_nearest_in_blocks_as_in_one_piece(tmp_path: Path) -> None:
    """Against the distances to every labelled voxel; and the table against the volume."""
    shape, size = (8, 8, 128), (20.0, 10.0, 10.0)
    bounds, random = Box((0, 0, 0), shape), np.random.default_rng(2)
    given = np.where(random.random(shape) < 0.02, random.integers(1, 5, shape), 0)
    volumes = [
        create_volume(tmp_path / name, bounds, np.uint64, size, chunk=(8, 8, 64), kind="segmentation")
        for name in ("fragments", "segments", "whole")
    ]
    volumes[0].write(bounds, given)
    mapping = segments_of_fragments(fragments(), joins((2, 4, 0.9)), LinkSettings(0.5, 20))[1]
    blocks = make_blocks(bounds, (8, 8, 64))
    write_joined(volumes[0], mapping, volumes[1], blocks, grow_nm=25.0)
    write_joined(volumes[0], mapping, volumes[2], make_blocks(bounds, shape), grow_nm=25.0)
    found = np.asarray(volumes[1].read(bounds)).astype(np.int64)
    np.testing.assert_array_equal(found, volumes[2].read(bounds))
    joined = np.select([given == 1, (given == 2) | (given == 4)], [1, 2], 0)
    labelled = np.argwhere(joined)
    places = np.argwhere(joined == 0)
    far = np.linalg.norm((places[:, None] - labelled[None]) * size, axis=2)
    grew = found[tuple(places.T)]
    np.testing.assert_array_equal(grew > 0, far.min(axis=1) <= 25.0)
    nearest = far <= far.min(axis=1, keepdims=True) + 1e-9
    assert (nearest & (joined[tuple(labelled.T)] == grew[:, None])).any(axis=1)[grew > 0].all()
    np.testing.assert_array_equal(found[joined > 0], joined[joined > 0])
    table = segments_of_volume(volumes[1], blocks).to_pydict()
    assert table["segment_id"] == [1, 2]
    assert table["voxels"] == [np.count_nonzero(found == i) for i in (1, 2)]
    for i, axis in enumerate("zyx"):
        at = [np.flatnonzero((found == k).any(axis=tuple({0, 1, 2} - {i}))) for k in (1, 2)]
        assert table[f"min_{axis}_nm"] == [a[0] * size[i] for a in at]
        assert table[f"max_{axis}_nm"] == [(a[-1] + 1) * size[i] for a in at]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"threshold": 0.0}, "link threshold is 0.0"),
        ({"threshold": 1.5}, "link threshold is 1.5"),
        ({"min_segment_voxels": 0}, "link min_segment_voxels is 0"),
        ({"votes": -1}, "link votes is -1"),
        ({"grow_nm": float("inf")}, "link grow_nm is inf"),
    ],
)
def test_wrong_settings(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(GraphkitError, match=said):
        LinkSettings(**wrong)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.int64, (3, 4, 5), elements=st.sampled_from([0, 0, 0, 7, 2**53 + 1])),
    arrays(np.int64, (3, 4, 5), elements=st.sampled_from([0, 1, 1, 2])),
)
def test_segments_spread_to_what_is_nearest_within_a_filled_one(labels: np.ndarray, filled: np.ndarray) -> None:
    """Against shortest paths on the graph of faces between voxels of one filled segment."""
    graph = nx.Graph()
    graph.add_nodes_from(np.ndindex(labels.shape))
    for a in np.ndindex(labels.shape):
        for axis in range(3):
            b = tuple(v + (i == axis) for i, v in enumerate(a))
            if b[axis] < labels.shape[axis] and filled[a] == filled[b] != 0:
                graph.add_edge(a, b)
    found = spread(labels, filled)
    for a in np.ndindex(labels.shape):
        if labels[a]:
            assert found[a] == labels[a]
            continue
        steps = {b: n for b, n in nx.single_source_shortest_path_length(graph, a).items() if labels[b]}
        nearest = {labels[b] for b, n in steps.items() if n == min(steps.values())}
        assert found[a] in (nearest or {0})
