"""Where an answer goes: formats, files, pipes, a full disk, Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphkit.cli.render import FORMATS
from graphkit.dataset import Dataset
from tests.cli.test_command import graphkit_command, run


def _count(form: str, data: bytes) -> int:
    match form:
        case "parquet":
            return int(pq.read_table(io.BytesIO(data)).num_rows)
        case "arrow":
            return int(pa.ipc.open_file(io.BytesIO(data)).read_all().num_rows)
        case "json":
            return len(json.loads(data)["rows"])
        case "markdown":
            return len(data.splitlines()) - 2
        case "ndjson":
            return len(data.splitlines())
    return len(data.splitlines()) - 1


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_to_stdout_and_to_a_file(sim: Dataset, tmp_path: Path, form: str) -> None:
    piped = run("query", "neurons in EB", "-d", sim.url, "--format", form)
    assert piped.exit_code == 0
    to_file = run("query", "neurons in EB", "-d", sim.url, "--format", form, "-o", tmp_path / "x")
    assert (to_file.exit_code, to_file.stdout) == (0, "")
    n = len(sim.query("neurons in EB"))
    assert f"Wrote {n:,} rows to {tmp_path / 'x'}" in to_file.stderr
    assert (tmp_path / "x").read_bytes() == piped.stdout_bytes
    assert _count(form, piped.stdout_bytes) == n


def test_the_suffix_names_the_format(sim: Dataset, tmp_path: Path) -> None:
    for suffix, form in ((".csv", "csv"), (".parquet", "parquet"), (".jsonl", "ndjson"), (".md", "markdown")):
        assert run("query", "types", "-d", sim.url, "-o", tmp_path / f"x{suffix}").exit_code == 0
        assert _count(form, (tmp_path / f"x{suffix}").read_bytes()) == len(sim.query("types"))
    refused = run("query", "types", "-d", sim.url, "-o", tmp_path / "x.foo")
    assert refused.exit_code == 1
    assert "names no format" in refused.stderr
    assert "Did you mean 'parquet'" in run("query", "types", "-d", sim.url, "--format", "parket").stderr


def test_a_file_that_cannot_be_written(sim: Dataset, tmp_path: Path) -> None:
    for place, why in ((tmp_path / "no" / "x.csv", "No such file or directory"), (Path("/dev/full"), "No space left")):
        done = run("query", "types", "-d", sim.url, "--format", "csv", "-o", place)
        assert done.exit_code == 1
        assert why in done.stderr
        assert "Wrote" not in done.stderr


@pytest.mark.parametrize(
    "asked",
    [
        ["query", "neurons limit 5", "-o"],
        ["query", "motifs in EB", "--plot"],
        ["query", "--sql", "SELECT 1 AS n", "-o"],
        ["catalogue", "reciprocal_pairs", "-o"],
        ["report", "EB", "-o"],
        ["export", "-d", "."],
    ],
)
def test_a_folder_that_is_not_there_is_said_before_the_work(sim: Dataset, tmp_path: Path, asked: list[str]) -> None:
    place = tmp_path / "no" / ("x.graphml" if asked[0] == "export" else "x.svg" if "--plot" in asked else "x.csv")
    done = run(*asked, place, "-d", sim.url)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: Cannot write '{place}': No such file or directory.\n")
    assert not place.parent.exists()


def test_work_goes_on_when_nobody_reads_its_progress(sim: Dataset, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = graphkit_command("export", tmp_path / "x.csv", "-d", sim.url, stdout=subprocess.PIPE, stderr=writing)
    os.close(writing)
    assert done.returncode == 0
    assert (tmp_path / "x.csv").stat().st_size


def test_a_full_disk_behind_stdout(sim: Dataset) -> None:
    for args in (["query", "types", "-d", sim.url], ["query", "types", "-d", sim.url, "--explain"], ["info", sim.url]):
        with Path("/dev/full").open("wb") as full:
            done = graphkit_command(*args, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 1
        assert b"No space left on device" in done.stderr
        assert b"Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet(sim: Dataset) -> None:
    command = f"{sys.executable} -c 'from graphkit.cli import main; main()'"
    pipe = f"set -o pipefail; {command} query synapses -d {sim.url} --format ndjson | head -n 1"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.splitlines() == ["Answering: synapses   [sim, snapshot 1]"]


def test_counts_among_fractions_keep_all_their_digits() -> None:
    """`statistics` has both in one column; 2.79664e+06 connections would not be the number of them."""
    from graphkit.cli.render_plain import cell_text

    shown = {
        2796641.0: "2796641",
        15653712.4: "15653712",
        0.25: "0.25",
        0.123456789: "0.123457",
        -3.0: "-3",
        1e300: "1e+300",
        float("inf"): "inf",
    }
    assert {value: cell_text(value) for value in shown} == shown
    assert cell_text(1.0, share=True) == "1.0000"


def test_lists_in_a_table() -> None:
    from graphkit.cli.render_plain import cell_text

    assert cell_text(["it's", None, "A, B"]) == """["it's", null, 'A, B']"""
    assert cell_text([720575940621039145, 9007199254740993]) == "[720575940621039145, 9007199254740993]"
    assert cell_text([[0.123456789, None], []]) == "[[0.123457, null], []]"
    assert "\n" not in cell_text(["one\nline", {"a": "\x1b"}])


def test_a_dash_is_standard_output(sim: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("query", "types"), ("catalogue", "hubs")):
        plain = run(*command, "-d", sim.url, "--format", "csv")
        dashed = run(*command, "-d", sim.url, "--format", "csv", "-o", "-")
        assert (dashed.exit_code, dashed.stdout_bytes) == (0, plain.stdout_bytes)
        assert "Wrote" not in dashed.stderr
    assert not list(tmp_path.iterdir())
