"""Tables with one row a pair of neurons: edge lists, weighted or not, with ids or names.

Rules, which ``graphkit.importers.pairs`` carries out:
- Rows of one file with the same pair, region, kind and compartment are summed.
- The same in several files is one connection where the weights are equal (published tables overlap), and a fault where
  they differ. Without weights every row is a synapse, and rows are counted over all the files.
- A gap junction has no direction: listed both ways with equal weights it is one connection.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.cells import Cell, count_cell, id_cell, region_cell, text_cell, write_rows
from graphkit.importers.fields import EDGE_FIELDS, recognise
from graphkit.importers.kinds import kind_cell
from graphkit.importers.neuron_table import read_neurons
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.pairs import Pairs, Tree, merge_pairs
from graphkit.importers.report import ImportReport, listed
from graphkit.importers.sources import Source, checked_files, identifier
from graphkit.importers.synapses import Files
from graphkit.importers.work import Work, importing, nothing_left
from graphkit.tables import parquet_sql

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Ids", "finish_edges", "import_edges", "write_edges"]

Ids = Literal["auto", "integer", "name"]

_TEXTS = ("compartment", "nt")
_A_KIND = "kind IN ('chemical', 'electrical')"


def import_edges(
    source_files: Files,
    output: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    ids: Ids = "auto",
    kind: str | None = None,
    kind_map: Mapping[str, str] | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from tables of pairs (CSV, TSV, Parquet, Feather, xls, xlsx; .gz).

    Names that are not ids get the ids 1 to n in alphabetical order (by code point) and stay in ``neurons.name``.

    Args:
        columns: field -> column, for what is not recognised by itself (pre_id, post_id, weight, region, kind,
            compartment, nt).
        where: SQL condition on the source's columns; rows for which it does not hold are left out and counted.
        ids: whether pre and post are "integer" ids or "name"s; "auto" looks at them.
        kind: "chemical" or "electrical" for every row.
        kind_map: what the words in the column of kinds mean, e.g. ``{"S": "chemical", "EJ": "electrical"}``; rows with
            other words are left out and counted.
        neurons: a table of neurons (type, class, side, ...); ``neuron_columns`` names its columns where needed.

    Raises:
        ImportDataError: a file or (in mode "fail") a row cannot be read; names the file, line, column and value.
    """
    paths = checked_files(source_files)
    described = checked_files(neurons)[0] if neurons is not None else None
    with importing(output, ImportOptions(**common)) as work:
        sources = work.read(paths, where=where, sheet=sheet)
        by_name = write_edges(
            work, sources, columns=columns, ids=ids, kind=kind, kind_map=kind_map, filtered=where is not None
        )
        table = read_neurons(work, described, neuron_columns, by_name=bool(by_name)) if described else None
        finish_edges(work, by_name, table)
        settings = {
            "columns": dict(columns or {}),
            "where": where,
            "ids": "name" if by_name else "integer",
            "kind": kind,
            "kind_map": dict(kind_map or {}),
            "neurons": described and described.name,
        }
        return work.finish("import edges", settings, BuildOptions())


def _refuse_two_weights(source: Source, fields: Mapping[str, str], columns: Mapping[str, str] | None) -> None:
    """neuPrint's rows by region have the region's synapses beside the pair's total, which would count once in each region."""
    of_region = [c for c in source.columns if c.casefold().replace("_", "") in ("roiweight", "weightroi")]
    if not of_region or "region" not in fields or "weight" in (columns or {}) or fields.get("weight") in of_region:
        return
    raise ImportDataError(
        f"{source.name} has the synapses of a pair in the row's region ({of_region[0]!r}) beside {fields.get('weight')!r}, which "
        "is the pair's total.",
        hint=f"`graphkit import neuprint` reads both; or take the region's: --columns weight={of_region[0]}.",
    )


def write_edges(
    work: Work,
    sources: Sequence[Source],
    *,
    columns: Mapping[str, str] | None,
    ids: Ids,
    kind: str | None,
    kind_map: Mapping[str, str] | None = None,
    filtered: bool = False,
) -> bool:
    """Stages the pairs of ``sources`` as the DuckDB view ``pairs``; returns whether their ends are names."""
    found = [recognise(s, EDGE_FIELDS, columns, needed=("pre_id", "post_id")) for s in sources]
    for source, fields in zip(sources, found, strict=True):
        _refuse_two_weights(source, fields, columns)
    by_name = _by_name(work, sources, found, ids)
    weighted = [s.name for s, f in zip(sources, found, strict=True) if "weight" in f]
    if weighted and len(weighted) < len(sources):
        without = [s.name for s, f in zip(sources, found, strict=True) if "weight" not in f]
        raise ImportDataError(
            f"{listed(weighted)} have weights, {listed(without)} have none that is recognised.",
            hint="Name the column with --columns weight=NAME, or import the files as two datasets.",
        )
    if not weighted:
        work.ledger.note("The table has no column of weights: every row counts as one synapse.")
    files = []
    for number, (source, fields) in enumerate(zip(sources, found, strict=True)):
        cells = [_end_cell(source, fields[end], end, by_name) for end in ("pre_id", "post_id")]
        if weighted:
            cells.append(count_cell(source, fields["weight"], "synapses", least=0, required=True))
        else:
            cells.append(Cell("synapses", "1::BIGINT"))
        cells.append(kind_cell(work, source, fields.get("kind"), kind, kind_map, filtered=filtered))
        region = (
            region_cell(source, fields["region"], "region") if "region" in fields else Cell("region", "NULL::VARCHAR")
        )
        cells.append(region)
        for field in _TEXTS:
            cells.append(text_cell(source, fields[field], field) if field in fields else Cell(field, "NULL::VARCHAR"))
        cells += [Cell("file", f"{number if weighted else 0}::INTEGER"), Cell("rows", "1")]
        if unused := [c for c in source.columns if c not in fields.values()]:
            work.ledger.note(f"Columns of {source.name} that a table of pairs has no place for: {listed(unused)}.")
        files.append(work.new_file())
        write_rows(work.connection, source, cells, files[-1], work.ledger, work.progress)
    work.connection.execute(f"CREATE OR REPLACE VIEW pairs AS FROM {parquet_sql(map(str, files))}")
    _leave_empty(work)
    return by_name


def _end_cell(source: Source, column: str, end: str, by_name: bool) -> Cell:
    if not by_name:
        return id_cell(source, column, end, required=True)
    value = text_cell(source, column, end, keep_na=True).value
    return Cell(end, value, f"CASE WHEN {value} IS NULL THEN $$is missing$$ END", column)


def _by_name(work: Work, sources: Sequence[Source], found: Sequence[Mapping[str, str]], ids: Ids) -> bool:
    """Whether the ends are names. Some digits and some words are a question to the user."""
    if ids not in ("auto", "integer", "name"):
        raise ImportDataError(f"ids must be 'auto', 'integer' or 'name', got {ids!r}.")
    if ids != "auto":
        return ids == "name"
    numbers = words = 0
    example: dict[bool, str] = {}
    for source, fields in zip(sources, found, strict=True):
        for end in ("pre_id", "post_id"):
            if source.columns[fields[end]] != "VARCHAR":
                numbers += source.rows
                continue
            cell = f"nullif(trim(CAST({identifier(fields[end])} AS VARCHAR)), '')"
            number = f"TRY_CAST({cell} AS DOUBLE) IS NOT NULL AND NOT regexp_matches({cell}, '(?i)nan|inf')"
            row: Any = work.connection.execute(
                f"SELECT count(*) FILTER ({number}), count(*) FILTER (NOT ({number})), "
                f"min({cell}) FILTER ({number}), min({cell}) FILTER (NOT ({number})) FROM {source.relation}"
            ).fetchall()[0]
            numbers, words = numbers + row[0], words + row[1]
            for is_word, value in ((False, row[2]), (True, row[3])):
                if value is not None:
                    example.setdefault(is_word, value)
    if numbers and words and work.ledger.on_error == "fail":
        raise ImportDataError(
            f"{numbers:,} ends of pairs are numbers (e.g. {example.get(False, 'a typed column')!r}) and {words:,} are "
            f"words (e.g. {example.get(True)!r}).",
            hint="Say which is meant: --ids name keeps them all as names; --ids integer refuses the words.",
        )
    return words > numbers


def _leave_empty(work: Work) -> None:
    """Rows that say "no synapse" (weight 0) or whose kind was left out of the map are no connections."""
    row: Any = work.connection.execute(f"SELECT count(*) FROM pairs WHERE {_A_KIND} AND synapses = 0").fetchall()[0]
    work.ledger.leave_out("weight 0: no synapse", row[0])
    rows = work.connection.execute(
        f"SELECT kind, count(*) FROM pairs WHERE NOT {_A_KIND} GROUP BY kind ORDER BY kind"
    ).fetchall()
    for word, n in rows:
        said = f"{word[1:]!r}" if word != "?" else "nothing"
        work.ledger.leave_out(f"the column of kinds says {said}, which the map of kinds leaves out", n)


def finish_edges(work: Work, by_name: bool, neurons: pa.Table | None, *, tree: Tree | None = None) -> None:
    """Names become ids, pairs become connections; both go to the writer. ``tree``: how the regions' names nest."""
    import pyarrow as pa

    connection = work.connection
    relation = f"(FROM pairs WHERE {_A_KIND} AND synapses > 0)"
    if by_name:
        connection.execute("CREATE OR REPLACE TEMP TABLE given AS SELECT NULL::VARCHAR AS name LIMIT 0")
        if neurons is not None:
            connection.register("neuron_rows", neurons)
            connection.execute("INSERT INTO given SELECT name FROM neuron_rows")
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE named AS SELECT name, row_number() OVER (ORDER BY name) AS neuron_id FROM ("
            f"SELECT pre_id AS name FROM {relation} UNION SELECT post_id FROM {relation} UNION SELECT name FROM given)"
        )
        relation = (
            "(SELECT p.* REPLACE (a.neuron_id AS pre_id, b.neuron_id AS post_id) FROM "
            f"{relation} p JOIN named a ON p.pre_id = a.name JOIN named b ON p.post_id = b.name)"
        )
        more = "LEFT JOIN neuron_rows r ON r.name = n.name" if neurons is not None else ""
        rest = ", r.* EXCLUDE (name)" if neurons is not None else ""
        neurons = connection.sql(f"SELECT n.neuron_id, n.name{rest} FROM named n {more} ORDER BY 1").to_arrow_table()
        work.ledger.names_kept = neurons.num_rows
        work.ledger.note(
            f"Neurons are given by name; the {neurons.num_rows:,} names got the ids 1 to {neurons.num_rows:,} in "
            "alphabetical order and are kept in neurons.name."
        )
    if neurons is not None:
        assert isinstance(neurons, pa.Table)
        work.writer.add("neurons", neurons)
    if not merge_pairs(work, Pairs(relation, "name" if by_name else "id"), tree):
        raise nothing_left(work.ledger, "connection")
