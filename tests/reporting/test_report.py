"""The page about a region: every part is an answer that can be had anew, and nothing in it breaks the page."""

from __future__ import annotations

import base64
import html
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, UnknownNameError
from graphkit.importers.edges import import_edges
from graphkit.reporting import report

VOID = {"meta", "img", "br"}


class Balanced(HTMLParser):
    """Raises where tags do not close each other."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag


def _questions(page: str) -> list[str]:
    return [html.unescape(q) for q in re.findall(r"<code>(.*?)</code>", page)]


@pytest.fixture(scope="module")
def page(sim: Dataset) -> str:
    return report(sim, "eb", min_synapses=2).html


def test_the_page_is_whole_and_has_all_in_it(page: str) -> None:
    reader = Balanced()
    reader.feed(page)
    assert reader.open == []
    assert page.startswith("<!doctype html>")
    assert not re.search(r'(src|href)="(?!data:|#)', page)  # self-contained
    pictures = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)
    assert len(pictures) >= 7
    for picture in pictures:
        ElementTree.fromstring(base64.b64decode(picture))


def test_every_question_can_be_asked_again_and_gives_what_is_shown(sim: Dataset, page: str) -> None:
    questions = _questions(page)
    assert len(questions) == 13
    for question in questions:
        assert sim.query(question).question == question
    shown = {row["statistic"]: row["value"] for row in sim.query("statistics in EB with at least 2 synapses")}
    for name in ("neurons", "connections", "synapses"):
        assert f"<td>{name}</td><td class=number>{int(shown[name]):,}</td>" in page


def test_pictures_have_no_title_but_their_question_beside_them(page: str) -> None:
    alts = [html.unescape(alt) for alt in re.findall(r'alt="([^"]*)"', page)]
    questions = _questions(page)
    assert len(alts) >= 8
    assert all(alt.split(": ", 1)[1] in questions for alt in alts)
    pictures = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)
    for alt, picture in zip(alts, pictures, strict=True):
        assert alt.split(": ", 1)[1] not in base64.b64decode(picture).decode()
    assert "rich club by total-degree in region 'EB' with at least 2 synapses against 20 configuration" in questions
    assert "`" not in page


def test_columns_without_a_value_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("pre,post,weight\n1,2,5\n2,3,3\n")
    import_edges([tmp_path / "edges.csv"], tmp_path / "bare")
    from graphkit import open as open_dataset

    table = re.search(
        r"Strongest connections</h2>.*?<thead>(.*?)</thead>", report(open_dataset(tmp_path / "bare")).html, re.DOTALL
    )
    assert table
    assert re.findall(r"<th.*?>(.*?)</th>", table.group(1)) == ["pre_id", "post_id", "synapses"]


def test_the_same_dataset_gives_the_same_bytes(sim: Dataset, page: str, tmp_path: Path) -> None:
    sim.report("EB", min_synapses=2, path=tmp_path / "eb.html")
    assert (tmp_path / "eb.html").read_bytes() == page.encode()
    assert [p.name for p in tmp_path.iterdir()] == ["eb.html"]


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("pre,post,weight\n<script>alert(1)</script>,b&b,5\nb&b,c'c,3\n")
    import_edges([tmp_path / "edges.csv"], tmp_path / "odd")
    from graphkit import open as open_dataset

    made = report(open_dataset(tmp_path / "odd"))
    assert "<script>" not in made.html
    assert "&lt;script&gt;" in made.html
    reader = Balanced()
    reader.feed(made.html)
    assert made.left_out  # no positions, no types: said with the reason
    assert made.html.count("Not answered: ") == made.left_out


def test_what_cannot_be(sim: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="There is no region 'EBB'"):
        report(sim, "EBB")
    with pytest.raises(GraphkitError, match="minimum of synapses is 0"):
        report(sim, min_synapses=0)
    with pytest.raises(GraphkitError, match="cannot be written"):
        report(sim, "EB", path=tmp_path / "nowhere" / "eb.html")
