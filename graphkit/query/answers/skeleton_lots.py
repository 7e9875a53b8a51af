"""Skeletons by the lot: the nodes and the points of the synapses of some hundred neurons are read at once, and each neuron is
then put together by itself, joined across gaps and with the synapses at its nodes, which is work for threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.interrupted import interruptible
from graphkit.query.conditions import ids_sql
from graphkit.tables import counted_synapses_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.dataset import Dataset
    from graphkit.morphology import Skeleton

__all__ = ["Grown", "Lot", "Named", "Sites", "fetched", "read_lot"]

FAR_NM = 10_000
"""A synapse that lies farther from every node is a hint that units do not match."""


@dataclass(frozen=True, slots=True)
class Named:
    """A neuron as an answer shows it."""

    neuron_id: int
    name: str | None
    type: str | None
    soma_nm: tuple[int, int, int] | None

    def __str__(self) -> str:
        return f"{self.neuron_id} ({self.name})" if self.name else str(self.neuron_id)


@dataclass(frozen=True, slots=True)
class Grown:
    """A skeleton, and how many synapses lie at each of its nodes (int64, shape (n,)); zeros where no points are known.

    ``n_inputs``, ``n_outputs``: of the neuron, those without a point too; None where the dataset has no single synapses.
    """

    of: Named
    skeleton: Skeleton
    inputs: NDArray[np.int64]
    outputs: NDArray[np.int64]
    n_inputs: int | None
    n_outputs: int | None
    trees: int
    """As stored, before any was joined to another."""
    gap_nm: float
    """The longest of the gaps that part the trees that are left; 0 where there is one."""
    far: int
    """How many synapses lie far from the skeleton."""


@dataclass(frozen=True, slots=True)
class Sites:
    """One end of the synapses of a lot, by neuron: the points of the k-th from ``starts[k]`` on."""

    starts: NDArray[np.int64]
    points_nm: NDArray[np.float64]
    """x, y, z of those that are known, float64 of shape (m, 3)."""
    totals: NDArray[np.int64]
    """Of each neuron, with those whose point is not known."""
    lonely: int
    """How many have another end on no known neuron."""

    def of(self, k: int) -> NDArray[np.float64]:
        """The points of the k-th neuron."""
        return self.points_nm[self.starts[k] : self.starts[k + 1]]


@dataclass(frozen=True, slots=True)
class Lot:
    """The nodes and synapses of some neurons."""

    neurons: list[Named]
    starts: NDArray[np.int64]
    node: NDArray[np.int64]
    parent: NDArray[np.int64]
    points_nm: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    inputs: Sites | None
    outputs: Sites | None

    def grown(self, k: int, heal_nm: int) -> Grown:
        """The k-th neuron; its trees joined across gaps of at most ``heal_nm``."""
        from graphkit.morphology import Skeleton, heal, nearest_nodes

        rows = slice(self.starts[k], self.starts[k + 1])
        points = np.stack([axis[rows] for axis in self.points_nm], axis=1)
        skeleton = Skeleton.from_nodes(self.node[rows], self.parent[rows], points)
        trees, gap_nm = len(skeleton.roots), 0.0
        if trees > 1 and heal_nm:
            skeleton = heal(skeleton, max_gap_nm=heal_nm)
        if len(skeleton.roots) > 1:
            whole = heal(skeleton)
            gap_nm = float(whole.edge_lengths_nm(gaps=True)[whole.healed].max())
        known = [np.empty((0, 3)) if sites is None else sites.of(k) for sites in (self.inputs, self.outputs)]
        at, away = nearest_nodes(skeleton, np.concatenate(known))
        n = len(skeleton)
        inputs, outputs = (np.bincount(rows, minlength=n) for rows in (at[: len(known[0])], at[len(known[0]) :]))
        n_inputs, n_outputs = (None if s is None else int(s.totals[k]) for s in (self.inputs, self.outputs))
        far = int(np.count_nonzero(away > FAR_NM))
        return Grown(self.neurons[k], skeleton, inputs, outputs, n_inputs, n_outputs, trees, gap_nm, far)


def read_lot(dataset: Dataset, neurons: list[Named], *, everyone: bool, synapses: bool) -> Lot:
    """Of neurons that have skeletons, ids ascending; ``everyone``: no other neuron has an id between theirs and a skeleton."""
    ids = [n.neuron_id for n in neurons]
    among = f"BETWEEN {ids[0]} AND {ids[-1]}"
    listed = "" if everyone else f" AND neuron_id IN {ids_sql(ids)}"
    nodes = fetched(
        dataset,
        f"SELECT neuron_id, node, parent, x_nm, y_nm, z_nm FROM skeletons WHERE neuron_id {among}{listed}",
    )
    columns = {name: nodes[name].to_numpy() for name in nodes.column_names}
    owner, node = columns["neuron_id"], columns["node"]
    if not ((owner[1:] > owner[:-1]) | ((owner[1:] == owner[:-1]) & (node[1:] > node[:-1]))).all():
        order = np.lexsort((node, owner))
        columns = {name: column[order] for name, column in columns.items()}
    starts = np.append(np.searchsorted(columns["neuron_id"], ids), len(columns["neuron_id"]))
    points = columns["x_nm"], columns["y_nm"], columns["z_nm"]
    sites = [_sites(dataset, ids, end) if synapses else None for end in ("post", "pre")]
    return Lot(neurons, starts, columns["node"], columns["parent"], points, *sites)


def _sites(dataset: Dataset, ids: list[int], end: str) -> Sites:
    me, other = f"{end}_id", "pre_id" if end == "post" else "post_id"
    axes = ", ".join(f"{end}_{axis}_nm" for axis in "xyz")
    table = fetched(
        dataset,
        f"SELECT {me} AS neuron_id, {other} IS NULL AS lonely, {axes} FROM detected_synapses "
        f"WHERE {me} BETWEEN {ids[0]} AND {ids[-1]} AND {me} IN {ids_sql(ids)} AND kind = 'chemical' "
        f"AND {counted_synapses_sql(dataset.snapshot.build, ends=(me,))}",
    )
    place = np.searchsorted(ids, table["neuron_id"].to_numpy())
    x, y, z = (table[f"{end}_{axis}_nm"].to_numpy() for axis in "xyz")
    known = np.flatnonzero(~np.isnan(x.astype(np.float32) + y + z))
    mine = place[known]
    order = known[np.argsort(mine.astype(np.uint16) if len(ids) < 2**16 else mine, kind="stable")]  # small: in one pass
    return Sites(
        starts=np.concatenate([[0], np.cumsum(np.bincount(mine, minlength=len(ids)))]),
        points_nm=np.stack([axis[order] for axis in (x, y, z)], axis=1).astype(np.float64),
        totals=np.bincount(place, minlength=len(ids)),
        lonely=int(np.count_nonzero(table["lonely"].to_numpy())),
    )


def fetched(dataset: Dataset, sql: str) -> pa.Table:
    """The rows of a SELECT, in one piece."""
    cursor = dataset.cursor(sql)
    table: pa.Table = interruptible(cursor, lambda: cursor.sql(sql).to_arrow_table().combine_chunks())
    return table
