"""Joining by decisions against networkx, and skeletons of neurons against a plain walk."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from graphkit_pipeline.agglomeration.neurons import neurons_of_segments, of_neurons
from graphkit_pipeline.agglomeration.thresholds import thresholds
from graphkit_pipeline.evaluation.overlap import count_overlap
from graphkit_pipeline.evaluation.segmentation import score_overlap
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphkitError
from graphkit.schema import TABLES

IDS = [3, 5, 8, 2**53 + 1, 2**53 + 2, 720575940621039145]


def segments() -> pa.Table:
    return pa.table({"segment_id": pa.array(IDS[::-1], pa.int64()), "voxels": pa.array(range(6), pa.int64())})


def decisions(rows: list[tuple[int, int, float]]) -> pa.Table:
    a, b, score = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "segment_a": pa.array(a, pa.int64()),
            "segment_b": pa.array(b, pa.int64()),
            "score": pa.array(score, pa.float64()),
            "deleted": pa.array([0.05] * len(rows), pa.float64()),
        }
    )


ROWS = st.lists(
    st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from([0.0, 0.5, 0.8, 1.0])), max_size=8
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from([0.4, 0.5, 0.8, 1.0]))
def test_neurons_are_the_components(rows: list[tuple[int, int, float]], threshold: float) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(IDS)
    graph.add_edges_from((a, b) for a, b, score in rows if score >= threshold)
    expected = {i: min(part) for part in nx.connected_components(graph) for i in part}
    found = neurons_of_segments(segments(), decisions(rows), threshold)
    assert found.schema == TABLES["segment_to_neuron"].schema
    assert found["segment_id"].to_pylist() == IDS[::-1]
    assert dict(zip(*(c.to_pylist() for c in found.columns), strict=True)) == expected
    none, one = thresholds(segments(), decisions(rows), [threshold])
    assert (none.threshold, none.joins, none.neurons, none.score) == (None, 0, len(IDS), None)
    joins = sum(s >= threshold for *_, s in rows)
    assert (one.threshold, one.joins, one.neurons) == (threshold, joins, len(set(expected.values())))


def test_without_decisions_each_segment_is_its_own() -> None:
    found = neurons_of_segments(segments(), None, 0.8)
    assert found["segment_id"].to_pylist() == found["neuron_id"].to_pylist() == IDS[::-1]
    empty = segments().slice(0, 0)
    assert len(neurons_of_segments(empty, decisions([]), 0.8)) == 0


def test_fills_that_gave_up_much_do_not_count() -> None:
    rows = decisions([(3, 5, 0.9)])
    assert neurons_of_segments(segments(), rows, 0.8, 0.05)["neuron_id"].to_pylist()[-2:] == [3, 3]
    assert neurons_of_segments(segments(), rows, 0.8, 0.04)["neuron_id"].to_pylist()[-2:] == [5, 3]


def test_what_cannot_be_joined() -> None:
    with pytest.raises(GraphkitError, match="above 0"):
        neurons_of_segments(segments(), decisions([]), 0.0)
    with pytest.raises(GraphkitError, match="segment 4, which"):
        neurons_of_segments(segments(), decisions([(3, 4, 0.9)]), 0.8)


def test_accuracy_at_a_threshold() -> None:
    """A neuron in two segments, and half of another joined with them or not."""
    found = np.repeat(np.array([0, 3, 5, 8], np.int64), [10, 40, 40, 10]).reshape(1, 1, -1)
    true = np.repeat(np.array([7, 1, 2], np.int64), [10, 80, 10]).reshape(1, 1, -1)
    overlap = count_overlap([(found, true)])
    rows = decisions([(3, 5, 0.9), (5, 8, 0.4)])
    for row in thresholds(segments(), rows, [0.3, 0.8, 0.95], overlap):
        at = row.threshold or 1.0
        joined = np.where((found == 5) & (at <= 0.9), 3, np.where((found == 8) & (at <= 0.4), 3, found))
        assert row.score == score_overlap(count_overlap([(joined, true)]))


def chain(segment: int, nodes: list[int], x: int) -> list[dict[str, object]]:
    return [
        {"neuron_id": segment, "node": n, "parent": p, "x_nm": x + n, "y_nm": 0, "z_nm": 0, "radius_nm": float(n)}
        for p, n in zip([-1, *nodes], nodes, strict=False)
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=4, unique=True), min_size=1, max_size=5), ROWS)
def test_skeletons_of_neurons(nodes: list[list[int]], rows: list[tuple[int, int, float]]) -> None:
    given_rows = [row for i, some in enumerate(nodes) for row in chain(IDS[i], some, 100 * i)]
    schema = pa.schema([f for f in TABLES["skeletons"].schema if f.name != "compartment"])
    table = pa.Table.from_pylist(given_rows, schema=schema)
    mapping = neurons_of_segments(segments(), decisions(rows), 0.5)
    owner = dict(zip(*(c.to_pylist() for c in mapping.columns), strict=True))
    found = of_neurons(table, mapping)
    assert found.schema == schema
    listed = found.to_pylist()
    for neuron in {r["neuron_id"] for r in listed}:
        mine = [r["node"] for r in listed if r["neuron_id"] == neuron]
        assert mine == list(range(len(mine)))

    def edges(rows: list[dict[str, object]], of: dict[int, int]) -> set[tuple[object, ...]]:
        place = {(r["neuron_id"], r["node"]): r["x_nm"] for r in rows}
        return {
            (of[int(str(r["neuron_id"]))], r["x_nm"], r["radius_nm"], place.get((r["neuron_id"], r["parent"])))
            for r in rows
        }

    assert edges(listed, {i: i for i in IDS}) == edges(given_rows, owner)
    np.testing.assert_array_equal(len(listed), len(given_rows))
