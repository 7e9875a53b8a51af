"""Hypothesis strategies shared by the tests: edge lists with everything that real connectomes have in them."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

__all__ = ["HUGE_IDS", "EdgeList", "attribute_columns", "edge_lists", "neuron_ids", "texts"]

HUGE_IDS = (2**53 + 1, 720575940621039145, 2**63 - 1, -(2**63), -1, 0, 1)
"""Ids that a detour through a float, an unsigned or a 32-bit integer would change."""


class EdgeList(NamedTuple):
    """Raw edges, as a source table has them: unsorted, with parallel edges and autapses; ids names every neuron."""

    pre: list[int]
    post: list[int]
    synapses: list[int]
    ids: list[int]

    def summed(self) -> dict[tuple[int, int], int]:
        """Synapses of each ordered pair, from the definition."""
        pairs: dict[tuple[int, int], int] = {}
        for pre, post, count in zip(self.pre, self.post, self.synapses, strict=True):
            pairs[pre, post] = pairs.get((pre, post), 0) + count
        return pairs


def neuron_ids() -> st.SearchStrategy[int]:
    """Any int64, the dangerous ones often."""
    return st.one_of(st.sampled_from(HUGE_IDS), st.integers(0, 20), st.integers(-(2**63), 2**63 - 1))


@st.composite
def edge_lists(draw: st.DrawFn, *, max_neurons: int = 10, max_edges: int = 40) -> EdgeList:
    """Edge lists with self loops, reciprocal and parallel pairs, isolated neurons and huge ids; sometimes empty."""
    ids = draw(st.lists(neuron_ids(), max_size=max_neurons, unique=True))
    if not ids:
        return EdgeList([], [], [], [])
    one = st.sampled_from(ids)
    edges = draw(st.lists(st.tuples(one, one, st.integers(1, 2**40)), max_size=max_edges))
    reciprocal = draw(st.lists(st.sampled_from(edges), max_size=8)) if edges else []
    edges += [(post, pre, count) for pre, post, count in reciprocal]
    pre, post, synapses = ([edge[k] for edge in edges] for k in range(3))
    return EdgeList(pre, post, synapses, ids)


def texts() -> st.SearchStrategy[str]:
    """Texts that XML can carry: all Unicode but control characters and surrogates; tabs and line ends included."""
    carried = st.characters(
        exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
    )
    return st.text(carried, max_size=8)


@st.composite
def attribute_columns(draw: st.DrawFn, n: int) -> dict[str, list[object]]:
    """Attribute columns for ``n`` neurons, of each type that a Graph holds, with and without missing values."""
    values = {
        "type": st.one_of(st.none(), texts()),
        "class <&> \"é'": st.one_of(st.none(), st.sampled_from(["a", "", " "])),
        "cell": st.one_of(st.none(), neuron_ids()),
        "size": st.integers(-(2**63), 2**63 - 1),
        "cable_length_nm": st.floats(),
        "complete": st.booleans(),
        "cropped": st.one_of(st.none(), st.booleans()),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(values)), unique=True))
    return {name: draw(st.lists(values[name], min_size=n, max_size=n)) for name in chosen}
