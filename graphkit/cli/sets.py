"""`graphkit sets`: neurons that are kept under a name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphkit.cli.opening import opened
from graphkit.cli.options import DatasetOption, SkipUnknownOption
from graphkit.cli.terminal import caught, say

__all__ = ["app"]

app = typer.Typer(
    help="Keep sets of neurons for questions to name: @mine.\n\n"
    "They are kept for you and for one dataset, outside of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The set's name, with or without @.")]


@app.command()
def add(
    name: _Name,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|QUESTION",
            help="A file of ids (one a line, or a table with a column of ids; - for standard input), or a question that "
            "begins with `neurons`, in quotes.",
        ),
    ],
    dataset: DatasetOption = None,
    skip_unknown: SkipUnknownOption = False,
) -> None:
    """Keep a set of neurons, in place of one of that name.

    \b
    graphkit sets add my_neurons ids.txt -d mybrain
    graphkit sets add big "neurons where inputs > 500" -d mybrain
    graphkit query "inputs of @my_neurons by type" -d mybrain
    """
    with caught():
        from graphkit.query.saved_sets import save_set
        from graphkit.query.sets import checked_names, ids_of, neurons_of

        plain = next(iter(checked_names({name: source})))
        brain = opened(dataset).with_sets({}, skip_unknown=skip_unknown)
        if source == "-" or Path(source).exists() or not source.lstrip().lower().startswith("neurons"):
            ids, origin = ids_of(source, f"@{plain}"), "standard input" if source == "-" else source
        else:
            asked = brain.query(source)
            ids, origin = ids_of(asked, f"@{plain}"), f"{asked.question}, snapshot {asked.snapshot}"
        kept = save_set(brain, plain, neurons_of(brain, ids, f"@{plain}"), origin)
        say(*brain.notes)
        say(f"@{kept.name} has {len(kept.ids):,} neuron{'' if len(kept.ids) == 1 else 's'}.")


@app.command("list")
def list_(dataset: DatasetOption = None) -> None:
    """List the sets that are kept for a dataset."""
    with caught():
        from graphkit.query.saved_sets import saved_names, saved_set

        brain = opened(dataset)
        found = [saved_set(brain, n) for n in saved_names(brain)]
        width = max((len(s.name) + 1 for s in found), default=0)
        for kept in found:
            print(f"@{kept.name:<{width}}  {len(kept.ids):>9,} neurons  {kept.created[:10]}  {kept.origin}")
        if not found:
            say("No set is kept for this dataset. Keep one: graphkit sets add NAME FILE")


@app.command()
def show(name: _Name, dataset: DatasetOption = None) -> None:
    """Print the ids of a set, one a line."""
    with caught():
        from graphkit.query.saved_sets import saved_set

        kept = saved_set(opened(dataset), name)
        print("".join(f"{i}\n" for i in kept.ids), end="")
        say(f"@{kept.name}: {len(kept.ids):,} neurons from {kept.origin}, kept on {kept.created[:10]}")


@app.command()
def remove(name: _Name, dataset: DatasetOption = None) -> None:
    """Remove a set."""
    with caught():
        from graphkit.query.saved_sets import remove_set

        say(f"Removed @{remove_set(opened(dataset), name)}.")
