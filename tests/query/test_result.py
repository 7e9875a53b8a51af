"""A Result in every form it can be taken along in, and every type of column that SQL can give."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.cli.render import FORMATS, format_of, write_result
from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, NotAnswerableError
from graphkit.query.result import Result
from tests.conftest import LONG

STRANGE = f"""
  {LONG}::BIGINT, 170141183460469231731687303715884105727::HUGEINT, 18446744073709551615::UBIGINT, 1.50::DECIMAL(10,2),
  'nan'::DOUBLE, '-inf'::FLOAT, [{LONG}, NULL], {{'a_id': 5, 'x': 'nan'::DOUBLE}}, MAP {{'k': 1}},
  TIMESTAMP '2024-01-31 12:00:00.5', DATE '2024-01-31', TIME '10:00:00', INTERVAL 1 DAY, '\\xAA'::BLOB,
  '550e8400-e29b-41d4-a716-446655440000'::UUID, TIMESTAMPTZ '2024-01-31 12:00:00+00', true,
  'a,"b"' || chr(10) || chr(9) || 'c|é'
"""
COLUMNS = [
    "neuron_id",
    "huge",
    "unsigned",
    "dec",
    "nan",
    "inf",
    "list",
    "struct",
    "map",
    "stamp",
    "day",
    "time",
    "span",
    "blob",
    "uuid",
    "tz",
    "flag",
    "text",
]


@pytest.fixture(scope="module")
def strange(tiny: Dataset) -> Result:
    """One row of every type, and one of nulls."""
    names = ", ".join(COLUMNS)
    nulls = ", ".join(["NULL"] * len(COLUMNS))
    return tiny.sql(f"SELECT * FROM (SELECT {STRANGE} UNION ALL SELECT {nulls}) t({names})")


def _written(result: Result, form: str, tmp_path: Path) -> bytes:
    write_result(result, form, tmp_path / "out")
    return (tmp_path / "out").read_bytes()


def test_df_keeps_every_digit(tiny: Dataset, strange: Result) -> None:
    frame = tiny.query("neurons").df()
    assert frame["neuron_id"].dtype == "int64"
    assert sorted(frame["neuron_id"]) == [LONG + i for i in range(6)]
    soma = tiny.sql("SELECT neuron_id, soma_x_nm FROM neurons ORDER BY 1").df()["soma_x_nm"]
    assert soma.dtype == pd.Int64Dtype()
    assert soma.tolist() == [1000, 2000, pd.NA, -5, pd.NA, pd.NA]
    ids = tiny.sql(f"SELECT unnest([{LONG}, NULL]) AS i").df()["i"]
    assert (ids.dtype, int(ids[0])) == (pd.Int64Dtype(), LONG)
    odd = strange.df()
    assert int(odd["neuron_id"][0]) == LONG
    assert int(odd["unsigned"][0]) == 2**64 - 1
    assert int(odd["huge"][0]) == 2**127 - 1


def test_arrow_rows_and_iteration_agree(tiny: Dataset) -> None:
    result = tiny.query("connections")
    assert result.arrow().schema.field("pre_id").type == pa.int64()
    assert result.rows() == list(result) == result.arrow().to_pylist()
    assert len(result) == len(result.rows()) == 8
    assert result.columns == result.arrow().column_names


def test_scalar(tiny: Dataset) -> None:
    assert tiny.sql("SELECT count(*) FROM neurons").scalar() == 6
    assert tiny.sql("SELECT NULL").scalar() is None
    for statement in ("SELECT 1, 2", "SELECT 1 WHERE false", "VALUES (1), (2)"):
        with pytest.raises(NotAnswerableError, match="not one value"):
            tiny.sql(statement).scalar()


def test_json_is_json(tiny: Dataset, strange: Result, tmp_path: Path) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    for result in (
        tiny.query("connections"),
        tiny.query("neurons where inputs > 1000"),
        strange,
        tiny.sql("SELECT 1 WHERE false"),
    ):
        body = json.loads(result.to_json(), parse_constant=refuse)
        assert body["question"] == result.question
        assert body["complete"] is True
        assert [c["name"] for c in body["columns"]] == result.columns
        assert len(body["rows"]) == len(result)
        lines = _written(result, "ndjson", tmp_path).decode().splitlines()
        assert [json.loads(line, parse_constant=refuse) for line in lines] == body["rows"]
    row = json.loads(strange.to_json())["rows"][0]
    assert row["neuron_id"] == str(LONG)
    assert row["huge"] == str(2**127 - 1)
    assert row["unsigned"] == str(2**64 - 1)
    assert row["list"] == [str(LONG), None]
    assert row["struct"] == {"a_id": "5", "x": None}
    assert (row["nan"], row["inf"], row["flag"]) == (None, None, True)
    assert (row["stamp"], row["day"], row["blob"]) == ("2024-01-31T12:00:00.500000", "2024-01-31", "aa")
    row = tiny.query(f"connections from {LONG} limit 1").rows()[0]
    said = json.loads(tiny.query(f"connections from {LONG} limit 1").to_json())
    assert said["rows"][0]["pre_id"] == str(row["pre_id"])
    assert said["rows"][0]["synapses"] == row["synapses"]
    assert said["complete"] is False
    assert {"name": "synapses", "meaning": "synapses"} in said["columns"]


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_delimited_text_comes_back(tiny: Dataset, strange: Result, form: str, tmp_path: Path) -> None:
    delimiter = "," if form == "csv" else "\t"
    for result in (strange, tiny.query("neurons"), tiny.sql('SELECT 1 AS "a,b", 2 AS "t\tt", 3 AS "q""q", 4 AS plain')):
        text = _written(result, form, tmp_path).decode()
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        assert header == result.columns
        assert len(rows) == len(result)
    assert text.startswith('"a,b"' if form == "csv" else "a,b")
    header, first, nulls = list(
        csv.reader(io.StringIO(_written(strange, form, tmp_path).decode(), newline=""), delimiter=delimiter)
    )
    row = dict(zip(header, first, strict=True))
    assert row["neuron_id"] == str(LONG)
    assert row["text"] == 'a,"b"\n\tc|é'
    assert json.loads(row["list"]) == [str(LONG), None]
    assert set(nulls) == {""}


def test_parquet_and_arrow_come_back(strange: Result, tiny: Dataset, tmp_path: Path) -> None:
    for result in (strange, tiny.query("neurons")):
        _written(result, "parquet", tmp_path)
        table = pq.read_table(tmp_path / "out")
        assert table.column_names == result.columns
        assert table["neuron_id"].to_pylist() == result.arrow()["neuron_id"].to_pylist()
        assert table.schema.metadata[b"question"].decode() == result.question
        _written(result, "arrow", tmp_path)
        with pa.memory_map(str(tmp_path / "out")) as source:
            again = pa.ipc.open_file(source).read_all()
        assert (
            again.cast(result.arrow().schema).equals(result.arrow()) or result is strange
        )  # a NaN is not equal to itself
        assert again.schema.types == result.arrow().schema.types


def test_a_plain_table_is_lines_of_digits(tiny: Dataset, strange: Result, tmp_path: Path) -> None:
    lines = _written(tiny.query("connections"), "table", tmp_path).decode().splitlines()
    assert len(lines) == 9
    assert str(LONG) in lines[1]
    assert "\x1b" not in "".join(lines)
    assert "," not in lines[1]
    assert len(_written(strange, "table", tmp_path).decode().splitlines()) == 3
    assert r"a,\"b\"\n\tc|é".replace('\\"', '"') in _written(strange, "table", tmp_path).decode()


def test_markdown(tiny: Dataset, strange: Result, tmp_path: Path) -> None:
    lines = _written(tiny.query("types"), "markdown", tmp_path).decode().splitlines()
    assert lines[0] == "| type | class | neurons | inputs | outputs |"
    assert lines[1] == "|---|---|---:|---:|---:|"
    for line in _written(strange, "markdown", tmp_path).decode().splitlines():
        assert line.replace("\\|", "").count("|") == len(COLUMNS) + 1


def test_html_is_escaped(tiny: Dataset) -> None:
    result = tiny.sql("SELECT '<script>alert(1)</script>' AS \"<b>\", NULL AS n, 1 AS a, 2 AS a -- <i>")
    text = result._repr_html_()
    assert "<script>" not in text
    assert "<b>&lt;" not in text
    assert "&lt;script&gt;" in text
    assert "&lt;b&gt;" in text
    assert "<i>" not in text
    assert "<td>1</td><td>2</td>" in text
    lists = tiny.sql("SELECT ['<a>', NULL] AS names, NULL AS types")._repr_html_()
    assert "<td>[&lt;a&gt;, null]</td><td></td>" in lists
    cut = tiny.sql("FROM range(50)", limit=30)._repr_html_()
    assert "10 more rows" in cut
    assert "Cut off by the limit." in cut
    assert repr(tiny.query("types limit 1")) == "<Result of 'types limit 1': 1 rows (cut off)>"


def test_explain_says_what_ran(tiny: Dataset) -> None:
    text = tiny.query("inputs of type A by type").explain()
    assert "question  inputs of type 'A' by type" in text
    assert '"question":"partners"' in text
    assert "SELECT" in text
    assert "graph kernels" in tiny.query("motifs in EB").explain()
    assert "SELECT 1" in tiny.sql("SELECT 1").explain()


# -- formats and files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *[("a.csv", "csv"), ("a.TSV", "tsv"), ("a.json", "json"), ("a.jsonl", "ndjson")],
        *[("a.parquet", "parquet"), ("a.feather", "arrow"), ("a.md", "markdown"), ("a.txt", "table")],
    ],
)
def test_a_suffix_names_the_format(name: str, form: str) -> None:
    assert format_of(Path(name), None) == form
    assert format_of(Path(name), "csv") == "csv"


def test_an_unknown_format_is_refused() -> None:
    assert format_of(None, None) == "table"
    for path, given, hint in (
        (Path("a.xyz"), None, "--format"),
        (None, "jsn", "Did you mean 'json'"),
        (Path("a"), None, "suffix"),
    ):
        with pytest.raises(GraphkitError) as caught:
            format_of(path, given)
        assert hint in str(caught.value)


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_appears_whole_or_not_at_all(tiny: Dataset, form: str, tmp_path: Path) -> None:
    result = tiny.query("neurons")
    (tmp_path / "old").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    write_result(result, form, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "old").read_bytes() != b"old"
    for place in (tmp_path / "missing" / "x", tmp_path, Path("/dev/full")):
        with pytest.raises(GraphkitError, match="Cannot write"):
            write_result(result, form, place)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "old"]
    write_result(result, form, Path("/dev/null"))
    assert Path("/dev/full").is_char_device()
    assert Path("/dev/null").is_char_device()


def test_nothing_is_left_of_a_file_that_could_not_be_written(tiny: Dataset, tmp_path: Path) -> None:
    unwritable: Any = tmp_path / "x\0y"
    with pytest.raises((GraphkitError, ValueError)):
        write_result(tiny.query("neurons"), "csv", unwritable)
    assert list(tmp_path.iterdir()) == []
