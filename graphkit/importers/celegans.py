"""*C. elegans*: the adjacency matrices of Cook et al. 2019, and lists of connections as White and Witvliet are given.

    SI 5 Connectome adjacency matrices[, corrected July 2020].xlsx (also 41586_2019_1352_MOESM9_ESM.xlsx)
        sheets "hermaphrodite chemical", "hermaphrodite gap jn symmetric" ("herm ..."), and the same for the male:
                    PHARYNX            SENSORY NEURONS        two lines of groups, each over its first column
                    I1L  I1R  I2L ...                         names of the postsynaptic cells
        PHARYNX  .  I1L   .    10                             group, subgroup, presynaptic cell, then the weights
                                                              labels repeated at the right and below
    witvliet_2020_1 L1.xlsx ... _8 adult.xlsx, white_1986_whole.csv ...     pre, post, type, synapses
    herm_full_edgelist.csv                                                  Source, Target, Weight, Type
    nemanode's JSON                                                         [{"pre", "post", "type", "synapses"}, ...]

Cook's weights are numbers of EM sections, synapses and their sizes together. White, J. et al. 1986
(doi:10.1098/rstb.1986.0056), Cook, S. et al. 2019 (doi:10.1038/s41586-019-1352-7), Witvliet, D. et al. 2021
(doi:10.1038/s41586-021-03778-8).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.edges import finish_edges, write_edges
from graphkit.importers.fields import EDGE_FIELDS, recognise
from graphkit.importers.matrix import read_matrix
from graphkit.importers.neuron_table import read_neurons
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport, listed
from graphkit.importers.sources import Source, checked_files, identifier, staged_text
from graphkit.importers.spreadsheet import sheet_names, spreadsheet_rows
from graphkit.importers.synapses import Files
from graphkit.importers.work import Work, importing

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Sex", "import_celegans"]

Sex = Literal["hermaphrodite", "male"]

_SHEETS = {"hermaphrodite": ("hermaphrodite", "herm"), "male": ("male",)}
_NAME_COLUMN = 3
_KINDS = {"chemical": "chemical", "gap jn symmetric": "electrical"}
_VARSHNEY = ("neuron1", "neuron2", "type", "nbr")
_HEADER = ["pre", "post", "weight", "type"]


def import_celegans(
    files: Files,
    output: str | os.PathLike[str],
    *,
    sex: Sex = "hermaphrodite",
    columns: Mapping[str, str] | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from one published connectome of *C. elegans*.

    Cells get the ids 1 to n in alphabetical order; names stay in ``neurons.name``. Muscles and other end organs are
    cells like the others; their group is in ``class``.

    Args:
        sex: which sheets of Cook's workbook are read; lists of connections are of one animal.
        columns: field -> column of the lists, for what is not recognised (pre_id, post_id, weight, kind).
        neurons: a table about the cells, by name; ``neuron_columns`` names its columns where needed.

    Raises:
        ImportDataError: a file is none of these layouts, or (in mode "fail") a row or cell cannot be read, or a gap
            junction has different weights the two ways.
    """
    if sex not in _SHEETS:
        raise ImportDataError(f"sex must be 'hermaphrodite' or 'male', got {sex!r}.")
    paths = checked_files(files)
    described = checked_files(neurons)[0] if neurons is not None else None
    with importing(output, ImportOptions(**common)) as work:
        sources: list[Source] = []
        groups: dict[str, tuple[str | None, str | None]] = {}
        for path in paths:
            if _is_workbook(path) and (sheets := _matrices(path, sex)):
                sources.append(_from_matrices(work, path, sheets, groups))
            elif _is_json(path):
                sources.append(_from_json(work, path))
            else:
                sources += work.read([path])
        _refuse_others(work, sources, columns)
        by_name = write_edges(work, sources, columns=columns, ids="name", kind=None)
        table = _cells_table(groups) if groups else None
        if described is not None:
            table = read_neurons(work, described, neuron_columns, by_name=True)
        finish_edges(work, by_name, table)
        settings = {"sex": sex, "columns": dict(columns or {}), "neurons": described and described.name}
        return work.finish("import celegans", settings, BuildOptions())


def _refuse_others(work: Work, sources: Sequence[Source], columns: Mapping[str, str] | None) -> None:
    """Lists whose cells are numbers, or whose words for the kinds are not these: they are of something else."""
    for source in sources:
        fields = recognise(source, EDGE_FIELDS, columns, needed=("pre_id", "post_id"))
        cell = f"trim(CAST({identifier(fields['pre_id'])} AS VARCHAR))"
        row = work.connection.execute(
            f"SELECT count(*), count(*) FILTER (regexp_full_match({cell}, '[0-9]+')), min({cell}) FROM {source.relation}"
        ).fetchall()[0]
        if row[0] and row[0] == row[1]:
            raise ImportDataError(
                f"The cells of {source.name} are numbers ({row[2]}, ...), and those of C. elegans have names (AVAL, ...).",
                hint="`graphkit import edges` reads pairs of any neurons, `graphkit import neuprint` those of neuPrint.",
            )
        if "kind" in fields and _folded_header(source) == _VARSHNEY:
            raise ImportDataError(
                f"{source.name} is the table of Varshney et al. 2011: each chemical connection stands in it twice, as sent "
                "(S, Sp) and as received (R, Rp).",
                hint="Read it so: graphkit import edges FILE --kind-map S=chemical,Sp=chemical,EJ=electrical -o worm",
            )


def _folded_header(source: Source) -> tuple[str, ...]:
    return tuple("".join(c for c in column.casefold() if c.isalnum()) for column in source.columns)


def _is_workbook(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def _is_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def _matrices(path: Path, sex: Sex) -> dict[str, str]:
    """Kind of connection -> sheet; nothing where the workbook holds a list of connections.

    Raises:
        ImportDataError: matrices, but not those of this sex.
    """
    names = sheet_names(path)
    matrices = [n for n in names if n.lower().endswith(tuple(_KINDS))]
    found: dict[str, str] = {}
    for name in matrices:
        for ending, kind in _KINDS.items():
            if name.lower() in {f"{animal} {ending}" for animal in _SHEETS[sex]}:
                found[kind] = name
    if matrices and "chemical" not in found:
        raise ImportDataError(f"{path.name!r} has no sheet '{sex} chemical'; it has {listed(names)}.")
    return found


def _from_matrices(
    work: Work, path: Path, sheets: Mapping[str, str], groups: dict[str, tuple[str | None, str | None]]
) -> Source:
    cells: list[tuple[str, str, str, str]] = []
    for kind, sheet in sheets.items():
        work.progress(f"reading {sheet}", 0.0)
        rows = list(spreadsheet_rows(path, sheet, work.ledger))
        named = (i for i, row in enumerate(rows) if len(row) >= _NAME_COLUMN and row[_NAME_COLUMN - 1])
        header = max(next(named, 1) - 1, 0)  # the line above the first that names a presynaptic cell
        name = f"{path.name}, sheet {sheet!r}"
        matrix = read_matrix(rows[header:], name, work.ledger, first_column=_NAME_COLUMN, first_line=header + 1)
        cells += [(pre, post, str(n), kind) for pre, post, n in matrix.cells]
        for cell, found in _groups(rows, header):
            groups.setdefault(cell, found)
        work.ledger.note(f"{name}: {len(matrix.cells):,} cells with a weight.")
    work.ledger.note(
        "The weights of Cook et al. 2019 are numbers of EM sections, the number and the size of synapses together; "
        "they stand in the column of synapses."
    )
    work.sources.append(path)
    work.ledger.rows_read -= len(cells)  # which are rows again when they are checked as pairs
    return staged_text(work.connection, work.folder, path.name, _HEADER, cells, "cell")


def _groups(rows: Sequence[Sequence[str | None]], header: int) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    """(cell, (group, subgroup)) of every line and column. A group is written over its first cell only."""
    names = rows[header]
    above = [[*row, *[None] * (len(names) - len(row))] for row in rows[:header]][-2:]
    while len(above) < 2:
        above.append([None] * len(names))
    lines = [row for row in rows[header + 1 :] if len(row) >= _NAME_COLUMN]
    yield from _filled((row[2], row[0], row[1]) for row in lines)
    yield from _filled((names[i], above[0][i], above[1][i]) for i in range(_NAME_COLUMN, len(names)))


def _filled(
    cells: Iterable[tuple[str | None, str | None, str | None]],
) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    group = subgroup = None
    for name, own_group, own_subgroup in cells:
        if own_group:
            group, subgroup = own_group.strip(), None
        if own_subgroup:
            subgroup = own_subgroup.strip()
        if name:
            yield name.strip(), (group, subgroup)


def _cells_table(groups: Mapping[str, tuple[str | None, str | None]]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "name": list(groups),
            "class": pa.array([group and group.lower() for group, _ in groups.values()], pa.string()),
            "subgroup": pa.array([subgroup and subgroup.lower() for _, subgroup in groups.values()], pa.string()),
        }
    )


def _from_json(work: Work, path: Path) -> Source:
    try:
        loaded = json.loads(path.read_bytes())
    except ValueError as error:
        raise ImportDataError(
            f"{path.name!r} cannot be read as JSON: {error}.", hint="It may be truncated: download it again."
        ) from error
    keys = ("pre", "post", "synapses", "type")
    if not isinstance(loaded, list) or not all(isinstance(r, dict) and set(keys) <= r.keys() for r in loaded):
        raise ImportDataError(
            f"{path.name!r} is no list of connections.", hint='Expected [{"pre", "post", "type", "synapses"}, ...].'
        )
    work.sources.append(path)
    rows = ([None if r[k] is None else str(r[k]) for k in keys] for r in loaded)
    return staged_text(work.connection, work.folder, path.name, _HEADER, rows, "record")
