"""Every format on every kind of question: what is written says what the answer says, ids with all their digits."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.cli.render import FORMATS, write_result
from graphkit.dataset import Dataset
from graphkit.errors import QueryError
from graphkit.query.reading import parse_question
from graphkit.query.result import Result
from tests.query.test_forms import QUESTIONS

_SHAPES = 3  # of each kind of question
MATCHES = ["MATCH (a)->(b)", "MATCH (a)-[e]->(b) RETURN a, b.type, e.synapses", "MATCH (a)->(b) RETURN count"]
NOTHING = "with at least 999999 synapses"
EMPTY = [
    ("inputs of type A", f"inputs of type A {NOTHING}"),
    ("partners of type A by type", f"partners of type A {NOTHING} by type"),
    ("connections", f"connections {NOTHING}"),
    ("connections by region", f"connections {NOTHING} by region"),
    ("synapses", f"synapses {NOTHING}"),
    ("neurons", "neurons where inputs > 999999"),
    ("neurons in EB", "neurons in EB where inputs > 999999"),
    ("types", "types where inputs > 999999"),
    ("paths from type A to type B within 3 hops", f"paths from type A to type B within 3 hops {NOTHING}"),
    ("upstream of type A within 2 hops", f"upstream of type A within 2 hops {NOTHING}"),
    ("common inputs of type A and type B", f"common inputs of type A and type B {NOTHING}"),
    ("reciprocal pairs", f"reciprocal pairs {NOTHING}"),
    ("MATCH (a)->(b)", "MATCH (a)-[synapses >= 999999]->(b)"),
    ("MATCH (a)->(b) RETURN a.type, b", "MATCH (a)-[synapses >= 999999]->(b) RETURN a.type, b"),
]


@pytest.fixture(scope="module")
def answers(tiny: Dataset) -> list[Result]:
    """One answer of each kind and shape."""
    found: dict[tuple[Any, ...], Result] = {}
    for question in [*QUESTIONS, *MATCHES]:
        if "@" in question:
            continue
        form = parse_question(tiny, question)
        if sum(name == form.name for name, *_ in found) >= _SHAPES:
            continue
        try:
            answer = tiny.query(form)
        except QueryError:  # what this dataset cannot answer
            continue
        found.setdefault((form.name, *answer.columns), answer)
    assert len({name for name, *_ in found}) > 15
    return list(found.values())


def written(answer: Result, form: str, folder: Path) -> bytes:
    write_result(answer, form, folder / "x")
    return (folder / "x").read_bytes()


def plain(name: str, value: Any) -> Any:
    """A value as JSON should hold it."""
    if isinstance(value, list):
        return [plain(name, v) for v in value]
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and (name.endswith(("_id", "_ids")) or abs(value) > 2**53)
    ):
        return str(value)
    return value


def same_cell(text: str, value: Any, name: str) -> bool:
    """Whether a cell of csv says ``value``."""
    match value:
        case None:
            return text == ""
        case list():
            return bool(json.loads(text) == plain(name, value))
        case bool():
            return text == str(value).lower()
        case float():
            return (
                math.isclose(float(text), value, rel_tol=1e-7) or value != value
            )  # a float32 is written in its own digits
    return text == str(value)


def test_text_and_json(answers: list[Result], tmp_path: Path) -> None:
    for answer in answers:
        rows = answer.table.to_pylist()
        said = json.loads(written(answer, "json", tmp_path))
        assert said["rows"] == [{k: plain(k, v) for k, v in row.items()} for row in rows], answer.question
        assert [c["name"] for c in said["columns"]] == answer.columns
        lines = written(answer, "ndjson", tmp_path).splitlines()
        assert [json.loads(line) for line in lines] == said["rows"]
        for form, delimiter in (("csv", ","), ("tsv", "\t")):
            text = written(answer, form, tmp_path).decode()
            header, *cells = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            assert header == answer.columns
            assert len(cells) == len(rows)
            for cell, row in zip(cells, rows, strict=True):
                wrong = [n for c, (n, v) in zip(cell, row.items(), strict=True) if not same_cell(c, v, n)]
                assert not wrong, (answer.question, form, wrong, cell)
        table = written(answer, "table", tmp_path).decode().splitlines()
        assert len(table) == 1 + len(rows)
        assert len(written(answer, "markdown", tmp_path).splitlines()) == 2 + len(rows)


def test_parquet_and_arrow_keep_types(answers: list[Result], tmp_path: Path) -> None:
    for answer in answers:
        written(answer, "parquet", tmp_path)
        back = pq.read_table(tmp_path / "x")
        assert back.replace_schema_metadata(None).equals(answer.table.replace_schema_metadata(None)), answer.question
        assert back.schema.metadata[b"question"].decode() == answer.question
        assert back.schema.metadata[b"complete"] == str(answer.complete).lower().encode()
        written(answer, "arrow", tmp_path)
        with pa.OSFile(str(tmp_path / "x")) as file:
            assert pa.ipc.open_file(file).read_all().equals(back)


def test_ids_are_int64_everywhere(answers: list[Result]) -> None:
    for answer in answers:
        for field in answer.table.schema:
            if field.name.endswith("_id"):
                assert field.type == pa.int64(), (answer.question, field)
            if field.name.endswith("_ids"):
                assert field.type.value_type == pa.int64(), (answer.question, field)


@pytest.mark.parametrize("form", FORMATS)
def test_no_rows_still_have_columns(answers: list[Result], form: str, tmp_path: Path) -> None:
    for answer in answers:
        data = written(replace(answer, table=answer.table.slice(0, 0)), form, tmp_path)
        match form:
            case "parquet":
                assert pq.read_schema(tmp_path / "x").names == answer.columns
            case "arrow":
                assert pa.ipc.open_file(io.BytesIO(data)).schema.names == answer.columns
            case "json":
                said = json.loads(data)
                assert ([c["name"] for c in said["columns"]], said["rows"]) == (answer.columns, [])
            case "ndjson":
                assert data == b""
            case _:
                assert all(name in data.decode() for name in answer.columns)


@pytest.mark.parametrize(("full", "empty"), EMPTY)
def test_an_empty_answer_has_the_columns_of_a_full_one(tiny: Dataset, full: str, empty: str) -> None:
    some, none = tiny.query(full), tiny.query(empty)
    assert len(some) > 0
    assert len(none) == 0
    assert none.table.schema.equals(some.table.schema), (some.table.schema, none.table.schema)
    assert none.complete
