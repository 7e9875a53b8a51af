"""A graph's connections as a table: pre_id, post_id, synapses, sorted by (pre, post). CSV, TSV, Parquet; text also .gz.

An edge list holds connections: neurons without any, and attributes, are not in it. `left_out` says which.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.exporters import graph_suffix, packing

if TYPE_CHECKING:
    from graphkit.graph import Graph

__all__ = ["left_out", "write_edge_list"]


def write_edge_list(graph: Graph, path: str | Path) -> None:
    """Write the connections of ``graph`` in the format of the suffix of ``path``.

    Raises:
        GraphError: the suffix is not that of an edge list, or the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    suffix = graph_suffix(path)
    pre, post, synapses = graph.edges()
    table = pa.table({"pre_id": pre, "post_id": post, "synapses": synapses})
    with packing(path) as stream:
        if suffix == ".parquet":
            pyarrow.parquet.write_table(table, stream, compression="zstd")
            return
        delimiter = "\t" if suffix.startswith(".tsv") else ","
        # pyarrow quotes the header whatever it is told, so the header is written here.
        options = pyarrow.csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="none")
        stream.write(delimiter.join(table.column_names).encode() + b"\n")
        pyarrow.csv.write_csv(table, stream, options)


def left_out(graph: Graph) -> str:
    """What an edge list of ``graph`` would not hold, in words; empty where it holds everything."""
    import numpy as np

    isolated = int(np.count_nonzero((np.diff(graph.indptr) == 0) & (np.diff(graph.in_indptr) == 0)))
    parts = []
    if isolated:
        parts.append(f"{isolated:,} neuron{'' if isolated == 1 else 's'} without connections")
    if graph.attributes:
        parts.append(f"the attributes {', '.join(graph.attributes)}")
    return " and ".join(parts)
