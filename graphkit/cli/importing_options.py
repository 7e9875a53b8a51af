"""The options under `graphkit import`, each written once: named as the importers' parameters, with what is meant without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graphkit.cli.options import MemoryOption, ThreadsOption

__all__ = ["OPTIONS", "Files", "Folders", "Output", "one_file"]

Files = Annotated[list[Path], typer.Argument(metavar="FILES...", help="The source files.")]
Folders = Annotated[list[Path], typer.Argument(metavar="FILES...", help="SWC files, or folders of them.")]
Output = Annotated[str, typer.Option("-o", "--output", help="The new dataset: a folder or URL.")]


def one_file(text: str) -> Any:
    """The argument of an importer that reads one file."""
    return Annotated[Path, typer.Argument(metavar="FILE", help=text)]


def _option(kind: Any, text: str, *, default: Any = None, metavar: str | None = None) -> tuple[Any, Any]:
    shown = {} if default is not None else {"show_default": False}
    kind = kind if default is not None else kind | None
    return Annotated[kind, typer.Option(metavar=metavar, help=text, **shown)], default  # type: ignore[arg-type]


OPTIONS: dict[str, tuple[Any, Any]] = {
    "name": _option(str, "The dataset's name."),
    "columns": _option(
        list[str],
        "Which column holds a field, where it is not recognised; repeatable.",
        metavar="FIELD=COLUMN",
    ),
    "where": _option(str, "SQL condition on the source's columns; other rows are left out."),
    "neurons": _option(Path, "A table of neurons: id or name, type, class, side, ..."),
    "neuron_columns": _option(list[str], "The same for --neurons; repeatable.", metavar="FIELD=COLUMN"),
    "ids": _option(str, "What pre and post hold.", default="auto", metavar="auto|integer|name"),
    "kind": _option(str, "The kind of every row.", metavar="chemical|electrical"),
    "kind_map": _option(
        list[str],
        "What the words in the column of kinds mean, e.g. EJ=electrical; others are left out.",
        metavar="WORD=KIND",
    ),
    "id_attribute": _option(str, "The node attribute that is the neuron's id or name."),
    "hierarchy": _option(str, "neuPrint's roiHierarchy as JSON, or 'flat'; the hemibrain's is built in."),
    "status": _option(list[str], "Only neurons of this status, e.g. Traced, and the pairs among them."),
    "sex": _option(str, "Which sheets of Cook's workbook.", default="hermaphrodite", metavar="hermaphrodite|male"),
    "unit": _option(str, "What positions are in; X,Y,Z is a voxel's size in nm.", default="nm", metavar="nm|um|X,Y,Z"),
    "synapses": _option(list[Path], "Tables of the synapses on them, or folders of such; repeatable."),
    "position_unit_nm": _option(str, "Nanometres a unit of the positions, e.g. 4,4,40.", metavar="X,Y,Z"),
    "unassigned_id": _option(int, "The neuron id that means none (often 0)."),
    "size_unit": _option(str, "What sizes are in, e.g. voxels, nm3."),
    "sheet": _option(str, "Sheet of a spreadsheet."),
    "min_score": _option(float, "Count only synapses with at least this score."),
    "on_error": _option(
        str, "At a row that cannot be read: fail, or skip and count it.", default="fail", metavar="fail|skip"
    ),
    "memory_limit": (MemoryOption, "4GB"),
    "threads": (ThreadsOption, None),
}
