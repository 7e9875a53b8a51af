"""Graphs of NetworkX and igraph as datasets: the oracle is the graph itself."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import igraph
import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_igraph, import_networkx

BIG = 720575940621039145
IDS = [1, 2, 2**53 + 1, BIG, 2**63 - 1]


def connections(report: ImportReport) -> dict[tuple[int, int], int]:
    return {(r["pre_id"], r["post_id"]): r["synapses"] for r in report.dataset.table("connections").to_pylist()}


def neurons(report: ImportReport) -> dict[int, dict[str, Any]]:
    return {r["neuron_id"]: r for r in report.dataset.table("neurons").to_pylist()}


@pytest.mark.parametrize("form", ["object", "multi", "json", "json.gz", "links", "igraph"])
@settings(max_examples=2, deadline=None)
@given(
    edges=st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), st.integers(1, 99)), min_size=1, max_size=12),
    alone=st.sampled_from(IDS),
)
def test_every_edge_and_node_arrives(edges: Any, alone: int, form: str, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("graph")
    graph: Any = nx.MultiDiGraph() if form == "multi" else nx.DiGraph()
    graph.add_node(alone, type="KC", score=0.5, proofread=True, n=7)
    for a, b, n in edges:
        graph.add_edge(a, b, weight=n, region="EB")
    expected: dict[tuple[int, int], int] = {}
    for a, b, n in graph.edges(data="weight"):
        expected[a, b] = expected.get((a, b), 0) + n
    if form in ("object", "multi"):
        report = import_networkx(graph, folder / "d")
    elif form == "igraph":
        report = import_igraph(_as_igraph(graph), folder / "d")
    else:
        text = json.dumps(nx.node_link_data(graph, edges="links" if form == "links" else "edges")).encode()
        path = folder / f"g.{form}"
        path.write_bytes(gzip.compress(text) if form == "json.gz" else text)
        report = import_networkx(path, folder / "d")
    assert connections(report) == expected
    found = neurons(report)
    assert set(found) == set(graph.nodes)
    assert (found[alone]["type"], found[alone]["score"], found[alone]["n"]) == ("KC", 0.5, 7)
    assert [r["name"] for r in report.dataset.table("regions").to_pylist()] == ["EB"]


def _as_igraph(graph: Any) -> igraph.Graph:
    nodes = list(graph.nodes)
    made = igraph.Graph(n=len(nodes), edges=[(nodes.index(a), nodes.index(b)) for a, b in graph.edges], directed=True)
    made.vs["neuron_id"] = nodes
    for name in ("type", "score", "n"):
        made.vs[name] = [graph.nodes[node].get(name) for node in nodes]
    for name in ("weight", "region"):
        made.es[name] = [data[name] for *_, data in graph.edges(data=True)]
    return made


def test_names_numbers_and_gap_junctions(tmp_path: Path) -> None:
    worm = nx.DiGraph()
    worm.add_edge("AVAL", "AVBR", synapses=3)
    report = import_networkx(worm, tmp_path / "names")
    assert {(r["name"], r["neuron_id"]) for r in neurons(report).values()} == {("AVAL", 1), ("AVBR", 2)}
    plain = igraph.Graph(n=3, edges=[(0, 2), (0, 2)], directed=True)
    report = import_igraph(plain, tmp_path / "numbers")
    assert (connections(report), set(neurons(report))) == ({(0, 2): 2}, {0, 1, 2})
    gaps = nx.Graph([(BIG, 5)])
    with pytest.raises(ImportDataError, match="1 edges of 'the graph' have no direction"):
        import_networkx(gaps, tmp_path / "gaps")
    assert connections(import_networkx(gaps, tmp_path / "gaps", kind="electrical")) == {(5, BIG): 1}


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match=r"node \(1, 2\) is neither an integer nor text"):
        import_networkx(nx.DiGraph([((1, 2), 3)]), tmp_path / "d")
    half = nx.DiGraph()
    half.add_edge(1, 2, weight=0.5)
    with pytest.raises(ImportDataError, match=r"column 'weight': '0.5' is not a whole number"):
        import_networkx(half, tmp_path / "d")
    doubles = igraph.Graph(n=2, edges=[(0, 1)], directed=True)
    doubles.vs["root_id"] = [7.20575940621039e17, 1.0]
    with pytest.raises(ImportDataError, match=r"stores the ids .'root_id'. as floating-point numbers"):
        import_igraph(doubles, tmp_path / "d")
    for text, said in (
        ("{", "cannot be read as JSON"),
        ("[1]", "is not node-link JSON"),
        ('{"nodes": [{"id": 1}], "edges": [{"source": 1, "target": 2}]}', "leads to 2, which is none of its nodes"),
        ('{"nodes": [{"id": 1}, {"id": "1"}], "edges": []}', "Two nodes of the graph are '1'"),
        ('{"directed": true, "nodes": [{"id": 1}], "edges": []}', "no connection to import"),
    ):
        (tmp_path / "g.json").write_text(text)
        with pytest.raises(ImportDataError, match=said):
            import_networkx(tmp_path / "g.json", tmp_path / "d")
    assert not (tmp_path / "d" / "dataset.json").exists()
