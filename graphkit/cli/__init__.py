"""The command `graphkit`: one module a command, and what they share. The library knows nothing of it."""

from graphkit.cli.command import app, main

__all__ = ["app", "main"]
