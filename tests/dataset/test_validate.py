"""``validate`` on sound datasets, and on files that are missing, damaged or not what the snapshot says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa

import graphkit
from graphkit.build import BuildOptions, build_into
from graphkit.validate import validate
from graphkit.writer import DatasetWriter
from tests.dataset.sound import (
    change,
    first_file,
    found,
    make,
    manifest,
    only,
    read,
    rewrite,
    sources,
    write_manifest,
    write_table,
)

# -- sound ------------------------------------------------------------------------------------------------------


def test_sound_dataset_has_no_problem_and_says_what_was_checked(sound: Path) -> None:
    report = validate(sound)
    assert report.ok
    assert report.problems == () == report.skipped
    assert all(any(line.startswith(f"{table}:") for line in report.checked) for table in manifest(sound)["tables"])


def test_dataset_object_memory_limit_and_progress(sound: Path) -> None:
    said: list[tuple[str, float]] = []
    report = validate(graphkit.open(sound), memory_limit="500MB", progress=lambda stage, f: said.append((stage, f)))
    assert report.ok
    assert all(0 <= f <= 1 for _, f in said)
    assert said[-1] == ("checking the graph", 1.0)


def test_rewriting_alone_breaks_nothing(broken: Path) -> None:
    """The harness itself: the same rows, written by pyarrow, in two files, are as sound as before."""
    for table in manifest(broken)["tables"]:
        rows = read(broken, table)
        write_table(broken, table, [rows.slice(0, 2), rows.slice(2)])
    assert found(broken) == []


def test_other_options_are_sound(tmp_path: Path) -> None:
    tables = sources()
    tables["synapses"] = tables["synapses"].append_column(
        "score", pa.array([0.9, 0.1, None, 0.9, 0.9, 0.9, 0.9], pa.float32())
    )
    folder = make(tmp_path / "d", tables, BuildOptions(min_score=0.9, autapses=False))
    assert found(folder) == []
    assert graphkit.open(folder).snapshot.build["left_out"] == {"unassigned": 1, "below_min_score": 2, "autapses": 1}


def test_unbuilt_dataset_is_sound(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "d", create=True) as writer:
        raw = sources()["synapses"].select(["synapse_id", "pre_id", "post_id"])
        with writer.stream("synapses", raw.schema.set(0, pa.field("synapse_id", pa.int64(), False))) as out:
            out.write(raw)
        writer.commit({"command": "test"})
    assert found(tmp_path / "d") == []


def test_empty_dataset_is_sound(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "d", create=True) as writer:
        writer.commit({"command": "test"})
    assert found(tmp_path / "d") == []
    with DatasetWriter(tmp_path / "e", create=True) as writer:
        writer.add("synapses", sources()["synapses"].slice(0, 0))
        writer.commit({"command": "test"}, build=build_into(writer))
    assert found(tmp_path / "e") == []


# -- files ------------------------------------------------------------------------------------------------------


def test_missing_file(broken: Path) -> None:
    path, rows = first_file(broken, "neuron_regions")
    path.unlink()
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("neuron_regions", "file-missing", rows)
    assert problem.example == str(path.relative_to(broken))
    assert "missing" in problem.message
    assert any("neuron_regions" in s for s in validate(broken).skipped)


def test_truncated_file(broken: Path) -> None:
    path, rows = first_file(broken, "neuron_regions")
    path.write_bytes(path.read_bytes()[:-10])
    assert [(p.table, p.rule, p.rows) for p in found(broken)] == [
        ("neuron_regions", rule, rows) for rule in ("file-size", "file-digest", "file-format")
    ]


def test_altered_bytes_of_the_same_size(apart: Path) -> None:
    path, _ = first_file(apart, "skeletons")
    data = bytearray(path.read_bytes())
    at = data.index(b"parent")  # a name in the footer's schema description or the metadata: any byte will do
    data[-9 - 200] ^= 0xFF
    assert at > 0
    path.write_bytes(bytes(data))
    assert ("skeletons", "file-digest") in {(p.table, p.rule) for p in found(apart)}


def test_damaged_page_stops_no_other_check(apart: Path) -> None:
    path, _ = first_file(apart, "segments")
    data = bytearray(path.read_bytes())
    data[4:60] = b"\xff" * 56  # the first column's pages; the footer stays readable
    path.write_bytes(bytes(data))
    rewrite(apart, "skeletons", lambda t: change(t, "parent", lambda r: r["node"] == 2, 77))
    report = validate(apart)
    rules = {(p.table, p.rule) for p in report.problems}
    assert {("segments", "file-digest"), ("skeletons", "skeleton-parent")} <= rules
    assert any(s.startswith("segments:") for s in report.skipped)


def test_swapped_files(broken: Path) -> None:
    (a, _), (b, _) = (first_file(broken, t) for t in ("connections", "connections_by_post"))
    one, two = a.read_bytes(), b.read_bytes()
    a.write_bytes(two)
    b.write_bytes(one)
    rules = {(p.table, p.rule) for p in found(broken)}
    assert {("connections", "file-digest"), ("connections_by_post", "file-digest")} <= rules
    assert {("connections", "order"), ("connections_by_post", "order")} <= rules


def test_foreign_file(broken: Path) -> None:
    path, _ = first_file(broken, "neuron_regions")
    data = b"neuron,inputs\n1,2\n"
    path.write_bytes(data)
    body = manifest(broken)
    body["tables"]["neuron_regions"]["files"][0].update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    write_manifest(broken, body)
    assert only(broken).rule == "file-format"


def test_row_count(apart: Path) -> None:
    body = manifest(apart)
    body["tables"]["skeletons"]["files"][0]["rows"] = 7
    write_manifest(apart, body)
    problem = only(apart)
    assert (problem.table, problem.rule, problem.rows) == ("skeletons", "row-count", 7)
    assert "4 rows, the snapshot says 7" in problem.message


def test_unknown_table(apart: Path) -> None:
    body = manifest(apart)
    body["tables"]["gliae"] = body["tables"]["skeletons"]
    write_manifest(apart, body)
    problem = only(apart)
    assert (problem.table, problem.rule) == ("gliae", "table-name")


def test_table_of_the_build_is_missing(broken: Path) -> None:
    body = manifest(broken)
    del body["tables"]["connections_by_post"], body["tables"]["synapses_by_place"]
    write_manifest(broken, body)
    assert {(p.table, p.rule) for p in found(broken)} == {
        ("connections_by_post", "table-missing"),
        ("synapses_by_place", "table-missing"),
    }
