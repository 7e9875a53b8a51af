"""The skeletons of the neurons that a question names, each with the synapses at its nodes.

A synapse lies at the node nearest to its point on this neuron. Synapses are those that the graph counts, and those whose other
neuron is not known: the neuron has them all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.interrupted import interruptible
from graphkit.progress import shown
from graphkit.query.conditions import condition_sql, ids_sql
from graphkit.stopping import current
from graphkit.tables import counted_synapses_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.dataset import Dataset
    from graphkit.morphology import Skeleton
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["Grown", "Named", "Reader", "listed"]

_NODES_AT_ONCE = 1_000_000
_FAR_NM = 10_000
_LISTED = 20


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


def listed(neurons: list[Named]) -> str:
    """'101 (EPG_L1), 102 and 40 more'."""
    words = [str(n) for n in neurons[:_LISTED]]
    more = len(neurons) - len(words)
    return ", ".join(words) + (f" and {more:,} more" if more else "")


@dataclass(slots=True)
class Reader:
    """The neurons of a question; reading them gathers what is to be said about them all.

    Raises:
        NotAnswerableError: none of the neurons has a skeleton.
    """

    dataset: Dataset
    of: ir.Condition | None
    planned: Plan
    synapses: bool = True
    """Whether they are wanted."""
    neurons: dict[int, Named] = field(default_factory=dict)
    """By id, ascending; with a skeleton or not."""
    nodes: dict[int, int] = field(default_factory=dict)
    """Of those that have a skeleton, its nodes, ids ascending."""
    placed: int = 0
    unplaced: int = 0
    far: int = 0
    lonely: int = 0

    def __post_init__(self) -> None:
        chosen = "true" if self.of is None else condition_sql(self.of, self.dataset)
        places = ", ".join(f"soma_{axis}_nm" for axis in "xyz")
        rows = self._rows(f"SELECT neuron_id, name, type, {places} FROM neurons WHERE {chosen} ORDER BY neuron_id")
        for neuron_id, name, type_, *soma in rows:
            at = None if None in soma else (soma[0], soma[1], soma[2])
            self.neurons[neuron_id] = Named(neuron_id, name, type_, at)
        counted = f"SELECT neuron_id, count(*) FROM ({self.planned.sql}) GROUP BY neuron_id ORDER BY neuron_id"
        self.nodes = dict(self._rows(counted))
        if self.neurons and not self.nodes:
            many = (
                f"None of the {len(self.neurons):,} neurons has a skeleton" if len(self.neurons) > 1 else "It has none"
            )
            raise NotAnswerableError(
                f"{many}: {listed(list(self.neurons.values()))}.",
                hint='These have one: graphkit query --sql "SELECT DISTINCT neuron_id FROM skeletons"',
            )

    @property
    def without(self) -> list[Named]:
        """The neurons that have no skeleton."""
        return [n for i, n in self.neurons.items() if i not in self.nodes]

    def read(self) -> Iterator[Grown]:
        """The skeletons, ids ascending."""
        from graphkit.morphology import Skeleton

        progress, stop, done = shown(), current(), 0
        for ids in self._batches():
            lot = f"neuron_id BETWEEN {ids[0]} AND {ids[-1]}"
            nodes = self._table(f"SELECT * FROM ({self.planned.sql}) WHERE {lot} ORDER BY neuron_id, node")
            starts = np.searchsorted(nodes["neuron_id"].to_numpy(), [*ids, ids[-1] + 1])
            node, parent = (nodes[c].to_numpy() for c in ("node", "parent"))
            points = np.stack([nodes[f"{axis}_nm"].to_numpy() for axis in "xyz"], axis=1).astype(np.float64)
            synapses = [self._synapses(end, ids) for end in ("post", "pre")]
            for k, neuron_id in enumerate(ids):
                stop.check()
                rows = slice(starts[k], starts[k + 1])
                skeleton = Skeleton.from_nodes(node[rows], parent[rows], points[rows])
                at = [None if s is None else self._at(skeleton, *s[neuron_id]) for s in synapses]
                counts = [np.zeros(len(skeleton), dtype=np.int64) if a is None else a[0] for a in at]
                totals = [None if a is None else a[1] for a in at]
                yield Grown(self.neurons[neuron_id], skeleton, counts[0], counts[1], totals[0], totals[1])
                done += 1
                progress("measuring skeletons", done / len(self.nodes))

    def notes(self) -> tuple[str, ...]:
        """What to read with the answer, once all has been read."""
        notes = []
        if not self.neurons:
            notes.append("No neuron meets the condition.")
        if lacking := self.without:
            verb = "has" if len(lacking) == 1 else "have"
            notes.append(f"{len(lacking):,} of {len(self.neurons):,} neurons {verb} no skeleton: {listed(lacking)}.")
        if self.synapses and not self.dataset.has("synapses"):
            notes.append("The dataset has no single synapses, so nothing is said of where they are.")
        if self.lonely:
            notes.append(f"Of the synapses, {self.lonely:,} have another end on no known neuron; they count here.")
        if self.unplaced:
            notes.append(f"{self.unplaced:,} synapses have no position: they are in sums, and at no node.")
        if self.far * 2 > self.placed:
            notes.append(
                f"Warning: {self.far:,} of {self.placed:,} synapses lie more than {_FAR_NM // 1000} um from their neuron's "
                "skeleton. Were both imported in the right unit?"
            )
        return tuple(notes)

    def _batches(self) -> Iterator[list[int]]:
        lot: list[int] = []
        total = 0
        for neuron_id, nodes in self.nodes.items():
            if lot and total + nodes > _NODES_AT_ONCE:
                yield lot
                lot, total = [], 0
            lot.append(neuron_id)
            total += nodes
        if lot:
            yield lot

    def _synapses(self, end: str, ids: list[int]) -> dict[int, tuple[NDArray[np.float64], int]] | None:
        """Of each neuron, the points of its synapses that are known, and how many are not."""
        if not self.synapses or not self.dataset.has("synapses"):
            return None
        me, other = f"{end}_id", "pre_id" if end == "post" else "post_id"
        axes = ", ".join(f"{end}_{axis}_nm" for axis in "xyz")
        sql = (
            f"SELECT {me} AS neuron_id, {other} IS NULL AS lonely, {axes} FROM detected_synapses "
            f"WHERE {me} BETWEEN {ids[0]} AND {ids[-1]} AND {me} IN {ids_sql(ids)} AND kind = 'chemical' "
            f"AND {counted_synapses_sql(self.dataset.snapshot.build, ends=(me,))} ORDER BY {me}, synapse_id"
        )
        table = self._table(sql)
        owners = table["neuron_id"].to_numpy()
        points = np.stack([table[f"{end}_{axis}_nm"].to_numpy().astype(np.float64) for axis in "xyz"], axis=1)
        lonely = table["lonely"].to_numpy()
        begins, ends = (np.searchsorted(owners, ids, side=side) for side in ("left", "right"))
        found = {}
        for neuron_id, begin, stop in zip(ids, begins, ends, strict=True):
            mine = points[begin:stop]
            known = np.flatnonzero(np.isfinite(mine).all(axis=1))
            self.lonely += int(lonely[begin:stop].sum())
            found[neuron_id] = mine[known], len(mine) - len(known)
        return found

    def _at(self, skeleton: Skeleton, points: NDArray[np.float64], unknown: int) -> tuple[NDArray[np.int64], int]:
        """How many of the points are nearest to each node, and how many synapses there are."""
        from scipy.spatial import cKDTree

        self.placed += len(points)
        self.unplaced += unknown
        counts = np.zeros(len(skeleton), dtype=np.int64)
        if len(points):
            away, rows = cKDTree(skeleton.points_nm).query(points)
            self.far += int(np.count_nonzero(away > _FAR_NM))
            counts += np.bincount(rows, minlength=len(skeleton))
        return counts, len(points) + unknown

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self.dataset.cursor(sql)
        return interruptible(cursor, lambda: cursor.execute(sql).fetchall())

    def _table(self, sql: str) -> pa.Table:
        cursor = self.dataset.cursor(sql)
        table: pa.Table = interruptible(cursor, lambda: cursor.sql(sql).to_arrow_table().combine_chunks())
        return table
