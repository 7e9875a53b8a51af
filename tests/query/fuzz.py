"""Texts changed at random: each is answered or refused by an error of ours, and soon."""

from __future__ import annotations

import random
import string
import sys
import time
from collections.abc import Callable, Sequence

from graphkit.errors import GraphkitError, QueryError

__all__ = ["fuzzed", "mutated"]

_PATIENCE_S = 60.0
"""Of processor time, of which the first answer by a kernel may take ten or more to compile it."""


def mutated(text: str, rng: random.Random, words: Sequence[str]) -> str:
    """The text with one to four changes."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randint(0, len(text))
        until = min(len(text), at + rng.choice([1, 1, 3, 20]))
        match rng.randint(0, 6):
            case 0:
                text = text[:at] + text[until:]
            case 1:
                text = text[:at] + rng.choice(words) + text[at:]
            case 2:
                text = text[:at] + " " + rng.choice(words) + " " + text[at:]
            case 3:
                text = text[:until] + text[at:]
            case 4:
                text = text[:at] + "".join(rng.choice(string.printable) for _ in range(rng.randint(1, 5))) + text[at:]
            case 5:
                text = text.swapcase()
            case 6:
                text = text.replace(" ", "\n  ")
    return text


def fuzzed(
    bases: Sequence[str],
    words: Sequence[str],
    number: int,
    ask: Callable[[str], object],
    *,
    seed: int,
    expected: type[GraphkitError] = GraphkitError,
    sound: float = 0.9,
) -> float:
    """The share of changed texts that was answered; all others are errors of the expected kind, that say something.

    A share ``sound`` of them begins as one of ``bases``, the others as ``words`` in a row.
    """
    rng = random.Random(seed)
    answered = mute = 0
    slowest = (0.0, "")
    for _ in range(number):
        base = rng.choice(bases) if rng.random() < sound else " ".join(rng.choices(words, k=rng.randint(1, 12)))
        text = mutated(base, rng, words)
        used = time.process_time()
        try:
            ask(text)
            answered += 1
        except expected as error:
            mute += not error.message
            if isinstance(error, QueryError):
                error.caret()
        used = time.process_time() - used
        assert used < _PATIENCE_S, text
        slowest = max(slowest, (used, text))
    sys.stdout.write(
        f"\n{number:,} texts, {answered / number:.0%} answered, {slowest[0]:.2f} s at most: {slowest[1]!r}\n"
    )
    assert mute == 0
    return answered / number
