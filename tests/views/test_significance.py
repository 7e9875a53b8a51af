"""The picture of significance: a point a motif and model, where z is, and hollow where it is not significant."""

from __future__ import annotations

import numpy as np
import pytest

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError
from graphkit.graph import Graph
from graphkit.motifs import significance
from graphkit.views.figure import figure_bytes
from graphkit.views.significance import significance_chart


def table(model: str, samples: int):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(1)
    pre = rng.integers(0, 100, 600)
    graph = Graph.from_edges(pre, (pre + rng.integers(1, 8, 600)) % 100)
    return significance(graph, model, samples=samples).table()


def test_a_point_a_motif_and_model() -> None:
    tables = {"configuration": table("configuration", 300), "Erdős-Rényi": table("erdos-renyi", 300)}
    figure = significance_chart(tables, "motifs")
    points = {str(line.get_gid()): line for axes in figure.axes for line in axes.lines if line.get_gid()}
    expected = {
        f"{model} {row['code']} {row['z']:.3g}": row
        for model, of_model in tables.items()
        for row in of_model.to_pylist()
        if row["z"] is not None
    }
    assert set(points) == set(expected)
    for name, row in expected.items():
        assert points[name].get_xdata()[0] == row["z"]
        assert (points[name].get_color() == "white") == (row["p_adjusted"] > 0.05)
    assert len({line.get_color() for line in points.values()} - {"white"}) == 2
    assert figure_bytes(figure, "svg") == figure_bytes(significance_chart(tables, "motifs"), "svg")


def test_motifs_by_type_say_who_is_in_which_role(sim: Dataset) -> None:
    answer = sim.query("motifs in EB by type against 3 configuration order by z desc limit 6")
    figure = answer.plot()
    figure.canvas.draw()
    drawings, axes = figure.axes
    names = [text.get_text() for text in drawings.texts]
    first = answer.rows()[0]
    assert names[0].startswith(f"a: {first['type_a']}, b: {first['type_b']}")
    assert len(set(names)) == 6, "of one class, of other types"
    points = [line.get_xdata()[0] for line in axes.lines if line.get_gid()]
    assert points == [row["z"] for row in answer]
    assert all(text.get_window_extent().x0 >= 0 for text in drawings.texts)
    low, high = axes.get_xlim()
    assert low <= min(points) <= max(points) <= high


def test_tables_of_different_motifs_are_refused() -> None:
    one = table("configuration", 3)
    for tables in ({}, {"a": one, "b": one.slice(0, 3)}):
        with pytest.raises(NotAnswerableError, match="same motifs"):
            significance_chart(tables, "motifs")


def test_the_caption_says_how_small_a_p_can_be() -> None:
    for samples, said in ((20, "no p of 20 random graphs is below 0.095, so all are hollow"), (40, "is below 0.049")):
        figure = significance_chart({"er": table("erdos-renyi", samples)}, "motifs", samples={"er": samples})
        (caption,) = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
        assert said in caption
        assert ("all are hollow" in caption) == (samples == 20)
        points = [line for axes in figure.axes for line in axes.lines if line.get_gid()]
        assert all(line.get_color() == "white" for line in points) or samples != 20


def test_too_many_motifs_for_a_picture() -> None:
    graph = Graph.from_edges([1, 2, 3, 4], [2, 3, 4, 1])
    with pytest.raises(NotAnswerableError, match="199 motifs are too many"):
        significance_chart({"a": significance(graph, samples=1, size=4).table()}, "motifs")


def test_random_graphs_that_do_not_differ_have_no_z() -> None:
    alone = significance(Graph.from_edges([1], [2]), samples=2).table()
    figure = significance_chart({"configuration": alone}, "motifs")
    figure.canvas.draw()
    assert figure.get_supxlabel() == "No z: the random graphs do not differ."
    assert not [line for axes in figure.axes for line in axes.lines if line.get_gid()]
