"""The analyses of the command as methods of a dataset, with the same names; ``selection`` as in ``Dataset.graph``.

``errors``, ``samples`` and ``seed`` are everywhere those of `Analyses.statistics`: the same on so many perturbed graphs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.given import (
    Errors,
    Groups,
    Limit,
    NeuronSet,
    asked,
    certain_neurons,
    errors_given,
    groups_given,
    hops_given,
    limit_given,
    neurons_given,
    selection_given,
    sides_given,
)

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.result import Result

__all__ = ["Analyses"]


class Analyses:
    """Mixed into ``Dataset``."""

    def statistics(
        self,
        *,
        by_region: bool = False,
        against: str | None = None,
        errors: Errors = None,
        samples: int = ir.SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Size, density, reciprocity, clustering, components and path lengths; like ``statistics in EB``.

        ``by_region``: a row a region, of the graph in it, like ``statistics by region``.

        ``against`` a null model: beside those of ``samples`` random graphs, like ``statistics in EB against 20 configuration``;
        with ``errors`` such as ``{"missed": 0.1}``: beside those of so many graphs with more errors of a reconstruction.
        """
        null = None if against is None else ir.Against(against, samples, seed)
        more = errors_given(errors, samples, seed, against)
        chosen = selection_given(self, selection)
        return asked(self, ir.Statistics(chosen, errors=more, against=null, by_region=by_region))

    def ranking(
        self,
        measure: ir.Measure,
        *,
        of: NeuronSet | None = None,
        limit: Limit = "usual",
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """The neurons that a measure puts first, like ``pagerank in EB top 20``.

        ``measure`` is "pagerank", "betweenness", "core number", "clustering", "attractor" or "repeller". ``of`` certain neurons:
        these, measured in the same graph, with their place among all, like ``pagerank of type 'EPG'``. The usual limit is 20, and
        none for certain neurons.
        """
        chosen, most = neurons_given(self, of), limit_given(limit, of, ir.RANKED_SHOWN)
        more = errors_given(errors, samples, seed)
        return asked(self, ir.Ranking(measure, selection_given(self, selection), most, errors=more, of=chosen))

    def roles(
        self,
        role: ir.Role,
        *,
        of: NeuronSet | None = None,
        degree: int = ir.CLUB_DEGREE,
        limit: int | None = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """The "broadcasters", "integrators" or "rich club neurons" of a total degree of at least ``degree``; ``of`` certain
        neurons: those of these.
        """
        chosen, more = neurons_given(self, of), errors_given(errors, samples, seed)
        return asked(self, ir.Roles(role, degree, selection_given(self, selection), limit, errors=more, of=chosen))

    def rich_club(
        self,
        *,
        by: ir.DegreeKind = "total",
        against: str | None = None,
        errors: Errors = None,
        samples: int = ir.SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """The density among neurons of at least each degree ("total", "in" or "out"); like ``rich club in EB``.

        ``against`` a null model: beside that of ``samples`` random graphs, like ``rich club in EB against 20 configuration``;
        ``errors`` as in `statistics`.
        """
        null = None if against is None else ir.Against(against, samples, seed)
        if null is not None and null.model == "synapse-counts":
            raise QueryError("The null model synapse-counts leaves all connections, and so the rich club, in place.")
        more = errors_given(errors, samples, seed, against)
        return asked(self, ir.RichClub(by, selection_given(self, selection), against=null, errors=more))

    def degree_distribution(
        self, errors: Errors = None, samples: int = ir.ERROR_SAMPLES, seed: int = 0, **selection: Any
    ) -> Result:
        """How many neurons have each number of partners."""
        return asked(self, ir.Degrees(selection_given(self, selection), errors=errors_given(errors, samples, seed)))

    def strength_distribution(
        self, errors: Errors = None, samples: int = ir.ERROR_SAMPLES, seed: int = 0, **selection: Any
    ) -> Result:
        """How many neurons have each number of synapses."""
        return asked(
            self,
            ir.Degrees(selection_given(self, selection), of="strength", errors=errors_given(errors, samples, seed)),
        )

    def components(
        self,
        *,
        strong: bool = False,
        limit: int | None = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """The weak or strong components, the largest first; like ``strong components in EB``."""
        return asked(
            self,
            ir.Components(strong, selection_given(self, selection), limit, errors=errors_given(errors, samples, seed)),
        )

    def communities(
        self,
        *,
        by_type: bool = False,
        limit: int | None = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Neurons by community (Leiden); like ``communities in EB by type``."""
        return asked(
            self,
            ir.Communities(
                by_type, selection_given(self, selection), limit, errors=errors_given(errors, samples, seed)
            ),
        )

    def information_flow(
        self,
        seeds: NeuronSet,
        to: NeuronSet | None = None,
        *,
        by_type: bool = False,
        runs: int = ir.RUNS,
        seed: int = 0,
        limit: int | None = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        **selection: Any,
    ) -> Result:
        """The layer of each neuron (or of those of ``to``) from ``seeds`` on; like ``information flow from type 'ORN*'``."""
        chosen = selection_given(self, selection)
        of, end = certain_neurons(self, seeds, "signal from"), neurons_given(self, to)
        return asked(
            self,
            ir.Spread(
                of,
                "flow",
                None,
                by_type,
                chosen,
                runs=runs,
                seed=seed,
                limit=limit,
                errors=errors_given(errors, samples, seed),
                to=end,
            ),
        )

    def effective_connectivity(
        self,
        pre: NeuronSet | None = None,
        post: NeuronSet | None = None,
        *,
        hops: int = ir.WALKED,
        by: Groups = None,
        limit: int | None = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Input fractions multiplied along walks of up to ``hops`` connections; like ``effective connectivity from A to B``."""
        start, end, groups = (
            neurons_given(self, pre),
            neurons_given(self, post),
            groups_given(self, by, but=("region",)),
        )
        chosen, more = selection_given(self, selection), errors_given(errors, samples, seed)
        return asked(self, ir.Effective(start, end, hops_given(hops), groups, chosen, limit, errors=more))

    def signal_cascade(
        self,
        seeds: NeuronSet,
        to: NeuronSet | None = None,
        *,
        hops: int = 8,
        by_type: bool = False,
        runs: int = ir.RUNS,
        seed: int = 0,
        limit: int | None = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        **selection: Any,
    ) -> Result:
        """How often a signal from ``seeds`` reaches each neuron (of ``to``); like ``signal cascade from type 'ORN*'``."""
        chosen = selection_given(self, selection)
        of, end = certain_neurons(self, seeds, "signal from"), neurons_given(self, to)
        return asked(
            self,
            ir.Spread(
                of,
                "cascade",
                hops_given(hops),
                by_type,
                chosen,
                runs=runs,
                seed=seed,
                limit=limit,
                errors=errors_given(errors, samples, seed),
                to=end,
            ),
        )

    def connection_probability(
        self, errors: Errors = None, samples: int = ir.ERROR_SAMPLES, seed: int = 0, **selection: Any
    ) -> Result:
        """The probability of a connection by the distance of the somata, in bins of 10 um."""
        return asked(self, ir.Distances(selection_given(self, selection), errors=errors_given(errors, samples, seed)))

    def compare_connections(
        self,
        first: str = "left",
        second: str = "right",
        *,
        limit: int | None = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Connections within two sides by type, with a test; like ``compare connections of left and right in EB``."""
        chosen, more = selection_given(self, selection), errors_given(errors, samples, seed)
        return asked(self, ir.SideConnections(*sides_given(self, first, second), chosen, limit, errors=more))

    def compare_with(
        self,
        other: Dataset,
        *,
        by: str = "type",
        what: Literal["connections", "types"] = "connections",
        fractions: bool = False,
        limit: int | None = None,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """This dataset beside another, matched by type; like ``graphkit compare``. See `graphkit.query.comparison`."""
        from graphkit.query.comparison import compare_datasets

        return compare_datasets(
            cast("Dataset", self), other,
            by=by, what=what, fractions=fractions, limit=limit, seed=seed, **selection,
        )  # fmt: skip

    def percolation(
        self,
        *,
        first: Literal["most connected", "least connected"] = "most connected",
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """The components that are left when neurons are taken away; like ``percolation in EB``."""
        return asked(
            self, ir.Percolation(first, selection_given(self, selection), errors=errors_given(errors, samples, seed))
        )

    def projectome(
        self, *, limit: int | None = None, errors: Errors = None, samples: int = ir.ERROR_SAMPLES, seed: int = 0
    ) -> Result:
        """From each region to each: outputs there of neurons, in proportion to their inputs here."""
        return asked(self, ir.Projectome(limit, errors=errors_given(errors, samples, seed)))
