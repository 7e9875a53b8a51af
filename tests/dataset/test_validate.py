"""Every rule of ``validate``: a sound dataset is broken in exactly one way, and exactly that is named.

The files of the broken datasets are written by pyarrow and listed in the snapshot with their true size, rows and digest
(except where these are what is broken), so that only the rule under test can find them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import graphkit
from graphkit.build import BuildOptions, build_into
from graphkit.validate import Problem, validate
from graphkit.writer import DatasetWriter

HUGE = 720575940621039145
BOUNDS = {axis: [0, 1_000_000] for axis in "xyz"}


def _ints(values: list[int | None], dtype: pa.DataType) -> pa.Array:
    return pa.array(values, dtype)


def sources() -> dict[str, pa.Table]:
    """Raw tables with a bit of everything: gap junctions, unassigned ends, autapses, no region, outside, huge ids."""
    i16, i32 = pa.int16(), pa.int32()
    return {
        "regions": pa.table(
            {
                "region_id": _ints([1, 2, 3], i16),
                "name": ["CX", "EB", "FB"],
                "parent_id": _ints([None, 1, 1], i16),
                **{f"min_{a}_nm": _ints([0, 0, 500_000], i32) for a in "xyz"},
                **{f"max_{a}_nm": _ints([1_000_000, 400_000, 900_000], i32) for a in "xyz"},
                "box": [False, False, False],
            }
        ),
        "neurons": pa.table(
            {"neuron_id": [1, 2, HUGE, 9], "type": ["A", "A", "B", None], "soma_x_nm": _ints([5, 6, 7, None], i32)}
        ),
        "synapses": pa.table(
            {
                "synapse_id": [10, 11, 12, 13, 14, 15, 16],
                "pre_id": [1, 1, 2, HUGE, 2, None, 1],
                "post_id": [2, 2, HUGE, 1, 2, 1, HUGE],
                "kind": ["chemical"] * 6 + ["electrical"],
                "region_id": _ints([2, 2, 3, 0, None, 2, 3], i16),
                "size": [5, 7, None, 1, 2, 3, 4],
                "nt": ["ach", "gaba", "gaba", None, "ach", "ach", None],
                **{f"pre_{a}_nm": _ints([10, 20, 30, 40, 50, 60, 70], i32) for a in "xyz"},
                **{f"post_{a}_nm": _ints([9000, 8000, 700000, None, 5000, 4000, 3000], i32) for a in "xyz"},
                "pre_segment_id": [101, 101, 102, 103, 102, 999, 101],
                "post_segment_id": [102, 102, 103, 101, 102, 101, 103],
            }
        ),
        "segments": pa.table(
            {
                "segment_id": [101, 102, 103, 104],
                "voxels": [5, 6, 7, 8],
                **{f"min_{a}_nm": _ints([0, 0, 0, None], i32) for a in "xyz"},
                **{f"max_{a}_nm": _ints([9, 9, 9, None], i32) for a in "xyz"},
            }
        ),
        "segment_to_neuron": pa.table({"segment_id": [101, 102, 103, 104], "neuron_id": [1, 2, HUGE, 9]}),
        "skeletons": pa.table(
            {
                "neuron_id": [1, 1, 1, 2],
                "node": [0, 1, 2, 0],
                "parent": [-1, 0, 1, -1],
                **{f"{a}_nm": _ints([0, 100, 200, 0], i32) for a in "xyz"},
            }
        ),
    }


def make(folder: Path, tables: dict[str, pa.Table], options: BuildOptions | None = None) -> Path:
    with DatasetWriter(folder, create=True, name="sound", bounds_nm=BOUNDS) as writer:
        for name, rows in tables.items():
            writer.add(name, rows)
        record = build_into(writer, options or BuildOptions(), threads=1)
        writer.commit({"command": "test"}, build=record)
    return folder


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("validate") / "sound", sources())


@pytest.fixture
def broken(sound: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(sound, tmp_path / "broken"))


def manifest(folder: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((folder / "snapshots/00000001.json").read_text())
    return body


def write_manifest(folder: Path, body: dict[str, Any]) -> None:
    (folder / "snapshots/00000001.json").write_text(json.dumps(body))


def write_table(folder: Path, table: str, parts: list[pa.Table], **entry: Any) -> None:
    """Replaces the files of ``table``, listed truthfully; the build record goes along, as if built from these."""
    body = manifest(folder)
    files = []
    for part in parts:
        path = folder / table / f"new-{len(files)}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(part, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        size = path.stat().st_size
        files.append({"path": f"{table}/{path.name}", "rows": part.num_rows, "bytes": size, "sha256": digest})
    known = body["tables"].get(table, {"sorted_by": []})
    body["tables"][table] = {**known, "files": files, "columns": parts[0].column_names, **entry}
    if body["build"] and table in ("synapses", "regions", "segment_to_neuron"):
        body["build"]["placed"][table] = [f["sha256"] for f in files]
    write_manifest(folder, body)


def read(folder: Path, table: str) -> pa.Table:
    return graphkit.open(folder).table(table)


def change(rows: pa.Table, column: str, where: Callable[[dict[str, Any]], bool], value: Any) -> pa.Table:
    """``rows`` with ``value`` in ``column`` of the rows that ``where`` picks."""
    new = [value if where(row) else row[column] for row in rows.to_pylist()]
    at = rows.schema.get_field_index(column)
    return rows.set_column(
        at, pa.field(column, rows.schema.field(column).type), pa.array(new, rows.schema.field(column).type)
    )


def rewrite(folder: Path, table: str, edit: Callable[[pa.Table], pa.Table]) -> None:
    write_table(folder, table, [edit(read(folder, table))])


def found(folder: Path) -> list[Problem]:
    return list(validate(folder).problems)


def only(folder: Path) -> Problem:
    """The one problem there is."""
    problems = found(folder)
    assert len(problems) == 1, problems
    return problems[0]


def pick(folder: Path, table: str, column: str, rule: str) -> Problem:
    """The one problem of that place and rule; what follows from it may be there as well."""
    chosen = [p for p in found(folder) if (p.table, p.column, p.rule) == (table, column, rule)]
    assert len(chosen) == 1, found(folder)
    return chosen[0]


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


def first_file(folder: Path, table: str) -> tuple[Path, int]:
    file = manifest(folder)["tables"][table]["files"][0]
    return folder / file["path"], file["rows"]


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


def test_altered_bytes_of_the_same_size(broken: Path) -> None:
    path, _ = first_file(broken, "skeletons")
    data = bytearray(path.read_bytes())
    at = data.index(b"parent")  # a name in the footer's schema description or the metadata: any byte will do
    data[-9 - 200] ^= 0xFF
    assert at > 0
    path.write_bytes(bytes(data))
    assert ("skeletons", "file-digest") in {(p.table, p.rule) for p in found(broken)}


def test_damaged_page_stops_no_other_check(broken: Path) -> None:
    path, _ = first_file(broken, "segments")
    data = bytearray(path.read_bytes())
    data[4:60] = b"\xff" * 56  # the first column's pages; the footer stays readable
    path.write_bytes(bytes(data))
    rewrite(broken, "skeletons", lambda t: change(t, "parent", lambda r: r["node"] == 2, 77))
    report = validate(broken)
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


def test_row_count(broken: Path) -> None:
    body = manifest(broken)
    body["tables"]["skeletons"]["files"][0]["rows"] = 7
    write_manifest(broken, body)
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("skeletons", "row-count", 7)
    assert "4 rows, the snapshot says 7" in problem.message


def test_unknown_table(broken: Path) -> None:
    body = manifest(broken)
    body["tables"]["gliae"] = body["tables"]["skeletons"]
    write_manifest(broken, body)
    assert (only(broken).table, only(broken).rule) == ("gliae", "table-name")


def test_table_of_the_build_is_missing(broken: Path) -> None:
    body = manifest(broken)
    del body["tables"]["connections_by_post"], body["tables"]["synapses_by_place"]
    write_manifest(broken, body)
    assert {(p.table, p.rule) for p in found(broken)} == {
        ("connections_by_post", "table-missing"),
        ("synapses_by_place", "table-missing"),
    }


# -- columns and types --------------------------------------------------------------------------------------------


def test_missing_column(broken: Path) -> None:
    rewrite(broken, "skeletons", lambda t: t.drop_columns(["radius_nm"]))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == (
        "skeletons",
        "radius_nm",
        "column-missing",
        4,
    )


def test_wrong_type_that_can_still_be_compared(broken: Path) -> None:
    rewrite(broken, "skeletons", lambda t: t.set_column(1, "node", t["node"].cast(pa.int32())))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.example) == ("skeletons", "node", "type", "int32")


def test_wrong_type_that_cannot(broken: Path) -> None:
    rewrite(broken, "skeletons", lambda t: t.set_column(1, "node", t["node"].cast(pa.string())))
    problem = only(broken)
    assert (problem.column, problem.rule, problem.example) == ("node", "type", "string")


def test_unknown_column(broken: Path) -> None:
    rewrite(broken, "skeletons", lambda t: t.append_column("mood", pa.array(["fine"] * 4)))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule) == ("skeletons", "mood", "column-unknown")
    rewrite(broken, "skeletons", lambda t: t.drop_columns(["mood"]))
    rewrite(broken, "neurons", lambda t: t.append_column("mood", pa.array(["fine"] * 4)))
    assert found(broken) == []  # neurons may carry the source's own columns


def test_columns_that_differ_from_the_snapshots(broken: Path) -> None:
    body = manifest(broken)
    body["tables"]["neurons"]["columns"].append("mood")
    write_manifest(broken, body)
    problem = only(broken)
    assert (problem.table, problem.rule, problem.example) == ("neurons", "manifest-columns", "mood")


def test_files_of_one_table_that_differ(broken: Path) -> None:
    rows = read(broken, "skeletons")
    write_table(broken, "skeletons", [rows.slice(0, 2), rows.slice(2).drop_columns(["compartment"])])
    problems = found(broken)
    assert ("skeletons", "compartment", "column-missing", 2) in {(p.table, p.column, p.rule, p.rows) for p in problems}


# -- rows ---------------------------------------------------------------------------------------------------------


def test_nulls(broken: Path) -> None:
    rewrite(broken, "skeletons", lambda t: change(t, "x_nm", lambda r: r["node"] == 0, None))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("skeletons", "x_nm", "null", 2)
    assert problem.example == "neuron_id=1, node=0"


def test_duplicate_keys(broken: Path) -> None:
    rewrite(broken, "synapses", lambda t: change(t, "synapse_id", lambda r: r["synapse_id"] in (10, 11), 10))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("synapses", "synapse_id", "duplicate", 1)
    assert problem.example == "synapse_id=10"


def test_duplicate_connections_with_null_regions(broken: Path) -> None:
    def double(rows: pa.Table) -> pa.Table:
        null = rows.filter(pc.is_null(rows["region_id"]))
        at = rows["region_id"].to_pylist().index(None)
        return pa.concat_tables([rows.slice(0, at), null, null, rows.slice(at + 1)])

    rewrite(broken, "connections", double)
    problem = pick(broken, "connections", "pre_id, post_id, region_id, kind, compartment", "duplicate")
    assert problem.rows == 1
    assert problem.example == "pre_id=2, post_id=2, region_id=null, kind=chemical, compartment=null"


def test_segment_mapped_twice(broken: Path) -> None:
    rewrite(broken, "segment_to_neuron", lambda t: change(t, "segment_id", lambda r: r["segment_id"] == 104, 103))
    problem = pick(broken, "segment_to_neuron", "segment_id", "duplicate")
    assert (problem.rows, problem.example) == (1, "segment_id=103")


def test_order_within_a_file(broken: Path) -> None:
    rewrite(broken, "skeletons", lambda t: t.take([0, 2, 1, 3]))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("skeletons", "neuron_id, node", "order", 1)
    assert problem.example == "neuron_id=1, node=1"


def test_order_across_files(broken: Path) -> None:
    rows = read(broken, "skeletons")
    write_table(broken, "skeletons", [rows.slice(3), rows.slice(0, 3)])
    problem = only(broken)
    assert (problem.rule, problem.rows, problem.example) == ("order", 1, "neuron_id=1, node=0")


def test_nulls_belong_at_the_end(broken: Path) -> None:
    synapses = read(broken, "synapses")
    assert synapses["pre_id"].to_pylist()[-1] is None
    rewrite(broken, "synapses", lambda t: pa.concat_tables([t.slice(len(t) - 1), t.slice(0, len(t) - 1)]))
    problem = pick(broken, "synapses", "pre_id, post_id, synapse_id", "order")
    assert problem.rows == 1


def test_snapshot_that_does_not_say_sorted(broken: Path) -> None:
    rows = read(broken, "skeletons")
    write_table(broken, "skeletons", [rows], sorted_by=[])
    problem = only(broken)
    assert (problem.table, problem.rule, problem.example) == ("skeletons", "manifest-order", "nothing")


def test_unknown_neuron_in_synapses(broken: Path) -> None:
    rewrite(broken, "synapses", lambda t: change(t, "post_id", lambda r: r["synapse_id"] == 12, HUGE + 1))
    problem = pick(broken, "synapses", "post_id", "reference")
    assert (problem.rows, problem.example) == (1, f"post_id={HUGE + 1}, synapse_id=12")
    assert {(p.table, p.rule) for p in found(broken)} == {
        ("synapses", "reference"),
        ("synapses", "segment-neuron"),
        ("synapses_by_post", "index"),
        ("connections", "connections"),
    }


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("skeletons", "neuron_id"),
        ("segment_to_neuron", "neuron_id"),
        ("neuron_regions", "neuron_id"),
        ("connections", "pre_id"),
        ("connections", "post_id"),
        ("connections_by_post", "post_id"),
        ("synapses_by_post", "post_id"),
        ("synapses", "pre_id"),
    ],
)
def test_unknown_neurons(broken: Path, table: str, column: str) -> None:
    rewrite(broken, table, lambda t: change(t, column, lambda r: r[column] == HUGE, HUGE - 1))
    number = sum(v == HUGE - 1 for v in read(broken, table)[column].to_pylist())
    if not number:  # the highest id of the skeletons is 2
        rewrite(broken, table, lambda t: change(t, column, lambda r: r[column] == 2, HUGE - 1))
        number = 1
    problem = pick(broken, table, column, "reference")
    assert problem.rows == number
    assert problem.example.startswith(f"{column}={HUGE - 1}")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("synapses", "region_id"),
        ("synapses", "pre_region_id"),
        ("synapses", "post_region_id"),
        ("connections", "region_id"),
        ("connections_by_post", "region_id"),
        ("neuron_regions", "region_id"),
    ],
)
def test_regions_that_are_not_in_the_tree(broken: Path, table: str, column: str) -> None:
    first: list[int] = []
    rewrite(broken, table, lambda t: change(t, column, lambda r: not first and (first.append(1) or True), 77))
    problem = pick(broken, table, column, "reference")
    assert problem.rows == 1
    assert problem.example.startswith(f"{column}=77")


def test_regions_without_a_tree(broken: Path) -> None:
    body = manifest(broken)
    del body["tables"]["regions"]
    write_manifest(broken, body)
    with_region = sum(r not in (0, None) for r in read(broken, "synapses")["region_id"].to_pylist())
    assert pick(broken, "synapses", "region_id", "reference").rows == with_region == 5


@pytest.mark.parametrize("table", ["synapses", "connections", "connections_by_post"])
def test_kinds(broken: Path, table: str) -> None:
    rewrite(broken, table, lambda t: change(t, "kind", lambda r: r["kind"] == "electrical", "magnetic"))
    problem = pick(broken, table, "kind", "kind")
    assert problem.rows == 1
    assert problem.example.startswith("kind=magnetic")


@pytest.mark.parametrize("table", ["synapses", "connections", "connections_by_post"])
def test_gap_junction_the_wrong_way_round(broken: Path, table: str) -> None:
    def turn(rows: pa.Table) -> pa.Table:
        rows = change(rows, "pre_id", lambda r: r["kind"] == "electrical", HUGE)
        return change(rows, "post_id", lambda r: r["kind"] == "electrical", 1)

    rewrite(broken, table, turn)
    assert pick(broken, table, "pre_id", "electrical-order").rows == 1


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("neurons", "inputs", -1),
        ("neurons", "partners", -5),
        ("neuron_regions", "outputs", -1),
        ("segments", "voxels", -1),
        ("connections", "synapses", 0),
        ("connections_by_post", "synapses", -3),
    ],
)
def test_counts(broken: Path, table: str, column: str, value: int) -> None:
    first: list[int] = []
    rewrite(broken, table, lambda t: change(t, column, lambda r: not first and (first.append(1) or True), value))
    assert pick(broken, table, column, "count").rows == 1


@pytest.mark.parametrize(
    ("table", "column", "value", "example"),
    [
        ("neurons", "soma_x_nm", -1, "soma_x_nm=-1, neuron_id=1"),
        ("synapses", "pre_y_nm", 1_000_001, "pre_y_nm=1000001, synapse_id=10"),
        ("skeletons", "z_nm", -7, "z_nm=-7, neuron_id=1, node=0"),
    ],
)
def test_positions_out_of_bounds(broken: Path, table: str, column: str, value: int, example: str) -> None:
    first: list[int] = []
    rewrite(broken, table, lambda t: change(t, column, lambda r: not first and (first.append(1) or True), value))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == (table, column, "bounds", 1)
    assert problem.example == example


def test_segment_with_an_empty_box(broken: Path) -> None:
    rewrite(broken, "segments", lambda t: change(t, "max_y_nm", lambda r: r["segment_id"] == 102, 0))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.example) == (
        "segments",
        "min_y_nm",
        "box",
        "segment_id=102",
    )


# -- the tree -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "where", "value", "rule", "rows", "example"),
    [
        ("name", 3, "CX", "region-name", 1, "region_id=3, name=CX"),
        ("parent_id", 3, 9, "region-parent", 1, "region_id=3, name=FB"),
        ("parent_id", 2, 2, "region-circle", 1, "region_id=2, name=EB"),
        ("parent_id", 1, 3, "region-circle", 2, "region_id=1, name=CX"),
        ("max_z_nm", 2, 0, "box", 1, "region_id=2, name=EB"),
    ],
)
def test_tree(broken: Path, column: str, where: int, value: Any, rule: str, rows: int, example: str) -> None:
    rewrite(broken, "regions", lambda t: change(t, column, lambda r: r["region_id"] == where, value))
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows, problem.example) == ("regions", rule, rows, example)


def test_region_ids_above_zero(broken: Path) -> None:
    rewrite(broken, "regions", lambda t: change(t, "region_id", lambda r: r["region_id"] == 1, -4))
    problem = pick(broken, "regions", "region_id", "region-id")
    assert (problem.rows, problem.example) == (1, "region_id=-4, name=CX")
    assert pick(broken, "regions", "parent_id", "region-parent").rows == 2


def test_box_outside_its_parent(broken: Path) -> None:
    rewrite(broken, "regions", lambda t: change(t, "box", lambda r: r["region_id"] > 1, True))
    assert found(broken) == []
    rewrite(broken, "regions", lambda t: change(t, "max_x_nm", lambda r: r["region_id"] == 3, 1_000_001))
    problem = only(broken)
    assert (problem.rule, problem.rows, problem.example) == ("box-outside-parent", 1, "region_id=3, name=FB")
    rewrite(broken, "regions", lambda t: change(t, "max_x_nm", lambda r: r["region_id"] == 3, None))
    assert (only(broken).column, only(broken).rule) == ("box", "box")


# -- what the build derived ---------------------------------------------------------------------------------------


def test_connections_by_post_with_other_rows(broken: Path) -> None:
    rewrite(
        broken,
        "connections_by_post",
        lambda t: change(t, "size_sum", lambda r: r["pre_id"] == 1 and r["region_id"] == 2, 13),
    )
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("connections_by_post", "same-rows", 1)
    assert "size_sum=13" in problem.example
    assert "size_sum=12" in problem.example


def test_connections_that_are_not_the_sums(broken: Path) -> None:
    for table in ("connections", "connections_by_post"):
        rewrite(broken, table, lambda t: change(t, "nt", lambda r: r["synapses"] == 2, "gaba"))
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("connections", "connections", 1)
    assert problem.example.startswith(
        "pre_id=1, post_id=2, region_id=2, kind=chemical, compartment=null: stored synapses=2"
    )
    assert problem.example.endswith("expected synapses=2, size_sum=12, nt=ach")


def test_connection_that_no_synapse_makes(broken: Path) -> None:
    for table in ("connections", "connections_by_post"):
        rewrite(broken, table, lambda t: t.filter(pc.not_equal(t["kind"], "electrical")))
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("connections", "connections", 1)
    assert "stored nothing, expected synapses=1" in problem.example


def test_row_numbers_of_the_indexes(broken: Path) -> None:
    rewrite(broken, "synapses_by_place", lambda t: change(t, "row", lambda r: r["row"] == 6, 99))
    problem = pick(broken, "synapses_by_place", "row", "row-number")
    assert (problem.rows, problem.example) == (1, "row=99")
    assert pick(broken, "synapses_by_place", "place", "index").rows == 1  # row 6 is not in the index any more


def test_place_codes(broken: Path) -> None:
    rewrite(broken, "synapses_by_place", lambda t: change(t, "place", lambda r: r["row"] == 0, 5))
    problem = pick(broken, "synapses_by_place", "place", "index")
    assert problem.rows == 1
    assert problem.example.startswith("row=0: stored place=5, expected place=")


def test_index_by_post(broken: Path) -> None:
    rewrite(broken, "synapses_by_post", lambda t: change(t, "post_id", lambda r: r["row"] == 6, 2))
    assert pick(broken, "synapses_by_post", "post_id", "index").rows == 1


@pytest.mark.parametrize("column", ["inputs", "outputs", "partners"])
def test_totals_of_neurons(broken: Path, column: str) -> None:
    rewrite(broken, "neurons", lambda t: change(t, column, lambda r: r["neuron_id"] == HUGE, 50))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("neurons", column, "totals", 1)
    assert problem.example == f"neuron_id={HUGE}: stored 50, expected {2 if column == 'partners' else 1}"


def test_totals_by_region(broken: Path) -> None:
    rewrite(
        broken, "neuron_regions", lambda t: change(t, "inputs", lambda r: r["neuron_id"] == r["region_id"] == 2, 50)
    )
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("neuron_regions", "totals", 1)
    assert problem.example == "neuron_id=2, region_id=2: stored inputs=50, outputs=0, expected inputs=2, outputs=0"


def test_totals_of_the_source_are_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    with DatasetWriter(folder, create=True) as writer:
        writer.add("connections", pa.table({"pre_id": [1], "post_id": [2], "synapses": [3], "kind": ["chemical"]}))
        writer.add("neurons", pa.table({"neuron_id": [1, 2], "inputs": [100, 200], "outputs": [7, 8]}))
        writer.commit({"command": "test"}, build=build_into(writer, BuildOptions(totals="source")))
    assert found(folder) == []
    assert read(folder, "neurons")["inputs"].to_pylist() == [100, 200]
    rewrite(folder, "neurons", lambda t: change(t, "partners", lambda r: True, 4))
    assert (only(folder).column, only(folder).rule, only(folder).rows) == ("partners", "totals", 2)


def test_neurons_of_segments(broken: Path) -> None:
    rewrite(broken, "synapses", lambda t: change(t, "pre_segment_id", lambda r: r["synapse_id"] == 13, 104))
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.example) == (
        "synapses",
        "pre_id",
        "segment-neuron",
        "synapse_id=13",
    )


def test_skeleton_parents(broken: Path) -> None:
    rewrite(broken, "skeletons", lambda t: change(t, "parent", lambda r: r["neuron_id"] == 2, 1))  # a node of neuron 1
    problem = only(broken)
    assert (problem.table, problem.column, problem.rule, problem.rows) == ("skeletons", "parent", "skeleton-parent", 1)
    assert problem.example == "neuron_id=2, node=0, parent=1"


def test_build_that_is_out_of_date(broken: Path) -> None:
    with DatasetWriter(broken) as writer:
        rows = read(broken, "segment_to_neuron")
        writer.add("segment_to_neuron", change(rows, "neuron_id", lambda r: r["segment_id"] == 104, 2))
        writer.commit({"command": "edit"})
    problem = only(broken)
    assert (problem.table, problem.rule, problem.rows) == ("segment_to_neuron", "outdated-build", 4)
    assert "graphkit build" in problem.message


def test_no_problem_hides_another(broken: Path) -> None:
    first_file(broken, "neuron_regions")[0].unlink()
    rewrite(broken, "skeletons", lambda t: change(t, "parent", lambda r: r["node"] == 2, 77))
    rewrite(broken, "neurons", lambda t: change(t, "inputs", lambda r: r["neuron_id"] == 9, -2))
    rewrite(broken, "regions", lambda t: change(t, "name", lambda r: r["region_id"] == 3, "EB"))
    assert {(p.table, p.rule) for p in found(broken)} == {
        ("neuron_regions", "file-missing"),
        ("skeletons", "skeleton-parent"),
        ("neurons", "count"),
        ("neurons", "totals"),
        ("regions", "region-name"),
    }
