"""A Graph against plain dictionaries of the raw edges."""

from __future__ import annotations

import importlib
import pickle
import sys
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.edges import csr_of_edges
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.strategies import EdgeList, edge_lists

BIG = 720575940621039145


def graph_of(edges: EdgeList) -> Graph:
    return Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids)


def pairs_of(graph: Graph) -> dict[tuple[int, int], int]:
    pre, post, synapses = (column.tolist() for column in graph.edges())
    return dict(zip(zip(pre, post, strict=True), synapses, strict=True))


def check_structure(graph: Graph) -> None:
    """The invariants in the module's text, and that both directions hold the same edges."""
    n = len(graph)
    assert (np.diff(graph.ids.astype(object)) > 0).all()
    assert (graph.synapses > 0).all()
    sides = []
    for indptr, indices, synapses in (
        (graph.indptr, graph.indices, graph.synapses),
        (graph.in_indptr, graph.in_indices, graph.in_synapses),
    ):
        assert indptr[0] == 0
        assert indptr[-1] == len(indices) == len(synapses)
        rows = [indices[indptr[row] : indptr[row + 1]].tolist() for row in range(n)]
        assert all(row == sorted(set(row)) for row in rows)
        ends = [(row, other) for row in range(n) for other in rows[row]]
        sides.append(dict(zip(ends, synapses.tolist(), strict=True)))
    assert sides[0] == {(post, pre): count for (pre, post), count in sides[1].items()}
    arrays = [graph.ids, graph.indptr, graph.indices, graph.synapses, graph.in_indptr, graph.in_indices]
    assert not any(array.flags.writeable for array in (*arrays, graph.in_synapses, *graph.attributes.values()))


@given(edge_lists())
def test_holds_the_summed_edges_and_all_neurons(edges: EdgeList) -> None:
    graph = graph_of(edges)
    check_structure(graph)
    assert pairs_of(graph) == edges.summed()
    assert graph.ids.tolist() == sorted(edges.ids)
    assert (graph.n_neurons, graph.n_connections) == (len(edges.ids), len(edges.summed()))
    assert graph.n_synapses == sum(edges.synapses)


@given(edge_lists(), st.randoms(use_true_random=False))
def test_order_of_the_rows_does_not_matter(edges: EdgeList, random: object) -> None:
    rows = list(range(len(edges.pre)))
    random.shuffle(rows)  # type: ignore[attr-defined]
    shuffled = EdgeList(*([column[row] for row in rows] for column in edges[:3]), edges.ids[::-1])
    assert graph_of(shuffled).equals(graph_of(edges))


@given(edge_lists())
def test_questions_about_one_neuron(edges: EdgeList) -> None:
    graph, pairs = graph_of(edges), edges.summed()
    for a in edges.ids:
        assert graph.successors(a).tolist() == sorted(post for pre, post in pairs if pre == a)
        assert graph.predecessors(a).tolist() == sorted(pre for pre, post in pairs if post == a)
        for b in edges.ids:
            assert graph.synapses_of(a, b) == pairs.get((a, b), 0)
            assert graph.has_edge(a, b) == ((a, b) in pairs)
    assert graph.ids[graph.index_of(edges.ids)].tolist() == edges.ids


@given(edge_lists(), st.data())
def test_subgraph(edges: EdgeList, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(edges.ids)) if edges.ids else st.just([]))
    part = graph_of(edges).subgraph(chosen)
    check_structure(part)
    assert part.ids.tolist() == sorted(set(chosen))
    assert pairs_of(part) == {(a, b): k for (a, b), k in edges.summed().items() if a in chosen and b in chosen}


@given(edge_lists(), st.integers(1, 2**40))
def test_filters_and_reversal(edges: EdgeList, least: int) -> None:
    graph, pairs = graph_of(edges), edges.summed()
    for changed, expected in (
        (graph.at_least(least), {ends: k for ends, k in pairs.items() if k >= least}),
        (graph.without_autapses(), {(a, b): k for (a, b), k in pairs.items() if a != b}),
        (graph.reversed(), {(b, a): k for (a, b), k in pairs.items()}),
    ):
        check_structure(changed)
        assert pairs_of(changed) == expected
        assert changed.ids.tolist() == sorted(edges.ids)
    assert graph.reversed().reversed().equals(graph)
    without = Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids, autapses=False)
    assert without.equals(graph.without_autapses())


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("least", [2, 9, 30, 97, 100, 101])
def test_at_least_of_many_edges_and_of_few(least: int, loaded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of few by a compiled loop, where compiled loops are loaded, and by NumPy."""
    if loaded:
        importlib.import_module("graphkit.compiled")
    else:
        monkeypatch.delitem(sys.modules, "graphkit.compiled", raising=False)
    rng = np.random.default_rng(least)
    pairs = {(a, b): n for a, b, n in zip(*rng.integers(1, [[40], [40], [101]], (3, 3000)).tolist(), strict=True)}
    pre, post = zip(*pairs, strict=True)
    graph = Graph.from_edges(pre, post, list(pairs.values()), ids=range(50)).at_least(least)
    check_structure(graph)
    assert pairs_of(graph) == {ends: n for ends, n in pairs.items() if n >= least}


def test_more_edges_than_the_short_ways_take() -> None:
    """Ids far apart and a few thousand edges: the sorts that pack keys, and those that cannot."""
    rng = np.random.default_rng(5)
    for ids in (rng.integers(-(2**63), 2**63 - 1, 300), rng.integers(BIG, BIG + 10**7, 300), np.arange(300)):
        pre, post = rng.choice(ids, 5000), rng.choice(ids, 5000)
        synapses = rng.integers(1, 100, 5000)
        edges = EdgeList(pre.tolist(), post.tolist(), synapses.tolist(), ids.tolist())
        graph = Graph.from_edges(pre, post, synapses, ids=ids)
        check_structure(graph)
        assert pairs_of(graph) == edges.summed()
        assert Graph.from_edges(*graph.edges(), ids=ids).equals(graph)


@pytest.mark.parametrize(
    "column",
    [
        np.array([BIG, 5], dtype=np.uint64),
        pa.array([BIG, 5]),
        pa.chunked_array([[BIG], [5]]),
        (BIG, 5),
        np.array([BIG, 5], dtype=object),
        np.array([BIG, 0, 5, 0])[::2],
    ],
    ids=["uint64", "arrow", "chunked", "tuple", "objects", "strided"],
)
def test_takes_every_kind_of_integer_column(column: object) -> None:
    assert pairs_of(Graph.from_edges(column, column)) == {(BIG, BIG): 1, (5, 5): 1}


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array([1.0, 2.0]), "pre_ids must be integers, but its type is float64 (it begins with 1.0)."),
        ([True, False], "pre_ids must be integers, but its type is bool (it begins with True)."),
        (np.array([2**63, 1], dtype=np.uint64), "pre_ids holds 9223372036854775808, which does not fit"),
        ([-1, 2**63], "pre_ids holds 9223372036854775808 in row 1, which does not fit"),
        ([1, None], "pre_ids must be integers, but row 1 holds None."),
        ([1, "2"], "pre_ids must be integers, but row 1 holds '2'."),
        ([1, 2.5], "pre_ids must be integers, but row 1 holds 2.5."),
        (np.array(["1", "2"]), "pre_ids must be integers, but its type is <U1"),
        (pa.array([1, None]), "pre_ids has 1 nulls"),
        ([[1, 2]], "pre_ids must be one-dimensional"),
        ([1, 2, 3], "pre_ids has 3 rows and post_ids 2"),
    ],
)
def test_refuses_what_is_not_made_of_ids(column: object, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        Graph.from_edges(column, [1, 2])
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"synapses": [1, 0]}, "The edge in row 1 has 0 synapses; expected at least 1."),
        ({"synapses": [1]}, "synapses has 1 rows, but there are 2 edges."),
        ({"synapses": [2**62, 2**62]}, "The synapses add up to 2**62 or more"),
        ({"attributes": {"type": ["a", "b"]}}, "attributes were given without ids"),
        ({"ids": [1, 2], "attributes": {"type": ["a"]}}, "The attribute 'type' has the shape (1,), but there are 2"),
        ({"ids": [1, 3], "attributes": {"type": ["a", "b"]}}, "Neuron 2 is in the edges but not in ids (1 such)"),
        ({"ids": [1, 2, 2], "attributes": {"type": list("abc")}}, "Neuron 2 stands more than once in ids"),
        ({"ids": [1, 2], "attributes": {"type": ["a", 5]}}, "The attribute 'type' holds values of the types int, str"),
    ],
)
def test_refuses_what_does_not_fit_together(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(GraphError) as caught:
        Graph.from_edges([1, 2], [2, 1], **arguments)  # type: ignore[arg-type]
    assert caught.value.message.startswith(message)


def test_an_unknown_id_is_named() -> None:
    graph = Graph.from_edges([1], [BIG])
    with pytest.raises(GraphError, match=f"Neuron {BIG + 1} is not in the graph of 2 neurons, nor are 1 others"):
        graph.index_of([1, BIG + 1, 7])
    with pytest.raises(GraphError, match="Neuron 0 is not in the graph"):
        graph.successors(0)
    with pytest.raises(GraphError, match="Neuron 3 is not in the graph of 0 neurons"):
        Graph.from_edges([], []).subgraph([3])


def test_attributes_follow_their_neurons_and_cannot_be_changed() -> None:
    graph = Graph.from_edges([1], [2], ids=[2, 9, 1], attributes={"type": ["b", None, "a"], "size": [20, 90, 10]})
    assert graph.attributes["type"].tolist() == ["a", "b", None]
    assert graph.subgraph([9, 1]).attributes["size"].tolist() == [10, 90]
    with pytest.raises(TypeError):
        graph.attributes["type"] = graph.ids  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        graph.attributes["type"][0] = "c"


def test_arrays_of_a_file_are_not_copied(tmp_path: object) -> None:
    source = Graph.from_edges([1, 2], [2, 1], [3, 4])
    names = ("ids", "indptr", "indices", "synapses", "in_indptr", "in_indices", "in_synapses")
    mapped = []
    for name in names:
        np.save(tmp_path / f"{name}.npy", getattr(source, name))  # type: ignore[operator]
        mapped.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))  # type: ignore[operator]
    graph = Graph(*mapped)
    assert graph.equals(source)
    assert all(np.shares_memory(getattr(graph, name), array) for name, array in zip(names, mapped, strict=True))


def test_the_callers_arrays_stay_his_own() -> None:
    pre, post, synapses, ids = (np.array(column) for column in ([1, 2], [2, 3], [5, 6], [1, 2, 3]))
    types = np.array(["a", "b", "c"], dtype=object)
    graph = Graph.from_edges(pre, post, synapses, ids=ids, attributes={"type": types})
    for array in (pre, post, synapses, ids, types):
        array[:] = array[0]
    assert pairs_of(graph) == {(1, 2): 5, (2, 3): 6}
    assert graph.ids.tolist() == [1, 2, 3]
    assert graph.attributes["type"].tolist() == ["a", "b", "c"]


def test_repr_pickle_and_equality() -> None:
    graph = Graph.from_edges([1, 1], [2, 3], [1000, 1], ids=[1, 2, 3], attributes={"f": [1.5, np.nan, 0.0]})
    assert repr(graph) == "Graph(3 neurons, 2 connections, 1,001 synapses)"
    assert repr(graph.at_least(5)) == "Graph(3 neurons, 1 connection, 1,000 synapses)"
    assert pickle.loads(pickle.dumps(graph)).equals(graph)
    assert not graph.equals(graph.at_least(5))
    assert not graph.equals(Graph.from_edges([1, 1], [2, 3], [1000, 1]))
    assert graph.nbytes == 8 * (3 + 2 * 4 + 2 * 2 + 3) + 4 * 2 * 2


@pytest.mark.soak
def test_columns_that_are_handed_over_make_room() -> None:
    """Of 8 M edges some five columns are ever there at a time, three to begin with and the graph's own in the end."""
    key = np.sort(np.random.default_rng(0).integers(0, 3000**2, 8_000_000))
    tracemalloc.start()
    try:
        columns = [key // 3000 + BIG, key % 3000 + BIG, np.ones(len(key), dtype=np.int64)]
        tracemalloc.reset_peak()
        made = csr_of_edges(columns, ids=None, attributes=None, autapses=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert columns == []
    assert made[3].sum() == 8_000_000
    assert peak < 5.5 * key.nbytes
