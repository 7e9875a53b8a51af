"""The command `graphkit compare`: two datasets by type."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphkit.cli.opening import opened
from graphkit.cli.options import FormatOption, LimitOption, OutputOption, PlotOption, TimeoutOption
from graphkit.cli.query import check_files, print_answer
from graphkit.cli.terminal import caught, progress_bar, say
from graphkit.progress import showing

__all__ = ["compare"]


def compare(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="A dataset.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="Another.", show_default=False)],
    by: Annotated[str, typer.Option(metavar="COLUMN", help="What is matched by its names: type, class, ...")] = "type",
    types: Annotated[
        bool, typer.Option("--types", help="List the types of both, in place of their connections.")
    ] = False,
    fractions: Annotated[
        bool, typer.Option("--input-fractions", help="Shares of a neuron's inputs in place of synapses.")
    ] = False,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only synapses located in this region. Repeatable.", show_default=False),
    ] = None,
    between_neurons_of: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only neurons that belong to this region. Repeatable.", show_default=False),
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option(
            "--type", metavar="TYPE", help="Only neurons of this type (* and ?). Repeatable.", show_default=False
        ),
    ] = None,
    min_synapses: Annotated[int, typer.Option(min=1, help="Only connections with at least this many synapses.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the permutations.")] = 0,
    form: FormatOption = None,
    output: OutputOption = None,
    plot: PlotOption = None,
    limit: LimitOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Compare two datasets by type, with a test.

    \b
    graphkit compare hemibrain flywire --region EB --input-fractions
    graphkit compare hemibrain flywire --types -o types.csv
    """
    with caught():
        from graphkit.cli.render import format_of
        from graphkit.query.comparison import compare_datasets
        from graphkit.stopping import limited, stoppable

        chosen = format_of(output, form)
        check_files(output, plot)
        one, other = opened(first), opened(second)
        with progress_bar() as progress, showing(progress), limited(timeout):
            result = stoppable(
                lambda: compare_datasets(
                    one,
                    other,
                    by=by,
                    what="types" if types else "connections",
                    fractions=fractions,
                    limit=limit,
                    seed=seed,
                    region=region,
                    between_neurons_of=between_neurons_of,
                    type=type_,
                    min_synapses=min_synapses,
                )
            )
        say(f"Answering: {result.question}")
        print_answer(result, chosen, output, plot)
