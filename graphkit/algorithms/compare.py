"""Whether types connect alike in two graphs: the two sides of a brain, or two brains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs.significance import benjamini_hochberg
from graphkit.progress import Progress, silent

__all__ = ["TypeComparison", "compare_types"]


@dataclass(frozen=True, slots=True)
class TypeComparison:
    """A row a pair of types that both graphs have and that connects in at least one of them; arrays of shape (rows,)."""

    pre_type: NDArray[np.str_]
    post_type: NDArray[np.str_]
    first: NDArray[np.float64]
    """Synapses from neurons of the pre type onto a neuron of the post type, mean over its neurons in the first graph."""
    second: NDArray[np.float64]
    p: NDArray[np.float64]
    """Of a permutation test: how often neurons dealt out at random differ at least as much; with the +1 correction."""
    p_adjusted: NDArray[np.float64]
    """After Benjamini & Hochberg, over all rows."""


def compare_types(
    first: Graph,
    first_types: Sequence[str | None] | NDArray[np.object_],
    second: Graph,
    second_types: Sequence[str | None] | NDArray[np.object_],
    *,
    permutations: int = 1000,
    seed: int = 0,
    progress: Progress = silent,
) -> TypeComparison:
    """Compares the inputs of neurons by type: for each pair of types, synapses onto a neuron of the post type.

    ``first_types`` are the types of the neurons of ``first``, in the order of its ids; types are matched by name, and neurons
    without one left out. The test deals the neurons of a post type out to the two graphs at random: neurons are what is sampled,
    not synapses, so two neurons a side can never be significant, and p says so. The smallest p is 1 / (permutations + 1)
    (Phipson & Smyth 2010); p is adjusted by Benjamini & Hochberg, J. R. Stat. Soc. B 57 (1995).

    Raises:
        GraphError: types that are not one a neuron, or no permutation.
    """
    if permutations < 1:
        raise GraphError(f"permutations is {permutations}; expected 1 or more, for example 1000.")
    sides = [_inputs(graph, types) for graph, types in ((first, first_types), (second, second_types))]
    common = sorted(sides[0].keys() & sides[1].keys())
    place = {name: i for i, name in enumerate(common)}
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, float, float, float]] = []
    for number, post in enumerate(common):
        counts = [_matrix(side[post], place) for side in sides]
        both = np.concatenate(counts)
        n_first = len(counts[0])
        observed = counts[0].mean(axis=0) - counts[1].mean(axis=0)
        used = np.flatnonzero(both.any(axis=0))
        both = both[:, used]
        dealt = rng.permuted(np.tile(np.arange(len(both)) < n_first, (permutations, 1)), axis=1)
        weights = np.where(dealt, 1 / n_first, -1 / (len(both) - n_first))
        extreme = np.abs(weights @ both) >= np.abs(observed[used]) - 1e-9
        p = (1 + extreme.sum(axis=0)) / (permutations + 1)
        means = [c.mean(axis=0)[used] for c in counts]
        rows += [
            (common[pre], post, float(a), float(b), float(q)) for pre, a, b, q in zip(used, *means, p, strict=True)
        ]
        progress("types", (number + 1) / len(common))
    pre_type, post_type, a, b, p_values = (np.array(c) for c in zip(*rows, strict=True)) if rows else [np.empty(0)] * 5
    return TypeComparison(
        pre_type.astype(np.str_),
        post_type.astype(np.str_),
        a,
        b,
        p_values,
        np.array(benjamini_hochberg(p_values.tolist()), dtype=np.float64),
    )


Inputs = list[dict[str, int]]


def _inputs(graph: Graph, types: Sequence[str | None] | NDArray[np.object_]) -> dict[str, Inputs]:
    """By post type, for each of its neurons, the synapses that it gets from each pre type."""
    named = list(types)
    if len(named) != graph.n_neurons:
        raise GraphError(
            f"There are {len(named)} types for the {graph.n_neurons} neurons of a graph; expected one each."
        )
    found: dict[str, Inputs] = {}
    of_neuron: list[dict[str, int] | None] = []
    for name in named:
        of_neuron.append({} if name is not None else None)
        if name is not None:
            found.setdefault(name, []).append(of_neuron[-1])  # type: ignore[arg-type]
    post = np.repeat(np.arange(graph.n_neurons), np.diff(graph.in_indptr)).tolist()
    for row, partner, synapses in zip(post, graph.in_indices.tolist(), graph.in_synapses.tolist(), strict=True):
        inputs, pre = of_neuron[row], named[partner]
        if inputs is not None and pre is not None:
            inputs[pre] = inputs.get(pre, 0) + synapses
    return found


def _matrix(inputs: Inputs, place: dict[str, int]) -> NDArray[np.float64]:
    counts = np.zeros((len(inputs), len(place)))
    for row, of_type in enumerate(inputs):
        for name, synapses in of_type.items():
            if name in place:
                counts[row, place[name]] = synapses
    return counts
