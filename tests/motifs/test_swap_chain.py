"""The chain of swaps, step by step, against the same chain written with Python's sets; and its set of connections."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from graphkit.graph import Graph
from graphkit.motifs.nulls.edge_bits import Bits
from graphkit.motifs.nulls.edge_set import added, edge_set, holds, key_of, removed, targets_of
from graphkit.motifs.nulls.swap_kernel import swaps

Pairs = list[tuple[int, int]]


def splitmix(state: int) -> Iterator[int]:
    """Steele, Lea & Flood, OOPSLA 2014."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) % 2**64
        yield z ^ z >> 31


def plainly(pairs: Pairs, attempts: int, seed: int, block: int = 32) -> Pairs:
    """The chain as its module describes it, one step after the other."""
    bits, slots, there = splitmix(seed), list(pairs), set(pairs)
    assert pairs == sorted(pairs)
    row = {a: [k for k, pair in enumerate(pairs) if pair[0] == a] for a, _ in pairs}

    def below(word: int, n: int) -> int:
        return int((word >> 11) * 2.0**-53 * n)

    def replace(old: list[int], new: Pairs) -> None:
        there.difference_update(slots[k] for k in old)
        there.update(new)
        for k, pair in zip(old, new, strict=True):
            slots[k] = pair

    for begin in range(0, attempts, block):
        words = [(next(bits), next(bits)) for _ in range(min(block, attempts - begin))]
        for one, two in words:
            i, j = below(one, len(slots)), below(two, len(slots))
            (a, b), (c, d) = slots[i], slots[j]
            if one % 16:
                new = [(a, d), (c, b)]
                if a != d and c != b and not there.intersection(new):
                    replace([i, j], new)
            elif b in row:
                bc = row[b][below(next(bits), len(row[b]))]
                c = slots[bc][1]
                if c != a and (c, a) in there and not there.intersection([(b, a), (c, b), (a, c)]):
                    ca = next(k for k in row[c] if slots[k] == (c, a))
                    replace([i, bc, ca], [(a, c), (b, a), (c, b)])
    return slots


def n_held(table: NDArray[Any], as_bits: bool) -> int:
    return int(np.bitwise_count(table).sum()) if as_bits else np.count_nonzero(table)


@pytest.mark.parametrize("as_bits", [True, False])
@pytest.mark.parametrize(("n", "m"), [(3, 4), (9, 30), (40, 400), (300, 900)])
def test_the_chain_is_the_plain_one(n: int, m: int, as_bits: bool) -> None:
    rng = random.Random(m)
    pairs = sorted({(a, b) for a, b in ((rng.randrange(n), int(n * rng.random() ** 2)) for _ in range(m)) if a != b})
    graph = Graph.from_edges(*zip(*pairs, strict=True), ids=range(n))
    sources = np.array([a for a, _ in pairs], np.int32)
    keys, table, form = edge_set(n, sources, graph.indices, as_bits)
    for attempts, seed in [(7, 1), (4_000, 2**63 + 5)]:
        now, filled = keys.copy(), table.copy()
        moves = swaps(attempts, np.array([seed, 0], np.uint64), graph.indptr, now, filled, form)
        expected = plainly(pairs, attempts, seed)
        assert list(zip(sources.tolist(), targets_of(now, form).tolist(), strict=True)) == expected
        assert moves > 0 or expected == pairs
        assert n_held(filled, as_bits) == len(pairs)


@numba.njit
def _worked(adding: Any, sources: Any, targets: Any, table: Any, form: Any) -> Any:
    """Adds or takes out one connection after the other; whether each was there before."""
    found = np.zeros(len(adding), np.bool_)
    for k in range(len(adding)):
        key = key_of(sources[k], targets[k], form)
        found[k] = holds(table, form, key)
        if adding[k] and not found[k]:
            added(table, form, key)
        elif not adding[k] and found[k]:
            removed(table, form, key)
    return found


@pytest.mark.parametrize(
    ("n_neurons", "as_bits"),
    [(5, False), (2**20, False), (2**31 - 1, False), (5, True), (3000, True)],
    ids=["tiny", "narrow", "wide", "a bit each", "a bit each of 9 million"],
)
def test_the_set_is_a_set(n_neurons: int, as_bits: bool) -> None:
    """At most half full; entries of 32 bits, and of 64 where there are more neurons; or a bit for each pair."""
    rng = random.Random(n_neurons)
    none = np.empty(0, np.int32)
    _, table, form = edge_set(n_neurons, none, none, as_bits)
    assert table.dtype == (np.uint64 if n_neurons > 2**21 else np.uint32)
    neurons = [rng.randrange(n_neurons) for _ in range(5)] + [n_neurons - 1]
    there: set[tuple[int, int]] = set()
    steps, expected = [], []
    for _ in range(5_000):
        pair = (rng.choice(neurons), rng.choice(neurons))
        adding = rng.random() < 0.5 and (as_bits or len(there) < len(table) // 2)
        steps.append((adding, *pair))
        expected.append(pair in there)
        (there.add if adding else there.discard)(pair)
    found = _worked(*(np.array(column) for column in zip(*steps, strict=True)), table, form)
    assert found.tolist() == expected
    assert n_held(table, as_bits) == len(there)


def test_a_bit_each_where_it_is_small() -> None:
    """Neurons up to 2**14, unless there are few connections for them."""
    pre, post = np.repeat(np.arange(2000, dtype=np.int32), 2), np.tile(np.arange(2, dtype=np.int32), 2000)
    chosen = {n: isinstance(edge_set(n, pre, post)[2], Bits) for n in (2000, 2048, 2049, 2**14 + 1)}
    assert chosen == {2000: True, 2048: True, 2049: False, 2**14 + 1: False}
