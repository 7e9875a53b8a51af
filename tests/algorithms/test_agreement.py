"""Agreement of partitions against igraph and against the definition, pair by pair."""

from __future__ import annotations

import math

import igraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.algorithms.agreement import adjusted_rand, kept_together
from graphkit.errors import GraphError

LABELS = st.integers(0, 12).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(2)))
)


@given(LABELS)
def test_the_index_is_igraphs(labels: tuple[list[int], list[int]]) -> None:
    one, other = labels
    found = adjusted_rand(one, other)
    assert found == pytest.approx(adjusted_rand(other, one))
    assert adjusted_rand(one, [label * 7 + 1 for label in one]) == 1
    expected = math.nan
    if len(one) > 1:
        expected = igraph.compare_communities(one, other, method="adjusted_rand")
    assert found == (
        1 if math.isnan(expected) else pytest.approx(expected)
    )  # igraph: 0 / 0 where nothing is left to chance


@given(LABELS)
def test_who_stays_together(labels: tuple[list[int], list[int]]) -> None:
    one, other = labels
    for i, share in enumerate(kept_together(one, other).tolist()):
        mates = [j for j in range(len(one)) if j != i and one[j] == one[i]]
        kept = [j for j in mates if other[j] == other[i]]
        assert math.isnan(share) if not mates else share == pytest.approx(len(kept) / len(mates))


def test_labels_of_other_neurons() -> None:
    with pytest.raises(GraphError, match="one label a neuron in both"):
        adjusted_rand([1, 2], [1, 2, 3])
