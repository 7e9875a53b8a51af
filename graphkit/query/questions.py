"""The questions of the command as methods of a dataset, with the same names.

Where a method takes neurons, it takes what English takes there ("type 'EPG'", "EPG", "ER4d, ER4m", "neurons of EB", "@mine"), an
id, or whatever holds ids: a list, an array, a Series, a DataFrame or an answer with a column of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.analyses import Analyses
from graphkit.query.given import (
    Errors,
    Groups,
    NeuronSet,
    Sorts,
    asked,
    certain_neurons,
    errors_given,
    groups_given,
    neurons_given,
    regions_given,
    selection_given,
    sorts_given,
)
from graphkit.query.graph_questions import GraphQuestions
from graphkit.query.morphology_questions import MorphologyQuestions

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.dataset import Dataset
    from graphkit.query.result import Result

__all__ = ["NeuronSet", "Questions"]


class Questions(GraphQuestions, MorphologyQuestions, Analyses):
    """Mixed into ``Dataset``."""

    def motifs(
        self,
        *,
        by_type: bool = False,
        by_region: bool = False,
        against: str | None = None,
        errors: Errors = None,
        samples: int = ir.SAMPLES,
        seed: int = 0,
        size: Literal[3, 4] = 3,
        roles: bool = False,
        limit: int | None = None,
        order: Sorts = None,
        **selection: Any,
    ) -> Result:
        """Motifs of the graph that ``selection`` (see ``Dataset.graph``) chooses; like ``motifs in region EB``.

        Dyads and triads; of ``size`` 4, the connected classes of four neurons; ``roles``: a row for each neuron and role;
        ``by_region``: of the graph in each region, like ``motifs by region``.
        ``against`` a null model: their significance, by ``samples`` random graphs, like ``motifs against 100 bidegree``.
        ``errors`` such as ``{"missed": 0.1}``: beside the counts of so many graphs with more errors of a reconstruction.
        """
        if (by_type or by_region) and (roles or size == 4):
            raise QueryError("Only motifs of size 3, and not their roles, are grouped.")
        if by_type and by_region:
            raise QueryError("Motifs are grouped by type or by region, not by both.")
        if roles and against is not None:
            raise QueryError("The roles of single neurons are not compared with random graphs; motifs are.")
        if size not in (3, 4):
            raise QueryError(f"Motifs are counted of size 3 or 4, not {size}.")
        null = None if against is None else ir.Against(against, samples, seed)
        more = errors_given(errors, samples, seed, against)
        chosen = selection_given(self, selection)
        form = ir.Motifs(chosen, by_type, limit, sorts_given(order), null, more, size, roles, by_region)
        return asked(self, form)

    def neurons(
        self,
        of: NeuronSet | None = None,
        *,
        region: str | Iterable[str] | None = None,
        by: Groups = None,
        limit: int | None = None,
        order: Sorts = None,
    ) -> Result:
        """Neurons with their totals: all, those of ``of``, those with synapses in ``region``; or how many by group."""
        where, regions = neurons_given(self, of), regions_given(self, region)
        return asked(self, ir.Neurons(where, regions, limit, groups_given(self, by), sorts_given(order)))

    def types(
        self, *, region: str | Iterable[str] | None = None, limit: int | None = None, order: Sorts = None
    ) -> Result:
        """The cell types with the number of their neurons; like ``types in EB``."""
        return asked(self, ir.Types(None, regions_given(self, region), limit, sorts_given(order)))

    def regions(
        self,
        *,
        limit: int | None = None,
        order: Sorts = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
    ) -> Result:
        """The regions, with neurons and synapses in each (``region_tree`` is the tree itself). ``errors`` as in `motifs`."""
        return asked(self, ir.Regions(limit, sorts_given(order), errors_given(errors, samples, seed)))

    def inputs(
        self,
        of: NeuronSet,
        *,
        by: Groups = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        limit: int | None = None,
        order: Sorts = None,
        **selection: Any,
    ) -> Result:
        """Who synapses onto the neurons ``of``; like ``inputs of EPG by type``. ``errors`` as in `motifs`."""
        return _partners(self, of, "inputs", by, errors_given(errors, samples, seed), limit, order, selection)

    def outputs(
        self,
        of: NeuronSet,
        *,
        by: Groups = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        limit: int | None = None,
        order: Sorts = None,
        **selection: Any,
    ) -> Result:
        """Onto whom the neurons ``of`` synapse; like ``outputs of type 'MBON*' by region``."""
        return _partners(self, of, "outputs", by, errors_given(errors, samples, seed), limit, order, selection)

    def partners(
        self,
        of: NeuronSet,
        *,
        by: Groups = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        limit: int | None = None,
        order: Sorts = None,
        **selection: Any,
    ) -> Result:
        """Both, with inputs and outputs of each partner; like ``partners of 123``."""
        return _partners(self, of, "partners", by, errors_given(errors, samples, seed), limit, order, selection)

    def connections(
        self,
        pre: NeuronSet | None = None,
        post: NeuronSet | None = None,
        *,
        both_ways: bool = False,
        by: Groups = None,
        figure: ir.Figure | None = None,
        excitatory: Iterable[str] | None = None,
        inhibitory: Iterable[str] | None = None,
        errors: Errors = None,
        samples: int = ir.ERROR_SAMPLES,
        seed: int = 0,
        limit: int | None = None,
        order: Sorts = None,
        **selection: Any,
    ) -> Result:
        """Connections from ``pre`` to ``post``, with ``both_ways`` also back; like ``connections from A to B by type``.

        ``figure`` ("mean", "input fraction", "signed", "signed input fraction") stands beside the synapses, like ``connections by
        type as signed synapses``; transmitters that are ``excitatory`` and ``inhibitory`` are those of insects if not given.
        ``errors`` as in `motifs`, of groups.
        """
        from graphkit.query.figures import figure_given

        ends = neurons_given(self, pre), neurons_given(self, post)
        chosen, groups = selection_given(self, selection), groups_given(self, by)
        signs = figure_given(self, figure, groups, chosen, excitatory, inhibitory)
        more = errors_given(errors, samples, seed)
        form = ir.Connections(*ends, both_ways, groups, chosen, limit, sorts_given(order), figure, signs, more)
        return asked(self, form)

    def synapses(
        self,
        pre: NeuronSet | None = None,
        post: NeuronSet | None = None,
        *,
        box_nm: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None,
        box_of: Literal["pre", "post"] = "post",
        limit: int | None = None,
        order: Sorts = None,
        **selection: Any,
    ) -> Result:
        """Single synapses from ``pre`` to ``post``, with positions; like ``synapses from A to B``.

        ``box_nm``: only those whose points at one end (``box_of``) lie in the box from one corner (x, y, z), inclusive, to the
        other, exclusive; like ``synapses in box (0,0,0)-(10,10,10) nm``.
        """
        ends = neurons_given(self, pre), neurons_given(self, post)
        box = None if box_nm is None else ir.box_between(*box_nm, box_of)
        return asked(self, ir.Synapses(*ends, selection_given(self, selection), limit, box, sorts_given(order)))

    def match(
        self,
        pattern: str | Path,
        *,
        returns: Literal["rows", "count", "exists", "neurons"] = "rows",
        induced: bool | None = None,
        labelled: bool | None = None,
        limit: int | None = None,
        against: str | None = None,
        errors: Errors = None,
        samples: int = ir.SAMPLES,
        seed: int = 0,
        **selection: Any,
    ) -> Result:
        """Matches of a pattern such as ``(a:ER4d)->(b), (b)->(a)``, in the graph that ``selection`` chooses.

        ``pattern`` may go on as in MATCH, up to ORDER BY, or be the Path of a .match or .motif file. One row a match, or
        ``returns`` the "count" of matches, whether one "exists", or how many each of the "neurons" takes part in.
        ``against`` a null model: the count, and that in ``samples`` random graphs; ``errors`` such as ``{"missed": 0.1}``:
        and that in perturbed graphs.
        """
        from graphkit.query.match.calls import called

        form = called(
            cast("Dataset", self),
            pattern,
            returns=returns,
            induced=induced,
            labelled=labelled,
            limit=limit,
            against=None if against is None else ir.Against(against, samples, seed),
            errors=errors_given(errors, samples, seed, against),
            selection=selection,
        )
        return asked(self, form)

    def count_matches(self, pattern: str | Path, **options: Any) -> int:
        """How many matches a pattern has; options are those of ``match``."""
        return int(self.match(pattern, returns="count", **options).scalar())

    def any_match(self, pattern: str | Path, **options: Any) -> bool:
        """Whether a pattern has a match; options are ``induced``, ``labelled`` and a selection, as of ``match``."""
        from graphkit.query.answers.match_streams import any_match

        return any_match(_pattern(self, pattern, options), cast("Dataset", self))

    def match_batches(self, pattern: str | Path, *, size: int = 65_536, **options: Any) -> Iterator[pa.RecordBatch]:
        """All matches as Arrow batches of at most ``size``, the neurons' ids in columns ``a_id``, ``b_id`` ...

        In the order in which they are found, always the same: the first comes at once, and no more than one is in memory.
        Options are those of ``any_match``.
        """
        from graphkit.query.answers.match_streams import match_batches

        return match_batches(_pattern(self, pattern, options), cast("Dataset", self), size)

    def sample_matches(self, pattern: str | Path, k: int, *, seed: int = 0, **options: Any) -> pa.Table:
        """``k`` different matches (all, where there are fewer), any set of them as likely as another; counts all first.

        The columns of ``match``; options are those of ``any_match``.
        """
        from graphkit.query.answers.match_streams import sample_matches

        return sample_matches(_pattern(self, pattern, options), cast("Dataset", self), k, seed)


def _pattern(brain: Questions, pattern: str | Path, options: dict[str, Any]) -> ir.Match:
    from graphkit.query.match.calls import called

    said = {name: options.pop(name, None) for name in ("induced", "labelled")}
    return called(cast("Dataset", brain), pattern, returns="rows", limit=None, selection=options, **said)


def _partners(
    brain: Questions,
    of: NeuronSet,
    direction: ir.Direction,
    by: Groups,
    errors: ir.ReconstructionErrors | None,
    limit: int | None,
    order: Sorts,
    selection: dict[str, Any],
) -> Result:
    condition, chosen = certain_neurons(brain, of, direction), selection_given(brain, selection)
    form = ir.Partners(condition, direction, groups_given(brain, by), chosen, limit, sorts_given(order), errors)
    return asked(brain, form)
