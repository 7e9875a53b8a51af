"""A graph as GraphML, streamed: constant memory besides the graph, readable by NetworkX, igraph, Gephi and Cytoscape.

Ids are the nodes' XML ids, as text: writers that store them as numbers write doubles and corrupt ids above 2**53.
A missing attribute is a missing ``data`` element. http://graphml.graphdrawing.org/specification.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from graphkit.errors import GraphError
from graphkit.exporters import column_kind, packing

if TYPE_CHECKING:
    from graphkit.graph import Graph

__all__ = ["write_graphml"]

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EDGES_AT_ONCE = 10_000
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""


def write_graphml(graph: Graph, path: str | Path) -> None:
    """Write ``graph``, whole, to ``path`` (gzipped if that ends with .gz).

    Raises:
        GraphError: a text holds a character that XML cannot carry, or the file cannot be written.
    """
    with packing(path) as stream:
        stream.writelines(piece.encode() for piece in _pieces(graph))


def _pieces(graph: Graph) -> Iterator[str]:
    yield _HEAD
    columns: list[tuple[str, list[Any], Callable[[Any], str]]] = []
    for number, (name, column) in enumerate(graph.attributes.items()):
        values = column.tolist()
        kind = column_kind(column)
        graphml_type, as_text = _TYPES[kind]
        key = f"d{number}"
        _check(name, f"The attribute's name {name!r}")
        yield f'  <key id="{key}" for="node" attr.name={_quoted(name)} attr.type="{graphml_type}"/>\n'
        columns.append((key, values, as_text))
        if kind is str:
            for value in values:
                if value is not None:
                    _check(value, f"The attribute {name!r} holds {value!r}, which")
    yield '  <key id="synapses" for="edge" attr.name="synapses" attr.type="long"/>\n'
    yield '  <graph edgedefault="directed">\n'
    for row, neuron_id in enumerate(graph.ids.tolist()):
        data = "".join(
            f'<data key="{key}">{as_text(values[row])}</data>'
            for key, values, as_text in columns
            if values[row] is not None
        )
        yield f'    <node id="{neuron_id}">{data}</node>\n' if data else f'    <node id="{neuron_id}"/>\n'
    pre, post, synapses = graph.edges()
    for begin in range(0, len(pre), _EDGES_AT_ONCE):
        part = slice(begin, begin + _EDGES_AT_ONCE)
        rows = zip(pre[part].tolist(), post[part].tolist(), synapses[part].tolist(), strict=True)
        yield "".join(
            f'    <edge source="{a}" target="{b}"><data key="synapses">{count}</data></edge>\n' for a, b, count in rows
        )
    yield "  </graph>\n</graphml>\n"


def _check(text: str, what: str) -> None:
    found = _NOT_XML.search(text)
    if found:
        raise GraphError(
            f"{what} has the character U+{ord(found.group()):04X} in it, which XML cannot carry.",
            hint="Save the graph as .npz instead, or clean the text first.",
        )


def _quoted(text: str) -> str:
    return quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _text(value: str) -> str:
    return escape(value, {"\r": "&#13;"})  # a parser turns a bare carriage return into a newline


def _double(value: float) -> str:
    return repr(value) if math.isfinite(value) else "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


_TYPES: dict[type, tuple[str, Callable[[Any], str]]] = {
    str: ("string", _text),
    int: ("long", str),
    bool: ("boolean", lambda value: "true" if value else "false"),
    float: ("double", _double),
}
