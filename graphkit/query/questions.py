"""The questions of the command as methods of a dataset, with the same names.

Where a method takes neurons, it takes what English takes there ("type 'EPG'", "EPG", "ER4d, ER4m", "neurons of EB", "@mine"), an
id, or whatever holds ids: a list, an array, a Series, a DataFrame or an answer with a column of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from graphkit.query import ir

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.result import Result

__all__ = ["NeuronSet", "Questions"]

NeuronSet = Any
Groups = str | Iterable[str] | None


class Questions:
    """Mixed into ``Dataset``."""

    def motifs(self, *, by_type: bool = False, limit: int | None = None, **selection: Any) -> Result:
        """Dyads and triads of the graph that ``selection`` (see ``Dataset.graph``) chooses; like ``motifs in region EB``."""
        from graphkit.selection import make_selection

        return _run(self, ir.Motifs(make_selection(_dataset(self), **selection), by_type, limit))

    def neurons(
        self,
        of: NeuronSet | None = None,
        *,
        region: str | Iterable[str] | None = None,
        limit: int | None = None,
    ) -> Result:
        """Neurons with their totals: all, those of ``of``, those with synapses in ``region``."""
        return _run(self, ir.Neurons(_set(self, of), _regions(self, region), limit))

    def types(self, *, region: str | Iterable[str] | None = None, limit: int | None = None) -> Result:
        """The cell types with the number of their neurons; like ``types in EB``."""
        return _run(self, ir.Types(None, _regions(self, region), limit))

    def regions(self, *, limit: int | None = None) -> Result:
        """The regions, with neurons and synapses in each (``region_tree`` is the tree itself)."""
        return _run(self, ir.Regions(limit))

    def inputs(self, of: NeuronSet, *, by: Groups = None, limit: int | None = None, **selection: Any) -> Result:
        """Who synapses onto the neurons ``of``; like ``inputs of EPG by type``."""
        return _partners(self, of, "inputs", by, limit, selection)

    def outputs(self, of: NeuronSet, *, by: Groups = None, limit: int | None = None, **selection: Any) -> Result:
        """Onto whom the neurons ``of`` synapse; like ``outputs of type 'MBON*' by region``."""
        return _partners(self, of, "outputs", by, limit, selection)

    def partners(self, of: NeuronSet, *, by: Groups = None, limit: int | None = None, **selection: Any) -> Result:
        """Both, with inputs and outputs of each partner; like ``partners of 123``."""
        return _partners(self, of, "partners", by, limit, selection)

    def connections(
        self,
        pre: NeuronSet | None = None,
        post: NeuronSet | None = None,
        *,
        both_ways: bool = False,
        by: Groups = None,
        limit: int | None = None,
        **selection: Any,
    ) -> Result:
        """Connections from ``pre`` to ``post``, with ``both_ways`` also back; like ``connections from A to B by type``."""
        from graphkit.selection import make_selection

        chosen = make_selection(_dataset(self), **selection)
        return _run(self, ir.Connections(_set(self, pre), _set(self, post), both_ways, _groups(by), chosen, limit))

    def synapses(
        self,
        pre: NeuronSet | None = None,
        post: NeuronSet | None = None,
        *,
        limit: int | None = None,
        **selection: Any,
    ) -> Result:
        """Single synapses from ``pre`` to ``post``, with positions; like ``synapses from A to B``."""
        from graphkit.selection import make_selection

        return _run(
            self, ir.Synapses(_set(self, pre), _set(self, post), make_selection(_dataset(self), **selection), limit)
        )

    def match(
        self,
        pattern: str | Path,
        *,
        returns: Literal["rows", "count", "neurons"] = "rows",
        induced: bool | None = None,
        labelled: bool | None = None,
        limit: int | None = None,
        **selection: Any,
    ) -> Result:
        """Matches of a pattern such as ``(a:ER4d)->(b), (b)->(a)``, in the graph that ``selection`` chooses.

        ``pattern`` may go on as in MATCH, up to ORDER BY, or be the Path of a .match or .motif file. One row a match, or
        ``returns`` the "count" of matches, or how many each of the "neurons" takes part in.
        """
        from graphkit.query.match.calls import called

        form = called(
            _dataset(self),
            pattern,
            returns=returns,
            induced=induced,
            labelled=labelled,
            limit=limit,
            selection=selection,
        )
        return _run(self, form)

    def count_matches(self, pattern: str | Path, **options: Any) -> int:
        """How many matches a pattern has; options are those of ``match``."""
        return int(self.match(pattern, returns="count", **options).scalar())


def _dataset(brain: Questions) -> Dataset:
    return cast("Dataset", brain)  # what it is mixed into


def _run(brain: Questions, form: ir.Form) -> Result:
    from graphkit.errors import QueryError
    from graphkit.query.executor import run

    if form.limit is not None and form.limit < 1:
        raise QueryError(f"The limit must be at least 1, got {form.limit}.")
    return run(form, _dataset(brain))


def _partners(
    brain: Questions, of: NeuronSet, direction: Any, by: Groups, limit: int | None, selection: dict[str, Any]
) -> Result:
    from graphkit.errors import QueryError
    from graphkit.selection import make_selection

    condition = _set(brain, of)
    if condition is None:
        raise QueryError(
            f"`{direction}` needs certain neurons, got {of!r}.", hint="For example: inputs(\"type 'EPG'\")"
        )
    chosen = make_selection(_dataset(brain), **selection)
    return _run(brain, ir.Partners(condition, direction, _groups(by), chosen, limit))


def _set(brain: Questions, given: NeuronSet | None) -> ir.Condition | None:
    from graphkit.selection import make_selection

    if given is None:
        return None
    if isinstance(given, str):
        from graphkit.query.english import parse_set

        return parse_set(_dataset(brain), given)
    return make_selection(_dataset(brain), neurons=given).neurons


def _regions(brain: Questions, given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    names = [given] if isinstance(given, str) else given
    return tuple(dict.fromkeys(_dataset(brain).region_tree.find(name).name for name in names))


def _groups(given: Groups) -> tuple[ir.Group, ...]:
    from graphkit.errors import QueryError

    names = [] if given is None else [given] if isinstance(given, str) else list(given)
    for name in names:
        if name not in ir.GROUPS:
            raise QueryError(f"Cannot group by {name!r}.", hint=f"Group by {', '.join(ir.GROUPS)}.")
    return tuple(dict.fromkeys(names))  # type: ignore[arg-type]
