"""neuPrint downloads (hemibrain, MANC, male CNS): pair totals, neuron records with roiInfo, roi-resolved rows.

Any mix of files; each is sorted by its content:
- pair totals: ``bodyId_pre, bodyId_post, weight`` (or body_pre, body_post, or source, target);
- roi-resolved rows: ``bodyId_pre, bodyId_post, roi, weight``, or ``from, to, roi, ROIweight`` with the pair's total in
  weight;
- neuron records: JSON, Feather or Parquet with neuPrint's properties, or a CSV with ``bodyId, type, instance``.

roiInfo and roi rows name regions that contain each other. They become figures that do not
(``graphkit.importers.hierarchy``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.hierarchy import read_hierarchy
from graphkit.importers.neuprint_pairs import PairFiles, read_pair_files, write_pairs
from graphkit.importers.neuprint_records import Records, is_records, read_records
from graphkit.importers.neuprint_regions import region_names, resolve_regions
from graphkit.importers.neuron_join import first_said
from graphkit.importers.neuron_table import read_neurons
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport
from graphkit.importers.sources import checked_files, identifier
from graphkit.importers.synapses import Files
from graphkit.importers.work import Work, importing, nothing_left, region_rows
from graphkit.tables import parquet_sql, quoted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["import_neuprint"]

HEMIBRAIN_VOXEL_NM = (8.0, 8.0, 8.0)


def import_neuprint(
    files: Files,
    output: str | os.PathLike[str],
    *,
    hierarchy: str | os.PathLike[str] | None = None,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    status: str | Sequence[str] | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    voxel_size_nm: Sequence[float] = HEMIBRAIN_VOXEL_NM,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from neuPrint downloads: pair tables, roi-resolved rows, neuron records.

    Args:
        hierarchy: which region contains which: a JSON file in neuPrint's ``roiHierarchy`` layout; None for the
            hemibrain's, which is built in; "flat" where no region contains another. It is checked against the data.
        columns: field -> column of the pair tables, for what is not recognised (pre_id, post_id, weight, region,
            roi_weight).
        where: SQL condition on the pair tables' columns; other rows are left out and counted.
        status: only neurons whose records have this status (or one of these), e.g. "Traced", and the pairs among them.
        neurons: a further table of neurons; ``neuron_columns`` names its columns where needed.
        voxel_size_nm: voxels of somaLocation and size (x, y, z).

    Raises:
        ImportDataError: a file or (in mode "fail") a row cannot be read, pair totals contradict each other, or the
        figures
            contradict the hierarchy.
    """
    paths = checked_files(files)
    described = checked_files(neurons)[0] if neurons is not None else None
    wanted = None if status is None else [status] if isinstance(status, str) else list(status)
    record_paths = [p for p in paths if is_records(p)]
    with importing(output, ImportOptions(**common), voxel_size_nm=voxel_size_nm) as work:
        records = None
        if record_paths:
            records = read_records(record_paths, work.ledger, [float(v) for v in voxel_size_nm], wanted)
        work.sources.extend(record_paths)
        found = read_pair_files(work, [p for p in paths if p not in record_paths], columns, where)
        if wanted:
            _keep_described(work, found, records, wanted)
        options = BuildOptions(totals="source" if records and records.regions.num_rows else "counted")
        _write(work, records, found, described, neuron_columns, hierarchy)
        settings = {
            "hierarchy": os.fspath(hierarchy) if hierarchy == "flat" else hierarchy and Path(hierarchy).name,
            "columns": dict(columns or {}),
            "where": where,
            "status": wanted,
            "neurons": described and described.name,
            "voxel_size_nm": [float(v) for v in voxel_size_nm],
        }
        return work.finish("import neuprint", settings, options)


def _keep_described(work: Work, found: PairFiles, records: Records | None, status: Sequence[str]) -> None:
    """Only the pairs of which both neurons have a record that was kept."""
    if records is None:
        raise ImportDataError(
            f"Neurons of status {' or '.join(status)} are asked, but no file has records with a status.",
            hint="Add the neurons' records (JSON, or the table of annotations or properties).",
        )
    work.connection.register("kept_neurons", records.neurons.select(["neuron_id"]))
    for view in found.views:
        rows = work.connection.execute(f"SELECT count(*) FROM {view}").fetchall()[0][0]
        target = work.new_file()
        work.connection.execute(
            f"COPY (SELECT p.* FROM {view} p SEMI JOIN kept_neurons a ON a.neuron_id = p.pre_id SEMI JOIN kept_neurons b "
            f"ON b.neuron_id = p.post_id) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION lz4)"
        )
        work.connection.execute(f"CREATE OR REPLACE VIEW {view} AS FROM {parquet_sql([str(target)])}")
        kept = work.connection.execute(f"SELECT count(*) FROM {view}").fetchall()[0][0]
        work.ledger.leave_out(f"a pair with a neuron that is not of status {' or '.join(status)}", rows - kept)


def _write(
    work: Work,
    records: Records | None,
    found: PairFiles,
    described: Path | None,
    neuron_columns: Mapping[str, str] | None,
    hierarchy: str | os.PathLike[str] | None,
) -> None:
    if not found.pairs and not found.resolved:
        raise (
            nothing_left(work.ledger, "connection")
            if work.ledger.rows_read
            else ImportDataError(
                "None of the files has connections: they describe neurons.",
                hint="Add the table of pairs: columns such as bodyId_pre, bodyId_post, weight.",
            )
        )
    if records:
        for sentence in records.notes:
            work.ledger.note(sentence)
    names = region_names(work, records, found)
    tree = read_hierarchy(hierarchy, names)
    kept = resolve_regions(work, tree, names, records, found)
    ids: dict[str, int] = {}
    if kept:
        regions, ids = region_rows(tree.in_order(kept), tree.within(kept))
        work.writer.add("regions", regions)
    if records and records.regions.num_rows:
        _write_neuron_regions(work, ids)
    tables = [records.neurons] if records else []
    tables += [read_neurons(work, p, neuron_columns) for p in [*([described] if described else []), *found.neurons]]
    tables += [_of_known(work, found, tables, p, read_neurons(work, p, neuron_columns)) for p in found.bodies]
    if found.described is not None:
        tables.append(found.described)
    _say_undescribed(work, found, tables, records)
    if not write_pairs(work, found, ids):
        raise nothing_left(work.ledger, "connection")
    if tables:
        work.writer.add("neurons", _joined(work, tables))


def _of_known(work: Work, found: PairFiles, tables: Sequence[pa.Table], path: Path, table: pa.Table) -> pa.Table:
    """The rows about neurons of the pairs or of the other tables: a table of every body has fragments by the million."""
    work.connection.register("bodies", table)
    ids = [f"SELECT {end} AS neuron_id FROM {view}" for view in found.views for end in ("pre_id", "post_id")]
    for i, other in enumerate(tables):
        work.connection.register(f"told_{i}", other)
        ids.append(f"SELECT neuron_id FROM told_{i}")
    sql = f"SELECT * FROM bodies SEMI JOIN ({' UNION '.join(ids)}) USING (neuron_id) ORDER BY neuron_id"
    kept = work.connection.sql(sql).to_arrow_table()
    if kept.num_rows < table.num_rows:
        work.ledger.note(
            f"{table.num_rows - kept.num_rows:,} bodies of {path.name} are in no other file, and were left out."
        )
    return kept


def _write_neuron_regions(work: Work, ids: Mapping[str, int]) -> None:
    """From the view ``own_figures`` (neuron_id, region, inputs, outputs), region null for what lies outside every
    one."""
    work.connection.execute("CREATE OR REPLACE TEMP TABLE own_ids (region VARCHAR, region_id SMALLINT)")
    work.connection.executemany("INSERT INTO own_ids VALUES (?, ?)", [*ids.items()] or [("", 0)])
    rows = work.connection.sql(
        "SELECT f.neuron_id, coalesce(i.region_id, 0) AS region_id, f.inputs, f.outputs FROM own_figures f "
        "LEFT JOIN own_ids i USING (region) WHERE f.inputs > 0 OR f.outputs > 0"
    )
    work.writer.add("neuron_regions", rows.to_arrow_table())


def _joined(work: Work, tables: Sequence[pa.Table]) -> pa.Table:
    """One row a neuron; of several tables the first that says something counts. Side from the instance if not said:
    _L, _R, or the side of the glomerulus of the protocerebral bridge (EPG(PB08)_L4, PFR_b(PB11b)_R1_C2).
    """
    firsts = first_said(work, tables)
    quoted = {c: identifier(c) for c in firsts}
    if "name" in firsts:
        said = f"{firsts['side']}, " if "side" in firsts else ""
        suffix = f"regexp_extract({firsts['name']}, '_([LR])[1-9]?(_C[0-9].*)?$', 1)"
        firsts["side"] = f"coalesce({said}CASE {suffix} WHEN 'L' THEN 'left' WHEN 'R' THEN 'right' END)"
        quoted["side"] = "side"
    for total, end in (("inputs", "post_id"), ("outputs", "pre_id")):
        if total in firsts:  # a neuron without a record has what the given pairs say
            pairs = f"(SELECT sum(synapses) FROM neuprint_connections WHERE {end} = all_neurons.neuron_id)"
            firsts[total] = f"CAST(coalesce({firsts[total]}, {pairs}, 0) AS BIGINT)"
    listed = "".join(f", {sql} AS {quoted[c]}" for c, sql in firsts.items())
    sql = f"SELECT neuron_id{listed} FROM all_neurons GROUP BY neuron_id ORDER BY neuron_id"
    return work.connection.sql(sql).to_arrow_table()


def _say_undescribed(work: Work, found: PairFiles, tables: Sequence[pa.Table], records: Records | None) -> None:
    """Neurons of the pairs of which nothing, or no roiInfo, is known."""
    ends = " UNION ".join(f"SELECT {e} FROM {v}" for v in found.views for e in ("pre_id", "post_id"))
    for what, known in (("record", tables), ("roiInfo", [records.neurons] if records else [])):
        if not known:
            continue
        for i, table in enumerate(known):
            work.connection.register(f"known_{i}", table)
        ids = " UNION ".join(f"SELECT neuron_id FROM known_{i}" for i in range(len(known)))
        row: Any = work.connection.execute(f"SELECT count(*) FROM ({ends} EXCEPT ({ids}))").fetchall()[0]
        if row[0] and what == "record":
            work.ledger.note(f"{row[0]:,} neurons of the pairs have no record.")
        elif row[0]:
            work.ledger.note(
                f"{row[0]:,} neurons of the pairs have no roiInfo: their inputs and outputs are those of the given "
                "pairs, and in which regions they are is not known."
            )
