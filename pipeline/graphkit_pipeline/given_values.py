"""Sizes and boxes as they are given to a command: 64,128,128 and 0:64,0:128,0:128 [z, y, x]."""

from __future__ import annotations

from typing import Any

from graphkit.errors import GraphkitError

__all__ = ["box_of", "three_of", "whole_of"]


def three_of(text: str, option: str, kind: type) -> Any:
    """Three numbers [z, y, x]; one counts for all axes. Raises GraphkitError for others."""
    try:
        values = tuple(kind(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) == 1:
        values *= 3
    if len(values) != 3:
        raise GraphkitError(
            f"{option} is {text!r}.", hint=f"Expected three numbers z,y,x, for example {option} 64,128,128."
        )
    return values


def whole_of(text: str, option: str) -> int:
    """A whole number. Raises GraphkitError for anything else."""
    if not text.isdecimal():
        raise GraphkitError(f'{option} is {text!r}; expected a whole number or "cores".')
    return int(text)


def box_of(text: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The first voxel and the one past the last. Raises GraphkitError for what is no box."""
    try:
        sides = [tuple(int(v) for v in side.split(":")) for side in text.split(",")]
        (z0, z1), (y0, y1), (x0, x1) = sides
    except ValueError:
        raise GraphkitError(
            f"--box is {text!r}.", hint="Expected voxels, for example --box 0:64,0:128,0:128 [z,y,x]."
        ) from None
    return (z0, y0, x0), (z1, y1, x1)
