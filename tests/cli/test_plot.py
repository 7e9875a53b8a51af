"""`--plot FILE`: a picture beside the answer."""

from __future__ import annotations

from pathlib import Path

from graphkit.dataset import Dataset
from tests.cli.test_command import graphkit_command, run


def test_a_question_is_answered_and_drawn(sim: Dataset, tmp_path: Path) -> None:
    shown = graphkit_command("query", "types in EB", "-d", sim.url, "--plot", tmp_path / "types.png", "--format", "csv")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(b"type,class,neurons")
    assert f"Drew the answer to {tmp_path / 'types.png'}".encode() in shown.stderr
    assert (tmp_path / "types.png").read_bytes().startswith(b"\x89PNG")


def test_sql_and_the_catalogue_are_drawn_too(sim: Dataset, tmp_path: Path) -> None:
    sql = "SELECT side, count(*) AS n FROM neurons GROUP BY side"
    assert run("query", "--sql", sql, "-d", sim.url, "--plot", tmp_path / "sides.svg").exit_code == 0
    assert (tmp_path / "sides.svg").read_bytes().startswith(b"<?xml")
    asked = run("catalogue", "type_matrix", "region=EB", "-d", sim.url, "--plot", tmp_path / "m.pdf", "--limit", "9")
    assert asked.exit_code == 0
    assert (tmp_path / "m.pdf").exists()


def test_a_file_of_another_kind_is_refused_before_anything_is_asked(sim: Dataset, tmp_path: Path) -> None:
    for words in (["query", "types"], ["catalogue", "hubs"]):
        shown = run(*words, "-d", sim.url, "--plot", tmp_path / "types.gif")
        assert shown.exit_code == 1
        assert "Use .png, .svg or .pdf." in shown.stderr
        assert not shown.stdout


def test_an_answer_without_a_picture_is_printed_and_says_so(sim: Dataset, tmp_path: Path) -> None:
    shown = run("query", "synapses from ER4d to EPG limit 2", "-d", sim.url, "--plot", tmp_path / "x.png")
    assert shown.exit_code == 1
    assert len(shown.stdout.splitlines()) == 3
    assert "No picture is natural" in shown.stderr
    assert not list(tmp_path.iterdir())


def test_a_kind_that_is_not_there_and_options_without_a_picture_are_refused_first(sim: Dataset, tmp_path: Path) -> None:
    for options, said in (
        (["--plot", tmp_path / "x.svg", "--plot-kind", "froce"], "Did you mean 'force'?"),
        (["--plot-kind", "force"], "--plot-kind is about a picture, and no file is given for one."),
        (["--colour-by", "type"], "--colour-by is about a picture, and no file is given for one."),
    ):
        shown = run("query", "types in EB", "-d", sim.url, *options)
        assert shown.exit_code == 1
        assert said in shown.stderr
        assert not shown.stdout
    assert not list(tmp_path.iterdir())
