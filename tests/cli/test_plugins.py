"""Commands that other packages add."""

from __future__ import annotations

import importlib.metadata
import sys
from importlib.metadata import EntryPoint

import pytest
import typer

from graphkit.cli.plugins import GROUP, add_plugins
from tests.cli.test_command import run


def plugin_command(number: int, double: bool = False) -> None:
    """A command of another package."""
    typer.echo(number * (2 if double else 1))


plugin_app = typer.Typer()


@plugin_app.command()
def hello(name: str) -> None:
    """Greets."""
    typer.echo(f"hello {name}")


@plugin_app.command()
def fail() -> None:
    """Ends with 3."""
    raise typer.Exit(3)


@pytest.fixture
def with_plugins(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    here = __name__
    sys.modules.setdefault(here, sys.modules[__name__])
    points = [
        EntryPoint("twice", f"{here}:plugin_command", GROUP),
        EntryPoint("greet", f"{here}:plugin_app", GROUP),
        EntryPoint("broken", "no_such_package_at_all:app", GROUP),
        EntryPoint("halfway", f"{here}:no_such_name", GROUP),
        EntryPoint("query", f"{here}:plugin_command", GROUP),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [p for p in points if p.group == group])
    application = typer.Typer(rich_markup_mode=None)
    application.command()(plugin_own)
    application.command(name="query")(plugin_own)
    add_plugins(application)
    return application


def plugin_own() -> None:
    """A command of graphkit's own."""
    typer.echo("own")


def test_commands_of_other_packages(with_plugins: typer.Typer) -> None:
    assert run("twice", "4", application=with_plugins).stdout == "4\n"
    assert run("twice", "--double", "4", application=with_plugins).stdout == "8\n"
    assert "A command of another package" in run("twice", "--help", application=with_plugins).stdout
    assert run("greet", "hello", "you", application=with_plugins).stdout == "hello you\n"
    assert run("greet", "fail", application=with_plugins).exit_code == 3
    assert run("twice", "x", application=with_plugins).exit_code == 2
    assert run("query", application=with_plugins).stdout == "own\n"


def test_a_broken_plugin_harms_only_itself(with_plugins: typer.Typer) -> None:
    shown = run("--help", application=with_plugins)
    assert shown.exit_code == 0
    assert {"twice", "greet", "broken"} <= set(shown.stdout.split())
    for name in ("broken", "halfway"):
        done = run(name, application=with_plugins)
        assert done.exit_code == 1
        assert "cannot be loaded" in done.stderr
    assert run("plugin-own", application=with_plugins).exit_code == 0
