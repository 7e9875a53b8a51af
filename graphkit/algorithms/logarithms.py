"""Logarithms of counts as whole numbers, so that equal products have equal sums: 1/2 of 1/2 is as much as 1/4.

Each logarithm is put together from those of the prime factors, which are rounded once: log 4 is twice log 2, to the last unit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNIT", "whole_logarithms"]

UNIT = 2.0**43
"""Of the logarithms: those of counts below 10^6 are off by 10^-12 at most, about, and sums of 10,000 of them fit 63 bits."""

_LAST = 1 << 12
"""Prime factors below it are looked for. What is left is a prime itself where the count is below 2^24."""

_DENSE = 1 << 22


def whole_logarithms(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The natural logarithm of each of ``counts`` (1 or more) in units of 1 / `UNIT`, int64 of the same shape.

    That of a product is the sum of those of its factors, exactly, as far as the numbers have no two prime factors above 4096.

    >>> two, three, six = whole_logarithms(np.array([2, 3, 6])).tolist()
    >>> six == two + three
    True
    """
    most = int(counts.max(initial=0))
    if most > max(_DENSE, len(counts)):
        values, at = np.unique(counts, return_inverse=True)
        return np.asarray(_of_distinct(values)[at], dtype=np.int64)
    values = np.flatnonzero(np.bincount(counts, minlength=1))
    found = np.zeros(most + 1, dtype=np.int64)
    found[values] = _of_distinct(values)
    return np.asarray(found[counts], dtype=np.int64)


def _of_distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    left, found = values.astype(np.int64), np.zeros(len(values), dtype=np.int64)
    rows = np.arange(len(values))
    for prime in _primes():
        rows = rows[left[rows] >= prime * prime]
        if not len(rows):
            break
        of_prime, divided = _rounded(prime), rows
        while len(divided := divided[left[divided] % prime == 0]):
            left[divided] //= prime
            found[divided] += of_prime
    return found + np.fromiter(map(_rounded, left.tolist()), np.int64, len(left))


def _rounded(number: int) -> int:
    return round(math.log(number) * UNIT)


def _primes() -> list[int]:
    prime = np.ones(_LAST, dtype=np.bool_)
    prime[:2] = False
    for k in range(2, int(_LAST**0.5) + 1):
        prime[k * k :: k] = False
    return [int(k) for k in np.flatnonzero(prime)]
