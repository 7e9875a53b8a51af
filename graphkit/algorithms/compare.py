"""Whether types connect alike in two graphs: the two sides of a brain, or two brains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from graphkit.algorithms.reach import edges_of
from graphkit.algorithms.shares import shares_of
from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.significance import benjamini_hochberg
from graphkit.progress import Progress, silent
from graphkit.stopping import check

__all__ = ["TypeComparison", "compare_types", "must_reach"]


@dataclass(frozen=True, slots=True)
class TypeComparison:
    """A row a pair of types that both graphs have and that connects in at least one of them; arrays of shape (rows,)."""

    pre_type: NDArray[np.str_]
    post_type: NDArray[np.str_]
    first_neurons: NDArray[np.int64]
    """Neurons of the post type in the first graph."""
    second_neurons: NDArray[np.int64]
    first: NDArray[np.float64]
    """Synapses from neurons of the pre type onto a neuron of the post type, mean over its neurons in the first graph."""
    second: NDArray[np.float64]
    p: NDArray[np.float64]
    """Of a permutation test: how often neurons dealt out at random differ at least as much; with the +1 correction."""
    p_adjusted: NDArray[np.float64]
    """After Benjamini & Hochberg, over all rows."""
    only_first: tuple[str, ...]
    """Types that the second graph does not have, ascending."""
    only_second: tuple[str, ...]


Types = Sequence[str | None] | NDArray[np.object_]


def compare_types(
    first: Graph,
    first_types: Types,
    second: Graph,
    second_types: Types,
    *,
    fractions: bool = False,
    permutations: int = 1000,
    seed: int = 0,
    progress: Progress = silent,
) -> TypeComparison:
    """Compares the inputs of neurons by type: for each pair of types, synapses onto a neuron of the post type.

    ``first_types`` are the types of the neurons of ``first``, in the order of its ids; types are matched by name, and neurons
    without one left out. With ``fractions`` a neuron's inputs are shares of all that it gets, which two brains of different
    completeness can be compared by. The test deals the neurons of a post type out to the two graphs at random: neurons are what
    is sampled, not synapses, so two neurons a side can never be significant, and p says so. The smallest p is
    1 / (permutations + 1) (Phipson & Smyth 2010); p is adjusted by Benjamini & Hochberg, J. R. Stat. Soc. B 57 (1995).

    Raises:
        GraphError: types that are not one a neuron, or no permutation.
    """
    if permutations < 1:
        raise GraphError(f"permutations is {permutations}; expected 1 or more, for example 1000.")
    named = [_named(graph, types) for graph, types in ((first, first_types), (second, second_types))]
    known = [set(types) - {""} for types in named]
    common = sorted(known[0] & known[1])
    inputs = [_Inputs(g, t, common, fractions=fractions) for g, t in zip((first, second), named, strict=True)]
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, int, int, float, float, float]] = []
    for number, post in enumerate(common):
        check()
        counts = [side.of(number) for side in inputs]
        both = np.concatenate(counts)
        n_first, n_second = map(len, counts)
        used = np.flatnonzero(both.any(axis=0))
        both = both[:, used]
        means = [c[:, used].mean(axis=0) for c in counts]
        dealt = rng.permuted(np.tile(np.arange(len(both)) < n_first, (permutations, 1)), axis=1)
        weights = np.where(dealt, 1 / n_first, -1 / n_second)
        rounding = 4 * len(both) * np.finfo(np.float64).eps * both.max(axis=0)  # of a sum, in whatever order
        extreme = np.abs(weights @ both) >= np.abs(means[0] - means[1]) - rounding
        p = (1 + extreme.sum(axis=0)) / (permutations + 1)
        rows += [
            (common[pre], post, n_first, n_second, float(a), float(b), float(q))
            for pre, a, b, q in zip(used, *means, p, strict=True)
        ]
        progress("types", (number + 1) / len(common))
    pre_type, post_type, n, m, a, b, p_values = map(np.array, zip(*rows, strict=True)) if rows else [np.empty(0)] * 7
    return TypeComparison(
        pre_type.astype(np.str_),
        post_type.astype(np.str_),
        n.astype(np.int64),
        m.astype(np.int64),
        a,
        b,
        p_values,
        np.array(benjamini_hochberg(p_values.tolist()), dtype=np.float64),
        tuple(sorted(known[0] - known[1])),
        tuple(sorted(known[1] - known[0])),
    )


def must_reach(rows: int, permutations: int, rate: float = 0.05) -> int:
    """How many rows must have the smallest p that so many permutations give, for any to pass at this false discovery rate.

    >>> must_reach(40, 999), must_reach(1_000_000, 999)
    (1, 20000)
    """
    return max(1, math.ceil(rows / (permutations + 1) / rate - 1e-9))


def _named(graph: Graph, types: Types) -> list[str]:
    """The type of each neuron; "" where there is none."""
    if len(types) != graph.n_neurons:
        raise GraphError(
            f"There are {len(types)} types for the {graph.n_neurons} neurons of a graph; expected one each."
        )
    return ["" if name is None else str(name) for name in types]


class _Inputs:
    """What the neurons of each type get from the types that both graphs have."""

    def __init__(self, graph: Graph, types: list[str], common: list[str], *, fractions: bool) -> None:
        place = {name: i for i, name in enumerate(common)}
        self._graph, self._n_types = graph, len(common)
        self._type = np.array([place.get(name, -1) for name in types], dtype=np.int64)
        order = np.argsort(self._type, kind="stable")
        starts = np.searchsorted(self._type[order], np.arange(len(common) + 1))
        self._rows = [order[a:b] for a, b in pairwise(starts)]
        total = np.bincount(graph.indices, weights=graph.synapses, minlength=len(graph))
        self._whole = total if fractions else np.ones(len(graph))

    def of(self, post: int) -> NDArray[np.float64]:
        """float64 of shape (neurons of the type, types): synapses, or shares of inputs."""
        graph, rows = self._graph, self._rows[post]
        edges = edges_of(graph.in_indptr, rows)
        owner = np.repeat(np.arange(len(rows)), graph.in_indptr[rows + 1] - graph.in_indptr[rows])
        pre = self._type[graph.in_indices[edges]]
        known = pre >= 0
        at = owner[known] * self._n_types + pre[known]
        sums = np.bincount(at, weights=graph.in_synapses[edges][known], minlength=len(rows) * self._n_types)
        return shares_of(sums.reshape(len(rows), self._n_types), self._whole[rows, None], none=0.0)
