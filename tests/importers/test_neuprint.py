"""neuPrint downloads: regions that contain each other must count once, pair totals once, whatever the mix of files."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_neuprint
from graphkit.importers.hemibrain import hemibrain_parents

BIG = 720575940621039145


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def record(body: int, inputs: int, outputs: int, rois: dict[str, tuple[int, int]], **more: Any) -> dict[str, Any]:
    info = {n: {"upstream": i, "post": i + 9, "downstream": o, "pre": 1} for n, (i, o) in rois.items()}
    return {"bodyId": body, "upstream": inputs, "downstream": outputs, "roiInfo": info, **more}


def records(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text(json.dumps(rows))
    return path


def region_figures(report: ImportReport) -> dict[tuple[int, str | None], tuple[int, int]]:
    name = {r["region_id"]: r["name"] for r in report.dataset.table("regions").to_pylist()} | {0: None}
    rows = report.dataset.table("neuron_regions").to_pylist()
    return {(r["neuron_id"], name[r["region_id"]]): (r["inputs"], r["outputs"]) for r in rows}


def located(report: ImportReport) -> dict[tuple[int, int, str | None], int]:
    tree = report.dataset.table("regions").to_pylist() if report.dataset.has("regions") else []
    name: dict[int | None, str | None] = {r["region_id"]: r["name"] for r in tree} | {None: "?", 0: None}
    rows = report.dataset.table("connections").to_pylist()
    return {(r["pre_id"], r["post_id"], name[r["region_id"]]): r["synapses"] for r in rows}


def left(report: ImportReport) -> int:
    total = sum(x.rows for x in report.left_out)
    assert report.rows_read == report.rows_kept + total
    return total


def test_figures_of_parents_leave_their_children_out(tmp_path: Path) -> None:
    pairs = write(tmp_path / "p.csv", "bodyId_pre,bodyId_post,weight\n1,2,5\n")
    rois = {"CX": (90, 7), "EB": (60, 5), "EBr6": (50, 5), "FB": (20, 0), "FB-column3": (19, 0)}
    json_file = records(tmp_path / "n.json", record(1, 100, 8, rois), record(2, 3, 0, {}))
    report = import_neuprint([pairs, json_file], tmp_path / "d")
    assert region_figures(report) == {
        (1, "CX"): (10, 2),
        (1, "EB"): (10, 0),
        (1, "EBr6"): (50, 5),
        (1, "FB"): (20, 0),
        (1, None): (10, 1),
        (2, None): (3, 0),
    }
    parent = {r["region_id"]: r for r in report.dataset.table("regions").to_pylist()}
    tree = {r["name"]: parent[r["parent_id"]]["name"] if r["parent_id"] else None for r in parent.values()}
    assert tree == {"CX": None, "EB": "CX", "EBr6": "EB", "FB": "CX"}
    assert any("'FB-column3'" in n and "overlap" in n for n in report.notes)
    totals = {r["neuron_id"]: (r["inputs"], r["outputs"]) for r in report.dataset.table("neurons").to_pylist()}
    assert totals == {1: (100, 8), 2: (3, 0)}  # the source's, not the pairs'
    assert located(report) == {(1, 2, "?"): 5}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    own=st.lists(
        st.dictionaries(st.sampled_from(sorted(hemibrain_parents([]))), st.integers(1, 99)), min_size=1, max_size=4
    )
)
def test_rolled_up_again_every_figure_is_the_sources(own: list[dict[str, int]], tmp_path_factory: Any) -> None:
    """Own figures, summed up the tree into inclusive ones and written as roiInfo, come back."""
    folder = tmp_path_factory.mktemp("n")
    parents = hemibrain_parents([])
    rows = []
    for body, figures in enumerate(own, start=1):
        inclusive: Counter[str] = Counter()
        for name, n in figures.items():
            at: str | None = name
            while at is not None:
                inclusive[at] += n
                at = parents[at]
        rows.append(record(body, sum(figures.values()) + body, 0, {r: (n, 0) for r, n in inclusive.items()}))
    pairs = write(folder / "p.csv", "source,target,weight\n1,1,1\n")
    report = import_neuprint([pairs, records(folder / "n.json", *rows)], folder / "d")
    if any(own):
        expected: dict[tuple[int, str | None], tuple[int, int]] = {
            (body, name): (n, 0) for body, figures in enumerate(own, start=1) for name, n in figures.items()
        }
        expected |= {(body, None): (body, 0) for body in range(1, len(own) + 1)}
        assert region_figures(report) == expected


def test_a_child_with_more_than_its_parent(tmp_path: Path) -> None:
    pairs = write(tmp_path / "p.csv", "source,target,weight\n1,2,5\n")
    bad = records(tmp_path / "n.json", record(1, 100, 8, {"CX": (10, 0), "EB": (12, 0)}))
    with pytest.raises(ImportDataError, match="Neuron 1 has 2 inputs more in the regions within CX than in CX itself"):
        import_neuprint([pairs, bad], tmp_path / "d")
    report = import_neuprint([pairs, bad], tmp_path / "d", on_error="skip")
    assert region_figures(report)[1, "EB"] == (12, 0)
    assert any("taken as 0" in n for n in report.notes)


def test_regions_that_overlap_without_a_hierarchy(tmp_path: Path) -> None:
    pairs = write(tmp_path / "p.csv", "source,target,weight\n1,2,5\n")
    json_file = records(tmp_path / "n.json", record(1, 10, 0, {"EB": (8, 0), "CX": (9, 0)}))
    with pytest.raises(ImportDataError, match="regions of neuron 1 have 7 inputs more than the neuron"):
        import_neuprint([pairs, json_file], tmp_path / "d", hierarchy="flat")


@pytest.mark.parametrize(
    "tree",
    [
        {"name": "brain", "children": [{"name": "A*", "children": [{"name": "B"}, {"name": "C", "children": []}]}]},
        {"brain": {"A*": {"B": {}, "C": {}}}},
    ],
)
def test_a_hierarchy_from_a_file(tree: Any, tmp_path: Path) -> None:
    pairs = write(tmp_path / "p.csv", "source,target,weight\n1,2,5\n")
    rois = {"A": (10, 0), "B": (4, 0), "C": (5, 0), "X": (2, 0), "Y": (9, 0)}
    json_file = records(tmp_path / "n.json", record(1, 12, 0, rois))
    hierarchy = write(tmp_path / "tree.json", json.dumps(tree))
    report = import_neuprint([pairs, json_file], tmp_path / "d", hierarchy=hierarchy)
    assert region_figures(report) == {(1, "A"): (1, 0), (1, "B"): (4, 0), (1, "C"): (5, 0), (1, "X"): (2, 0)}
    assert any("'Y'" in n and "overlap" in n for n in report.notes)  # 10 + 2 fill the neuron's 12
    assert any("does not know stand at the top" in n and "'X'" in n for n in report.notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read as JSON"),
        ('{"name": "a", "children": [{"name": "b"}, {"name": "b"}]}', "region 'b' twice"),
        ("[1]", "not laid out as expected"),
        ("[]", "names no region"),
    ],
)
def test_hierarchies_that_are_none(text: str, said: str, tmp_path: Path) -> None:
    pairs = write(tmp_path / "p.csv", "source,target,weight\n1,2,5\n")
    with pytest.raises(ImportDataError, match=said):
        import_neuprint(pairs, tmp_path / "d", hierarchy=write(tmp_path / "tree.json", text))


def test_resolved_rows_count_once(tmp_path: Path) -> None:
    text = "from,to,roi,ROIweight,weight,name.from,type.to\n"
    text += (
        "1,2,CX,9,12,PEN_L,EPG\n1,2,EB,7,12,PEN_L,EPG\n1,2,EBr1,6,12,PEN_L,EPG\n3,2,CX,4,4,,EPG\n3,2,EBr1,4,4,,EPG\n"
    )
    report = import_neuprint(write(tmp_path / "r.csv", text), tmp_path / "d")
    # 12 in all: 9 in CX, of which 7 in EB, of which 6 in EBr1; 3 outside. EB is not listed for 3 -> 2.
    expected = {(1, 2, "EBr1"): 6, (1, 2, "EB"): 1, (1, 2, "CX"): 2, (1, 2, None): 3, (3, 2, "EBr1"): 4}
    assert located(report) == expected
    rows = {r["neuron_id"]: (r["name"], r["side"], r["type"]) for r in report.dataset.table("neurons").to_pylist()}
    assert rows == {1: ("PEN_L", "left", None), 2: (None, None, "EPG"), 3: (None, None, None)}
    assert (report.rows_kept, left(report)) == (5, 0)


def test_resolved_rows_and_totals_agree_or_not(tmp_path: Path) -> None:
    resolved = write(tmp_path / "r.csv", "bodyId_pre,bodyId_post,roi,weight\n1,2,EB,5\n1,2,NotPrimary,1\n")
    totals = write(tmp_path / "t.csv", "bodyId_pre,bodyId_post,weight\n1,2,8\n2,1,4\n")
    report = import_neuprint([resolved, totals], tmp_path / "d")
    assert located(report) == {(1, 2, "EB"): 5, (1, 2, None): 3, (2, 1, "?"): 4}
    small = write(tmp_path / "s.csv", "bodyId_pre,bodyId_post,weight\n1,2,3\n")
    with pytest.raises(ImportDataError, match="regions of 1 to 2 add up to 6, its total is 3"):
        import_neuprint([resolved, small], tmp_path / "e")
    report = import_neuprint([resolved, small], tmp_path / "e", on_error="skip")
    assert located(report) == {(1, 2, "EB"): 5, (1, 2, None): 1}


def test_pair_totals_repeated_in_and_over_files_count_once(tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", f"source,target,weight\n1,{BIG},5\n1,{BIG},5\n2,1,1\n")
    b = write(tmp_path / "b.csv", f"source,target,weight\n1,{BIG},5\n")
    report = import_neuprint([a, b], tmp_path / "d")
    assert located(report) == {(1, BIG, "?"): 5, (2, 1, "?"): 1}
    assert left(report) == 2
    c = write(tmp_path / "c.csv", f"source,target,weight\n1,{BIG},6\n")
    with pytest.raises(ImportDataError, match=f"from 1 to {BIG} has weight 5 in one row and 6 in another"):
        import_neuprint([a, c], tmp_path / "e")
    report = import_neuprint([a, c], tmp_path / "e", on_error="skip")
    assert located(report)[1, BIG, "?"] == 6
    left(report)


@pytest.mark.parametrize(
    ("instance", "side"),
    [
        ("EPG(PB08)_L4", "left"),
        ("PEN_b(PB06b)_R9", "right"),
        ("PFR_b(PB11b)_L1_C2", "left"),
        ("FS4C(FQ12)_C5_R", "right"),
        ("hDeltaK_04_C4", None),
        ("ORN_DL3", None),
        ("LN_L12", None),
        ("SIFa(PDM34)", None),
    ],
)
def test_the_side_that_an_instance_says(tmp_path: Path, instance: str, side: str | None) -> None:
    """As neuPrint writes hemibrain's instances; columnar neurons have the side of their glomerulus."""
    pairs = write(tmp_path / "p.csv", "source,target,weight\n1,2,5\n")
    report = import_neuprint(
        [pairs, records(tmp_path / "n.json", record(1, 5, 6, {}, instance=instance))], tmp_path / "d"
    )
    sides = {row["neuron_id"]: row["side"] for row in report.dataset.table("neurons").to_pylist()}
    assert sides == {1: side, 2: None}


def test_what_a_record_says(tmp_path: Path) -> None:
    pairs = write(tmp_path / "p.csv", "source,target,weight\n1,2,5\n7,8,1\n")
    one = record(
        1, 5, 6, {}, instance="ER4d(ring)_R", type="ER4d", cropped=True, somaLocation=[1, 2, 3], size=10, pre=4
    )
    one |= {"somaRadius": float("nan"), "notes": None, "status": "Traced", "inputRois": ["EB"], "mito": 2}
    two = record(2, 0, 0, {}, instance="x_L", cropped=False, somaLocation=None)
    table = write(tmp_path / "traced-neurons.csv", "bodyId,type,instance\n1,other,other\n7,EPG,EPG_L\n")
    report = import_neuprint([pairs, records(tmp_path / "n.json", one, two), table], tmp_path / "d")
    rows = {r["neuron_id"]: r for r in report.dataset.table("neurons").to_pylist()}
    assert (rows[1]["name"], rows[1]["type"], rows[1]["side"]) == ("ER4d(ring)_R", "ER4d", "right")
    assert (rows[1]["complete"], rows[2]["complete"]) == (False, True)
    assert [rows[1][f"soma_{a}_nm"] for a in "xyz"] == [8, 16, 24]
    assert (rows[1]["volume_nm3"], rows[1]["mito"], rows[1]["somaRadius"]) == (5120.0, 2, None)
    assert (rows[7]["type"], rows[7]["side"], rows[8]["type"]) == ("EPG", "left", None)
    assert "inputRois" not in rows[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"bodyId": 7.2e17}]', "record 1, bodyId: 7.2e\\+17 is a floating-point number"),
        ('[{"bodyId": 9223372036854775808}]', "is not between 0 and"),
        ('[{"type": "a"}]', "None is no body id"),
        ('[{"bodyId": 1, "type": "a"}, {"bodyId": 1, "type": "b"}]', "records of neuron 1 differ"),
        ('[{"bodyId": 1, "somaLocation": [1, 2]}]', "is not a position"),
        ('[{"bodyId": 1', "cannot be read as JSON"),
        ("[1, 2]", "not of neuron records"),
        ('{"a": 1}', "holds no list of neuron records"),
    ],
)
def test_records_that_cannot_be_read(content: str, said: str, tmp_path: Path) -> None:
    pairs = write(tmp_path / "p.csv", "source,target,weight\n1,2,5\n")
    with pytest.raises(ImportDataError, match=said):
        import_neuprint([pairs, write(tmp_path / "n.json", content)], tmp_path / "d")


def test_records_alone_are_no_connectome(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match="None of the files has connections"):
        import_neuprint(records(tmp_path / "n.json", record(1, 1, 1, {})), tmp_path / "d")


# -- the hemibrain itself ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hemibrain() -> Path:
    folder = os.environ.get("GRAPHKIT_REAL_DATA")
    if not folder or not (Path(folder) / "hemibrain/eb_connectivity.csv.gz").exists():
        pytest.skip("needs GRAPHKIT_REAL_DATA with hemibrain")
    return Path(folder) / "hemibrain"


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as file:
        yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def ellipsoid_body(hemibrain: Path, tmp_path_factory: Any) -> ImportReport:
    files = [hemibrain / "eb_connectivity.csv.gz", hemibrain / "eb_neurons.json.gz"]
    return import_neuprint(files, tmp_path_factory.mktemp("eb") / "d")


def test_eb_has_its_neurons_pairs_and_weights(ellipsoid_body: ImportReport, hemibrain: Path) -> None:
    expected = {
        (int(r["source"]), int(r["target"])): int(r["weight"]) for r in rows_of(hemibrain / "eb_connectivity.csv.gz")
    }
    rows = ellipsoid_body.dataset.table("connections").to_pylist()
    assert {(r["pre_id"], r["post_id"]): r["synapses"] for r in rows} == expected
    assert {r["region_id"] for r in rows} == {None}
    assert ellipsoid_body.dataset.table("neurons").num_rows == 1062


def test_eb_belonging_is_roi_infos(ellipsoid_body: ImportReport, hemibrain: Path) -> None:
    """Every rolled-up figure is roiInfo's, and so is who belongs to EB.

    154 of the 1,062 EB neurons have some inputs, but under 10 % of them in EB. (It would be 488, or 495 with the 7
    that have none, if the 334 orphans whose roiInfo has `post` and no `upstream` were taken to have no inputs in EB.
    All of their inputs are in EB: `post` is their `upstream` over all regions.)
    """
    dataset = ellipsoid_body.dataset
    regions = {r["region_id"]: r for r in dataset.table("regions").to_pylist()}
    rolled: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in dataset.table("neuron_regions").to_pylist():
        region = regions.get(row["region_id"])
        while region is not None:
            figure = rolled[row["neuron_id"], region["name"]]
            figure[0] += row["inputs"]
            figure[1] += row["outputs"]
            region = regions.get(region["parent_id"])
    with gzip.open(hemibrain / "eb_neurons.json.gz") as file:
        records = json.loads(file.read())
    names = {r["name"] for r in regions.values()}
    few = 0
    for record in records:
        for name, figures in record["roiInfo"].items():
            if name in names:
                expected = [figures.get("upstream", figures.get("post", 0)), figures.get("downstream", 0)]
                assert rolled[record["bodyId"], name] == expected, (record["bodyId"], name)
        few += rolled[record["bodyId"], "EB"][0] < 0.1 * record["upstream"]
        assert record["post"] == record["upstream"]
    assert few == sum(r["roiInfo"]["EB"].get("post", 0) < 0.1 * r["post"] for r in records) == 154
    assert len(names) == len({n for r in records for n in r["roiInfo"]}) - 3  # FB-column3, MB(+ACA)(R), dACA(R)


def test_150_pairs_of_several_tables_count_once(hemibrain: Path, tmp_path: Path) -> None:
    areas = ("al", "eb", "mb", "lh")
    files = [hemibrain / f"{a}_connectivity.csv.gz" for a in areas]
    expected: dict[tuple[int, int], int] = {}
    read = 0
    for file in files:
        for row in rows_of(file):
            read += 1
            expected[int(row["source"]), int(row["target"])] = int(row["weight"])
    assert read - len(expected) == 150
    files += [hemibrain / f"{a}_neurons.json.gz" for a in ("al", "eb", "mb")]
    report = import_neuprint(files, tmp_path / "d")
    rows = report.dataset.table("connections").to_pylist()
    assert {(r["pre_id"], r["post_id"]): r["synapses"] for r in rows} == expected
    assert left(report) == 150
    ends = {e for pair in expected for e in pair}
    neurons = {r["neuron_id"]: r for r in report.dataset.table("neurons").to_pylist()}
    assert ends <= set(neurons)
    no_record = [n for n in neurons.values() if n["status"] is None]
    assert no_record
    assert all(n["type"] is None for n in no_record)  # there is no neuron file for LH


def test_er_to_epg_is_located(hemibrain: Path, tmp_path: Path) -> None:
    report = import_neuprint(hemibrain / "er2epg_roi.csv.gz", tmp_path / "d")
    in_region: Counter[str] = Counter()
    totals: dict[tuple[str, str], int] = {}
    for row in rows_of(hemibrain / "er2epg_roi.csv.gz"):
        in_region[row["roi"]] += int(row["ROIweight"])
        totals[row["from"], row["to"]] = int(row["weight"])
    got: Counter[str | None] = Counter()
    for (_, _, name), synapses in located(report).items():
        got[name] += synapses
    assert got == {**in_region, None: sum(totals.values()) - in_region["EB"]}
    assert left(report) == 0
