"""The command `graphkit report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphkit.cli.opening import opened
from graphkit.cli.options import DatasetOption
from graphkit.cli.terminal import caught, progress_bar, say

__all__ = ["report"]


def report(
    region: Annotated[
        str | None, typer.Argument(metavar="[REGION]", help="The region; else the whole dataset.", show_default=False)
    ] = None,
    dataset: DatasetOption = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The page.  [else REGION.html]", show_default=False),
    ] = None,
    min_synapses: Annotated[int, typer.Option(min=1, help="Only connections with at least this many synapses.")] = 1,
) -> None:
    """Write one page about a region, with pictures.

    \b
    graphkit report EB -o eb.html -d mybrain
    """
    with caught():
        from graphkit.cli.render import check_place
        from graphkit.reporting import report as write_report

        brain = opened(dataset)
        path = output or Path(f"{(region or brain.name).replace('/', '_')}.html")
        check_place(path)
        with progress_bar() as progress:
            made = write_report(brain, region, min_synapses=min_synapses, path=path, progress=progress)
        left = f"; {made.left_out} could not be asked of this dataset, and the page says why" if made.left_out else ""
        say(f"Wrote {path}: {made.answered} questions answered{left}.")
