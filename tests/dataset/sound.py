"""A sound dataset with a bit of everything, and the tools to break it in exactly one way.

The files of the broken datasets are written by pyarrow and listed in the snapshot with their true size, rows and digest
(except where these are what is broken), so that only the rule under test can find them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import graphkit
from graphkit.build import BuildOptions, build_into
from graphkit.validate import Problem, validate
from graphkit.writer import DatasetWriter

__all__ = [
    "HUGE",
    "change",
    "change_first",
    "first_file",
    "found",
    "make",
    "make_apart",
    "manifest",
    "only",
    "pick",
    "read",
    "rewrite",
    "sources",
    "write_manifest",
    "write_table",
]

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


def make_apart(folder: Path) -> Path:
    """The same tables but synapses and without a build."""
    with DatasetWriter(folder, create=True, name="apart", bounds_nm=BOUNDS) as writer:
        for name, rows in sources().items():
            if name != "synapses":
                writer.add(name, rows)
        writer.commit({"command": "test"})
    return folder


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


def change_first(rows: pa.Table, column: str, value: Any) -> pa.Table:
    """``rows`` with ``value`` in ``column`` of the first one."""
    at, field = rows.schema.get_field_index(column), rows.schema.field(column)
    return rows.set_column(at, field, pa.array([value, *rows[column].to_pylist()[1:]], field.type))


def rewrite(folder: Path, table: str, edit: Callable[[pa.Table], pa.Table]) -> None:
    write_table(folder, table, [edit(read(folder, table))])


def found(folder: Path) -> list[Problem]:
    return list(validate(folder).problems)


def only(folder: Path) -> Problem:
    """The one problem there is."""
    problems = found(folder)
    assert len(problems) == 1, problems
    return problems[0]


def pick(problems: Path | Sequence[Problem], table: str, column: str, rule: str) -> Problem:
    """The one problem of that place and rule; what follows from it may be there as well."""
    if isinstance(problems, Path):
        problems = found(problems)
    chosen = [p for p in problems if (p.table, p.column, p.rule) == (table, column, rule)]
    assert len(chosen) == 1, problems
    return chosen[0]


def first_file(folder: Path, table: str) -> tuple[Path, int]:
    file = manifest(folder)["tables"][table]["files"][0]
    return folder / file["path"], file["rows"]
