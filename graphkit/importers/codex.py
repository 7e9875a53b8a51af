"""Downloads of FlyWire Codex: connections by neuropil, and any of its tables about neurons.

    connections*.csv.gz             pre_root_id, post_root_id, neuropil, syn_count, nt_type; one row a pair and neuropil
    neurons.csv.gz                  root_id, group, nt_type, nt_type_score, da_avg, ...
    classification.csv.gz           root_id, flow, super_class, class, sub_class, hemilineage, side, nerve
    consolidated_cell_types.csv.gz  root_id, primary_type, additional_type(s)
    names, cell_stats, coordinates, labels, processed_labels, connectivity_tags, visual_neuron_types

Files are told apart by their columns, not by their names. Release 630's table without threshold has no header line.
The other datasets of Codex (BANC, MANC, male CNS) have the same connections and one wide table of neurons.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.cells import Cell, id_cell, position_cell, text_cell, write_rows
from graphkit.importers.edges import finish_edges, write_edges
from graphkit.importers.fields import EDGE_FIELDS, NEURON_FIELDS, Fields, recognise
from graphkit.importers.flywire import flywire_tree
from graphkit.importers.neuron_join import joined
from graphkit.importers.neuron_table import neurons_of, notes_of
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport, Ledger, listed
from graphkit.importers.sources import Source, checked_files
from graphkit.importers.staging import stage
from graphkit.importers.synapses import Files
from graphkit.importers.work import Work, importing
from graphkit.tables import parquet_sql

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["import_codex"]

_HEADERLESS = ("pre_root_id", "post_root_id", "neuropil", "syn_count", "nt_type")
_NEURON_FIELDS: Fields = {
    **NEURON_FIELDS,
    "type": ("primary_type", "primary_cell_type", "cell_type", "type", "hemibrain_type"),
    "class": ("class", "cell_class"),
    "nt": ("nt_type", "predicted_nt_type"),
    "name": ("name",),
    "cable_length_nm": ("cable_length_nm", "length_nm"),
    "volume_nm3": ("volume_nm3", "size_nm"),
}
_KEY: Fields = {"neuron_id": ("root_id", "pt_root_id")}
_LABELS = ("label", "processed_labels")
_CONSOLIDATED = {"additional_type(s)", "Alternative Cell Type(s)"}


def import_codex(
    files: Files,
    output: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from files of FlyWire Codex, in any mix: connections and tables about neurons.

    Regions are resolved: every row says its neuropil, UNASGD is outside every region, ``ME_L`` and ``ME_R`` are parts
    of ME (``graphkit.importers.flywire``). Of tables that say the same of a neuron, types come first, then the order
    given.

    Args:
        columns: field -> column of the connections, for what is not recognised (pre_id, post_id, weight, region, nt).
        where: SQL condition on the connections' columns; other rows are left out and counted.
        neurons: a further table of neurons, of any layout; ``neuron_columns`` names its columns where needed.

    Raises:
        ImportDataError: a file is not of Codex, or (in mode "fail") a row cannot be read; names the file and the line.
    """
    paths = checked_files(files)
    described = checked_files(neurons)[0] if neurons is not None else None
    with importing(output, ImportOptions(**common)) as work:
        connections: list[Source] = []
        tables: list[tuple[int, pa.Table]] = []
        for path in paths:
            found, table = _read(work, path, columns, where)
            connections += [found] if found else []
            tables += [(0 if _CONSOLIDATED & set(table.column_names) else 1, table)] if table is not None else []
        if not connections:
            raise ImportDataError(
                f"None of the files has connections: {listed([p.name for p in paths])}.",
                hint="Add connections.csv.gz, or another of Codex's tables of connections.",
            )
        write_edges(work, connections, columns=columns, ids="integer", kind="chemical", filtered=where is not None)
        if described is not None:
            own = Ledger(work.ledger.on_error)
            source = stage(work.connection, described, work.folder, own, progress=work.progress)
            work.sources.append(described)
            tables.append((2, neurons_of(work, source, neuron_columns, own=own)))
        ordered = [table for _, table in sorted(tables, key=lambda rank_and_table: rank_and_table[0])]
        finish_edges(work, by_name=False, neurons=joined(work, ordered) if ordered else None, tree=flywire_tree)
        settings = {"columns": dict(columns or {}), "where": where, "neurons": described and described.name}
        return work.finish("import codex", settings, BuildOptions())


def _read(
    work: Work, path: Path, columns: Mapping[str, str] | None, where: str | None
) -> tuple[Source | None, pa.Table | None]:
    """A table of connections (staged), or one row a neuron of any other table."""
    own = Ledger(work.ledger.on_error)
    source = stage(work.connection, path, work.folder, own, headerless=_HEADERLESS, progress=work.progress)
    work.sources.append(path)
    asked = {f: c for f, c in (columns or {}).items() if f in ("pre_id", "post_id") and c in source.columns}
    ends = recognise(source, {end: EDGE_FIELDS[end] for end in ("pre_id", "post_id")}, asked)
    if len(ends) == 2:
        work.ledger.absorb(own)
        return (work.select(source, where) if where is not None else source), None
    if "neuron_id" not in recognise(source, _KEY):
        raise ImportDataError(
            f"{path.name!r} is neither connections (pre_root_id, post_root_id, ...) nor neurons (root_id, ...); its "
            f"columns: {listed(list(source.columns))}.",
            hint="A table of neurons of another layout is given with --neurons.",
        )
    if {"position", "supervoxel_id"} <= set(source.columns) and "label" not in source.columns:
        return None, _first_marks(work, source, own)
    if label := next((c for c in _LABELS if c in source.columns), None):
        return None, _labels(work, source, label, own)
    return None, neurons_of(work, source, None, own=own, fields=_NEURON_FIELDS)


def _first_marks(work: Work, source: Source, own: Ledger) -> pa.Table:
    """A neuron's first marked position (nm); others are counted."""
    parts = [position_cell(source, "position", f"position_{a}_nm", 1.0, i) for i, a in enumerate("xyz", start=1)]
    rows = _rows(work, source, parts, own)
    table = work.connection.sql(
        f"SELECT neuron_id, first(COLUMNS('position_._nm') ORDER BY n) FROM {rows} GROUP BY neuron_id ORDER BY 1"
    ).to_arrow_table()
    table = table.rename_columns(["neuron_id", *(c.target for c in parts)])
    _say(work, source, own, f"marked positions of {table.num_rows:,} neurons; each neuron's first is kept")
    return table


def _labels(work: Work, source: Source, column: str, own: Ledger) -> pa.Table:
    """What people called a neuron: each label once, in the file's order, joined by '; '."""
    rows = _rows(work, source, [text_cell(source, column, "label", keep_na=True)], own)
    table = work.connection.sql(
        "SELECT neuron_id, string_agg(label, '; ' ORDER BY n) AS labels FROM (SELECT neuron_id, label, min(n) AS n FROM "
        f"{rows} WHERE label IS NOT NULL GROUP BY ALL) GROUP BY neuron_id ORDER BY neuron_id"
    ).to_arrow_table()
    _say(work, source, own, f"labels of {table.num_rows:,} neurons")
    return table


def _rows(work: Work, source: Source, cells: Sequence[Cell], own: Ledger) -> str:
    """SQL for (neuron_id, the cells, n: the row's place)."""
    target = work.new_file()
    key = recognise(source, _KEY)["neuron_id"]
    write_rows(
        work.connection, source, [id_cell(source, key, "neuron_id", required=True), *cells], target, own, work.progress
    )
    return f"(SELECT *, file_row_number AS n FROM {parquet_sql([str(target)], row_numbers=True)})"


def _say(work: Work, source: Source, own: Ledger, what: str) -> None:
    work.ledger.note(f"{source.name}: {source.rows:,} rows, {what}.")
    notes_of(work, source.name, own)
