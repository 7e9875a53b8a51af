"""Round trips through other packages and through files; foreign graphs built from raw edges."""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.exporters.edge_list import left_out
from graphkit.graph import Graph
from graphkit.importers.graph_files import read_edge_list, read_graphml
from tests.strategies import EdgeList, attribute_columns, edge_lists

BIG = 720575940621039145
WHOLE = (".graphml", ".graphml.gz", ".json", ".json.gz", ".npz")
EDGES_ONLY = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    edges: EdgeList = draw(edge_lists(max_neurons=6, max_edges=12))
    columns = draw(attribute_columns(len(edges.ids)))
    return Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids, attributes=columns)


@given(graphs().filter(len))  # without neurons there are no values to tell a column's type from
def test_round_trips_through_other_packages(graph: Graph) -> None:
    assert Graph.from_igraph(graph.to_igraph()).equals(graph)
    assert Graph.from_scipy(graph.to_scipy(), ids=graph.ids, attributes=graph.attributes).equals(graph)
    assert Graph.from_pandas(*graph.to_pandas()).equals(graph)
    back = Graph.from_networkx(graph.to_networkx())
    held = {name for name, column in graph.attributes.items() if any(value is not None for value in column.tolist())}
    assert set(back.attributes) == held  # node data has no place for a column without values
    assert back.equals(Graph(*graph._arrays(), {name: graph.attributes[name] for name in held}))


@settings(max_examples=40)
@given(graphs())
def test_round_trips_through_files(graph: Graph) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for suffix in WHOLE + EDGES_ONLY:
            path = Path(folder) / f"brain{suffix}"
            graph.save(path)
            back = Graph.load(path)
            assert [p.name for p in Path(folder).iterdir()] == [path.name]
            path.unlink()
            if suffix in WHOLE:
                assert back.equals(graph), suffix
            else:
                ends = np.unique(np.concatenate(graph.edges()[:2]))
                expected = graph.subgraph(ends)
                assert back.equals(Graph(*expected._arrays())), suffix
                assert bool(left_out(graph)) == (len(ends) < len(graph) or len(graph.attributes) > 0)


def test_a_column_that_is_all_nan_stays_a_column_of_floats() -> None:
    graph = Graph.from_edges([5], [7], [1], ids=[5, 7], attributes={"cable_length_nm": [np.nan, np.nan]})
    for back in (Graph.from_networkx(graph.to_networkx()), Graph.from_igraph(graph.to_igraph())):
        assert back.attributes["cable_length_nm"].dtype == np.float64
        assert np.isnan(back.attributes["cable_length_nm"]).all()


def raw() -> tuple[list[int], list[int], list[int]]:
    return [BIG, 5, 5], [5, 5, -7], [3, 2, 1]


def test_networkx_gets_the_raw_edges() -> None:
    expected = nx.DiGraph()
    expected.add_node(9, type="x")
    for pre, post, count in zip(*raw(), strict=True):
        expected.add_edge(pre, post, synapses=count)
    types = ["x", None, None, None]
    graph = Graph.from_edges(*raw(), ids=[9, BIG, 5, -7], attributes={"type": types})
    assert nx.utils.graphs_equal(graph.to_networkx(), expected)
    assert Graph.from_networkx(expected).equals(graph)


def test_networkx_undirected_weighted_and_parallel() -> None:
    undirected = nx.Graph()
    undirected.add_edge(1, 2, weight=4)
    undirected.add_edge(3, 3, weight=5)
    graph = Graph.from_networkx(undirected, weight="weight")
    assert [column.tolist() for column in graph.edges()] == [[1, 2, 3], [2, 1, 3], [4, 4, 5]]
    assert Graph.from_networkx(nx.MultiDiGraph([(1, 2), (1, 2)])).synapses_of(1, 2) == 2
    with pytest.raises(GraphError, match="has no attribute 'strength'"):
        Graph.from_networkx(undirected, weight="strength")


@pytest.mark.parametrize("node", ["AVAL", 1.0, True, (1, 2)])
def test_networkx_nodes_that_are_no_ids_are_named(node: object) -> None:
    with pytest.raises(GraphError, match="is not an integer") as caught:
        Graph.from_networkx(nx.DiGraph([(3, node)]))
    assert repr(node) in caught.value.message
    assert "convert_node_labels_to_integers" in str(caught.value.hint)


@pytest.mark.parametrize("count", [1.5, 0, -1, None, "2"])
def test_networkx_counts_are_positive_integers(count: object) -> None:
    graph = nx.DiGraph()
    graph.add_edge(1, 2, synapses=count)
    with pytest.raises(GraphError, match="synapses"):
        Graph.from_networkx(graph)


def test_igraph_vertices_carry_ids_as_text_and_as_integers() -> None:
    made = Graph.from_edges(*raw()).to_igraph()
    assert made.is_directed()
    assert made.vs["neuron_id"] == [-7, 5, BIG]
    assert made.vs["name"] == ["-7", "5", str(BIG)]
    named = {(made.vs[e.source]["neuron_id"], made.vs[e.target]["neuron_id"]): e["synapses"] for e in made.es}
    assert named == {(BIG, 5): 3, (5, 5): 2, (5, -7): 1}


def test_igraph_of_others() -> None:
    other = igraph.Graph(n=3, edges=[(0, 1), (1, 1)], directed=False)
    assert [c.tolist() for c in Graph.from_igraph(other).edges()] == [[0, 1, 1], [1, 0, 1], [1, 1, 1]]
    other.vs["name"] = ["AVAL", "AVAR", "PVCL"]
    with pytest.raises(GraphError, match="'name' holds 'AVAL'"):
        Graph.from_igraph(other)
    other.vs["root"] = [1, 2, 2]
    with pytest.raises(GraphError, match="two vertices the same id"):
        Graph.from_igraph(other, ids="root")


def test_scipy_matrix() -> None:
    dense = np.array([[0, 2], [3, 1]])
    graph = Graph.from_scipy(sp.csc_array(dense), ids=[BIG, 5])
    assert (graph.synapses_of(BIG, 5), graph.synapses_of(5, BIG), graph.synapses_of(5, 5)) == (2, 3, 1)
    assert graph.to_scipy().toarray().tolist() == [[1, 3], [2, 0]]
    free = graph.to_scipy()
    free.data[:] = 0
    assert graph.n_synapses == 6
    for wrong, message in (
        (sp.csr_array(dense * 1.0), "holds float64"),
        (sp.csr_array(np.ones((2, 3), dtype=int)), r"shape \(2, 3\)"),
        (sp.csr_array(-dense), "synapses; expected at least 1"),
    ):
        with pytest.raises(GraphError, match=message):
            Graph.from_scipy(wrong)


def test_a_saved_npz_is_a_scipy_matrix_and_the_other_way(tmp_path: Path) -> None:
    graph = Graph.from_edges([0, 1, 2], [1, 2, 2], [5, 6, 7])
    graph.save(tmp_path / "a.npz")
    assert (sp.load_npz(tmp_path / "a.npz") != graph.to_scipy()).nnz == 0
    sp.save_npz(tmp_path / "b.npz", sp.csr_matrix(np.array([[0, 5, 0], [0, 0, 6], [0, 0, 7]])))
    assert Graph.load(tmp_path / "b.npz").equals(graph)


def test_pandas_nullable_columns() -> None:
    frame = pd.DataFrame({"pre_id": [BIG, 5], "post_id": [5, 6], "synapses": [1, 2]}).astype("Int64")
    neurons = pd.DataFrame({"neuron_id": [BIG, 5, 6], "type": pd.Series(["a", None, "b"], dtype="string")})
    graph = Graph.from_pandas(frame, neurons)
    assert graph.attributes["type"].tolist() == [None, "b", "a"]
    frame.loc[0, "pre_id"] = pd.NA
    with pytest.raises(GraphError, match="row 0 holds <NA>"):
        Graph.from_pandas(frame)
    with pytest.raises(GraphError, match="no column 'synapses'; its columns: pre_id, post_id"):
        Graph.from_pandas(frame[["pre_id", "post_id"]])


def test_graphml_written_is_read_by_networkx(tmp_path: Path) -> None:
    graph = Graph.from_edges(*raw(), ids=[BIG, 5, -7, 9], attributes={"type": ["a<&>\"'", None, "é", ""]})
    graph.save(tmp_path / "a.graphml")
    read = nx.read_graphml(tmp_path / "a.graphml", node_type=int)
    assert dict(read.nodes(data="type")) == {BIG: "a<&>\"'", 5: None, -7: "é", 9: ""}
    assert {(a, b): k for a, b, k in read.edges(data="synapses")} == {(BIG, 5): 3, (5, 5): 2, (5, -7): 1}


def test_graphml_of_networkx_and_igraph_is_read(tmp_path: Path) -> None:
    theirs = nx.DiGraph()
    theirs.add_node(BIG, type="ER4d", soma=1.5)
    theirs.add_edge(BIG, 5, weight=3)
    nx.write_graphml(theirs, tmp_path / "nx.graphml")
    graph = read_graphml(tmp_path / "nx.graphml", weight="weight")
    assert [column.tolist() for column in graph.edges()] == [[BIG], [5], [3]]
    assert graph.attributes["type"].tolist() == [None, "ER4d"]
    made = igraph.Graph(n=2, edges=[(0, 1)], directed=True)
    made.vs["name"] = [str(BIG), "5"]
    made.write_graphml(str(tmp_path / "ig.graphml"))
    assert Graph.load(tmp_path / "ig.graphml").has_edge(BIG, 5)
    del made.vs["name"]
    made.vs["root"] = [BIG, 5]  # igraph writes numbers as doubles
    made.write_graphml(str(tmp_path / "lost.graphml"))
    with pytest.raises(GraphError, match="lost digits"):
        read_graphml(tmp_path / "lost.graphml", ids="root")
    with pytest.raises(GraphError, match="has no integer id"):
        read_graphml(tmp_path / "lost.graphml")


GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{}</graphml>'


def test_graphml_defaults_and_directions(tmp_path: Path) -> None:
    path = tmp_path / "a.graphml"
    path.write_text(
        GRAPHML.format(
            '<key id="t" for="node" attr.name="type" attr.type="string"><default>none</default></key>'
            '<key id="s" for="edge" attr.name="synapses" attr.type="double"/>'
            '<graph edgedefault="undirected"><node id="1"><data key="t">x</data></node><node id="2"/>'
            '<edge source="1" target="2"><data key="s">4.0</data></edge>'
            '<edge source="2" target="2"/><edge directed="true" source="1" target="2"/></graph>'
        )
    )
    graph = Graph.load(path)
    assert [column.tolist() for column in graph.edges()] == [[1, 2, 2], [2, 1, 2], [5, 4, 1]]
    assert graph.attributes["type"].tolist() == ["x", "none"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<svg/>", "is XML, but not GraphML: it begins with <svg>"),
        (GRAPHML.format(""), "holds no graph"),
        (GRAPHML.format("<graph/><graph/>"), "several graphs"),
        (
            GRAPHML.format('<graph><node id="1"/><edge source="1" target="2"/></graph>'),
            "'1' -> '2' has the end '2', which is no node",
        ),
        (GRAPHML.format('<graph><node id="1"/><node id="1"/></graph>'), "'1' stands twice"),
        (GRAPHML.format('<graph><node id="9223372036854775808"/></graph>'), "below 2\\*\\*63"),
        (GRAPHML.format('<graph><node id="1"><data key="d"/></node></graph>'), "does not declare"),
        (GRAPHML.format("<graph><hyperedge/></graph>"), "hyperedge"),
        ("<graphml><graph><node id='1'/>", "cannot be read as a .graphml file: no element found"),
        ("", "cannot be read as a .graphml file"),
    ],
)
def test_graphml_that_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.graphml").write_text(content)
    with pytest.raises(GraphError, match=message) as caught:
        Graph.load(tmp_path / "a.graphml")
    assert "a.graphml" in caught.value.message


def test_xml_cannot_carry_control_characters(tmp_path: Path) -> None:
    graph = Graph.from_edges([1], [2], ids=[1, 2], attributes={"type": ["a\x01", "b"]})
    (tmp_path / "a.graphml").write_text("old")
    with pytest.raises(GraphError, match=r"U\+0001"):
        graph.save(tmp_path / "a.graphml")
    assert [p.name for p in tmp_path.iterdir()] == ["a.graphml"]
    assert (tmp_path / "a.graphml").read_text() == "old"
    graph.save(tmp_path / "a.npz")
    assert Graph.load(tmp_path / "a.npz").equals(graph)


def test_edge_list_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"from,to,n\n{BIG},5,2\n{BIG},5,3\n")
    assert read_edge_list(path, pre="from", post="to", synapses="n").synapses_of(BIG, 5) == 5
    assert read_edge_list(path, pre="from", post="to").synapses_of(BIG, 5) == 2
    with pytest.raises(GraphError, match="no column 'pre_id'; its columns: from, to, n"):
        Graph.load(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"pre_id,post_id\n1.5,2\n", "1.5"),
        ("a.csv", b"pre_id,post_id\n9223372036854775808,2\n", "9223372036854775808"),
        ("a.csv", b"pre_id,post_id\n,2\n", "nulls"),
        ("a.csv", b"pre_id,post_id\n1,2,3\n", "Expected 2 columns"),
        ("a.csv", b"", "cannot be read as a .csv file"),
        ("a.csv.gz", b"pre_id,post_id\n1,2\n", "Not a gzipped file"),
        ("a.csv.gz", gzip.compress(b"pre_id,post_id\n1,2\n" * 100, mtime=0)[:-12], "cannot be read"),
        ("a.parquet", b"PAR1 and nothing more", "cannot be read as a .parquet file"),
        ("a.npz", b"PK nothing", "cannot be read as a .npz file"),
        ("a.npz", b"", "cannot be read as a .npz file"),
    ],
)
def test_damaged_and_foreign_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GraphError, match=message) as caught:
        Graph.load(tmp_path / name)
    assert name in caught.value.message


def test_names_of_files(tmp_path: Path) -> None:
    graph = Graph.from_edges([1], [2])
    with pytest.raises(GraphError, match=r"no suffix that says which graph format it is"):
        graph.save(tmp_path / "a.xlsx")
    with pytest.raises(GraphError, match="There is no file"):
        Graph.load(tmp_path / "missing.npz")
    with pytest.raises(GraphError, match="cannot be written: No such file or directory"):
        graph.save(tmp_path / "no" / "folder.npz")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(GraphError, match=r"cannot be read as a .csv file: Is a directory"):
        Graph.load(tmp_path / "d.csv")


def test_a_device_or_a_folder_is_not_replaced(tmp_path: Path) -> None:
    graph = Graph.from_edges([1], [2])
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    (tmp_path / "folder.npz").mkdir()
    for path in (pipe, tmp_path / "folder.npz"):
        with pytest.raises(GraphError, match="is no file that could be replaced"):
            graph.save(path)
    assert pipe.is_fifo()
