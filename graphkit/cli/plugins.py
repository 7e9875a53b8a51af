"""Commands that other packages add through the entry-point group ``graphkit.commands``.

An entry point names a typer app, or a function that is to be a command; it is loaded when its command is run, so that
`graphkit --help` stays quick and a broken package harms nothing but its own command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from graphkit.cli.terminal import caught
from graphkit.errors import GraphkitError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["GROUP", "add_plugins"]

GROUP = "graphkit.commands"

_RECONSTRUCTION = {
    "simulate-tissue": "Make an EM-like volume with complete ground truth.",
    "train": "Train a flood-filling or a synapse network.",
    "segment": "Segment an image volume by flood filling.",
    "reconstruct": "From images to a connectome, resumable.",
    "agglomerate": "Choose which segments are one neuron, without inference.",
    "status": "How far a reconstruction is.",
    "evaluate": "Compare a reconstruction with the truth; a report.",
    "view": "Look at a run, a tissue or a volume in Neuroglancer.",
}
"""graphkit's own commands of the pipeline, described here so that --help need not import it."""

_PASSED_ON = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
    "help_option_names": [],
}


def add_plugins(app: typer.Typer) -> None:
    """Adds every command of the group that is installed; graphkit's own commands cannot be replaced."""
    from importlib.metadata import entry_points

    own = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
    own |= {g.name for g in app.registered_groups if g.name}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        if point.name not in own:
            package = point.dist.name if point.dist else point.module
            text = _RECONSTRUCTION.get(point.name, "") if package == "graphkit" else f"Added by the package {package}."
            if package == "graphkit" and not _installed("keras"):
                text += "  [needs pip install 'graphkit[pipeline]']"
            app.command(name=point.name, help=text, context_settings=_PASSED_ON)(_runner(point))


def _installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


def _runner(point: EntryPoint) -> Callable[[typer.Context], None]:
    def run(context: typer.Context) -> None:
        with caught():
            try:
                loaded = point.load()
            except (ImportError, AttributeError) as error:
                raise GraphkitError(
                    f"The command {point.name!r} cannot be loaded from {point.value!r}: {error}.",
                    hint="Install its package again, or one that goes with this graphkit.",
                ) from error
        if not isinstance(loaded, typer.Typer):
            single = typer.Typer(
                rich_markup_mode=None,
                pretty_exceptions_enable=False,
                add_completion=False,
                context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
            )
            single.command(name=point.name)(loaded)
            loaded = single
        typer.main.get_command(loaded).main(args=list(context.args), prog_name=context.command_path)

    return run
