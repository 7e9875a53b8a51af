"""Pictures of analyses: that they show what the question is about, against the rows themselves."""

from __future__ import annotations

import warnings
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

import graphkit
from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError
from graphkit.query.result import Result
from graphkit.views.comparison import comparison_chart
from graphkit.views.figure import figure_bytes, own_style

SAMPLES = Path(__file__).parents[2] / "data-samples"


def _bars(figure: Figure) -> list[float]:
    return [bar.get_width() for bar in figure.axes[0].patches if isinstance(bar, Rectangle)]


def _names(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_gap_junctions_are_lines_without_heads_and_one_each(ring: Dataset) -> None:
    answer = ring.query("gap junctions by type limit 5")
    figure = answer.plot("circuit")
    lines = [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]
    rings = [p for p in figure.axes[0].patches if isinstance(p, Circle) and "->" in str(p.get_gid())]
    assert len(lines) == sum(row["a_type"] != row["b_type"] for row in answer)
    assert {str(p.get_gid()) for p in rings} == {
        f"{r['a_type']}->{r['b_type']}" for r in answer if r["a_type"] == r["b_type"]
    }
    assert {type(line.get_arrowstyle()).__name__ for line in lines} == {"Curve"}
    assert "no direction" in figure.get_supxlabel()
    with pytest.raises(NotAnswerableError, match="no direction, and so no layers"):
        answer.plot("layers")


def test_signals_are_drawn_by_when_they_come(ring: Dataset) -> None:
    by_type = ring.query("information flow from type 'ER4d' by type")
    assert _bars(by_type.plot()) == by_type.table["layer"].to_pylist()
    each = ring.query("signal cascade from type 'ER4d'")
    figure, counts = each.plot(), Counter(int(hop + 0.5) for hop in each.table["hop"].to_pylist())
    assert dict(zip(_names(figure), _bars(figure), strict=True)) == {f"hop {k}": n for k, n in sorted(counts.items())}


def test_skeletons_are_drawn_by_their_cable() -> None:
    tissue = graphkit.open(SAMPLES / "tissue" / "truth" / "dataset")
    neuron = tissue.query("morphology of any neuron order by cable_um descending limit 1").rows()[0]["neuron_id"]
    orders = tissue.query(f"strahler orders of {neuron}")
    figure = orders.plot()
    assert _names(figure) == [f"order {k}" for k in orders.table["strahler"].to_pylist()]
    assert _bars(figure) == orders.table["cable_um"].to_pylist()
    shape = tissue.query("morphology of any neuron limit 3")
    assert _bars(shape.plot()) == shape.table["cable_um"].to_pylist()


def test_two_sides_are_points_and_the_surest_differences_have_names() -> None:
    table = pa.table(
        {
            "pre_type": ["A", "B", "C", "D"],
            "post_type": ["X", "X", "Y", "Y"],
            "mean_left": [10.0, 2.0, 0.0, 5.0],
            "mean_right": [1.0, 2.0, 4.0, 5.0],
            "difference": [9.0, 0.0, -4.0, 0.0],
            "p": [0.001, 1.0, 0.002, 1.0],
            "p_adjusted": [0.004, 1.0, 0.004, 1.0],
        }
    )
    with own_style():
        figure = comparison_chart(table, "compare connections")
    axes = figure.axes[0]
    alike, different = (points.get_offsets().tolist() for points in axes.collections)
    assert alike == [[2, 2], [5, 5]]
    assert different == [[10, 1], [0.5, 4]], "what one side lacks stands below the least of all, 1"
    assert [t.get_text() for t in axes.texts] == ["A \u2192 X", "C \u2192 Y"]
    assert axes.get_xlabel().startswith("left: ")
    assert "none on that side" in figure.get_supxlabel()


def test_a_million_pairs_of_types_are_an_image_within_the_picture() -> None:
    mean = [1.0 + k % 97 for k in range(6000)]
    names = {"pre_type": ["A"] * 6000, "post_type": ["B"] * 6000}
    figures = {
        "mean_left": mean,
        "mean_right": mean[::-1],
        "difference": mean,
        "p": [1.0] * 6000,
        "p_adjusted": [1.0] * 6000,
    }
    with own_style():
        figure = comparison_chart(pa.table({**names, **figures}), "compare connections")
    assert figure.axes[0].collections[0].get_rasterized()
    assert len(figure_bytes(figure, "svg")) < 300_000


def test_a_comparison_of_sides_has_its_picture(ring: Dataset) -> None:
    answer = ring.query("compare connections of left and right in EB")
    drawn = sum(len(points.get_offsets()) for points in answer.plot().axes[0].collections)
    assert drawn == len(answer) > 0
    both = ring.compare_with(ring, fractions=True)
    assert "share of the inputs" in both.plot().axes[0].get_ylabel()


def test_arrows_without_numbers_say_what_their_width_is(ring: Dataset) -> None:
    many = ring.query("paths from type 'ER*' to type 'EPG' within 2 hops in EB by type")
    assert len({pair for row in many for pair in enumerate(pairwise(row["types"]))}) > 14, "arrows"
    assert many.plot().get_supxlabel() == "Width of an arrow: paths of single neurons."


def test_no_motif_at_all_is_drawn_without_a_warning(ring: Dataset) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = ring.query("motifs with at least 100000 synapses").plot()
    found = [bar.get_width() for axes in figure.axes for bar in axes.patches if str(bar.get_gid()).startswith("count")]
    assert found
    assert not any(found)


def test_colours_by_what_no_neuron_has_are_refused(ring: Dataset) -> None:
    bare = ring.annotate(pa.table({"neuron_id": [100019], "lineage": pa.array([None], pa.string())}))
    answer = bare.query("connections between type 'ER*' and type 'EPG' by type")
    with pytest.raises(NotAnswerableError, match="No neuron of this dataset has a lineage"):
        answer.plot(colour_by="lineage")


def test_intervals_of_an_error_model_are_drawn_where_they_lie(ring: Dataset) -> None:
    ranked = ring.query("pagerank in EB top 5 with 6 error model missed 20 %, split 10 %")
    axes = ranked.plot().axes[0]
    (lines,) = axes.collections
    drawn = [(low, high) for (low, _), (high, _) in (path.vertices for path in lines.get_paths())]
    assert drawn == [(row["perturbed_low"], row["perturbed_high"]) for row in ranked]
    assert _bars(axes.figure) == [row["pagerank"] for row in ranked]
    ends = [max(row["pagerank"], row["perturbed_high"]) for row in ranked]
    assert [text.xy[0] for text in axes.texts] == ends  # numbers stand beyond both
    figures = ring.query("partners of EPG by type with 2 error model missed 10 %").plot().axes[0]
    assert not figures.collections  # its interval is of inputs and outputs together, its bars are of each


def test_rankings_are_drawn_by_what_ranks_them(ring: Dataset) -> None:
    for rank in ("degree", "in-degree", "out-degree", "synapses", "inputs", "outputs"):
        answer = ring.query(f"hubs of type 'ER*' by {rank}")
        assert _bars(answer.plot()) == answer.table[rank.replace("-", "_")].to_pylist()[:40]
    some = ring.query("pagerank of EPG in EB")
    assert _bars(some.plot()) == some.table["pagerank"].to_pylist()[:40]


def test_bars_are_of_what_the_rows_are_in_the_order_of(ring: Dataset) -> None:
    inputs = ring.catalogue.run("inputs_by_type", neurons="EPG")
    assert _bars(inputs.plot()) == inputs.table["mean_input_fraction"].to_pylist()
    assert inputs.plot().axes[0].get_xlabel() == "mean input fraction"
    two = pa.table({"name": ["a", "b", "c"], "x": [1, 5, 2], "y": [9.0, 4.0, 4.0]})
    assert _bars(Result(two, "sql", complete=True, dataset=ring).plot()) == [9.0, 4.0, 4.0]
    with pytest.raises(NotAnswerableError):  # neither: it is not known which is meant
        Result(two.set_column(2, "y", pa.array([4.0, 9.0, 4.0])), "sql", complete=True, dataset=ring).plot()


def test_figures_that_belong_together_stand_beside_each_other(ring: Dataset) -> None:
    sides = ring.catalogue.run("lateralised_types")
    figure = sides.plot()
    assert Counter(_bars(figure)) == Counter(r[c] for r in sides for c in ("outputs_left", "outputs_right"))
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["outputs left", "outputs right"]
    neurons = ring.catalogue.run("types_by_side").plot().axes[0]
    assert neurons.get_xlabel() == "neurons"


def test_no_two_bars_have_one_name(ring: Dataset) -> None:
    names = _names(ring.catalogue.run("transmitters_by_class").plot())
    assert len(names) == len(set(names)) > 10
    assert "intrinsic, gaba" in names
    sites = ring.catalogue.run("polyadic_sites")
    figure = sites.plot()
    assert _names(figure) == [str(n) for n in sites.table["partners"].to_pylist()][:40]
    assert figure.axes[0].get_ylabel() == "partners"


def test_both_figures_of_projections_have_their_interval(ring: Dataset) -> None:
    found = ring.query("projections from EB to PB by type with 3 error model missed 20 %")
    axes = found.plot().axes[0]
    for lines, way in zip(axes.collections, ("in", "out"), strict=True):
        drawn = [tuple(x for x, _ in path.vertices) for path in lines.get_paths()]
        assert drawn == [(row[f"perturbed_{way}_low"], row[f"perturbed_{way}_high"]) for row in found]
    labels = [t.get_text() for t in axes.get_legend().get_texts()]
    assert labels.count("90 % of the perturbed graphs") == 1


def test_regions_have_their_interval(ring: Dataset) -> None:
    found = ring.query("regions with 3 error model missed 20 %")
    axes = found.plot().axes[0]
    (lines,) = axes.collections
    assert [tuple(x for x, _ in path.vertices) for path in lines.get_paths()] == [
        (row["perturbed_low"], row["perturbed_high"]) for row in found if row["perturbed_low"] is not None
    ]


def test_the_distances_of_the_catalogue_are_a_curve(ring: Dataset) -> None:
    found = ring.catalogue.run("connection_probability_by_distance", neurons="EPG")
    axes = found.plot().axes[0]
    rows = [row for row in found if row["pairs"] >= 100]
    assert axes.lines[0].get_xdata().tolist() == [(row["from_um"] + row["to_um"]) / 2 for row in rows]
    assert axes.get_ylim()[0] == 0
