"""Layered circuits, and the colours of discs by any column."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError, UnknownNameError
from graphkit.views.colours import colours_of
from graphkit.views.figure import GREY, PALETTE
from graphkit.views.layers import layer_places, signal_flow
from graphkit.views.matrix import heat_map
from tests.cli.test_command import run


def _missed(edges: dict[tuple[str, str], float], heights: dict[str, float]) -> float:
    """What the heights are to make small: by weight, how far each net connection is from one step."""
    total = 0.0
    for a, b in {tuple(sorted(pair)) for pair in edges if pair[0] != pair[1]}:
        there, back = edges.get((a, b), 0), edges.get((b, a), 0)
        total += (there + back) / 2 * (heights[a] - heights[b] - np.sign(there - back)) ** 2
    return total


def test_no_heights_are_better_than_those_of_the_signal_flow() -> None:
    rng = np.random.default_rng(1)
    names = list("abcdefg")
    edges = {
        (a, b): float(n)
        for a, b, n in zip(rng.choice(names, 25), rng.choice(names, 25), rng.integers(1, 9, 25), strict=True)
    }
    best = signal_flow(edges, names)
    least = _missed(edges, best)
    for _ in range(50):
        other = {n: h + rng.normal(scale=0.1) for n, h in best.items()}
        assert _missed(edges, other) >= least - 1e-9


def test_layers_go_from_who_sends_to_who_receives() -> None:
    edges = {("in", "mid"): 5.0, ("in", "other"): 4.0, ("mid", "out"): 5.0, ("other", "out"): 4.0, ("mid", "mid"): 2.0}
    places = layer_places(edges, ["in", "mid", "other", "out"])
    assert places["in"][0] < places["mid"][0] == places["other"][0] < places["out"][0]
    assert places["mid"] != places["other"]
    assert layer_places({("a", "a"): 1.0}, ["a"]) == {"a": (0.0, 0.5)}


def test_a_palette_that_is_too_short_goes_to_the_most_frequent() -> None:
    names = [n for i, n in enumerate("abcdefghij") for _ in range(i + 1)]
    found = colours_of(names)
    assert [found[n] for n in "abc"] == [GREY] * 3
    assert {found[n] for n in "defghij"} == set(PALETTE)


def test_discs_are_coloured_by_any_column(sim: Dataset, tmp_path: Path) -> None:
    circuit = sim.query("connections in EB with at least 5 synapses by type limit 20")
    legend = circuit.plot(colour_by="class").axes[0].get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == "class"
    classes = {row["class"] for row in sim.query("types in EB")}
    said = [text.get_text() for text in legend.get_texts()]
    assert {t for t in said if "synapse" not in t} <= classes
    paths = sim.query("3 shortest paths from type 'ORN*' to type 'MBON*'").plot(colour_by="type").axes[0]
    assert paths.get_legend().get_title().get_text() == "type"
    layers = circuit.plot("layers").axes[0]
    assert layers.get_legend().get_title().get_text() == "transmitter"
    with pytest.raises(UnknownNameError, match="no column 'colour'"):
        circuit.plot(colour_by="colour")
    with pytest.raises(NotAnswerableError, match="no colours by 'type'"):
        sim.query("types").plot(colour_by="type")
    options = ["--plot", tmp_path / "x.svg", "--plot-kind", "layers", "--colour-by", "side"]
    shown = run("query", "connections in EB by type limit 9", "-d", sim.url, *options)
    assert shown.exit_code == 0, shown.output
    assert ">side<" in (tmp_path / "x.svg").read_text()


def test_a_large_matrix_has_names_that_connect_alike_side_by_side() -> None:
    groups = {f"{g}{i:02d}": g for i in range(8) for g in "xyz"}  # by name they are mixed
    cells = {(a, b): 5.0 for a in groups for b in groups if groups[a] + groups[b] in ("xy", "yz", "zz")}
    axes = heat_map(cells, "title", unit="synapses").axes[0]
    rows = [groups[text.get_text()] for text in axes.get_yticklabels()]
    assert sum(a != b for a, b in pairwise(rows)) == 2
