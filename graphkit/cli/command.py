"""The entry point: all commands together, and the short way to the one that is asked most."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graphkit.cli import catalogue, compare, datasets, export, importing, query, report, sets

if TYPE_CHECKING:
    pass

__all__ = ["app", "main"]

_HELP = """Open a connectome and ask it questions.

\b
Get a dataset:   graphkit simulate -o mybrain          (a generated one)
                 graphkit import neuprint FILES -o mybrain
See what is in:  graphkit info mybrain
Ask:             graphkit query "motifs in region EB" -d mybrain
                 graphkit query "inputs of type 'EPG' by type" -d mybrain
                 graphkit query --sql "SELECT * FROM neurons" -d mybrain
                 graphkit catalogue                    (questions with a name)
Beside another:  graphkit compare mybrain another
A page to show:  graphkit report EB -o eb.html -d mybrain
Take it along:   graphkit export -d mybrain brain.graphml

Set GRAPHKIT_DATASET=mybrain to leave out -d. Answers go to stdout, all else to stderr.
"""

app = typer.Typer(
    name="graphkit",
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.add_typer(importing.app, name="import")
app.add_typer(sets.app, name="sets")
app.command(cls=query.QuestionCommand, context_settings={"allow_extra_args": True})(query.query)
app.command()(report.report)
app.command()(compare.compare)
app.command(context_settings={"help_option_names": []})(catalogue.catalogue)
app.command()(datasets.info)
app.command()(datasets.validate)
app.command()(datasets.build)
app.command()(datasets.simulate)
app.command()(export.export)
app.command()(datasets.history)
app.command()(datasets.prune)


def _version(wanted: bool) -> None:
    if wanted:
        from graphkit._version import __version__

        print(f"graphkit {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _straight_to_query(arguments: list[str]) -> bool:
    """Answers a plain `graphkit query`, the main job, without waiting for the other commands; False: typer is to do it."""
    if arguments[:1] != ["query"] or "_GRAPHKIT_COMPLETE" in os.environ:
        return False
    from graphkit.cli.straight import read_plainly

    values = read_plainly(query.query, arguments[1:])
    if values is None or (values["question"] is None and values["file"] is None) == (values["sql"] is None):
        return False
    query.query(**values)
    return True


def main() -> None:
    """The entry point."""
    from graphkit.startup import leave, own_process

    own_process()
    code = 0
    try:
        if not _straight_to_query(sys.argv[1:]):
            from graphkit.cli.plugins import add_plugins

            add_plugins(app)
            app()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    leave(code)
