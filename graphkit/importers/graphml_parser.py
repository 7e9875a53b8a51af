"""A GraphML stream into a `Graph`, element by element, so that memory holds the edges but never the XML tree.

http://graphml.graphdrawing.org/specification.html
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph

__all__ = ["parse_graphml"]

_INTEGER = re.compile(r"[+-]?\d+")
_DIGITS_LOST = re.compile(r"[+-]?\d+\.?\d*(e[+-]?\d+)?", re.IGNORECASE)
_DTYPES: dict[str, type] = {"int": int, "long": int, "float": float, "double": float, "boolean": bool}
_PIECE_BYTES = 1 << 20
_OWN_ID_ATTRIBUTES = ("neuron_id", "name")


@dataclass(slots=True)
class _Key:
    """A declared attribute."""

    name: str
    of: str
    type: str
    default: str | None = None


class _Reader:
    """What the stream held so far; the target of an `xml.etree` parser, called for each element."""

    def __init__(self, weight: str | None) -> None:
        self.weight = weight
        self.keys: dict[str, _Key] = {}
        self.row_of_node: dict[str, int] = {}
        self.node_data: list[dict[str, str]] = []
        self.pre: list[str] = []
        self.post: list[str] = []
        self.synapses: list[int] = []
        self._directed = True
        self._n_graphs = 0
        self._begun = False
        self._key = ""  # the key that a default or a piece of data belongs to
        self._texts: list[str] | None = None  # collected inside <default> and <data> only
        self._data: dict[str, str] = {}  # of the node or edge at hand
        self._edge: dict[str, str] = {}
        self._count_keys: set[str] = set()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag[tag.rfind("}") + 1 :]
        if not self._begun and name != "graphml":
            raise GraphError(f"The XML begins with <{name}>, which is not GraphML.")
        self._begun = True
        if name == "data":
            self._key, self._texts = attributes.get("key", ""), []
        elif name == "edge":
            self._edge, self._data = attributes, {}
        elif name == "node":
            self._add_node(attributes.get("id"))
        elif name == "key":
            self._key = attributes.get("id", "")
            self._add_key(attributes)
        elif name == "default":
            self._texts = []
        elif name == "graph":
            self._n_graphs += 1
            self._directed = attributes.get("edgedefault", "directed") == "directed"
            if self._n_graphs > 1:
                raise GraphError("The file holds several graphs, or one inside another; expected a single one.")
        elif name == "hyperedge":
            raise GraphError("The file has a hyperedge; connections are between two neurons.")

    def data(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def end(self, tag: str) -> None:
        name = tag[tag.rfind("}") + 1 :]
        if name == "data":
            if self._key not in self.keys:
                raise GraphError(f"The file has data for the key {self._key!r}, which it does not declare.")
            self._data[self._key] = "".join(self._texts or ())
            self._texts = None
        elif name == "edge":
            self._add_edge()
            self._data = {}
        elif name == "node":
            self._data = {}
        elif name == "default":
            self.keys[self._key].default = "".join(self._texts or ())
            self._texts = None

    def close(self) -> None:
        if self._n_graphs == 0:
            raise GraphError("The file holds no graph.")

    def _add_key(self, attributes: dict[str, str]) -> None:
        name = attributes.get("attr.name", self._key)
        key = _Key(name, attributes.get("for", "all"), attributes.get("attr.type", "string"))
        self.keys[self._key] = key
        if key.of in ("edge", "all") and key.name == (self.weight or "synapses"):
            self._count_keys.add(self._key)

    def _add_node(self, node: str | None) -> None:
        if node is None or node in self.row_of_node:
            raise GraphError("A node has no id." if node is None else f"The node {node!r} stands twice in the file.")
        self.row_of_node[node] = len(self.node_data)
        self._data = {}
        self.node_data.append(self._data)

    def _add_edge(self) -> None:
        pre, post = self._edge.get("source", ""), self._edge.get("target", "")
        texts = [self._data.get(key, self.keys[key].default) for key in self._count_keys]
        text = next((text for text in texts if text is not None), None)
        if text is None and self.weight is not None:
            raise GraphError(f"The edge {pre!r} -> {post!r} has no attribute {self.weight!r}.")
        count = 1 if text is None else _whole_number(text.strip())
        if count is None:
            name = self.weight or "synapses"
            raise GraphError(f"The edge {pre!r} -> {post!r} has {text!r} {name}; expected a positive integer.")
        self.pre.append(pre)
        self.post.append(post)
        self.synapses.append(count)
        directed = self._edge.get("directed")
        if pre != post and (directed == "false" or (directed is None and not self._directed)):
            self.pre.append(post)
            self.post.append(pre)
            self.synapses.append(count)


def parse_graphml(stream: IO[bytes], *, ids: str | None, weight: str | None) -> Graph:
    """The graph in ``stream``. Arguments and errors are those of `graphkit.importers.graph_files.read_graphml`."""
    reader = _Reader(weight)
    parser = ET.XMLParser(target=reader)
    while piece := stream.read(_PIECE_BYTES):
        parser.feed(piece)
    parser.close()
    return _graph(reader, ids)


def _whole_number(text: str) -> int | None:
    """Programs that know doubles only write 5 as 5.0 or 5e0: a count below 2**53 is still exact then."""
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else None


def _graph(parsed: _Reader, ids: str | None) -> Graph:
    neurons, used = _neuron_ids(parsed, ids)
    row_of_node = parsed.row_of_node
    for pre, post in zip(parsed.pre, parsed.post, strict=True):
        if pre not in row_of_node or post not in row_of_node:
            raise GraphError(f"The edge {pre!r} -> {post!r} has an end that is no node of the file.")
    rows = len(parsed.pre)
    pre_rows = np.fromiter((row_of_node[node] for node in parsed.pre), dtype=np.int64, count=rows)
    post_rows = np.fromiter((row_of_node[node] for node in parsed.post), dtype=np.int64, count=rows)
    attributes = {
        spec.name: _attribute(parsed, key, spec)
        for key, spec in parsed.keys.items()
        if spec.of in ("node", "all") and key != used and _is_held(parsed, key)
    }
    return Graph.from_edges(neurons[pre_rows], neurons[post_rows], parsed.synapses, ids=neurons, attributes=attributes)


def _is_held(parsed: _Reader, key: str) -> bool:
    return parsed.keys[key].of == "node" or any(key in data for data in parsed.node_data)


def _neuron_ids(parsed: _Reader, ids: str | None) -> tuple[NDArray[np.int64], str | None]:
    """The neurons' ids in the file's order, and the key that they come from (None: the XML ids)."""
    nodes = list(parsed.row_of_node)
    if ids is None and all(_INTEGER.fullmatch(node) for node in nodes):
        return _as_ids(nodes, "The node ids"), None
    key_of_name = {spec.name: key for key, spec in parsed.keys.items() if spec.of in ("node", "all")}
    for name in (ids,) if ids is not None else _OWN_ID_ATTRIBUTES:
        key = key_of_name.get(name)
        if key is None:
            continue
        texts = [data.get(key, parsed.keys[key].default or "") for data in parsed.node_data]
        odd = next((text for text in texts if not _INTEGER.fullmatch(text)), None)
        if odd is None:
            return _as_ids(texts, f"The node attribute {name!r}"), key
        if _DIGITS_LOST.fullmatch(odd):
            raise GraphError(
                f"The node attribute {name!r} holds {odd!r}: ids written as doubles have lost digits above 2**53.",
                hint="Write the ids as text (attr.type string) from the program that made the file.",
            )
    odd = next((node for node in nodes if not _INTEGER.fullmatch(node)), "")
    declared = ", ".join(map(repr, key_of_name)) or "none"
    raise GraphError(
        f"The node {odd!r} has no integer id; neurons are identified by integers."
        if ids is None
        else f"The node attribute {ids!r} does not give every node an integer.",
        hint=f"read_graphml(path, ids=...) takes the ids from a node attribute; the file declares {declared}.",
    )


def _as_ids(texts: list[str], what: str) -> NDArray[np.int64]:
    numbers = [int(text) for text in texts]
    if len(set(numbers)) < len(numbers):
        raise GraphError(f"{what} give two nodes the same number.")
    too_large = next((number for number in numbers if not -(2**63) <= number < 2**63), None)
    if too_large is not None:
        raise GraphError(f"{what} hold {too_large}, which does not fit: ids are below 2**63.")
    return np.array(numbers, dtype=np.int64)


def _attribute(parsed: _Reader, key: str, spec: _Key) -> NDArray[Any]:
    rows = (data.get(key, spec.default) for data in parsed.node_data)
    try:
        values = [None if text is None else _value(text, spec.type) for text in rows]
    except ValueError as error:
        raise GraphError(f"The node attribute {spec.name!r} is declared {spec.type}: {error}.") from error
    if None in values:
        return np.fromiter(values, dtype=object, count=len(values))
    return np.array(values, dtype=_DTYPES.get(spec.type, object))


def _value(text: str, graphml_type: str) -> Any:
    if graphml_type == "boolean":
        return text.strip().lower() in ("true", "1")
    read = _DTYPES.get(graphml_type, str)
    return read(text)
