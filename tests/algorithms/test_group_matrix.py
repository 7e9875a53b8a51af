"""Connections by group, against sums over a networkx graph."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.algorithms.group_matrix import INSECT_SIGNS, group_matrix, signs_of
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import both
from tests.strategies import EdgeList, edge_lists


@st.composite
def _grouped(draw: st.DrawFn) -> tuple[EdgeList, list[int], list[int]]:
    edges = draw(edge_lists())
    n = len(edges.ids)
    return (
        edges,
        draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n)),
        draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=n, max_size=n)),
    )


@given(_grouped(), st.booleans())
def test_sums_over_all_connections(asked: tuple[EdgeList, list[int], list[int]], signed: bool) -> None:
    edges, groups, signs = asked
    graph, oracle = both(edges)
    group = dict(zip(sorted(edges.ids), groups, strict=True))
    sign = dict(zip(sorted(edges.ids), signs, strict=True))
    rows: dict[tuple[int, int], list] = defaultdict(lambda: [set(), set(), 0, 0])
    inputs = defaultdict(int)
    for a, b, synapses in oracle.edges(data="weight"):
        inputs[group[b]] += synapses
        if group[a] >= 0 and group[b] >= 0:
            row = rows[group[a], group[b]]
            row[0].add(a)
            row[1].add(b)
            row[2] += 1
            row[3] += synapses * (sign[a] if signed else 1)
    found = group_matrix(graph, np.array(groups, dtype=np.int64), signs=signs if signed else None)
    columns = (found.pre, found.post, found.pre_neurons, found.post_neurons, found.connections, found.synapses)
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == [
        (*pair, len(r[0]), len(r[1]), *r[2:]) for pair, r in sorted(rows.items())
    ]
    for k in range(len(found.sizes)):
        assert found.sizes[k] == groups.count(k)
        assert found.inputs[k] == inputs[k]
    for (a, b), row in rows.items():
        assert found.dense("synapses")[a, b] == pytest.approx(row[3])
        assert found.dense("mean")[a, b] == pytest.approx(row[3] / groups.count(b))
        assert found.dense("input fraction")[a, b] == pytest.approx(row[3] / inputs[b])


def test_more_pairs_of_groups_than_there_is_room_for_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphkit.algorithms.group_matrix._ROOM", 1000)
    n = 300
    pre, post = np.divmod(np.arange(n * n), n)
    graph = Graph.from_edges(pre, post)
    found = group_matrix(graph, np.arange(n))
    assert len(found.pre) == n * n  # every neuron a group of its own: the matrix is the graph's
    assert found.dense("input fraction").sum(axis=0).tolist() == pytest.approx([1.0] * n)


def test_signs() -> None:
    assert signs_of(["ACETYLCHOLINE", "glutamate", "octopamine", None]).tolist() == [1, -1, 0, 0]
    assert signs_of(["glutamate"], {**INSECT_SIGNS, "glutamate": 1}).tolist() == [1]


def test_what_makes_no_sense_is_refused() -> None:
    graph = Graph.from_edges([1], [2])
    for wrong in (
        lambda: group_matrix(graph, [0]),
        lambda: group_matrix(graph, [0.0, 1.0]),
        lambda: group_matrix(graph, [0, -2]),
        lambda: group_matrix(graph, [0, 1], signs=[2, 0]),
        lambda: group_matrix(graph, [0, 1], signs=[1]),
        lambda: group_matrix(graph, [0, 1]).figure("median"),  # type: ignore[arg-type]
        lambda: signs_of(["gaba"], {"gaba": -2}),
    ):
        with pytest.raises(GraphError):
            wrong()
