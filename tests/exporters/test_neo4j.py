"""Neo4j's import files, read back by the rules of its manual; and the command that names every format."""

from __future__ import annotations

import csv
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from graphkit.cli import app
from graphkit.dataset import Dataset
from graphkit.errors import GraphError
from graphkit.exporters import FORMATS
from graphkit.exporters.neo4j import import_command, write_neo4j
from graphkit.graph import Graph
from tests.conftest import LONG
from tests.strategies import EdgeList, attribute_columns, edge_lists

PARSERS = {"long": int, "double": float, "boolean": lambda text: {"true": True, "false": False}[text], "string": str}


def cells(text: str) -> list[list[str | None]]:
    """Rows of a CSV; a quoted cell is a text, an empty one that is not quoted is no value."""
    rows: list[list[str | None]] = [[]]
    at = 0
    while at < len(text):
        if text[at] == '"':
            end, cell = at + 1, ""
            while text[end] != '"' or text[end + 1 : end + 2] == '"':
                cell += text[end]
                end += 2 if text[end] == '"' else 1
            value: str | None = cell
            at = end + 1
        else:
            end = min((i for i in (text.find(",", at), text.find("\n", at)) if i >= 0), default=len(text))
            value = text[at:end] or None
            at = end
        rows[-1].append(value)
        if text[at] == "\n":
            rows.append([])
        at += 1
    return rows[:-1]


def read(folder: Path) -> tuple[dict[int, dict[str, Any]], dict[tuple[int, int], int]]:
    def texts(name: str) -> str:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return file.read()

    header = [str(cell).rsplit(":", 1) for cell in cells(texts("neurons-header.csv"))[0]]
    assert header[0] == ["neuronId", "ID(Neuron)"]
    neurons = {}
    for row in cells(texts("neurons.csv")):
        pairs = zip(header[1:], row[1:], strict=True)
        neurons[int(str(row[0]))] = {name: PARSERS[kind](v) for (name, kind), v in pairs if v is not None}
    assert texts("connections-header.csv") == ":START_ID(Neuron),:END_ID(Neuron),synapses:long,:TYPE\n"
    rows = list(csv.reader(texts("connections.csv").splitlines()))
    assert {row[3] for row in rows} <= {"CONNECTS_TO"}
    return neurons, {(int(a), int(b)): int(n) for a, b, n, _ in rows}


@settings(max_examples=20)
@given(edges=edge_lists(max_neurons=6, max_edges=12), data=st.data())
def test_what_is_written_is_what_is_there(edges: EdgeList, data: st.DataObject) -> None:
    columns = data.draw(attribute_columns(len(edges.ids)))
    graph = Graph.from_edges(edges.pre, edges.post, edges.synapses, ids=edges.ids, attributes=columns)
    with tempfile.TemporaryDirectory() as folder:
        write_neo4j(graph, Path(folder) / "out")
        neurons, connections = read(Path(folder) / "out")
        assert [p.name for p in Path(folder).iterdir()] == ["out"]
    assert connections == edges.summed()
    assert set(neurons) == set(edges.ids)
    for i, neuron_id in enumerate(edges.ids):
        expected = {name: column[i] for name, column in columns.items()}
        missing = {n for n, v in expected.items() if v is None or (isinstance(v, float) and math.isnan(v))}
        assert neurons[neuron_id] == {n: v for n, v in expected.items() if n not in missing}


def test_the_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    graph = Graph.from_edges([LONG], [5], [3], ids=[LONG, 5], attributes={"note": ["a\nb", None]})
    write_neo4j(graph, tmp_path / "out")
    assert "--multiline-fields=true" in import_command(graph)
    assert (tmp_path / "out" / "import.txt").read_text() == import_command(graph) + "\n"
    with pytest.raises(GraphError, match="is there already"):
        write_neo4j(graph, tmp_path / "out")
    with pytest.raises(GraphError, match="cannot be written"):
        write_neo4j(graph, tmp_path / "no" / "out")
    odd = Graph.from_edges([1], [5], [3], ids=[1, 5], attributes={"a:b": ["x", "y"]})
    with pytest.raises(GraphError, match="'a:b' cannot be the name of a property"):
        write_neo4j(odd, tmp_path / "odd")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_every_format_is_asked_by_name(tiny: Dataset, tmp_path: Path) -> None:
    def run(*arguments: Any) -> Any:
        return CliRunner().invoke(app, ["export", *map(str, arguments), "-d", tiny.url])

    expected = tiny.graph(region="EB")
    for form, suffixes in FORMATS.items():
        out = tmp_path / f"brain{suffixes[0] if suffixes else ''}"
        done = run(out, "--to", form, "--region", "EB")
        assert done.exit_code == 0, done.output
        if form == "neo4j":
            assert "neo4j-admin database import full --id-type=string" in done.output
            pairs = read(out)[1]
        else:
            pairs = {(a, b): n for a, b, n in zip(*(e.tolist() for e in Graph.load(out).edges()), strict=True)}
        assert pairs == {(a, b): n for a, b, n in zip(*(e.tolist() for e in expected.edges()), strict=True)}, form
    assert "does not end as a csv file does" in run(tmp_path / "x.json", "--to", "csv").output
    assert "Did you mean 'neo4j'?" in run(tmp_path / "x", "--to", "neo4").output
    done = run(tmp_path / "y.json", "--class", "*", "--side", "left", "--nt", "GABA", "--attributes", "type")
    assert done.exit_code == 0, done.output
    loaded = nx.node_link_graph(json.loads((tmp_path / "y.json").read_text()))
    assert {key for _, data in loaded.nodes(data=True) for key in data} <= {"type"}
