"""Matches of a pattern: how many, which, whether any, how many with each neuron, and a uniform sample of them.

The answer does not depend on the number of threads, nor does the order of the matches. docs/motifs.md says how it works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.motifs.census import in_ranges
from graphkit.motifs.pattern import Pattern, contradiction
from graphkit.motifs.plan import Plan, plan_of
from graphkit.motifs.shortcuts import shortcut
from graphkit.stopping import current

__all__ = [
    "any_match",
    "count_matches",
    "count_share",
    "explain",
    "match_batches",
    "matches_by_neuron",
    "sample_matches",
    "sample_of_all",
]

_LEVEL = (5, 63)  # where a search's state holds the level it stands at


def count_matches(pattern: Pattern, *, threads: int | None = None, roots: tuple[int, int] | None = None) -> int:
    """The number of matches, exactly.

    ``roots``: only those whose first neuron, in the order of the search, is in this range of rows of the graph; the
    counts of ranges that cover all rows add up to the whole, so that they can be shared out among machines.

    >>> from graphkit.graph import Graph
    >>> from graphkit.motifs.pattern import Edge
    >>> graph = Graph.from_edges([1, 2, 1], [2, 3, 3])
    >>> edges = (Edge(0, 1, graph), Edge(1, 2, graph), Edge(0, 2, graph))
    >>> count_matches(Pattern(3, edges, (None,) * 3, (0,) * 3, graph))
    1
    """
    if contradiction(pattern) is not None:
        return 0
    short = shortcut(pattern) if roots is None else None
    if short is not None:
        return short[1](threads)
    plan = plan_of(pattern)
    begin, end = _root_range(plan, roots)

    def count(low: int, high: int) -> int:
        return _Search(plan, begin + low, begin + high).count()

    return sum(in_ranges(count, plan.work[begin : end + 1] - plan.work[begin], threads))


def count_share(plan: Plan, share: int, shares: int) -> int:
    """The matches of one of ``shares`` parts of a plan, of about equal expected work, on one thread; they add up to the whole."""
    begin, end = np.searchsorted(plan.work, plan.work[-1] * np.arange(share, share + 2) / shares).tolist()
    n_roots = plan.roots[1] - plan.roots[0]
    return _Search(plan, begin if share else 0, end if share < shares - 1 else n_roots).count()


def match_batches(pattern: Pattern, *, size: int = 65536) -> Iterator[NDArray[np.int32]]:
    """The matches as arrays of shape (up to ``size``, n_nodes) of rows of the graph, always in the same order.

    Nothing is held but one batch, and the first comes as soon as its matches are found.
    """
    if size < 1:
        raise GraphError(f"size is {size}; expected 1 or more.")
    if contradiction(pattern) is not None:
        return
    plan = plan_of(pattern)
    yield from _batches(plan, 0, plan.roots[1] - plan.roots[0], size)


def any_match(pattern: Pattern) -> bool:
    """Whether there is a match."""
    return next(match_batches(pattern, size=1), None) is not None


def matches_by_neuron(pattern: Pattern, *, threads: int | None = None) -> NDArray[np.int64]:
    """For each neuron the number of matches that it takes part in, shape (n_neurons,)."""
    n = len(pattern.base)
    if contradiction(pattern) is not None:
        return np.zeros(n, dtype=np.int64)
    plan = plan_of(pattern)
    parts = in_ranges(lambda begin, end: _Search(plan, begin, end).per_neuron(), plan.work, threads)
    return np.asarray(np.sum(parts, axis=0), dtype=np.int64)


def sample_matches(pattern: Pattern, k: int, seed: int, *, threads: int | None = None) -> NDArray[np.int32]:
    """``k`` different matches, each set of them as likely as any other, shape (k, n_nodes); all, where there are fewer.

    Counts all matches first, so it takes at least as long as `count_matches`; meant for small patterns.
    """
    return sample_of_all(pattern, k, seed, threads=threads)[0]


def sample_of_all(pattern: Pattern, k: int, seed: int, *, threads: int | None = None) -> tuple[NDArray[np.int32], int]:
    """`sample_matches`, and how many matches there are."""
    if k < 0:
        raise GraphError(f"k is {k}; expected 0 or more matches.")
    none = np.empty((0, pattern.n_nodes), dtype=np.int32)
    if contradiction(pattern) is not None:
        return none, 0
    plan = plan_of(pattern)

    def counts(begin: int, end: int) -> list[int]:
        search = _Search(plan, begin, begin)
        return [search.over(root, root + 1).count() for root in range(begin, end)]

    per_root = np.array([c for part in in_ranges(counts, plan.work, threads) for c in part], dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(per_root)])
    total = int(before[-1])
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(total, min(k, total), replace=False, shuffle=False)) if total else np.empty(0, np.int64)
    found = [none]
    places = np.searchsorted(chosen, before)  # of the first match of each root among those chosen
    for root in np.flatnonzero(np.diff(places)).tolist():
        wanted = chosen[places[root] : places[root + 1]] - before[root]
        seen = 0
        for batch in _batches(plan, root, root + 1, 65536):
            inside = wanted[(wanted >= seen) & (wanted < seen + len(batch))] - seen
            found.append(batch[inside])
            seen += len(batch)
            if seen > wanted[-1]:
                break
    return np.concatenate(found), total


def explain(pattern: Pattern, names: Sequence[str] | None = None) -> str:
    """The plan, a line a node: in which order they are bound, what is intersected, and how many partial matches follow."""
    called = list(names) if names is not None else [str(node) for node in range(pattern.n_nodes)]
    reason = contradiction(pattern)
    if reason is not None:
        return f"no search: {reason}"
    plan = plan_of(pattern)
    short = shortcut(pattern)
    lines = [] if short is None else [f"the number alone: {short[0]}"]
    for level, step in enumerate(plan.told):
        if level == 0:
            how = f"each of {plan.roots[1] - plan.roots[0]:,} neurons"
        elif not step.lists:
            how = "any neuron that meets its conditions"
        else:
            wanted = [_named(text, called) for text in step.lists if not text.startswith("not ")]
            unwanted = [_named(text, called) for text in step.lists if text.startswith("not ")]
            how = " and ".join(wanted or ["any neuron that meets its conditions"]) + "".join(f", {u}" for u in unwanted)
        low = f", above {', '.join(called[node] for node in step.above)}" if step.above else ""
        lines.append(f"{level + 1}. {called[step.node]}: {how}{low}; about {step.bindings:,.0f} so far")
    times = f"; {plan.n_automorphisms} symmetric matches count once" if plan.n_automorphisms > 1 else ""
    return "\n".join(
        [f"bind {', '.join(called[node] for node in plan.order)} by intersecting neighbours{times}", *lines]
    )


def _named(text: str, called: list[str]) -> str:
    words, node = text.rsplit(" ", 1)
    return f"{words} {called[int(node)]}"


def _root_range(plan: Plan, roots: tuple[int, int] | None) -> tuple[int, int]:
    """The range of roots whose rows are in ``roots``."""
    n_roots = plan.roots[1] - plan.roots[0]
    if roots is None:
        return 0, n_roots
    if not 0 <= roots[0] <= roots[1]:
        raise GraphError(f"roots is {roots}; expected a range of rows, (begin, end) with begin <= end.")
    rows = plan.targets[plan.roots[0] : plan.roots[1]]
    begin, end = np.searchsorted(rows, roots).tolist()
    return begin, end


class _Search:
    """A search that stands somewhere between its first root and its last."""

    def __init__(self, plan: Plan, begin: int, end: int) -> None:
        self._plan = plan
        self._state = np.zeros((9, max(64, _tested(plan))), dtype=np.int64)
        self._marks = np.zeros(plan.starts.shape[1] - 1, dtype=np.uint16)
        self.over(begin, end)

    def over(self, begin: int, end: int) -> _Search:
        """The same search, which has ended, over other roots."""
        from graphkit.motifs import search_kernels as kernels

        self._state[_LEVEL] = 0
        self._state[7, 0] = kernels.BOUND
        self._state[8, 0] = self._plan.first[kernels.TEST, 0] < self._plan.first[kernels.TEST, 1]
        self._state[1, 0], self._state[2, 0] = self._plan.roots[0] + begin, self._plan.roots[0] + end
        return self

    def count(self) -> int:
        """All that is left."""
        from graphkit.motifs import search_kernels as kernels

        return self._run(kernels.COUNT, _NO_ROWS, _NO_COUNTS)

    def per_neuron(self) -> NDArray[np.int64]:
        """All that is left, by neuron."""
        from graphkit.motifs import search_kernels as kernels

        counts = np.zeros(len(self._marks), dtype=np.int64)
        self._run(kernels.PER_NEURON, _NO_ROWS, counts)
        return counts

    def rows(self, out: NDArray[np.int32]) -> int:
        """Fill ``out``, in the order of the plan; how many rows were found."""
        from graphkit.motifs import search_kernels as kernels

        return self._run(kernels.ROWS, out, _NO_COUNTS)

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return bool(self._state[_LEVEL] < 0)

    def _run(self, mode: int, out: NDArray[np.int32], counts: NDArray[np.int64]) -> int:
        from graphkit.motifs import search_kernels as kernels

        plan, found, stop = self._plan, 0, current()
        while not self.ended:
            found += int(
                kernels.search(
                    mode,
                    len(plan.order),
                    plan.steps,
                    plan.first,
                    plan.starts,
                    plan.targets,
                    plan.synapses,
                    plan.values,
                    self._state,
                    self._marks,
                    out,
                    counts,
                    _BOUND_AT_ONCE,
                )
            )
            if mode == kernels.ROWS:
                break
            if not self.ended:
                stop.check()
        return found


def _tested(plan: Plan) -> int:
    """How many edges' synapses a search has to remember: a row of its state has a place for each."""
    from graphkit.motifs import search_kernels as kernels

    lists = plan.steps[plan.first[kernels.LIST, 0] : plan.first[kernels.LIST, -1]]
    return int(lists[:, 3].max()) + 1


_BOUND_AT_ONCE = 1 << 16
"""Nodes bound, some milliseconds, between two looks at whether the search is to stop."""


_NO_ROWS = np.empty((0, 0), dtype=np.int32)
_NO_COUNTS = np.empty(0, dtype=np.int64)


def _batches(plan: Plan, begin: int, end: int, size: int) -> Iterator[NDArray[np.int32]]:
    search = _Search(plan, begin, end)
    place = np.argsort(plan.order)
    out = np.empty((size, len(plan.order)), dtype=np.int32)
    while not search.ended:
        found = search.rows(out)
        if found:
            yield np.ascontiguousarray(out[:found, place])
        current().check()
