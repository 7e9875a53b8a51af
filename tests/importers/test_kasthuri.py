"""The synapses of Kasthuri et al. 2015: the published layout, by hand, and the published table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_kasthuri

TITLES = {
    0: "Synapse No.",
    1: "PSD centroid \n(microns from origin, pixel (1,1,1))",
    8: "Axon No",
    9: "Dendrite No",
    4: "PSD cenroid",
    5: "Synapse located\nwithin cylinder 1, 2, or 3",
    10: "Axon type",
    19: "PSD size\nmetric\n(pixels)",
    21: "Spine Volume\n(cubic microns)",
    24: None,
}
ONE = [
    1,
    26.7,
    48.048,
    31.26,
    "  4450  8008  1042",
    0,
    0,
    1,
    6492,
    17,
    0,
    0,
    -1,
    -1,
    -1,
    1,
    -1,
    1,
    0,
    1137,
    81,
    21854,
    -1,
    1,
    " ",
]
TWO = [2, 34.872, 50.124, 36.24, "", 1, 0, 0, 3837, 17, 1, 442, 0, 137, 1, 0, 23.5611, 0, 0, 246, 0, -1, 1, 0, " "]


def book(path: Path, *rows: list[Any]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.Workbook()
    made.active.append([TITLES.get(i, f"column {i}") for i in range(25)])
    made.active.append([" ", "x", "y", "z", " ", 1, 2, 3, *[None] * 17])
    for row in rows:
        made.active.append(row)
    made.save(path)
    made.close()
    return path


def synapses(report: ImportReport) -> dict[int, dict[str, Any]]:
    return {r["synapse_id"]: r for r in report.dataset.table("synapses").to_pylist()}


def test_every_column(tmp_path: Path) -> None:
    report = import_kasthuri(book(tmp_path / "mmc2.xlsx", ONE, TWO), tmp_path / "d")
    one, two = synapses(report)[1], synapses(report)[2]
    assert (one["pre_id"], one["post_id"], one["post_x_nm"], one["post_y_nm"], one["post_z_nm"]) == (
        6492,
        17,
        26700,
        48048,
        31260,
    )
    assert (one["size"], one["spine"], one["spine_volume"], one["on_spine"], one["spine_apparatus"]) == (
        1137,
        81,
        21854,
        True,
        None,
    )
    assert (one["bouton"], one["axon_terminal"], one["vesicles"], one["axon_length_um"]) == (None, None, None, None)
    assert (two["bouton"], two["axon_terminal"], two["vesicles"], two["axon_length_um"]) == (442, False, 137, 23.5611)
    assert (two["spine"], two["spine_volume"], two["on_spine"], two["axon_type"]) == (None, None, False, "inhibitory")
    assert [two[f"in_cylinder_{i}"] for i in (1, 2, 3)] == [True, False, False]
    kinds = {(r["neuron_id"], r["class"], r["type"], r["inputs"]) for r in report.dataset.table("neurons").to_pylist()}
    assert kinds == {
        (6492, "axon", "excitatory", 0),
        (3837, "axon", "inhibitory", 0),
        (17, "dendrite", "excitatory", 2),
    }


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    bad = [*TWO[:10], 7, *TWO[11:]]
    with pytest.raises(ImportDataError, match="row 4, column 'axon_type': '7' is no code of this column"):
        import_kasthuri(book(tmp_path / "a.xlsx", ONE, bad), tmp_path / "d")
    report = import_kasthuri(tmp_path / "a.xlsx", tmp_path / "d", on_error="skip")
    assert (report.rows_read, report.rows_kept, [x.rows for x in report.left_out]) == (2, 1, [1])
    with pytest.raises(ImportDataError, match="Synapse 1 stands 2 times"):
        import_kasthuri(book(tmp_path / "b.xlsx", ONE, TWO, ONE), tmp_path / "e")
    openpyxl = pytest.importorskip("openpyxl")
    other = openpyxl.Workbook()
    other.active.append(["pre", "post"])
    other.save(tmp_path / "c.xlsx")
    with pytest.raises(
        ImportDataError, match=r"is not the table of synapses of Kasthuri et al. 2015; its first columns: 'pre', 'post'"
    ):
        import_kasthuri(tmp_path / "c.xlsx", tmp_path / "f")


def test_the_published_table(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "kasthuri2015" / "mmc2.xls"
    xlrd = pytest.importorskip("xlrd")
    if not path.exists():
        pytest.skip("no mmc2.xls")
    report = import_kasthuri(path, tmp_path / "d")
    sheet = xlrd.open_workbook(path).sheet_by_index(0)
    raw = [sheet.row_values(i) for i in range(2, sheet.nrows)]
    rows = synapses(report)
    assert len(rows) == len(raw) == 1_700
    pairs = Counter((int(r[8]), int(r[9])) for r in raw)
    kept = {(r["pre_id"], r["post_id"]): r["synapses"] for r in report.dataset.table("connections").to_pylist()}
    assert kept == pairs
    for r in raw[::97]:
        mine = rows[int(r[0])]
        assert [mine[f"post_{a}_nm"] for a in "xyz"] == [round(1000 * v) for v in r[1:4]]
        assert (mine["size"], mine["on_spine"]) == (int(r[19]), {1: True, 0: False}.get(r[17]))
        x, y, z = (int(part) for part in r[4].split())
        assert [mine[f"post_{a}_nm"] for a in "xyz"] == [6 * x, 6 * y, 30 * z]
