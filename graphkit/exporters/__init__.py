"""Graphs and tables to files, one format a module. A file appears whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from graphkit.errors import GraphError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.graph import Graph

__all__ = [
    "EDGE_LISTS",
    "FORMATS",
    "GRAPH_SUFFIXES",
    "column_kind",
    "graph_suffix",
    "packing",
    "replacing",
    "save_graph",
]

GRAPH_SUFFIXES = (
    *(".graphml", ".graphml.gz", ".json", ".json.gz", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".npz"),
)
"""The file names that a graph can be saved to and loaded from."""

FORMATS = {
    "graphml": (".graphml", ".graphml.gz"),
    "networkx": (".json", ".json.gz"),
    "csv": (".csv", ".csv.gz"),
    "tsv": (".tsv", ".tsv.gz"),
    "parquet": (".parquet",),
    "npz": (".npz",),
    "neo4j": (),
}
"""Names of the formats, and the file names that each is known by; Neo4j's is a folder."""

EDGE_LISTS = ("csv", "tsv", "parquet")
"""Formats that hold connections only."""


def save_graph(graph: Graph, path: str | Path) -> None:
    """Write ``graph`` in the format of the suffix of ``path``.

    Raises:
        GraphError: an unknown suffix; the file cannot be written (the old one, if any, is intact).
    """
    suffix = graph_suffix(path).removesuffix(".gz")
    if suffix == ".graphml":
        from graphkit.exporters.graphml import write_graphml

        write_graphml(graph, path)
    elif suffix == ".json":
        from graphkit.exporters.node_link import write_node_link

        write_node_link(graph, path)
    elif suffix == ".npz":
        from graphkit.exporters.npz import write_npz

        write_npz(graph, path)
    else:
        from graphkit.exporters.edge_list import write_edge_list

        write_edge_list(graph, path)


def graph_suffix(path: str | Path) -> str:
    """The one of `GRAPH_SUFFIXES` that ``path`` ends with (in any case).

    Raises:
        GraphError: none of them.

    >>> graph_suffix("brain.v2.CSV.gz")
    '.csv.gz'
    """
    name = Path(path).name.lower()
    for suffix in sorted(GRAPH_SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return suffix
    raise GraphError(
        f"{str(path)!r} has no suffix that says which graph format it is.",
        hint=f"Known suffixes: {', '.join(GRAPH_SUFFIXES)}.",
    )


def column_kind(column: NDArray[Any]) -> type:
    """int, float, bool or str: what an attribute's values are (a column without any is one of texts)."""
    by_dtype: dict[str, type] = {"i": int, "f": float, "b": bool}
    return by_dtype.get(column.dtype.kind) or type(next((v for v in column.tolist() if v is not None), ""))


@contextmanager
def packing(path: str | Path) -> Iterator[IO[bytes]]:
    """As ``replacing``; what is written is gzipped where ``path`` ends with .gz, without time or name in it.

    Raises:
        GraphError: the file cannot be written.
    """
    with replacing(path) as stream:
        if not graph_suffix(path).endswith(".gz"):
            yield stream
            return
        import gzip

        with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=4, filename="", mtime=0) as packed:
            yield cast("IO[bytes]", packed)


@contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of ``path`` once it is written whole; on any error nothing changes.

    Raises:
        GraphError: the file cannot be written.
    """
    target = Path(path)
    if target.exists() and not target.is_file():
        raise GraphError(
            f"{str(target)!r} is no file that could be replaced (a folder, a device or a pipe).",
            hint="Name a file, new or existing.",
        )
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")  # same folder, so the rename is atomic
    try:
        try:
            with partial.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise GraphError(f"{str(target)!r} cannot be written: {error.strerror or error}.") from error
