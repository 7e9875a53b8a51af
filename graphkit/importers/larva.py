"""The larval *Drosophila* brain of Winding et al. 2023 (doi:10.1126/science.add9330), Supplementary Data S1.

    ad_connectivity_matrix.csv      from axon to dendrite; aa, da and dd likewise: the compartments of a connection
    all-all_connectivity_matrix.csv their sum: read alone, or as a check of the four
    annotations.csv                 left_id, right_id ("no pair" for none), celltype, additional_annotations, ...
    inputs.csv, outputs.csv         axon_input, dendrite_input, ... of each neuron; other tables with skid or id

The kind of a matrix is in its file name only. Numbers are synapses.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.edges import finish_edges, write_edges
from graphkit.importers.fields import NEURON_FIELDS, recognise
from graphkit.importers.matrix import Matrix, csv_rows, read_matrix
from graphkit.importers.neuron_join import joined
from graphkit.importers.neuron_table import neurons_of, read_neurons
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport, Ledger, listed
from graphkit.importers.sources import checked_files, staged_text
from graphkit.importers.staging import stage
from graphkit.importers.synapses import Files
from graphkit.importers.work import Work, importing

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COMPARTMENTS", "import_larva"]

COMPARTMENTS = {
    "ad": "axo-dendritic",
    "aa": "axo-axonic",
    "da": "dendro-axonic",
    "dd": "dendro-dendritic",
    "all-all": None,
}
"""The first word of a matrix's file name, and the compartment of its connections."""

_NAME = re.compile(r"(ad|aa|da|dd|all-all)[_-].*connectivity.*matrix", re.IGNORECASE)
_FIELDS = {**NEURON_FIELDS, "neuron_id": (*NEURON_FIELDS["neuron_id"], "column_1")}
_ENDS = ("left_id", "right_id")


def import_larva(
    files: Files,
    output: str | os.PathLike[str],
    *,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from the matrices of Winding et al. 2023, with the tables about neurons beside them.

    Connections keep their compartment (axo-dendritic, axo-axonic, dendro-axonic, dendro-dendritic). The matrix of all
    is the sum of the four: given beside them it is checked against them, and counts once.

    Args:
        neurons: a further table of neurons, of any layout; ``neuron_columns`` names its columns where needed.

    Raises:
        ImportDataError: a file cannot be read, no matrix is among them, or the matrices contradict each other.
    """
    paths = checked_files(files)
    described = checked_files(neurons)[0] if neurons is not None else None
    kinds = {path: _kind(path) for path in paths}
    given = [kind for kind in kinds.values() if kind]
    if not given:
        raise ImportDataError(
            f"None of the files is a matrix: {listed([p.name for p in paths])}.",
            hint="A matrix is known by its name: ad_connectivity_matrix.csv, aa_..., da_..., dd_... or all-all_...",
        )
    if twice := [kind for kind, n in Counter(given).items() if n > 1]:
        raise ImportDataError(f"Several files are the matrix {twice[0]!r}; its synapses would count twice.")
    with importing(output, ImportOptions(**common)) as work:
        matrices = {kind: _matrix(work, path) for path, kind in kinds.items() if kind}
        _check_sum(work, matrices)
        rows = (
            (pre, post, str(n), COMPARTMENTS[kind])
            for kind, matrix in matrices.items()
            for pre, post, n in matrix.cells
        )
        work.ledger.rows_read -= sum(len(m.cells) for m in matrices.values())  # they are checked again, as pairs
        source = staged_text(work.connection, work.folder, "matrices", ["pre", "post", "weight", "compartment"], rows)
        write_edges(work, [source], columns=None, ids="integer", kind="chemical")
        tables = [_neurons_of_matrices(matrices), *(_neurons(work, p) for p, kind in kinds.items() if not kind)]
        if described is not None:
            tables.append(read_neurons(work, described, neuron_columns))
        finish_edges(work, by_name=False, neurons=joined(work, tables))
        settings = {"matrices": sorted(matrices), "neurons": described and described.name}
        return work.finish("import larva", settings, BuildOptions())


def _kind(path: Path) -> str | None:
    found = _NAME.match(path.name)
    return found[1].lower() if found else None


def _matrix(work: Work, path: Path) -> Matrix:
    work.progress(f"reading {path.name}", 0.0)
    matrix = read_matrix(csv_rows(path), path.name, work.ledger)
    work.sources.append(path)
    odd = next((n for n in (*matrix.rows, *matrix.columns) if not n.isdigit() or int(n) >= 2**63), None)
    if odd is not None:
        raise ImportDataError(f"{path.name}: {odd!r} is no neuron's id (a whole number from 0 to 2^63 - 1).")
    synapses = sum(n for *_, n in matrix.cells)
    work.ledger.note(f"{path.name}: {len(matrix.cells):,} pairs, {synapses:,} synapses.")
    return matrix


def _check_sum(work: Work, matrices: dict[str, Matrix]) -> None:
    """The matrix of all beside the four is their sum, and is taken out again."""
    if len(matrices) == 1:
        return
    whole = matrices.pop("all-all", None)
    if whole is None:
        return
    if len(matrices) < len(COMPARTMENTS) - 1:
        raise ImportDataError(
            f"The matrix of all was given beside {listed(sorted(matrices))} only; those synapses would count twice.",
            hint="Give the four matrices (ad, aa, da, dd), or the matrix of all alone.",
        )
    sums: Counter[tuple[str, str]] = Counter()
    for matrix in matrices.values():
        for pre, post, n in matrix.cells:
            sums[pre, post] += n
    said = {(pre, post): n for pre, post, n in whole.cells}
    wrong = sorted(pair for pair in sums.keys() | said.keys() if sums[pair] != said.get(pair, 0))
    if wrong:
        pre, post = wrong[0]
        raise ImportDataError(
            f"The matrix of all says {said.get((pre, post), 0)} synapses from {pre} to {post}, the four add up to "
            f"{sums[pre, post]} ({len(wrong):,} pairs are like this).",
            hint="The files are of different versions; download them again, or leave the matrix of all out.",
        )
    work.ledger.leave_out("the matrix of all, which is the sum of the others", len(whole.cells))


def _neurons_of_matrices(matrices: dict[str, Matrix]) -> pa.Table:
    """Also those without a connection."""
    import pyarrow as pa

    ids = sorted({int(n) for m in matrices.values() for n in (*m.rows, *m.columns)})
    return pa.table({"neuron_id": pa.array(ids, pa.int64())})


def _neurons(work: Work, path: Path) -> pa.Table:
    own = Ledger(work.ledger.on_error)
    source = stage(work.connection, path, work.folder, own, progress=work.progress)
    work.sources.append(path)
    if not set(_ENDS) <= set(source.columns):
        if "neuron_id" not in recognise(source, _FIELDS):
            raise ImportDataError(
                f"{path.name} is neither a matrix nor a table about neurons; its columns: {listed(list(source.columns))}.",
                hint="Leave it out. Read are ad_connectivity_matrix.csv and its siblings, annotations.csv, inputs.csv, "
                "outputs.csv, and other tables with a column skid or id.",
            )
        return neurons_of(work, source, None, own=own, fields=_FIELDS)
    others = ", ".join(f'"{c}"' for c in source.columns if c not in _ENDS)
    parts = [
        f"SELECT {own_id} AS neuron_id, CASE WHEN regexp_full_match({other}, '[0-9]+') THEN {other} END AS pair_id, "
        f"'{side}' AS side, {others} FROM {source.relation} WHERE {own_id} <> 'no pair'"
        for own_id, other, side in ((*_ENDS, "left"), (*reversed(_ENDS), "right"))
    ]
    union = work.connection.sql(" UNION ALL ".join(parts)).to_arrow_table()
    rows = zip(*(union[c].to_pylist() for c in union.column_names), strict=True)
    paired = staged_text(work.connection, work.folder, path.name, union.column_names, rows, "neuron")
    return neurons_of(work, paired, None, own=own, fields=_FIELDS)
