"""A table of neurons beside the synapses or pairs: type, class, side, transmitter and whatever else it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import ImportDataError
from graphkit.importers.cells import Cell, id_cell, number_cell, text_cell, write_rows
from graphkit.importers.fields import NEURON_FIELDS, Fields, recognise
from graphkit.importers.report import Ledger
from graphkit.importers.sources import Source, identifier
from graphkit.importers.staging import stage
from graphkit.importers.work import Work, extra_cells
from graphkit.tables import parquet_sql

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["neurons_of", "notes_of", "read_neurons", "side_sql"]

_TEXTS = ("name", "type", "class", "nt", "status")
_LEFT, _RIGHT = "('l', 'left', 'lhs')", "('r', 'right', 'rhs')"
_CENTER = "('c', 'm', 'center', 'centre', 'midline', 'middle', 'medial')"


def side_sql(text: str) -> str:
    """SQL for left, right or center, whichever way the source writes it; other words stay."""
    word = f"lower({text})"
    return (
        f"CASE WHEN {word} IN {_LEFT} THEN 'left' WHEN {word} IN {_RIGHT} THEN 'right' "
        f"WHEN {word} IN {_CENTER} THEN 'center' ELSE {text} END"
    )


def read_neurons(
    work: Work, path: Path, columns: Mapping[str, str] | None, *, by_name: bool = False, sheet: str | None = None
) -> pa.Table:
    """One row a neuron: ``neuron_id`` (or, ``by_name``, ``name``), what is recognised, and the source's own columns.

    Raises:
        ImportDataError: the key column is missing, or (in mode ``fail``) a row cannot be read or a neuron stands twice
            with different attributes.
    """
    own = Ledger(work.ledger.on_error)
    source = stage(work.connection, path, work.folder, own, sheet=sheet, progress=work.progress)
    work.sources.append(path)
    return neurons_of(work, source, columns, by_name=by_name, own=own)


def neurons_of(
    work: Work,
    source: Source,
    columns: Mapping[str, str] | None,
    *,
    by_name: bool = False,
    own: Ledger | None = None,
    fields: Fields = NEURON_FIELDS,
) -> pa.Table:
    """As ``read_neurons``, from a table that is staged; ``fields`` are the names that its columns may have."""
    own = own or Ledger(work.ledger.on_error)  # the books of the main table stay balanced without these rows
    key = "name" if by_name else "neuron_id"
    found = recognise(source, fields, columns)
    if by_name and "name" not in found and "neuron_id" in found:
        found["name"] = found.pop("neuron_id")
    elif by_name:
        found.pop("neuron_id", None)
    if key not in found:
        recognise(source, {key: fields[key]}, columns and {k: v for k, v in columns.items() if k == key}, needed=[key])
    cells = _cells(source, found, by_name)
    cells += extra_cells(work.connection, [source], [found], "neurons")[0]
    target = work.new_file()
    write_rows(work.connection, source, cells, target, own, work.progress)
    table = _one_each(work, parquet_sql([str(target)]), key, source.name, own)
    work.ledger.note(f"{source.name}: {table.num_rows:,} neurons described.")
    notes_of(work, source.name, own)
    return table


def notes_of(work: Work, name: str, own: Ledger) -> None:
    """What the table's own books say, as notes."""
    for note in own.notes:
        work.ledger.note(note)
    for left in own.report(None).left_out:  # type: ignore[arg-type]  # the dataset is not looked at
        example = f" ({left.examples[0]})" if left.examples else ""
        work.ledger.note(f"{left.rows:,} rows of {name} were left out: {left.reason}{example}")


def _cells(source: Source, fields: Mapping[str, str], by_name: bool) -> list[Cell]:
    cells = []
    for field, column in fields.items():
        if field == "neuron_id":
            cells.append(id_cell(source, column, field, required=True))
        elif field == "name" and by_name:
            name = text_cell(source, column, "name", keep_na=True)
            missing = f"CASE WHEN {name.value} IS NULL THEN $$is missing$$ END"
            cells.append(Cell("name", name.value, missing, column))
        elif field == "side":
            cells.append(Cell("side", side_sql(text_cell(source, column, "side").value), column=column))
        elif field in _TEXTS:
            cells.append(text_cell(source, column, field))
        elif field == "complete":
            cells.append(number_cell(source, column, field, "BOOLEAN"))
        else:
            cells.append(number_cell(source, column, field, "INTEGER" if field.startswith("soma") else "DOUBLE"))
    return cells


def _one_each(work: Work, relation: str, key: str, name: str, own: Ledger) -> pa.Table:
    """One row a neuron. Equal rows are one; of different ones the first is kept, and that is a fault."""
    connection = work.connection
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE described AS SELECT *, row_number() OVER () AS graphkit_n FROM {relation}"
    )
    rows, keys, whole = connection.execute(
        f"SELECT (SELECT count(*) FROM described), (SELECT count(DISTINCT {key}) FROM described), "
        "(SELECT count(*) FROM (SELECT DISTINCT * EXCLUDE (graphkit_n) FROM described))"
    ).fetchall()[0]
    if rows == 0 and own.rows_read == 0:
        raise ImportDataError(f"{name} has a header and no rows.", hint="Download it again, or leave it out.")
    if whole > keys:
        found = connection.execute(
            f"SELECT {key}, count(*) FROM (SELECT DISTINCT * EXCLUDE (graphkit_n) FROM described) "
            f"GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 3"
        ).fetchall()
        examples = [f"{name}: neuron {value!r} stands {n} times, with different attributes." for value, n in found]
        own.fault(
            "a neuron that stands in the table before, with other attributes",
            whole - keys,
            examples,
            skipping="keep the first row of each, counted,",
        )
    if rows > whole:
        work.ledger.note(f"{rows - whole:,} rows of {name} repeat another row exactly and were read once.")
    first = f"SELECT * EXCLUDE (graphkit_n) FROM described QUALIFY row_number() OVER (PARTITION BY {identifier(key)} "
    return connection.sql(f"{first} ORDER BY graphkit_n) = 1 ORDER BY {identifier(key)}").to_arrow_table()
