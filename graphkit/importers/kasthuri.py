"""The synapses of Kasthuri et al. 2015 (doi:10.1016/j.cell.2015.06.054), Table S1 (mmc2.xls): mouse cortex.

One sheet, two lines of header: 25 columns, 1,700 synapses. Positions of the postsynaptic density are in micrometres from
the corner of the volume (6 x 6 x 30 nm voxels). -1 stands for "does not apply" or "not known", 0 in some columns for
"not available"; both become null where the header says so. Axons and dendrites are the neurons of the dataset: their
numbers are different ones.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.cells import Cell, count_cell, id_cell, number_cell, position_cell, text_cell, write_rows
from graphkit.importers.neuron_join import joined
from graphkit.importers.neuron_table import read_neurons
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport
from graphkit.importers.sources import Source, checked_files, identifier, staged_text
from graphkit.importers.spreadsheet import spreadsheet_rows
from graphkit.importers.work import Work, importing, nothing_left
from graphkit.tables import parquet_sql

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["import_kasthuri"]

VOXEL_NM = (6.0, 6.0, 30.0)

_COLUMNS = (
    *("synapse", "x_um", "y_um", "z_um", "pixel", "cylinder_1", "cylinder_2", "cylinder_3", "axon", "dendrite"),
    *("axon_type", "bouton", "terminal", "vesicles", "mitochondria", "multi_synaptic_axon", "axon_length_um", "spine"),
    *("dendrite_type", "psd_size", "spine_number", "spine_volume", "spine_apparatus", "single_synapse_spine"),
)
"""The table's columns in order; a 25th is blank."""

_BEGINNINGS = {0: "Synapse No", 1: "PSD centroid", 8: "Axon No", 9: "Dendrite No", 19: "PSD size", 21: "Spine Volume"}
_AXON_TYPES = {"0": "excitatory", "1": "inhibitory", "2": "myelinated"}
_DENDRITE_TYPES = {"0": "excitatory", "1": "inhibitory"}


def import_kasthuri(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from mmc2.xls: synapses with positions, axon, dendrite, bouton, spine and its volume.

    Args:
        neurons: a table about axons and dendrites, by number; ``neuron_columns`` names its columns where needed.

    Raises:
        ImportDataError: the file is not this table, or (in mode "fail") a row cannot be read.
    """
    paths = checked_files(files)
    if len(paths) != 1:
        raise ImportDataError(f"{len(paths)} files were given; the table of Kasthuri et al. is one, mmc2.xls.")
    described = checked_files(neurons)[0] if neurons is not None else None
    with importing(output, ImportOptions(**common), voxel_size_nm=VOXEL_NM, size_unit="pixels") as work:
        source = _staged(work, paths[0])
        path = work.new_file()
        if not write_rows(work.connection, source, _cells(source), path, work.ledger, work.progress):
            raise nothing_left(work.ledger, "synapse")
        tables = [_neurites(work, source)]
        if described is not None:
            tables.append(read_neurons(work, described, neuron_columns))
        work.writer.add("neurons", joined(work, tables))
        work.writer.add_files("synapses", [_once(work, path)], in_order=False)
        return work.finish("import kasthuri", {"neurons": described and described.name}, BuildOptions())


def _staged(work: Work, path: Path) -> Source:
    rows = spreadsheet_rows(path, None, work.ledger)
    header, below = next(rows, []), next(rows, [])
    right = len(header) >= len(_COLUMNS) and all(
        " ".join((header[i] or "").split()).startswith(text) for i, text in _BEGINNINGS.items()
    )
    if not right or [c and c.strip() for c in below[1:4]] != ["x", "y", "z"]:
        raise ImportDataError(
            f"{path.name!r} is not the table of synapses of Kasthuri et al. 2015; its first columns: "
            f"{', '.join(repr(' '.join((c or '').split())[:40]) for c in header[:4])}.",
            hint="That is mmc2.xls, Table S1 of the paper. `graphkit import synapses` reads tables of other layouts.",
        )
    work.sources.append(path)
    n = len(_COLUMNS)
    cut = ((row + [None] * n)[:n] for row in rows)
    source = staged_text(work.connection, work.folder, path.name, _COLUMNS, cut)
    return Source(source.name, source.columns, source.rows, True, source.relation, first_line=3)


def _cells(source: Source) -> list[Cell]:
    return [
        id_cell(source, "synapse", "synapse_id", required=True),
        id_cell(source, "axon", "pre_id", required=True),
        id_cell(source, "dendrite", "post_id", required=True),
        *(position_cell(source, f"{a}_um", f"post_{a}_nm", 1000.0) for a in "xyz"),
        count_cell(source, "psd_size", "size", least=0, required=False),
        Cell("kind", "'chemical'"),
        Cell("compartment", "'axo-dendritic'"),
        *(_flag(source, f"cylinder_{i}", f"in_cylinder_{i}") for i in (1, 2, 3)),
        _words(source, "axon_type", "axon_type", _AXON_TYPES),
        _known(source, "bouton", "bouton", "BIGINT", ("-1", "0")),
        _flag(source, "terminal", "axon_terminal"),
        _known(source, "vesicles", "vesicles", "BIGINT"),
        _known(source, "mitochondria", "bouton_mitochondria", "BIGINT"),
        _flag(source, "multi_synaptic_axon", "multi_synaptic_bouton"),
        _known(source, "axon_length_um", "axon_length_um", "DOUBLE"),
        _flag(source, "spine", "on_spine"),
        _known(source, "spine_number", "spine", "BIGINT", ("-1", "0")),
        _known(source, "spine_volume", "spine_volume", "DOUBLE", ("-1", "0")),
        _flag(source, "spine_apparatus", "spine_apparatus"),
        _flag(source, "single_synapse_spine", "single_synapse_spine"),
    ]


def _known(source: Source, column: str, target: str, kind: str, unknown: Sequence[str] = ("-1",)) -> Cell:
    cell = number_cell(source, column, target, kind)
    none = ", ".join(f"'{u}'" for u in unknown)
    return Cell(
        target,
        f"CASE WHEN {identifier(column)} NOT IN ({none}) THEN {cell.value} END",
        _fault_but_for(cell, none),
        column,
    )


def _fault_but_for(cell: Cell, none: str) -> str:
    return f"CASE WHEN {identifier(cell.column)} NOT IN ({none}) THEN {cell.fault} END"


def _flag(source: Source, column: str, target: str) -> Cell:
    """1 is true, 0 false; the negative codes are null."""
    text = text_cell(source, column, target).value
    fault = f"CASE WHEN {text} NOT IN ('0', '1', '-1', '-2') THEN $$is none of 0, 1, -1 and -2$$ END"
    return Cell(target, f"CASE {text} WHEN '1' THEN true WHEN '0' THEN false END", fault, column)


def _words(source: Source, column: str, target: str, words: Mapping[str, str]) -> Cell:
    text = text_cell(source, column, target).value
    whens = " ".join(f"WHEN '{code}' THEN '{word}'" for code, word in words.items())
    known = ", ".join(f"'{code}'" for code in (*words, "-1"))
    fault = f"CASE WHEN {text} NOT IN ({known}) THEN $$is no code of this column$$ END"
    return Cell(target, f"CASE {text} {whens} END", fault, column)


def _neurites(work: Work, source: Source) -> pa.Table:
    """Axons and dendrites with their class and type; what rows say differently is the most frequent, and counted."""
    parts = []
    for column, words in (("axon", _AXON_TYPES), ("dendrite", _DENDRITE_TYPES)):
        number = f"TRY_CAST({column} AS BIGINT)"
        word = _words(source, f"{column}_type", "type", words).value
        parts.append(f"SELECT {number} AS neuron_id, '{column}' AS class, {word} AS type FROM {source.relation}")
    counted = f"(SELECT neuron_id, class, type, count(*) AS n FROM ({' UNION ALL '.join(parts)}) GROUP BY ALL)"
    both = work.connection.execute(
        f"SELECT count(*) FROM (SELECT neuron_id FROM {counted} WHERE neuron_id >= 0 GROUP BY 1 HAVING count(DISTINCT class) > 1)"
    ).fetchall()[0][0]
    if both:
        work.ledger.note(f"{both:,} numbers are those of an axon and of a dendrite; they became one neuron.")
    several = work.connection.execute(
        f"SELECT count(*) FROM (SELECT neuron_id FROM {counted} GROUP BY 1 HAVING count(DISTINCT type) > 1)"
    ).fetchall()[0][0]
    if several:
        work.ledger.note(f"{several:,} axons or dendrites have rows of several types; the most frequent was kept.")
    return work.connection.sql(
        f"SELECT neuron_id, first(class ORDER BY class) AS class, first(type ORDER BY type IS NULL, n DESC, type) AS type "
        f"FROM {counted} WHERE neuron_id >= 0 GROUP BY neuron_id ORDER BY neuron_id"
    ).to_arrow_table()


def _once(work: Work, path: Path) -> Path:
    """A synapse's number stands once; of several rows the first stays, and that is a fault."""
    relation = parquet_sql([str(path)])
    repeated = work.connection.execute(
        f"SELECT synapse_id, count(*) FROM {relation} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
    ).fetchall()
    if not repeated:
        return path
    examples = [f"Synapse {number} stands {n} times." for number, n in repeated[:3]]
    work.ledger.fault("a synapse that stood before", sum(n - 1 for _, n in repeated), examples)
    target = work.new_file()
    work.connection.execute(
        f"COPY (SELECT * EXCLUDE (filename, file_row_number) FROM {parquet_sql([str(path)], row_numbers=True)} QUALIFY "
        f"row_number() OVER (PARTITION BY synapse_id ORDER BY file_row_number) = 1) TO '{target}' (FORMAT parquet)"
    )
    return target
