"""The user's own columns: joined by id, in English, SQL and graphs; nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest

from graphkit.dataset import Dataset
from graphkit.errors import DatasetError, GraphkitError, NotAnswerableError, QueryError, SqlError, UnknownNameError
from tests.cli.test_command import run
from tests.conftest import LONG

A1, A2, B1, B2, C1, D = (LONG + i for i in range(6))
ROWS = {"root_id": [B1, A1, C1], "my label": ["x", "y", None], "rank": [3, None, 1], "type": ["own", "own", "other"]}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    frame = pd.DataFrame(ROWS)
    frame["rank"] = frame["rank"].astype("Int64")
    return frame


@pytest.fixture(scope="module")
def mine(tiny: Dataset, frame: pd.DataFrame) -> Dataset:
    return tiny.annotate(frame)


def ids_in(answer: Any) -> list[int]:
    return sorted(answer.arrow()["neuron_id"].to_pylist())


def test_columns_are_like_the_datasets_own(tiny: Dataset, mine: Dataset) -> None:
    assert ids_in(mine.query('neurons where "my label" = X')) == [B1]
    assert ids_in(mine.query("neurons where rank > 1 or annotated_type = oth*")) == [B1, C1]
    assert ids_in(mine.query('neurons where "my label" is null')) == [A2, B2, C1, D]
    assert ids_in(mine.query("neurons where type = A")) == [A1, A2]  # the dataset's own type
    same = tiny.query(f"inputs of neurons ({A1}, {B1})")
    assert mine.query("inputs of neurons where annotated_type = own").rows() == same.rows()
    answer = mine.query("neurons where rank is not null")
    assert {r["neuron_id"]: (r["my label"], r["rank"], r["annotated_type"]) for r in answer} == {
        B1: ("x", 3, "own"),
        C1: (None, 1, "other"),
    }
    assert answer.notes == ("The neurons have a column 'type' already; that of the annotations is 'annotated_type'.",)
    with pytest.raises(UnknownNameError, match="no column 'my_label'"):
        mine.query("neurons where my_label = x")


def test_in_sql_and_graphs(tiny: Dataset, mine: Dataset) -> None:
    found = mine.sql('SELECT "my label" AS l, count(*) AS n FROM neurons GROUP BY ALL ORDER BY ALL').rows()
    assert found == [{"l": "x", "n": 1}, {"l": "y", "n": 1}, {"l": None, "n": 4}]
    assert mine.sql("SELECT count(*) FROM annotations").scalar() == 3
    assert mine.sql("SELECT count(*) FROM neurons_unannotated").scalar() == 6
    for sql in (
        "FROM read_parquet('x.parquet')",
        "FROM 'x.csv'",
        "INSERT INTO annotations VALUES (1)",
        "DROP VIEW neurons",
    ):
        with pytest.raises(SqlError):
            mine.sql(sql)
    one, two = mine.graph(where="rank = 3 OR rank = 1"), tiny.graph(neurons=[B1, C1])
    assert one.ids.tolist() == two.ids.tolist()
    assert list(mine.graph(attributes=["rank"]).attributes["rank"])[:2] == [None, None]


def test_a_graph_of_other_annotations_is_another_graph(tiny: Dataset) -> None:
    """Its cache must not be met by the same words about other values."""
    for wanted in ([A1, B1], [A1, B2]):
        brain = tiny.annotate(pa.table({"neuron_id": pa.array(wanted, pa.int64()), "g": ["x", "x"]}))
        form = "motifs among neurons where g = x"
        graph = brain.query(form).graph()
        assert graph.ids.tolist() == wanted


def test_the_dataset_itself_is_as_it_was(tiny: Dataset, mine: Dataset) -> None:
    assert "my label" not in tiny.vocabulary.columns
    assert "my label" not in tiny.query("neurons").columns
    assert mine.snapshot == tiny.snapshot
    assert mine.digest != tiny.digest
    with pytest.raises(DatasetError, match="annotations already"):
        mine.annotate({})


def test_files(tiny: Dataset, frame: pd.DataFrame, tmp_path: Path) -> None:
    text = f"root_id,my label,rank,type\n{B1},x,3,own\n{A1},y,,own\n{C1},,1,other\n{C1},,1,other\n"
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "a.tsv").write_text(text.replace(",", "\t"))
    frame.to_parquet(tmp_path / "a.parquet")
    pyarrow.feather.write_feather(frame, tmp_path / "a.feather")
    sheet = frame.rename(columns={"root_id": "what"})
    sheet.insert(0, "neuron_id", [str(i) for i in sheet.pop("what")])
    sheet.to_excel(tmp_path / "a.xlsx", index=False)
    for path in sorted(tmp_path.iterdir()):
        brain = tiny.annotate(path)
        rows = brain.sql(
            'SELECT neuron_id, "my label" AS l, rank, annotated_type FROM neurons WHERE rank > 0 ORDER BY 1'
        )
        assert [tuple(r.values()) for r in rows] == [(B1, "x", 3, "own"), (C1, None, 1, "other")], path


def test_kinds_of_columns(tiny: Dataset) -> None:
    dates = pd.to_datetime(["2020-01-01", None])
    frame = pd.DataFrame({"id": [A1, B1], "c": pd.Categorical(["u", "v"]), "t": dates, "l": [["a"], []]})
    brain = tiny.annotate(frame)
    assert ids_in(brain.query("neurons where c = U")) == [A1]
    assert ids_in(brain.query("neurons where t >= '2019-12-31'")) == [A1]
    with pytest.raises(NotAnswerableError):
        brain.query("neurons where l = a")
    named = pd.DataFrame({"x": ["u"]}, index=pd.Index([A1], name="root_id"))
    assert ids_in(tiny.annotate(named).query("neurons where x = u")) == [A1]


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ({"a": [1], "b": [2]}, {}, "No column of the annotations is recognised as ids"),
        ({"a": [A1], "b": [2]}, {"id_column": "c"}, "has no column 'c'"),
        (
            {"id": [A1, A1], "b": [2, 3]},
            {},
            f"1 neuron stands in several rows of the annotations with different values: {A1}",
        ),
        ({"id": [A1, 5], "b": [2, 3]}, {}, "1 of the 2 neurons of the annotations are not in this dataset: 5"),
        ({"id": [5, 6], "b": [2, 3]}, {"skip_unknown": True}, "None of the 2 ids"),
        ({"id": [float(A1)], "b": [2]}, {}, "through a float"),
        ({"id": [], "b": []}, {}, "has no row"),
        ({"id": [A1], "b": [2], "B": [3]}, {}, "same name"),
        ({"id": [A1], "neuron_id": [2]}, {"id_column": "id"}, "a column 'neuron_id' besides"),
    ],
)
def test_refusals(tiny: Dataset, table: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError) as caught:
        tiny.annotate(pd.DataFrame(table), **options)
    assert message in str(caught.value)


def test_unknown_ids_are_left_out_and_counted(tiny: Dataset) -> None:
    brain = tiny.annotate(pd.DataFrame({"id": [A1, 5, 2**63 - 1], "b": [2, 3, 4]}), skip_unknown=True)
    assert ids_in(brain.query("neurons where b > 0")) == [A1]
    note = f"2 of the 3 neurons of the annotations are not in this dataset and were left out: 5, {2**63 - 1}."
    assert brain.query("neurons").notes == (note,)
    assert brain.sql("SELECT 1").notes == (note,)


def test_the_command(tiny: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"cell,label\n{A1},x\n{B1},y\n")
    where = ["-d", tiny.url, "--annotations", path]
    shown = run("query", "neurons where label = x", *where)
    assert (shown.exit_code, "No column of mine.csv is recognised" in shown.stderr) == (1, True)
    assert "--annotations-id" in shown.stderr
    shown = run("query", "neurons where label = x", *where, "--annotations-id", "Cell", "--format", "csv")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[1].startswith(f"{A1},")
    shown = run("query", "--sql", "SELECT label FROM neurons WHERE label > 'x'", *where, "--annotations-id", "cell")
    assert shown.stdout.split() == ["label", "y"]
    assert run("query", "neurons", "-d", tiny.url, "--annotations-id", "cell").exit_code == 1
    path.write_text("root_id,label\n7.2e17,x\n")
    shown = run("query", "neurons", *where)
    assert "floating-point" in shown.stderr
    assert "--on-error" not in shown.stderr
    with pytest.raises(GraphkitError, match="There is no file"):
        tiny.annotate(tmp_path / "nothing.csv")
