"""The compiled search: one function for every pattern, which a plan of small arrays describes.

Nodes are bound one after another; the candidates of a node are an intersection of sorted lists of neighbours. The
shortest list is walked, and every other is asked, either by a bit in ``mark`` (lists of neurons that were bound earlier
are marked once and asked often) or by binary search. This is the generic worst-case-optimal join: Ngo, Porat, Re & Rudra,
J. ACM 65 (2018).

A plan's ``steps`` are rows of five numbers, those of one level and kind together (``first[kind, level]``)::

    LIST    list, level of its row (-1: row 0), bit or -1, place of the edge's synapses or -1
    ABSENT  list, level of its row, bit or -1
    MARK    list, bit                              of the neuron that is bound at this level, for later levels
    ABOVE   level                                  this neuron's row is above that one's
    TEST    operator, row of values left, level of its neuron, the same right; or, for an edge, its place and -1
            decidable once this level is bound

``starts[list, row]`` and ``starts[list, row + 1]`` bound a row of ``targets``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = [
    "ABOVE",
    "ABSENT",
    "COUNT",
    "LIST",
    "MARK",
    "PER_NEURON",
    "ROWS",
    "TEST",
    "has_target",
    "restricted",
    "search",
]

LIST, ABSENT, MARK, ABOVE, TEST = range(5)
COUNT, ROWS, PER_NEURON = range(3)

BOUND = 1 << 15  # the bit in ``mark`` of neurons that are bound
_MISSING = -(2**63)
_Bool = NDArray[np.bool_]
_Int32 = NDArray[np.int32]
_Int64 = NDArray[np.int64]


@compiled
def has_target(
    indptr: _Int64, indices: _Int32, of_row: _Bool, of_target: _Bool
) -> _Bool:  # pragma: no cover - compiled
    """For each row whether it is wanted and one of its targets, other than itself, is."""
    found = np.zeros(len(of_row), dtype=np.bool_)
    for row in range(len(of_row)):
        if of_row[row]:
            for k in range(indptr[row], indptr[row + 1]):
                if of_target[indices[k]] and indices[k] != row:
                    found[row] = True
                    break
    return found


@compiled
def restricted(
    indptr: _Int64, indices: _Int32, of_row: _Bool, of_target: _Bool
) -> tuple[_Int64, _Int64]:  # pragma: no cover - compiled
    """(starts, positions in ``indices``) of the edges between wanted rows and wanted targets, without autapses."""
    n = len(of_row)
    starts = np.zeros(n + 1, dtype=np.int64)
    for row in range(n):
        kept = 0
        if of_row[row]:
            for k in range(indptr[row], indptr[row + 1]):
                kept += of_target[indices[k]] and indices[k] != row
        starts[row + 1] = starts[row] + kept
    positions = np.empty(starts[n], dtype=np.int64)
    at = 0
    for row in range(n):
        if of_row[row]:
            for k in range(indptr[row], indptr[row + 1]):
                if of_target[indices[k]] and indices[k] != row:
                    positions[at] = k
                    at += 1
    return starts, positions


@compiled
def _place(targets: _Int32, begin: int, end: int, wanted: int) -> int:  # pragma: no cover - compiled
    """The first place in [begin, end) whose target is not below ``wanted``."""
    while begin < end:
        middle = (begin + end) >> 1
        if targets[middle] < wanted:
            begin = middle + 1
        else:
            end = middle
    return begin


@compiled
def _holds(left: int, operator: int, right: int) -> bool:  # pragma: no cover - compiled
    if left == _MISSING or right == _MISSING:
        return False
    if operator == 0:
        return left == right
    if operator == 1:
        return left != right
    if operator == 2:
        return left < right
    if operator == 3:
        return left <= right
    if operator == 4:
        return left > right
    return left >= right


@compiled
def search(
    mode: int,
    n_levels: int,
    steps: _Int64,
    first: _Int64,
    starts: _Int64,
    targets: _Int32,
    synapses: _Int64,
    values: _Int64,
    state: _Int64,
    marks: NDArray[np.uint16],
    out: _Int32,
    per_neuron: _Int64,
    most: int,
) -> int:  # pragma: no cover - compiled
    """The number of matches found: all that are left, or, for ROWS, until ``out`` is full; at most those under ``most`` nodes
    that are bound, so that the caller can stop a search.

    ``state`` (9, 64 or more) is where the search stands; it goes on from there. Its rows are: neuron bound, next position,
    end, the list walked (as a step), synapses of the edges, bits marked (state[5, 63] is the level, -1 at the end), bits
    that candidates need, those they are asked for, and whether bits do not tell all. ``marks`` belongs to it.
    """
    bound, cursor, stop, walked, weight = state[0], state[1], state[2], state[3], state[4]
    needs, asks, extras = state[6], state[7], state[8]
    last = n_levels - 1
    level = state[5, 63]
    found = 0
    while level >= 0:
        need, ask, extra = needs[level], asks[level], extras[level] != 0
        if mode != ROWS and level == last:
            # the candidates of the last node are counted, without binding them
            n_here = 0
            if not extra and ask == BOUND and mode == COUNT:
                n_here = stop[level] - cursor[level]
                for k in range(level):
                    at = _place(targets, cursor[level], stop[level], bound[k])
                    n_here -= at < stop[level] and targets[at] == bound[k]
            elif not extra and mode == COUNT:
                mask, wanted = np.uint16(ask), np.uint16(need)
                for at in range(cursor[level], stop[level]):
                    # an unsigned index spares the test for negative ones
                    n_here += (marks[np.uint32(targets[at])] & mask) == wanted
            else:
                for at in range(cursor[level], stop[level]):
                    c = targets[at]
                    if np.int64(marks[c]) & ask == need and (
                        not extra
                        or _accepted(
                            c,
                            level,
                            need,
                            ask,
                            steps,
                            first,
                            starts,
                            targets,
                            synapses,
                            values,
                            bound,
                            walked,
                            weight,
                            at,
                        )
                    ):
                        n_here += 1
                        if mode == PER_NEURON:
                            per_neuron[c] += 1
            found += n_here
            if mode == PER_NEURON:
                for k in range(level):
                    per_neuron[bound[k]] += n_here
            cursor[level] = stop[level]

        if cursor[level] >= stop[level]:
            level -= 1
            if level >= 0:
                u = bound[level]
                marks[u] &= ~np.uint16(BOUND)
                for s in range(first[MARK, level], first[MARK, level + 1]):
                    if state[5, steps[s, 1]]:
                        bit = np.uint16(1 << steps[s, 1])
                        for k in range(starts[steps[s, 0], u], starts[steps[s, 0], u + 1]):
                            marks[targets[k]] &= ~bit
                        state[5, steps[s, 1]] = 0
            continue

        at = cursor[level]
        cursor[level] += 1
        c = targets[at]
        if np.int64(marks[c]) & ask != need:
            continue
        if extra and not _accepted(
            c, level, need, ask, steps, first, starts, targets, synapses, values, bound, walked, weight, at
        ):
            continue
        bound[level] = c
        if level == last:
            for k in range(n_levels):
                out[found, k] = bound[k]
            found += 1
            if found == len(out):
                break
            continue

        # the candidates of the next node: the list that is cheapest to walk, from the lower bound on
        level += 1
        marks[c] |= np.uint16(BOUND)
        least = -1
        for s in range(first[ABOVE, level], first[ABOVE, level + 1]):
            least = max(least, bound[steps[s, 0]])
        best_cost = 1 << 62
        cursor[level], stop[level] = 0, 0
        all_bits, n_unmarked, extra = 0, 0, first[TEST, level] < first[TEST, level + 1]
        for s in range(first[LIST, level], first[LIST, level + 1]):
            row = 0 if steps[s, 1] < 0 else bound[steps[s, 1]]
            begin, end = starts[steps[s, 0], row], starts[steps[s, 0], row + 1]
            marked = steps[s, 2] >= 0 and state[5, steps[s, 2]] != 0
            if marked:
                all_bits |= 1 << steps[s, 2]
                cost = (end - begin) << 4  # a binary search in another list costs as much as sixteen marks
            else:
                n_unmarked += 1
                cost = end - begin
            extra = extra or steps[s, 3] >= 0
            if cost < best_cost:
                best_cost = cost
                walked[level] = s
                cursor[level], stop[level] = begin, end
        bit = steps[walked[level], 2]
        if bit >= 0 and state[5, bit]:
            all_bits &= ~(1 << bit)
            n_unmarked += 1
        needs[level] = all_bits
        all_bits |= BOUND
        for s in range(first[ABSENT, level], first[ABSENT, level + 1]):
            if steps[s, 2] >= 0 and state[5, steps[s, 2]]:
                all_bits |= 1 << steps[s, 2]
            else:
                extra = True
        asks[level] = all_bits
        extras[level] = extra or n_unmarked > 1
        if least >= 0:
            cursor[level] = _place(targets, cursor[level], stop[level], least + 1)
        n_candidates = stop[level] - cursor[level]
        if level < last and n_candidates > 0:
            for s in range(first[MARK, level - 1], first[MARK, level]):
                begin, end = starts[steps[s, 0], c], starts[steps[s, 0], c + 1]
                if end - begin <= 8 * n_candidates:  # else binary searches cost less than marking
                    for k in range(begin, end):
                        marks[targets[k]] |= np.uint16(1 << steps[s, 1])
                    state[5, steps[s, 1]] = 1
        most -= 1
        if most <= 0:
            break
    state[5, 63] = level
    return found


@compiled
def _accepted(
    c: int,
    level: int,
    need: int,
    ask: int,
    steps: _Int64,
    first: _Int64,
    starts: _Int64,
    targets: _Int32,
    synapses: _Int64,
    values: _Int64,
    bound: _Int64,
    walked: _Int64,
    weight: _Int64,
    position: int,
) -> bool:  # pragma: no cover - compiled
    """Whether a candidate, which has the right bits, meets what bits do not tell."""
    tested = first[TEST, level] < first[TEST, level + 1]
    for s in range(first[LIST, level], first[LIST, level + 1]):
        keeps = steps[s, 3] >= 0
        at = position
        if s != walked[level]:
            marked = steps[s, 2] >= 0 and (need >> steps[s, 2]) & 1
            if marked and not keeps:
                continue
            row = 0 if steps[s, 1] < 0 else bound[steps[s, 1]]
            end = starts[steps[s, 0], row + 1]
            at = _place(targets, starts[steps[s, 0], row], end, c)
            if at == end or targets[at] != c:
                return False
        if keeps:
            weight[steps[s, 3]] = synapses[at]
    for s in range(first[ABSENT, level], first[ABSENT, level + 1]):
        if steps[s, 2] >= 0 and (ask >> steps[s, 2]) & 1:
            continue
        row = bound[steps[s, 1]]
        end = starts[steps[s, 0], row + 1]
        at = _place(targets, starts[steps[s, 0], row], end, c)
        if at < end and targets[at] == c:
            return False
    if tested:
        for s in range(first[TEST, level], first[TEST, level + 1]):
            left = weight[steps[s, 1]]
            if steps[s, 2] >= 0:
                left = values[steps[s, 1], c if steps[s, 2] == level else bound[steps[s, 2]]]
            right = weight[steps[s, 3]]
            if steps[s, 4] >= 0:
                right = values[steps[s, 3], c if steps[s, 4] == level else bound[steps[s, 4]]]
            if not _holds(left, steps[s, 0], right):
                return False
    return True
