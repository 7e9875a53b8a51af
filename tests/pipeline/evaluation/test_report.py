"""The report: one file, well formed, that shows the figures and whose pictures are the volumes'."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from graphkit_pipeline.evaluate import evaluate
from graphkit_pipeline.evaluation.charts import bars, histogram, shares
from graphkit_pipeline.evaluation.raster import COLOURS, contrasting, filled
from graphkit_pipeline.evaluation.sources import Truth
from PIL import Image

from tests.pipeline.evaluation.scenes import LONG, scene

_VOID = {"meta", "link", "br", "img", "input", "hr"}


class _Nesting(HTMLParser):
    """Fails on a tag that closes what is not open; collects ids and references."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.used: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        self._note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href" and value and value.startswith("#"):
                self.used.append(value[1:])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    truth = scene()
    assert truth.segments is not None
    found = truth.segments.read().copy()
    found[:, :, 28:][found[:, :, 28:] == LONG + 2] = 77
    found[found == LONG + 5] = LONG + 6
    found[found == LONG + 9] = 0
    folder = tmp_path_factory.mktemp("report")
    evaluate(truth, segmentation=found, synapses=truth.synapses.slice(7), folder=folder, name="A <b>run</b>")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_it_is_one_well_formed_file(page: str) -> None:
    parser = _Nesting()
    parser.feed(page)
    assert parser.open == []
    assert len(set(parser.ids)) == len(parser.ids) > 5
    assert set(parser.used) <= set(parser.ids)


def test_it_asks_nothing_of_the_network_and_runs_no_script(page: str) -> None:
    addresses = re.findall(r"""(?:href|src)=["']([^"']{0,40})|url\(([^)]{0,40})""", page)
    assert {(a or b)[:5] for a, b in addresses} <= {"data:", *(a[:5] for a, _ in addresses if a.startswith("#em"))}
    assert "<script" not in page
    assert "http" not in re.sub(r"base64,[\w+/=]+", "", page)


def test_names_are_escaped(page: str) -> None:
    assert "A &lt;b&gt;run&lt;/b&gt;" in page
    assert "<b>run" not in page


def test_every_part_is_there(page: str) -> None:
    for heading in (
        "Where the loss comes from",
        "Slices",
        "Worst errors",
        "The graph against the truth",
        "Distributions",
    ):
        assert f"<h2>{heading}</h2>" in page
    assert str(LONG + 2) in page
    assert "prefers-color-scheme: dark" in page
    assert "VI merge" in page


def test_the_first_picture_is_the_middle_slice(page: str) -> None:
    truth = scene()
    assert truth.image is not None
    data = re.search(r'id="em0" href="data:image/png;base64,([^"]+)"', page)
    assert data is not None
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
    assert np.array_equal(drawn, truth.image.read()[12])


def test_parts_that_are_not_there_are_left_out(tmp_path: object) -> None:
    from pathlib import Path

    truth, folder = scene(), Path(str(tmp_path))
    cases = {
        "synapses alone": (Truth("t", synapses=truth.synapses), {"synapses": truth.synapses}),
        "segments alone": (Truth("t", segments=truth.segments), {"segmentation": truth.segments}),
        "skeletons alone": (Truth("t", skeletons=truth.skeletons), {"segmentation": truth.segments}),
        "nothing found": (
            truth,
            {"segmentation": np.zeros((24, 48, 56), np.int64), "synapses": truth.synapses.slice(0, 0)},
        ),
    }
    for name, (real, given) in cases.items():
        evaluate(real, folder=folder / name, name=name, **given)
        text = (folder / name / "report.html").read_text(encoding="utf-8")
        parser = _Nesting()
        parser.feed(text)
        assert parser.open == []
        assert not re.search(r"\bnan\b", re.sub(r"base64,[\w+/=]+", "", text), re.IGNORECASE)


def test_neighbours_differ_in_colour() -> None:
    labels = np.repeat(np.repeat(np.arange(1, 26).reshape(5, 5), 8, axis=0), 8, axis=1)
    colours = contrasting([labels])
    grid = np.arange(1, 26).reshape(5, 5)
    for a, b in ((grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1])):
        assert all(not np.array_equal(colours[i], colours[j]) for i, j in zip(a.ravel(), b.ravel(), strict=True))


def test_fills_and_charts_draw_what_they_are_given() -> None:
    labels = np.array([[0, 5, 5], [0, 5, 9]])
    fill = filled(labels, {5: COLOURS[0]}, 0.5)
    assert (fill[..., 3] > 0).tolist() == [[False, True, True], [False, True, False]]
    assert fill[0, 2, :3].tolist() == COLOURS[0].tolist()
    assert shares([("a", "x", 3.0), ("b", "y", 0.0), ("c", "z", 1.0)], 4.0).count("<span") == 2
    assert "width:25.0%" in bars([("a", 0.25, "")])
    assert "–" in bars([("a", float("nan"), "")])
    chart = histogram([("values", "kept", np.array([0.1, 0.1, 0.9]))], label="v", low=0, high=1, bins=2)
    assert re.findall(r"<title>(.*?)</title>", chart) == ["values, 0 to 0.5: 2", "values, 0.5 to 1: 1"]
