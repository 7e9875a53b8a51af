"""What a parameter is given, checked against its kind and resolved against the dataset.

    kind                    in SQL ($name is a prepared parameter)      in English and MATCH (a literal of the language)
    int, float, text        the value                                   5, 0.5, 'text'; one of the file's choices as it stands
    type, transmitter       list of the names as the dataset has them   'EPG' or 'ER4d', 'ER4m'
    region                  list of ids, what lies below included       'EB' or 'EB', 'FB'
    neuron                  its id                                      100019
    neurons                 list of ids                                 type 'ER*', type 'EPG'

Nothing that a user wrote becomes a part of a statement: SQL gets values apart from its text, and the literals are written anew
from what was understood.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphkit.errors import AmbiguousNameError, CatalogueError, UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from graphkit.catalogue.question import Parameter
    from graphkit.dataset import Dataset

__all__ = ["Bound", "bind", "plain_value", "shell_quoted", "split_example", "split_words"]


@dataclass(frozen=True, slots=True)
class Bound:
    """``value`` for SQL, ``literal`` for English and MATCH, ``said`` for the person who reads the answer."""

    value: Any
    literal: str
    said: str


def split_example(text: str) -> dict[str, str]:
    """Values by name from "neurons='type EPG' min_synapses=5", as a shell reads it.

    Raises:
        CatalogueError: a word is not NAME=VALUE, or a quotation mark is not closed.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise CatalogueError(f"{text!r} cannot be read: {error}.", hint="Close every quotation mark.") from None
    return split_words(words)


def split_words(words: Iterable[str]) -> dict[str, str]:
    """Values by name from words NAME=VALUE.

    Raises:
        CatalogueError: a word is something else, or a name is given twice.
    """
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not re.fullmatch(r"\w+", name):
            raise CatalogueError(f"{word!r} is not NAME=VALUE.", hint="For example: neurons=EPG min_synapses=5")
        if name in given:
            raise CatalogueError(f"{name} is given twice.", hint="Several names go into one value: region=EB,FB")
        given[name] = value
    return given


def shell_quoted(text: str) -> str:
    """``text`` as one word of a shell; names with an apostrophe in double quotes, which are easier to read.

    >>> print(shell_quoted("type 'EPG'"), shell_quoted("EB"))
    "type 'EPG'" EB
    """
    return f'"{text}"' if "'" in text and not set(text) & set('"$`\\!') else shlex.quote(text)


def plain_value(parameter: Parameter, given: Any) -> Any:
    """An int, float or text that fits the parameter; other kinds need the dataset and are given back as they are.

    Raises:
        CatalogueError: it does not fit.
    """
    match parameter.kind:
        case "int":
            text = str(given).strip()
            if isinstance(given, bool | float) or not re.fullmatch(r"[-+]?\d{1,18}", text):
                raise _unfit(parameter, given, "a whole number")
            return _at_least(parameter, int(text))
        case "float":
            try:
                value = float(given)
            except (TypeError, ValueError):
                raise _unfit(parameter, given, "a number") from None
            if isinstance(given, bool) or not math.isfinite(value):
                raise _unfit(parameter, given, "a number")
            return _at_least(parameter, value)
        case "text":
            if not isinstance(given, str):
                raise _unfit(parameter, given, "a text")
            if parameter.choices and given not in parameter.choices:
                hint = did_you_mean(given, parameter.choices)
                raise _unfit(parameter, given, f"one of {', '.join(parameter.choices)}", hint)
    return given


def _at_least(parameter: Parameter, value: float) -> float:
    if parameter.least is not None and value < parameter.least:
        raise _unfit(parameter, value, f"at least {parameter.least:g}")
    return value


def _unfit(parameter: Parameter, given: Any, expected: str, hint: str | None = None) -> CatalogueError:
    return CatalogueError(
        f"{parameter.name} must be {expected}, got {given!r}.", hint=hint or f"It is: {parameter.meaning}."
    )


def bind(parameter: Parameter, given: Any, dataset: Dataset) -> Bound:
    """What the parameter stands for in this dataset.

    Raises:
        CatalogueError: the value does not fit the parameter's kind.
        UnknownNameError, AmbiguousNameError: a name is not in the dataset, or could be several.
    """
    match parameter.kind:
        case "int" | "float":
            number = plain_value(parameter, given)
            return Bound(number, repr(number), f"{number:g}" if float(f"{number:g}") == number else repr(number))
        case "text":
            text = plain_value(parameter, given)
            plain = text in parameter.choices and re.fullmatch(r"[A-Za-z][\w-]*", text)  # the file's own word
            return Bound(text, text if plain else _quoted(text), text)
        case "type":
            return _listed([v for t in _texts(parameter, given, dataset) for v in _types(dataset, t)], given)
        case "transmitter":
            names = _texts(parameter, given, dataset)
            return _listed([v for t in names for v in dataset.vocabulary.transmitter(t)], given)
        case "region":
            return _regions(_texts(parameter, given, dataset), dataset)
        case "neuron":
            found = _neuron(parameter, given, dataset)
            return Bound(found, str(found), str(found))
    return _neurons(parameter, given, dataset)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _texts(parameter: Parameter, given: Any, dataset: Dataset) -> list[str]:
    """The names given: a text whole where it is a name, else what its commas part."""
    if isinstance(given, str):
        if "," not in given or _is_name(parameter, given, dataset):
            return [given.strip()]
        return [part.strip() for part in given.split(",") if part.strip()]
    if isinstance(given, Iterable):
        names = list(given)
        if names and all(isinstance(n, str) for n in names):
            return names
    raise _unfit(parameter, given, f"the name of a {parameter.kind}, or several")


def _is_name(parameter: Parameter, text: str, dataset: Dataset) -> bool:
    match parameter.kind:
        case "region":
            return dataset.region_tree.has(text)
        case "type":
            return bool(dataset.vocabulary.spellings("type", text))
    return False


def _types(dataset: Dataset, text: str) -> list[str]:
    comparison = dataset.vocabulary.equals("type", text)
    if comparison.op == "=":
        return [str(comparison.value)]
    from graphkit.query.conditions import condition_sql

    sql = f"SELECT DISTINCT type FROM neurons WHERE {condition_sql(comparison, dataset)} ORDER BY type"
    return [value for (value,) in dataset.cursor(sql).execute(sql).fetchall()]


def _listed(names: list[str], given: Any) -> Bound:
    different = list(dict.fromkeys(names))
    quoted = ", ".join(map(_quoted, different))
    said = given if isinstance(given, str) else ",".join(map(str, given))
    return Bound(different, quoted, said)


def _regions(names: list[str], dataset: Dataset) -> Bound:
    from graphkit.query.conditions import region_ids

    found = list(dict.fromkeys(dataset.region_tree.find(n).name for n in names))
    return Bound(region_ids(dataset, found), ", ".join(map(_quoted, found)), ",".join(found))


def _neuron(parameter: Parameter, given: Any, dataset: Dataset) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        return dataset.vocabulary.neuron_id(given)
    if not isinstance(given, str):
        raise _unfit(parameter, given, "the id or the name of a neuron")
    if re.fullmatch(r"-?\d+", given.strip()):
        return dataset.vocabulary.neuron_id(int(given))
    spelled = dataset.vocabulary.spellings("name", given)
    if not spelled:
        hint = did_you_mean(given, dataset.vocabulary.values("name"))
        raise UnknownNameError(f"There is no neuron named {given!r} in this dataset.", hint=hint or "Give its id.")
    sql = "SELECT neuron_id FROM neurons WHERE name IN (SELECT unnest($names)) ORDER BY neuron_id LIMIT 4"
    ids = [i for (i,) in dataset.cursor(sql).execute(sql, {"names": spelled}).fetchall()]
    if len(ids) > 1:
        shown = ", ".join(map(str, ids[:3])) + (", ..." if len(ids) > 3 else "")
        raise AmbiguousNameError(f"Several neurons are named {given!r}: {shown}.", hint="Give the id of one.")
    return int(ids[0])


def _neurons(parameter: Parameter, given: Any, dataset: Dataset) -> Bound:
    from graphkit.query.conditions import condition_sql
    from graphkit.query.echo.words import set_text
    from graphkit.query.english import parse_set
    from graphkit.selection import make_selection

    if isinstance(given, str):
        condition = parse_set(dataset, given)
    elif isinstance(given, Iterable) or (isinstance(given, int) and not isinstance(given, bool)):
        ids = list(given) if isinstance(given, Iterable) else [given]
        condition = make_selection(dataset, neurons=ids).neurons
    else:
        raise _unfit(parameter, given, "neurons: a type, class, name, id, or what a question takes")
    where = "true" if condition is None else condition_sql(condition, dataset)
    sql = f"SELECT neuron_id FROM neurons WHERE {where} ORDER BY neuron_id"
    found = [i for (i,) in dataset.cursor(sql).execute(sql).fetchall()]
    said = set_text(condition)
    literal = said if "..." not in said else f"neurons ({', '.join(map(str, found))})"
    return Bound(found, literal, said)
