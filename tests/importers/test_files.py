"""Files as they come: every kind of table and of damage. The same three rows must come out of every format."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from graphkit.errors import ImportDataError, MissingExtraError
from graphkit.importers import import_edges

BIG = 720575940621039145
TEXT = f"pre,post,weight,note\n{BIG},2,3,ä\n2,{BIG},4,\n5,6,7,x\n"
PAIRS = {(BIG, 2): 3, (2, BIG): 4, (5, 6): 7}


def pairs(path: Path, folder: Path, **options: Any) -> dict[tuple[int, int], int]:
    rows = import_edges(path, folder / "d", **options).dataset.table("connections").to_pylist()
    return {(r["pre_id"], r["post_id"]): r["synapses"] for r in rows}


def table() -> pa.Table:
    pre, post, weight = zip(*((a, b, w) for (a, b), w in PAIRS.items()), strict=True)
    return pa.table({"pre": list(pre), "post": list(post), "weight": list(weight)})


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_separators_are_found(separator: str, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text(TEXT.replace(",", separator), encoding="utf-8")
    assert pairs(path, tmp_path) == PAIRS


def test_bom_crlf_quotes_and_gzip(tmp_path: Path) -> None:
    text = TEXT.replace("pre,", '"pre" ,').replace("x\n", '"a ""quoted"", \nnote"\n').replace("\n", "\r\n")
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert pairs(path, tmp_path) == PAIRS


def test_parquet_and_feather(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "t.bin")  # the content decides, not the name
    pyarrow.feather.write_feather(table(), tmp_path / "t.feather")
    for n, file in enumerate(["t.bin", "t.feather"]):
        assert pairs(tmp_path / file, tmp_path / str(n)) == PAIRS


def test_xlsx_text_ids_survive_and_number_ids_do_not(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["pre", "post", "weight"])
    for (a, b), w in PAIRS.items():
        book.active.append([str(a), str(b), w])
    book.active.append([None, None, None])
    other = book.create_sheet("numbers")
    other.append(["pre", "post", "weight"])
    other.append([BIG, 2, 1])
    book.save(tmp_path / "t.xlsx")
    book.close()
    assert pairs(tmp_path / "t.xlsx", tmp_path) == PAIRS
    with pytest.raises(ImportDataError, match=r"row 2, column 'pre': '7.205759406210391e\+17' is a floating-point"):
        pairs(tmp_path / "t.xlsx", tmp_path / "2", sheet="numbers")
    with pytest.raises(ImportDataError, match="no sheet 'number'") as error:
        pairs(tmp_path / "t.xlsx", tmp_path / "2", sheet="number")
    assert "Did you mean 'numbers'?" in str(error.value)


def test_a_missing_reader_names_the_install_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlrd", None)
    (tmp_path / "t.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(MissingExtraError, match=r'pip install "graphkit\[excel\]"'):
        pairs(tmp_path / "t.xls", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"", r"is empty \(0 bytes\)"),
        ("t.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00", "binary file of an unknown format"),
        ("t.csv", "pre,post\n1,2\n".encode("utf-16"), "UTF-16"),
        ("t.csv", b"<!DOCTYPE html><html>sign in</html>", "XML or a web page"),
        ("t.csv", b'[{"bodyId": 1}]', "is JSON, not a table"),
        ("t.csv", b"\n\n", "first line of 't.csv' is blank"),
        ("t.csv", b"pre post\n1 2\n", "There is only one: the cells may be separated by something other"),
        ("t.csv", b"pre,pre,post\n1,1,2\n", "has the column 'pre' .pre_id. more than once"),
        ("t.csv", b"pre,post\n", "no connection to import: 0 rows were read"),
        ("t.csv", b"pre,post\n1,\xff\xfe2\n", "line 2: not UTF-8 text"),
        ("t.csv", b'pre,post\n1,"2\n3,4\n', "quotation mark that is not closed"),
        ("t.parquet", b"PAR1 and nothing more", "begins like a Parquet file but cannot be read"),
        ("t.feather", b"ARROW1 and nothing more", "begins like a Feather file but cannot be read"),
        ("t.feather", b"FEA1 and nothing more", "Feather file of version 1"),
        ("t.xls", b"\xd0\xcf\x11\xe0 and nothing more", "not a readable xls workbook"),
        ("t.xlsx", b"PK\x03\x04 and nothing more", "not a readable xlsx workbook"),
        ("t.csv.gz", gzip.compress(b"pre,post\n" + b"1,2\n" * 99999, mtime=0)[:99], "t.csv.gz"),
        ("t.parquet.gz", gzip.compress(b"PAR1", mtime=0), "packed binary table"),
    ],
)
def test_what_is_no_table_is_said(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImportDataError, match=said):
        pairs(tmp_path / name, tmp_path)
    assert not (tmp_path / "d" / "dataset.json").exists()


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TEXT, encoding="utf-8")
    for files, said in [
        ([], "No file was given"),
        ([tmp_path / "no.csv"], "There is no file"),
        ([tmp_path], "is a folder"),
        ([tmp_path / "t.csv", tmp_path / "t.csv"], "given twice"),
        (["https://example.org/t.csv"], "is an address"),
    ]:
        with pytest.raises(ImportDataError, match=said):
            import_edges(files, tmp_path / "d")


def test_lines_are_numbered_past_bad_ones(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"pre,post,weight\n1,2,3\n1,2\n1,\xff2,3\n4,5,x\n6,7,8\n")
    report = import_edges(path, tmp_path / "d", on_error="skip")
    assert (report.rows_read, report.rows_kept) == (5, 2)
    examples = [e for left in report.left_out for e in left.examples]
    assert [next(n for n in range(9) if f"line {n}" in e) for e in examples] == [3, 4, 5]


def test_an_import_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("pre,post,weight\n1,2,x\n")
    with pytest.raises(ImportDataError):
        pairs(path, tmp_path)
    assert list(tmp_path.iterdir()) == [path]  # not even an empty folder
    path.write_text("pre,post,weight\n1,2,3\n")
    assert pairs(path, tmp_path) == {(1, 2): 3}  # the folder is free for the next try


def test_importing_the_package_is_light() -> None:
    import subprocess

    code = (
        "import sys, graphkit; before = set(sys.modules); import graphkit.importers; "
        "print(sorted(set(sys.modules) - before))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "['graphkit.importers']"  # no importer, no DuckDB, before one is asked for
