"""Curves: what is drawn is what the answer holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphkit.algorithms.degrees import degrees
from graphkit.algorithms.error_model import ErrorModel, with_errors
from graphkit.dataset import Dataset
from graphkit.views import plot


def _line(figure: object, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    line = figure.axes[0].lines[number]  # type: ignore[attr-defined]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_the_rich_club_curve(sim: Dataset) -> None:
    rows = list(sim.query("rich club in EB"))
    x, y = _line(plot(sim.query("rich club in EB")))
    assert x.tolist() == [row["degree"] for row in rows]
    expected = [row["density"] if row["neurons"] >= 10 else np.nan for row in rows]
    assert y.tolist() == pytest.approx(expected, nan_ok=True)


def test_the_degree_curve_is_the_share_of_at_least(sim: Dataset) -> None:
    rows = list(sim.query("degree distribution"))
    total = sum(row["neurons"] for row in rows)
    x, y = _line(plot(sim.query("degree distribution")))
    for degree, share in zip(x, y, strict=True):
        assert share == pytest.approx(sum(row["neurons"] for row in rows if row["degree"] >= degree) / total)


def test_the_curve_of_strengths(sim: Dataset) -> None:
    rows = list(sim.query("strength distribution"))
    figure = plot(sim.query("strength distribution"))
    x, y = _line(figure)
    assert figure.axes[0].get_xlabel() == "strength (synapses)"
    total = sum(row["neurons"] for row in rows)
    for strength, share in zip(x, y, strict=True):
        assert share == pytest.approx(sum(row["neurons"] for row in rows if row["strength"] >= strength) / total)


def test_the_distance_curve(sim: Dataset) -> None:
    rows = [row for row in sim.query("connection probability by distance") if row["pairs"] >= 100]
    x, y = _line(plot(sim.query("connection probability by distance")))
    assert x.tolist() == [(row["from_nm"] + row["to_nm"]) / 2000 for row in rows]
    assert y.tolist() == pytest.approx([row["connected"] / row["pairs"] for row in rows])


def test_the_percolation_curves(sim: Dataset) -> None:
    rows = list(sim.query("percolation"))
    figure = plot(sim.query("percolation"))
    for number, column in enumerate(("largest", "second")):
        x, y = _line(figure, number)
        assert x.tolist() == [row["removed"] for row in rows]
        assert y.tolist() == [row[column] for row in rows]


def test_a_graph_without_connections_is_drawn_too(sim: Dataset) -> None:
    for words in ("degree distribution", "percolation"):
        assert plot(sim.query(f"{words} with at least 100000 synapses")).axes


@pytest.mark.parametrize(
    ("question", "at"),
    [
        ("percolation in EB", lambda row: row["removed"]),
        ("rich club in EB", lambda row: row["degree"]),
        ("connection probability by distance", lambda row: (row["from_nm"] + row["to_nm"]) / 2000),
    ],
)
def test_the_band_of_perturbed_graphs(sim: Dataset, question: str, at: Callable[[dict[str, Any]], float]) -> None:
    found = sim.query(f"{question} with 3 error model missed 20 %, split 10 %")
    axes = plot(found).axes[0]
    (band,) = (area for area in axes.collections if "with errors" in str(area.get_label()))
    corners = {(round(float(x), 6), round(float(y), 6)) for path in band.get_paths() for x, y in path.vertices}
    rows = [row for row in found if row.get("pairs", 100) >= 100 and row.get("neurons", 10) >= 10]
    assert len(rows) > 10
    for row in rows:
        for end in ("low", "high"):
            assert (round(at(row), 6), round(row[f"perturbed_{end}"], 6)) in corners


def test_degrees_of_perturbed_graphs(sim: Dataset) -> None:
    found = sim.query("degree distribution in EB with 3 error model missed 20 %")
    x, y = _line(plot(found), 1)
    total = sum(row["perturbed_mean"] for row in found)
    for degree, share in zip(x, y, strict=True):
        assert share == pytest.approx(sum(row["perturbed_mean"] for row in found if row["degree"] >= degree) / total)


def test_the_bands_of_degrees_hold_the_share_of_at_least_each(sim: Dataset) -> None:
    """Against the same perturbed graphs, looked at one degree at a time."""
    found = sim.query("degree distribution in EB with 4 error model missed 20 %, split 10 %")
    figure = plot(found)
    graph, errors = sim.graph(region="EB"), ErrorModel(missed=0.2, split=0.1)
    ways = {"": lambda d: d.ins + d.outs, "in_": lambda d: d.ins, "out_": lambda d: d.outs}
    for band, (way, degree) in zip(figure.axes[0].collections, ways.items(), strict=True):
        corners = {(float(x), round(float(y), 9)) for path in band.get_paths() for x, y in path.vertices}
        for row in found.rows()[3::25]:
            k = row["degree"]
            share = with_errors(
                lambda one, of=degree, k=k: float((of(degrees(one)) >= k).mean()), graph, errors, samples=4
            )
            ends = row[f"perturbed_{way}at_least_low"], row[f"perturbed_{way}at_least_high"]
            assert ends == pytest.approx((float(share.low), float(share.high)))
            if ends[1] > 0:
                assert {(float(k), round(end, 9)) for end in ends} <= corners
