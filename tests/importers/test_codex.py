"""FlyWire Codex: tables in the published layouts, and the published tables themselves."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import graphkit
from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_codex

A, B, C = 720575940621039145, 720575940596125868, 720575940628857210
CONNECTIONS = f"""pre_root_id,post_root_id,neuropil,syn_count,nt_type
{A},{B},ME_L,7,ACH
{A},{B},ME_R,2,ACH
{A},{C},UNASGD,1,ACH
{B},{C},MB_CA_R,3,GABA
{B},{C},EB,4,GABA
{C},{C},GNG,2,
"""
NEURONS = (
    f"root_id,group,nt_type,nt_type_score,da_avg\n{A},ME.LO,ACH,0.57,0.03\n{B},EB,GABA,0.8,0.0\n{C},GNG,,0.0,0.0\n"
)
CLASSES = f"""root_id,flow,super_class,class,sub_class,hemilineage,side,nerve
{A},intrinsic,optic,optic_lobe_intrinsic,t4_neuron,,right,
{B},intrinsic,central,CX,ring,EBa1,left,
{C},afferent,sensory,,,,center,AN
"""


def gz(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def located(report: ImportReport) -> dict[tuple[int, int, str | None], int]:
    names = {r["region_id"]: r["name"] for r in report.dataset.table("regions").to_pylist()} | {
        0: "outside",
        None: None,
    }
    return {
        (r["pre_id"], r["post_id"], names[r["region_id"]]): r["synapses"]
        for r in report.dataset.table("connections").to_pylist()
    }


def neurons(report: ImportReport) -> dict[int, dict[str, Any]]:
    return {r["neuron_id"]: r for r in report.dataset.table("neurons").to_pylist()}


def test_regions_are_resolved_and_nest(tmp_path: Path) -> None:
    report = import_codex(gz(tmp_path / "connections.csv.gz", CONNECTIONS), tmp_path / "d")
    assert located(report) == {
        (A, B, "ME_L"): 7,
        (A, B, "ME_R"): 2,
        (A, C, "outside"): 1,
        (B, C, "MB_CA_R"): 3,
        (B, C, "EB"): 4,
        (C, C, "GNG"): 2,
    }
    rows = report.dataset.table("regions").to_pylist()
    names = {r["region_id"]: r["name"] for r in rows}
    tree = {r["name"]: names.get(r["parent_id"]) for r in rows}
    assert tree == {
        "OL": None,
        "ME": "OL",
        "ME_L": "ME",
        "ME_R": "ME",
        "MB": None,
        "MB_CA": "MB",
        "MB_CA_R": "MB_CA",
        "CX": None,
        "EB": "CX",
        "GNG": None,
    }
    assert report.dataset.graph(region="ME").synapses_of(A, B) == 9
    assert report.dataset.graph(region="OL", min_synapses=9).n_connections == 1  # the pair's sum over both sides
    assert (report.rows_read, report.rows_kept, report.left_out) == (6, 6, ())


def test_the_older_table_without_a_header(tmp_path: Path) -> None:
    whole = import_codex(gz(tmp_path / "a.csv.gz", CONNECTIONS), tmp_path / "a")
    bare = import_codex(gz(tmp_path / "b.csv.gz", CONNECTIONS.split("\n", 1)[1]), tmp_path / "b")
    assert located(bare) == located(whole)
    assert bare.rows_read == 6
    broken = CONNECTIONS.split("\n", 1)[1].replace(",4,GABA", ",many,GABA")
    with pytest.raises(ImportDataError, match="line 5, column 'syn_count': 'many' is not a number"):
        import_codex(gz(tmp_path / "c.csv.gz", broken), tmp_path / "c")


def test_every_table_of_neurons_is_joined(tmp_path: Path) -> None:
    files = {
        "labels": f"root_id,label,user_id,position,supervoxel_id,label_id,date_created,user_name,user_affiliation\n"
        f"{A},T4a,1,[1 2 3],5,1,2023-01-01,x,y\n{A},putative; T4a,1,[1 2 3],5,2,2023-01-02,x,y\n{A},T4a,2,,5,3,,,\n",
        "visual_neuron_types": f"root_id,type,family,subsystem,category,side\n{A},T4-visual,T4,motion,intrinsic,left\n",
        "classification": CLASSES,
        "neurons": NEURONS,
        "connections": CONNECTIONS,
        "consolidated_cell_types": f'root_id,primary_type,additional_type(s)\n{A},T4a,"x,y"\n{B},ER4d,\n',
        "names": f"root_id,name,group\n{A},ME.LO.1,ME.LO\n",
        "coordinates": f"root_id,position,supervoxel_id\n{A},[399852 205452  56480],1\n{A},[1 1 1],2\n{B},[4 8 40],3\n",
        "cell_stats": f"root_id,length_nm,area_nm,size_nm\n{A},1200,44,9007199254740993\n",
        "connectivity_tags": f'root_id,connectivity_tag\n{B},"rich_club,reciprocal"\n',
    }
    paths = [gz(tmp_path / f"{n}.csv.gz", text) for n, text in files.items()]
    report = import_codex(paths, tmp_path / "d", neurons=gz(tmp_path / "own.csv", f"root_id,lab_note\n{C},mine\n"))
    found = neurons(report)
    assert set(found) == {A, B, C}
    a = found[A]
    assert (a["type"], a["name"], a["side"], a["nt"], a["class"]) == (
        *("T4a", "ME.LO.1", "left", "ACH", "optic_lobe_intrinsic"),
    )
    assert (a["super_class"], a["additional_type(s)"], a["labels"]) == ("optic", "x,y", "T4a; putative; T4a")
    assert (a["position_x_nm"], a["position_y_nm"], a["position_z_nm"]) == (399852, 205452, 56480)
    assert (a["cable_length_nm"], a["soma_x_nm"]) == (1200.0, None)
    assert (found[B]["type"], found[B]["connectivity_tag"], found[B]["position_x_nm"]) == (
        "ER4d",
        "rich_club,reciprocal",
        4,
    )
    assert (found[C]["lab_note"], found[C]["side"], found[C]["nt"]) == ("mine", "center", None)
    said = "\n".join(report.notes)
    assert "The tables differ in 'type' for 1 neurons; the first that says it was kept." in said
    assert "The tables differ in 'side' for 1 neurons" in said
    assert "coordinates.csv.gz: 3 rows, marked positions of 2 neurons" in said


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    good = gz(tmp_path / "connections.csv.gz", CONNECTIONS)
    neurons_only = gz(tmp_path / "neurons.csv.gz", NEURONS)
    foreign = gz(tmp_path / "foreign.csv", "a,b\n1,2\n")
    with pytest.raises(ImportDataError, match=r"None of the files has connections: 'neurons.csv.gz'"):
        import_codex(neurons_only, tmp_path / "d")
    with pytest.raises(
        ImportDataError, match=r"'foreign.csv' is neither connections .* nor neurons .* columns: 'a', 'b'"
    ):
        import_codex([good, foreign], tmp_path / "d")
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(good.read_bytes()[:-20])
    with pytest.raises(ImportDataError, match=r"cut.csv.gz"):
        import_codex(cut, tmp_path / "d")
    other = gz(tmp_path / "princeton.csv.gz", CONNECTIONS.replace("ME_L,7", "ME_L,9"))
    with pytest.raises(ImportDataError, match="has weight 7 in one file and 9 in another"):
        import_codex([good, other], tmp_path / "d")
    bad = CONNECTIONS.replace(str(C), "7.2e17").replace(",3,GABA", ",-3,GABA")
    with pytest.raises(ImportDataError, match=r"line 4, column 'post_root_id': '7.2e17' is a floating-point number"):
        import_codex(gz(tmp_path / "bad.csv.gz", bad), tmp_path / "d")
    report = import_codex(tmp_path / "bad.csv.gz", tmp_path / "d", on_error="skip")
    assert (report.rows_read, report.rows_kept, sum(x.rows for x in report.left_out)) == (6, 2, 4)


def test_a_condition_on_the_connections(tmp_path: Path) -> None:
    files = [gz(tmp_path / "c.csv.gz", CONNECTIONS), gz(tmp_path / "n.csv.gz", NEURONS)]
    report = import_codex(files, tmp_path / "d", where="syn_count >= 3 AND neuropil <> 'EB'")
    assert set(located(report).values()) == {7, 3}
    assert (report.rows_read, report.rows_kept, len(neurons(report))) == (6, 2, 3)


def test_the_published_neurons_with_a_piece_of_the_connections(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "flywire_codex"
    if not folder.exists():
        pytest.skip("no FlyWire tables")
    names = ["neurons.csv.gz", "classification.csv.gz", "edges.parquet"]
    report = import_codex([folder / n for n in names], tmp_path / "d")
    brain = graphkit.open(tmp_path / "d")
    raw: Counter[tuple[int, int]] = Counter()
    for row in pq.read_table(folder / "edges.parquet").to_pylist():
        raw[row["source_id"], row["target_id"]] += int(row["synapse_weight"])
    kept = brain.table("connections").to_pylist()
    assert {(r["pre_id"], r["post_id"]): r["synapses"] for r in kept} == raw
    assert (report.rows_read, report.rows_kept) == (49_442, 49_442)
    with gzip.open(folder / "classification.csv.gz", "rt") as file:
        classes = {int(r["root_id"]): r for r in csv.DictReader(file)}
    with gzip.open(folder / "neurons.csv.gz", "rt") as file:
        types = {int(r["root_id"]): r["nt_type"] for r in csv.DictReader(file)}
    table = brain.table("neurons").select(["neuron_id", "side", "class", "super_class", "nt", "nerve"]).to_pylist()
    mine = {r["neuron_id"]: r for r in table}
    assert len(classes) == len(types) == 139_255
    assert {i: (r["side"] or "", r["class"] or "", r["super_class"]) for i, r in mine.items() if i in classes} == {
        i: (r["side"], r["class"], r["super_class"]) for i, r in classes.items()
    }
    assert Counter(r["nt"] or "" for r in mine.values() if r["neuron_id"] in types) == Counter(types.values())
