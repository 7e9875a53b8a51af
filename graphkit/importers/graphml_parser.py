"""GraphML as columns of text: the one reader behind `Graph.load` and `import_graphml`.

Text stays text: a count or an id becomes a number where it is used, from its digits. The XML is built by xml.etree,
in C, a piece of the file at a time; what is complete is taken over into columns and cut off the tree, so that memory
holds the edges but never the whole tree. A DOCTYPE is refused before anything of it is read, so there are no entities
to expand and no files to fetch; elements nested without end are refused.

http://graphml.graphdrawing.org/specification.html
"""

from __future__ import annotations

import gzip
import os
import re
import xml.etree.ElementTree as ET
from array import array
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import ImportDataError

__all__ = ["Attribute", "GraphmlFile", "parse_graphml"]

_PIECE_BYTES = 1 << 14  # the tree of a piece fits a processor's cache: 1.7 times as fast as pieces of 1 MiB
_DEEPEST = 100
_FLOATS = ("float", "double")
_WHOLE = ("int", "long")
_A_GRAPH = frozenset({"graph", "node", "edge", "hyperedge"})
_DIGITS = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+\.?[0-9]*(e[+-]?[0-9]+)?", re.IGNORECASE)


@dataclass(slots=True)
class Attribute:
    """One value a node or edge, as the file writes it; None where it gives none and declares no default.

    ``type`` is that of the declaration (string, int, long, float, double, boolean). Of attributes that are declared
    several times under one name (NetworkX does so where the values' types differ) it is one that holds them all.
    """

    type: str
    values: list[str | None]

    @property
    def stored_as_doubles(self) -> bool:
        return self.type in _FLOATS


@dataclass(frozen=True, slots=True)
class GraphmlFile:
    """What a file says. ``source`` and ``target`` are rows of ``nodes``; all arrays have one value an edge."""

    nodes: list[str]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    directed: NDArray[np.bool_]
    node_attributes: dict[str, Attribute]
    edge_attributes: dict[str, Attribute]

    def refuse_doubles(self, name: str) -> None:
        """Refuses the node attribute ``name`` as ids if it went through floating-point numbers.

        Raises:
            ImportDataError: a value is written as a double, or stored as one and beyond 2^53.
        """
        attribute = self.node_attributes[name]
        stored = attribute.stored_as_doubles
        for text in map(str.strip, filter(None, attribute.values)):
            exact = _DIGITS.fullmatch(text) and not (stored and (len(text) > 17 or abs(int(text)) > 2**53))
            if not exact and _NUMBER.fullmatch(text):
                raise ImportDataError(
                    f"The file stores the ids ({name!r}) as floating-point numbers, e.g. {text}, which have lost "
                    "digits above 2^53.",
                    hint="Write the file again with the ids as text (igraph: g.vs['name'] = [str(i) for i in ids]).",
                )


def parse_graphml(stream: IO[bytes], progress: Callable[[float], None] | None = None) -> GraphmlFile:
    """The graph in ``stream``, a seekable file that may be gzipped; ``progress`` hears the fraction read.

    Raises:
        ImportDataError: XML that is not GraphML, or not one graph of nodes and edges; a DOCTYPE.
        xml.etree.ElementTree.ParseError: not XML, or cut off.
        OSError, EOFError, zlib.error: the file cannot be read, or is a damaged gzip.
    """
    size = max(stream.seek(0, os.SEEK_END), 1)
    stream.seek(0)
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    source = cast(IO[bytes], gzip.GzipFile(fileobj=stream)) if packed else stream
    builder = ET.TreeBuilder()
    top = builder.start("file", {})  # the document grows below an element that we hold
    parser = ET.XMLParser(target=builder)
    prologue, columns = _Prologue(), _Columns()
    while piece := source.read(_PIECE_BYTES):
        prologue.feed(piece)
        parser.feed(piece)
        _check_depth(top)
        columns.take(top, finished=False)
        if progress is not None:
            progress(min(stream.tell() / size, 1.0))
    parser.close()
    columns.take(top, finished=True)
    return columns.file()


class _Prologue:
    """Reads ahead of the tree until the first element, after which XML allows no DOCTYPE."""

    def __init__(self) -> None:
        from xml.parsers import expat

        self._error = expat.ExpatError
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._begin
        self._begun = False

    def feed(self, piece: bytes) -> None:
        if self._begun:
            return
        try:
            self._parser.Parse(piece, False)
        except (self._error, LookupError, ValueError) as error:  # the latter two: an encoding that is not known
            raise ET.ParseError(str(error)) from error

    def _begin(self, name: str, _: object) -> None:
        self._begun = True
        self._parser.StartElementHandler = None
        if name.rpartition(":")[2] != "graphml":
            raise ImportDataError(f"The file is XML, but not GraphML: it begins with <{name}>.")

    def _refuse(self, *_: object) -> None:
        raise ImportDataError(
            "The file has a DOCTYPE, which GraphML does not need and which can hide files and endless entities.",
            hint="Remove the <!DOCTYPE ...> declaration.",
        )


def _check_depth(element: ET.Element) -> None:
    """Refuses a tree that only grows downwards. The elements still open are the last of their siblings."""
    for _ in range(_DEEPEST):
        if not len(element):
            return
        element = element[-1]
    raise ImportDataError(f"The file nests elements more than {_DEEPEST} deep, which no GraphML does.")


@dataclass(slots=True)
class _Key:
    """A declared attribute."""

    name: str
    of: str
    type: str
    default: str | None


class _Columns:
    """What the pieces held so far. Nodes and the ends of edges are numbered as they first occur."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}
        self._number: defaultdict[str, int] = defaultdict()
        self._number.default_factory = self._number.__len__
        self._nodes: dict[str, None] = {}
        self._source, self._target, self._directed = array("q"), array("q"), array("b")
        self._values: dict[str, dict[str, list[str | None]]] = {"node": {}, "edge": {}}  # of -> key -> values
        self._graph: ET.Element | None = None
        self._default = True

    def take(self, top: ET.Element, *, finished: bool) -> None:
        """Takes what is complete off the tree: everything but the last element, which may still be growing."""
        if not len(top):
            return
        root = top[0]
        done = len(root) if finished else len(root) - 1
        for place, element in enumerate(root):
            name = _local(element.tag)
            if name == "graph":
                self._begin(element)
                self._take_graph(element, finished=place < done)
            elif name == "key" and place < done:
                self._declare(element)
        del root[: max(done, 0)]

    def _begin(self, graph: ET.Element) -> None:
        if graph is self._graph:
            return
        if self._graph is not None:
            raise _several()
        self._graph = graph
        self._default = graph.get("edgedefault") != "undirected"

    def _declare(self, element: ET.Element) -> None:
        key = element.get("id", "")
        if key in self._keys:
            raise ImportDataError(f"The file declares the key {key!r} twice.")
        default = next((child for child in element if _local(child.tag) == "default"), None)
        self._keys[key] = _Key(
            element.get("attr.name", key),
            element.get("for", "all"),
            element.get("attr.type", "string").lower(),
            None if default is None else _text(default),
        )

    def _take_graph(self, graph: ET.Element, *, finished: bool) -> None:
        done = len(graph) if finished else max(len(graph) - 1, 0)
        ready = graph[:done]
        del graph[:done]
        of_tag: dict[str, list[ET.Element]] = {tag: [] for tag in {element.tag for element in ready}}
        for element in ready:
            of_tag[element.tag].append(element)
        for tag, elements in of_tag.items():
            name = _local(tag)
            if name == "edge":
                self._take_edges(elements)
            elif name == "node":
                self._take_nodes(elements)
            elif name == "hyperedge":
                raise ImportDataError("The file has a hyperedge; a connection has two ends.")
            elif name != "data":
                _refuse_inner(elements)

    def _take_edges(self, elements: list[ET.Element]) -> None:
        first, number, default = len(self._source), self._number, self._default
        given = [element.attrib for element in elements]
        try:
            self._source.extend([number[attributes["source"]] for attributes in given])
            self._target.extend([number[attributes["target"]] for attributes in given])
        except KeyError as error:
            raise ImportDataError(f"An edge of the file has no {error.args[0]}.") from error
        said = [attributes.get("directed") for attributes in given]
        self._directed.extend([default if text is None else text != "false" for text in said])
        self._take_data(elements, self._values["edge"], first)

    def _take_nodes(self, elements: list[ET.Element]) -> None:
        first, nodes = len(self._nodes), self._nodes
        for element in elements:
            node = element.get("id")
            if node is None or node in nodes:
                said = (
                    "A node of the file has no id." if node is None else f"The node {node!r} stands twice in the file."
                )
                raise ImportDataError(said)
            nodes[node] = None
        self._take_data(elements, self._values["node"], first)

    def _take_data(self, elements: list[ET.Element], values: dict[str, list[str | None]], first: int) -> None:
        known_tag = ""
        for row, element in enumerate(elements, first):
            for data in element:
                if data.tag != known_tag:
                    if _local(data.tag) != "data":
                        _refuse_inner([data])
                        continue
                    known_tag = data.tag
                key = data.get("key", "")
                column = values.get(key)
                if column is None:
                    if key not in self._keys:
                        raise ImportDataError(f"The file has data for the key {key!r}, which it does not declare.")
                    column = values[key] = []
                missing = row - len(column)
                if missing > 0:
                    column.extend([None] * missing)
                text = _text(data) if len(data) else data.text or ""
                if missing < 0:
                    raise _two_values(self._keys[key].name)
                column.append(text)

    def file(self) -> GraphmlFile:
        if self._graph is None:
            raise ImportDataError("The file holds no graph.")
        nodes, numbered = list(self._nodes), list(self._number)
        rows = {node: row for row, node in enumerate(nodes)}
        row_of_number = np.fromiter((rows.get(name, -1) for name in numbered), np.int64, len(numbered))
        ends = [np.frombuffer(end, np.int64) if end else np.empty(0, np.int64) for end in (self._source, self._target)]
        source, target = (row_of_number[end] for end in ends)
        for edge in np.flatnonzero((source < 0) | (target < 0))[:1].tolist():
            pre, post = (numbered[end[edge]] for end in ends)
            unknown = pre if source[edge] < 0 else post
            raise ImportDataError(
                f"The edge {pre!r} -> {post!r} has the end {unknown!r}, which is no node of the file."
            )
        directed = np.array(self._directed, dtype=np.bool_)
        node_attributes, edge_attributes = self._attributes("node", len(nodes)), self._attributes("edge", len(source))
        return GraphmlFile(nodes, source, target, directed, node_attributes, edge_attributes)

    def _attributes(self, of: str, rows: int) -> dict[str, Attribute]:
        """By name: all that are declared for this (``of``), and those that are declared otherwise and used."""
        found: dict[str, Attribute] = {}
        for name, key in self._keys.items():
            values = self._values[of].pop(name, None)
            if values is None and key.of != of and not (key.of == "all" and key.default is not None):
                continue
            values = values or []
            values.extend([None] * (rows - len(values)))
            before = found.setdefault(key.name, Attribute(key.type, values))
            if before.values is not values:
                if any(a is not None and b is not None for a, b in zip(before.values, values, strict=True)):
                    raise _two_values(key.name)
                before.type = _wider(before.type, key.type)
                before.values = [b if a is None else a for a, b in zip(before.values, values, strict=True)]
        for key in self._keys.values():
            if key.default is not None and key.of in (of, "all"):
                attribute = found[key.name]
                attribute.values = [key.default if value is None else value for value in attribute.values]
        return found


def _wider(a: str, b: str) -> str:
    if a == b:
        return a
    for types, widest in ((_WHOLE, "long"), ((*_WHOLE, *_FLOATS), "double")):
        if a in types and b in types:
            return widest
    return "string"


def _local(tag: str) -> str:
    return tag[tag.rfind("}") + 1 :]


def _text(element: ET.Element) -> str:
    return "".join(element.itertext())


def _two_values(name: str) -> ImportDataError:
    return ImportDataError(f"A node or edge of the file has two values for {name!r}.")


def _several() -> ImportDataError:
    return ImportDataError("The file has several graphs, or a graph within a graph; a connectome is one graph.")


def _refuse_inner(elements: list[ET.Element]) -> None:
    """Nodes and edges further down (a graph within a node, a wrapper around edges) would be lost in silence."""
    if any(_local(inner.tag) in _A_GRAPH for element in elements for inner in element.iter()):
        raise _several()
