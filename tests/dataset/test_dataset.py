"""Create, open, history, at, prune; crashes and foreign files; what is refused at the door."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pyarrow as pa
import pytest

import graphkit
from graphkit.build import build, build_into
from graphkit.dataset import Dataset
from graphkit.errors import (
    ConflictError,
    DamagedFileError,
    DatasetError,
    FormatVersionError,
    NotADatasetError,
)
from graphkit.schema import TABLES
from graphkit.validate import validate
from graphkit.writer import DatasetWriter

SYNAPSES = pa.table({"synapse_id": [1, 2, 3], "pre_id": [1, 1, 2**53 + 1], "post_id": [2, 2, 1]})


def make(where: Path | str) -> Dataset:
    with DatasetWriter(where, create=True, name="d", size_unit="nm3") as writer:
        writer.add("synapses", SYNAPSES)
        writer.add("segments", pa.table({"segment_id": [1]}))
        return writer.commit({"command": "test"}, build=build_into(writer, threads=1))


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(make(tmp_path_factory.mktemp("dataset") / "d").url)


@pytest.fixture
def folder(_made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(_made, tmp_path / "d"))


def edit(where: Path | str, segment: int) -> Dataset:
    with DatasetWriter(where) as writer:
        writer.add("segments", pa.table({"segment_id": [1, segment]}))
        return writer.commit({"command": "edit"})


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


# -- snapshots --------------------------------------------------------------------------------------------------------


def test_carry_over_history_and_at(folder: Path) -> None:
    first = graphkit.open(folder)
    second = edit(folder, 99)
    assert (second.snapshot.number, second.snapshot.parent, second.snapshot.size_unit) == (2, 1, "nm3")
    assert second.snapshot.build == first.snapshot.build
    assert [s["command"] for s in second.snapshot.provenance] == ["test", "edit"]
    for table, entry in first.snapshot.tables.items():
        assert (second.snapshot.tables[table] == entry) == (table != "segments")
    assert [s.number for s in graphkit.open(folder).history()] == [1, 2]
    assert graphkit.open(folder).table("segments").num_rows == 2
    assert graphkit.open(folder).at(1).table("segments").num_rows == 1
    assert graphkit.open(folder, snapshot=1).snapshot == first.snapshot
    with pytest.raises(DatasetError, match="no snapshot 7") as caught:
        graphkit.open(folder).at(7)
    assert "1, 2" in str(caught.value)


def test_files_are_named_by_content_and_shared(folder: Path) -> None:
    import hashlib

    dataset = graphkit.open(folder)
    for path in dataset.snapshot.paths:
        digest = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        assert Path(path).stem == digest[:32]
    before = files(folder)
    build(folder, threads=1)  # the same again: no new file but the snapshot
    assert files(folder) - before == {"snapshots/00000002.json"}
    assert graphkit.open(folder).snapshot.digest == dataset.snapshot.digest


def test_prune_keeps_what_is_young_or_listed(folder: Path) -> None:
    edit(folder, 98)
    last = edit(folder, 99)
    (orphan := folder / "skeletons" / "orphan.parquet").parent.mkdir()
    orphan.write_bytes(b"left by a writer that died")
    deleted = last.prune()
    assert deleted == ["snapshots/00000001.json", "snapshots/00000002.json"]  # all else is younger than a day
    deleted = last.prune(grace_s=0)
    assert {p.split("/")[0] for p in deleted} == {"segments", "skeletons"}
    assert files(folder) == last.snapshot.paths | {"dataset.json", "snapshots/00000003.json"}
    assert validate(folder).ok
    assert last.prune(grace_s=0) == []
    with pytest.raises(DatasetError, match="keep must be at least 1"):
        last.prune(keep=0)


def test_prune_grace_goes_by_age(folder: Path) -> None:
    last = edit(folder, 99)
    (old,) = (f.path for f in last.at(1).snapshot.tables["segments"].files)
    os.utime(folder / old, (time.time() - 7200,) * 2)
    assert last.prune(keep=2, grace_s=3600) == []
    assert old in last.prune(grace_s=3600)


def test_prune_under_a_lagging_pointer(folder: Path) -> None:
    pointer = (folder / "dataset.json").read_bytes()
    for segment in (97, 98, 99):
        edit(folder, segment)
    (folder / "dataset.json").write_bytes(pointer)  # three writers died before they moved it
    assert graphkit.open(folder).snapshot.number == 4
    graphkit.open(folder).prune(grace_s=0)
    assert graphkit.open(folder).snapshot.number == 4


def test_crash_between_snapshot_and_pointer_heals(folder: Path) -> None:
    pointer = (folder / "dataset.json").read_bytes()
    edit(folder, 99)
    (folder / "dataset.json").write_bytes(pointer)
    assert graphkit.open(folder).snapshot.number == 2
    assert edit(folder, 100).snapshot.number == 3
    assert json.loads((folder / "dataset.json").read_text())["snapshot"] == 3


def test_crash_before_the_first_pointer_heals(folder: Path) -> None:
    (folder / "dataset.json").unlink()
    assert graphkit.open(folder).snapshot.number == 1
    edit(folder, 99)
    (folder / "dataset.json").unlink()
    (folder / "snapshots/00000001.json").unlink()
    assert graphkit.open(folder).snapshot.number == 2  # from the oldest that is kept


def test_foreign_files_among_the_snapshots(folder: Path) -> None:
    (folder / "snapshots/notes.json").write_text("{}")
    assert [s.number for s in graphkit.open(folder).history()] == [1]


# -- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content", "error", "message"),
    [
        ("dataset.json", '{"name": "package"}', NotADatasetError, "not part of a graphkit dataset"),
        ("dataset.json", "[1, 2]", NotADatasetError, "expected a JSON object, found list"),
        ("dataset.json", '{"format": "graph', DamagedFileError, "not readable JSON"),
        ("dataset.json", "", DamagedFileError, "not readable JSON"),
        (
            "dataset.json",
            '{"format": "graphkit-dataset", "format_version": 2, "snapshot": 1}',
            FormatVersionError,
            "version 2",
        ),
        ("dataset.json", '{"format": "graphkit-dataset", "format_version": 1}', DamagedFileError, "names no snapshot"),
        (
            "snapshots/00000001.json",
            '{"format": "graphkit-dataset", "format_version": 9}',
            FormatVersionError,
            "version 9",
        ),
        (
            "snapshots/00000001.json",
            '{"format": "graphkit-dataset", "format_version": 1}',
            DamagedFileError,
            "garbles a field",
        ),
        ("snapshots/00000001.json", '{"format"', DamagedFileError, "not readable JSON"),
        ("snapshots/00000001.json", "\x00\x01\xff", DamagedFileError, "not readable JSON"),
    ],
)
def test_damaged_pointers_and_snapshots(
    folder: Path, path: str, content: str, error: type[DatasetError], message: str
) -> None:
    (folder / path).write_bytes(content.encode("latin-1"))
    for what in (graphkit.open, validate, DatasetWriter):
        with pytest.raises(error, match=message) as caught:
            what(folder)
        assert path in str(caught.value)


def test_missing_snapshot(folder: Path) -> None:
    (folder / "snapshots/00000001.json").unlink()
    with pytest.raises(DamagedFileError, match=r"points to 'snapshots/00000001.json', which is not there"):
        graphkit.open(folder)


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_damaged_tables_are_named_by_every_reader(folder: Path, damage: str) -> None:
    dataset = graphkit.open(folder)
    path = folder / dataset.snapshot.tables["synapses"].files[0].path
    path.unlink() if damage == "missing" else path.write_bytes(path.read_bytes()[:-20])
    for read in (lambda: dataset.table("synapses"), dataset.connect, lambda: build(folder, autapses=False)):
        with pytest.raises(DamagedFileError, match=path.name):
            read()
    assert graphkit.open(folder).snapshot.number == 1


# -- places that are no dataset ---------------------------------------------------------------------------------------


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotADatasetError, match="no such folder"):
        graphkit.open(tmp_path / "none")
    with pytest.raises(NotADatasetError, match=r"no dataset\.json"):
        graphkit.open(tmp_path)
    (tmp_path / "file.csv").write_text("a,b\n")
    with pytest.raises(NotADatasetError, match="is a file"):
        graphkit.open(tmp_path / "file.csv")
    with pytest.raises(NotADatasetError, match="no such folder"):
        DatasetWriter(tmp_path / "none")


def test_create_where_something_is(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DatasetError, match="There is a dataset"):
        DatasetWriter(folder, create=True)
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter1.tex").write_text("x")
    with pytest.raises(DatasetError, match="not empty"):
        DatasetWriter(foreign, create=True)
    with pytest.raises(DatasetError, match="is a file"):
        DatasetWriter(foreign / "chapter1.tex", create=True)
    with pytest.raises(DatasetError), DatasetWriter(foreign / "chapter1.tex" / "d", create=True):
        pass
    assert files(foreign) == {"chapter1.tex"}
    (empty := tmp_path / "empty").mkdir()
    assert make(empty).snapshot.number == 1


def test_unknown_protocol() -> None:
    with pytest.raises(DatasetError, match="Cannot open the URL"):
        graphkit.open("gopher://somewhere/d")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into read-only folders")
def test_read_only_folder(folder: Path) -> None:
    folder.chmod(0o555)
    try:
        with pytest.raises(DatasetError, match="Cannot write"):
            edit(folder, 99)
        assert graphkit.open(folder).table("neurons").num_rows == 3
    finally:
        folder.chmod(0o755)


# -- memory:// --------------------------------------------------------------------------------------------------------


def test_everything_on_an_object_store() -> None:
    where = f"memory://everything-{time.time_ns()}"
    first = make(where)
    with pytest.raises(DatasetError, match="There is a dataset"):
        DatasetWriter(where, create=True)
    assert first.table("neurons")["neuron_id"].to_pylist() == [1, 2, 2**53 + 1]
    with graphkit.open(where).connect() as connection:
        assert connection.execute("SELECT sum(synapses) FROM connections").fetchall() == [(3,)]
    late = DatasetWriter(where)
    second = edit(where, 99)
    with pytest.raises(ConflictError, match="committed snapshot 2"), late as writer:
        writer.commit({"command": "late"})
    third = build(where, autapses=False, threads=1)
    assert [s.number for s in graphkit.open(where).history()] == [1, 2, 3]
    assert validate(where).ok
    assert third.prune(grace_s=0)
    assert [s.number for s in graphkit.open(where).history()] == [3]
    assert validate(where).ok
    assert second.snapshot.number == 2


# -- the door ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("huge", [2**53 + 1, 720575940621039145, 2**63 - 1])
@pytest.mark.parametrize("dtype", [pa.int64(), pa.uint64(), pa.string()])
def test_huge_ids_survive(tmp_path: Path, huge: int, dtype: pa.DataType) -> None:
    with DatasetWriter(tmp_path / "d", create=True) as writer:
        writer.add("neurons", pa.table({"neuron_id": pa.array([huge, 1], pa.int64()).cast(dtype)}))
        dataset = writer.commit({"command": "test"})
    assert dataset.table("neurons")["neuron_id"].to_pylist() == [1, huge]


@pytest.mark.parametrize(
    ("table", "rows", "message"),
    [
        ("neurons", {"neuron_id": pa.array([2**63], pa.uint64())}, "cannot be read as int64"),
        ("neurons", {"neuron_id": [7.2e17]}, "floating-point"),
        ("synapses", {"synapse_id": [1], "pre_id": [2.0], "post_id": [3]}, "floating-point"),
        ("neurons", {"neuron_id": ["AVAL"]}, "cannot be read as int64"),
        ("neurons", {"neuron_id": [1, None]}, "1 nulls; it must have none"),
        ("neurons", {"type": ["A"]}, "needs the column 'neuron_id'"),
        ("neurons", {"neuron_id": [1], "Type": ["A"]}, "two columns named 'Type' and 'type'"),
        ("skeletons", {"neuron_id": [1], "node": [0], "parent": [-1], "mood": ["x"]}, "needs the column 'x_nm'"),
        ("connections", {"pre_id": [1], "post_id": [2], "synapses": [1], "mood": ["x"]}, "has no column 'mood'"),
        ("neurons", {"neuron_id": [1], "soma_x_nm": [2**31]}, "cannot be read as int32"),
        ("regions", {"region_id": [40_000], "name": ["EB"]}, "cannot be read as int16"),
    ],
)
def test_refused_rows(tmp_path: Path, table: str, rows: dict[str, object], message: str) -> None:
    with DatasetWriter(tmp_path / "d", create=True) as writer, pytest.raises(DatasetError, match=message):
        writer.add(table, pa.table(rows))
    assert not any((tmp_path / "d").rglob("*.parquet"))


def test_add_sorts_with_nulls_last_and_fills_defaults(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "d", create=True) as writer:
        writer.add(
            "connections",
            pa.table({"pre_id": [2, 1, 1], "post_id": [1, 2, 2], "region_id": pa.array([1, None, 4], pa.int16())}),
        )
        dataset = writer.commit({"command": "test"})
    rows = dataset.table("connections")
    assert rows.schema.names == TABLES["connections"].schema.names
    assert rows["region_id"].to_pylist() == [4, None, 1]
    assert set(rows["kind"].to_pylist()) == {"chemical"}
