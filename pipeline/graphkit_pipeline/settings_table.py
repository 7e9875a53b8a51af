"""From tables of TOML to frozen dataclasses of settings: every value checked against the annotation of its field."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from graphkit.errors import GraphkitError, did_you_mean

__all__ = ["settings_from"]

_T = TypeVar("_T")


def settings_from(kind: type[_T], given: Mapping[str, Any], *, where: str = "") -> _T:
    """A dataclass of settings from a TOML table; ``where`` is the table's name, where it is not the whole file.

    Raises:
        GraphkitError: a setting is unknown, missing, of the wrong type or out of its range.
    """
    return _made(kind, given, where)


def _made(kind: type[_T], given: Any, where: str) -> _T:
    """An instance of a dataclass from a table, every value checked against its annotation."""
    if not isinstance(given, Mapping):
        raise GraphkitError(f"{where or 'The file'} is {given!r}; expected a table of settings, [{where}].")
    hints = typing.get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for name in given:
        if name not in known:
            place = f"[{where}]" if where else "the file"
            hint = did_you_mean(name, known) or f"The settings there are {', '.join(known)}."
            raise GraphkitError(f"There is no setting {name!r} in {place}.", hint=hint)
    for f in dataclasses.fields(kind):  # type: ignore[arg-type]
        if f.name not in given and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            full = f"{where}.{f.name}" if where else f.name
            example = 'for example [image] location = "cube.h5:raw"' if full.startswith("image") else f"under [{where}]"
            raise GraphkitError(f"The setting {full} is missing.", hint=f"Give it, {example}.")
    return kind(
        **{name: _value(hints[name], value, f"{where}.{name}" if where else name) for name, value in given.items()}
    )


def _value(hint: Any, given: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _made(hint, given, where)  # type: ignore[arg-type]
    if origin in (types.UnionType, typing.Union):
        plain = [a for a in arguments if a is not types.NoneType]
        for one in plain:
            try:
                return _value(one, given, where)
            except GraphkitError:
                if len(plain) == 1 or isinstance(given, Mapping):
                    raise
        raise GraphkitError(f"{where} is {given!r}; expected {' or '.join(map(_single, plain))}.")
    if origin is typing.Literal:
        if given in arguments:
            return given
        raise GraphkitError(f"{where} is {given!r}; expected {' or '.join(map(repr, arguments))}.")
    if origin is tuple:
        item, several = arguments[0], arguments[-1] is Ellipsis
        if not isinstance(given, Sequence) or isinstance(given, str) or (not several and len(given) != len(arguments)):
            raise GraphkitError(f"{where} is {given!r}; expected a {_named(hint)}.")
        return tuple(_value(item, v, where) for v in given)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(given, Mapping):
            raise GraphkitError(f"{where} is {given!r}; expected a table.")
        return {k: _value(arguments[1], v, f"{where}.{k}") for k, v in given.items()}
    wanted = {float: (int, float), int: (int,), str: (str,), bool: (bool,)}.get(hint)
    if wanted is None:
        return given
    if not isinstance(given, wanted) or (isinstance(given, bool) and hint is not bool):
        raise GraphkitError(f"{where} is {given!r}; expected {_single(hint)}.")
    return float(given) if hint is float else given


def _single(hint: Any) -> str:
    """One value in words: "a whole number"."""
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(map(repr, typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        return f"a {_named(hint)}"
    return {float: "a number", int: "a whole number", str: "text", bool: "true or false"}.get(hint, "a table")


def _named(hint: Any, several: bool = False) -> str:
    """What a setting's annotation asks for, in words: "list of 2 lists of 3 whole numbers"."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        count = "" if arguments[-1] is Ellipsis else f"{len(arguments)} "
        return f"list{'s' if several else ''} of {count}{_named(arguments[0], several=True)}"
    return {float: "numbers", int: "whole numbers", str: "texts", bool: "true or false"}.get(hint, "tables")
