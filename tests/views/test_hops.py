"""Effective connectivity as heat maps, one a number of hops, against the rows themselves; what a picture says of intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import graphkit
from graphkit.dataset import Dataset
from graphkit.views.figure import own_style
from graphkit.views.hops import hops_map


@pytest.fixture(scope="module")
def ring() -> Dataset:
    return graphkit.open(Path(__file__).parents[2] / "data-samples" / "ring")


def shown(figure: Figure) -> dict[tuple[str, str, str], float]:
    """The figure by title, row and column."""
    found = {}
    rows = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    for axes in (a for a in figure.axes if a.images):
        columns = [t.get_text() for t in axes.get_xticklabels()]
        values = np.ma.filled(axes.images[0].get_array(), np.nan)
        for i, j in np.argwhere(np.isfinite(values)).tolist():
            found[axes.get_title(), rows[i], columns[j]] = float(values[i, j])
    return found


def test_a_map_a_number_of_hops_in_the_same_colours(ring: Dataset) -> None:
    answer = ring.query("effective connectivity in EB within 3 hops by type")
    figure = answer.plot()
    expected = {
        (f"{r['hops']} hop{'s' * (r['hops'] > 1)}", r["pre_type"], r["post_type"]): r["effective_input_fraction"]
        for r in answer
        if r["effective_input_fraction"]
    }
    assert shown(figure) == expected
    maps = [axes for axes in figure.axes if axes.images]
    assert len(maps) == 3
    assert len({axes.images[0].norm for axes in maps}) == 1
    assert maps[0].get_ylabel() == "presynaptic type"
    assert figure.axes[-1].get_ylabel() == "share of the postsynaptic inputs"


def test_onto_one_neuron_hops_are_columns(ring: Dataset) -> None:
    answer = ring.query("effective connectivity from type 'ER1_a' to EPG_L1 within 2 hops")
    figure = answer.plot()
    found = shown(figure)
    assert found == {
        ("postsynaptic neuron EPG_L1", r["pre_name"], str(r["hops"])): r["effective_input_fraction"]
        for r in answer
        if r["effective_input_fraction"]
    }
    assert {column for *_, column in found} == {"1", "2"}
    assert figure.axes[0].get_xlabel() == "hops"


def test_what_has_least_is_left_out_and_counted() -> None:
    figures = {(f"s{a}", f"t{b}", 1): 1.0 / (1 + a + b) for a in range(35) for b in range(33)}
    with own_style():
        figure = hops_map(figures, "many", unit="share", ends=("a", "b"))
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [f"s{a}" for a in range(30)]
    assert figure.get_supxlabel() == "8 more names, which have least, are not shown."


@pytest.mark.parametrize(
    "question",
    [
        "connections in EB by type",
        "connections from type 'ER*' to EPG by type",
        "connections from ER1_a to EPG with at least 5 synapses",
        "shortest paths from type 'ER4d' to type 'EPG' by type",
        "compare connections of left and right in EB",
        "similarity of type 'ER1_a'",
        "effective connectivity from type 'ER*' to EPG within 2 hops by type",
    ],
)
def test_a_picture_without_intervals_says_so(question: str, ring: Dataset) -> None:
    words = "Without the intervals of the error model"
    assert words in ring.query(f"{question} with 2 error model missed 10 %").plot().get_supxlabel()
    assert words not in (ring.query(question).plot().get_supxlabel() or "")
