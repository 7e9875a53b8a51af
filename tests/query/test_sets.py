"""Sets of neurons that a question calls by name: from files, from Python, saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from graphkit.dataset import Dataset, open_dataset
from graphkit.errors import DatasetError, GraphkitError, QueryError, UnknownNameError
from graphkit.query import ir
from graphkit.query.echo import echo
from graphkit.query.english import parse_english
from graphkit.query.saved_sets import remove_set, save_set, saved_names, saved_set
from tests.conftest import LONG

A1, A2, B1, B2, C1, D = (LONG + i for i in range(6))
MINE = [B1, A1]


def ids_in(answer: Any) -> list[int]:
    return sorted(answer.arrow()["neuron_id"].to_pylist())


# -- in a question ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "same"),
    [
        ("neurons in @mine", f"neurons where neuron_id in ({A1}, {B1})"),
        ("neurons @MINE", f"neurons where neuron_id in ({A1}, {B1})"),
        ("neurons of @mine where type = A", f"neurons where neuron_id in ({A1}, {B1}) and type = A"),
        ("neurons in EB where not in @mine", f"neurons in EB where neuron_id not in ({A1}, {B1})"),
        ("neurons where neuron_id in @mine or type = b", f"neurons where neuron_id in ({A1}, {B1}) or type = b"),
        ("neurons where id not in @mine", f"neurons where neuron_id not in ({A1}, {B1})"),
        ("types in @mine", f"types where neuron_id in ({A1}, {B1})"),
        ("inputs of @mine", f"inputs of {A1}, {B1}"),
        ("outputs of @mine, B2_R by type", f"outputs of {A1}, {B1}, B2_R by type"),
        ("connections from @mine to @other", f"connections from neurons ({A1}, {B1}) to {A2}"),
        ("connections among @mine", f"connections among neurons ({A1}, {B1})"),
        ("motifs between @mine, @other in EB", f"motifs between neurons ({A1}, {B1}), neuron {A2} in EB"),
        ("synapses from @mine", f"synapses from neurons ({A1}, {B1})"),
    ],
)
def test_a_set_means_its_ids(tiny: Dataset, question: str, same: str) -> None:
    answer = tiny.query(question, sets={"mine": MINE, "other": A2})
    assert answer.rows() == tiny.query(same).rows()
    assert "@mine (2 neurons)" in answer.question


@pytest.mark.parametrize("question", ["inputs of @mine", "neurons where not in @mine and (in @one or type = 'A')"])
def test_form_and_echo_go_out_and_in(tiny: Dataset, question: str) -> None:
    brain = tiny.with_sets({"mine": MINE, "one": [A2]})
    form = parse_english(brain, question)
    assert parse_english(brain, echo(form)) == form
    assert ir.from_json(ir.to_json(form)) == form
    listed = ir.to_json(form)
    assert f'"{A1}"' in listed
    assert str(A1) not in listed.replace(f'"{A1}"', "")  # only ever as text


def test_the_echo_of_a_set_that_has_changed_is_refused(tiny: Dataset) -> None:
    asked = tiny.query("inputs of @mine", sets={"mine": MINE}).question
    with pytest.raises(QueryError, match="has 1 neurons now, not 2") as caught:
        tiny.query(asked, sets={"mine": [A1]})
    assert "^" in caught.value.caret()


# -- what a set comes from ----------------------------------------------------------------------------------------------


def test_sets_from_python(tiny: Dataset) -> None:
    frame = pd.DataFrame({"label": ["x", "y"], "root_id": MINE})
    for source in (
        MINE,
        tuple(MINE),
        iter(MINE),
        {A1, B1},
        np.array(MINE),
        np.array(MINE, dtype=np.uint64),
        pd.Series(MINE),
        pd.Series(MINE, dtype="Int64"),
        [str(i) for i in MINE],
        pd.Series([str(i) for i in MINE]),
        frame,
        frame[["root_id"]].rename(columns={"root_id": "whatever"}),
        pa.table({"bodyId": pa.array(MINE, pa.int64())}),
        pa.chunked_array([MINE]),
        tiny.query(f"neurons where neuron_id in ({A1}, {B1})"),
    ):
        assert ids_in(tiny.query("neurons @s", sets={"s": source})) == [A1, B1], type(source)
        if not hasattr(source, "__next__"):
            assert ids_in(tiny.neurons(source)) == [A1, B1], type(source)
            assert tiny.inputs(source).rows() == tiny.inputs([A1, B1]).rows()
    assert tiny.with_sets({"s": MINE}).graph(neurons="@s").ids.tolist() == [A1, B1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([1.0, 2.0], "must be integers"),
        (np.array([7.2e17]), "must be integers"),
        (pd.Series([float(A1), None]), "through a float"),
        ([A1, None], "row 1 holds None"),
        ([True], "must be integers"),
        (["x1"], "'x1' is not an id"),
        (["7.2e17"], "through a float"),
        ([2**63], "below 2"),
        ([str(2**63)], "not an id"),
        ([], "@s is empty"),
        (3.5j, "takes ids"),
        (pd.DataFrame({"a": [1], "b": [2]}), "No column of @s is recognised as ids"),
        ([A1, 5, 7, -1, 2**63 - 1], "4 of the 5 ids of @s are not in this dataset: -1, 5, 7, ..."),
        (5, "The id of @s is not in this dataset: 5"),
    ],
    ids=repr,
)
def test_what_is_no_set(tiny: Dataset, source: Any, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        tiny.query("neurons in @s", sets={"s": source})
    assert message in str(caught.value)


def test_names_of_sets(tiny: Dataset) -> None:
    for name in ("a b", "1a", "", "a-b", "@", "a.b"):
        with pytest.raises(QueryError, match="cannot be the name of a set"):
            tiny.with_sets({name: MINE})
    with pytest.raises(QueryError, match="capital letters"):
        tiny.with_sets({"a": MINE, "A": MINE})
    with pytest.raises(UnknownNameError, match="Did you mean 'mine'"):
        tiny.query("neurons in @mien", sets={"mine": MINE})
    assert ids_in(tiny.query("neurons @größe_1", sets={"größe_1": MINE})) == [A1, B1]


def test_unknown_ids_are_left_out_and_counted_where_asked(tiny: Dataset) -> None:
    brain = tiny.with_sets({"s": [A1, 5, A1, 6]}, skip_unknown=True)
    answer = brain.query("neurons in @s")
    assert ids_in(answer) == [A1]
    assert answer.notes == (
        "2 of the 3 ids of @s are not in this dataset and were left out: 5, 6.",
        "@s was given 4 ids, 3 of them different; each neuron counts once.",
    )
    with pytest.raises(UnknownNameError, match="2 of the 2 ids"):
        tiny.with_sets({"s": [5, 6]}, skip_unknown=True).query("neurons in @s")


def test_sets_from_files(tiny: Dataset, tmp_path: Path) -> None:
    table = pa.table({"label": ["x", "y"], "root_id": pa.array(MINE, pa.int64())})
    (tmp_path / "ids.txt").write_text(f"# mine\n\n{A1}  # the first\n {B1}\r\n")
    (tmp_path / "bom.txt").write_bytes(b"\xef\xbb\xbf" + f"{A1}\n{B1}".encode())
    (tmp_path / "ids.csv").write_text(f'label,root_id\nx,{B1}\n"y, z",{A1}\n')
    (tmp_path / "one.csv").write_text(f"something\n{B1}\n{A1}\n".replace("something", "id"))
    (tmp_path / "ids.tsv").write_text(f"bodyId\tlabel\n{B1}\tx\n{A1}\t\n")
    pq.write_table(table, tmp_path / "ids.parquet")
    pyarrow.feather.write_feather(table, tmp_path / "ids.feather")
    for path in sorted(tmp_path.iterdir()):
        assert ids_in(tiny.query("neurons @s", sets={"s": path})) == [A1, B1], path
        assert ids_in(tiny.query("neurons @s", sets={"s": str(path)})) == [A1, B1], path


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "1\nx1\n", "a.txt, line 2: 'x1' is not an id"),
        ("a.txt", "7.2057594062103914e+17\n", "through a float"),
        ("a.txt", "-5\n", "not an id"),
        ("a.txt", f"{2**63}\n", "not an id"),
        ("a.txt", "# nothing\n\n", "@s is empty"),
        ("a.txt", "", "is empty (0 bytes)"),
        ("a.csv", "x,y\n1,2\n", "No column of a.csv is recognised as ids"),
        ("a.csv", "root_id,y\n1.5,2\n", "a.csv, line 2"),
        ("a.csv", "root_id,x\n", "@s is empty"),
        ("a.parquet", "PAR1", "cannot be read"),
    ],
)
def test_files_that_are_no_sets(tiny: Dataset, tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(GraphkitError) as caught:
        tiny.query("neurons in @s", sets={"s": tmp_path / name})
    assert message in str(caught.value)
    assert "--on-error" not in str(caught.value)
    assert "--columns" not in str(caught.value)


def test_no_such_file(tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(GraphkitError, match="There is no file"):
        tiny.query("neurons in @s", sets={"s": tmp_path / "nothing.txt"})


def test_many_ids_are_quick(sim: Dataset) -> None:
    every = sim.sql("SELECT neuron_id FROM neurons").arrow()["neuron_id"].to_pylist()
    brain = sim.with_sets({"all": every * 250}, skip_unknown=False)  # 100,000 ids
    assert len(brain.query("neurons in @all")) == len(every)


# -- saved --------------------------------------------------------------------------------------------------------------


def test_saved_sets(tiny: Dataset, sim: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRAPHKIT_SETS", str(tmp_path))
    save_set(tiny, "Mine", MINE, "by hand\nand eye")
    assert saved_names(tiny) == ["Mine"]
    assert saved_names(sim) == []  # of another dataset
    kept = saved_set(tiny, "@mine")
    assert (kept.name, kept.ids, kept.origin) == ("Mine", (A1, B1), "by hand and eye")
    assert ids_in(tiny.query("neurons in @MINE")) == [A1, B1]
    assert ids_in(tiny.query("neurons in @mine", sets={"mine": [A2]})) == [A2]  # what is given goes first
    save_set(tiny, "mine", [A2], "anew")
    assert saved_names(tiny) == ["Mine"]
    assert ids_in(open_dataset(tiny.url).query("neurons in @mine")) == [A2]
    with pytest.raises(UnknownNameError, match="Did you mean 'Mine'"):
        remove_set(tiny, "mien")
    assert remove_set(tiny, "mine") == "Mine"
    assert saved_names(tiny) == []


def test_a_saved_set_that_is_damaged_or_cannot_be_kept(
    tiny: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRAPHKIT_SETS", str(tmp_path / "here"))
    save_set(tiny, "mine", MINE, "")
    next((tmp_path / "here").rglob("mine.txt")).write_text("# set: mine\nx\n")
    with pytest.raises(DatasetError, match="cannot be read"):
        tiny.query("neurons in @mine")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRAPHKIT_SETS", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match="GRAPHKIT_SETS"):
        save_set(tiny, "mine", MINE, "")


def test_ids_are_text_in_json(tiny: Dataset) -> None:
    answer = json.loads(tiny.query("neurons in @m", sets={"m": [A1]}).to_json())
    assert answer["rows"][0]["neuron_id"] == str(A1)
