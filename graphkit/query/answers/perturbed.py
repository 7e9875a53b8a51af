"""Figures of a graph beside those of the same graph with more errors of a reconstruction.

A threshold of synapses is applied after the errors, as it would be to a reconstruction that has them. A neuron is followed to
the one that holds it (``Perturbation.bodies``); what is known of neurons goes with their pieces (``Perturbation.origins``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.error_model import (
    ErrorModel,
    Perturbation,
    bytes_while_made,
    interval,
    measured,
    measured_each,
    most_ahead,
)
from graphkit.errors import NotAnswerableError
from graphkit.progress import shown
from graphkit.query.answers import Answer
from graphkit.stopping import current

if TYPE_CHECKING:
    from graphkit.algorithms.located_errors import Located, LocatedPerturbation
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir

__all__ = [
    "INTERVAL",
    "SHARE",
    "Perturbable",
    "check_kept",
    "check_located",
    "graph_of",
    "interval_columns",
    "located_each",
    "model_of",
    "over_samples",
    "perturbable",
    "perturbed_each",
    "perturbed_values",
    "share_column",
    "spread_words",
]

INTERVAL = ["perturbed_mean", "perturbed_low", "perturbed_high"]
SHARE = "perturbed_share"
LEVEL = 0.9

_MOST_FIGURES = 100_000_000
"""Of all perturbed graphs together; 8 bytes each."""

_T = TypeVar("_T")
_D = TypeVar("_D")


@dataclass(frozen=True, slots=True)
class Perturbable:
    """What a question with an error model is about."""

    base: Graph
    """Its connections before the threshold of synapses, with the attributes that were asked for."""
    asked: Perturbation
    """Its graph as it is: a perturbation of ``base`` without errors."""
    least: int
    """The threshold."""
    located: Located | None = None
    """What is perturbed where it matters in which region synapses lie, or of which transmitter they are."""
    symmetric: bool = False
    """Connections are gap junctions, there both ways."""
    autapses: bool = True
    """Whether those that merges and false synapses make are in it."""

    @property
    def graph(self) -> Graph:
        """The graph of the question."""
        return self.asked.graph

    @property
    def alone(self) -> NDArray[np.int64] | None:
        """The neurons of ``base`` that are in it; None where all are."""
        return None if len(self.graph) == len(self.base) else self.asked.origins


def perturbable(
    dataset: Dataset,
    selection: ir.Selection,
    *,
    attributes: tuple[str, ...] = (),
    by_region: bool = False,
    mark: str | None = None,
) -> Perturbable:
    """The graph of a selection, to be perturbed: by region where its threshold, or the figures, are; with a mark
    (`located_rows`) if given.

    Raises:
        NotAnswerableError: gap junctions are asked about by region.
    """
    from graphkit.selection import load_selection

    least, symmetric = selection.min_synapses, selection.kind == "electrical"
    by_region = by_region or (selection.per_region and least > 1)
    if by_region:
        check_located(selection)
    base = load_selection(dataset, replace(selection, min_synapses=1), attributes=attributes)
    located = None
    if by_region or mark is not None:
        from graphkit.query.answers.located import located_rows

        located = located_rows(dataset, selection, base.ids, mark)
    rows = np.arange(len(base))
    if least == 1:
        asked = Perturbation(base, rows, rows)
    else:
        graph = load_selection(dataset, selection, attributes=attributes)
        asked = Perturbation(graph, np.searchsorted(base.ids, graph.ids), np.arange(len(graph)))
    return Perturbable(base, asked, least, located, symmetric, selection.autapses)


def check_located(selection: ir.Selection) -> None:
    """Raises NotAnswerableError where synapses are not perturbed by region."""
    if selection.kind == "electrical":
        raise NotAnswerableError(
            "With errors, gap junctions are not counted by region: they are few, and false ones would lie where nobody knows.",
            hint="Ask about the gap junctions of one region: gap junctions in EB with error model ...",
        )


def graph_of(form: Any, dataset: Dataset, attributes: tuple[str, ...] = ()) -> tuple[Graph, Perturbable | None]:
    """The graph of a form with a selection, and what is to be perturbed where it asks for errors."""
    from graphkit.selection import load_selection

    if form.errors is None:
        return load_selection(dataset, form.selection, attributes=attributes), None
    of = perturbable(dataset, form.selection, attributes=attributes)
    return of.graph, of


def perturbed_each(measure: Callable[[Perturbation], _T], of: Perturbable, errors: ir.ReconstructionErrors) -> list[_T]:
    """``measure`` of each perturbed graph; of fewer than were asked for where the work was stopped."""
    current().hands_over = True  # Ctrl-C: what is ready, and not nothing
    drawn: dict[str, Any] = {"samples": errors.samples, "seed": errors.seed, "progress": shown()}

    def figures(one: Perturbation) -> _T:
        return measure(one if of.autapses else replace(one, graph=one.graph.without_autapses()))

    if of.located is None:
        model, drawn["symmetric"] = model_of(errors), of.symmetric
        return measured(figures, of.base, model, least=of.least, asked=of.alone, **drawn)
    from graphkit.algorithms.located_errors import graph_of_strong

    def graph_drawn(one: LocatedPerturbation) -> Perturbation:
        return graph_of_strong(one, of.least, of.alone)

    return located_each(figures, graph_drawn, of.located, errors)


def located_each(
    measure: Callable[[_D], _T],
    made: Callable[[LocatedPerturbation], _D],
    located: Located,
    errors: ir.ReconstructionErrors,
) -> list[_T]:
    """The same of what is ``made`` of synapses that are perturbed where they lie."""
    from graphkit.algorithms.located_errors import BYTES_A_ROW, drawn_from, located_perturbation

    current().hands_over = True
    model, rows = model_of(errors), len(located.pre)
    most = most_ahead(rows, bytes_while_made(rows, int(located.synapses.sum()), model, a_row=BYTES_A_ROW))
    drawn: dict[str, Any] = {"samples": errors.samples, "seed": errors.seed, "progress": shown()}
    truth = drawn_from(located, model)

    def draw(seed: int) -> _D:
        return made(located_perturbation(located, model, seed=seed, truth=truth))

    return measured_each(measure, draw, most=most, **drawn)


def model_of(errors: ir.ReconstructionErrors) -> ErrorModel:
    """The rates of a question."""
    return ErrorModel(errors.missed, errors.false, errors.split, errors.merged, errors.duplicated)


def perturbed_values(
    statistic: Callable[[Perturbation], ArrayLike], of: Perturbable, errors: ir.ReconstructionErrors, size: int = 1
) -> NDArray[np.float64]:
    """The same of a statistic of one shape, of ``size`` figures: float64 of shape (perturbed graphs, *shape).

    Raises:
        NotAnswerableError: too many figures to be kept.
    """
    check_kept(size, errors)
    return np.stack(
        perturbed_each(lambda one: np.asarray(statistic(one), dtype=np.float64), of, errors),
    )


def check_kept(size: int, errors: ir.ReconstructionErrors) -> None:
    """Raises NotAnswerableError where ``size`` figures of each perturbed graph are too many to be kept."""
    if size * errors.samples > _MOST_FIGURES:
        raise NotAnswerableError(
            f"{size:,} figures of {errors.samples:,} perturbed graphs are too many to be kept.",
            hint="Ask for fewer perturbed graphs, for fewer neurons, or give a limit.",
        )


def interval_columns(
    values: NDArray[np.float64], names: list[str] = INTERVAL, *, left_out: bool = False
) -> dict[str, pa.Array]:
    """The columns of ``INTERVAL`` of values of shape (perturbed graphs, rows); null where a figure is undefined.

    ``left_out``: they are over the graphs in which it is defined.
    """
    found = interval(values, LEVEL, left_out=left_out)
    return {name: pa.array(v, pa.float64(), mask=np.isnan(v)) for name, v in zip(names, found, strict=True)}


def share_column(held: NDArray[Any]) -> dict[str, pa.Array]:
    """The share of perturbed graphs in which a row holds, of 0 and 1 of shape (perturbed graphs, rows)."""
    return {SHARE: pa.array(held.mean(axis=0), pa.float64())}


def spread_words(values: NDArray[np.float64], digits: str = ",.4g") -> str:
    """The interval of one figure, in words."""
    mean, low, high = (float(v) for v in interval(values, LEVEL, left_out=True))
    return f"{mean:{digits}} ({low:{digits}} to {high:{digits}})"


def over_samples(given: Answer, errors: ir.ReconstructionErrors, samples: int) -> Answer:
    """The answer with what it rests on, which are ``samples`` perturbed graphs."""
    whole = samples == errors.samples
    notes = (*given.notes, *_notes(errors, samples))
    return replace(given, complete=given.complete and whole, interrupted=not whole, notes=notes)


def _notes(errors: ir.ReconstructionErrors, samples: int) -> tuple[str, ...]:
    rates = {
        "of synapses missed": errors.missed,
        "as many false": errors.false,
        "of synapses found twice": errors.duplicated,
        "of neurons split": errors.split,
        "of neurons merged": errors.merged,
    }
    said = ", ".join(f"{100 * rate:g} % {what}" for what, rate in rates.items() if rate) or "no errors"
    graphs = f"{samples:,} graph{'' if samples == 1 else 's'}"
    notes = [f"Perturbed: {graphs} with {said} (seed {errors.seed}); low and high hold {100 * LEVEL:g} % of them."]
    if samples < errors.samples:
        notes.append(
            f"Stopped early: the answer is of the {samples:,} of {errors.samples:,} perturbed graphs that were ready."
        )
    return (*notes, "The errors come on top of those that the dataset has already.")
