"""Pictures of how many: neurons by component, and by type on two sides, against the rows themselves."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pyarrow as pa
from matplotlib.figure import Figure

from graphkit.dataset import Dataset
from graphkit.query.comparison import compare_datasets
from graphkit.query.result import Result
from graphkit.views.figure import PALETTE, figure_bytes


def lengths(figure: Figure) -> list[float]:
    return [bar.get_width() for bar in figure.axes[0].patches]


def names(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


# -- components


def test_bars_of_components_add_up_to_the_graph(ring: Dataset) -> None:
    answer = ring.query("strong components with at least 20 synapses")
    figure = answer.plot()
    sizes = Counter(row["neurons"] for row in answer)
    assert lengths(figure) == [size * n for size, n in sorted(sizes.items(), reverse=True)]
    assert sum(lengths(figure)) == 600
    largest = max(sizes)
    assert names(figure)[0] == f"1 component of {largest:,} neurons"
    assert names(figure)[-1] == f"{sizes[1]:,} single neurons"
    assert figure.axes[0].texts[0].get_text() == f"{largest:,} ({100 * largest / 600:.3g} %)"


def test_components_of_perturbed_graphs_have_their_interval(ring: Dataset) -> None:
    answer = ring.query("components with at least 5 synapses with 3 error model missed 20 %")
    axes = answer.plot().axes[0]
    (lines,) = axes.collections
    alone = [row for row in answer if sum(r["neurons"] == row["neurons"] for r in answer) == 1]
    drawn = [tuple(x for x, _ in path.vertices) for path in lines.get_paths()]
    assert drawn == [(row["perturbed_low"], row["perturbed_high"]) for row in alone]
    assert len(drawn) == 1


def test_many_sizes_of_components_are_drawn_as_one_rest(ring: Dataset) -> None:
    sizes = list(range(40, 0, -1))
    rows = {
        "component": list(range(1, 41)),
        "neurons": sizes,
        "share": [n / sum(sizes) for n in sizes],
        "first_id": list(range(40)),
    }
    figure = Result(pa.table(rows), "components", complete=True, dataset=ring).plot()
    assert lengths(figure) == [*sizes[:25], sum(sizes[25:])]
    assert names(figure)[-1] == "15 smaller components"


# -- types on two sides


def test_types_of_two_sides_are_joined_by_a_line(ring: Dataset) -> None:
    answer = ring.query("compare left and right of EB")
    figure = answer.plot()
    first, second = (line for line in figure.axes[0].lines if line.get_marker() in "oD" and len(line.get_xdata()))
    assert list(first.get_xdata()) == answer.table["neurons_left"].to_pylist()
    assert list(second.get_xdata()) == answer.table["neurons_right"].to_pylist()
    assert (first.get_label(), second.get_label()) == ("left", "right")
    assert names(figure) == answer.table["type"].to_pylist()
    assert figure.get_supxlabel() == f"Types: {len(answer)} on both sides, 0 only in left, 0 only in right."


def test_types_that_one_side_has_twice_stand_out(ring: Dataset) -> None:
    rows = {
        "type": ["a", "b", "c"],
        "neurons_x": [4, 5, 0],
        "neurons_y": [8, 9, 1],
        "inputs_x": [0] * 3,
        "inputs_y": [0] * 3,
    }
    figure = Result(pa.table(rows), "compare", complete=True, dataset=ring).plot()
    joined = [line for line in figure.axes[0].lines if line.get_marker() == "None" and len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in joined] == [[4, 8], [5, 9], [0, 1]]
    assert [line.get_color() == PALETTE[3] for line in joined] == [True, False, True]


def test_many_types_are_discs_that_hold_all_of_them(ring: Dataset, sim: Dataset) -> None:
    answer = compare_datasets(ring, sim, what="types")
    more = {"type": [f"KCab-p{k}" for k in range(60)], "in": ["both"] * 60}
    more |= {"neurons_ring": [k % 30 for k in range(60)], "neurons_sim": [30 - k % 30 for k in range(60)]}
    more |= {name: [1] * 60 for name in answer.columns if name not in more}
    table = pa.concat_tables([answer.table, pa.table(more, schema=answer.table.schema)])
    rows = list(zip(table["neurons_ring"].to_pylist(), table["neurons_sim"].to_pylist(), strict=True))
    figure = Result(table, "compare", complete=True, dataset=ring).plot()
    figure.canvas.draw()
    axes = figure.axes[0]
    discs = [place for points in axes.collections for place in points.get_offsets().tolist()]
    assert sorted(discs) == sorted([max(a, 0.45), max(b, 0.45)] for a, b in set(rows))
    assert len(axes.texts) > 4
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks[:3] == ["none", "1", "10"]
    assert len(figure_bytes(figure, "svg")) < 300_000
