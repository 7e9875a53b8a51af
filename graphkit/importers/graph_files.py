"""Graph files back into a `Graph`: .npz, edge lists (.csv, .tsv, .parquet; text also .gz), GraphML (also .gz).

Reads what `Graph.save` writes, and the same formats from other programs: a scipy .npz, an edge list with the columns
pre_id and post_id (and synapses), GraphML of NetworkX or igraph whose nodes have integer ids.
"""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError, GraphkitError
from graphkit.exporters import graph_suffix
from graphkit.graph import Graph

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["load_graph", "read_edge_list", "read_graphml", "read_npz"]


def load_graph(path: str | Path) -> Graph:
    """The graph in the file ``path``, whose suffix says which format it is.

    Raises:
        GraphError: no such file, an unknown suffix, or a file that is not what its suffix says.
    """
    suffix = graph_suffix(path).removesuffix(".gz")
    if suffix == ".graphml":
        return read_graphml(path)
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
        if graph_suffix(path).endswith(".gz"):
            return parse_graphml(cast(IO[bytes], gzip.GzipFile(fileobj=stream)), ids=ids, weight=weight)
        return parse_graphml(stream, ids=ids, weight=weight)


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
