"""The order of an answer's rows by its columns, where the question says one."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

from graphkit.errors import UnknownNameError, did_you_mean
from graphkit.query import ir
from graphkit.query.answers import COMPUTED
from graphkit.query.vocabulary import quoted_name

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.dataset import Dataset

__all__ = ["checked_order", "ordered_sql", "ordered_table"]


def checked_order(form: ir.Form, dataset: Dataset) -> ir.Form:
    """The form with the columns of its order as the answer spells them.

    Raises:
        UnknownNameError: the answer has no such column.
    """
    columns = _columns(form, dataset)
    if not form.order or columns is None or isinstance(form, ir.Match):
        return form
    if isinstance(form, ir.Neurons) and not form.by:  # what they are ordered by is shown, too
        columns += [c for c, kind in dataset.vocabulary.columns.items() if c not in columns and not kind.endswith("]")]
    return replace(form, order=tuple(replace(o, column=_spelled(o.column, columns)) for o in form.order))


def _spelled(name: str, columns: list[str]) -> str:
    if name in columns:
        return name
    folded = [c for c in columns if c.casefold() == name.casefold()]
    if folded:
        return folded[0]
    hint = did_you_mean(name, columns) or f"Its columns are {', '.join(columns)}."
    raise UnknownNameError(f"The answer has no column {name!r}.", hint=hint)


def _columns(form: ir.Form, dataset: Dataset) -> list[str] | None:
    """The columns of the answer; None where only the answer itself knows."""
    if (module := COMPUTED.get(form.name)) is not None:
        known = getattr(importlib.import_module(module), "columns", None)
        return None if known is None else known(form)
    if isinstance(form, ir.Match):
        return None
    from graphkit.query.planner import plan

    found = _described(plan(replace(form, order=()), dataset).sql, dataset)
    if getattr(form, "errors", None) is None:
        return found
    if isinstance(form, ir.Projectome | ir.Regions | ir.Projections):
        from graphkit.query.answers import perturbed_regions

        return [*found, *perturbed_regions.columns(form)]
    from graphkit.query.answers.perturbed import INTERVAL, SHARE

    return [*found, *INTERVAL, SHARE]


def _described(sql: str, dataset: Dataset) -> list[str]:
    return [row[0] for row in dataset.cursor(sql).execute(f"DESCRIBE {sql}").fetchall()]


def ordered_sql(sql: str, order: tuple[ir.Sort, ...], dataset: Dataset) -> str:
    """The rows of ``sql`` by these columns; of equal ones by all its columns from the first on, so that nothing is left open."""
    named = {o.column for o in order}
    terms = [f"{quoted_name(o.column)} {'DESC' if o.descending else 'ASC'} NULLS LAST" for o in order]
    terms += [f"{quoted_name(c)} NULLS LAST" for c in _described(sql, dataset) if c not in named]
    return f"SELECT * FROM ({sql}) ORDER BY {', '.join(terms)}"


def ordered_table(table: pa.Table, order: tuple[ir.Sort, ...]) -> pa.Table:
    """The rows of a table by these columns, nulls last; equal ones stay in the order they are in."""
    if not order:
        return table
    import pyarrow.compute as pc

    keys = [(o.column, "descending" if o.descending else "ascending", "at_end") for o in order]
    return table.take(pc.sort_indices(table, sort_keys=keys))
