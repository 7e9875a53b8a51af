"""What a method of a dataset was given, as parts of a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from graphkit.query import ir

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.result import Result

__all__ = [
    "Errors",
    "Groups",
    "Limit",
    "NeuronSet",
    "Sorts",
    "asked",
    "certain_neurons",
    "errors_given",
    "groups_given",
    "hops_given",
    "limit_given",
    "neurons_given",
    "regions_given",
    "selection_given",
    "sides_given",
    "sorts_given",
]

NeuronSet = Any
Groups = str | Iterable[str] | None
Sorts = str | Iterable[str] | None
Errors = Mapping[str, float] | None
Limit = int | Literal["usual"] | None


def asked(brain: object, form: ir.Form) -> Result:
    """The answer to the form.

    Raises:
        QueryError: the limit makes no sense, or the answer has no column to be sorted by.
    """
    from graphkit.errors import QueryError
    from graphkit.query.executor import run

    dataset = cast("Dataset", brain)
    if form.limit is not None and (not ir.is_whole(form.limit) or form.limit < 1):
        raise QueryError(f"The limit must be a whole number of at least 1, got {form.limit!r}.")
    if form.order and not isinstance(form, ir.Match):
        from graphkit.query.ordering import checked_order

        form = checked_order(form, dataset)
    return run(form, dataset)


def selection_given(brain: object, selection: dict[str, Any]) -> ir.Selection:
    """The selection that keyword arguments (see ``Dataset.graph``) mean.

    Raises:
        QueryError: there is no such argument; a name is not in the dataset.
    """
    import inspect

    from graphkit.errors import QueryError, did_you_mean
    from graphkit.selection import make_selection

    known = [name for name in inspect.signature(make_selection).parameters if name != "dataset"]
    if unknown := [name for name in selection if name not in known]:
        hint = did_you_mean(unknown[0], known) or f"There are {', '.join(known)}."
        raise QueryError(f"{unknown[0]!r} chooses no synapses.", hint=hint)
    return make_selection(cast("Dataset", brain), **selection)


def hops_given(hops: int) -> int:
    """``hops``, if they can be asked.

    Raises:
        QueryError: they cannot.
    """
    from graphkit.errors import QueryError

    if not ir.is_whole(hops) or not 1 <= hops <= ir.MOST_HOPS:
        raise QueryError(f"hops must be a whole number from 1 to {ir.MOST_HOPS}, got {hops!r}.")
    return hops


def sides_given(brain: object, first: str, second: str) -> tuple[str, str]:
    """Two sides, as the dataset spells them.

    Raises:
        QueryError: they are one, or no neuron has such a side.
    """
    from graphkit.errors import QueryError

    vocabulary = cast("Dataset", brain).vocabulary
    sides = vocabulary.spelled("side", first), vocabulary.spelled("side", second)
    if sides[0] == sides[1]:
        raise QueryError(f"Both sides are {first!r}.", hint="For example: 'left', 'right'.")
    return sides


def neurons_given(brain: object, given: NeuronSet | None) -> ir.Condition | None:
    """The condition that words or ids mean; None for any neuron."""
    from graphkit.selection import make_selection

    if given is None:
        return None
    dataset = cast("Dataset", brain)
    if isinstance(given, str):
        from graphkit.query.english import parse_set

        return parse_set(dataset, given)
    return make_selection(dataset, neurons=given).neurons


def certain_neurons(brain: object, given: NeuronSet, what: str) -> ir.Condition:
    """The same, where any neuron will not do.

    Raises:
        QueryError: it means any neuron.
    """
    from graphkit.errors import QueryError

    condition = neurons_given(brain, given)
    if condition is None:
        raise QueryError(f"`{what}` needs certain neurons, got {given!r}.", hint="For example: \"type 'EPG'\"")
    return condition


def regions_given(brain: object, given: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Names of regions as the dataset spells them."""
    if given is None:
        return None
    names = [given] if isinstance(given, str) else given
    tree = cast("Dataset", brain).region_tree
    return tuple(dict.fromkeys(tree.find(name).name for name in names))


def groups_given(brain: object, given: Groups, *, but: tuple[str, ...] = ()) -> tuple[ir.Group, ...]:
    """What the answer is grouped by, columns of the neurons or "region"; ``but`` what it cannot be grouped by.

    Raises:
        QueryError: something else.
    """
    from graphkit.errors import QueryError

    names = (
        []
        if given is None
        else [given]
        if isinstance(given, str)
        else list(given)
        if isinstance(given, Iterable)
        else [given]
    )
    possible = [g for g in ir.GROUPS if g not in but]
    found: list[str] = []
    for name in names:
        if not isinstance(name, str) or name in but:
            raise QueryError(f"Cannot group by {name!r}.", hint=f"Group by {', '.join(possible)}.")
        found.append(name if name in possible else cast("Dataset", brain).vocabulary.group(name))
    return tuple(dict.fromkeys(found))


def errors_given(given: Errors, samples: int, seed: int, against: str | None = None) -> ir.ReconstructionErrors | None:
    """The error model of rates such as ``{"missed": 0.1, "merged": 0.01}``, of the names in ``ir.ERROR_KINDS``.

    Raises:
        QueryError: there is no such error, its rate makes no sense, or a null model is asked for too.
    """
    from graphkit.errors import QueryError, did_you_mean

    if given is None:
        return None
    if against is not None:
        raise QueryError("An error model and a null model are two questions.", hint="Ask one after the other.")
    for name, rate in given.items():
        if name not in ir.ERROR_KINDS:
            hint = did_you_mean(str(name), ir.ERROR_KINDS) or f"There are {', '.join(ir.ERROR_KINDS)}."
            raise QueryError(f"An error model has no errors {name!r}.", hint=hint)
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise QueryError(f"{name} is {rate!r}; expected a share, such as 0.1.")
    return ir.ReconstructionErrors(**{k: float(r) for k, r in given.items()}, samples=samples, seed=seed)


def limit_given(given: Limit, of: NeuronSet | None, shown: int) -> int | None:
    """How many rows of a ranking there are: if not given, ``shown``, or all of the neurons ``of`` that are asked about."""
    if given == "usual":
        return shown if of is None else None
    return given


def sorts_given(given: Sorts) -> tuple[ir.Sort, ...]:
    """Columns, each perhaps followed by "descending" or "ascending".

    >>> sorts_given("synapses descending")
    (Sort(column='synapses', descending=True),)
    """
    words = [] if given is None else [given] if isinstance(given, str) else list(given)
    sorts = []
    for text in words:
        column, _, way = text.rpartition(" ")
        if way.lower() in ("asc", "ascending", "desc", "descending") and column:
            sorts.append(ir.Sort(column.strip(), way.lower().startswith("desc")))
        else:
            sorts.append(ir.Sort(text))
    return tuple(sorts)
