"""SWC files: trees whose length is known, the awkward ones that people have, and published skeletons."""

from __future__ import annotations

import gzip
import math
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_swc
from graphkit.validate import validate

BIG = 720575940621039145
TREE = "3 0 0 0 4 0 2\n2 2 0 3 0 0 1\n1 1 0 0 0 1.5 -1\n"  # children first, radius 0: edges of 3 and 5
COMMENTED = "# a header\n# PointNo Label X Y Z Radius Parent\n\n" + TREE.replace("\n", " # note\n")


def neurons(report: ImportReport) -> dict[int, dict[str, Any]]:
    return {r["neuron_id"]: r for r in report.dataset.table("neurons").to_pylist()}


def test_trees_units_and_forms(tmp_path: Path) -> None:
    folder = tmp_path / "swc"
    folder.mkdir()
    (folder / f"{BIG}.swc").write_text(TREE)
    (folder / "7.swc.gz").write_bytes(gzip.compress(COMMENTED.encode()))
    (folder / "readme.md").write_text("not a skeleton")
    report = import_swc(folder, tmp_path / "nm")
    assert {i: r["cable_length_nm"] for i, r in neurons(report).items()} == {7: 8.0, BIG: 8.0}
    nodes = {r["node"]: r for r in report.dataset.table("skeletons").to_pylist() if r["neuron_id"] == BIG}
    assert {
        n: (r["parent"], r["x_nm"], r["y_nm"], r["z_nm"], r["radius_nm"], r["compartment"]) for n, r in nodes.items()
    } == {
        1: (-1, 0, 0, 0, 1.5, "soma"),
        2: (1, 0, 3, 0, None, "axon"),
        3: (2, 0, 0, 4, None, None),
    }
    assert (neurons(report)[BIG]["soma_x_nm"], neurons(report)[7]["soma_z_nm"], report.rows_read) == (0, 0, 6)
    assert validate(tmp_path / "nm").problems == ()
    for unit, length in (("um", 8000.0), ("8", 64.0), ("4,4,40", 12 + math.hypot(12, 160))):
        cable = neurons(import_swc([folder / "7.swc.gz"], tmp_path / unit, unit=unit))[7]["cable_length_nm"]
        assert cable == pytest.approx(length, abs=1e-3)


def test_names_and_a_table_about_them(tmp_path: Path) -> None:
    for name in ("zoe", "ann"):
        (tmp_path / f"{name}.swc").write_text(TREE)
    (tmp_path / "types.csv").write_text("name,type\nann,PN\nbob,KC\n")
    report = import_swc([tmp_path / "zoe.swc", tmp_path / "ann.swc"], tmp_path / "d", neurons=tmp_path / "types.csv")
    assert {(r["neuron_id"], r["name"], r["type"]) for r in neurons(report).values()} == {
        (1, "ann", "PN"),
        (2, "zoe", None),
    }
    assert any("1 neurons of types.csv have no skeleton" in note for note in report.notes)


def test_what_is_wrong_is_said_and_can_be_skipped(tmp_path: Path) -> None:
    def refused(match: str, text: str, **options: Any) -> None:
        (tmp_path / "5.swc").write_text(text)
        with pytest.raises(ImportDataError, match=match):
            import_swc(tmp_path / "5.swc", tmp_path / "d", **options)

    refused("line 2: '2 0 1 1' has 4 numbers; expected 7", "1 0 0 0 0 0 -1\n2 0 1 1\n")
    refused("line 1: 'a b c d e f g' is not seven numbers", "a b c d e f g\n")
    refused("line 3: node 1 stands a second time", "1 0 0 0 0 0 -1\n2 0 1 1 1 0 1\n1 0 5 5 5 0 2\n")
    refused("the parent 9 of node 2 is not in the file", "1 0 0 0 0 0 -1\n2 0 1 1 1 0 9\n")
    refused("the parents of node 1 lead back to it", "1 0 0 0 0 0 2\n2 0 1 1 1 0 1\n")
    refused("beyond 2.1 metres", "1 0 3e9 0 0 0 -1\n")
    refused("The unit 'miles' is none", TREE, unit="miles")
    refused("None of the files has a node", "# nothing\n")
    (tmp_path / "5.swc.gz").write_bytes(gzip.compress(TREE.encode() * 50, mtime=0)[:-9])
    with pytest.raises(ImportDataError, match=r"5.swc.gz. cannot be read as SWC"):
        import_swc(tmp_path / "5.swc.gz", tmp_path / "d")
    (tmp_path / "5.swc").write_text(TREE)
    (tmp_path / "05.swc").write_text(TREE)
    with pytest.raises(ImportDataError, match="are both skeletons of neuron"):
        import_swc([tmp_path / "5.swc", tmp_path / "05.swc"], tmp_path / "d")
    (tmp_path / "five.swc").write_text(TREE)
    with pytest.raises(ImportDataError, match=r"1 files are named by an id and 1 by a word \(e.g. 'five'\)"):
        import_swc([tmp_path / "5.swc", tmp_path / "five.swc"], tmp_path / "d")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportDataError, match="has no file that ends with"):
        import_swc(tmp_path / "empty", tmp_path / "d")
    (tmp_path / "5.swc").write_text("1 0 0 0 0 0 -1\n2 0 9 0 0 0 1\nbad\n2 0 1 1 1 0 1\n4 0 1 0 0 0 99\n")
    report = import_swc(tmp_path / "5.swc", tmp_path / "d", on_error="skip")
    assert (report.rows_read, report.rows_kept, neurons(report)[5]["cable_length_nm"]) == (5, 3, 9.0)
    assert any("the parent 99 of node 4 is not in the file" in note for note in report.notes)
    assert any("1 of 1 skeletons have several roots" in note for note in report.notes)


def test_whole_nanometres_are_said_where_they_change_the_cable(tmp_path: Path) -> None:
    """Micrometres that are read as nanometres; and fractions of a nm on steps of 100 nm, which change nothing to speak of."""
    rng = random.Random(3)

    def written(name: str, step: float) -> float:
        """The length of a line of 500 nodes in a direction of its own."""
        way = (0.36 * step, 0.48 * step, 0.8 * step)
        start = [rng.random() for _ in range(3)]
        places = [tuple(a + k * b for a, b in zip(start, way, strict=True)) for k in range(500)]
        lines = (f"{k} 0 {x} {y} {z} 1 {k - 1}" for k, (x, y, z) in enumerate(places))
        (tmp_path / name).write_text("\n".join(lines))
        return 499 * step

    written("1.swc", 0.4)
    report = import_swc(tmp_path / "1.swc", tmp_path / "small")
    (note,) = (n for n in report.notes if "whole nanometres" in n)
    kept = neurons(report)[1]["cable_length_nm"]
    said = re.search(r"makes the cable (\S+)% longer: nodes lie 0\.4 nm apart", note)
    assert said is not None
    assert float(said[1]) / 100 == pytest.approx(kept / (499 * 0.4) - 1, abs=0.002)
    assert "Is the unit 'nm' right?" in note
    length = written("2.swc", 100.0)
    report = import_swc(tmp_path / "2.swc", tmp_path / "large")
    assert not any("whole nanometres" in n for n in report.notes)
    assert neurons(report)[2]["cable_length_nm"] == pytest.approx(length, rel=5e-5)
    # a step of L nm is about 1 / (6 L) nm longer between rounded ends
    length = written("3.swc", 10.0)
    report = import_swc(tmp_path / "3.swc", tmp_path / "medium")
    assert neurons(report)[3]["cable_length_nm"] / length - 1 == pytest.approx(1 / 600, rel=0.25)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_tree_in_any_order(data: Any, tmp_path_factory: Any) -> None:
    n = data.draw(st.integers(1, 20))
    numbers = data.draw(st.lists(st.integers(0, 2**62), min_size=n, max_size=n, unique=True))
    places = data.draw(st.lists(st.tuples(*[st.integers(-(10**6), 10**6)] * 3), min_size=n, max_size=n))
    parents = [-1] + [data.draw(st.integers(0, i - 1)) for i in range(1, n)]
    lines = [
        f"{numbers[i]} 0 {places[i][0]} {places[i][1]} {places[i][2]} 0 {-1 if p < 0 else numbers[p]}"
        for i, p in enumerate(parents)
    ]
    folder = tmp_path_factory.mktemp("swc")
    (folder / "1.swc").write_text("\n".join(data.draw(st.permutations(lines))))
    report = import_swc(folder / "1.swc", folder / "d")
    expected = sum(math.dist(places[i], places[p]) for i, p in enumerate(parents) if p >= 0)
    assert (neurons(report)[1]["cable_length_nm"] or 0.0) == pytest.approx(expected, abs=1e-2)


def test_published_skeletons(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "navis_neurons" / "swc"
    if not folder.exists():
        pytest.skip("no skeletons")
    found = neurons(import_swc(folder, tmp_path / "d", unit="8"))
    assert len(found) == 5
    assert found[722817260]["cable_length_nm"] / 1000 == pytest.approx(2197.6, abs=0.05)
    report = import_swc(folder / "722817260.swc", tmp_path / "one", unit="8")
    assert report.dataset.snapshot.tables["skeletons"].rows == 4_332
    larval = import_swc(real_data / "larva_swc", tmp_path / "larva")
    assert (len(neurons(larval)), larval.rows_read, larval.left_out) == (60, larval.rows_kept, ())


def test_synapses_with_both_neurons(tmp_path: Path) -> None:
    """Positions in the unit of the skeletons; ids of 18 digits; a neuron without a skeleton at the other end."""
    (tmp_path / f"{BIG}.swc").write_text(TREE)
    (tmp_path / "pairs.csv").write_text(
        "bodyId_pre,bodyId_post,x_pre,y_pre,z_pre,x_post,y_post,z_post,roi_post,confidence\n"
        f"{BIG},7,0,3,0,0,3,1,EB,0.9\n7,{BIG},0,0,5,0,3,4,EB,0.8\n7,{BIG},0,0,5,1,0,0,FB,0.7\n"
    )
    report = import_swc(tmp_path / f"{BIG}.swc", tmp_path / "d", unit="8", synapses=tmp_path / "pairs.csv")
    rows = report.dataset.table("synapses").to_pylist()
    assert [(r["pre_id"], r["post_id"], r["pre_y_nm"], r["post_z_nm"]) for r in rows] == [
        (7, BIG, 0, 32),
        (7, BIG, 0, 0),
        (BIG, 7, 24, 8),
    ]
    (row,) = report.dataset.morphology(BIG)
    assert (row["inputs"], row["outputs"], row["cable_um"]) == (2, 1, 0.064)
    assert validate(tmp_path / "d").problems == ()
    assert {r["region"]: r["inputs"] for r in report.dataset.query("regions")} == {"EB": 2, "FB": 1}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_sites_of_one_neuron(tmp_path: Path, form: str) -> None:
    """Whose they are, the file's name says, or a column; ``id`` and ``connector_id`` number sites and not synapses."""
    (tmp_path / "swc").mkdir()
    (tmp_path / "sites").mkdir()
    for name in ("7", "8"):
        (tmp_path / "swc" / f"{name}.swc").write_text(TREE)
        rows = [("pre", 0, 0, 0, 1), ("post", 0, 3, 4, 1), ("Post", 0, 3, 3, 2)]
        columns = dict(zip(("type", "x", "y", "z", "connector_id"), zip(*rows, strict=True), strict=True))
        if name == "8":
            columns["bodyId"] = (8, 8, 8)
        write = pa_csv.write_csv if form == "csv" else pq.write_table
        write(
            pa.table({c: list(v) for c, v in columns.items()}),
            tmp_path / "sites" / f"{name if name == '7' else 'x'}.{form}",
        )
    report = import_swc(tmp_path / "swc", tmp_path / "d", unit="um", synapses=tmp_path / "sites")
    found = {row["neuron_id"]: (row["inputs"], row["outputs"]) for row in report.dataset.morphology()}
    assert found == {7: (2, 1), 8: (2, 1)}
    stored = report.dataset.table("synapses").to_pylist()
    assert Counter((r["pre_id"], r["post_id"], r["post_z_nm"]) for r in stored) == Counter(
        [(i, None, None) for i in (7, 8)] + [(None, i, z) for i in (7, 8) for z in (3000, 4000)]
    )
    assert any("4 synapses have no presynaptic and 2 no postsynaptic neuron" in note for note in report.notes)
    assert validate(tmp_path / "d").problems == ()


def test_sites_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "7.swc").write_text(TREE)

    def refused(match: str, name: str, text: str | None) -> None:
        path = tmp_path / name
        path.mkdir() if text is None else path.write_text(text)
        with pytest.raises(ImportDataError, match=match):
            import_swc(tmp_path / "7.swc", tmp_path / "d", synapses=path)
        assert not (tmp_path / "d").exists()

    refused(r"'type' of 7\.csv says .?gap.?; expected pre or post", "7.csv", "type,x,y,z\ngap,1,2,3\npost,1,2,3\n")
    refused("Whose synapses 9.csv has is not said", "9.csv", "type,x,y,z\npre,1,2,3\n")
    refused("bare.csv is no table of synapses: of type, x, y, z it lacks", "bare.csv", "a,b\n1,2\n")
    refused("'one'", "8.csv", "type,x,y,z,neuron_id\npre,one,2,3,7\n")
    refused("has no table of synapses", "empty", None)
