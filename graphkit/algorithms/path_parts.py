"""The best paths one after the other: what is left is split where it departs from those found.

Lawler, Management Science 18 (1972); Yen, Management Science 17 (1971). What "best" means is the caller's: a search that finds
the best path of one part, with a key to compare parts by.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphkit.stopping import check

__all__ = ["BestOf", "Part", "best_paths"]


@dataclass(frozen=True, slots=True)
class Part:
    """The paths that begin with ``root`` and go on from its last row, but not to ``banned``; without a root: from ``starts``."""

    root: tuple[int, ...]
    starts: tuple[int, ...]
    banned: frozenset[int] = frozenset()


BestOf = Callable[[Part, Any], tuple[Any, tuple[int, ...]] | None]
"""(key, rows of the whole path) of the best path of a part, the smaller key the better; None where it has none.

The second argument is a key, or None: a path of a larger one is of no use, and None may be given for it.
"""


def best_paths(
    starts: Sequence[int], is_target: Sequence[bool], best_of: BestOf, count: int
) -> Iterator[tuple[int, ...]]:
    """The ``count`` best paths from any of the rows ``starts`` to a target, by key and then by rows."""
    waiting: list[tuple[Any, tuple[int, ...], int, Part]] = []
    keys: list[Any] = []  # of the best `count` paths met, ascending
    number = 0

    def add(part: Part) -> None:
        nonlocal number
        check()
        worst = keys[-1] if len(keys) == count else None
        if not part.starts or (found := best_of(part, worst)) is None or (worst is not None and found[0] > worst):
            return
        number += 1
        heapq.heappush(waiting, (*found, number, part))
        bisect.insort(keys, found[0])
        del keys[count:]

    for part in _by_start(starts, is_target):
        add(part)
    for left in range(count - 1, -1, -1):
        if not waiting:
            return
        _, path, _, part = heapq.heappop(waiting)
        yield path
        for smaller in _rest(part, path) if left else ():
            add(smaller)


def _by_start(starts: Sequence[int], is_target: Sequence[bool]) -> list[Part]:
    """One part for all starts, but one each for those that are targets too: a path must end elsewhere."""
    apart = tuple(row for row in starts if not is_target[row])
    return [Part((), apart), *(Part((row,), (row,)) for row in starts if is_target[row])]


def _rest(part: Part, path: tuple[int, ...]) -> Iterator[Part]:
    """The part without its best path, split by where the others leave that path."""
    if not part.root:
        yield Part((), tuple(row for row in part.starts if row != path[0]))
    for at in range(len(path) - 1):
        root = path[: at + 1]
        if len(root) >= len(part.root):
            known = part.banned if len(root) == len(part.root) else frozenset()
            yield Part(root, (root[-1],), known | {path[at + 1]})
    # Others go on beyond its end: a target may be passed on the way to another.
    yield Part(path, (path[-1],))
