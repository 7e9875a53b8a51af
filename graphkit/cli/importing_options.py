"""Options that several of the commands under `graphkit import` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Columns",
    "Files",
    "Ids",
    "Kind",
    "KindMap",
    "MinScore",
    "Name",
    "NeuronColumns",
    "Neurons",
    "OnErrorOption",
    "Output",
    "PositionUnit",
    "Sheet",
    "UnassignedId",
    "Where",
]

Files = Annotated[list[Path], typer.Argument(metavar="FILES...", help="The source files.")]
Output = Annotated[str, typer.Option("-o", "--output", help="The new dataset: a folder or URL.")]
Name = Annotated[str | None, typer.Option(help="The dataset's name.", show_default=False)]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="FIELD=COLUMN",
        help="Which column holds a field, where it is not recognised; repeatable.",
        show_default=False,
    ),
]
Where = Annotated[
    str | None, typer.Option(help="SQL condition on the source's columns; other rows are left out.", show_default=False)
]
Neurons = Annotated[
    Path | None, typer.Option(help="A table of neurons: id or name, type, class, side, ...", show_default=False)
]
NeuronColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--neuron-columns", metavar="FIELD=COLUMN", help="The same for --neurons; repeatable.", show_default=False
    ),
]
Ids = Annotated[str, typer.Option(metavar="auto|integer|name", help="What pre and post hold.")]
Kind = Annotated[
    str | None, typer.Option(metavar="chemical|electrical", help="The kind of every row.", show_default=False)
]
KindMap = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORD=KIND",
        help="What the words in the column of kinds mean, e.g. EJ=electrical; others are left out.",
        show_default=False,
    ),
]
Sheet = Annotated[str | None, typer.Option(help="Sheet of a spreadsheet.", show_default=False)]
OnErrorOption = Annotated[
    str,
    typer.Option("--on-error", metavar="fail|skip", help="At a row that cannot be read: fail, or skip and count it."),
]
UnassignedId = Annotated[int | None, typer.Option(help="The neuron id that means none (often 0).", show_default=False)]
PositionUnit = Annotated[
    str | None,
    typer.Option(metavar="X,Y,Z", help="Nanometres a unit of the positions, e.g. 4,4,40.", show_default=False),
]
MinScore = Annotated[
    float | None, typer.Option(help="Count only synapses with at least this score.", show_default=False)
]
