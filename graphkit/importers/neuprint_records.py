"""neuPrint's neuron records (JSON): attributes, totals, and the figures of roiInfo."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import ImportDataError, did_you_mean
from graphkit.importers.report import Ledger
from graphkit.schema import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Records", "is_records", "read_records"]

_FIELDS = {
    "name": ("instance", "name"),
    "type": ("type",),
    "class": ("superclass", "class"),
    "side": ("somaSide", "side"),
    "nt": ("consensusNt", "celltypePredictedNt", "predictedNt", "consensus_nt", "predicted_nt"),
    "status": ("status",),
}
_SIDES = {"l": "left", "lhs": "left", "left": "left", "r": "right", "rhs": "right", "right": "right"}
_SIDES |= dict.fromkeys(("m", "c", "center", "midline"), "center")
_TAKEN = {"bodyId", "cropped", "roiInfo", "somaLocation", "size", "upstream", "downstream", "instance"}
_MOST = 2**63 - 1
_INT32 = 2**31


@dataclass(frozen=True, slots=True)
class Records:
    """Neurons (Arrow, as the table ``neurons``), and (neuron_id, region, inputs, outputs) rows that include the
    children's."""

    neurons: pa.Table
    regions: pa.Table
    notes: tuple[str, ...]


def read_records(
    paths: Sequence[Path], ledger: Ledger, voxel_nm: Sequence[float], status: Sequence[str] | None = None
) -> Records:
    """The records of all files, each neuron once; only those of the given status, where one is given.

    Raises:
        ImportDataError: not JSON, not records, or (in mode ``fail``) a record that cannot be read, or two records of
        one
            neuron that differ.
    """
    seen: dict[int, dict[str, Any]] = {}
    repeated = others = 0
    other: dict[str, int] = {}
    for path in paths:
        for number, record in enumerate(_records(path), start=1):
            body = _body_id(record, f"{path.name}, record {number:,}", ledger)
            if body is None:
                continue
            if status is not None and (its := _clean(record.get("status"))) not in status:
                others += 1
                other[str(its)] = other.get(str(its), 0) + 1
                continue
            if body not in seen:
                seen[body] = record
            elif _same(seen[body], record):
                repeated += 1
            else:
                _odd(ledger, f"{path.name}: the records of neuron {body} differ between the files; the first was kept.")
    if others and not seen:
        known = sorted((name for name in other if name != "None"), key=lambda name: (-other[name], name))
        shown = ", ".join(f"{name!r} ({other[name]:,})" for name in known[:8]) or "none: no record says one"
        hint = did_you_mean((status or ("",))[0], known) or "Spell it as the records do."
        raise ImportDataError(f"No record has the status {' or '.join(status or ())}; there are {shown}.", hint=hint)
    notes = [f"{len(seen):,} neuron records read."]
    if others:
        notes.append(f"{others:,} more have another status than {' or '.join(status or ())}, and were left out.")
    if repeated:
        notes.append(f"{repeated:,} neuron records stand in several files, the same each time.")
    return _tables(dict(sorted(seen.items())), ledger, voxel_nm, notes)


def _odd(ledger: Ledger, sentence: str) -> None:
    """Neuron records are not rows of the books: they are noted in mode ``skip``."""
    if ledger.on_error == "fail":
        raise ImportDataError(sentence, hint="Mend the file, or go on without such records with --on-error skip.")
    ledger.note(sentence)


def is_records(path: Path) -> bool:
    """Whether ``path`` holds neuron records: JSON, or an Arrow or Parquet table with a column ``bodyId``.

    Raises:
        ImportDataError: a damaged file.
    """
    import gzip

    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith((b"ARROW1", b"PAR1")):
        return "bodyId" in _schema_names(path)
    if start.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as packed:
                start = packed.read(4096)
        except (OSError, EOFError) as error:
            raise ImportDataError(
                f"{path.name!r} is a damaged gzip file ({error}).", hint="Download it again."
            ) from error
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def _schema_names(path: Path) -> list[str]:
    """The columns of an Arrow or Parquet file; none where it cannot be read, which its reader will say."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            arrow = file.read(6) == b"ARROW1"
        if not arrow:
            return list(pq.read_schema(path).names)
        with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as reader:
            return list(reader.schema.names)
    except (pa.ArrowException, OSError):
        return []


def _table_records(path: Path) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        arrow = file.read(6) == b"ARROW1"
    try:
        table = feather.read_table(path) if arrow else pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise ImportDataError(f"{path.name!r} cannot be read: {error}", hint="Download it again.") from error
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _records(path: Path) -> Iterator[dict[str, Any]]:
    import gzip

    with path.open("rb") as file:
        if file.read(4) in (b"ARRO", b"PAR1"):
            yield from _table_records(path)
            return

    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            loaded = json.loads(file.read())  # Python's reader takes the bare NaN that neuPrint writes
    except (ValueError, OSError, EOFError) as error:
        raise ImportDataError(
            f"{path.name!r} cannot be read as JSON: {error}.", hint="It may be truncated: download it again."
        ) from error
    if isinstance(loaded, dict) and isinstance(loaded.get("data"), list) and isinstance(loaded.get("columns"), list):
        names = [str(c).rsplit(".", 1)[-1] for c in loaded["columns"]]
        rows: list[Any] = [row[0] if len(names) == 1 else dict(zip(names, row, strict=False)) for row in loaded["data"]]
    elif isinstance(loaded, list):
        rows = loaded
    else:
        raise ImportDataError(
            f"{path.name!r} holds no list of neuron records.", hint='Expected [{"bodyId": ..., ...}, ...].'
        )
    if not all(isinstance(r, dict) for r in rows):
        raise ImportDataError(f"{path.name!r} holds a list, but not of neuron records.")
    yield from rows


def _body_id(record: dict[str, Any], where: str, ledger: Ledger) -> int | None:
    value = record.get("bodyId")
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, float):
        fault = "is a floating-point number; ids above 2^53 lose their last digits that way"
    elif not isinstance(value, int) or isinstance(value, bool):
        fault = "is no body id"
    elif not 0 <= value <= _MOST:
        fault = "is not between 0 and 2^63 - 1"
    else:
        return value
    _odd(ledger, f"{where}, bodyId: {value!r} {fault}.")
    return None


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    return bool(a == b)


def _clean(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _tables(seen: dict[int, dict[str, Any]], ledger: Ledger, voxel_nm: Sequence[float], notes: list[str]) -> Records:
    import pyarrow as pa

    columns: dict[str, list[Any]] = {"neuron_id": list(seen)}
    for field, keys in _FIELDS.items():
        texts = [next((str(v) for k in keys if (v := _clean(r.get(k))) not in (None, "")), None) for r in seen.values()]
        columns[field] = [_SIDES.get(t.casefold(), t) if t else None for t in texts] if field == "side" else texts
    columns["complete"] = [None if r.get("cropped") is None else not r["cropped"] for r in seen.values()]
    somas = [_soma(body, r.get("somaLocation"), voxel_nm, ledger) for body, r in seen.items()]
    for i, axis in enumerate("xyz"):
        columns[f"soma_{axis}_nm"] = [s[i] if s else None for s in somas]
    voxel = voxel_nm[0] * voxel_nm[1] * voxel_nm[2]
    sizes = [_clean(r.get("size")) for r in seen.values()]
    columns["volume_nm3"] = [None if s is None else float(s) * voxel for s in sizes]
    columns["inputs"] = [_figure(r, "upstream", "post") for r in seen.values()]
    columns["outputs"] = [_figure(r, "downstream", "pre") for r in seen.values()]
    if any("pre" in r and "downstream" not in r for r in seen.values()):
        notes.append(
            "Some records have no `downstream`; there outputs are `pre`, presynaptic sites, of which one can have "
            "many partners."
        )
    table = pa.table({n: pa.array(v, _type_of(n)) for n, v in columns.items()})
    for name, values in _own_columns(seen).items():
        table = table.append_column(name, values)
    return Records(table, _region_rows(seen), tuple(notes))


def _type_of(name: str) -> Any:
    return TABLES["neurons"].schema.field(name).type


def _figure(record: dict[str, Any], key: str, otherwise: str) -> int:
    value = _clean(record.get(key))
    return int(value if value is not None else _clean(record.get(otherwise)) or 0)


def _soma(body: int, place: Any, voxel_nm: Sequence[float], ledger: Ledger) -> list[int] | None:
    if isinstance(place, dict):
        place = place.get("coordinates")
    if isinstance(place, str):  # a table keeps it as text
        place = [float(part) for part in re.findall(r"-?[0-9]+(?:\.[0-9]+)?", place)] or None
    if _clean(place) is None:
        return None
    if isinstance(place, list) and len(place) == 3 and all(isinstance(p, (int, float)) for p in place):
        nm = [round(p * v) for p, v in zip(place, voxel_nm, strict=True)]
        if all(-_INT32 <= v < _INT32 for v in nm):
            return nm
    _odd(ledger, f"Neuron {body}: somaLocation {place!r} is not a position (three voxel coordinates).")
    return None


def _own_columns(seen: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """The source's own single values; lists (inputRois, outputRois) follow from roiInfo."""
    import pyarrow as pa

    known = set(TABLES["neurons"].schema.names)
    keys = dict.fromkeys(k for r in seen.values() for k in r)
    columns = {}
    for key in keys:
        values = [_clean(r.get(key)) for r in seen.values()]
        if key in _TAKEN or key in known or any(isinstance(v, (list, dict)) for v in values):
            continue
        kinds = {type(v) for v in values if v is not None}
        if kinds <= {int}:
            columns[key] = pa.array(values, pa.int64())
        elif kinds <= {int, float}:
            columns[key] = pa.array(values, pa.float64())
        elif kinds == {bool}:
            columns[key] = pa.array(values, pa.bool_())
        else:
            columns[key] = pa.array([None if v is None else str(v) for v in values], pa.string())
    return columns


def _region_rows(seen: dict[int, dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    ids: list[int] = []
    names: list[str] = []
    inputs: list[int] = []
    outputs: list[int] = []
    for body, record in seen.items():
        info = record.get("roiInfo")
        if isinstance(info, str):
            info = json.loads(info)
        for name, figures in (info or {}).items():
            if not figures:  # a table has a place for every region
                continue
            ids.append(body)
            names.append(name)
            inputs.append(_figure(figures, "upstream", "post"))
            outputs.append(_figure(figures, "downstream", "pre"))
    return pa.table(
        {
            "neuron_id": pa.array(ids, pa.int64()),
            "region": pa.array(names, pa.string()),
            "inputs": pa.array(inputs, pa.int64()),
            "outputs": pa.array(outputs, pa.int64()),
        }
    )
