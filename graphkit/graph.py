"""The graph of a connectome: neurons, and how many synapses each makes onto each other.

Two compressed sparse rows (CSR) over the same edges, out of a neuron and into it::

    ids       10   20   30            neuron ids, int64, ascending; row i is neuron ids[i]
               |    |    |
    indptr   0    2    2    3         row i is indices[indptr[i]:indptr[i + 1]], int64
    indices  1 2       0              rows of the targets, int32, ascending within a row, no duplicates
    synapses 5 1       7              synapses of each edge, int64, > 0
                                      10 -> 20 (5 synapses), 10 -> 30 (1), 30 -> 10 (7)

``in_indptr``, ``in_indices`` and ``in_synapses`` are the same edges by target. A neuron may connect to itself (an
autapse). All arrays are read-only and may be memory-mapped; nothing here copies them without need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphkit.columns import attribute_column, int64_column
from graphkit.edges import chosen, csr_of_edges, row_starts
from graphkit.errors import GraphError

if TYPE_CHECKING:
    import igraph
    import networkx as nx
    import pandas as pd
    import scipy.sparse as sp

    from graphkit.conversions import PandasTables

__all__ = ["Graph"]

_FEW = 16  # one connection in so many is few: what goes by all connections costs more then than what sorts the few


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Graph:
    """An immutable directed graph of neurons, weighted by synapses. Made by `Graph.from_edges` and its siblings.

    The constructor takes the finished arrays (see the module's text) and trusts them, apart from their lengths and
    types.

    >>> graph = Graph.from_edges([10, 10, 30], [20, 30, 10], [5, 1, 7])
    >>> graph
    Graph(3 neurons, 3 connections, 13 synapses)
    >>> graph.successors(10).tolist(), graph.predecessors(10).tolist()
    ([20, 30], [30])
    """

    ids: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    synapses: NDArray[np.int64]
    in_indptr: NDArray[np.int64]
    in_indices: NDArray[np.int32]
    in_synapses: NDArray[np.int64]
    attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n, m = len(self.ids), len(self.indices)
        expected = {
            "ids": (n, np.int64),
            "indptr": (n + 1, np.int64),
            "indices": (m, np.int32),
            "synapses": (m, np.int64),
            "in_indptr": (n + 1, np.int64),
            "in_indices": (m, np.int32),
            "in_synapses": (m, np.int64),
        }
        for name, (length, dtype) in expected.items():
            array = getattr(self, name)
            if array.shape != (length,) or array.dtype != dtype:
                raise GraphError(
                    f"{name} is {array.dtype} of the shape {array.shape}; expected {np.dtype(dtype)} of ({length},).",
                    hint="Graph.from_edges makes a graph from columns of pre and post ids.",
                )
            object.__setattr__(self, name, _read_only(array))
        columns = {name: _read_only(attribute_column(column, name, n)) for name, column in self.attributes.items()}
        object.__setattr__(self, "attributes", MappingProxyType(columns))

    @classmethod
    def from_edges(
        cls,
        pre_ids: Any,
        post_ids: Any,
        synapses: Any = None,
        *,
        ids: Any = None,
        attributes: Mapping[str, Any] | None = None,
        autapses: bool = True,
    ) -> Graph:
        """The graph of the edges ``pre_ids[i] -> post_ids[i]``; those of the same pair are summed.

        Args:
            pre_ids, post_ids: integer columns (NumPy, Arrow, pandas or lists) of the same length.
            synapses: synapses of each edge, > 0; one each if not given.
            ids: neurons to hold besides those of the edges (the isolated ones).
            attributes: columns aligned with ``ids``, which then has to name every neuron exactly once.
            autapses: whether edges from a neuron to itself are kept. Their neurons are, either way.

        Raises:
            GraphError: lengths differ; ids are not integers below 2**63; a count is not positive.
        """
        return cls(*csr_of_edges([pre_ids, post_ids, synapses], ids=ids, attributes=attributes, autapses=autapses))

    @property
    def n_neurons(self) -> int:
        """Neurons, the isolated ones among them."""
        return len(self.ids)

    @property
    def n_connections(self) -> int:
        """Ordered pairs of neurons with at least one synapse, autapses among them."""
        return len(self.indices)

    @property
    def n_synapses(self) -> int:
        """Synapses of all connections."""
        return int(self.synapses.sum())

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, attributes included (an object column counts its pointers only)."""
        return sum(array.nbytes for array in (*self._arrays(), *self.attributes.values()))

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        parts = (
            _plural(self.n_neurons, "neuron"),
            _plural(self.n_connections, "connection"),
            _plural(self.n_synapses, "synapse"),
        )
        return f"Graph({', '.join(parts)})"

    def __reduce__(self) -> tuple[type[Graph], tuple[Any, ...]]:
        return Graph, (*self._arrays(), dict(self.attributes))

    def equals(self, other: object) -> bool:
        """Whether ``other`` is a Graph with the same neurons, connections, synapses and attributes."""
        if not isinstance(other, Graph) or set(self.attributes) != set(other.attributes):
            return False
        same = all(np.array_equal(a, b) for a, b in zip(self._arrays(), other._arrays(), strict=True))
        return same and all(_same_column(self.attributes[name], other.attributes[name]) for name in self.attributes)

    def index_of(self, ids: ArrayLike) -> NDArray[np.int64]:
        """Rows of the neurons ``ids``, int64 of the same shape (a single id gives shape ()).

        Raises:
            GraphError: an id is not in the graph; the message names it.
        """
        single = isinstance(ids, (int, np.integer)) and not isinstance(ids, bool)
        wanted = int64_column([ids] if single else ids, "ids")
        rows = np.searchsorted(self.ids, wanted)
        known = rows < len(self.ids)
        known[known] = self.ids[rows[known]] == wanted[known]
        if not known.all():
            unknown = wanted[~known]
            others = f", nor are {len(unknown) - 1:,} others" if len(unknown) > 1 else ""
            raise GraphError(f"Neuron {unknown[0]} is not in the graph of {_plural(len(self), 'neuron')}{others}.")
        return rows.reshape(()) if single else rows

    def successors(self, neuron_id: int) -> NDArray[np.int64]:
        """Ids of the neurons that ``neuron_id`` connects to, ascending."""
        row = int(self.index_of(neuron_id))
        return self.ids[self.indices[self.indptr[row] : self.indptr[row + 1]]]

    def predecessors(self, neuron_id: int) -> NDArray[np.int64]:
        """Ids of the neurons that connect to ``neuron_id``, ascending."""
        row = int(self.index_of(neuron_id))
        return self.ids[self.in_indices[self.in_indptr[row] : self.in_indptr[row + 1]]]

    def synapses_of(self, pre_id: int, post_id: int) -> int:
        """Synapses from ``pre_id`` to ``post_id``; 0 where they do not connect."""
        row, target = int(self.index_of(pre_id)), int(self.index_of(post_id))
        begin, end = int(self.indptr[row]), int(self.indptr[row + 1])
        at = begin + int(np.searchsorted(self.indices[begin:end], target))
        return int(self.synapses[at]) if at < end and self.indices[at] == target else 0

    def has_edge(self, pre_id: int, post_id: int) -> bool:
        """Whether ``pre_id`` connects to ``post_id``."""
        return self.synapses_of(pre_id, post_id) > 0

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(pre_ids, post_ids, synapses), each of shape (n_connections,), sorted by (pre, post)."""
        return np.repeat(self.ids, np.diff(self.indptr)), self.ids[self.indices], self.synapses

    def subgraph(self, ids: ArrayLike) -> Graph:
        """The neurons ``ids`` and all connections among them, with their attributes.

        Raises:
            GraphError: an id is not in the graph.
        """
        rows = np.sort(np.atleast_1d(self.index_of(ids)))
        rows = rows[np.concatenate([[True], rows[1:] != rows[:-1]])] if len(rows) else rows
        new_row = np.full(len(self), -1, dtype=np.int32)
        new_row[rows] = np.arange(len(rows), dtype=np.int32)
        return Graph(
            self.ids[rows],
            *_induced(self.indptr, self.indices, self.synapses, rows, new_row),
            *_induced(self.in_indptr, self.in_indices, self.in_synapses, rows, new_row),
            {name: column[rows] for name, column in self.attributes.items()},
        )

    def reversed(self) -> Graph:
        """Every connection turned around. Shares all arrays with this graph."""
        return Graph(
            self.ids,
            self.in_indptr,
            self.in_indices,
            self.in_synapses,
            self.indptr,
            self.indices,
            self.synapses,
            self.attributes,
        )

    def without_autapses(self) -> Graph:
        """The same neurons, without connections from a neuron to itself."""
        rows = np.arange(len(self), dtype=np.int32)
        kept = np.repeat(rows, np.diff(self.indptr)) != self.indices
        if kept.all():
            return self
        return self._keep(kept, np.repeat(rows, np.diff(self.in_indptr)) != self.in_indices)

    def at_least(self, min_synapses: int) -> Graph:
        """The same neurons, with the connections of ``min_synapses`` synapses or more."""
        if min_synapses <= 1:  # all have one
            return self
        out_mask = self.synapses >= min_synapses
        if _FEW * int(np.count_nonzero(out_mask)) < len(out_mask):
            kept = chosen(self.indptr, self.indices, self.synapses, np.flatnonzero(out_mask))
            return Graph(self.ids, *kept, self.attributes)
        return self._keep(out_mask, self.in_synapses >= min_synapses)

    def to_networkx(self) -> nx.DiGraph[int]:
        """A DiGraph: nodes are int ids with the attributes as data, edges have ``synapses``."""
        from graphkit import conversions

        return conversions.to_networkx(self)

    def to_igraph(self) -> igraph.Graph:
        """A directed igraph: vertices have ``name`` (the id as text) and ``neuron_id`` (int), edges ``synapses``."""
        from graphkit import conversions

        return conversions.to_igraph(self)

    def to_scipy(self) -> sp.csr_array[Any, tuple[int, int]]:
        """A csr_array of shape (n, n): synapses from row i to column j, in the order of ``ids``."""
        from graphkit import conversions

        return conversions.to_scipy(self)

    def to_pandas(self) -> PandasTables:
        """(connections, neurons): frames with pre_id, post_id, synapses and with neuron_id and the attributes."""
        from graphkit import conversions

        return conversions.to_pandas(self)

    @staticmethod
    def from_networkx(graph: nx.Graph[Any], *, weight: str | None = None) -> Graph:
        """From a NetworkX graph whose nodes are ints; see `graphkit.conversions.from_networkx`."""
        from graphkit import conversions

        return conversions.from_networkx(graph, weight=weight)

    @staticmethod
    def from_igraph(graph: igraph.Graph, *, ids: str | None = None, weight: str | None = None) -> Graph:
        """From an igraph graph; see `graphkit.conversions.from_igraph`."""
        from graphkit import conversions

        return conversions.from_igraph(graph, ids=ids, weight=weight)

    @staticmethod
    def from_scipy(matrix: Any, *, ids: Any = None, attributes: Mapping[str, Any] | None = None) -> Graph:
        """From a square sparse matrix of synapse counts; see `graphkit.conversions.from_scipy`."""
        from graphkit import conversions

        return conversions.from_scipy(matrix, ids=ids, attributes=attributes)

    @staticmethod
    def from_pandas(connections: pd.DataFrame, neurons: pd.DataFrame | None = None) -> Graph:
        """From the frames that `to_pandas` gives; see `graphkit.conversions.from_pandas`."""
        from graphkit import conversions

        return conversions.from_pandas(connections, neurons)

    def save(self, path: str | Path) -> None:
        """Write a file, in the format of its suffix: .graphml, .csv, .tsv (each also with .gz), .parquet or .npz.

        An edge list (.csv, .tsv, .parquet) holds connections only; .npz and .graphml hold everything.
        """
        from graphkit.exporters import save_graph

        save_graph(self, path)

    @staticmethod
    def load(path: str | Path) -> Graph:
        """Read a file that `save` writes, or one like it from another program."""
        from graphkit.importers.graph_files import load_graph

        return load_graph(path)

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return (
            self.ids,
            self.indptr,
            self.indices,
            self.synapses,
            self.in_indptr,
            self.in_indices,
            self.in_synapses,
        )

    def _keep(self, out_mask: NDArray[np.bool_], in_mask: NDArray[np.bool_]) -> Graph:
        kept, in_kept = np.flatnonzero(out_mask), np.flatnonzero(in_mask)
        if len(kept) == len(out_mask):
            return self
        return Graph(
            self.ids,
            _kept_indptr(self.indptr, out_mask, kept),
            self.indices[kept],
            self.synapses[kept],
            _kept_indptr(self.in_indptr, in_mask, in_kept),
            self.in_indices[in_kept],
            self.in_synapses[in_kept],
            self.attributes,
        )


def _kept_indptr(indptr: NDArray[np.int64], mask: NDArray[np.bool_], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    if _FEW * len(kept) < len(mask):  # few: look each row up, instead of summing over all edges
        return np.searchsorted(kept, indptr)
    kept_before = np.zeros(len(mask) + 1, dtype=np.int64)
    np.cumsum(mask, out=kept_before[1:])
    return kept_before[indptr]


def _induced(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    synapses: NDArray[np.int64],
    rows: NDArray[np.int64],
    new_row: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """One side of the subgraph of ``rows``; reads the edges of these rows only."""
    lengths = indptr[rows + 1] - indptr[rows]
    ends = np.cumsum(lengths)
    n_edges = int(ends[-1]) if len(ends) else 0
    at = np.arange(n_edges) + np.repeat(indptr[rows] - (ends - lengths), lengths)
    target = new_row[indices[at]]
    inside = target >= 0
    source = np.repeat(np.arange(len(rows)), lengths)[inside]
    return row_starts(source, len(rows)), target[inside], synapses[at[inside]]


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only view; the caller's own array stays as it is."""
    array = np.ascontiguousarray(array)  # no copy where it is already
    if not array.flags.writeable:
        return array
    view = array.view()
    view.setflags(write=False)
    return view


def _same_column(a: NDArray[Any], b: NDArray[Any]) -> bool:
    if a.dtype != b.dtype:
        return False
    return np.array_equal(a, b, equal_nan=True) if a.dtype.kind == "f" else bool(a.tolist() == b.tolist())


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
