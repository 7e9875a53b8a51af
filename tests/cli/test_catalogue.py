"""`graphkit catalogue` as its user meets it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from graphkit.catalogue import Catalogue
from graphkit.dataset import Dataset
from tests.cli.test_command import run

HEAD = "-- title: T\n-- group: Mine\n-- column: a: b\n"


def test_through_a_pipe_the_list_is_plain(tmp_path: Path) -> None:
    shown = run("catalogue")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["name", "group", "title"]
    assert [line.split()[0] for line in lines[1:]] == [q.name for q in Catalogue().list()]
    assert "\x1b" not in shown.stdout
    assert shown.stdout == run("catalogue", "list").stdout


def test_the_list_goes_to_programs_whole() -> None:
    rows = list(csv.DictReader(io.StringIO(run("catalogue", "--format", "csv").stdout)))
    (hubs,) = (r for r in rows if r["name"] == "hubs")
    assert hubs["parameters"] == "[region=...] [min_synapses=...]"
    assert Path(hubs["file"]).is_file()


def test_search_finds_and_says_when_it_does_not() -> None:
    shown = run("catalogue", "search", "pairs", "inhibit", "each")
    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["name", "reciprocal_inhibition"]
    nothing = run("catalogue", "search", "spaghetti")
    assert nothing.exit_code == 1
    assert "No question has 'spaghetti' in it" in nothing.stderr
    assert run("catalogue", "search").exit_code == 2


@pytest.mark.parametrize("words", [["show", "hubs"], ["hubs", "--help"], ["hubs", "-h"], ["Hubs", "--help"]])
def test_what_a_question_is(words: list[str]) -> None:
    shown = run("catalogue", *words)
    assert shown.exit_code == 0
    for part in ("Hubs: neurons with most partners", "graphkit catalogue hubs [region=...]", "int >= 1", "[else any]"):
        assert part in shown.stdout
    assert "in_degree   neurons   that synapse onto it" in shown.stdout
    assert "graphkit catalogue hubs region=EB min_synapses=5" in shown.stdout
    assert not any(line.endswith(" ") for line in shown.stdout.splitlines())


def test_an_answer_goes_where_those_of_query_go(tiny: Dataset, tmp_path: Path) -> None:
    shown = run("catalogue", "autapses", "-d", tiny.url, "--format", "csv")
    assert shown.stdout.splitlines()[0] == "neuron_id,name,type,synapses,output_share"
    assert shown.stderr.startswith("Answering: catalogue autapses min_synapses=1   [tiny, snapshot 1]")
    assert shown.stderr.count("Answering") == 1
    out = tmp_path / "out.json"
    assert run("catalogue", "hubs", "region=EB", "-d", tiny.url, "-o", out, "--limit", "1").exit_code == 0
    written = json.loads(out.read_text())
    assert written["question"] == "catalogue hubs region=EB min_synapses=1"
    assert not written["complete"]
    explained = run("catalogue", "hubs", "region=EB", "-d", tiny.url, "--explain")
    assert "$region = [2]" in explained.stdout


def test_english_says_both_what_was_asked_and_how(tiny: Dataset) -> None:
    shown = run("catalogue", "motif_census", "region=EB", "-d", tiny.url)
    assert shown.stderr.count("Answering: catalogue motif_census region=EB") == 1
    assert "It asks: motifs in region 'EB'" in shown.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hub"], "Did you mean 'hubs'?"),
        (["hubs", "EB"], "'EB' is not NAME=VALUE"),
        (["hubs", "region=EB", "region=FB"], "region is given twice"),
        (["hubs", "regoin=EB"], "Did you mean 'region'?"),
        (["hubs", "region=EBB"], "Did you mean 'EB'?"),
        (["common_inputs", "a=EPG"], "There is no type, class or neuron 'EPG'"),
        (["common_inputs", "a=B1_x"], "There is no"),
        (["strongest_inputs"], "strongest_inputs needs neurons: the neurons asked."),
    ],
)
def test_what_is_wrong_is_said(words: list[str], message: str, tiny: Dataset) -> None:
    shown = run("catalogue", *words, "-d", tiny.url)
    assert shown.exit_code == 1
    assert message in shown.stderr
    assert not shown.stdout


def test_folders_of_ones_own(tmp_path: Path, tiny: Dataset) -> None:
    (tmp_path / "mine.sql").write_text(HEAD + "SELECT 7 AS a")
    (tmp_path / "broken.sql").write_text("SELECT 1")
    asked = run("catalogue", "mine", "--queries", tmp_path, "-d", tiny.url)
    assert asked.stdout.split() == ["a", "7"]
    listed = run("catalogue", "--queries", tmp_path)
    assert "mine" in listed.stdout
    assert f"Left out, since it is broken: {tmp_path / 'broken.sql'}, line 1: The header has no title." in listed.stderr
    assert "-- title: " in listed.stderr
    assert run("catalogue", "broken", "--queries", tmp_path, "-d", tiny.url).exit_code == 1
    assert run("catalogue", "--queries", tmp_path / "no").exit_code == 1


def test_a_time_limit_holds(sim: Dataset) -> None:
    """In SQL, which is stopped wherever it is; a computed answer that is there before anything looks is given."""
    shown = run("catalogue", "hubs", "-d", sim.url, "--timeout", "0.000001")
    assert shown.exit_code == 1
    assert "No answer within 1e-06 s" in shown.stderr
    assert not shown.stdout
