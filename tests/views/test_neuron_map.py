"""Adjacency of single neurons as a heat map: every connection at its place, alike neurons side by side."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError
from graphkit.query.result import Result
from graphkit.views.figure import PALETTE, figure_bytes, own_style
from graphkit.views.neuron_map import adjacency_map


def values(figure: Figure) -> np.ndarray:
    return np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)


def names(figure: Figure) -> tuple[list[str], list[str]]:
    axes = figure.axes[0]
    down, across = ([t.get_text() for t in labels] for labels in (axes.get_yticklabels(), axes.get_xticklabels()))
    return down, across


def test_every_connection_stands_at_its_place(ring: Dataset) -> None:
    answer = ring.query("connections from ER1_a to ER4d with at least 2 synapses")
    figure = answer.plot("matrix")
    down, across = names(figure)
    shown = values(figure)
    there = {(down[i], across[j]): shown[i, j] for i, j in np.argwhere(np.isfinite(shown)).tolist()}
    assert there == {(row["pre_name"], row["post_name"]): row["synapses"] for row in answer}
    assert figure.axes[0].get_ylabel() == "presynaptic neurons"
    assert figure.axes[1].get_ylabel() == "synapses"


def test_of_many_neurons_it_is_the_natural_picture(ring: Dataset) -> None:
    answer = ring.query("connections in EB")
    figure = answer.plot()
    shown = values(figure)
    assert np.isfinite(shown).sum() == len(answer)
    assert np.nansum(shown) == sum(row["synapses"] for row in answer)
    senders, receivers = (len({row[f"{end}_id"] for row in answer}) for end in ("pre", "post"))
    assert shown.shape == (senders, receivers)
    assert figure.axes[0].get_xlabel() == f"{receivers} postsynaptic neurons"
    legend = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert "EPG" in legend
    assert legend[-1] == "other types"
    chain, named = np.arange(2000), [(str(k), None) for k in range(2001)]
    with pytest.raises(NotAnswerableError, match=r"A heat map of 2,001 neurons cannot be read"):
        adjacency_map(chain, chain + 1, np.ones(2000), named, "many", unit="synapses")


def test_neurons_that_connect_alike_stand_side_by_side_with_their_types() -> None:
    """Three groups, mixed by their order: each sends to the next."""
    rng = np.random.default_rng(0)
    group = rng.permutation(np.repeat([0, 1, 2], 8))
    pre, post = (ends.ravel() for ends in np.meshgrid(np.arange(24), np.arange(24), indexing="ij"))
    sends = (group[pre] + 1) % 3 == group[post]
    neurons = [(f"n{k}", f"T{group[k]}") for k in range(24)]
    with own_style():
        figure = adjacency_map(pre[sends], post[sends], np.ones(sends.sum()), neurons, "groups", unit="synapses")
    down, _ = names(figure)
    kinds = [dict(neurons)[name] for name in down]
    assert sum(a != b for a, b in pairwise(kinds)) == 2
    strip = [p for p in figure.axes[0].patches if isinstance(p, Rectangle) and p.get_x() < 0]
    assert len(strip) == 24
    by_kind = dict(zip(kinds, (p.get_facecolor() for p in strip), strict=True))
    assert [p.get_facecolor() for p in strip] == [by_kind[kind] for kind in kinds]
    assert len(set(by_kind.values())) == 3 <= len(PALETTE)


def test_gap_junctions_are_the_same_both_ways(ring: Dataset) -> None:
    answer = ring.query("gap junctions")
    shown = np.nan_to_num(values(answer.plot("matrix")))
    assert (shown == shown.T).all()
    apart = [row for row in answer if row["a_id"] != row["b_id"]]
    assert shown.sum() == 2 * sum(r["synapses"] for r in apart) + sum(
        r["synapses"] for r in answer if r["a_id"] == r["b_id"]
    )


def test_ids_of_18_digits_are_different_neurons(ring: Dataset) -> None:
    ids = [720575940621039145, 720575940621039146, 2**53 + 1, 2**53 + 2]
    rows = {"pre_id": ids[:2], "post_id": ids[2:], "synapses": [3, 4]}
    figure = Result(pa.table(rows), "pairs", complete=True, dataset=ring).plot("matrix")
    assert sorted(names(figure)[0]) == [str(i) for i in ids[:2]]
    assert sorted(names(figure)[1]) == [str(i) for i in ids[2:]]
    assert len(figure_bytes(figure, "svg")) > 1000


def test_of_a_thousand_neurons_no_connection_is_lost() -> None:
    """In each square of neurons that has any, the strongest is seen."""
    rng = np.random.default_rng(1)
    pre, post = rng.integers(0, 1500, (2, 900))
    figures = rng.integers(1, 500, 900).astype(float)
    with own_style():
        figure = adjacency_map(pre, post, figures, [(str(k), None) for k in range(1500)], "many", unit="synapses")
    shown = values(figure)
    assert max(shown.shape) <= 500
    cells = np.zeros((1500, 1500))
    np.add.at(cells, (pre, post), figures)
    assert np.nanmax(shown) == cells.max()
    assert 0.6 * np.count_nonzero(cells) < np.isfinite(shown).sum() <= np.count_nonzero(cells)
    assert "strongest connection of 2 x 2 neurons" in figure.get_supxlabel()


@pytest.mark.parametrize(("rows", "columns"), [(3, 800), (700, 40), (1, 70), (250, 44)])
def test_long_and_narrow_ones_keep_all_their_names(rows: int, columns: int) -> None:
    rng = np.random.default_rng(2)
    pre, post = np.repeat(np.arange(rows), columns), rows + np.tile(np.arange(columns), rows)
    neurons = [(f"n{k}", None) for k in range(rows + columns)]
    with own_style():
        figure = adjacency_map(pre, post, rng.integers(1, 9, len(pre)).astype(float), neurons, "t", unit="synapses")
        figure.canvas.draw()  # a warning where it collapses
    axes = figure.axes[0]
    assert min(axes.get_window_extent().size) > 100
    for named, labels in zip((rows, columns), names(figure), strict=True):
        assert len(labels) == (named if named <= 60 else 0)
    shape = values(figure).shape
    assert shape == tuple(-(-n // -(-n // 500)) for n in (rows, columns))
