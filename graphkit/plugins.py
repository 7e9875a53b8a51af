"""Commands that other packages add through the entry-point group ``graphkit.commands``.

An entry point names a typer app, or a function that is to be a command; it is loaded when its command is run, so that
`graphkit --help` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

__all__ = ["GROUP", "add_plugins"]

GROUP = "graphkit.commands"


def add_plugins(app: typer.Typer) -> None:
    """Adds every command of the group that is installed."""
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        loaded = point.load()
        if hasattr(loaded, "registered_commands"):
            app.add_typer(loaded, name=point.name)
        else:
            app.command(name=point.name)(loaded)
