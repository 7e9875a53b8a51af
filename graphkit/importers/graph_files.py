"""Graph files back into a `Graph`: .npz, edge lists (.csv, .tsv, .parquet; text also .gz), GraphML (also .gz).

Node-link JSON too. Reads what `Graph.save` writes, and the same formats from other programs: a scipy .npz, an edge list
with the columns pre_id and post_id (and synapses), GraphML or node-link JSON whose nodes have integer ids.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError, GraphkitError
from graphkit.exporters import graph_suffix
from graphkit.graph import Graph

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.importers.graphml_parser import Attribute, GraphmlFile

__all__ = ["load_graph", "read_edge_list", "read_graphml", "read_node_link", "read_npz"]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DTYPES: dict[str, type] = {"int": int, "long": int, "float": float, "double": float, "boolean": bool}
_OWN_ID_ATTRIBUTES = ("neuron_id", "name")


def load_graph(path: str | Path) -> Graph:
    """The graph in the file ``path``, whose suffix says which format it is.

    Raises:
        GraphError: no such file, an unknown suffix, or a file that is not what its suffix says.
    """
    suffix = graph_suffix(path).removesuffix(".gz")
    if suffix == ".graphml":
        return read_graphml(path)
    if suffix == ".json":
        return read_node_link(path)
    if suffix == ".npz":
        return read_npz(path)
    return read_edge_list(path)


def read_npz(path: str | Path) -> Graph:
    """The graph of an .npz file (see `graphkit.exporters.npz`), or of a scipy.sparse one (ids 0, 1, ...).

    Raises:
        GraphError: not such a file, or a damaged one.
    """
    with _opened(path) as stream:
        import scipy.sparse as sp

        with np.load(stream, allow_pickle=False) as entries:
            if "ids" not in entries:
                stream.seek(0)
                return Graph.from_scipy(sp.load_npz(stream))
            n = len(entries["ids"])
            matrix = sp.csr_array((entries["data"], entries["indices"], entries["indptr"]), shape=(n, n))
            header = json.loads(str(entries["attributes"])) if "attributes" in entries else []
            attributes = {
                column["name"]: _npz_column(entries, f"attribute_{number}", column["kind"])
                for number, column in enumerate(header)
            }
            return Graph.from_scipy(matrix, ids=entries["ids"], attributes=attributes)


def read_node_link(path: str | Path) -> Graph:
    """The graph of node-link JSON whose node ids are integers or their digits; without directions, one each way.

    Raises:
        GraphError: not such a file; an id that is no integer; an edge to no node; a count that is no positive integer.
    """
    with _opened(path) as stream:
        import networkx as nx

        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        text = gzip.decompress(stream.read()) if packed else stream.read()
        loaded = json.loads(text)
        if not isinstance(loaded, dict) or not isinstance(loaded.get("nodes"), list):
            raise GraphError("This JSON has no nodes and edges.")
        for node in loaded["nodes"]:
            if isinstance(node["id"], str) and _INTEGER.fullmatch(node["id"]):
                node["id"] = int(node["id"])
        edges = "edges" if "edges" in loaded else "links"
        for edge in loaded[edges]:
            for end in ("source", "target"):
                if isinstance(edge[end], str) and _INTEGER.fullmatch(edge[end]):
                    edge[end] = int(edge[end])
        known = {node["id"] for node in loaded["nodes"]}
        lost = next((e[end] for e in loaded[edges] for end in ("source", "target") if e[end] not in known), None)
        if lost is not None:
            raise GraphError(f"An edge leads to {lost!r}, which is none of the nodes.")
        graph = Graph.from_networkx(nx.node_link_graph(loaded, edges=edges))
        kinds = loaded.get("graph", {}).get("neuron_attributes", {})
        return replace(graph, attributes=_as_declared(graph, kinds)) if kinds else graph


def _as_declared(graph: Graph, kinds: dict[str, str]) -> dict[str, NDArray[Any]]:
    """The columns in the order and of the types that `Graph.save` wrote down; one without values is there too."""
    columns = {}
    for name, kind in kinds.items():
        column = graph.attributes.get(name)
        if column is None:
            column = np.full(len(graph), np.nan) if kind == "float" else np.full(len(graph), None, dtype=object)
        columns[name] = column
    return columns


def read_edge_list(
    path: str | Path, *, pre: str = "pre_id", post: str = "post_id", synapses: str | None = None
) -> Graph:
    """The graph of a table of edges; rows of the same pair are summed.

    ``synapses`` names the column of counts; if not given, it is ``synapses`` where there is one, else every row is 1.

    Raises:
        GraphError: not such a file; a column is missing or not of integers; a null.
    """
    suffix = graph_suffix(path)
    with _opened(path) as stream:
        table = _parquet_table(stream) if suffix == ".parquet" else _text_table(stream, suffix, (pre, post, synapses))
        if synapses is None and "synapses" in table.column_names:
            synapses = "synapses"
        for name in (pre, post, synapses):
            if name is not None and name not in table.column_names:
                raise GraphError(
                    f"{str(path)!r} has no column {name!r}; its columns: {', '.join(table.column_names)}.",
                    hint="read_edge_list(path, pre=..., post=..., synapses=...) names the columns.",
                )
        return Graph.from_edges(table[pre], table[post], None if synapses is None else table[synapses])


def read_graphml(path: str | Path, *, ids: str | None = None, weight: str | None = None) -> Graph:
    """The graph of a GraphML file with its node attributes; undirected edges become one connection each way.

    Neuron ids are the nodes' XML ids where these are integers, else the node attribute ``ids`` (tried if not named:
    neuron_id, name). Synapses are the edge attribute ``weight``; if not named, ``synapses``, else 1 an edge.

    Raises:
        GraphError: not GraphML; ids that are not integers; an edge to no node; a count that is not a positive integer.
    """
    from graphkit.importers.graphml_parser import parse_graphml

    with _opened(path) as stream:
        file = parse_graphml(stream)
        neurons, used = _neuron_ids(file, ids)
        back = ~file.directed & (file.source != file.target)
        pre = np.concatenate([file.source, file.target[back]])
        post = np.concatenate([file.target, file.source[back]])
        counts = _counts(file, weight)
        attributes = {
            name: _values(name, attribute) for name, attribute in file.node_attributes.items() if name != used
        }
        synapses = np.concatenate([counts, counts[back]])
        return Graph.from_edges(neurons[pre], neurons[post], synapses, ids=neurons, attributes=attributes)


@contextmanager
def _opened(path: str | Path) -> Iterator[IO[bytes]]:
    """The open file; whatever goes wrong while it is read becomes one GraphError that names it."""
    try:
        with Path(path).open("rb") as stream:
            yield stream
    except GraphkitError as error:
        if repr(str(path)) in error.message:
            raise
        raise GraphError(f"{str(path)!r}: {error.message}", hint=error.hint) from error
    except FileNotFoundError as error:
        raise GraphError(f"There is no file {str(path)!r}.") from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error, SyntaxError) as error:
        # pyarrow's ArrowInvalid is a ValueError, and xml's ParseError a SyntaxError
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GraphError(f"{str(path)!r} cannot be read as a {graph_suffix(path)} file: {reason}") from error


def _npz_column(entries: Any, key: str, kind: str) -> NDArray[Any]:
    values: NDArray[Any] = entries[key]
    if kind not in ("str", "with nulls"):
        return values
    if kind == "str":
        text = values.tobytes()
        ends = entries[f"{key}_ends"].tolist()
        listed: list[Any] = [text[begin:end].decode() for begin, end in zip([0, *ends[:-1]], ends, strict=False)]
    else:
        listed = values.tolist()
    nulls = entries[f"{key}_null"].tolist()
    return np.fromiter(
        (None if null else value for value, null in zip(listed, nulls, strict=True)), dtype=object, count=len(listed)
    )


def _neuron_ids(file: GraphmlFile, asked: str | None) -> tuple[NDArray[np.int64], str | None]:
    """The neurons' ids in the file's order, and the attribute that they come from (None: the XML ids)."""
    if asked is None and all(map(_INTEGER.fullmatch, file.nodes)):
        return _as_ids(file.nodes, "The node ids"), None
    for name in (asked,) if asked is not None else _OWN_ID_ATTRIBUTES:
        if name not in file.node_attributes:
            continue
        file.refuse_doubles(name)
        texts = [text or "" for text in file.node_attributes[name].values]
        if all(map(_INTEGER.fullmatch, texts)):
            return _as_ids(texts, f"The node attribute {name!r}"), name
    odd = next((node for node in file.nodes if not _INTEGER.fullmatch(node)), "")
    declared = ", ".join(map(repr, file.node_attributes)) or "none"
    raise GraphError(
        f"The node {odd!r} has no integer id; neurons are identified by integers."
        if asked is None
        else f"The node attribute {asked!r} does not give every node an integer.",
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


def _counts(file: GraphmlFile, weight: str | None) -> NDArray[np.int64]:
    """The synapses of each edge; an edge without a value counts 1 unless ``weight`` was asked for."""
    n, name = len(file.source), weight or "synapses"
    if name not in file.edge_attributes and (weight is None or n == 0):
        return np.ones(n, dtype=np.int64)
    texts: list[str | None] = file.edge_attributes[name].values if name in file.edge_attributes else [None] * n
    counts = {text: 1 if text is None and weight is None else _positive(text) for text in set(texts)}
    if None in counts.values():
        edge = next(row for row, text in enumerate(texts) if counts[text] is None)
        ends = f"{file.nodes[file.source[edge]]!r} -> {file.nodes[file.target[edge]]!r}"
        if texts[edge] is None:
            raise GraphError(f"The edge {ends} has no attribute {name!r}.")
        raise GraphError(f"The edge {ends} has {texts[edge]!r} {name}; expected a positive integer.")
    return np.fromiter(map(counts.__getitem__, texts), dtype=np.int64, count=n)


def _positive(text: str | None) -> int | None:
    """The count in ``text``. Programs that know doubles only write 5 as 5.0 or 5e0: exact below 2**53."""
    if text is None:
        return None
    if _INTEGER.fullmatch(text.strip()):
        count = int(text)
        return count if 0 < count < 2**63 else None
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and 0 < number < 2**53 else None


def _values(name: str, attribute: Attribute) -> NDArray[Any]:
    try:
        values = [None if text is None else _value(text, attribute.type) for text in attribute.values]
        if None in values:
            return np.fromiter(values, dtype=object, count=len(values))
        return np.array(values, dtype=_DTYPES.get(attribute.type, object))
    except (ValueError, OverflowError) as error:
        raise GraphError(f"The node attribute {name!r} is declared {attribute.type}: {error}.") from error


def _value(text: str, graphml_type: str) -> Any:
    if graphml_type == "boolean":
        return text.strip().lower() in ("true", "1")
    return _DTYPES.get(graphml_type, str)(text)


def _parquet_table(stream: IO[bytes]) -> pa.Table:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(stream)


def _text_table(stream: IO[bytes], suffix: str, columns: tuple[str | None, ...]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv

    wanted = {name: pa.int64() for name in (*columns, "synapses") if name is not None}
    source: Any = gzip.GzipFile(fileobj=stream) if suffix.endswith(".gz") else stream
    return pyarrow.csv.read_csv(
        source,
        parse_options=pyarrow.csv.ParseOptions(delimiter="\t" if suffix.startswith(".tsv") else ","),
        convert_options=pyarrow.csv.ConvertOptions(column_types=wanted),
    )
