"""The 16 classes of triads, their names and patterns, and how many copies of one are in another.

Three neurons have three pairs (dyads), each mutual (M), asymmetric (A) or null (N). A class is named by the numbers of
these, and a letter (Down, Up, Cyclic, Transitive) where the numbers leave several: 030T has three asymmetric dyads,
transitive. Holland & Leinhardt, A method for detecting structure in sociometric data, Am. J. Sociology 76 (1970).

The code of three neurons (u, v, w) in this order is six bits, two a dyad; autapses have no part in it::

    code = uv << 4 | uw << 2 | vw      xy = 0 null, 1 only x -> y, 2 only y -> x, 3 mutual
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BIT_OF_EDGE",
    "CLASS_OF_CODE",
    "CONNECTED_TRIADS",
    "DYADS",
    "N_CODES",
    "TRIADS",
    "Motif",
    "containment",
    "permuted_code",
    "role_orders",
    "wedges_of",
]

N_CODES = 64


@dataclass(frozen=True, slots=True)
class Motif:
    """A class of dyads or triads."""

    code: str  # "M", "A" (dyads) or the MAN name of a triad
    name: str
    pattern: str  # "(a)->(b), (b)->(c)": every connection there is among a, b and c
    n_neurons: int

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """The connections as pairs of places; a, b, c, d are 0, 1, 2, 3."""
        return tuple(
            ("abcd".index(pre), "abcd".index(post)) for pre, post in re.findall(r"\((\w)\)->\((\w)\)", self.pattern)
        )


DYADS = (
    Motif("A", "one-way connection", "(a)->(b)", 2),
    Motif("M", "reciprocal connection", "(a)->(b), (b)->(a)", 2),
)

TRIADS = (
    Motif("003", "no connection", "(a), (b), (c)", 3),
    Motif("012", "one connection", "(a)->(b), (c)", 3),
    Motif("102", "one reciprocal connection", "(a)->(b), (b)->(a), (c)", 3),
    Motif("021D", "divergence (fan-out)", "(a)->(b), (a)->(c)", 3),
    Motif("021U", "convergence (fan-in)", "(a)->(c), (b)->(c)", 3),
    Motif("021C", "chain", "(a)->(b), (b)->(c)", 3),
    Motif("111D", "reciprocal pair with an input", "(a)->(b), (b)->(a), (c)->(b)", 3),
    Motif("111U", "reciprocal pair with an output", "(a)->(b), (b)->(a), (b)->(c)", 3),
    Motif("030T", "feedforward loop", "(a)->(b), (b)->(c), (a)->(c)", 3),
    Motif("030C", "feedback loop (3-cycle)", "(a)->(b), (b)->(c), (c)->(a)", 3),
    Motif("201", "reciprocal chain", "(a)->(b), (b)->(a), (b)->(c), (c)->(b)", 3),
    Motif("120D", "divergence onto a reciprocal pair", "(a)->(b), (a)->(c), (b)->(c), (c)->(b)", 3),
    Motif("120U", "convergence from a reciprocal pair", "(a)->(b), (b)->(a), (a)->(c), (b)->(c)", 3),
    Motif("120C", "chain across a reciprocal pair", "(a)->(b), (b)->(c), (a)->(c), (c)->(a)", 3),
    Motif("210", "all connections but one", "(a)->(b), (b)->(a), (b)->(c), (c)->(b), (a)->(c)", 3),
    Motif("300", "clique", "(a)->(b), (b)->(a), (b)->(c), (c)->(b), (a)->(c), (c)->(a)", 3),
)
"""All 16 classes, in the order of the literature."""

CONNECTED_TRIADS = TRIADS[3:]
"""The 13 classes in which all three neurons hang together."""

_ORDERS = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
BIT_OF_EDGE = {(0, 1): 16, (1, 0): 32, (0, 2): 4, (2, 0): 8, (1, 2): 1, (2, 1): 2}
"""The bit in a code of the connection between two places."""


def permuted_code(code: int, order: tuple[int, int, int]) -> int:
    """The code of three neurons after they are taken in another order: place i gets the neuron from ``order[i]``."""
    place = {old: new for new, old in enumerate(order)}
    bits = (BIT_OF_EDGE[place[a], place[b]] for (a, b), bit in BIT_OF_EDGE.items() if code & bit)
    return sum(bits)


def role_orders(code: int) -> list[tuple[int, int, int]]:
    """The orders that put neurons with ``code`` into the roles a, b, c of their class's pattern.

    There are as many as the pattern has symmetries: one for a chain, two for a divergence, three for a 3-cycle.
    """
    wanted = _code_of(TRIADS[CLASS_OF_CODE[code]])
    return [order for order in _ORDERS if permuted_code(code, order) == wanted]


@cache
def wedges_of(code: int) -> tuple[tuple[int, tuple[int, int, int]], ...]:
    """The three wedges of a triangle: (code without the far dyad, order); the centre is the neuron ``order[0]``."""
    return tuple((permuted_code(code, order) & ~3, order) for order in ((0, 1, 2), (1, 0, 2), (2, 0, 1)))


@cache
def containment() -> NDArray[np.int64]:
    """Copies of pattern p, not induced, in three neurons of class t, int64 of shape (16, 16) in the order of `TRIADS`.

    A copy is a set of connections, so each is counted once. Found by going through all subsets of connections.

    >>> t = [motif.code for motif in TRIADS].index
    >>> containment()[t("030T"), t("300")], containment()[t("030C"), t("300")]
    (np.int64(6), np.int64(2))
    """
    copies = np.zeros((len(TRIADS), len(TRIADS)), dtype=np.int64)
    for index, motif in enumerate(TRIADS):
        whole = _code_of(motif)
        for part in range(N_CODES):
            if part & whole == part:
                copies[CLASS_OF_CODE[part], index] += 1
    copies.setflags(write=False)
    return copies


def _code_of(motif: Motif) -> int:
    return sum(BIT_OF_EDGE[edge] for edge in motif.edges)


def _classes() -> tuple[int, ...]:
    class_of_code = [-1] * N_CODES
    for index, motif in enumerate(TRIADS):
        for order in _ORDERS:
            class_of_code[permuted_code(_code_of(motif), order)] = index
    return tuple(class_of_code)


CLASS_OF_CODE = _classes()
"""For each of the 64 codes the place of its class in `TRIADS`."""
