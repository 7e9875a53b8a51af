"""Graphs of NetworkX and igraph as datasets, and NetworkX's node-link JSON.

Nodes are neurons: their ids are the nodes themselves (integers, or names), or an attribute. Edges are connections by the
rules of ``graphkit.importers.edges``: the weight is the attribute ``synapses``, ``weight`` or the like, else 1 an edge.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from graphkit.errors import ImportDataError
from graphkit.importers.edges import Ids
from graphkit.importers.graph_columns import GraphColumns, import_graph, key_of
from graphkit.importers.graphml_parser import Attribute, GraphmlFile
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport
from graphkit.importers.sources import checked_files
from graphkit.importers.work import importing

if TYPE_CHECKING:
    import igraph
    import networkx as nx

__all__ = ["import_igraph", "import_networkx", "read_node_link"]


def import_networkx(
    graph: nx.Graph[Any] | str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    id_attribute: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    ids: Ids = "auto",
    kind: str | None = None,
    kind_map: Mapping[str, str] | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from a NetworkX graph, or from a file of its node-link JSON (.json, .json.gz).

    Parallel edges are summed. A graph without directions is refused unless its edges are said to be gap junctions
    (``kind="electrical"``). The arguments are those of ``import_graphml``.

    Raises:
        ImportDataError: nodes that are neither integers nor text, a file that is not node-link JSON, or (in mode
            "fail") an edge that cannot be read.
    """
    path = checked_files(graph)[0] if isinstance(graph, (str, os.PathLike)) else None
    described = checked_files(neurons)[0] if neurons is not None else None
    with importing(output, ImportOptions(**common)) as work:
        if path is not None:
            work.sources.append(path)
            read, name = read_node_link(path), path.name
        else:
            assert not isinstance(graph, (str, os.PathLike))
            read, name = _of_networkx(graph), "the graph"
        told = GraphColumns(id_attribute, columns, where, ids, kind, kind_map, described, neuron_columns)
        return import_graph(work, "import networkx", read, key_of(read, id_attribute), name, told)


def import_igraph(
    graph: igraph.Graph,
    output: str | os.PathLike[str],
    *,
    id_attribute: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    ids: Ids = "auto",
    kind: str | None = None,
    kind_map: Mapping[str, str] | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from an igraph graph. A neuron's id is the vertex attribute ``neuron_id``, ``root_id``,
    ``name`` or the like (``id_attribute`` names another), else the vertex's number.

    The arguments are those of ``import_graphml``; the errors those of ``import_networkx``.
    """
    described = checked_files(neurons)[0] if neurons is not None else None
    with importing(output, ImportOptions(**common)) as work:
        read = _of_igraph(graph)
        key = key_of(read, id_attribute)
        if key is None:
            read = replace(read, nodes=[n[1:] for n in read.nodes])
        told = GraphColumns(id_attribute, columns, where, ids, kind, kind_map, described, neuron_columns)
        return import_graph(work, "import igraph", read, key, "the graph", told)


def read_node_link(path: Path) -> GraphmlFile:
    """The graph in a file of node-link JSON, as ``networkx.node_link_data`` makes it (edges in "edges" or "links").

    Raises:
        ImportDataError: not JSON, not node-link, or an edge to a node that is not there.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        loaded = json.loads(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise ImportDataError(
            f"{path.name!r} cannot be read as JSON: {error}.", hint="It may be truncated: write it again."
        ) from error
    edges = loaded.get("edges", loaded.get("links")) if isinstance(loaded, dict) else None
    nodes = loaded.get("nodes") if isinstance(loaded, dict) else None
    if not _records(nodes, {"id"}) or not _records(edges, {"source", "target"}):
        raise ImportDataError(
            f"{path.name!r} is not node-link JSON.",
            hint='Expected {"nodes": [{"id": ...}, ...], "edges": [{"source": ..., "target": ...}, ...]}, as '
            "networkx.node_link_data makes it.",
        )
    assert isinstance(nodes, list)
    assert isinstance(edges, list)
    own = {"source", "target", "key"} if loaded.get("multigraph") else {"source", "target"}
    return _graph(
        [n["id"] for n in nodes],
        [{k: v for k, v in n.items() if k != "id"} for n in nodes],
        [(e["source"], e["target"]) for e in edges],
        [{k: v for k, v in e.items() if k not in own} for e in edges],
        bool(loaded.get("directed", False)),
    )


def _records(rows: Any, keys: set[str]) -> bool:
    return isinstance(rows, list) and all(isinstance(r, dict) and keys <= r.keys() for r in rows)


def _of_networkx(graph: nx.Graph[Any]) -> GraphmlFile:
    edges = list(graph.edges(data=True))
    return _graph(
        list(graph.nodes),
        [data for _, data in graph.nodes(data=True)],
        [(a, b) for a, b, _ in edges],
        [data for *_, data in edges],
        graph.is_directed(),
    )


def _of_igraph(graph: igraph.Graph) -> GraphmlFile:
    n = graph.vcount()
    vertices = {name: graph.vs[name] for name in graph.vs.attributes()}
    edges = {name: graph.es[name] for name in graph.es.attributes()}
    return _graph(
        [f"n{i}" for i in range(n)],  # not digits: a vertex's number is its id only where no attribute is
        [{name: values[i] for name, values in vertices.items()} for i in range(n)],
        [(f"n{a}", f"n{b}") for a, b in graph.get_edgelist()],
        [{name: values[i] for name, values in edges.items()} for i in range(graph.ecount())],
        graph.is_directed(),
    )


def _graph(
    nodes: Sequence[Any],
    node_data: Sequence[Mapping[Any, Any]],
    edges: Sequence[tuple[Any, Any]],
    edge_data: Sequence[Mapping[Any, Any]],
    directed: bool,
) -> GraphmlFile:
    import numpy as np

    names = [_node_text(node) for node in nodes]
    row = {name: i for i, name in enumerate(names)}
    if len(row) < len(names):
        twice = next(n for i, n in enumerate(names) if row[n] != i)
        raise ImportDataError(f"Two nodes of the graph are {twice!r}.", hint="Give each node an id of its own.")
    ends = []
    for pair in edges:
        for node in pair:
            if (text := _node_text(node)) not in row:
                raise ImportDataError(f"An edge of the graph leads to {node!r}, which is none of its nodes.")
            ends.append(row[text])
    both = np.array(ends, dtype=np.int64).reshape(-1, 2)
    return GraphmlFile(
        names,
        both[:, 0],
        both[:, 1],
        np.full(len(both), directed, dtype=np.bool_),
        _attributes(node_data),
        _attributes(edge_data),
    )


def _node_text(node: Any) -> str:
    if isinstance(node, str):
        return node
    plain = node.item() if hasattr(node, "item") else node
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise ImportDataError(
            f"The node {node!r} is neither an integer nor text.",
            hint="networkx.relabel_nodes(graph, mapping) gives the nodes other names.",
        )
    return str(plain)


def _attributes(rows: Sequence[Mapping[Any, Any]]) -> dict[str, Attribute]:
    found = {}
    for name in dict.fromkeys(key for data in rows for key in data):
        values = [_plain(data.get(name)) for data in rows]
        kinds = {type(v) for v in values if v is not None}
        kind = "double" if float in kinds else "boolean" if kinds == {bool} else "long" if kinds == {int} else "string"
        found[str(name)] = Attribute(kind, _texts(values))
    return found


def _plain(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    return None if isinstance(plain, float) and plain != plain else plain


def _texts(values: Iterable[Any]) -> list[str | None]:
    return [
        None
        if v is None
        else ("true" if v else "false")
        if isinstance(v, bool)
        else v
        if isinstance(v, str)
        else str(v)
        for v in values
    ]
