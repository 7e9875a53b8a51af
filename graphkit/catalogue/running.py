"""Runs a question of the catalogue over a dataset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphkit.catalogue.header import named_in
from graphkit.catalogue.values import Bound, bind, shell_quoted
from graphkit.errors import CatalogueError, NotAnswerableError, QuerySyntaxError, SqlError, did_you_mean
from graphkit.query.vocabulary import quoted_name
from graphkit.stopping import current

if TYPE_CHECKING:
    from graphkit.catalogue.question import Question
    from graphkit.dataset import Dataset
    from graphkit.query.result import Result

__all__ = ["run_question"]


def run_question(question: Question, dataset: Dataset, given: Mapping[str, Any], *, limit: int | None = None) -> Result:
    """The answer. A parameter that is not given, or is "any", has its default.

    Raises:
        CatalogueError: a parameter is missing, unknown or does not fit.
        NotAnswerableError: the dataset does not hold what the question needs.
        UnknownNameError, AmbiguousNameError: a name is not in the dataset, or could be several.
    """
    bound = _bound(question, dataset, given)
    lines = question.text.splitlines()
    kept = "\n".join(line if all(bound[n] is not None for n in named_in(line)) else "" for line in lines)
    try:
        run = _sql if question.language == "SQL" else _form
        result = run(question, kept, dataset, bound, limit)
    except SqlError as error:
        if missing := re.match(r"There is no view ('\w+') in this dataset", error.message):
            hint = f"Build the graph first: graphkit build {dataset.url}" if not dataset.has("connections") else None
            raise NotAnswerableError(
                f"{question.name} needs the table {missing[1]}, which this dataset does not have.", hint=hint
            ) from error
        raise CatalogueError(
            f"{question.path} cannot be run: {_in_file(question, error.message)}", hint=error.hint
        ) from error
    said = (f"{p.name}={shell_quoted(b.said)}" for p in question.parameters if (b := bound[p.name]) is not None)
    declared = [c.name for c in question.columns]
    notes = result.notes
    if result.columns != declared:
        notes += (f"The file says that the columns are {', '.join(declared)}; mend its header: {question.path}",)
    return replace(
        result,
        question=" ".join(["catalogue", question.name, *said]),
        notes=notes,
        meanings={c.name: f"{c.meaning} ({c.unit})" if c.unit else c.meaning for c in question.columns},
    )


def _bound(question: Question, dataset: Dataset, given: Mapping[str, Any]) -> dict[str, Bound | None]:
    known = {p.name: p for p in question.parameters}
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or f"It has {', '.join(known) or 'none'}."
            raise CatalogueError(f"{question.name} has no parameter {name!r}.", hint=hint)
    bound: dict[str, Bound | None] = {}
    for name, parameter in known.items():
        value = given.get(name)
        if value is None or value == "" or (value == "any" and not parameter.required):
            if parameter.required:
                example = (
                    f"For example: graphkit catalogue {question.name} {question.examples[0]}"
                    if question.examples
                    else None
                )
                raise CatalogueError(f"{question.name} needs {name}: {parameter.meaning}.", hint=example)
            value = None if value == "any" else parameter.default or None
        bound[name] = None if value is None else bind(parameter, value, dataset)
    return bound


def _sql(
    question: Question, text: str, dataset: Dataset, bound: Mapping[str, Bound | None], limit: int | None
) -> Result:
    from graphkit.query.sql import run_sql

    notes = _requirements(text, dataset, bound, question)
    values = {name: b.value for name in named_in(text) if (b := bound[name]) is not None}
    result = run_sql(dataset, text, limit=limit, parameters=values, keep=True)
    lacking = () if len(result) else _lacking(text, dataset, question)
    return replace(result, notes=(*notes, *result.notes, *lacking))


def _lacking(text: str, dataset: Dataset, question: Question) -> tuple[str, ...]:
    """What the dataset has nothing of, where there are no rows: connections, gap junctions, or the columns that were asked."""
    from graphkit.query import ir
    from graphkit.query.empty import no_connections

    words = set(re.findall(r"\w+", text))
    found: list[str] = []
    if words & {"connections", "connections_by_post", "synapses"}:
        found += no_connections(
            ir.Motifs(ir.Selection(kind="electrical" if "electrical" in words else "chemical")), dataset
        )
    by_type = any(c.name.endswith("type") for c in question.columns[:1])
    asked = [c for c in _SAID if c in words and (c != "type" or by_type) and c in dataset.vocabulary.columns]
    if asked:
        sql = f"SELECT {', '.join(f'count({quoted_name(c)})' for c in asked)} FROM neurons"
        (counts,) = dataset.cursor(sql).execute(sql).fetchall()
        found += [f"No neuron of this dataset has {_SAID[c]}." for c, n in zip(asked, counts, strict=True) if not n]
    return tuple(found)


_SAID = {"type": "a type", "class": "a class", "side": "a side", "soma_x_nm": "a position of its soma"}


def _requirements(
    text: str, dataset: Dataset, bound: Mapping[str, Bound | None], question: Question
) -> tuple[str, ...]:
    """Raises where regions are asked of a dataset that does not know them; a note where it knows some."""
    from graphkit.query import ir
    from graphkit.query.conditions import require_neuron_regions
    from graphkit.query.plans.selected import require_connections

    words = set(re.findall(r"\w+", text))
    regions = tuple(b.said for p in question.parameters if p.kind == "region" and (b := bound[p.name]) is not None)
    if "neuron_regions" in words:
        require_neuron_regions(dataset, regions or ("regions",))
    if words & {"connections", "connections_by_post", "synapses"}:
        return require_connections(ir.Selection(), dataset, by=("region",) if "region_id" in words else ())
    return ()


def _form(
    question: Question, text: str, dataset: Dataset, bound: Mapping[str, Bound | None], limit: int | None
) -> Result:
    """English and MATCH: the literals are put in, the form that comes of it is run."""

    def literal(found: re.Match[str]) -> str:
        value = bound[found[1]]
        assert value is not None, "lines without a value were left out"
        return value.literal

    asked = re.sub(r"\$([A-Za-z_]\w*)", literal, text)
    asked = " ".join(asked.split()) if question.language == "English" else asked
    try:
        result = dataset.query(asked, limit=limit, timeout=current().seconds)
    except QuerySyntaxError as error:  # the file's fault, not that of whoever runs it
        raise CatalogueError(f"{question.path} cannot be run: {error.message}", hint=error.hint) from error
    return replace(result, notes=(f"It asks: {result.question}", *result.notes))


def _in_file(question: Question, message: str) -> str:
    """DuckDB counts lines from the top of the statement."""
    return re.sub(r"LINE (\d+):", lambda m: f"LINE {int(m[1]) + question.first_line - 1}:", message)
