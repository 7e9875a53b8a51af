"""Positions of somata beside the marked point of the same row: which of the two is kept."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from graphkit.importers import ImportReport, import_cave

BIG = 720575940621039145
POINTS = {BIG: (103860, 44385, 891), 2**53 + 1: (84054, 50604, 1424), 7: (0, 54333, 304)}


def imported(tmp_path: Path, soma: dict[int, tuple[object, ...]], points: dict[int, str]) -> ImportReport:
    (tmp_path / "s.csv").write_text(f"id,pre_pt_root_id,post_pt_root_id\n1,{BIG},7\n")
    rows = "".join(f'{i},"{points[i]}",{",".join(map(str, xyz))}\n' for i, xyz in soma.items())
    (tmp_path / "n.csv").write_text(f"pt_root_id,pt_position,soma_x_nm,soma_y_nm,soma_z_nm\n{rows}")
    return import_cave(tmp_path / "s.csv", tmp_path / "d", neurons=tmp_path / "n.csv")


def somata(report: ImportReport) -> dict[int, tuple[int | None, ...]]:
    rows = report.dataset.table("neurons").to_pylist()
    return {r["neuron_id"]: tuple(r[f"soma_{a}_nm"] for a in "xyz") for r in rows}


@pytest.mark.parametrize("written", ["[{}  {} {}]", "[{}, {}, {}]", "{} {} {}"])
def test_somata_made_from_x_alone_are_put_at_the_marked_point(tmp_path: Path, written: str) -> None:
    wrong = {i: (4 * x, 4 * x, 40 * x) for i, (x, _, _) in POINTS.items()}
    report = imported(tmp_path, wrong, {i: written.format(*p) for i, p in POINTS.items()})
    assert somata(report) == {i: (4 * x, 4 * y, 40 * z) for i, (x, y, z) in POINTS.items()}
    assert any("the somata of 3 of 3 neurons" in note for note in report.notes)


def test_points_in_another_unit_leave_the_somata_alone(tmp_path: Path) -> None:
    right = {i: (8 * x, 8 * y, 33 * z) for i, (x, y, z) in POINTS.items()}
    report = imported(tmp_path, right, {i: "[{} {} {}]".format(*p) for i, p in POINTS.items()})
    assert somata(report) == right
    assert not any("somata" in note for note in report.notes)


def test_a_soma_or_a_point_that_is_not_given_is_not_made_up(tmp_path: Path) -> None:
    wrong: dict[int, tuple[object, ...]] = {i: (4 * x, 4 * x, 40 * x) for i, (x, _, _) in POINTS.items()}
    points = {i: "[{} -{} {}]".format(*p) for i, p in POINTS.items()}
    report = imported(tmp_path, {**wrong, 8: ("", "", ""), 9: (5, 6, 7)}, {**points, 8: "[1 2 3]", 9: ""})
    marked = {i: (4 * x, -4 * y, 40 * z) for i, (x, y, z) in POINTS.items()}
    assert somata(report) == {**marked, 8: (None, None, None), 9: (5, 6, 7)}
    assert any("the somata of 3 of 3 neurons" in note for note in report.notes)


def test_the_somata_of_pinky100_are_where_they_are_marked(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "microns_pinky100"
    if not folder.exists():
        pytest.skip("needs microns_pinky100")
    table = folder / "soma_valence_v185.csv"
    synapses = folder / "soma_subgraph_synapses_spines_v185.csv"
    report = import_cave(synapses, tmp_path / "d", neurons=table, on_error="skip")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    marked: dict[int, tuple[int, ...]] = {}
    for row in rows:
        x, y, z = map(int, re.findall(r"\d+", row["pt_position"]))
        marked.setdefault(int(row["pt_root_id"]), (4 * x, 4 * y, 40 * z))
    assert somata(report) == marked
