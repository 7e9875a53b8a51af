"""Tables with one row a synapse: the generic importer, and the profile by which ``cave`` is the same thing.

Ids are digits, positions become whole nanometres, regions become a flat list; whatever column no field uses is kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Unpack

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.cells import (
    Cell,
    count_cell,
    id_cell,
    number_cell,
    position_cell,
    region_cell,
    text_cell,
    write_rows,
)
from graphkit.importers.fields import EDGE_FIELDS, SYNAPSE_FIELDS, recognise
from graphkit.importers.neuron_table import read_neurons
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport
from graphkit.importers.somata import marked_somata
from graphkit.importers.sources import ROW, Source, checked_files
from graphkit.importers.work import Work, extra_cells, importing, nothing_left, outside_sql, region_rows
from graphkit.tables import parquet_sql, quoted

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Files", "import_synapse_table", "import_synapses", "write_synapses"]

Files = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_OF_SYNAPSES = {"synapse_id", "position", "pre_position", "post_position", *"xyz"} | {
    f"{end}_{axis}" for end in ("pre", "post") for axis in "xyz"
}
"""Fields that only single synapses have."""
_REGIONS = {"region": "region_id", "pre_region": "pre_region_id", "post_region": "post_region_id"}


def import_synapses(
    source_files: Files,
    output: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    position_unit_nm: Sequence[float] | None = None,
    unassigned_id: int | None = None,
    size_unit: str | None = None,
    sheet: str | None = None,
    options: BuildOptions | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from tables of synapses (CSV, TSV, Parquet, Feather, xls, xlsx; .gz).

    Args:
        columns: field -> column, for what is not recognised by itself (fields: ``graphkit.importers.fields``).
        where: SQL condition on the source's columns; rows for which it does not hold are left out and counted.
        neurons: a table of neurons (type, class, side, ...); ``neuron_columns`` names its columns where needed.
        position_unit_nm: nanometres a unit of x, y and z, e.g. (4, 4, 40) for positions in such voxels. Columns whose
            names end in ``_nm`` are in nanometres in any case.
        unassigned_id: the neuron id that means "none" (often 0); such ends become null.
        options: how synapses are counted (``graphkit.build.BuildOptions``).

    Raises:
        ImportDataError: a file or (in mode "fail") a row cannot be read; names the file, line, column and value.
    """
    return import_synapse_table(
        source_files,
        output,
        command="import synapses",
        columns=columns,
        where=where,
        neurons=neurons,
        neuron_columns=neuron_columns,
        position_unit_nm=position_unit_nm,
        unassigned_id=unassigned_id,
        size_unit=size_unit,
        sheet=sheet,
        options=options,
        common=ImportOptions(**common),
    )


def import_synapse_table(
    source_files: Files,
    output: str | os.PathLike[str],
    *,
    command: str,
    columns: Mapping[str, str] | None,
    where: str | None,
    neurons: str | os.PathLike[str] | None,
    neuron_columns: Mapping[str, str] | None,
    position_unit_nm: Sequence[float] | None,
    unassigned_id: int | None,
    size_unit: str | None,
    sheet: str | None,
    options: BuildOptions | None,
    common: ImportOptions,
) -> ImportReport:
    """The one implementation behind ``import_synapses`` and ``import_cave``."""
    paths = checked_files(source_files)
    described = checked_files(neurons)[0] if neurons is not None else None
    unit = _checked_unit(position_unit_nm)
    options = options or BuildOptions()
    with importing(
        output,
        common,
        voxel_size_nm=unit if unit and len(set(unit) | {1.0}) > 1 else None,
        size_unit=size_unit,
    ) as work:
        sources = work.read(paths, where=where, sheet=sheet)
        fields = [recognise(s, SYNAPSE_FIELDS, columns, needed=("pre_id", "post_id")) for s in sources]
        for source, found in zip(sources, fields, strict=True):
            _refuse_pairs(source, found)
        write_synapses(work, sources, fields, unit, unassigned_id)
        if described is not None:
            table = read_neurons(work, described, neuron_columns)
            work.writer.add("neurons", marked_somata(table, unit, described.name, work.ledger) if unit else table)
        settings = {
            "columns": dict(columns or {}),
            "where": where,
            "position_unit_nm": unit,
            "unassigned_id": unassigned_id,
            "neurons": described and described.name,
            **asdict(options),
        }
        return work.finish(command, settings, options)


def _refuse_pairs(source: Source, found: Mapping[str, str]) -> None:
    """A table of pairs with their numbers of synapses must not become one of single synapses."""
    weight = recognise(source, {"weight": EDGE_FIELDS["weight"]}).get("weight")
    if weight is None or weight in found.values() or set(found) & _OF_SYNAPSES:
        return
    raise ImportDataError(
        f"{source.name} seems to hold pairs of neurons and not single synapses: it has the column {weight!r}, and neither "
        "ids nor positions of synapses.",
        hint="`graphkit import edges` reads pairs with their synapses. Where each row is one synapse, say what the column "
        f"is: --columns score={weight}, or size={weight}.",
    )


def _checked_unit(unit: Sequence[float] | None) -> list[float] | None:
    if unit is None:
        return None
    values = [float(u) for u in unit]
    if len(values) != 3 or not all(0 < u < float("inf") for u in values):
        raise ImportDataError(
            f"position_unit_nm must be three sizes above 0 (x, y, z), got {list(unit)!r}.", hint="For example: 4,4,40"
        )
    return values


def write_synapses(
    work: Work, sources: list[Source], fields: list[dict[str, str]], unit: list[float] | None, unassigned_id: int | None
) -> None:
    """Writes the table ``synapses`` and that of its regions; ``fields`` of each source as ``recognise`` finds them."""
    plans = [_cells(s, f, unit, unassigned_id, work) for s, f in zip(sources, fields, strict=True)]
    extra = extra_cells(work.connection, sources, fields, "synapses")
    files, first = [], 1
    targets = {cell.target for plan in plans for cell in plan}
    for source, found, plan, own in zip(sources, fields, plans, extra, strict=True):
        if "synapse_id" not in found:
            plan.append(Cell("synapse_id", f"CAST({ROW} + {first} AS BIGINT)"))
            work.ledger.note(f"{source.name} has no synapse ids; its rows were numbered from {first:,}.")
        plan += [Cell(t, "NULL") for t in sorted(targets - {c.target for c in plan})]
        files.append(work.new_file())
        write_rows(
            work.connection, source, sorted(plan, key=lambda c: c.target) + own, files[-1], work.ledger, work.progress
        )
        first += _last_row(work, source) + 1
    mixed = len({("synapse_id" in f) for f in fields}) > 1
    if mixed:
        raise ImportDataError(
            "Some of the files have synapse ids and others do not.", hint="Import them as two datasets."
        )
    relation = parquet_sql(map(str, files))
    relation = _without_repeats(work, relation, files, "synapse_id" in fields[0])
    region_files = _with_regions(work, relation, files, targets)
    _note_unassigned(work, parquet_sql(map(str, region_files)), unassigned_id)
    work.writer.add_files("synapses", region_files, in_order=False)


def _last_row(work: Work, source: Source) -> int:
    row = work.connection.execute(f"SELECT coalesce(max({ROW}), -1) FROM {source.relation}").fetchall()[0]
    return int(row[0])


def _cells(
    source: Source, fields: Mapping[str, str], unit: list[float] | None, unassigned_id: int | None, work: Work
) -> list[Cell]:
    cells = []
    for end in ("pre_id", "post_id"):
        cells.append(id_cell(source, fields[end], end, required=unassigned_id is None, unassigned=unassigned_id))
    if "synapse_id" in fields:
        cells.append(id_cell(source, fields["synapse_id"], "synapse_id", required=True))
    for field in ("pre_site_id", "pre_segment_id", "post_segment_id"):
        if field in fields:
            cells.append(id_cell(source, fields[field], field, required=False))
    if "size" in fields:
        cells.append(count_cell(source, fields["size"], "size", least=0, required=False))
    if "score" in fields:
        cells.append(number_cell(source, fields["score"], "score", "FLOAT"))
    for field in ("nt", "compartment"):
        if field in fields:
            cells.append(text_cell(source, fields[field], field))
    for field, target in _REGIONS.items():
        if field in fields:
            cells.append(region_cell(source, fields[field], target))
    if "kind" in fields:
        cells.append(_kind_cell(source, fields["kind"]))
    for end in ("pre", "post"):
        cells += _point_cells(source, fields, f"{end}_", end, unit)
    if not any(c.target.startswith(("pre_x", "post_x")) for c in cells) and ("x" in fields or "position" in fields):
        cells += _point_cells(source, fields, "", "post", unit)
        work.ledger.note(f"{source.name} gives one point a synapse; it is kept as the postsynaptic point.")
    else:  # the point between the two is an attribute beside them
        for field in ("x", "y", "z", "position"):
            fields.pop(field, None)  # type: ignore[attr-defined]
    return cells


def _point_cells(
    source: Source, fields: Mapping[str, str], prefix: str, end: str, unit: list[float] | None
) -> list[Cell]:
    cells = []
    if all(f"{prefix}{axis}" in fields for axis in "xyz"):
        for i, axis in enumerate("xyz"):
            column = fields[f"{prefix}{axis}"]
            cells.append(position_cell(source, column, f"{end}_{axis}_nm", _unit_of(source, column, unit, i)))
    elif f"{prefix}position" in fields:
        column = fields[f"{prefix}position"]
        for i, axis in enumerate("xyz"):
            cells.append(position_cell(source, column, f"{end}_{axis}_nm", _unit_of(source, column, unit, i), i + 1))
    elif some := [fields[f"{prefix}{axis}"] for axis in "xyz" if f"{prefix}{axis}" in fields]:
        raise ImportDataError(
            f"{source.name} has only a part of the {end}synaptic position: {', '.join(some)}.",
            hint=f"Name the other columns with --columns {prefix}x=NAME.",
        )
    return cells


def _unit_of(source: Source, column: str, unit: list[float] | None, axis: int) -> float:
    lowered = column.casefold()
    if lowered.endswith(("_nm", "(nm)", "[nm]")):
        return 1.0
    if unit is None and lowered.endswith(("_vx", "_vox", "_voxel", "_voxels", "_px")):
        raise ImportDataError(
            f"Column {column!r} of {source.name} holds positions in voxels, whose size is not known.",
            hint="Give it, in nanometres: --position-unit-nm 4,4,40",
        )
    return unit[axis] if unit else 1.0


def _kind_cell(source: Source, column: str) -> Cell:
    text = f"lower({text_cell(source, column, 'kind').value})"
    value = f"CASE WHEN {text} IS NULL THEN 'chemical' WHEN {text} IN ('chemical', 'electrical') THEN {text} END"
    fault = (
        f"CASE WHEN {text} NOT IN ('chemical', 'electrical') THEN $$is no kind; expected chemical or electrical$$ END"
    )
    return Cell("kind", value, fault, column)


def _without_repeats(work: Work, relation: str, files: list[Path], given: bool) -> str:
    """A synapse id names one synapse: of rows with the same one the first stays, and that is a fault."""
    if not given:
        return relation
    repeated = f"SELECT synapse_id, count(*) AS n FROM {relation} GROUP BY synapse_id HAVING count(*) > 1"
    row = work.connection.execute(f"SELECT coalesce(sum(n - 1), 0), count(*) FROM ({repeated})").fetchall()[0]
    if not row[1]:
        return relation
    found = work.connection.execute(f"{repeated} ORDER BY synapse_id LIMIT 3").fetchall()
    examples = [f"Synapse id {i} stands {n} times." for i, n in found]
    work.ledger.fault(
        "a synapse id that stood before",
        int(row[0]),
        examples,
        hint="If the column is not one of synapse ids, name the right one with --columns synapse_id=NAME.",
    )
    whole = work.new_file()
    order = "filename, file_row_number"
    sql = f"read_parquet([{', '.join(quoted(str(f)) for f in files)}], filename = true, file_row_number = true)"
    number = " ".join(f"WHEN {quoted(str(f))} THEN {i}" for i, f in enumerate(files))
    work.connection.execute(
        f"COPY (SELECT * EXCLUDE ({order}) FROM {sql} QUALIFY row_number() OVER (PARTITION BY synapse_id "
        f"ORDER BY CASE filename {number} END, file_row_number) = 1) TO {quoted(str(whole))} (FORMAT parquet)"
    )
    files[:] = [whole]
    return parquet_sql([str(whole)])


def _with_regions(work: Work, relation: str, files: list[Path], targets: set[str]) -> list[Path]:
    """The names of regions become ids; the regions become a flat table."""
    coded = [t for t in _REGIONS.values() if t in targets]
    if not coded:
        return files
    each = " UNION ".join(f"SELECT DISTINCT {t} AS r FROM {relation} WHERE NOT {outside_sql(t)}" for t in coded)
    names = [row[0] for row in work.connection.execute(f"{each} ORDER BY r").fetchall() if row[0] is not None]
    table, ids = region_rows(names)
    work.writer.add("regions", table)
    work.connection.execute("CREATE OR REPLACE TEMP TABLE region_ids (r VARCHAR, i SMALLINT)")
    work.connection.executemany("INSERT INTO region_ids VALUES (?, ?)", [*ids.items()] or [("", 0)])
    done = []
    for file in files:
        joins = " ".join(f"LEFT JOIN region_ids j{n} ON s.{t} = j{n}.r" for n, t in enumerate(coded))
        made = ", ".join(
            f"CASE WHEN {outside_sql(f's.{t}')} THEN 0::SMALLINT ELSE j{n}.i END AS {t}" for n, t in enumerate(coded)
        )
        done.append(work.new_file())
        work.connection.execute(
            f"COPY (SELECT s.* REPLACE ({made}) FROM {parquet_sql([str(file)])} s {joins}) "
            f"TO {quoted(str(done[-1]))} (FORMAT parquet, COMPRESSION lz4)"
        )
        file.unlink()
    return done


def _note_unassigned(work: Work, relation: str, unassigned_id: int | None) -> None:
    row: Any = work.connection.execute(
        f"SELECT count(*), count(*) FILTER (pre_id IS NULL), count(*) FILTER (post_id IS NULL) FROM {relation}"
    ).fetchall()[0]
    if not row[0]:
        raise nothing_left(work.ledger, "synapse")
    if row[1] or row[2]:
        said = (
            f"Neuron id {unassigned_id} means not assigned: "
            if unassigned_id is not None and unassigned_id >= 0
            else ""
        )
        work.ledger.note(
            f"{said}{row[1]:,} synapses have no presynaptic and {row[2]:,} no postsynaptic neuron. They are kept, and not "
            "counted in the graph."
        )
