"""A graph of nodes, edges and their attributes, as text, becomes neurons and connections by the rules of edge lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.edges import Ids, finish_edges, write_edges
from graphkit.importers.fields import NEURON_FIELDS
from graphkit.importers.graphml_parser import GraphmlFile
from graphkit.importers.neuron_table import neurons_of, read_neurons
from graphkit.importers.report import ImportReport, listed
from graphkit.importers.sources import Source, staged_text
from graphkit.importers.work import Work

__all__ = ["GraphColumns", "import_graph", "key_of"]

_ID_NAMES = ("neuron_id", "root_id", "bodyId", "body_id", "skid", "id", "name", "label")
_WORDS = ("name", "label")


@dataclass(frozen=True, slots=True)
class GraphColumns:
    """What the user says of a graph's attributes; the fields are the arguments of ``import_graphml``.

    ``neurons`` is a table that takes the place of the nodes' attributes.
    """

    id_attribute: str | None
    columns: Mapping[str, str] | None
    where: str | None
    ids: Ids
    kind: str | None
    kind_map: Mapping[str, str] | None
    neurons: Path | None
    neuron_columns: Mapping[str, str] | None

    def settings(self) -> dict[str, Any]:
        """For the provenance."""
        return {
            "id_attribute": self.id_attribute,
            "columns": dict(self.columns or {}),
            "where": self.where,
            "kind": self.kind,
            "kind_map": dict(self.kind_map or {}),
            "neurons": self.neurons and self.neurons.name,
        }


def import_graph(
    work: Work, command: str, graph: GraphmlFile, key: str | None, name: str, told: GraphColumns
) -> ImportReport:
    """Writes the dataset of ``graph``, which messages call ``name``; ``command`` is what its provenance says.

    Raises:
        ImportDataError: edges without direction that are not said to be electrical, or (in mode "fail") an edge that
            cannot be read.
    """
    by_name = _write(work, graph, key, name, told)
    return work.finish(command, {**told.settings(), "ids": "name" if by_name else "integer"}, BuildOptions())


def _write(work: Work, graph: GraphmlFile, key: str | None, name: str, told: GraphColumns) -> bool:
    """Neurons and connections of ``graph``; returns whether its nodes are names."""
    undirected = len(graph.directed) - int(graph.directed.sum())
    if undirected and told.kind != "electrical":
        raise ImportDataError(
            f"{undirected:,} edges of {name!r} have no direction; chemical connections have one.",
            hint="If they are gap junctions, say so with --kind electrical.",
        )
    source = _edges(work, graph, key, name)
    if told.where is not None:
        source = work.select(source, told.where)
    by_name = write_edges(
        work,
        [source],
        columns=told.columns,
        ids=told.ids,
        kind=told.kind,
        kind_map=told.kind_map,
        filtered=told.where is not None,
    )
    if told.neurons is not None:
        table = read_neurons(work, told.neurons, told.neuron_columns, by_name=by_name)
    else:
        table = neurons_of(work, _nodes(work, graph, key, name, by_name), told.neuron_columns, by_name=by_name)
    finish_edges(work, by_name, table)
    return by_name


def key_of(graph: GraphmlFile, asked: str | None) -> str | None:
    """The node attribute that identifies a neuron; None for the node's own id.

    Raises:
        ImportDataError: ``asked`` is not there, or the ids have been through floating-point numbers.
    """
    attributes = graph.node_attributes
    if asked is not None:
        if asked not in attributes:
            raise ImportDataError(
                f"The nodes of the file have no attribute {asked!r}.", hint=f"They have: {listed(list(attributes))}."
            )
        graph.refuse_doubles(asked)
        return asked
    if all(node.isascii() and node.isdigit() for node in graph.nodes):
        return None
    by_folded = {n.casefold(): n for n in attributes}
    for wanted in _ID_NAMES:
        name = by_folded.get(wanted.casefold())
        if name is None:
            continue
        if wanted not in _WORDS or attributes[name].stored_as_doubles:
            graph.refuse_doubles(name)
        values = attributes[name].values
        if None not in values and len(set(values)) == len(values):
            return name
    return None


def _ids(graph: GraphmlFile, key: str | None) -> Sequence[str | None]:
    return graph.nodes if key is None else graph.node_attributes[key].values


def _edges(work: Work, graph: GraphmlFile, key: str | None, what: str) -> Source:
    names = [f"{n}_attribute" if n.casefold() in ("source", "target") else n for n in graph.edge_attributes]
    ids = _ids(graph, key)
    ends = ([ids[row] for row in end.tolist()] for end in (graph.source, graph.target))
    rows = zip(*ends, *(attribute.values for attribute in graph.edge_attributes.values()), strict=True)
    return staged_text(work.connection, work.folder, what, ["source", "target", *names], rows, "edge")


def _nodes(work: Work, graph: GraphmlFile, key: str | None, what: str, by_name: bool) -> Source:
    own = "name" if by_name else "neuron_id"
    taken = {n.casefold() for n in NEURON_FIELDS[own]}
    names = [n for n in graph.node_attributes if n != key]
    names = [n for n in names if not (n.casefold() in taken and key is None and not by_name)]
    header = [own, *(n if n != own else f"{n}_attribute" for n in names)]
    rows = zip(_ids(graph, key), *(graph.node_attributes[n].values for n in names), strict=True)
    return staged_text(work.connection, work.folder, what, header, rows, "node")
