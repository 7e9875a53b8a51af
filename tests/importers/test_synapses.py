"""Tables of synapses: ids, positions, regions, filters; the books balance."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_cave, import_synapses

BIG = 720575940621039145


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def synapses(report: ImportReport) -> list[dict[str, Any]]:
    return sorted(report.dataset.table("synapses").to_pylist(), key=lambda r: r["synapse_id"])


HEADER = "id,pre_root_id,post_root_id,pre_x,pre_y,pre_z,post_x,post_y,post_z,cleft_score,neuropil,flavour\n"


def test_a_row_is_kept_as_it_is(tmp_path: Path) -> None:
    source = write(tmp_path / "s.csv", HEADER + f"7,{BIG},{2**53 + 1},1,-2,3.6,4,5,6,50,EB,sweet\n8,1,2,,,,,,,,None,\n")
    report = import_synapses(source, tmp_path / "d")
    first, second = synapses(report)
    assert (first["pre_id"], first["post_id"], first["score"], first["flavour"]) == (BIG, 2**53 + 1, 50.0, "sweet")
    assert [first[f"{e}_{a}_nm"] for e in ("pre", "post") for a in "xyz"] == [1, -2, 4, 4, 5, 6]
    assert report.dataset.table("regions").to_pylist()[0]["name"] == "EB"
    assert (first["region_id"], second["region_id"]) == (1, 0)  # None says: in no region
    assert second["post_x_nm"] is None
    assert report.dataset.table("connections").num_rows == 2


def test_regions_are_a_list_of_different_names(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i % 3},{i % 5},{['FB', 'EB', '', 'UNASGD'][i % 4]}\n" for i in range(40))
    report = import_synapses(write(tmp_path / "s.csv", "id,pre,post,neuropil\n" + rows), tmp_path / "d")
    names = {r["region_id"]: r["name"] for r in report.dataset.table("regions").to_pylist()}
    assert names == {1: "EB", 2: "FB"}
    assert [r["region_id"] for r in synapses(report)] == [2, 1, None, 0] * 10


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([0, 1, 2**53 + 1, BIG]),
            st.sampled_from([0, 2, BIG, "x", "7e17", -1, 2**63]),
            st.integers(-(10**12), 10**12),
        ),
        min_size=1,
        max_size=25,
    ),
    split=st.integers(0, 25),
)
def test_skip_keeps_the_good_rows_and_counts_the_bad(rows: list[Any], split: int, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("s")
    numbered = list(enumerate(rows))
    good = {
        i: (a or None, b or None, x * 4)
        for i, (a, b, x) in numbered
        if isinstance(b, int) and 0 <= b < 2**63 and -(2**31) <= x * 4 < 2**31
    }
    files = []
    for n, part in enumerate([numbered[:split], numbered[split:]]):
        if part:
            files.append(folder / f"{n}.csv")
            with files[-1].open("w", newline="") as file:
                csv.writer(file).writerows(
                    [("id", "pre", "post", "x", "y", "z"), *((i, a, b, x, 0, 0) for i, (a, b, x) in part)]
                )
    options: dict[str, Any] = {"unassigned_id": 0, "position_unit_nm": (4, 1, 1), "on_error": "skip"}
    if not good:
        with pytest.raises(ImportDataError, match="no synapse to import"):
            import_synapses(files, folder / "d", **options)
        return
    report = import_synapses(files, folder / "d", **options)
    assert {r["synapse_id"]: (r["pre_id"], r["post_id"], r["post_x_nm"]) for r in synapses(report)} == good
    assert report.rows_read == len(rows) == report.rows_kept + sum(x.rows for x in report.left_out)
    expected = Counter((a, b) for a, b, _ in good.values() if a is not None and b is not None)
    rows_out = report.dataset.table("connections").to_pylist()
    assert {(r["pre_id"], r["post_id"]): r["synapses"] for r in rows_out} == dict(expected)


def test_rows_without_ids_are_numbered_over_the_files(tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", "pre,post\n1,2\nx,2\n3,4\n")
    b = write(tmp_path / "b.csv", "pre,post\n5,6\n")
    report = import_synapses([a, b], tmp_path / "d", on_error="skip")
    assert [(r["synapse_id"], r["pre_id"]) for r in synapses(report)] == [(1, 1), (3, 3), (4, 5)]


def test_a_synapse_id_names_one_synapse(tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", "id,pre,post\n1,1,2\n9,3,4\n")
    b = write(tmp_path / "b.csv", "id,pre,post\n9,5,6\n")
    with pytest.raises(ImportDataError, match="Synapse id 9 stands 2 times"):
        import_synapses([a, b], tmp_path / "d")
    report = import_synapses([a, b], tmp_path / "d", on_error="skip")
    assert [(r["synapse_id"], r["pre_id"]) for r in synapses(report)] == [(1, 1), (9, 3)]
    assert (report.rows_read, report.rows_kept) == (3, 2)


def test_voxels_need_a_size_and_nanometres_do_not(tmp_path: Path) -> None:
    text = "pre,post,pre_pos_x_vx,pre_pos_y_vx,pre_pos_z_vx,post_x_nm,post_y_nm,post_z_nm\n1,2,10,20,30,1,2,3\n"
    source = write(tmp_path / "s.csv", text)
    with pytest.raises(ImportDataError, match=r"'pre_pos_x_vx' of s.csv holds positions in voxels"):
        import_synapses(source, tmp_path / "d")
    report = import_synapses(source, tmp_path / "d", position_unit_nm=(4, 4, 40))
    row = synapses(report)[0]
    assert [row[f"{e}_{a}_nm"] for e in ("pre", "post") for a in "xyz"] == [40, 80, 1200, 1, 2, 3]
    assert report.dataset.snapshot.voxel_size_nm == {"x": 4.0, "y": 4.0, "z": 40.0}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,2,999999999999,0,0", r"line 2, column 'x': '999999999999' is beyond 2.1 metres"),
        ("1,2,left,0,0", "column 'x': 'left' is not a number"),
        ("1,2.0,1,1,1", "column 'post': '2.0' is a floating-point number"),
    ],
)
def test_cells_that_cannot_be(row: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match=said):
        import_synapses(write(tmp_path / "s.csv", f"pre,post,x,y,z\n{row}\n"), tmp_path / "d")


def test_kinds_are_words_that_are_known(tmp_path: Path) -> None:
    source = write(tmp_path / "s.csv", "pre,post,kind\n3,2,Electrical\n1,2,\n1,2,peptide\n")
    with pytest.raises(ImportDataError, match=r"line 4, column 'kind': 'peptide' is no kind"):
        import_synapses(source, tmp_path / "d")
    report = import_synapses(source, tmp_path / "d", on_error="skip")
    found = {(r["pre_id"], r["post_id"], r["kind"]) for r in report.dataset.table("connections").to_pylist()}
    assert found == {(2, 3, "electrical"), (1, 2, "chemical")}


def test_options_of_the_build_are_recorded(tmp_path: Path) -> None:
    source = write(tmp_path / "s.csv", "pre,post,score\n1,2,9\n1,2,1\n")
    report = import_synapses(source, tmp_path / "d", options=BuildOptions(min_score=5))
    assert report.dataset.table("connections")["synapses"].to_pylist() == [1]
    assert report.dataset.table("synapses").num_rows == 2
    assert report.dataset.snapshot.build is not None
    assert report.dataset.snapshot.build["min_score"] == 5


def test_neurons_and_their_own_columns(tmp_path: Path) -> None:
    source = write(tmp_path / "s.csv", "pre,post\n1,2\n")
    lines = ["root_id,cell_type,side,soma_x_nm,inputs", "1,ER4d,L,100,5", f"{BIG},EPG,m,,", "1,ER4d,L,100,5"]
    table = write(tmp_path / "n.csv", "\n".join(lines))
    rows = import_synapses(source, tmp_path / "d", neurons=table).dataset.table("neurons").to_pylist()
    got = {r["neuron_id"]: (r["type"], r["side"], r["soma_x_nm"], r["source_inputs"], r["inputs"]) for r in rows}
    expected = {1: ("ER4d", "left", 100, 5, 0), 2: (None, None, None, None, 1), BIG: ("EPG", "center", None, None, 0)}
    assert got == expected


def test_a_neuron_described_twice(tmp_path: Path) -> None:
    source = write(tmp_path / "s.csv", "pre,post\n1,2\n")
    table = write(tmp_path / "n.csv", "id,type\n1,a\n1,b\nx,c\n")
    with pytest.raises(ImportDataError, match=r"n.csv, line 4, column 'id': 'x' is not a whole number"):
        import_synapses(source, tmp_path / "d", neurons=table)
    report = import_synapses(source, tmp_path / "d", neurons=table, on_error="skip")
    assert {r["neuron_id"]: r["type"] for r in report.dataset.table("neurons").to_pylist()} == {1: "a", 2: None}
    assert sum("rows of n.csv were left out" in n for n in report.notes) == 2
    assert (report.rows_read, report.left_out) == (1, ())


@pytest.mark.parametrize("more", ["", ",region"])
def test_the_region_of_the_postsynaptic_point_is_that_of_the_synapse(tmp_path: Path, more: str) -> None:
    """As neuPrint gives it, with another column of regions beside it or without."""
    tail = more and ",X"
    source = write(tmp_path / "s.csv", f"pre,post,roi_post{more}\n1,2,EB{tail}\n2,1,FB{tail}\n2,1,FB{tail}\n")
    dataset = import_synapses(source, tmp_path / "d").dataset
    assert {r["region"]: r["inputs"] for r in dataset.query("regions") if r["inputs"]} == {"EB": 1, "FB": 2}
    assert [r["synapses"] for r in dataset.query("connections in FB")] == [2]


def test_cave_positions_in_brackets_and_in_lists(tmp_path: Path) -> None:
    header = "id,pre_pt_root_id,post_pt_root_id,size,pre_pt_position,post_pt_position"
    source = write(tmp_path / "s.csv", f'{header}\n1,{BIG},0,12,[10  20 30],"[1, 2, 3]"\n')
    row = synapses(import_cave(source, tmp_path / "d"))[0]
    expected = [40, 80, 1200, 4, 8, 120]
    assert [row[f"{e}_{a}_nm"] for e in ("pre", "post") for a in "xyz"] == expected
    assert (row["pre_id"], row["post_id"], row["size"]) == (BIG, None, 12)
    columns = {"id": [1], "pre_pt_root_id": [BIG], "post_pt_root_id": [0]}
    columns |= {"pre_pt_position": [[10, 20, 30]], "post_pt_position": [[1, 2, 3]]}
    pq.write_table(pa.table(columns), tmp_path / "s.parquet")
    row = synapses(import_cave(tmp_path / "s.parquet", tmp_path / "e"))[0]
    assert [row[f"{e}_{a}_nm"] for e in ("pre", "post") for a in "xyz"] == expected


def test_cave_root_id_0_is_not_assigned(tmp_path: Path) -> None:
    source = write(tmp_path / "s.csv", "id,pre_pt_root_id,post_pt_root_id\n1,0,5\n2,0,0\n3,5,6\n")
    report = import_cave(source, tmp_path / "d")
    assert report.rows_kept == 3
    assert any("2 synapses have no presynaptic and 1 no postsynaptic neuron" in n for n in report.notes)
    assert report.dataset.table("connections").num_rows == 1
    assert report.dataset.table("neurons")["neuron_id"].to_pylist() == [5, 6]


@pytest.fixture(scope="module")
def pinky() -> Path:
    folder = os.environ.get("GRAPHKIT_REAL_DATA")
    path = Path(folder or "") / "microns_pinky100/soma_subgraph_synapses_spines_v185.csv"
    if not folder or not path.exists():
        pytest.skip("needs GRAPHKIT_REAL_DATA with microns_pinky100")
    return path


def test_pinky100_is_intact(pinky: Path, tmp_path: Path) -> None:
    report = import_cave(pinky, tmp_path / "d")
    with pinky.open(newline="") as file:
        expected = {int(r["id"]): r for r in csv.DictReader(file)}
    rows = synapses(report)
    assert len(rows) == report.rows_kept == len(expected) == 1961
    for row in rows:
        said = expected[row["synapse_id"]]
        assert (row["pre_id"], row["post_id"]) == (int(said["pre_root_id"]), int(said["post_root_id"]))
        assert row["size"] == int(said["cleft_vx"])
        assert row["post_z_nm"] == 40 * int(said["post_pos_z_vx"])
        assert row["ctr_pt_x_nm"] == int(said["ctr_pt_x_nm"])
    counted = Counter((int(r["pre_root_id"]), int(r["post_root_id"])) for r in expected.values())
    got = {(r["pre_id"], r["post_id"]): r["synapses"] for r in report.dataset.table("connections").to_pylist()}
    assert got == dict(counted)
