"""The skeletons of the neurons that a question names, each with the synapses at its nodes.

A synapse lies at the node nearest to its point on this neuron. Synapses are those that the graph counts, and those whose other
neuron is not known: the neuron has them all the same. A skeleton in pieces is joined across gaps up to the length that the
question says; the edges across gaps are no cable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

from graphkit.errors import NotAnswerableError
from graphkit.in_threads import in_threads
from graphkit.interrupted import interruptible
from graphkit.progress import shown
from graphkit.query.answers.skeleton_lots import FAR_NM, Grown, Named, read_lot
from graphkit.query.conditions import condition_sql
from graphkit.query.echo.words import length_text

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["Grown", "Named", "Reader", "listed"]

_Result = TypeVar("_Result")
_NODES_AT_ONCE = 4_000_000  # each lot reads through all postsynaptic ids once
_LISTED = 20


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
    heal_nm: int
    synapses: bool = True
    """Whether they are wanted."""
    threads: int | None = None
    """None: as many as there are cores. The answer does not depend on it."""
    neurons: dict[int, Named] = field(default_factory=dict)
    """By id, ascending; with a skeleton or not."""
    nodes: dict[int, int] = field(default_factory=dict)
    """Of those that have a skeleton, its nodes, ids ascending."""
    placed: int = 0
    unplaced: int = 0
    far: int = 0
    lonely: int = 0
    gaps: int = 0
    longest_nm: float = 0.0
    joined: list[Named] = field(default_factory=list)
    apart: list[tuple[Named, int, float]] = field(default_factory=list)
    """Those that stay in pieces: their trees, and the longest gap between them in nm."""

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

    def each(self, work: Callable[[Grown], _Result]) -> Iterator[_Result]:
        """What ``work`` makes of each skeleton, ids ascending; it runs in threads and shares nothing."""
        progress, done = shown(), 0
        synapses = self.synapses and self.dataset.has("synapses")
        for ids in self._batches():
            of = [self.neurons[i] for i in ids]
            lot = read_lot(self.dataset, of, everyone=self.of is None, synapses=synapses)
            self.lonely += sum(sites.lonely for sites in (lot.inputs, lot.outputs) if sites is not None)

            def one(k: int, lot=lot) -> tuple[Grown, _Result]:  # type: ignore[no-untyped-def]
                grown = lot.grown(k, self.heal_nm)
                return grown, work(grown)

            for grown, result in in_threads(one, range(len(ids)), self.threads):
                self._note(grown)
                yield result
                done += 1
                progress("measuring skeletons", done / len(self.nodes))

    def read(self) -> Iterator[Grown]:
        """The skeletons, ids ascending."""
        return self.each(lambda grown: grown)

    def notes(self) -> tuple[str, ...]:
        """What to read with the answer, once all has been read."""
        notes = []
        if not self.neurons:
            notes.append("No neuron meets the condition.")
        if lacking := self.without:
            verb = "has" if len(lacking) == 1 else "have"
            notes.append(f"{len(lacking):,} of {len(self.neurons):,} neurons {verb} no skeleton: {listed(lacking)}.")
        notes += self._pieces()
        if self.synapses and not self.dataset.has("synapses"):
            notes.append("The dataset has no single synapses, so nothing is said of where they are.")
        if self.lonely:
            notes.append(f"Of the synapses, {self.lonely:,} have another end on no known neuron; they count here.")
        if self.unplaced:
            notes.append(f"{self.unplaced:,} synapses have no position: they are in sums, and at no node.")
        if self.far * 2 > self.placed:
            notes.append(
                f"Warning: {self.far:,} of {self.placed:,} synapses lie more than {FAR_NM // 1000} um from their neuron's "
                "skeleton. Were both imported in the right unit?"
            )
        return tuple(notes)

    def _pieces(self) -> list[str]:
        notes, all_of_them = [], len(self.nodes)
        if self.joined:
            verb = "is in pieces and was" if len(self.joined) == 1 else "are in pieces and were"
            gaps = "1 gap" if self.gaps == 1 else f"{self.gaps:,} gaps, the longest"
            notes.append(
                f"{len(self.joined):,} of {all_of_them:,} skeletons {verb} joined across {gaps} of "
                f"{length_text(ceil(self.longest_nm))}. Gaps join, and are no cable: {listed(self.joined)}."
            )
        if self.apart:
            verb = "stays" if len(self.apart) == 1 else "stay"
            why = f"since gaps are longer than {length_text(self.heal_nm)}" if self.heal_nm else "as asked"
            named = [f"{n} ({k:,} trees, {length_text(ceil(gap))})" for n, k, gap in self.apart[:_LISTED]]
            more = len(self.apart) - len(named)
            said = ", ".join(named) + (f" and {more:,} more" if more else "")
            notes.append(
                f"{len(self.apart):,} of {all_of_them:,} skeletons {verb} in pieces, {why}. With the length that joins them all "
                f"(`healing gaps up to ...`): {said}."
            )
        return notes

    def _note(self, grown: Grown) -> None:
        placed = int(grown.inputs.sum() + grown.outputs.sum())
        self.placed += placed
        self.unplaced += (grown.n_inputs or 0) + (grown.n_outputs or 0) - placed
        self.far += grown.far
        if gaps := int(grown.skeleton.healed.sum()):
            lengths = grown.skeleton.edge_lengths_nm(gaps=True)[grown.skeleton.healed]
            self.gaps += gaps
            self.longest_nm = max(self.longest_nm, float(lengths.max()))
            self.joined.append(grown.of)
        if (trees := len(grown.skeleton.roots)) > 1:
            self.apart.append((grown.of, trees, grown.gap_nm))

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

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self.dataset.cursor(sql)
        return interruptible(cursor, lambda: cursor.execute(sql).fetchall())
