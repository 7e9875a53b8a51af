"""A graph as node-link JSON, the form of ``networkx.node_link_graph`` and of d3: ``{"nodes": [...], "edges": [...]}``.

Ids are text: a JavaScript number above 2^53 is another neuron. A missing value, NaN among them, is a missing key. The
graph's own entry "neuron_attributes" says each column's type, so that `Graph.load` gives the same columns again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphError
from graphkit.exporters import column_kind, packing

if TYPE_CHECKING:
    from graphkit.graph import Graph

__all__ = ["write_node_link"]

_AT_ONCE = 10_000


def write_node_link(graph: Graph, path: str | Path) -> None:
    """Write ``graph``, whole, to ``path`` (gzipped if that ends with .gz).

    Raises:
        GraphError: an attribute is called "id", which is the node's own key; the file cannot be written.
    """
    if "id" in graph.attributes:
        raise GraphError(
            "A neuron attribute is called 'id', which node-link JSON keeps for the node itself.",
            hint="Leave it out: brain.graph(attributes=[...]).",
        )
    with packing(path) as stream:
        stream.writelines(piece.encode() for piece in _pieces(graph))


def _pieces(graph: Graph) -> Iterator[str]:
    kinds = {name: column_kind(column).__name__ for name, column in graph.attributes.items()}
    own = _text({"neuron_attributes": kinds})
    yield f'{{"directed": true, "multigraph": false, "graph": {own},\n"nodes": [\n'
    columns = [(name, column.tolist()) for name, column in graph.attributes.items()]
    comma = ""
    for row, neuron_id in enumerate(graph.ids.tolist()):
        values = {name: values[row] for name, values in columns if not _missing(values[row])}
        yield f"{comma}{_text({'id': str(neuron_id), **values})}"
        comma = ",\n"
    yield '\n],\n"edges": [\n'
    pre, post, synapses = graph.edges()
    for begin in range(0, len(pre), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        rows = zip(pre[part].tolist(), post[part].tolist(), synapses[part].tolist(), strict=True)
        lines = (f'{{"source": "{a}", "target": "{b}", "synapses": {n}}}' for a, b, n in rows)
        yield (",\n" if begin else "") + ",\n".join(lines)
    yield "\n]}\n"


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _text(values: dict[str, Any]) -> str:
    """JSON has no infinity; 1e999 is one to every reader that knows doubles."""
    if any(isinstance(v, float) and math.isinf(v) for v in values.values()):
        text = {k: "1e999" if v > 0 else "-1e999" for k, v in values.items() if isinstance(v, float) and math.isinf(v)}
        rest = json.dumps({k: v for k, v in values.items() if k not in text})
        return rest[:-1] + ", " + ", ".join(f"{json.dumps(k)}: {v}" for k, v in text.items()) + "}"
    return json.dumps(values)
