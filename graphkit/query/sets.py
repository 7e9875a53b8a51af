"""Sets of neurons that a question calls by a name: ``inputs of @mine``.

A set comes from a file (one id a line; or a table with a column of ids), from Python (ids, an array, a Series, a DataFrame, an
Arrow table, an answer), or from those that were saved for the dataset (``graphkit.query.saved_sets``). Its ids are looked at
when a question names it: each has to be a neuron of the dataset. Ids never pass through a float.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphError, QueryError, UnknownNameError, did_you_mean
from graphkit.query import ir
from graphkit.query.user_table import id_column, local_copy, table_ids

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["NeuronSource", "checked_names", "ids_of", "named_set", "neurons_of"]

NeuronSource = Any
"""A file's path, ids (a list, an array, a Series), a table with a column of ids, or an answer."""

_NAME = r"[^\W\d]\w*"


def checked_names(sets: Mapping[str, NeuronSource]) -> dict[str, NeuronSource]:
    """``sets`` by names that can stand in a question; capital letters do not tell two apart.

    Raises:
        QueryError: a name is not a word, or two differ by case alone.
    """
    found: dict[str, NeuronSource] = {}
    for name, source in sets.items():
        plain = name.removeprefix("@")
        if not re.fullmatch(_NAME, plain):
            raise QueryError(
                f"{name!r} cannot be the name of a set.",
                hint="A name is letters, digits and underscores, and does not begin with a digit: my_neurons.",
            )
        if plain.casefold() in (n.casefold() for n in found):
            raise QueryError(f"There are two sets @{plain}: capital letters do not tell names apart.")
        found[plain] = source
    return found


def named_set(dataset: Dataset, name: str) -> ir.NamedSet:
    """The neurons of the set ``@name``: one given with the question, else one saved for the dataset.

    Raises:
        UnknownNameError: there is no such set, it is empty, or it holds ids that the dataset does not have.
    """
    from graphkit.query.saved_sets import saved_ids, saved_names

    for known, source in dataset.sets.items():
        if known.casefold() == name.casefold():
            return ir.NamedSet(known, neurons_of(dataset, ids_of(source, f"@{known}"), f"@{known}"))
    saved = saved_names(dataset)
    for known in saved:
        if known.casefold() == name.casefold():
            return ir.NamedSet(known, neurons_of(dataset, saved_ids(dataset, known), f"@{known}"))
    hint = did_you_mean(name, [*dataset.sets, *saved]) or (
        f"Give its neurons with --set {name}=FILE (in Python: sets={{'{name}': ids}}), "
        f"or save them: graphkit sets add {name} FILE"
    )
    raise UnknownNameError(f"There is no set @{name}.", hint=hint)


def neurons_of(dataset: Dataset, ids: Sequence[int], what: str) -> tuple[int, ...]:
    """``ids`` ascending, each once; those that are no neurons are refused, or left out where the dataset says so.

    Raises:
        UnknownNameError: nothing is left, or ids are unknown and not to be skipped.
    """
    if not len(ids):
        raise UnknownNameError(f"The set {what} is empty.", hint="Give at least one neuron's id.")
    distinct = set(ids)
    known = dataset.vocabulary.known_ids(distinct)
    unknown = sorted(distinct - known)
    notes = []
    if unknown:
        examples = ", ".join(map(str, unknown[:3])) + (", ..." if len(unknown) > 3 else "")
        of = f"of the {len(distinct):,} ids of {what}" if len(distinct) > 1 else f"The id of {what}"
        said = f"{len(unknown):,} {of} are" if len(distinct) > 1 else f"{of} is"
        if not dataset.skip_unknown or not known:
            raise UnknownNameError(
                f"{said} not in this dataset: {examples}.",
                hint="`neurons limit 5` shows what ids look like here."
                if not known
                else "--skip-unknown (in Python: skip_unknown=True) goes on with the others.",
            )
        notes.append(f"{said} not in this dataset and {'were' if len(unknown) > 1 else 'was'} left out: {examples}.")
    if len(ids) > len(distinct):
        notes.append(
            f"{what} was given {len(ids):,} ids, {len(distinct):,} of them different; each neuron counts once."
        )
    dataset.notes += [n for n in notes if n not in dataset.notes]
    return tuple(sorted(known))


def ids_of(source: NeuronSource, what: str) -> list[int]:
    """The ids that ``source`` holds, in its order, repeated ones too.

    Raises:
        QueryError: they are no ids, or have been through a float.
    """
    if isinstance(source, str | os.PathLike):
        return _from_file(source, what)
    if isinstance(source, int) and not isinstance(source, bool):
        return _checked([source], what)
    table = source.arrow() if hasattr(source, "arrow") and hasattr(source, "question") else source  # a Result
    names = getattr(table, "column_names", None)  # Arrow
    if names is None and hasattr(table, "columns") and hasattr(table, "dtypes"):
        names = list(table.columns)  # a DataFrame, also of Polars
    if names is not None:
        table = table[_id_column([str(n) for n in names], what)]
    elif not isinstance(table, Iterable):
        raise QueryError(
            f"{what} takes ids, a table with a column of ids or an answer, got {type(source).__name__} {source!r}."
        )
    return _checked(table, what)


def _id_column(names: Sequence[str], what: str) -> str:
    return names[0] if len(names) == 1 else id_column(names, what, "Call it neuron_id, or give that column alone.")


def _checked(values: Any, what: str) -> list[int]:
    from graphkit.columns import int64_column

    if not hasattr(values, "dtype") and not hasattr(values, "type"):
        values = list(values)
    elif str(getattr(values, "dtype", getattr(values, "type", ""))) in ("object", "str", "string", "large_string"):
        values = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    if isinstance(values, list) and values and all(isinstance(v, str) for v in values):
        return [_id_in_text(v, what) for v in values]
    try:
        found: list[int] = int64_column(values, what).tolist()
    except GraphError as error:
        raise QueryError(error.message, hint=error.hint) from None
    return found


def _id_in_text(text: str, where: str) -> int:
    digits = text.strip()
    if not re.fullmatch(r"[0-9]{1,19}", digits, re.ASCII) or int(digits) >= 2**63:
        reason, hint = "is not an id: ids are whole numbers from 0 to 2^63 - 1", "One id a line; `#` begins a comment."
        if re.fullmatch(r"[0-9.]+([eE][+-]?[0-9]+)?", digits) and not digits.isdigit():
            reason = "is a floating-point number; an id that has been through a float may have lost its last digits"
            hint = "Write the ids as integers or as text where they come from."
        raise QueryError(f"{where}: {digits[:80]!r} {reason}.", hint=hint)
    return int(digits)


# -- files ------------------------------------------------------------------------------------------------------


def _from_file(source: str | os.PathLike[str], what: str) -> list[int]:
    with local_copy(source) as path:
        listed = _lines(path)
        if listed is not None:
            shown = path.name if os.fspath(source) != "-" else "standard input"
            return [_id_in_text(text, f"{shown}, line {number:,}") for number, text in listed]
        return table_ids(path, what)


def _lines(path: Path) -> list[tuple[int, str]] | None:
    """(line, id) of a plain list of ids: `#` begins a comment, blank lines say nothing. None: it is a table."""
    with path.open("rb") as file:
        if b"\x00" in file.read(4096) or path.suffix.lower() in (".gz", ".parquet", ".feather", ".xls", ".xlsx"):
            return None
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None  # the reader of tables says what is wrong
    cut = ((i, line.partition("#")[0].strip()) for i, line in enumerate(text.splitlines(), start=1))
    listed = [(i, line) for i, line in cut if line]
    if listed and not re.fullmatch(r"[0-9.eE+-]+", listed[0][1]):
        return None  # the names of columns
    return listed
