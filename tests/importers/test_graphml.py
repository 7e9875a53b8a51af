"""GraphML: ids as digits or names, never through a float; no entities; what NetworkX and igraph write comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphkit.errors import ImportDataError
from graphkit.importers import import_graphml

BIG = 720575940621039145
IDS = [1, 2, 2**53 + 1, BIG, 2**63 - 1]


def connections(dataset: Any) -> dict[tuple[int, int], int]:
    return {(r["pre_id"], r["post_id"]): r["synapses"] for r in dataset.table("connections").to_pylist()}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edges=st.dictionaries(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), st.integers(1, 99), min_size=1),
    gz=st.booleans(),
)
def test_what_networkx_writes_comes_back(edges: dict[tuple[int, int], int], gz: bool, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("g")
    graph = nx.DiGraph()
    for (a, b), weight in edges.items():
        graph.add_edge(a, b, weight=weight)
    path = folder / ("g.graphml.gz" if gz else "g.graphml")
    nx.write_graphml_xml(graph, path)
    report = import_graphml(path, folder / "d")
    assert connections(report.dataset) == edges
    assert set(report.dataset.table("neurons")["neuron_id"].to_pylist()) == set(graph)


def test_attributes_and_names(tmp_path: Path) -> None:
    graph = nx.DiGraph()
    graph.add_node("RIS", cell_type="inter", depth=1.5)
    graph.add_node("AVAL", hemisphere="L")
    graph.add_edge("RIS", "AVAL", synapses=3, neuropil="ring", nt_type="GABA")
    nx.write_graphml_xml(graph, tmp_path / "g.graphml")
    report = import_graphml(tmp_path / "g.graphml", tmp_path / "d")
    rows = {
        r["name"]: (r["neuron_id"], r["type"], r["side"], r["depth"])
        for r in report.dataset.table("neurons").to_pylist()
    }
    assert rows == {"AVAL": (1, None, "left", None), "RIS": (2, "inter", None, 1.5)}
    row = report.dataset.table("connections").to_pylist()[0]
    assert (row["pre_id"], row["post_id"], row["synapses"], row["nt"], row["region_id"]) == (2, 1, 3, "GABA", 1)
    assert report.names_kept == 2


def test_igraph_ids_as_text_and_as_doubles(tmp_path: Path) -> None:
    igraph = pytest.importorskip("igraph")
    graph = igraph.Graph(directed=True, n=2, edges=[(0, 1)])
    graph.es["weight"] = [4]
    graph.vs["name"] = [str(BIG), "7"]
    graph.write_graphml(str(tmp_path / "text.graphml"))
    assert connections(import_graphml(tmp_path / "text.graphml", tmp_path / "d").dataset) == {(BIG, 7): 4}
    graph.vs["name"] = [BIG, 7]
    graph.write_graphml(str(tmp_path / "double.graphml"))
    with pytest.raises(ImportDataError, match=r"stores the ids \('name'\) as floating-point numbers, e.g. 7.2"):
        import_graphml(tmp_path / "double.graphml", tmp_path / "e")


def test_undirected_graphs_are_gap_junctions_or_refused(tmp_path: Path) -> None:
    graph = nx.Graph()
    graph.add_edge(5, 3, weight=2)
    nx.write_graphml_xml(graph, tmp_path / "g.graphml")
    with pytest.raises(ImportDataError, match=r"1 edges of 'g.graphml' have no direction"):
        import_graphml(tmp_path / "g.graphml", tmp_path / "d")
    report = import_graphml(tmp_path / "g.graphml", tmp_path / "d", kind="electrical")
    row = report.dataset.table("connections").to_pylist()[0]
    assert (row["pre_id"], row["post_id"], row["kind"], row["synapses"]) == (3, 5, "electrical", 2)


def test_an_attribute_can_be_the_id(tmp_path: Path) -> None:
    graph = nx.DiGraph()
    graph.add_node("a", key=str(BIG))
    graph.add_node("b", key="6")
    graph.add_edge("a", "b")
    nx.write_graphml_xml(graph, tmp_path / "g.graphml")
    report = import_graphml(tmp_path / "g.graphml", tmp_path / "d", id_attribute="key")
    assert connections(report.dataset) == {(BIG, 6): 1}
    with pytest.raises(ImportDataError, match="no attribute 'kye'"):
        import_graphml(tmp_path / "g.graphml", tmp_path / "e", id_attribute="kye")


def graphml(body: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{body}</graphml>'


EDGE = '<graph edgedefault="directed"><node id="1"/><node id="2"/><edge source="1" target="2"/></graph>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (graphml(EDGE, '<!DOCTYPE g [<!ENTITY a "b">]>'), "has a DOCTYPE"),
        (graphml(EDGE, '<!DOCTYPE g SYSTEM "file:///etc/passwd">'), "has a DOCTYPE"),
        (graphml(EDGE)[:-20], "not readable GraphML"),
        ("pre,post\n1,2\n", "not readable GraphML"),
        ("<svg/>", "is XML, but not GraphML"),
        (graphml(EDGE.replace('target="2"', 'target="3"')), "has the end '3', which is no node"),
        (graphml('<graph edgedefault="directed"><node id="1"/></graph>'), "no connection to import"),
        (graphml(EDGE.replace("</graph>", "<hyperedge/></graph>")), "has a hyperedge"),
        (graphml(EDGE.replace('<node id="2"/>', f'<node id="2">{EDGE}</node>')), "a graph within a graph"),
        (
            graphml(EDGE.replace('id="2"', f'id="{2**63}"').replace('"2"/></g', f'"{2**63}"/></g')),
            r"is not below 2\^63",
        ),
    ],
)
def test_what_is_no_graphml_is_said(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "g.graphml"
    path.write_text(text)
    with pytest.raises(ImportDataError, match=said):
        import_graphml(path, tmp_path / "d")
