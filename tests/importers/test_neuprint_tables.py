"""Flat downloads of neuPrint's datasets, in the layouts of the hemibrain, MANC and the male CNS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pytest

from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_neuprint

BIG = 2**53 + 1


def feather(path: Path, **columns: Any) -> Path:
    pyarrow.feather.write_feather(pa.table(columns), path)
    return path


def connections(report: ImportReport) -> dict[tuple[int, int, str | None], int]:
    names: dict[int | None, str | None] = {None: None, 0: "outside"}
    if report.dataset.has("regions"):
        names |= {r["region_id"]: r["name"] for r in report.dataset.table("regions").to_pylist()}
    rows = report.dataset.table("connections").to_pylist()
    return {(r["pre_id"], r["post_id"], names[r["region_id"]]): r["synapses"] for r in rows}


def neurons(report: ImportReport) -> dict[int, dict[str, Any]]:
    return {r["neuron_id"]: r for r in report.dataset.table("neurons").to_pylist()}


@pytest.mark.parametrize(
    ("totals", "by_roi"),
    [
        ("traced-total-connections.csv", "traced-roi-connections.csv"),  # hemibrain v1.2
        ("traced-connections.csv", "traced-connections-per-roi.csv"),  # MANC v1.0
    ],
)
def test_traced_adjacencies(totals: str, by_roi: str, tmp_path: Path) -> None:
    (tmp_path / "traced-neurons.csv").write_text(f"bodyId,type,instance\n1,EPG,EPG(PB08)_L8\n{BIG},ER4d,ER4d_R\n3,,\n")
    (tmp_path / totals).write_text(f"bodyId_pre,bodyId_post,weight\n1,{BIG},7\n{BIG},1,2\n")
    (tmp_path / by_roi).write_text(
        f"bodyId_pre,bodyId_post,roi,weight\n1,{BIG},EB,4\n1,{BIG},NotPrimary,3\n{BIG},1,PB,2\n"
    )
    report = import_neuprint([tmp_path / n for n in ("traced-neurons.csv", totals, by_roi)], tmp_path / "d")
    assert connections(report) == {(1, BIG, "EB"): 4, (1, BIG, "outside"): 3, (BIG, 1, "PB"): 2}
    assert {i: (n["type"], n["side"]) for i, n in neurons(report).items()} == {
        1: ("EPG", "left"),
        BIG: ("ER4d", "right"),
        3: (None, None),
    }


def properties(folder: Path) -> Path:
    """As manc-v1.0-neuron-properties.feather: every body, roiInfo with a place for every region."""
    some = {"pre": 3, "post": 5, "upstream": 5, "downstream": 10}
    other = {"pre": 1, "post": 2, "upstream": 2, "downstream": 4}
    return feather(
        folder / "manc-v1.0-neuron-properties.feather",
        bodyId=pa.array([1, BIG, 3, 99], pa.int64()),
        instance=["a_T1_L", "DNa02_R", None, None],
        type=["IN1", "DNa02", None, None],
        status=["Traced", "Traced", "Assign", None],
        cropped=[False, None, True, None],
        somaSide=["LHS", "RHS", None, None],
        predictedNt=["gaba", "acetylcholine", None, None],
        pre=pa.array([10, 20, 30, 0], pa.int64()),
        post=pa.array([5, 6, 7, 0], pa.int64()),
        upstream=pa.array([5, 6, 7, 0], pa.int64()),
        downstream=pa.array([40, 50, 60, 0], pa.int64()),
        size=pa.array([1000, 2000, 3000, 1], pa.int64()),
        somaLocation=pa.array([[1, 2, 3], None, [4, 5, 6], None], pa.list_(pa.int64())),
        roiInfo=pa.array([{"LTct": some, "CV": None}, {"LTct": None, "CV": other}, None, None]),
    )


def weights(folder: Path) -> Path:
    """As connectome-weights-male-cns-v0.9-minconf-0.5.feather: every segment, unsigned ids."""
    return feather(
        folder / "connectome-weights-male-cns-v0.9-minconf-0.5.feather",
        body_pre=pa.array([1, BIG, 99, 3], pa.uint64()),
        body_post=pa.array([BIG, 1, 1, 1], pa.uint64()),
        weight=pa.array([3, 4, 1, 2], pa.int32()),
    )


def test_properties_and_weights(tmp_path: Path) -> None:
    report = import_neuprint([properties(tmp_path), weights(tmp_path)], tmp_path / "d")
    assert connections(report) == {(1, BIG, None): 3, (BIG, 1, None): 4, (99, 1, None): 1, (3, 1, None): 2}
    one = neurons(report)[1]
    assert (one["name"], one["side"], one["nt"], one["complete"], one["soma_z_nm"]) == (
        "a_T1_L",
        "left",
        "gaba",
        True,
        24,
    )
    assert (one["inputs"], one["outputs"], one["volume_nm3"]) == (5, 40, 512_000.0)
    tree = {r["region_id"]: r["name"] for r in report.dataset.table("regions").to_pylist()} | {0: "outside"}
    figures = report.dataset.table("neuron_regions").to_pylist()
    assert {(r["neuron_id"], tree[r["region_id"]]): (r["inputs"], r["outputs"]) for r in figures} == {
        (1, "LTct"): (5, 10),
        (1, "outside"): (0, 30),
        (BIG, "CV"): (2, 4),
        (BIG, "outside"): (4, 46),
        (3, "outside"): (7, 60),
    }


def test_only_neurons_of_a_status(tmp_path: Path) -> None:
    files = [properties(tmp_path), weights(tmp_path)]
    report = import_neuprint(files, tmp_path / "d", status="Traced")
    assert connections(report) == {(1, BIG, None): 3, (BIG, 1, None): 4}
    assert set(neurons(report)) == {1, BIG}
    assert [(x.reason, x.rows) for x in report.left_out] == [("a pair with a neuron that is not of status Traced", 2)]
    assert (report.rows_read, report.rows_kept) == (4, 2)
    with pytest.raises(ImportDataError, match="no file has records with a status"):
        import_neuprint(files[1], tmp_path / "e", status="Traced")
    with pytest.raises(
        ImportDataError, match=r"No record has the status Tracd; there are 'Traced' \(2\), 'Assign' \(1\)"
    ) as no:
        import_neuprint(files, tmp_path / "e", status="Tracd")
    assert no.value.hint == "Did you mean 'Traced'?"
    with pytest.raises(ImportDataError, match="No record has the status Orphan") as no:
        import_neuprint(files, tmp_path / "e", status="Orphan")
    assert no.value.hint == "Spell it as the records do."


def test_annotations_and_transmitters_of_the_male_cns(tmp_path: Path) -> None:
    notes = feather(
        tmp_path / "body-annotations-male-cns-v0.9-minconf-0.5.feather",
        bodyId=pa.array([1, BIG], pa.int64()),
        type=["IN1", "DNa02"],
        superclass=["vnc_intrinsic", "descending_neuron"],
        somaSide=["L", "R"],
        status=["Traced", "Traced"],
        somaLocation=["[100, 200, 300]", None],
    )
    nts = feather(
        tmp_path / "body-neurotransmitters-male-cns-v0.9.feather",
        body=pa.array([1, BIG, 12345], pa.int64()),
        predicted_nt=["gaba", "glutamate", "gaba"],
        consensus_nt=["gaba", "acetylcholine", "gaba"],
    )
    report = import_neuprint([notes, nts, weights(tmp_path)], tmp_path / "d", status="Traced")
    found = neurons(report)
    assert set(found) == {1, BIG}
    assert (found[1]["class"], found[1]["side"], found[1]["soma_x_nm"], found[1]["inputs"]) == (
        "vnc_intrinsic",
        "left",
        800,
        4,
    )
    assert (found[BIG]["nt"], found[BIG]["predicted_nt"], found[BIG]["outputs"]) == ("acetylcholine", "glutamate", 4)
    assert any("1 bodies of body-neurotransmitters" in note for note in report.notes)


def test_a_truncated_table_is_one_clear_error(tmp_path: Path) -> None:
    whole = properties(tmp_path)
    (tmp_path / "cut.feather").write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(ImportDataError, match=r"cut.feather' begins like a Feather file but cannot be read"):
        import_neuprint([tmp_path / "cut.feather", weights(tmp_path)], tmp_path / "d")
