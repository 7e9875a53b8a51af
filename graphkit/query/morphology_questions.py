"""The questions about skeletons, and about how alike many neurons connect, as methods of a dataset, with the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.given import (
    Errors,
    NeuronSet,
    Sorts,
    asked,
    errors_given,
    neurons_given,
    selection_given,
    sorts_given,
)

if TYPE_CHECKING:
    from graphkit.query.result import Result

__all__ = ["MorphologyQuestions"]


class MorphologyQuestions:
    """Mixed into ``Dataset``. ``of`` None: any neuron. ``selection`` stands for the arguments of ``Dataset.graph``.

    Skeletons in pieces are joined across gaps of at most ``heal_nm``, 0: not at all (``graphkit.morphology.heal``).
    """

    def morphology(
        self,
        of: NeuronSet | None = None,
        *,
        heal_nm: int = ir.HEAL_NM,
        limit: int | None = None,
        order: Sorts = None,
    ) -> Result:
        """Cable, branches, extent, synapses and segregation index of each neuron; like ``morphology of type 'EPG'``."""
        return asked(self, ir.Morphology(neurons_given(self, of), limit, sorts_given(order), heal_nm))

    def axon_dendrite_split(
        self,
        of: NeuronSet | None = None,
        *,
        heal_nm: int = ir.HEAL_NM,
        limit: int | None = None,
        order: Sorts = None,
    ) -> Result:
        """Cable and synapses of axon, dendrite and what lies between; like ``axon dendrite split of type 'EPG'``."""
        return asked(self, ir.Compartments(neurons_given(self, of), limit, sorts_given(order), heal_nm))

    def strahler_orders(
        self,
        of: NeuronSet | None = None,
        *,
        heal_nm: int = ir.HEAL_NM,
        limit: int | None = None,
        order: Sorts = None,
    ) -> Result:
        """Branches, cable and synapses of each Strahler order; like ``strahler orders of 123``."""
        return asked(self, ir.StrahlerOrders(neurons_given(self, of), limit, sorts_given(order), heal_nm))

    def sholl(
        self,
        of: NeuronSet | None = None,
        *,
        every_nm: int = ir.EVERY_NM,
        heal_nm: int = ir.HEAL_NM,
        limit: int | None = None,
        order: Sorts = None,
    ) -> Result:
        """Crossings of spheres around the soma; like ``sholl of 123 every 10 um``."""
        return asked(self, ir.Sholl(neurons_given(self, of), every_nm, limit, sorts_given(order), heal_nm))

    def similarity(
        self,
        of: NeuronSet | None = None,
        *,
        measure: ir.Alike = "cosine",
        on: ir.Direction = "partners",
        types: bool = False,
        each: int | None = None,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """How alike the partners of each two neurons are; like ``similarity of type 'ER4d' by cosine on partner types``.

        ``on`` "inputs", "outputs" or "partners" (both); with ``types``, partners of one type are one. ``each``: so many rows
        a neuron, of those most like it. ``errors`` such as ``{"missed": 0.1}``: the same on so many graphs with more errors of
        a reconstruction.
        """
        _known(measure, on)
        neurons, chosen, sorts = neurons_given(self, of), selection_given(self, selection), sorts_given(order)
        more = errors_given(errors, samples, seed)
        if each is not None and (not ir.is_whole(each) or each < 1):
            raise QueryError(f"each is {each!r}; expected 1 or more neurons.")
        return asked(self, ir.Similarities(neurons, measure, on, types, chosen, limit, sorts, more, each))

    def similarity_clusters(
        self,
        of: NeuronSet | None = None,
        *,
        measure: ir.Alike = "cosine",
        on: ir.Direction = "partners",
        types: bool = False,
        count: int | None = None,
        by_type: bool = False,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Neurons by cluster of such similarities; like ``clusters of type 'ER*' by ruzicka into 5 clusters``.

        With ``errors``: how well the clusters hold on so many graphs with more errors of a reconstruction.
        """
        _known(measure, on)
        if count is not None and (not ir.is_whole(count) or count < 1):
            raise QueryError(f"count is {count!r}; expected 1 or more clusters.")
        neurons, chosen, sorts = neurons_given(self, of), selection_given(self, selection), sorts_given(order)
        more = errors_given(errors, samples, seed)
        form = ir.SimilarityClusters(neurons, measure, on, types, count, by_type, chosen, limit, sorts, more)
        return asked(self, form)


def _known(measure: str, on: str) -> None:
    if measure not in ir.ALIKE:
        raise QueryError(f"Neurons are not compared by {measure!r}.", hint=f"By {', '.join(ir.ALIKE)}.")
    if on not in ("inputs", "outputs", "partners"):
        raise QueryError(f"Neurons are not compared on {on!r}.", hint="On inputs, outputs or partners (both).")
