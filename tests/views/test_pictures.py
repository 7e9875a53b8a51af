"""Pictures of answers on the sample: what is drawn against the rows themselves, and that all of it can be read."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from matplotlib import rc_context
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from matplotlib.text import Text

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, NotAnswerableError
from graphkit.query.result import Result
from graphkit.views import save_plot
from graphkit.views.arrangement import circle_order
from graphkit.views.circuit import MOST_DISCS, circuit_diagram
from graphkit.views.colours import transmitter_colour
from graphkit.views.figure import figure_bytes
from graphkit.views.matrix import MOST_NAMES, heat_map
from graphkit.views.paths import path_diagram
from tests.conftest import MadeOnce
from tests.grown import make_grown

ROOT = Path(__file__).parents[2]
QUESTIONS = {
    "motifs in region EB": "census",
    "motifs in EB by type limit 8": "census",
    "motifs of size 4 in EB limit 6": "census",
    "motifs in EB against 3 configuration": "significance",
    "connections between type 'ER*' and type 'EPG' by type": "circuit",
    "connections from ER1_a to ER4d with at least 2 synapses": "circuit",
    "connections in EB with at least 5 synapses by type": "matrix",
    "inputs of EPG by type": "bars",
    "partners of EPG by type": "bars",
    "outputs of type 'MBON*' by region": "bars",
    "neurons in EB where type = 'ER4d'": "bars",
    "types in EB": "bars",
    "regions": "regions",
}


@pytest.fixture(scope="module")
def pictures(ring: Dataset) -> dict[str, tuple[Result, Figure]]:
    answers = {question: ring.query(question) for question in QUESTIONS}
    return {question: (result, result.plot()) for question, result in answers.items()}


def bars(figure: Figure) -> list[Rectangle]:
    return [p for axes in figure.axes for p in axes.patches if isinstance(p, Rectangle)]


def arrows(figure: Figure) -> dict[str, FancyArrowPatch]:
    return {str(p.get_gid()): p for axes in figure.axes for p in axes.patches if isinstance(p, FancyArrowPatch)}


def circles(figure: Figure) -> dict[str, Circle]:
    """By name: discs, and rings ("a->a") of those that connect with themselves."""
    return {str(p.get_gid()): p for axes in figure.axes for p in axes.patches if isinstance(p, Circle)}


def discs(figure: Figure) -> dict[str, str]:
    """Colour by name."""
    of_paths = {str(line.get_gid()): line.get_color() for axes in figure.axes for line in axes.lines if line.get_gid()}
    return of_paths | {
        name: to_hex(p.get_facecolor()).upper() for name, p in circles(figure).items() if "->" not in name
    }


def all_texts(figure: Figure) -> Iterator[Text]:
    """Every text that is drawn: ticks beyond the limits have labels that are not."""
    yield from figure.texts
    for axes in figure.axes:
        yield from (*axes.texts, *(t for legend in [axes.get_legend()] if legend for t in legend.get_texts()))
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            low, high = sorted(axis.get_view_interval())
            yield axis.label
            yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)


# -- all of them


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_cut_off_and_the_title_is_the_exact_question(
    question: str, pictures: dict[str, tuple[Result, Figure]]
) -> None:
    result, figure = pictures[question]
    figure.canvas.draw()
    whole = figure.bbox
    texts = [t for t in all_texts(figure) if t.get_text()]
    assert len(texts) > 3
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= whole.x0 - 1, text
        assert box.y0 >= whole.y0 - 1, text
        assert box.x1 <= whole.x1 + 1, text
        assert box.y1 <= whole.y1 + 1, text
    shown = " ".join(figure.get_suptitle().split())
    assert shown.startswith(result.question)
    assert ("cut off by a limit" in shown) is not result.complete


@pytest.mark.parametrize("question", [q for q, kind in QUESTIONS.items() if kind in ("bars", "regions")])
def test_names_of_bars_do_not_overlap(question: str, pictures: dict[str, tuple[Result, Figure]]) -> None:
    _, figure = pictures[question]
    figure.canvas.draw()
    axes = figure.axes[0]
    names = [
        t for t in (*axes.get_yticklabels(), *axes.texts) if t.get_text() and t.get_window_extent().x0 < axes.bbox.x0
    ]
    boxes = sorted((t.get_window_extent() for t in names), key=lambda b: b.y0)
    assert len(boxes) > 2
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_answer_is_the_same_bytes_whatever_the_users_settings(kind: str, ring: Dataset) -> None:
    question = "connections between type 'ER*' and type 'EPG' by type"
    first = figure_bytes(ring.query(question).plot(), kind)
    with rc_context({"font.size": 20, "axes.facecolor": "black", "svg.hashsalt": "other", "lines.linewidth": 9}):
        assert figure_bytes(ring.query(question).plot(), kind) == first
    assert not [mark for mark in (b"<dc:date>", b"CreationDate", b"ModDate") if mark in first]


def test_matplotlib_waits_until_it_is_needed_and_where_it_is_missing_the_extra_is_named() -> None:
    code = (
        f"import sys, graphkit; r = graphkit.open({str(ROOT / 'data-samples' / 'ring')!r}).query('types in EB')\n"
        "assert 'matplotlib' not in sys.modules\nsys.modules['matplotlib'] = None\n"
        "try: r.plot()\nexcept graphkit.GraphkitError as e: print(e)\n"
        "del sys.modules['matplotlib']\nr.plot()\nprint('matplotlib.pyplot' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "needs the package 'matplotlib'" in ran.stdout
    assert 'pip install "graphkit[plot]"' in ran.stdout
    assert ran.stdout.splitlines()[-1] == "False"


# -- one by one


def test_the_census_has_a_bar_a_figure_and_a_drawing_a_pattern(pictures: dict[str, tuple[Result, Figure]]) -> None:
    result, figure = pictures["motifs in region EB"]
    rows = [r for r in result if r["count"] is not None]
    widths = sorted(bar.get_x() + bar.get_width() for bar in bars(figure))
    assert widths == sorted(float(r[c]) for r in rows for c in ("count", "induced"))
    names = [t.get_text() for t in figure.axes[0].texts]
    assert names == [r["motif"] for r in rows]
    drawn = [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]
    assert len(drawn) == sum(r["pattern"].count("->") for r in rows)


def test_motifs_by_type_name_who_is_in_which_role(pictures: dict[str, tuple[Result, Figure]]) -> None:
    result, figure = pictures["motifs in EB by type limit 8"]
    first = result.rows()[0]
    assert figure.axes[0].texts[0].get_text() == f"a: {first['type_a']}, b: {first['type_b']}, c: {first['type_c']}"
    assert sorted(b.get_width() for b in bars(figure)) == sorted(r["induced"] for r in result)


def test_a_circuit_has_an_arrow_a_connection_as_wide_as_its_synapses(
    pictures: dict[str, tuple[Result, Figure]], ring: Dataset
) -> None:
    result, figure = pictures["connections between type 'ER*' and type 'EPG' by type"]
    weights = {f"{r['pre_type']}->{r['post_type']}": r["synapses"] for r in result}
    drawn = arrows(figure)
    assert drawn.keys() == weights.keys()
    by_weight = sorted(drawn, key=lambda k: weights[k])
    widths = [drawn[k].get_linewidth() for k in by_weight]
    assert widths == sorted(widths)
    assert len(set(widths)) == len(set(weights.values()))
    numbers = {t.get_text() for t in figure.axes[0].texts}
    assert {f"{n:,}" for n in weights.values()} <= numbers
    assert discs(figure) == {
        t: transmitter_colour("acetylcholine" if t == "EPG" else "gaba")
        for t in ("EPG", "ER1_a", "ER2_a", "ER4d", "ER4m")
    }
    legend = {t.get_text() for t in figure.axes[0].get_legend().get_texts()}
    assert {"acetylcholine", "gaba", f"{max(weights.values()):,} synapses"} <= legend


def test_a_circuit_of_single_neurons_calls_them_by_name(pictures: dict[str, tuple[Result, Figure]]) -> None:
    result, figure = pictures["connections from ER1_a to ER4d with at least 2 synapses"]
    assert arrows(figure).keys() == {f"{r['pre_name']}->{r['post_name']}" for r in result}
    places = {name: disc.center[0] for name, disc in circles(figure).items()}
    left, right = ({places[r[f"{end}_name"]] for r in result} for end in ("pre", "post"))
    assert len(left) == len(right) == 1
    assert min(left) < min(right)


def test_a_matrix_holds_the_synapses(pictures: dict[str, tuple[Result, Figure]]) -> None:
    result, figure = pictures["connections in EB with at least 5 synapses by type"]
    axes = figure.axes[0]
    values = axes.images[0].get_array().filled(0)
    down, across = ([t.get_text() for t in ticks] for ticks in (axes.get_yticklabels(), axes.get_xticklabels()))
    found = {(a, b): values[i, j] for i, a in enumerate(down) for j, b in enumerate(across) if values[i, j] > 0}
    assert found == {(r["pre_type"], r["post_type"]): r["synapses"] for r in result}
    assert axes.get_xlabel() == "postsynaptic type"


@pytest.mark.parametrize("question", ["inputs of EPG by type", "partners of EPG by type", "types in EB"])
def test_bars_are_as_long_as_the_figures(question: str, pictures: dict[str, tuple[Result, Figure]]) -> None:
    result, figure = pictures[question]
    measures = ["synapses"] if "synapses" in result.columns else ["inputs", "outputs"]
    assert Counter(b.get_width() for b in bars(figure)) == Counter(r[m] for r in result for m in measures)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [r["type"] or "(none)" for r in result]


def test_regions_stand_in_the_order_of_their_tree(pictures: dict[str, tuple[Result, Figure]]) -> None:
    result, figure = pictures["regions"]
    assert [b.get_width() for b in bars(figure)] == [r["inputs"] for r in result]
    names = [t for t in figure.axes[0].texts if not t.get_text().replace(",", "").isdigit()]
    assert [t.get_text() for t in names] == [r["region"] for r in result]
    by_name = {t.get_text(): t.get_position()[0] for t in names}
    assert by_name["CX"] < by_name["EB"] < by_name["EBr1"]


def test_paths_have_a_column_a_step_and_end_at_the_right() -> None:
    figure = path_diagram([["a", "b", "d"], ["a", "d"], ["a", "c", "d"]], [[5, 6], [9], [7, 8]], "paths from a to d")
    assert arrows(figure).keys() == {"a->b", "b->d", "a->d", "a->c", "c->d"}
    places = {str(line.get_gid()): line.get_xdata()[0] for line in figure.axes[0].lines if line.get_gid()}
    assert places == {"0 a": 0.0, "1 b": 1.0, "1 c": 1.0, "2 d": 2.0}
    numbers = {t.get_text() for t in figure.axes[0].texts} - set("abcd")
    assert numbers == {"5", "6", "7", "8", "9"}


def test_paths_of_an_answer_call_neurons_by_name(ring: Dataset) -> None:
    ids = [100041, 100110]
    rows = {"hops": [1], "weakest": [7], "neuron_ids": [ids], "types": [["ER4m", "EPG"]], "synapses": [[7]]}
    figure = Result(pa.table(rows), "strongest path", complete=True, dataset=ring).plot()
    assert arrows(figure).keys() == {"ER4m_R8->EPG_R20"}
    assert set(discs(figure).values()) == {transmitter_colour("gaba"), transmitter_colour("acetylcholine")}


def test_the_matrix_of_many_names_shows_those_with_most_and_says_so() -> None:
    cells: dict[tuple[str, str], float] = {(f"n{i}", f"n{i + 1}"): 1000.0 - i for i in range(MOST_NAMES + 20)}
    figure = heat_map(cells, "many", unit="synapses")
    assert len(figure.axes[0].get_yticklabels()) <= MOST_NAMES
    assert "21 more names, which have least, are not shown." in figure.get_supxlabel()


def test_communities_of_a_single_neuron_are_left_out_of_the_picture_and_counted(ring: Dataset) -> None:
    rows = {"community": [1, 1, 2, 3], "type": ["EPG", None, "EPG", None], "neurons": [5, 1, 1, 1]}
    figure = Result(pa.table(rows), "communities by type", complete=True, dataset=ring).plot()
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["community 1"]
    assert figure.get_supxlabel() == "2 communities of a single neuron not shown."
    alone = {name: column[2:] for name, column in rows.items()}
    figure = Result(pa.table(alone), "communities by type", complete=True, dataset=ring).plot()
    assert len(figure.axes[0].get_yticklabels()) == 2


def test_neighbours_on_the_circle_are_strongly_connected() -> None:
    ring_of = {(str(i), str((i + 1) % 6)): 10 for i in range(6)} | {("0", "3"): 1}
    order = circle_order(ring_of, [str(i) for i in (3, 0, 5, 1, 4, 2)])
    assert all((int(b) - int(a)) % 6 in (1, 5) for a, b in pairwise(order))


# -- what has none


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("synapses from ER4d to EPG", "No picture is natural"),
        ("statistics in EB", "No picture is natural"),  # figures of many units
        ("neurons where type = 'EPG' and inputs < 0", "has no rows to draw"),
    ],
)
def test_what_has_no_picture_is_told_what_has_one(question: str, message: str, ring: Dataset) -> None:
    with pytest.raises(NotAnswerableError, match=message) as caught:
        ring.query(question).plot()
    assert caught.value.hint


def test_another_kind_can_be_asked_for_where_it_fits(ring: Dataset) -> None:
    by_type = ring.query("connections in EB with at least 5 synapses by type")
    assert arrows(by_type.plot("circuit"))
    with pytest.raises(NotAnswerableError, match="kind 'census' fits") as other:
        by_type.plot("census")
    assert other.value.hint == "It can be drawn as circuit, layers, force or matrix."
    with pytest.raises(NotAnswerableError, match="A circuit of 600 discs cannot be read; 40 is the most"):
        ring.query("connections").plot("circuit")
    with pytest.raises(GraphkitError, match="no kind of picture 'cicuit'") as caught:
        by_type.plot("cicuit")
    assert caught.value.hint == "Did you mean 'circuit'?"


@pytest.mark.parametrize("kind", [None, "matrix", "circuit", "force", "bars"])
def test_an_answer_without_rows_has_no_picture(kind: str | None, ring: Dataset) -> None:
    nothing = ring.query("connections from ER1_a to ER4d with at least 1000 synapses")
    with pytest.raises(NotAnswerableError, match="has no rows to draw"):
        nothing.plot(kind)


def test_sql_and_catalogue_have_pictures_by_their_columns(ring: Dataset) -> None:
    census = ring.sql("SELECT class, count(*) AS n FROM neurons GROUP BY class ORDER BY n DESC")
    assert [b.get_width() for b in bars(census.plot())] == [r["n"] for r in census]
    flow = ring.catalogue.run("region_flow", neurons="neurons of EB").plot()
    assert flow.axes[0].images
    assert flow.axes[0].get_ylabel() == "inputs in"
    hubs = ring.catalogue.run("hubs", region="EB", limit=5)
    assert [b.get_width() for b in bars(hubs.plot())] == [r["partners"] for r in hubs]
    with pytest.raises(NotAnswerableError):
        ring.sql("SELECT 1 AS a, 2 AS b").plot()


def test_a_circuit_too_large_or_empty_is_refused() -> None:
    with pytest.raises(NotAnswerableError, match="no connection to draw"):
        circuit_diagram({}, "nothing")
    with pytest.raises(NotAnswerableError, match="42 discs cannot be read"):
        circuit_diagram({(str(i), str(i + 1)): 1 for i in range(MOST_DISCS + 1)}, "chain")


def test_a_file_is_written_whole_or_not_at_all(ring: Dataset, tmp_path: Path) -> None:
    result = ring.query("types in EB")
    for name, begin in (("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")):
        save_plot(result, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)
    for bad in ("a.gif", "a", "no/a.png"):
        with pytest.raises(GraphkitError):
            save_plot(result, tmp_path / bad)
    with pytest.raises(NotAnswerableError):
        save_plot(ring.query("synapses from ER4d to EPG"), tmp_path / "b.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.SVG", "a.pdf", "a.png"]


# -- the page about them


PAGE = (ROOT / "docs" / "plots.md").read_text()
EXAMPLES = re.findall(r"^\|(?: (\w+))? *\|.*\| `(.*)` \|$", PAGE, re.MULTILINE)


def test_every_example_of_the_page_is_drawn(ring: Dataset, made_once: MadeOnce) -> None:
    assert len(EXAMPLES) >= 11
    kind = ""
    for named, question in EXAMPLES:
        kind = named or kind
        if question not in QUESTIONS:
            on_skeletons = question.startswith(("axon", "sholl"))
            (made_once("grown", make_grown) if on_skeletons else ring).query(question).plot()
        elif kind != "bars":
            assert QUESTIONS[question] == kind


def test_the_pictures_of_the_page_are_up_to_date(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "docs" / "pictures.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.draw(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (ROOT / "docs" / "images" / path.name).read_bytes(), "run: python docs/pictures.py"


def test_neurons_of_one_name_are_not_one_disc() -> None:
    names = pa.table(
        {
            "pre_id": [2**53 + 1, 2**53 + 2],
            "pre_name": ["E", "E"],
            "post_id": [3, 3],
            "post_name": ["P", "P"],
            "synapses": [4, 5],
        }
    )
    drawn = arrows(Result(names, "connections", complete=True).plot())
    assert drawn.keys() == {"9007199254740993->3", "9007199254740994->3"}
    rows = pa.table({"neuron_id": [2**53 + 1, 2**53 + 2, 3], "name": ["E", "E", "P"], "synapses": [9, 8, 7]})
    labels = [t.get_text() for t in Result(rows, "inputs", complete=True).plot().axes[0].get_yticklabels()]
    assert labels == ["E (9007199254740993)", "E (9007199254740994)", "P"]
    twice = Result(pa.concat_tables([rows, rows]), "inputs", complete=True).plot()
    assert len(bars(twice)) == 6
