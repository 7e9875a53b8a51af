"""Two datasets compared by type: which types both have, and whether they connect alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import pyarrow as pa

from graphkit.errors import QueryError
from graphkit.progress import shown
from graphkit.query.answers import cut
from graphkit.query.result import Result, cut_off

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph

__all__ = ["compare_datasets"]

_PERMUTATIONS = 1000
_NAMED = 12
"""Types that one dataset alone has are named up to this number; `what="types"` lists them all."""

_T = TypeVar("_T")


def compare_datasets(
    first: Dataset,
    second: Dataset,
    *,
    by: str = "type",
    what: Literal["connections", "types"] = "connections",
    fractions: bool = False,
    limit: int | None = None,
    seed: int = 0,
    **selection: Any,
) -> Result:
    """Two datasets, matched by the names in a column of their neurons.

    Args:
        by: the column that both have: "type", "class", or one of the user's own.
        what: "connections": a row a pair of types that both have, the mean of synapses onto a neuron of the postsynaptic type in
            each, and a permutation test of neurons, adjusted for all rows (Benjamini & Hochberg 1995); the surest first.
            "types": a row a type of either, with its neurons, inputs and outputs in each; those of one dataset alone first.
        fractions: shares of a neuron's inputs in place of synapses, for datasets of different completeness.
        selection: which connections there are in both, as in ``Dataset.graph``.

    Raises:
        QueryError: a name is not in one of them, which the message says.
    """
    if what not in ("connections", "types"):
        raise QueryError(f"Datasets are not compared by {what!r}.", hint="connections or types")
    if not hasattr(second, "vocabulary"):
        raise QueryError(
            f"What is compared with is an open dataset, got {second!r}.", hint="Open it first: graphkit.open('...')."
        )
    names = _names(first, second)
    column = [_in(d, lambda d=d: d.vocabulary.group(by)) for d in (first, second)]  # type: ignore[misc]
    graphs = [
        _in(d, lambda d=d, c=c: d.graph(**selection, attributes=(c,)))  # type: ignore[misc]
        for d, c in zip((first, second), column, strict=True)
    ]
    types = [list(g.attributes.get(c, [None] * len(g))) for g, c in zip(graphs, column, strict=True)]
    for name, given_types in zip(names, types, strict=True):
        if all(value is None for value in given_types):
            raise QueryError(
                f"No neuron of {name} that is asked about has a {by}, so there is nothing to match by.",
                hint="Compare by another column of both: --by, by=.",
            )
    sizes = "; ".join(f"{n}: {len(g):,} neurons, {g.n_synapses:,} synapses" for n, g in zip(names, graphs, strict=True))
    if what == "types":
        table, notes = _types(graphs, types, names, by)
    else:
        table, notes = _connections(graphs, types, names, by, fractions=fractions, seed=seed)
    given = cut(table, limit, (f"{sizes}.", *notes))
    words = [f"compare {first.name} and {second.name}: {what} by {by}", *(["as input fraction"] if fractions else [])]
    words += [f"{k}={v!r}" for k, v in selection.items() if v is not None]
    return Result(
        table=given.table,
        question=" ".join(words),
        complete=given.complete,
        notes=given.notes if given.complete else (*given.notes, cut_off(limit)),
        dataset_name=f"{first.name}, {second.name}",
        snapshot=first.snapshot.number,
        meanings=_MEANINGS,
        dataset=first,
    )


_MEANINGS = {
    "difference": "of the means, the first less the second",
    "p": "how often neurons of the postsynaptic type, dealt out at random, differ at least as much",
    "p_adjusted": "p after Benjamini and Hochberg, over all rows",
}


def _names(first: Dataset, second: Dataset) -> tuple[str, str]:
    if first.name != second.name:
        return first.name, second.name
    return f"{first.name}_1", f"{second.name}_2"


def _in(dataset: Dataset, ask: Callable[[], _T]) -> _T:
    """What ``ask`` finds; an error in it says of which dataset it is."""
    try:
        return ask()
    except QueryError as error:
        raise type(error)(f"In {dataset.name}: {error.message}", hint=error.hint) from error


def _connections(
    graphs: list[Graph], types: list[list[Any]], names: tuple[str, str], by: str, *, fractions: bool, seed: int
) -> tuple[pa.Table, tuple[str, ...]]:
    from graphkit.algorithms.compare import compare_types
    from graphkit.query.answers.side_connections import too_many

    (one, other), (one_types, other_types) = graphs, types
    found = compare_types(
        one, one_types, other, other_types,
        fractions=fractions, permutations=_PERMUTATIONS, seed=seed, progress=shown(),
    )  # fmt: skip
    order = np.lexsort((found.post_type, found.pre_type, -np.abs(found.first - found.second), found.p))
    figure = "input_fraction" if fractions else "mean"
    columns = {
        f"pre_{by}": pa.array(found.pre_type[order].tolist(), pa.string()),
        f"post_{by}": pa.array(found.post_type[order].tolist(), pa.string()),
        f"neurons_{names[0]}": found.first_neurons[order],
        f"neurons_{names[1]}": found.second_neurons[order],
        f"{figure}_{names[0]}": pa.array(found.first[order], pa.float64()),
        f"{figure}_{names[1]}": pa.array(found.second[order], pa.float64()),
        "difference": pa.array((found.first - found.second)[order], pa.float64()),
        "p": pa.array(found.p[order], pa.float64()),
        "p_adjusted": pa.array(found.p_adjusted[order], pa.float64()),
    }
    surely = int((found.p_adjusted <= 0.05).sum())
    unit = "Shares of a neuron's inputs that come" if fractions else "Synapses"
    notes: tuple[str, ...] = (
        f"{unit} from one {by} onto a neuron of another; neurons_... are those of the postsynaptic {by}.",
        f"{surely:,} of {len(found.p):,} pairs differ at a false discovery rate of 5 % "
        f"({_PERMUTATIONS:,} permutations of neurons, seed {seed}).",
        *too_many(len(found.p), surely),
    )
    for name, only in ((names[0], found.only_first), (names[1], found.only_second)):
        if only:
            more = f" and {len(only) - _NAMED:,} more" if len(only) > _NAMED else ""
            notes += (f"Only in {name}, and left out: {', '.join(only[:_NAMED])}{more}.",)
    return pa.table(columns), notes


def _types(
    graphs: list[Graph], types: list[list[Any]], names: tuple[str, str], by: str
) -> tuple[pa.Table, tuple[str, ...]]:
    figures: dict[str, list[list[int]]] = {}
    for side, (graph, of) in enumerate(zip(graphs, types, strict=True)):
        ins = np.bincount(graph.indices, weights=graph.synapses, minlength=len(graph)).astype(np.int64)
        outs = np.bincount(graph.in_indices, weights=graph.in_synapses, minlength=len(graph)).astype(np.int64)
        for name, i, o in zip(of, ins.tolist(), outs.tolist(), strict=True):
            if name is not None:
                row = figures.setdefault(str(name), [[0, 0, 0], [0, 0, 0]])[side]
                row[:] = [row[0] + 1, row[1] + i, row[2] + o]
    where = {name: _where(sides, names) for name, sides in figures.items()}
    order = sorted(
        figures,
        key=lambda n: (where[n] == "both", -abs(figures[n][0][0] - figures[n][1][0]), n),
    )
    columns: dict[str, Any] = {by: pa.array(order, pa.string()), "in": pa.array([where[n] for n in order], pa.string())}
    for k, figure in enumerate(("neurons", "inputs", "outputs")):
        for side, name in enumerate(names):
            columns[f"{figure}_{name}"] = pa.array([figures[n][side][k] for n in order], pa.int64())
    alone = [sum(w == name for w in where.values()) for name in names]
    notes = (
        f"{len(figures) - sum(alone):,} are in both, {alone[0]:,} only in {names[0]}, {alone[1]:,} only in {names[1]}.",
    )
    return pa.table(columns), notes


def _where(sides: list[list[int]], names: tuple[str, str]) -> str:
    return "both" if sides[0][0] and sides[1][0] else names[0] if sides[0][0] else names[1]
