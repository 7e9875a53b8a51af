"""The questions about paths, common partners, hubs and the like as methods of a dataset, with the same names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, cast

from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.given import (
    Errors,
    Groups,
    Limit,
    NeuronSet,
    Sorts,
    asked,
    certain_neurons,
    errors_given,
    groups_given,
    hops_given,
    limit_given,
    neurons_given,
    regions_given,
    selection_given,
    sides_given,
    sorts_given,
)

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.result import Result

__all__ = ["GraphQuestions"]


class GraphQuestions:
    """Mixed into ``Dataset``. ``selection`` stands for the arguments of ``Dataset.graph``: which connections there are."""

    def paths(
        self,
        pre: NeuronSet,
        post: NeuronSet,
        *,
        hops: int,
        by_type: bool = False,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Simple paths of at most ``hops`` connections; like ``paths from A to B within 3 hops``."""
        more = errors_given(errors, samples, seed)
        return _paths(self, pre, post, "all", hops, by_type, limit, order, selection, errors=more)

    def shortest_paths(
        self,
        pre: NeuronSet,
        post: NeuronSet,
        *,
        count: int | None = None,
        strength: ir.Strength = "synapses",
        hops: int | None = None,
        by_type: bool = False,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """All paths of the fewest connections, like ``shortest paths from A to B``; with ``count`` as many, longer ones too, like
        ``5 shortest paths from A to B``, of equals the strongest first.
        """
        more = errors_given(errors, samples, seed)
        if count is not None:
            return _ranked(self, pre, post, "k shortest", hops, by_type, count, order, strength, selection, more)
        if strength != "synapses":
            raise QueryError("Say how many paths, where they are ranked by input fraction.", hint="count=10")
        return _paths(self, pre, post, "shortest", hops, by_type, limit, order, selection, errors=more)

    def strongest_paths(
        self,
        pre: NeuronSet,
        post: NeuronSet,
        *,
        strength: ir.Strength = "synapses",
        hops: int | None = None,
        by_type: bool = False,
        limit: int = 1,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """The ``limit`` strongest paths: by their weakest connection, or by the product of input fractions along them; like
        ``3 strongest paths from A to B by input fraction``.
        """
        more = errors_given(errors, samples, seed)
        return _ranked(self, pre, post, "strongest", hops, by_type, limit, order, strength, selection, more)

    def upstream(
        self,
        of: NeuronSet,
        *,
        hops: int,
        by: Groups = None,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """From whom ``of`` can be reached in at most ``hops`` connections; like ``upstream of A within 2 hops``."""
        return _reach(self, of, "inputs", hops, by, limit, order, selection, errors_given(errors, samples, seed))

    def downstream(
        self,
        of: NeuronSet,
        *,
        hops: int,
        by: Groups = None,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Who can be reached from ``of`` in at most ``hops`` connections; like ``downstream of A within 2 hops``."""
        return _reach(self, of, "outputs", hops, by, limit, order, selection, errors_given(errors, samples, seed))

    def common_inputs(
        self,
        *of: NeuronSet,
        by: Groups = None,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Who synapses onto each of these; like ``common inputs of A and B``."""
        return _common(self, of, "inputs", by, limit, order, selection, errors_given(errors, samples, seed))

    def common_outputs(
        self,
        *of: NeuronSet,
        by: Groups = None,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Onto whom each of these synapses; like ``common outputs of A and B``."""
        return _common(self, of, "outputs", by, limit, order, selection, errors_given(errors, samples, seed))

    def common_partners(
        self,
        *of: NeuronSet,
        by: Groups = None,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Who is connected with each of these, either way; like ``common partners of A and B``."""
        return _common(self, of, "partners", by, limit, order, selection, errors_given(errors, samples, seed))

    def hubs(
        self,
        *,
        of: NeuronSet | None = None,
        by: ir.Rank = "degree",
        limit: Limit = "usual",
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """The neurons with the most connections, or synapses; like ``hubs in EB by synapses top 5``.

        ``of`` certain neurons: these, with their place among all, like ``hubs of type 'EPG'``. The usual limit is 20, and none
        for certain neurons. With ``errors`` such as ``{"missed": 0.1}``: how often each is among the hubs, or the interval of its
        place, on so many graphs with more errors of a reconstruction.
        """
        if by not in ir.RANKS:
            raise QueryError(f"Hubs are not ranked by {by!r}.", hint=f"By {', '.join(ir.RANKS)}.")
        more = errors_given(errors, samples, seed)
        chosen, most = neurons_given(self, of), limit_given(limit, of, ir.HUBS_SHOWN)
        return asked(self, ir.Hubs(by, selection_given(self, selection), most, sorts_given(order), more, chosen))

    def similar(
        self,
        of: NeuronSet,
        *,
        by: ir.Direction = "partners",
        limit: int | None = ir.SIMILAR_SHOWN,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """The neurons whose partners are most like those of the neuron ``of``; like ``neurons like 123``.

        ``errors`` as in `hubs`.
        """
        _known_direction(by)
        one = cast("Dataset", self).vocabulary.one_neuron(neurons_given(self, of))
        chosen, more = selection_given(self, selection), errors_given(errors, samples, seed)
        return asked(self, ir.Similar(one, by, chosen, limit, sorts_given(order), more))

    def projections(
        self,
        sources: str | Iterable[str],
        targets: str | Iterable[str],
        *,
        of: NeuronSet | None = None,
        by: Groups = None,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
    ) -> Result:
        """Neurons with inputs in one region and outputs in another; like ``projections from EB to PB``.

        ``errors`` as in `hubs`.
        """
        ends = regions_given(self, sources) or (), regions_given(self, targets) or ()
        groups = groups_given(self, by, but=("region",))
        more = errors_given(errors, samples, seed)
        return asked(self, ir.Projections(*ends, neurons_given(self, of), groups, limit, sorts_given(order), more))

    def compare(
        self,
        first: str = "left",
        second: str = "right",
        *,
        of: NeuronSet | None = None,
        region: str | Iterable[str] | None = None,
        limit: int | None = None,
        order: Sorts = None,
    ) -> Result:
        """The types on two sides; like ``compare left and right of EB`` with ``of="neurons of EB"``."""
        sides = sides_given(self, first, second)
        where, regions = neurons_given(self, of), regions_given(self, region)
        return asked(self, ir.Sides(*sides, where, regions, limit, sorts_given(order)))


def _ranked(
    brain: GraphQuestions,
    pre: NeuronSet,
    post: NeuronSet,
    kind: Literal["k shortest", "strongest"],
    hops: int | None,
    by_type: bool,
    limit: int,
    order: Sorts,
    strength: ir.Strength,
    selection: dict[str, Any],
    errors: ir.ReconstructionErrors | None,
) -> Result:
    if not ir.is_whole(limit) or not 1 <= limit <= ir.MOST_STRONGEST:
        raise QueryError(f"From 1 to {ir.MOST_STRONGEST:,} paths can be asked for, got {limit!r}.")
    if strength not in ("synapses", "input fraction"):
        raise QueryError(f"Paths are not strong by {strength!r}.", hint="By synapses or by input fraction.")
    return _paths(brain, pre, post, kind, hops, by_type, limit, order, selection, strength, errors)


def _paths(
    brain: GraphQuestions,
    pre: NeuronSet,
    post: NeuronSet,
    kind: Literal["all", "shortest", "k shortest", "strongest"],
    hops: int | None,
    by_type: bool,
    limit: int | None,
    order: Sorts,
    selection: dict[str, Any],
    strength: ir.Strength = "synapses",
    errors: ir.ReconstructionErrors | None = None,
) -> Result:
    ends = certain_neurons(brain, pre, "paths"), certain_neurons(brain, post, "paths")
    groups: tuple[ir.Group, ...] = ("type",) if by_type else ()
    chosen = selection_given(brain, selection)
    if hops is not None:
        hops_given(hops)
    return asked(brain, ir.Paths(*ends, kind, hops, groups, chosen, limit, sorts_given(order), strength, errors))


def _reach(
    brain: GraphQuestions,
    of: NeuronSet,
    direction: ir.Direction,
    hops: int,
    by: Groups,
    limit: int | None,
    order: Sorts,
    selection: dict[str, Any],
    errors: ir.ReconstructionErrors | None,
) -> Result:
    hops_given(hops)
    condition, groups = certain_neurons(brain, of, direction), groups_given(brain, by, but=("region",))
    chosen = selection_given(brain, selection)
    return asked(brain, ir.Reach(condition, direction, hops, groups, chosen, limit, sorts_given(order), errors))


def _common(
    brain: GraphQuestions,
    of: tuple[NeuronSet, ...],
    direction: ir.Direction,
    by: Groups,
    limit: int | None,
    order: Sorts,
    selection: dict[str, Any],
    errors: ir.ReconstructionErrors | None,
) -> Result:
    if len(of) < 2:
        raise QueryError(f"Common {direction} are those of two or more sets of neurons, got {len(of)}.")
    sets = tuple(certain_neurons(brain, each, f"common {direction}") for each in of)
    groups, chosen = groups_given(brain, by, but=("region",)), selection_given(brain, selection)
    return asked(brain, ir.Common(sets, direction, groups, chosen, limit, sorts_given(order), errors))


def _known_direction(direction: str) -> None:
    if direction not in ("inputs", "outputs", "partners"):
        raise QueryError(f"Neurons are not alike by {direction!r}.", hint="By inputs, outputs or partners (both).")
