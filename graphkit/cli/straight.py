"""Reads the arguments of one command straight from its signature.

typer reads them by building every command with pydantic (0.2 s), which is more than some answers take. Here only what is plain
is read: known options followed by their values, of the types below. For all else, and for every refusal, the caller
goes to typer.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, get_args, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

__all__ = ["read_plainly"]


def read_plainly(command: Callable[..., Any], arguments: Sequence[str]) -> dict[str, Any] | None:
    """The keyword arguments that typer would call ``command`` with; None if typer should be asked."""
    values: dict[str, Any] = {}
    positional: list[tuple[str, type, Any]] = []
    options: dict[str, tuple[str, type, Any]] = {}
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in signature(command).parameters.items():
        kind, info = _declared(hints[name])
        if info is None or parameter.default is Parameter.empty or getattr(info, "envvar", None):
            return None
        values[name] = parameter.default
        if isinstance(info, ArgumentInfo):
            positional.append((name, kind, info))
        else:
            first = (info.default,) if isinstance(info.default, str) else ()  # typer puts the first spelling there
            for spelling in (*first, *(info.param_decls or ())) or (f"--{name.replace('_', '-')}",):
                options[spelling] = (name, kind, info)
    given: set[str] = set()
    waiting = iter(arguments)
    for word in waiting:
        if word in options:
            name, kind, info = options[word]
            text = "" if kind is bool else next(waiting, "-")
        elif positional and not word.startswith("-"):
            name, kind, info = positional.pop(0)
            text = word
        else:
            return None
        value = True if kind is bool else _value(text, kind, info)
        if value is None or (name in given and kind is not list):
            return None
        values[name] = (
            [*(values[name] or ()), value] if kind is list and name in given else [value] if kind is list else value
        )
        given.add(name)
    return values


def _declared(hint: Any) -> tuple[type, ArgumentInfo | OptionInfo | None]:
    """The plain type and what typer was told; None where it is not plain."""
    annotated = get_args(hint)
    if len(annotated) != 2 or not isinstance(annotated[1], ArgumentInfo | OptionInfo):
        return str, None
    kind, info = annotated
    if isinstance(kind, types.UnionType):
        several = [t for t in get_args(kind) if t is not types.NoneType]
        kind = several[0] if len(several) == 1 else None
    if kind == list[str]:
        return list, info
    return (kind, info) if kind in (str, int, float, bool, Path) else (str, None)


def _value(text: str, kind: type, info: ArgumentInfo | OptionInfo) -> Any:
    if not text or text.startswith("-"):
        return None
    if kind is int:
        if not re.fullmatch(r"[0-9]{1,18}", text):
            return None
        number = int(text)
        low, high = info.min, info.max
        return number if (low is None or number >= low) and (high is None or number <= high) else None
    if kind is float:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
            return None
        value = float(text)
        return value if info.min is None or value >= info.min else None
    return text if kind is list else kind(text)
