"""A `Graph` to and from NetworkX, igraph, scipy.sparse and pandas.

Ids stay integers all the way: int nodes in NetworkX, int64 columns in pandas; igraph, whose files store numbers as
doubles, gets them as vertex attributes, as text (``name``) and as Python ints (``neuron_id``). Each package is imported
when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphkit.columns import int64_column
from graphkit.edges import distinct
from graphkit.errors import GraphError, MissingExtraError
from graphkit.graph import Graph

if TYPE_CHECKING:
    import igraph
    import networkx as nx
    import pandas as pd
    import scipy.sparse as sp

__all__ = [
    "PandasTables",
    "from_igraph",
    "from_networkx",
    "from_pandas",
    "from_scipy",
    "to_igraph",
    "to_networkx",
    "to_pandas",
    "to_scipy",
]


class PandasTables(NamedTuple):
    """A graph as two frames."""

    connections: pd.DataFrame  # pre_id, post_id, synapses: int64, sorted by (pre, post)
    neurons: pd.DataFrame  # neuron_id: int64, ascending, and the attributes


def to_networkx(graph: Graph) -> nx.DiGraph[int]:
    """A DiGraph with int ids as nodes, attributes as node data (``None`` left out), ``synapses`` on the edges."""
    import networkx as nx

    converted: nx.DiGraph[int] = nx.DiGraph()
    converted.add_nodes_from(graph.ids.tolist())
    for name, column in graph.attributes.items():
        values = zip(graph.ids.tolist(), column.tolist(), strict=True)
        nx.set_node_attributes(converted, {node: value for node, value in values if value is not None}, name)
    pre, post, synapses = (column.tolist() for column in graph.edges())
    converted.add_edges_from((a, b, {"synapses": count}) for a, b, count in zip(pre, post, synapses, strict=True))
    return converted


def from_networkx(graph: nx.Graph[Any], *, weight: str | None = None) -> Graph:
    """A Graph of the nodes, edges and node data of ``graph``; parallel edges are summed.

    An edge's synapses are its ``weight`` attribute if that is named, else its ``synapses``, else 1. An undirected edge
    becomes one connection each way.

    Raises:
        GraphError: a node is not an int; an edge lacks the attribute ``weight``; a count is not a positive integer.
    """
    for node in graph.nodes:
        if isinstance(node, (bool, np.bool_)) or not isinstance(node, (int, np.integer)):
            raise GraphError(
                f"The node {node!r} is not an integer; neurons are identified by integers.",
                hint="networkx.convert_node_labels_to_integers(graph, label_attribute='name') numbers the nodes "
                "and keeps their names.",
            )
    pre, post, synapses = [], [], []
    for a, b, data in graph.edges(data=True):
        if weight is not None and weight not in data:
            raise GraphError(
                f"The edge {a!r} -> {b!r} has no attribute {weight!r}.",
                hint=f"Its attributes: {', '.join(map(repr, data)) or 'none'}.",
            )
        count = data.get("synapses", 1) if weight is None else data[weight]
        if isinstance(count, (bool, np.bool_)) or not isinstance(count, (int, np.integer)):
            raise GraphError(f"The edge {a!r} -> {b!r} has {count!r} synapses; expected a positive integer.")
        pre.append(a)
        post.append(b)
        synapses.append(count)
    if not graph.is_directed():
        pre, post, synapses = _both_ways(pre, post, synapses)
    nodes = list(graph.nodes)
    data_names = dict.fromkeys(name for _, data in graph.nodes(data=True) for name in data)
    attributes = {str(name): _objects(data.get(name) for _, data in graph.nodes(data=True)) for name in data_names}
    return Graph.from_edges(pre, post, synapses, ids=nodes, attributes=attributes)


def to_igraph(graph: Graph) -> igraph.Graph:
    """A directed igraph Graph; vertex i is ``ids[i]``, with ``name`` (text) and ``neuron_id`` (int); ``synapses``.

    Raises:
        MissingExtraError: igraph is not installed.
    """
    igraph = _igraph()
    rows = np.repeat(np.arange(len(graph)), np.diff(graph.indptr))
    converted = igraph.Graph(n=len(graph), edges=np.column_stack([rows, graph.indices]), directed=True)
    for name, column in graph.attributes.items():
        converted.vs[name] = column.tolist()
    converted.vs["name"] = list(map(str, graph.ids.tolist()))
    converted.vs["neuron_id"] = graph.ids.tolist()
    converted.es["synapses"] = graph.synapses.tolist()
    return converted


def from_igraph(graph: igraph.Graph, *, ids: str | None = None, weight: str | None = None) -> Graph:
    """A Graph of an igraph Graph; parallel edges are summed, an undirected edge becomes one connection each way.

    The neurons' ids are the vertex attribute ``ids`` (ints or text of digits); if not named, ``neuron_id``, else
    ``name``, else the vertices' numbers. Synapses: the edge attribute ``weight``; if not named, ``synapses``, else 1.

    Raises:
        GraphError: an id is not an integer or stands twice; an attribute is missing; a count is not a positive integer.
    """
    names = graph.vs.attributes()
    if ids is not None and ids not in names:
        raise GraphError(f"The vertices have no attribute {ids!r}; they have {', '.join(names) or 'none'}.")
    chosen = ids or next((name for name in ("neuron_id", "name") if name in names), None)
    n = graph.vcount()
    neurons = np.arange(n) if chosen is None else _ids_of_text(graph.vs[chosen], f"the vertex attribute {chosen!r}")
    if weight is not None and weight not in graph.es.attributes():
        raise GraphError(f"The edges have no attribute {weight!r}.")
    counts = weight or ("synapses" if "synapses" in graph.es.attributes() else None)
    ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    pre, post = neurons[ends[:, 0]].tolist(), neurons[ends[:, 1]].tolist()
    synapses = [1] * len(pre) if counts is None else list(graph.es[counts])
    if not graph.is_directed():
        pre, post, synapses = _both_ways(pre, post, synapses)
    if len(set(neurons.tolist())) < n:
        raise GraphError(f"The vertex attribute {chosen!r} gives two vertices the same id.")
    ours = {"neuron_id", chosen, "name" if _is_text_of_ids(graph, neurons) else chosen}
    attributes = {name: _objects(graph.vs[name]) for name in names if name not in ours}
    return Graph.from_edges(pre, post, synapses, ids=neurons, attributes=attributes)


def to_scipy(graph: Graph) -> sp.csr_array[Any, tuple[int, int]]:
    """A csr_array of int64, shape (n, n): the synapses from neuron ``ids[i]`` to ``ids[j]``. A copy, free to change."""
    import scipy.sparse as sp

    n = len(graph)
    return sp.csr_array((graph.synapses, graph.indices, graph.indptr), shape=(n, n), copy=True)


def from_scipy(matrix: Any, *, ids: Any = None, attributes: Mapping[str, Any] | None = None) -> Graph:
    """A Graph of a square sparse matrix of integers; row and column i are ``ids[i]`` (0, 1, ... if not given).

    Raises:
        GraphError: the matrix is not square, not of integers (or booleans), or has negative entries; ids do not fit.
    """
    import scipy.sparse as sp

    table = sp.coo_array(matrix)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise GraphError(f"The matrix has the shape {table.shape}; expected a square one.")
    if table.dtype.kind not in "iub":
        raise GraphError(
            f"The matrix holds {table.dtype}; expected integers.",
            hint="matrix.astype('int64') makes them, where the values are whole numbers.",
        )
    n = table.shape[0]
    neurons = np.arange(n) if ids is None else int64_column(ids, "ids")
    n_distinct = len(distinct(neurons))
    if len(neurons) != n or n_distinct != n:
        raise GraphError(f"ids has {len(neurons)} rows ({n_distinct} distinct) for a matrix of {n}.")
    rows, columns = table.coords
    nonzero = table.data != 0
    counts = table.data[nonzero]
    counts = np.ones(len(counts), dtype=np.int64) if table.dtype.kind == "b" else counts
    return Graph.from_edges(
        neurons[rows[nonzero]], neurons[columns[nonzero]], counts, ids=neurons, attributes=attributes
    )


def to_pandas(graph: Graph) -> PandasTables:
    """The frames (connections, neurons); see `PandasTables`. Copies, free to change."""
    import pandas as pd

    pre, post, synapses = graph.edges()
    connections = pd.DataFrame({"pre_id": pre, "post_id": post, "synapses": synapses.copy()})
    columns = {name: pd.Series(column.copy(), dtype=column.dtype) for name, column in graph.attributes.items()}
    return PandasTables(connections, pd.DataFrame({"neuron_id": graph.ids.copy(), **columns}))


def from_pandas(
    connections: pd.DataFrame,
    neurons: pd.DataFrame | None = None,
    *,
    pre: str = "pre_id",
    post: str = "post_id",
    synapses: str | None = "synapses",
) -> Graph:
    """A Graph of frames as `to_pandas` gives them; rows of the same pair are summed.

    ``synapses=None`` counts one a row. ``neurons`` has a column ``neuron_id``; all others become attributes.

    Raises:
        GraphError: a column is missing, or not of integers.
    """
    for name in (pre, post, synapses):
        if name is not None and name not in connections.columns:
            raise GraphError(f"The frame has no column {name!r}; its columns: {', '.join(map(str, connections))}.")
    ids, attributes = None, {}
    if neurons is not None:
        if "neuron_id" not in neurons.columns:
            raise GraphError(f"neurons has no column 'neuron_id'; its columns: {', '.join(map(str, neurons))}.")
        ids = neurons["neuron_id"]
        attributes = {str(name): neurons[name] for name in neurons.columns if name != "neuron_id"}
    counts = None if synapses is None else connections[synapses]
    return Graph.from_edges(connections[pre], connections[post], counts, ids=ids, attributes=attributes)


def _igraph() -> Any:
    try:
        import igraph
    except ImportError as error:
        raise MissingExtraError("igraph", "igraph", "Handing a graph to igraph") from error
    return igraph


def _both_ways(pre: list[Any], post: list[Any], synapses: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    back = [row for row in range(len(pre)) if pre[row] != post[row]]  # a loop is its own reverse
    return (
        pre + [post[row] for row in back],
        post + [pre[row] for row in back],
        synapses + [synapses[row] for row in back],
    )


def _objects(values: Iterable[Any]) -> NDArray[Any]:
    return np.fromiter(values, dtype=object)


def _ids_of_text(values: list[Any], what: str) -> NDArray[np.int64]:
    numbers = []
    for value in values:
        try:
            numbers.append(int(value) if isinstance(value, str) else value)
        except ValueError as error:
            raise GraphError(
                f"{what} holds {value!r}; expected integers.",
                hint="Name another vertex attribute with ids=..., or delete this one to number the vertices 0, 1, ...",
            ) from error
    return int64_column(numbers, what)


def _is_text_of_ids(graph: igraph.Graph, neurons: NDArray[np.int64]) -> bool:
    """Whether the vertices' ``name`` is only `to_igraph`'s text copy of the ids, which is no attribute of its own."""
    return "name" in graph.vs.attributes() and graph.vs["name"] == list(map(str, neurons.tolist()))
