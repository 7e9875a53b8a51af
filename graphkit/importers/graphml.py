"""GraphML files: read in a stream, without entities, every id as text until it is known to be digits.

GraphML writers differ in where the id is: in the node's ``id``, or (igraph) in an attribute while the node is ``n0``.
An attribute declared ``double`` that holds ids has lost their last digits (igraph writes 720575940621039145 as
7.20575940621039e+17), and is refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.edges import Ids, finish_edges, write_edges
from graphkit.importers.fields import NEURON_FIELDS
from graphkit.importers.neuron_table import neurons_of, read_neurons
from graphkit.importers.report import ImportReport, OnError, listed
from graphkit.importers.sources import Source, checked_files, staged_text
from graphkit.importers.work import Work, importing
from graphkit.progress import Progress, silent

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["import_graphml"]

_ID_NAMES = ("neuron_id", "root_id", "bodyId", "body_id", "skid", "id", "name", "label")
_FLOATS = ("double", "float")
_CHUNK = 1 << 20


def import_graphml(
    file: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    name: str | None = None,
    id_attribute: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    ids: Ids = "auto",
    kind: str | None = None,
    kind_map: Mapping[str, str] | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    on_error: OnError = "fail",
    memory_limit: str = "4GB",
    threads: int | None = None,
    progress: Progress = silent,
) -> ImportReport:
    """A dataset at ``output`` from a GraphML file: its edges as connections, its nodes' attributes as those of neurons.

    Args:
        id_attribute: the node attribute that is the neuron's id (or name); by itself the node's ``id`` where that is
            digits, else an attribute such as neuron_id, root_id, bodyId or name.
        columns: field -> edge attribute, for what is not recognised (weight, region, kind, compartment, nt).
        neurons: a further table of neurons, in place of the nodes' attributes.

    The other arguments are those of ``import_edges``.

    Raises:
        ImportDataError: not GraphML, ids stored as floating-point numbers, an undirected graph that is not said to be
            electrical, or (in mode "fail") an edge that cannot be read.
    """
    path = checked_files(file)[0]
    described = checked_files(neurons)[0] if neurons is not None else None
    with importing(
        output, name=name, on_error=on_error, memory_limit=memory_limit, threads=threads, progress=progress
    ) as work:
        graph = _parse(path, progress)
        if graph.undirected and kind != "electrical":
            raise ImportDataError(
                f"{graph.undirected:,} edges of {path.name!r} have no direction; chemical connections have one.",
                hint="If they are gap junctions, say so with --kind electrical.",
            )
        key = _key(graph, id_attribute, path.name)
        work.sources.append(path)
        source = staged_text(
            work.connection,
            work.folder,
            path.name,
            ["source", "target", *graph.edge_names],
            graph.edge_rows(key),
            "edge",
        )
        if where is not None:
            source = work.select(source, where)
        by_name = write_edges(
            work,
            [source],
            columns=columns,
            ids=ids,
            kind=kind,
            kind_map=kind_map,
            filtered=where is not None,
        )
        if described is not None:
            table: pa.Table = read_neurons(work, described, neuron_columns, by_name=by_name)
        else:
            table = neurons_of(work, _nodes(work, graph, key, path, by_name), neuron_columns, by_name=by_name)
        finish_edges(work, by_name, table)
        settings = {
            "id_attribute": id_attribute,
            "columns": dict(columns or {}),
            "where": where,
            "ids": "name" if by_name else "integer",
            "kind": kind,
            "kind_map": dict(kind_map or {}),
            "neurons": described and described.name,
            "on_error": on_error,
        }
        return work.finish("import graphml", settings, BuildOptions())


@dataclass(slots=True)
class _Graph:
    """What a file says. Attribute values are text, by the attribute's name."""

    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    node_types: dict[str, str] = field(default_factory=dict)
    edge_names: list[str] = field(default_factory=list)
    undirected: int = 0

    def edge_rows(self, key: str | None) -> list[list[str | None]]:
        """Edges as rows of text; the ends are the nodes' ids, or their attribute ``key``."""

        def end(node: str) -> str | None:
            return node if key is None else self.nodes.get(node, {}).get(key)

        return [[end(a), end(b), *(data.get(n) for n in self.edge_names)] for a, b, data in self.edges]


def _nodes(work: Work, graph: _Graph, key: str | None, path: Path, by_name: bool) -> Source:
    names = [n for n in graph.node_types if n != key]
    own = "name" if by_name else "neuron_id"
    taken = {n.casefold() for n in NEURON_FIELDS[own]}
    names = [n for n in names if not (n.casefold() in taken and key is None and not by_name)]
    header = [own, *(n if n != own else f"{n}_attribute" for n in names)]
    rows = [
        [node if key is None else data.get(key), *(data.get(n) for n in names)] for node, data in graph.nodes.items()
    ]
    return staged_text(work.connection, work.folder, path.name, header, rows, "node")


def _key(graph: _Graph, asked: str | None, name: str) -> str | None:
    """The node attribute that identifies a neuron; None for the node's own id."""
    if asked is not None:
        if asked not in graph.node_types:
            raise ImportDataError(
                f"The nodes of {name!r} have no attribute {asked!r}.",
                hint=f"They have: {listed(list(graph.node_types))}.",
            )
        _refuse_floats(graph, asked, name)
        return asked
    if all(node.isdigit() for node in graph.nodes):
        return None
    by_folded = {n.casefold(): n for n in graph.node_types}
    for wanted in _ID_NAMES:
        attribute = by_folded.get(wanted.casefold())
        if attribute is None:
            continue
        values = [data.get(attribute) for data in graph.nodes.values()]
        if None in values or len(set(values)) < len(values):
            continue
        if wanted not in ("name", "label") or graph.node_types[attribute] in _FLOATS:
            _refuse_floats(graph, attribute, name)
        return attribute
    return None


def _refuse_floats(graph: _Graph, attribute: str, name: str) -> None:
    if graph.node_types[attribute] not in _FLOATS:
        return
    example = next((d[attribute] for d in graph.nodes.values() if attribute in d), "")
    raise ImportDataError(
        f"{name!r} stores the ids ({attribute!r}) as floating-point numbers, e.g. {example}; ids above 2^53 lose "
        "their last digits that way.",
        hint="Write the file again with the ids as text (igraph: g.vs['name'] = [str(i) for i in ids]).",
    )


def _parse(path: Path, progress: Progress) -> _Graph:
    import gzip
    from xml.parsers import expat

    reader = _Reader(path.name)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    size = path.stat().st_size
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file: Any = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk, False)
                progress(f"reading {path.name}", min(raw.tell() / size, 1.0))
            parser.Parse(b"", True)
        except (expat.ExpatError, OSError, EOFError) as error:
            raise ImportDataError(
                f"{path.name!r} is not readable GraphML: {error}.", hint="It may be truncated, or not be XML at all."
            ) from error
    if not reader.is_graphml:
        raise ImportDataError(f"{path.name!r} is XML, but not GraphML.")
    return reader.finished()


class _Reader:
    """Handlers for the parser."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.is_graphml = False
        self._graph = _Graph()
        self._keys: dict[str, tuple[str, str]] = {}
        self._defaults: dict[str, dict[str, str]] = {"node": {}, "edge": {}}
        self._edge_names: dict[str, None] = {}
        self._directed = True
        self._data: dict[str, str] | None = None
        self._key: tuple[str, str] | None = None
        self._text: list[str] | None = None
        self._default_of: str | None = None
        self._depth = 0

    def refuse_doctype(self, *_: Any) -> None:
        raise ImportDataError(
            f"{self._name!r} has a DOCTYPE, which GraphML does not need and which can hide files and endless entities.",
            hint="Remove the <!DOCTYPE ...> declaration.",
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        element = tag.rsplit(" ", 1)[-1]
        if element == "graphml":
            self.is_graphml = True
        elif element == "key":
            self._declare(attributes)
        elif element == "default":
            self._text = []
        elif element == "graph":
            self._depth += 1
            if self._depth > 1:
                raise ImportDataError(f"{self._name!r} has a graph within a graph; a connectome is one graph.")
            self._directed = attributes.get("edgedefault") != "undirected"
        elif element == "node":
            self._data = dict(self._defaults["node"])
            self._graph.nodes[attributes.get("id", "")] = self._data
        elif element == "edge":
            self._data = dict(self._defaults["edge"])
            self._graph.edges.append((attributes.get("source", ""), attributes.get("target", ""), self._data))
            directed = attributes.get("directed")
            self._graph.undirected += directed == "false" or (directed is None and not self._directed)
        elif element == "hyperedge":
            raise ImportDataError(f"{self._name!r} has a hyperedge; a connection has two ends.")
        elif element == "data":
            key = attributes.get("key", "")
            self._key = self._keys.get(key, (key, "string"))
            self._text = []

    def _declare(self, attributes: dict[str, str]) -> None:
        key, name = attributes.get("id", ""), attributes.get("attr.name", attributes.get("id", ""))
        kind = attributes.get("attr.type", "string").lower()
        self._keys[key] = (name, kind)
        self._default_of = key
        domain = attributes.get("for", "all")
        if domain in ("node", "all"):
            self._graph.node_types[name] = kind
        if domain in ("edge", "all"):
            self._edge_names[name] = None

    def end(self, tag: str) -> None:
        element = tag.rsplit(" ", 1)[-1]
        if element == "data" and self._text is not None and self._key is not None:
            if self._data is not None:
                self._data[self._key[0]] = "".join(self._text).strip()
            self._text = None
        elif element == "default" and self._text is not None and self._default_of is not None:
            name = self._keys[self._default_of][0]
            for domain, names in (("node", self._graph.node_types), ("edge", self._edge_names)):
                if name in names:
                    self._defaults[domain][name] = "".join(self._text).strip()
            self._text = None
        elif element in ("node", "edge"):
            self._data = None

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def finished(self) -> _Graph:
        graph = self._graph
        for names in (graph.node_types, self._edge_names):
            for name in [n for n in names if n in ("source", "target") and names is self._edge_names]:
                del names[name]
        graph.edge_names = list(self._edge_names)
        unknown = next((e for a, b, _ in graph.edges for e in (a, b) if e not in graph.nodes), None)
        if unknown is not None:
            raise ImportDataError(f"An edge of {self._name!r} has the end {unknown!r}, which is no node of it.")
        return graph
