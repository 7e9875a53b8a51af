"""The 199 ways in which four neurons hang together: their ids, patterns, roles, and which contains which.

A class is called by the id that mfinder gave it and the literature uses: the connections as a matrix, row by row, read as
a binary number, i -> j being bit ``4 i + j``, in the order of the neurons that makes it smallest. The bi-fan is 204:
bits 2, 3, 6 and 7. Milo et al., Science 298 (2002); Kashtan et al., Bioinformatics 20 (2004).

The code of four neurons (u, v, w, x) in this order is twelve bits, two for each pair, as those of triads are::

    code = uv << 10 | uw << 8 | ux << 6 | vw << 4 | vx << 2 | wx      xy = 0 null, 1 only x -> y, 2 only y -> x, 3 both

The *role* (orbit) of a neuron is its place in the pattern, up to symmetry: the bi-fan has two, its sources and its targets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from graphkit.motifs.names import Motif

__all__ = ["N_FOUR_CODES", "FourNodes", "Role", "code_of", "four_nodes"]

N_FOUR_CODES = 4096

_PAIRS = tuple(combinations(range(4), 2))
_SHIFT = {pair: 10 - 2 * place for place, pair in enumerate(_PAIRS)}
_ORDERS = tuple(permutations(range(4)))
_KNOWN = {
    204: "bi-fan",
    904: "bi-parallel",
    14: "divergence onto three (fan-out)",
    2184: "convergence of three (fan-in)",
    328: "chain of four",
    4740: "feedback loop of four (4-cycle)",
    2254: "feedforward clique",
    31710: "clique",
}


@dataclass(frozen=True, slots=True)
class Role:
    """A place in a motif, up to the motif's symmetry."""

    motif: str  # the motif's code
    nodes: str  # the letters of its pattern that are alike, "ab"


@dataclass(frozen=True, slots=True, eq=False)
class FourNodes:
    """Tables of the 199 connected classes, in the order of their ids."""

    motifs: tuple[Motif, ...]
    code: NDArray[np.int64]  # (199,) the code of each pattern, its letters in order
    class_of_code: NDArray[np.int64]  # (4096,) place in motifs, -1 where the four do not hang together
    n_pairs: NDArray[np.int64]  # (199,) connected pairs
    roles: tuple[Role, ...]
    role_of_code: NDArray[np.int64]  # (4, 4096) place in roles of the neuron at each of the four places, or -1
    copies: NDArray[np.int64]  # (199, 199) copies of pattern p (by connections) in four neurons of class t
    spanning: NDArray[np.int64]  # (199, 199) ways to leave pairs of class t unconnected so that class p is left


def code_of(edges: Iterable[tuple[int, int]]) -> int:
    """The code of four neurons, numbered from 0, with these connections.

    >>> four_nodes().motifs[four_nodes().class_of_code[code_of([(0, 2), (0, 3), (1, 2), (1, 3)])]].name
    'bi-fan'
    """
    return sum((1 if pre < post else 2) << _SHIFT[min(pre, post), max(pre, post)] for pre, post in set(edges))


@cache
def four_nodes() -> FourNodes:
    """The tables, made on the first call (a few milliseconds)."""
    codes = np.arange(N_FOUR_CODES)
    dyad = {pair: codes >> _SHIFT[pair] & 3 for pair in _PAIRS}
    has = {(a, b): dyad[a, b] & 1 if a < b else dyad[b, a] >> 1 for a, b in permutations(range(4), 2)}
    ids = np.stack([sum(has[p[a], p[b]] << (4 * a + b) for a, b in permutations(range(4), 2)) for p in _ORDERS])
    smallest = ids.min(axis=0)
    known = sorted(set(smallest[_connected(dyad)].tolist()))
    place = {number: index for index, number in enumerate(known)}
    connected = _connected(dyad)
    class_of_code = np.array(
        [place[number] if joined else -1 for number, joined in zip(smallest.tolist(), connected.tolist(), strict=True)]
    )
    code = np.array([int(np.flatnonzero(ids[0] == number)[0]) for number in known])
    roles, role_of_code = _roles(ids, smallest, class_of_code, known)
    n_pairs = np.array([sum(int(dyad[pair][c] > 0) for pair in _PAIRS) for c in code.tolist()])
    copies = np.zeros((len(known), len(known)), dtype=np.int64)
    spanning = np.zeros_like(copies)
    pair_masks = [sum(3 << _SHIFT[pair] for pair in kept) for size in range(7) for kept in combinations(_PAIRS, size)]
    for index, whole in enumerate(code.tolist()):
        of_part = class_of_code[codes[codes & whole == codes]]
        copies[:, index] = np.bincount(of_part[of_part >= 0], minlength=len(known))
        left = np.unique([whole & mask for mask in pair_masks])  # each pair as it is, or left out
        of_left = class_of_code[left]
        spanning[:, index] = np.bincount(of_left[of_left >= 0], minlength=len(known))
    motifs = tuple(_motif(number, pairs) for number, pairs in zip(known, n_pairs.tolist(), strict=True))
    return FourNodes(motifs, code, class_of_code, n_pairs, roles, role_of_code, copies, spanning)


def _connected(dyad: dict[tuple[int, int], NDArray[np.int64]]) -> NDArray[np.bool_]:
    reached = np.zeros((4, N_FOUR_CODES), dtype=np.bool_)
    reached[0] = True
    for _ in range(3):
        for a, b in _PAIRS:
            joined = dyad[a, b] > 0
            either = (reached[a] | reached[b]) & joined
            reached[a] |= either
            reached[b] |= either
    return np.asarray(reached.all(axis=0))


def _roles(
    ids: NDArray[np.int64], smallest: NDArray[np.int64], class_of_code: NDArray[np.int64], known: list[int]
) -> tuple[tuple[Role, ...], NDArray[np.int64]]:
    """The roles, by class and by the first of their letters, and the role at each place of each code."""
    letters: dict[tuple[int, int], set[int]] = {}
    first = np.full((4, N_FOUR_CODES), 4)
    for order, numbers in zip(_ORDERS, ids, strict=True):
        fits = numbers == smallest  # in this order, the neurons stand as in the pattern
        for letter, old in enumerate(order):
            first[old] = np.where(fits, np.minimum(first[old], letter), first[old])
    for number in known:
        whole = int(np.flatnonzero(ids[0] == number)[0])
        for letter in range(4):
            letters.setdefault((number, int(first[letter, whole])), set()).add(letter)
    keys = sorted(letters)
    place = {key: index for index, key in enumerate(keys)}
    roles = tuple(Role(str(number), "".join("abcd"[k] for k in sorted(letters[number, k0]))) for number, k0 in keys)
    role_of_code = np.full((4, N_FOUR_CODES), -1)
    for code in np.flatnonzero(class_of_code >= 0).tolist():
        for at in range(4):
            role_of_code[at, code] = place[int(smallest[code]), int(first[at, code])]
    return roles, role_of_code


def _motif(number: int, n_pairs: int) -> Motif:
    edges = [(a, b) for a, b in permutations(range(4), 2) if number >> (4 * a + b) & 1]
    degrees = [len({a + b - node for a, b in edges if node in (a, b)}) for node in range(4)]
    shape = {
        3: "star" if max(degrees) == 3 else "path",
        4: "tailed triangle" if max(degrees) == 3 else "square",
        5: "diamond",
        6: "clique",
    }[n_pairs]
    name = _KNOWN.get(number, f"{shape} of {len(edges)} connections")
    pattern = ", ".join(f"({'abcd'[a]})->({'abcd'[b]})" for a, b in edges)
    return Motif(str(number), name, pattern, 4)
