"""A graph as a NumPy .npz without pickles: everything in it, and quick to load.

It is at the same time a file that ``scipy.sparse.load_npz`` reads, as the matrix of synapses:

    format, shape, data, indices, indptr    scipy's own entries: CSR, data = synapses, int64
    ids                                     int64, (n,)
    attributes                              JSON text: [{"name", "kind"}, ...]; the k-th column is in
    attribute_k                               its values; for kind "str" UTF-8 bytes, one value after the other,
    attribute_k_ends                          the end of each value in them, int64, (n,)
    attribute_k_null                          where there is no value, bool, (n,) (kinds with nulls only)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.exporters import replacing

if TYPE_CHECKING:
    from graphkit.graph import Graph

__all__ = ["write_npz"]


def write_npz(graph: Graph, path: str | Path) -> None:
    """Write ``graph``, whole, to ``path``.

    Raises:
        GraphError: the file cannot be written, or a text cannot be encoded.
    """
    n = len(graph)
    entries: dict[str, NDArray[Any]] = {
        "format": np.array(b"csr"),
        "shape": np.array([n, n], dtype=np.int64),
        "data": graph.synapses,
        "indices": graph.indices,
        "indptr": graph.indptr,
        "ids": graph.ids,
    }
    header = []
    for number, (name, column) in enumerate(graph.attributes.items()):
        kind, arrays = _encoded(name, column)
        header.append({"name": name, "kind": kind})
        entries.update({f"attribute_{number}{ending}": array for ending, array in arrays.items()})
    entries["attributes"] = np.array(json.dumps(header))
    with replacing(path) as stream:
        np.savez(stream, allow_pickle=False, **entries)


def _encoded(name: str, column: NDArray[Any]) -> tuple[str, dict[str, NDArray[Any]]]:
    if column.dtype.kind != "O":
        return column.dtype.kind, {"": column}
    values = column.tolist()
    null = np.array([value is None for value in values], dtype=np.bool_)
    present = next((value for value in values if value is not None), "")
    if not isinstance(present, str):
        filled = [type(present)() if value is None else value for value in values]
        return "with nulls", {"": np.array(filled, dtype=np.dtype(type(present))), "_null": null}
    try:
        parts = [b"" if value is None else value.encode() for value in values]
    except UnicodeEncodeError as error:
        raise GraphError(f"The attribute {name!r} holds {error.object!r}, which is not valid Unicode text.") from error
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64) if parts else np.empty(0, dtype=np.int64)
    return "str", {"": np.frombuffer(b"".join(parts), dtype=np.uint8), "_ends": ends, "_null": null}
