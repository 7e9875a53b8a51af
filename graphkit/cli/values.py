"""Values of options that are more than a word: NAME=VALUE, numbers, x,y,z."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphkit.errors import GraphkitError

__all__ = ["numbers", "one_of", "pairs", "triple"]


def pairs(given: Sequence[str] | None, option: str) -> dict[str, str] | None:
    """``["a=b", "c=d,e=f"]`` as a dictionary; None for nothing.

    Raises:
        GraphkitError: a part without '='.
    """
    if not given:
        return None
    found = {}
    for part in (p for text in given for p in text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise GraphkitError(
                f"{option} {part!r} is not NAME=VALUE.", hint=f"For example: {option} pre_id=pre_root_id"
            )
        found[key.strip()] = value.strip()
    return found


def numbers(given: Mapping[str, str] | None) -> dict[str, int | float]:
    """The values as numbers.

    Raises:
        GraphkitError: one is none.
    """
    found: dict[str, int | float] = {}
    for key, text in (given or {}).items():
        try:
            found[key] = int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            raise GraphkitError(f"{key} must be a number, got {text!r}.") from None
    return found


def triple(text: str | None) -> tuple[float, ...] | None:
    """``"4,4,40"`` as three numbers; None for nothing.

    Raises:
        GraphkitError: it is not three numbers.
    """
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) != 3:
        raise GraphkitError(f"{text!r} is not three numbers.", hint="Write x,y,z in nanometres, e.g. 4,4,40.")
    return found


def one_of(text: str, choices: Sequence[str], option: str) -> str:
    """The text, which is one of the choices.

    Raises:
        GraphkitError: it is another.
    """
    if text not in choices:
        raise GraphkitError(f"{option} is {' or '.join(map(repr, choices))}, got {text!r}.")
    return text
