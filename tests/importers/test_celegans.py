"""C. elegans in the published layouts: Cook's workbook, the lists of White and Witvliet, nemanode's JSON."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_celegans

CHEMICAL = {("I1L", "I2L"): 10, ("I1L", "AVAL"): 3, ("AVAL", "VA01"): 7, ("AVAL", "vBWML1"): 2, ("VA01", "I1L"): 1}
GAP = {("I1L", "I2L"): 2, ("I2L", "I1L"): 2, ("AVAL", "VA01"): 5, ("VA01", "AVAL"): 5, ("AVAL", "AVAL"): 1}


def matrix(book: Any, title: str, rows: list[str], columns: list[str], cells: dict[tuple[str, str], int]) -> None:
    """A sheet as published: two lines of groups, a line of names, names in the third column, and names again at the edges."""
    sheet = book.create_sheet(title)
    groups = {"I1L": "PHARYNX", "AVAL": "INTERNEURONS", "VA01": "MOTOR NEURONS", "vBWML1": "BODYWALL MUSCLES"}
    sub = {"AVAL": 4, "VA01": "VENTRAL CORD MOTOR NEURONS"}
    sheet.append([None, None, None, *(groups.get(c) for c in columns), None])
    sheet.append([None, None, None, *(sub.get(c) for c in columns), None])
    sheet.append([None, None, None, *columns, None])
    for row in rows:
        sheet.append([groups.get(row), sub.get(row), row, *(cells.get((row, c)) for c in columns), row])
    sheet.append([None, None, None, *columns, None])


def workbook(path: Path, *, gap: dict[tuple[str, str], int] = GAP, herm: str = "hermaphrodite") -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "TITLE AND LEGEND"
    book.active.append(["Connectome Adjacency Matrices"])
    neurons = ["I1L", "I2L", "AVAL", "VA01"]
    matrix(book, "hermaphrodite chemical", neurons, [*neurons, "vBWML1"], CHEMICAL)
    matrix(book, f"{herm} gap jn asymmetric", neurons, neurons, {k: v for k, v in gap.items() if k[0] <= k[1]})
    matrix(book, f"{herm} gap jn symmetric", neurons, neurons, gap)
    matrix(book, "male chemical", neurons, neurons, {("I1L", "I2L"): 99})
    book.save(path)
    book.close()
    return path


def connections(report: ImportReport) -> dict[tuple[str, str, str], int]:
    names = dict(zip(*(report.dataset.table("neurons")[c].to_pylist() for c in ("neuron_id", "name")), strict=True))
    return {
        (names[r["pre_id"]], names[r["post_id"]], r["kind"]): r["synapses"]
        for r in report.dataset.table("connections").to_pylist()
    }


@pytest.mark.parametrize("herm", ["hermaphrodite", "herm"])
def test_cooks_workbook(herm: str, tmp_path: Path) -> None:
    report = import_celegans(workbook(tmp_path / "SI 5.xlsx", herm=herm), tmp_path / "d")
    expected = {(a, b, "chemical"): n for (a, b), n in CHEMICAL.items()}
    expected |= {("I1L", "I2L", "electrical"): 2, ("AVAL", "VA01", "electrical"): 5, ("AVAL", "AVAL", "electrical"): 1}
    assert connections(report) == expected
    found = {r["name"]: r for r in report.dataset.table("neurons").to_pylist()}
    assert {n: r["class"] for n, r in found.items()} == {
        "I1L": "pharynx",
        "I2L": "pharynx",
        "AVAL": "interneurons",
        "VA01": "motor neurons",
        "vBWML1": "bodywall muscles",
    }
    assert (found["VA01"]["subgroup"], found["AVAL"]["subgroup"]) == ("ventral cord motor neurons", "4")
    assert (report.rows_read, report.rows_kept, [x.rows for x in report.left_out]) == (10, 8, [2])
    assert any("numbers of EM sections" in note for note in report.notes)


def test_the_male_and_weights_that_differ_the_two_ways(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", gap={**GAP, ("I2L", "I1L"): 3})
    assert connections(import_celegans(path, tmp_path / "male", sex="male")) == {("I1L", "I2L", "chemical"): 99}
    with pytest.raises(
        ImportDataError,
        match=r"between 'I1L' and 'I2L' has weight 3 one way and 2 the other\.[^.]*\nGo on with the larger",
    ):
        import_celegans(path, tmp_path / "d")
    assert connections(import_celegans(path, tmp_path / "d", on_error="skip"))["I1L", "I2L", "electrical"] == 3
    with pytest.raises(ImportDataError, match="sex must be"):
        import_celegans(path, tmp_path / "e", sex="worm")  # type: ignore[arg-type]


def test_lists_of_connections_in_every_form(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    rows = [("ADAL", "ADAR", "electrical", 1), ("ADAL", "AIBR", "chemical", 4), ("AIBR", "ADAL", "chemical", 2)]
    expected = {(a, b, kind): n for a, b, kind, n in rows}
    book = openpyxl.Workbook()
    book.active.title = "witvliet_2020_1 L1"
    for row in [("pre", "post", "type", "synapses"), *rows]:
        book.active.append(row)
    book.save(tmp_path / "witvliet_2020_1 L1.xlsx")
    book.close()
    (tmp_path / "white_1986_whole.csv").write_text(
        "pre\tpost\ttype\tsynapses\n" + "".join("\t".join(map(str, r)) + "\n" for r in rows)
    )
    (tmp_path / "herm_full_edgelist.csv").write_text(
        "Source,Target,Weight,Type\n" + "".join(f"{a} , {b}           ,{n},{kind}\n" for a, b, kind, n in rows)
    )
    (tmp_path / "n.json").write_text(
        json.dumps([dict(zip(("pre", "post", "type", "synapses"), r, strict=True)) for r in rows])
    )
    for i, name in enumerate(["witvliet_2020_1 L1.xlsx", "white_1986_whole.csv", "herm_full_edgelist.csv", "n.json"]):
        assert connections(import_celegans(tmp_path / name, tmp_path / str(i))) == expected, name


def test_what_is_none_of_these_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}')
    (tmp_path / "b.json").write_text('[{"pre": "A"')
    (tmp_path / "c.csv").write_text("cell,bilateral\nADAL,1\n")
    (tmp_path / "d.xlsx").write_bytes(b"PK\x03\x04 and nothing more")
    for name, said in (
        ("a.json", "is no list of connections"),
        ("b.json", "cannot be read as JSON"),
        ("c.csv", "No column of c.csv is recognised as pre_id; its columns: 'cell', 'bilateral'"),
        ("d.xlsx", "is not a readable xlsx workbook"),
    ):
        with pytest.raises(ImportDataError, match=said):
            import_celegans(tmp_path / name, tmp_path / "d")
    broken = workbook(tmp_path / "e.xlsx", gap={("I1L", "I2L"): "many"})  # type: ignore[dict-item]
    with pytest.raises(
        ImportDataError, match=r"sheet 'hermaphrodite gap jn symmetric', line 4 .I1L., column 'I2L': 'many'"
    ):
        import_celegans(broken, tmp_path / "d")


def test_the_published_list_of_cook(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "c_elegans" / "cook2019_herm_full_edgelist.csv"
    if not path.exists():
        pytest.skip("no list of Cook et al. 2019")
    with pytest.raises(ImportDataError, match="between 'AVAL' and 'VA05' has weight 5 one way and 4 the other"):
        import_celegans(path, tmp_path / "d")
    report = import_celegans(path, tmp_path / "d", on_error="skip")
    raw: Counter[tuple[str, str, str]] = Counter()
    with path.open() as file:
        for row in csv.DictReader(file):
            a, b, kind = row["Source"].strip(), row["Target"].strip(), row["Type"].strip()
            if kind == "chemical":
                raw[a, b, kind] += int(row["Weight"])
            else:
                raw[min(a, b), max(a, b), kind] = max(raw[min(a, b), max(a, b), kind], int(row["Weight"]))
    assert connections(report) == raw
    assert report.rows_read == report.rows_kept + sum(x.rows for x in report.left_out)
