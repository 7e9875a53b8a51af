"""Pictures of skeletons, Sholl profiles and similarities: what is drawn is what the answer holds."""

from __future__ import annotations

import numpy as np
import pytest

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError
from graphkit.views import plot
from graphkit.views.figure import figure_bytes
from tests.conftest import LONG, MadeOnce
from tests.grown import NEURONS, make_grown


@pytest.fixture(scope="module")
def grown(made_once: MadeOnce) -> Dataset:
    return made_once("grown", make_grown)


def test_every_edge_is_drawn_in_the_colour_of_its_compartment(grown: Dataset) -> None:
    result = grown.query("axon dendrite split of any neuron")
    figure = plot(result)
    drawn = [axes for axes in figure.axes if axes.collections]
    assert [a.get_title(loc="left").splitlines()[0] for a in figure.axes] == [n.name for n in NEURONS[:6]]
    assert len(drawn) == 6
    assert "4 more neurons are not shown" in figure.get_supxlabel()
    rows = result.rows()
    for axes, neuron in zip(drawn, NEURONS, strict=False):
        edges = sum(p >= 0 for p in neuron.parents.values())
        assert sum(len(c.get_segments()) for c in axes.collections) == edges
        parts = [row for row in rows if row["neuron_id"] == neuron.neuron_id and row["nodes"]]
        assert len(axes.collections) == len(parts)
    left = f"axon dendrite split of {LONG + 9} without healing"
    whole = plot(grown.query(left))
    assert whole.axes[0].get_title(loc="left").endswith("2 trees")
    assert figure_bytes(whole, "svg") == figure_bytes(plot(grown.query(left)), "svg")
    healed = plot(grown.query(f"axon dendrite split of {LONG + 9}"))
    assert [t.get_text() for t in healed.legends[0].get_texts()][-1] == "gap"
    assert "gap" not in [t.get_text() for t in whole.legends[0].get_texts()]
    joined = healed.axes[0]
    assert "segregation" in joined.get_title(loc="left")
    assert sum(len(c.get_segments()) for c in joined.collections) == 39
    (gap,) = [c for c in joined.collections if c.get_linestyles()[0][1] is not None]  # dotted
    assert len(gap.get_segments()) == 1


def test_sholl_profiles(grown: Dataset) -> None:
    one = grown.query("sholl of EPG every 4 um")
    figure = plot(one)
    for line, (neuron, name) in zip(
        figure.axes[0].lines, {r["neuron_id"]: r["name"] for r in one}.items(), strict=True
    ):
        mine = [row for row in one if row["neuron_id"] == neuron]
        assert line.get_label() == name
        assert line.get_xdata().tolist() == [row["radius_um"] for row in mine]
        assert line.get_ydata().tolist() == [row["crossings"] for row in mine]
    every = grown.query("sholl of any neuron every 4 um")
    thick = {str(x.get_label()).split(",")[0]: x for x in plot(every).axes[0].lines if x.get_linewidth() > 1}
    for kind in ("EPG", "ER4d"):
        of_kind = [row for row in every if row["type"] == kind]
        at = sum(row["crossings"] for row in of_kind if row["radius_um"] == 8.0)
        x, y = (np.asarray(v) for v in (thick[kind].get_xdata(), thick[kind].get_ydata()))
        assert y[x == 8.0].item() == pytest.approx(at / len({row["neuron_id"] for row in of_kind}))


def test_the_heat_map_has_every_pair_twice(sim: Dataset) -> None:
    result = sim.query("similarity of type 'ER*', PEG on partner types")
    figure = plot(result)
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [label.get_text() for label in axes.get_xticklabels()]
    values = np.ma.filled(axes.images[0].get_array(), np.nan)
    assert np.isnan(np.diagonal(values)).all()
    place = {name: k for k, name in enumerate(names)}
    assert len(result) == len(names) * (len(names) - 1) // 2
    for row in result:
        a, b = place[row["first_name"]], place[row["second_name"]]
        assert values[a, b] == values[b, a] == row["similarity"]
    legend = axes.get_legend()
    assert legend is not None
    assert {t.get_text() for t in legend.get_texts()} == {row["second_type"] for row in result} | {
        result.rows()[0]["first_type"]
    }
    with pytest.raises(NotAnswerableError, match="A limit has left out pairs"):
        plot(sim.query("similarity of type 'ER*' top 5"))


def test_groups_by_type_are_a_heat_map(sim: Dataset) -> None:
    result = sim.query("clusters of type 'ER*', PEG into 3 by type")
    axes = plot(result).axes[0]
    rows, columns = ([t.get_text() for t in labels] for labels in (axes.get_yticklabels(), axes.get_xticklabels()))
    values = np.ma.filled(axes.images[0].get_array(), np.nan)
    for row in result:
        assert values[rows.index(f"cluster {row['cluster']}"), columns.index(row["type"])] == row["neurons"]
    assert np.nansum(values) == sum(row["neurons"] for row in result)
    alone = plot(sim.query("clusters of type 'ER*', PEG into 3")).axes[0]  # a row a neuron is the same picture
    np.testing.assert_array_equal(np.ma.filled(alone.images[0].get_array(), np.nan), values)
