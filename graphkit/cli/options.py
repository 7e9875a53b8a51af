"""Options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AnnotationsIdOption",
    "AnnotationsOption",
    "ColourOption",
    "DatasetOption",
    "ExplainOption",
    "FormatOption",
    "KindOption",
    "LimitOption",
    "MemoryOption",
    "NeuronsOption",
    "NoCacheOption",
    "OutputOption",
    "PlotOption",
    "SetOption",
    "SkipUnknownOption",
    "ThreadsOption",
    "TimeoutOption",
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


def _standard_output(given: Path | None) -> Path | None:
    return None if given is not None and str(given) == "-" else given


OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write the answer to this file; - is standard output.",
        show_default=False,
        callback=_standard_output,
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="At most this many rows; the answer says so if there are more.", show_default=False
    ),
]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="FILE", help="Also draw the answer: to a .png, .svg or .pdf file.", show_default=False
    ),
]
ColourOption = Annotated[
    str | None,
    typer.Option(
        "--colour-by",
        metavar="COLUMN",
        help="Of the drawn circuit or paths: type, class, side, ...  [else transmitter]",
        show_default=False,
    ),
]
KindOption = Annotated[
    str | None,
    typer.Option(
        "--plot-kind",
        metavar="KIND",
        help="Another picture: circuit, layers, force, matrix, bars ...",
        show_default=False,
    ),
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Print the exact question, the plan and the SQL instead.")
]
NeuronsOption = Annotated[
    str | None,
    typer.Option(
        "--neurons",
        metavar="FILE",
        help="The neurons @neurons of the question; as --set neurons=FILE.",
        show_default=False,
    ),
]
AnnotationsOption = Annotated[
    str | None,
    typer.Option(
        "--annotations",
        metavar="FILE",
        help="A table of your own, joined to the neurons by id: csv, tsv, parquet, feather, xlsx; - for stdin.",
        show_default=False,
    ),
]
AnnotationsIdOption = Annotated[
    str | None,
    typer.Option(
        "--annotations-id",
        metavar="COLUMN",
        help="Its column of ids.  [else neuron_id, root_id, bodyId ...]",
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=FILE",
        help="The neurons @NAME of the question: one id a line, or a table with a column of ids; - for stdin. Repeatable.",
        show_default=False,
    ),
]
SkipUnknownOption = Annotated[
    bool,
    typer.Option("--skip-unknown", help="Go on without given ids that the dataset does not have; they are counted."),
]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", help="Answer anew, also where the answer was given before.")]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="Give what is found until then, marked as incomplete, or an error.",
        show_default=False,
    ),
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
