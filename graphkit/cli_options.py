"""Options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "DatasetOption",
    "ExplainOption",
    "FormatOption",
    "LimitOption",
    "MemoryOption",
    "OutputOption",
    "ThreadsOption",
]

DatasetOption = Annotated[
    str | None,
    typer.Option(
        "-d",
        "--dataset",
        metavar="DIR",
        help="The dataset: a folder or URL.  [else GRAPHKIT_DATASET, else this folder]",
        show_default=False,
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="table, csv, tsv, json, ndjson, parquet, arrow or markdown.  [else by -o's suffix, else table]",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write the answer to this file.", show_default=False),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="At most this many rows; the answer says so if there are more.", show_default=False
    ),
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Print the exact question, the plan and the SQL instead.")
]
MemoryOption = Annotated[
    str, typer.Option("--memory-limit", metavar="SIZE", help="Bound on the memory used, e.g. 512MB.")
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Threads; the result does not depend on it.  [default: all cores]", show_default=False
    ),
]
