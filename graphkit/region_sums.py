"""Connections whose synapses in a region reach a threshold, from rows that come in the order of pairs.

Grouping all rows of a brain by pair and region takes a table of all groups; rows in order need none, since a pair is
complete where the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from graphkit.edges import argsort

__all__ = ["sums_in_regions"]

_Rows = tuple[NDArray[np.int64], ...]


def sums_in_regions(batches: Iterable[_Rows], least: int, most: int) -> list[NDArray[np.int64]] | None:
    """pre_id, post_id and synapses of each pair and region with ``least`` synapses or more, in the order of pairs.

    ``batches`` have the columns pre_id, post_id, region_id (any number below 2**15, -1 for none) and synapses, ``most`` rows in
    all. None if their rows do not come in the order of pairs.
    """
    columns = [np.empty(most, dtype=np.int64) for _ in range(3)]  # what is not filled takes no room
    held = 0
    waiting: _Rows = tuple(np.empty(0, dtype=np.int64) for _ in range(4))  # of the last pair, which may go on

    def keep(rows: _Rows, new: NDArray[np.bool_]) -> int:
        """Of whole pairs, which begin where ``new`` says; how many are held then."""
        pre, post, region, synapses = rows
        group = np.cumsum(new) << 16 | region + 1
        if not (group[1:] >= group[:-1]).all():
            order = argsort(group)
            group, pre, post, synapses = group[order], pre[order], post[order], synapses[order]
        first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
        sums = np.add.reduceat(synapses, first)
        strong = np.flatnonzero(sums >= least)
        end = held + len(strong)
        for column, values in zip(columns, (pre[first], post[first], sums), strict=True):
            column[held:end] = values[strong]
        return end

    for batch in batches:
        rows = tuple(np.concatenate([before, now]) for before, now in zip(waiting, batch, strict=True))
        pre, post = rows[:2]
        if not len(pre):
            continue
        later = (pre[1:] > pre[:-1]) | ((pre[1:] == pre[:-1]) & (post[1:] > post[:-1]))
        if not (later | ((pre[1:] == pre[:-1]) & (post[1:] == post[:-1]))).all():
            return None
        new = np.concatenate([[True], later])
        last = int(np.flatnonzero(new)[-1])
        if last:
            held = keep(tuple(column[:last] for column in rows), new[:last])
        waiting = tuple(column[last:] for column in rows)
    if len(waiting[0]):
        held = keep(waiting, np.arange(len(waiting[0])) == 0)
    return [column[:held] for column in columns]
