"""Functions that do the same, run in turn in one process, so that a busy machine slows all of them alike."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

__all__ = ["raced"]


def raced(title: str, rounds: int, functions: dict[str, Callable[[], Any]], ours: str = "graphkit") -> dict[str, float]:
    """Median seconds of each, after one call that compiles; all have to give the same. Prints the ratios to ours."""
    answers = {name: function() for name, function in functions.items()}
    assert all(answer == answers[ours] for answer in answers.values()), answers
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            begin = perf_counter()
            function()
            taken[name].append(perf_counter() - begin)
    medians = {name: median(times) for name, times in taken.items()}
    print(f"\n{title}")
    for name, seconds in medians.items():
        print(f"  {name:<28} {seconds:9.4f} s   {seconds / medians[ours]:8.2f} times graphkit's")
    return medians
