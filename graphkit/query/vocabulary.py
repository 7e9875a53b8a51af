"""The names that questions about a dataset can use, and how they are found: regardless of case, with suggestions.

A name in a question is resolved to the dataset's own spelling before it enters the typed form, so that a form says
exactly what it asks.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from graphkit.errors import AmbiguousNameError, NotAnswerableError, UnknownNameError, did_you_mean, wildcard_meant
from graphkit.query.compartment_words import compartment_of, compartments_meant
from graphkit.query.ir import Comparison, Condition, Or, Signs
from graphkit.tables import quoted

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["BARE_COLUMNS", "Vocabulary", "glob_to_like", "has_wildcard", "one_of", "quoted_name"]

BARE_COLUMNS = ("type", "class", "name")
"""What a name without a column can be, in the order in which readings are listed."""

_EXCITES = ("acetylcholine", "ach")
_INHIBITS = ("gaba", "glutamate", "glut")
"""As in insects: graphkit.algorithms.group_matrix says why."""

_COUNTED = ("inputs", "outputs", "partners", "neurons", "synapses", "connections", "share", "hops")
"""Columns of answers that count something; an answer has no column twice."""

_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_ORDERED = ("DATE", "TIME", "TIMESTAMP")


def quoted_name(column: str) -> str:
    """``column`` as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def has_wildcard(text: str) -> bool:
    """Whether ``text`` holds * or ?."""
    return "*" in text or "?" in text


def glob_to_like(pattern: str) -> str:
    """A pattern with * and ? as one for SQL's LIKE with the escape character backslash.

    >>> glob_to_like("ER4*_L")
    'ER4%\\\\_L'
    """
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")


def _said(column: str) -> str:
    return "transmitter" if column == "nt" else column


def one_of(terms: Sequence[Condition]) -> Condition:
    """Any of the terms; plain values of one column as one list."""
    values: dict[Any, None] = {}
    others: dict[Condition, None] = {}
    column = next((t.column for t in terms if isinstance(t, Comparison)), "")
    for term in terms:
        match term:
            case Comparison(c, "=", bool()):
                others[term] = None
            case Comparison(c, "=", value) if c == column:
                values[value] = None
            case Comparison(c, "in", tuple(several)) if c == column:
                values.update(dict.fromkeys(several))
            case _:
                others[term] = None
    listed: list[Condition] = []
    if values:
        listed.append(
            Comparison(column, "=", next(iter(values))) if len(values) == 1 else Comparison(column, "in", tuple(values))
        )
    listed += others
    return listed[0] if len(listed) == 1 else Or(tuple(listed))


class Vocabulary:
    """Columns and values of a dataset's neurons, looked up as they are needed."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._values: dict[str, list[str]] = {}
        self._found: dict[tuple[str, str], list[str]] = {}

    @classmethod
    def of(cls, dataset: Dataset) -> Vocabulary:
        """The vocabulary of a dataset.

        Raises:
            NotAnswerableError: it has no table of neurons (not built yet).
        """
        if not dataset.has("neurons"):
            raise NotAnswerableError(
                f"{dataset.url!r} has no neurons to ask about yet.",
                hint=f"Build it first: graphkit build {dataset.url}",
            )
        return cls(dataset)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._dataset.cursor(sql).execute(sql).fetchall()
        return rows

    # -- columns ------------------------------------------------------------------------------------------------

    @functools.cached_property
    def columns(self) -> dict[str, str]:
        """DuckDB type of each column of the neurons, by name."""
        return {row[0]: row[1] for row in self._rows("DESCRIBE neurons")}

    def column(self, name: str) -> str:
        """The column's own spelling.

        Raises:
            UnknownNameError: no such column.
        """
        folded = {"transmitter": "nt", "id": "neuron_id"}.get(name.casefold(), name.casefold())
        for column in self.columns:
            if column.casefold() == folded:
                return column
        hint = compartments_meant(name) or did_you_mean(name, self.columns)
        hint = hint or f"The columns are {', '.join(self.columns)}."
        if folded == "region":
            hint = "Ask for `neurons in REGION` (with synapses there) or `neurons of REGION` (that belong to it)."
        raise UnknownNameError(f"Neurons have no column {name!r}.", hint=hint)

    def group(self, name: str) -> str:
        """The column that answers are grouped by, in its own spelling.

        Raises:
            UnknownNameError: no such column, or one that counts something.
        """
        folded = name.casefold()
        if folded not in (c.casefold() for c in self.columns):
            known = [c for c in self.columns if c not in _COUNTED and not c.endswith("_nm")]
            region = "Did you mean 'region'?" if folded.removesuffix("s") in ("neuropil", "roi") else None
            hint = compartments_meant(name) or region or did_you_mean(name, [*known, "region", "transmitter"])
            hint = hint or f"Group by region, or by {', '.join(known)}."
            raise UnknownNameError(f"Neurons have no column {name!r} to group by.", hint=hint)
        if folded in _COUNTED:
            raise UnknownNameError(f"{name!r} is a figure, and no group.", hint="Choose by it: `where inputs >= 100`.")
        return self.column(name)

    def holds(self, column: str) -> Literal["text", "numbers", "truth", "other"]:
        """What kind of values the column has; "other" are dates and times.

        Raises:
            NotAnswerableError: lists and the like, for which there are no questions.
        """
        kind = self.columns[column]
        name = kind.removeprefix("U").partition("(")[0].partition(" ")[0]
        if kind == "BOOLEAN":
            return "truth"
        if kind == "VARCHAR":
            return "text"
        if name in _NUMERIC and not kind.endswith("]"):
            return "numbers"
        if name.startswith(_ORDERED) and not kind.endswith("]"):
            return "other"
        raise NotAnswerableError(
            f"{column!r} holds values of the type {kind}, which questions cannot compare.", hint="Ask in SQL instead."
        )

    def check_value(self, column: str, text: str) -> None:
        """Raises UnknownNameError where ``text`` cannot be a value of the column."""
        kind = self.columns[column]
        if self._rows(f"SELECT try_cast({quoted(text)} AS {kind})")[0][0] is None:
            example = str(self._rows(f"SELECT TIMESTAMP '2024-01-31 12:00:00'::{kind}")[0][0])
            raise UnknownNameError(
                f"{column!r} holds values of the type {kind}, and {text!r} is none.",
                hint=f"For example: {column} >= '{example}'",
            )

    # -- values -------------------------------------------------------------------------------------------------

    def values(self, column: str) -> list[str]:
        """The different values of a text column, sorted; nulls aside."""
        if column not in self._values:
            name = quoted_name(column)
            rows = self._rows(f"SELECT DISTINCT {name} FROM neurons WHERE {name} IS NOT NULL ORDER BY 1")
            self._values[column] = [value for (value,) in rows]
        return self._values[column]

    def spellings(self, column: str, text: str) -> list[str]:
        """The values that are ``text`` regardless of case: the exact one alone where there is one."""
        return self._spelled((column,), text)[column]

    def _spelled(self, columns: tuple[str, ...], text: str) -> dict[str, list[str]]:
        """``spellings`` in several columns at once, by column: one pass over the neurons."""
        folded = text.casefold()
        asked = [c for c in columns if (c, folded) not in self._found]
        if asked:
            # DuckDB folds ASCII as Python does; what else there is, longer in bytes than in characters, Python looks at
            parts = [
                f"SELECT DISTINCT {i}, {name} FROM neurons "
                f"WHERE lower({name}) = {quoted(folded)} OR strlen({name}) > length({name})"
                for i, name in enumerate(map(quoted_name, asked))
            ]
            rows = sorted(self._rows(" UNION ALL ".join(parts)))
            for i, column in enumerate(asked):
                self._found[column, folded] = [v for k, v in rows if k == i and v.casefold() == folded]
        found = {c: self._found[c, folded] for c in columns}
        return {c: [text] if text in values else values for c, values in found.items()}

    def equals(self, column: str, text: str) -> Comparison:
        """The comparison that a name (or a pattern) in a text column stands for.

        Raises:
            UnknownNameError: no neuron has such a value.
        """
        if has_wildcard(text):
            if not self._count(column, text):
                raise UnknownNameError(
                    f"No neuron has a {_said(column)} like {text!r}.", hint=self._suggest(column, text)
                )
            return Comparison(column, "like", text)
        found = self.spellings(column, text)
        if not found:
            raise UnknownNameError(f"No neuron has the {_said(column)} {text!r}.", hint=self._suggest(column, text))
        return Comparison(column, "=", found[0]) if len(found) == 1 else Comparison(column, "in", tuple(found))

    def spelled(self, column: str, text: str) -> str:
        """The one value that ``text`` is in a text column, regardless of case.

        Raises:
            UnknownNameError: no neuron has it.
            AmbiguousNameError: several values differ from it by case alone.
        """
        found = self.spellings(column, text)
        if not found:
            raise UnknownNameError(f"No neuron has the {_said(column)} {text!r}.", hint=self._suggest(column, text))
        if len(found) > 1:
            raise AmbiguousNameError(
                f"{text!r} could be {' or '.join(map(repr, found))}.", hint="Write it with the right case."
            )
        return found[0]

    def _suggest(self, column: str, text: str) -> str:
        known = self.values(column)
        if not known:
            return f"No neuron of this dataset has a {_said(column)} at all."
        shown = ", ".join(repr(v) for v in known[:6])
        more = f" and {len(known) - 6:,} more" if len(known) > 6 else ""
        meant = wildcard_meant(text, known) or did_you_mean(text.strip("*?"), known)
        return meant or f"There are {shown}{more}."

    def _count(self, column: str, pattern: str) -> int:
        like = f"{quoted_name(column)} ILIKE {quoted(glob_to_like(pattern))} ESCAPE '\\'"
        return int(self._rows(f"SELECT count(*) FROM neurons WHERE {like}")[0][0])

    # -- names without a column, ids ----------------------------------------------------------------------------

    def bare(self, text: str) -> Condition:
        """The neurons that a name by itself means: a type, a class, or the name of one neuron.

        Raises:
            UnknownNameError: it is none of these; a region is pointed out.
            AmbiguousNameError: it is several of these, and they are different neurons.
        """
        readings: dict[str, Comparison] = {}
        spelled = {} if has_wildcard(text) else self._spelled(tuple(BARE_COLUMNS), text)
        for column in BARE_COLUMNS:
            if self._count(column, text) if has_wildcard(text) else spelled[column]:
                readings[column] = self.equals(column, text)
        if not readings:
            raise self._unknown(text)
        if len(readings) > 1 and not self._same_neurons(readings):
            counts = {column: self._count_where(c) for column, c in readings.items()}
            lines = [f"{c} {text!r} ({n:,} neuron{'' if n == 1 else 's'})" for c, n in counts.items()]
            raise AmbiguousNameError(
                f"{text!r} has several readings: {'; '.join(lines)}.",
                hint=f"Say which: {' or '.join(f'{column} {quoted(text)}' for column in readings)}.",
            )
        return next(iter(readings.values()))

    def _unknown(self, text: str) -> UnknownNameError:
        if self._dataset.region_tree.has(text):
            return UnknownNameError(
                f"{text!r} is a region, and neurons were expected here.",
                hint=f"Write `neurons of {text}` for the neurons that belong to it.",
            )
        known = [v for column in BARE_COLUMNS for v in self.values(column)]
        several = (wildcard_meant(text, self.values(column)) for column in BARE_COLUMNS)
        hint = next(filter(None, several), None) or did_you_mean(text.strip("*?"), known)
        hint = hint or "`types` lists the types that there are."
        return UnknownNameError(f"There is no type, class or neuron {text!r} in this dataset.", hint=hint)

    def _count_where(self, comparison: Comparison) -> int:
        from graphkit.query.conditions import condition_sql

        sql = condition_sql(comparison, self._dataset)
        return int(self._rows(f"SELECT count(*) FROM neurons WHERE {sql}")[0][0])

    def one_neuron(self, condition: Condition | None) -> Comparison:
        """The single neuron that meets a condition, by id.

        Raises:
            UnknownNameError: none does.
            AmbiguousNameError: several do.
        """
        from graphkit.query.conditions import condition_sql

        where = "true" if condition is None else condition_sql(condition, self._dataset)
        rows = self._rows(f"SELECT neuron_id FROM neurons WHERE {where} ORDER BY neuron_id LIMIT 4")
        if not rows:
            raise UnknownNameError("No neuron meets this.", hint="`neurons limit 5` shows some.")
        if len(rows) > 1:
            shown = ", ".join(str(i) for (i,) in rows[:3]) + (" and more" if len(rows) > 3 else "")
            raise AmbiguousNameError(
                f"One neuron is meant here, and this means several: {shown}.", hint="Name one by its id."
            )
        return Comparison("neuron_id", "=", rows[0][0])

    def _same_neurons(self, readings: dict[str, Comparison]) -> bool:
        from graphkit.query.conditions import condition_sql

        parts = [f"({condition_sql(c, self._dataset)}) IS TRUE" for c in readings.values()]
        differ = " OR ".join(f"({parts[0]}) <> ({other})" for other in parts[1:])
        return not self._rows(f"SELECT 1 FROM neurons WHERE {differ} LIMIT 1")

    def transmitter(self, text: str) -> tuple[str, ...]:
        """The spelling (or spellings) of a transmitter that a neuron or a connection has; UnknownNameError where none has it."""
        known = self._transmitters()
        spelled = (text,) if text in known else tuple(v for v in known if v.casefold() == text.casefold())
        if spelled:
            return spelled
        hint = did_you_mean(text, known) or (f"There are {', '.join(map(repr, known))}." if known else None)
        raise UnknownNameError(
            f"No synapse of this dataset has the transmitter {text!r}.",
            hint=hint or "This dataset does not say which transmitters its synapses have.",
        )

    def signs(self, excitatory: tuple[str, ...] | None = None, inhibitory: tuple[str, ...] | None = None) -> Signs:
        """Which transmitters excite and which inhibit; where not said as in insects, but for those that are said otherwise.

        Raises:
            NotAnswerableError: the dataset has no transmitter that excites or inhibits.
        """
        known = self._transmitters()
        sides = []
        for said, other, usual in ((excitatory, inhibitory, _EXCITES), (inhibitory, excitatory, _INHIBITS)):
            sides.append(said or tuple(t for t in known if t.casefold() in usual and t not in (other or ())))
        if not any(sides):
            raise NotAnswerableError(
                "This dataset does not say which transmitters its synapses have, so they have no signs.",
                hint=f"There are {', '.join(map(repr, known))}: say `with excitatory ...`." if known else None,
            )
        return Signs(*sides)

    def compartment(self, text: str) -> tuple[str, ...]:
        """The compartments of synapses that ``text`` names, as the dataset spells them; UnknownNameError where there is none."""
        found = self._rows("SELECT DISTINCT compartment FROM connections") if self._dataset.has("connections") else []
        return compartment_of(text, [v for (v,) in found if v is not None])

    def _transmitters(self) -> list[str]:
        sql = "SELECT nt FROM neurons UNION SELECT nt FROM connections" if self._dataset.has("connections") else ""
        return sorted(v for (v,) in self._rows(sql or "SELECT DISTINCT nt FROM neurons") if v is not None)

    def neuron_id(self, value: int) -> int:
        """``value``, if there is a neuron of that id.

        Raises:
            UnknownNameError: there is none.
        """
        return self.neuron_ids([value])[0]

    def known_ids(self, ids: Iterable[int]) -> set[int]:
        """Those of ``ids`` (int64) that are neurons of the dataset."""
        listed = ",".join(map(str, ids))
        if not listed:
            return set()
        wanted = f"(SELECT unnest(string_split('{listed}', ',')::BIGINT[]))"
        return {row[0] for row in self._rows(f"SELECT neuron_id FROM neurons WHERE neuron_id IN {wanted}")}

    def neuron_ids(self, values: Iterable[int]) -> tuple[int, ...]:
        """``values``, if there is a neuron of each id.

        Raises:
            UnknownNameError: there is none of one of them.
        """
        wanted = tuple(values)
        stored = [v for v in wanted if -(2**63) <= v < 2**63]
        known = self.known_ids(stored)
        unknown = [v for v in wanted if v not in known]
        if unknown:
            count = self._dataset.snapshot.tables["neurons"].rows
            others = f", nor {len(unknown) - 1:,} others that were given" if len(unknown) > 1 else ""
            raise UnknownNameError(
                f"There is no neuron {unknown[0]} in this dataset (it has {count:,}){others}.",
                hint="`neurons limit 5` shows what ids look like here.",
            )
        return wanted
