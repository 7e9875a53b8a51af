"""What pairs of similar neurons and clusters have in common: the neurons, what of them is compared, how alike they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from graphkit.errors import NotAnswerableError
from graphkit.query import ir
from graphkit.query.answers.graphs import ids_meeting, neuron_columns_of
from graphkit.query.answers.perturbed import graph_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphkit.algorithms.error_model import Perturbation
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query.answers.perturbed import Perturbable

__all__ = ["CHOOSE_FEWER", "MOST", "Again", "Asked", "Form", "Kept", "asked_of", "kept_of", "matrix_of"]

MOST = 10_000
"""Neurons whose matrix (0.8 GB) is made for a question; of more, the pairs of a limit are looked for without one."""

CHOOSE_FEWER = "Choose fewer (type 'EPG', in a region)"

_NAMED = 20
_MEANING = {
    "cosine": "the cosine of the numbers of synapses",
    "jaccard": "partners that both have over those that either has",
    "ruzicka": "the sum of the smaller over the sum of the larger numbers of synapses",
}

Form = ir.Similarities | ir.SimilarityClusters


@dataclass(frozen=True, slots=True)
class Asked:
    """The neurons of a question, ids ascending: all, and those that are in its graph."""

    graph: Graph
    of: Perturbable | None
    """Its graph, to be perturbed; None without an error model."""
    ids: NDArray[np.int64]
    inside: NDArray[np.int64]
    groups: NDArray[np.int64] | None
    """A number for the type of each neuron of the graph, -1 for none; None where partners count one by one."""
    base_groups: NDArray[np.int64] | None
    """The same of the neurons of ``of.base``, where there is one."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Those of them that have something to be compared."""

    ids: NDArray[np.int64]
    name: pa.Array
    type: pa.Array
    notes: tuple[str, ...]
    again: Again | None


@dataclass(frozen=True, slots=True)
class Again:
    """The same neurons on perturbed graphs."""

    form: Form
    of: Perturbable
    rows: NDArray[np.int64]
    groups: NDArray[np.int64] | None
    """Of the neurons of ``of.base``."""

    def held(self, one: Perturbation) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64] | None]:
        """The ids of those that hold the neurons, for each neuron which of them does, and the groups of all."""
        bodies, place = np.unique(one.bodies[self.rows], return_inverse=True)
        return one.graph.ids[bodies], place, None if self.groups is None else self.groups[one.origins]

    def matrix(self, one: Perturbation) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The similarity of those that hold the neurons, and for each neuron which of them does."""
        ids, place, groups = self.held(one)
        return matrix_of(self.form, one.graph, ids, groups), place


def asked_of(form: Form, dataset: Dataset) -> Asked:
    """The neurons of the question in its graph."""
    graph, of = graph_of(form, dataset)
    ids = ids_meeting(form.of, dataset)
    inside = ids[np.isin(ids, graph.ids, assume_unique=True)]
    base, notes = _groups(form, graph if of is None else of.base, dataset)
    groups = base if base is None or of is None else base[of.asked.origins]
    return Asked(graph, of, ids, inside, groups, base, notes)


def kept_of(form: Form, asked: Asked, compared: NDArray[np.int64], dataset: Dataset) -> Kept:
    """The neurons at the places ``compared`` of those inside, which have something to be compared.

    Raises:
        NotAnswerableError: they are fewer than two.
    """
    ids = asked.inside[compared]
    if len(ids) < 2:
        has = f"{len(ids)} {'has' if len(ids) == 1 else 'have'} {_what(form)}"
        raise NotAnswerableError(
            f"Of the {len(asked.ids):,} neurons asked about, {has} in the graph asked; two or more are compared.",
            hint="What is most like one neuron: neurons like 123",
        )
    notes = (f"Similarity: {_MEANING[form.measure]}, over {_what(form)}.", *asked.notes)
    left_out = np.setdiff1d(asked.ids, ids, assume_unique=True)
    if len(left_out):
        notes += (
            f"{len(left_out):,} of {len(asked.ids):,} neurons have no {_what(form)} and are left out: {_listed(left_out)}.",
        )
    name, type_ = neuron_columns_of(dataset, ids, ("name", "type"))
    rows = np.searchsorted(asked.graph.ids, ids)
    again = None if asked.of is None else Again(form, asked.of, rows, asked.base_groups)
    return Kept(ids, name, type_, notes, again)


def matrix_of(
    form: Form, graph: Graph, ids: NDArray[np.int64], groups: NDArray[np.int64] | None
) -> NDArray[np.float64]:
    """The similarity of all with all."""
    from graphkit.algorithms.similarity_matrix import similarity_matrix

    return similarity_matrix(graph, ids, measure=form.measure, direction=form.direction, groups=groups)


def _what(form: Form) -> str:
    """What is compared."""
    return f"{form.direction.removesuffix('s')} types" if form.types else form.direction


def _groups(form: Form, graph: Graph, dataset: Dataset) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    if not form.types:
        return None, ()
    (types,) = neuron_columns_of(dataset, graph.ids, ("type",))
    codes = types.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    untyped = int((codes < 0).sum())
    if untyped == len(codes):
        raise NotAnswerableError("No neuron of the graph has a type.", hint="Compare on partners, inputs or outputs.")
    notes = (
        (f"{untyped:,} of {len(codes):,} neurons of the graph have no type and are no partner here.",)
        if untyped
        else ()
    )
    return codes, notes


def _listed(ids: NDArray[np.int64]) -> str:
    more = len(ids) - _NAMED
    return ", ".join(map(str, ids[:_NAMED].tolist())) + (f" and {more:,} more" if more > 0 else "")
