"""That a picture can be read: lines that fit, scales that suit what is drawn, numbers without exponents, nothing cut off."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError
from graphkit.query.result import Result
from graphkit.views import KINDS
from graphkit.views.figure import (
    new_figure,
    own_style,
    plain_number,
    powers_of_ten,
    shortened,
    text_width_in,
    thousands,
    titled,
    wrapped,
)
from graphkit.views.matrix import heat_map


def ticks(axis, low: float, high: float) -> list[str]:  # type: ignore[no-untyped-def]
    """The numbers that stand at an axis between its ends."""
    at = [value for value in axis.get_majorticklocs() if low <= value <= high]
    return [axis.get_major_formatter()(value, k) for k, value in enumerate(at)]


@pytest.mark.parametrize("title", ["0123456789 " * 20, "W" * 120, "motifs in EB", "iiii llll " * 30])
def test_a_title_is_no_wider_than_its_figure(title: str) -> None:
    for width in (3.8, 6.4):
        with own_style():
            figure = new_figure(width, 3)
            figure.add_subplot()
            titled(figure, title, title)
        figure.canvas.draw()
        for text in (t for t in figure.texts if t.get_text()):
            assert text.get_window_extent().x1 <= figure.bbox.x1
        assert figure.get_suptitle().count("\n") <= 3


def test_a_name_that_is_too_wide_loses_its_middle(ring: Dataset) -> None:
    assert shortened("EPG", 1.0, 9) == "EPG"
    name = "a very long name of a group of neurons, number 720575940621039145"
    short = shortened(name, 2.0, 9)
    assert text_width_in(short, 9) <= 2.0 < text_width_in(shortened(name, 2.2, 9), 9) + 0.2
    assert short.startswith("a very")
    assert short.endswith("39145")
    rows = {"what": [name[:-1] + str(k) for k in range(3)], "n": [3, 2, 1]}
    figure = Result(pa.table(rows), "names", complete=True, dataset=ring).plot()
    figure.canvas.draw()
    assert figure.axes[0].get_window_extent().width > 400
    assert len({t.get_text() for t in figure.axes[0].get_yticklabels()}) == 3


def test_lines_are_as_long_as_they_may_be() -> None:
    lines = wrapped("one two three four five six seven", 1.0, 10)
    assert " ".join(lines) == "one two three four five six seven"
    for line, following in pairwise(lines):
        assert text_width_in(line, 10) <= 1.0 < text_width_in(f"{line} {following.split()[0]}", 10)


def test_numbers_have_no_exponent() -> None:
    said = [plain_number(x) for x in (0.0, 1e6, 2_500_000.0, 0.1 + 0.2, -20.0, 1e-4)]
    assert said == ["0", "1,000,000", "2,500,000", "0.3", "\u221220", "0.0001"]
    axes = Figure().add_subplot()
    axes.set_xlim(0, 3)
    thousands(axes.xaxis, whole=True)
    assert ticks(axes.xaxis, 0, 3) == ["0", "1", "2", "3"]


def test_numbers_of_logarithmic_axes() -> None:
    axes = Figure().add_subplot()
    axes.set_xscale("log")
    powers_of_ten(axes.xaxis)
    axes.set_xlim(0.005, 2000)
    assert ticks(axes.xaxis, 0.005, 2000) == ["0.01", "0.1", "1", "10", "100", "1,000"]
    axes.set_xlim(1, 1e8)
    assert ticks(axes.xaxis, 1, 1e8)[0] == "10\u2070"
    assert ticks(axes.xaxis, 1, 1e8)[-1] == "10\u2078"


def test_a_dollar_sign_in_a_name_is_one(ring: Dataset) -> None:
    rows = {"type": ["a$b$", r"$\frac{", "_^"], "neurons": [3, 2, 1]}
    figure = Result(pa.table(rows), "types like '$x^'", complete=True, dataset=ring).plot()
    figure.canvas.draw()
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == rows["type"]
    assert figure.get_suptitle() == "types like '$x^'"


def test_scales_are_logarithmic_only_where_counts_are_far_apart(ring: Dataset) -> None:
    few = ring.query("motifs among neurons (100019, 100020, 100021, 100022, 100110)").plot().axes[1]
    assert few.get_xscale() == "linear"
    assert few.get_xlabel() == "sets of neurons"
    assert all(value == int(value) for value in few.get_xticks())
    many = ring.query("motifs in region EB").plot().axes[1]
    assert many.get_xscale() == "log"
    assert "logarithmic" in many.get_xlabel()
    assert ring.query("degree distribution in EB").plot().axes[0].get_yscale() == "log"
    five = ring.query("degree distribution among neurons (100019, 100020, 100021, 100022, 100110)").plot().axes[0]
    assert (five.get_xscale(), five.get_yscale()) == ("linear", "linear")
    assert five.get_ylim() == (0, 1.04)


def test_the_whole_curve_of_random_graphs_is_within_the_axes(ring: Dataset) -> None:
    """The observed curve may lie far below it."""
    column = {"degree": [1, 2, 3], "neurons": [30, 20, 12], "connections": [9, 9, 9], "density": [0.1, 0.2, 0.3]}
    nulls = {"null_mean": [0.5, 0.7, 0.9], "null_sd": [0.01] * 3, "ratio": [0.2, 0.3, 0.3], "z": [-9.0] * 3}
    axes = Result(pa.table({**column, **nulls}), "rich club", complete=True, dataset=ring).plot().axes[0]
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] > 0.92


def test_white_is_a_value_of_signed_figures_and_grey_is_none() -> None:
    signed = heat_map({("a", "b"): -0.5, ("b", "a"): 0.25, ("a", "a"): 0.0}, "signed", unit="share")
    shown = signed.axes[0].images[0].get_array()
    assert np.ma.count_masked(shown) == 1
    assert 0.0 in shown.compressed()
    assert signed.get_supxlabel() == "Grey: no value."
    plain = heat_map({("a", "b"): 3.0, ("b", "a"): 2.0, ("a", "a"): 0.0}, "counts", unit="synapses")
    assert sorted(plain.axes[0].images[0].get_array().compressed()) == [2, 3]
    assert all(value == int(value) for value in plain.axes[1].get_yticks())


def test_motifs_with_errors_are_a_census_with_intervals(ring: Dataset) -> None:
    for question in ("motifs in EB", "motifs in EB by type limit 6"):
        found = ring.query(f"{question} with 3 error model missed 20 %")
        drawings, axes = found.plot().axes
        lengths = [bar.get_width() for bar in axes.patches]
        assert lengths == [row["induced"] for row in found]
        (lines,) = axes.collections
        low = 0.8 if axes.get_xscale() == "log" else 0
        ends = [tuple(max(x, low) for x, _ in path.vertices) for path in lines.get_paths()]
        assert ends == [(max(r["perturbed_low"], low), max(r["perturbed_high"], low)) for r in found]
        assert len(drawings.texts) == len(found)


def test_a_long_census_says_what_it_leaves_out(ring: Dataset) -> None:
    rows = {"motif": ["chain"] * 50, "pattern": ["(a)->(b), (b)->(c)"] * 50, "count": [5] * 50, "induced": [4] * 50}
    figure = Result(pa.table(rows), "motifs", complete=True, dataset=ring).plot()
    assert len(figure.axes[1].patches) == 80
    assert figure.get_supxlabel() == "10 more rows are not shown."


def test_of_many_regions_the_largest_are_shown_with_those_above_them(ring: Dataset) -> None:
    children = [(f"P > c{k}", f"c{k}", "P", k) for k in range(100)]
    rows = [("P", "P", None, sum(range(100))), *children]
    table = pa.table(dict(zip(("path", "region", "parent", "inputs"), map(list, zip(*rows, strict=True)), strict=True)))
    figure = Result(table, "regions", complete=True, dataset=ring).plot()
    assert [bar.get_width() for bar in figure.axes[0].patches] == [4950, *range(21, 100)]
    assert figure.get_supxlabel() == "21 smaller regions are not shown."
    names = [t.get_text() for t in figure.axes[0].texts if not t.get_text().replace(",", "").isdigit()]
    assert names == ["P", *(f"c{k}" for k in range(21, 100))]


def test_a_title_of_ones_own(ring: Dataset) -> None:
    answer = ring.query("types in EB")
    assert answer.plot(title="In the ellipsoid body").get_suptitle() == "In the ellipsoid body"
    assert answer.plot(title="").get_suptitle() == ""
    paths = ring.query("shortest paths from type 'ER4d' to type 'EPG' by type")
    assert paths.plot(title="").get_suptitle() == ""


@pytest.mark.parametrize(
    "question",
    [
        "types in EB",
        "connections in EB by type",
        "connections from ER1_a to EPG_L1",
        "motifs in EB against 2 configuration",
        "degree distribution in EB",
        "inputs of EPG by type with 2 error model missed 10 %",
        "gap junctions by type limit 4",
    ],
)
def test_every_kind_is_drawn_or_refused(question: str, ring: Dataset) -> None:
    answer = ring.query(question)
    drawn = []
    for kind in KINDS:
        with contextlib.suppress(NotAnswerableError):
            answer.plot(kind).canvas.draw()
            drawn.append(kind)
    assert drawn


def test_no_sphere_is_crossed(ring: Dataset) -> None:
    rows = {"neuron_id": [1, 1], "name": ["a", "a"], "type": ["T", "T"], "radius_um": [10.0, 20.0], "crossings": [0, 0]}
    figure = Result(pa.table(rows), "sholl", complete=True, dataset=ring).plot()
    assert "ask for smaller steps" in figure.get_supxlabel()
