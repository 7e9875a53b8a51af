"""The matches of a pattern on perturbed graphs, in which a piece of a neuron has what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from graphkit.algorithms.error_model import Perturbation
from graphkit.algorithms.located_errors import Located, LocatedPerturbation, graph_of, strong, those_asked
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.perturbed import (
    SHARE,
    check_kept,
    interval_columns,
    located_each,
    over_samples,
    perturbable,
    perturbed_values,
    share_column,
)
from graphkit.query.conditions import region_ids
from graphkit.tables import quoted

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.motifs.pattern import Pattern
    from graphkit.query import ir
    from graphkit.query.answers.perturbed import Perturbable
    from graphkit.query.match.bound import GraphOf

__all__ = ["answer"]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A perturbed graph, and the part of it that each edge of the pattern takes where it has conditions of its own."""

    one: Perturbation
    of_edge: GraphOf | None = None


def answer(form: ir.Match, dataset: Dataset, errors: ir.ReconstructionErrors) -> Answer:
    """How many matches there are, or of each neuron; whether there is one, and in how many of the perturbed graphs."""
    from graphkit.motifs.pattern import contradiction
    from graphkit.motifs.search import any_match, count_matches, matches_by_neuron
    from graphkit.query.match.bound import bound, over

    parts = _Parts(form, dataset) if any(e.regions is not None or e.nt is not None for e in form.edges) else None
    of = perturbable(dataset, form.selection, by_region=parts is not None, mark=None if parts is None else parts.mark)
    found = bound(replace(form, selection=replace(form.selection, min_synapses=1)), dataset)

    def pattern(drawn: _Drawn) -> Pattern | None:
        """None where nothing can match."""
        made = over(found, form, drawn.one.graph, drawn.one.origins, drawn.of_edge)
        return None if contradiction(made) else made

    def values(measure: Callable[[_Drawn], ArrayLike], size: int = 1) -> NDArray[np.float64]:
        if parts is None or of.located is None:
            return perturbed_values(lambda one: measure(_Drawn(one)), of, errors, size)
        check_kept(size, errors)
        return np.stack(located_each(lambda one: np.asarray(measure(one), float), parts.drawn(of), of.located, errors))

    asked = _Drawn(of.asked) if parts is None else parts.asked(of)

    def there(one: _Drawn) -> list[bool]:
        made = pattern(one)
        return [made is not None and any_match(made)]

    def matches(one: _Drawn) -> list[int]:
        made = pattern(one)
        return [0 if made is None else count_matches(made)]

    def of_neurons(one: _Drawn) -> NDArray[np.int64]:
        made = pattern(one)
        return np.zeros(len(one.one.graph), np.int64) if made is None else matches_by_neuron(made)

    if form.returns == "exists":
        (has,), drawn = there(asked), values(there)
        table = pa.table({"exists": pa.array([has]), **share_column(drawn)})
        note = f"{SHARE}: of the perturbed graphs, those that have a match."
        return over_samples(Answer(table, notes=(note,)), errors, len(drawn))
    if form.returns == "count":
        (number,), drawn = matches(asked), values(matches)
        table = pa.table({"matches": pa.array([number], pa.int64()), **interval_columns(drawn)})
        return over_samples(Answer(table), errors, len(drawn))
    from graphkit.query.answers.match import neurons_table

    observed = of_neurons(asked)
    rows = np.flatnonzero(observed)
    drawn = values(lambda one: of_neurons(one)[one.one.bodies[rows]], len(rows))
    more = {**interval_columns(drawn), **share_column(drawn > 0)}
    table = neurons_table(form, dataset, of.graph.ids[rows], observed[rows], more)
    note = f"The interval is that of `matches`; {SHARE}: of the perturbed graphs, those in which the neuron has any."
    return over_samples(cut(table, form.limit, (note,)), errors, len(drawn))


class _Parts:
    """The synapses that edges with regions and transmitters of their own take."""

    def __init__(self, form: ir.Match, dataset: Dataset) -> None:
        names = sorted({name for edge in form.edges for name in edge.nt or ()})
        self.mark = f"coalesce(list_position([{', '.join(map(quoted, names))}], nt), 0)" if names else None
        self._marks = {name: k for k, name in enumerate(names, 1)}
        self._regions = {e.regions: region_ids(dataset, e.regions) for e in form.edges if e.regions is not None}
        self._selection = form.selection

    def drawn(self, of: Perturbable) -> Callable[[LocatedPerturbation], _Drawn]:
        """What makes the graphs of perturbed synapses."""

        def made(one: LocatedPerturbation) -> _Drawn:
            kept = strong(one.located, of.least, per_place=self._selection.per_region)
            kept = kept if of.autapses else kept.chosen(kept.pre != kept.post)
            one = those_asked(replace(one, located=kept), of.alone)
            whole = graph_of(one.located)
            parts: dict[Any, Graph] = {}

            def of_edge(edge: ir.PatternEdge) -> Graph:
                if edge.regions is None and edge.nt is None:
                    return whole
                key = edge.regions, edge.nt
                if key not in parts:
                    parts[key] = graph_of(one.located.chosen(self._counting(edge, one.located)))
                return parts[key]

            return _Drawn(Perturbation(whole, one.origins, one.bodies), of_edge)

        return made

    def asked(self, of: Perturbable) -> _Drawn:
        """The graphs as they are."""
        assert of.located is not None
        rows = np.arange(len(of.base))
        return self.drawn(of)(LocatedPerturbation(of.located, rows, rows))

    def _counting(self, edge: ir.PatternEdge, located: Located) -> NDArray[np.bool_]:
        counts = np.ones(len(located.pre), dtype=np.bool_)
        if edge.regions is not None:
            counts &= np.isin(located.place, self._regions[edge.regions])
        if edge.nt is not None and located.mark is not None:
            counts &= np.isin(located.mark, [self._marks[name] for name in edge.nt])
        return counts
