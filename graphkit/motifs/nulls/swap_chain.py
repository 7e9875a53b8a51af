"""One sample by a chain of swaps: its length, and what is seen of it on the way."""

from __future__ import annotations

import math
from collections.abc import Callable

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.nulls.sampling import Chain

__all__ = ["ATTEMPTS_PER_CONNECTION", "in_two_halves", "number_of_attempts"]

ATTEMPTS_PER_CONNECTION = 10.0

_FEWEST = 2_000
"""Attempts of a graph of few connections, where they cost nothing."""

_AT_ONCE = 1_000_000
"""Attempts between two looks at whether the sample is still wanted: half a second."""


def number_of_attempts(graph: Graph, per_connection: float) -> int:
    """Attempts of one chain, in two equal halves.

    Raises:
        GraphError: ``per_connection`` is not a positive number.
    """
    if not 0 < per_connection < math.inf:
        raise GraphError(f"attempts_per_connection is {per_connection!r}; expected a positive number, such as 10.")
    return 2 * max(math.ceil(per_connection * graph.n_connections / 2), _FEWEST // 2)


def in_two_halves(
    attempts: int, go: Callable[[int], int], left: Callable[[], float], go_on: Callable[[], None]
) -> Chain:
    """Runs a chain of ``attempts`` steps, and looks in the middle and at the end at what is ``left`` of its start."""
    moves, shares = 0, []
    for _ in range(2):
        done, half = 0, attempts // 2
        while done < half:
            go_on()
            step = min(_AT_ONCE, half - done)
            moves += go(step)
            done += step
        shares.append(left())
    return Chain(attempts, moves, shares[0], shares[1])
