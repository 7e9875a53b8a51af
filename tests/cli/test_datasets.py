"""The commands that make, check, change and export datasets."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest

import graphkit
from graphkit.dataset import Dataset
from graphkit.graph import Graph
from tests.cli.test_command import IMPORTS, run
from tests.conftest import LONG, make_tiny


def test_info(sim: Dataset) -> None:
    done = run("info", sim.url)
    assert done.exit_code == 0
    assert "400" in done.stdout
    assert json.loads(run("info", sim.url, "--json").stdout)["name"] == "sim"


def test_validate_says_what_is_broken(tmp_path: Path) -> None:
    dataset = make_tiny(tmp_path / "tiny")
    sound = run("validate", dataset.url)
    assert (sound.exit_code, sound.stdout) == (0, "")
    assert "No problem found" in sound.stderr
    file = Path(dataset.files("regions")[0])
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    broken = run("validate", dataset.url)
    assert broken.exit_code == 1
    assert "regions" in broken.stdout


def test_build_history_and_prune(tmp_path: Path) -> None:
    dataset = make_tiny(tmp_path / "tiny")
    assert run("build", dataset.url, "--min-score", "0.5", "--no-autapses").exit_code == 0
    assert graphkit.open(dataset.url).snapshot.build["min_score"] == 0.5
    assert run("build", "-d", dataset.url, "--min-score", "nan").exit_code == 0
    built = graphkit.open(dataset.url).snapshot.build
    assert (built["min_score"], built["autapses"]) == (None, False)
    bad = run("build", dataset.url, "--region-point", "middle")
    assert bad.exit_code == 1
    assert "'post' or 'pre'" in bad.stderr
    assert run("build", dataset.url, "--memory-limit", "lots").exit_code == 1
    lines = run("history", dataset.url).stdout.splitlines()
    assert [line.split()[:2] for line in lines[2:]] == [["*", "3"]]
    assert len(lines) == 3
    assert run("prune", dataset.url, "--keep", "1", "--grace-hours", "0").exit_code == 0
    assert len(run("history", dataset.url).stdout.splitlines()) == 1


def test_simulate(tmp_path: Path) -> None:
    done = run("simulate", "-o", tmp_path / "new", "--neurons", "60", "--seed", "3", "--name", "small")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "60 neurons" in done.stderr
    assert f'graphkit query "motifs in region EB" -d {tmp_path / "new"}' in done.stderr
    assert run("query", "motifs in region EB", "-d", tmp_path / "new").exit_code == 0
    again = run("simulate", "-o", tmp_path / "new")
    assert again.exit_code == 1
    for setting, words in (("bogus=1", "no setting 'bogus'"), ("bogus", "NAME=VALUE"), ("seed=x", "number")):
        assert words in run("simulate", "-o", tmp_path / "other", "--set", setting).stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("suffix", [".graphml", ".graphml.gz", ".npz", ".csv", ".csv.gz", ".tsv", ".parquet"])
def test_export_comes_back(tiny: Dataset, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"brain{suffix}"
    done = run("export", path, "-d", tiny.url, "--region", "EB", "--region", "FB", "--min-synapses", "2")
    assert (done.exit_code, done.stdout) == (0, "")
    expected = tiny.graph(region=["EB", "FB"], min_synapses=2)
    again = Graph.load(path)
    assert [e.tolist() for e in again.edges()] == [e.tolist() for e in expected.edges()]
    assert again.successors(LONG).tolist() == [LONG + 2, LONG + 3]
    whole = suffix.startswith((".graphml", ".npz"))
    assert again.equals(expected) == whole
    assert ("An edge list does not hold" in done.stderr) != whole


def test_export_of_parts(tiny: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "x.graphml"
    assert (
        run(
            "export", out, "-d", tiny.url, "--type", "A", "--type", "B", "--where", "side = 'left'", "--no-autapses"
        ).exit_code
        == 0
    )
    assert set(nx.read_graphml(out).nodes) == {str(LONG), str(LONG + 2)}
    assert run("export", out, "-d", tiny.url, "--electrical").exit_code == 0
    assert nx.read_graphml(out).number_of_edges() == 6
    assert run("export", out, "-d", tiny.url, "--between-neurons-of", "EB").exit_code == 0
    before = out.read_bytes()
    for bad in (["--where", "1=1) OR (1=1"], ["--region", "XX"], ["--type", "ZZ"], ["--min-synapses", "0"]):
        assert run("export", out, "-d", tiny.url, *bad).exit_code == 1
    assert run("export", tmp_path / "x.foo", "-d", tiny.url).exit_code == 1
    assert run("export", tmp_path / "no" / "x.csv", "-d", tiny.url).exit_code == 1
    assert out.read_bytes() == before


# -- import -------------------------------------------------------------------------------------------------------------


def test_import_edges_and_ask(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text(f"from,to,n\n{LONG},{LONG + 1},3\n{LONG + 1},{LONG},2\n")
    done = run(
        "import",
        "edges",
        tmp_path / "edges.csv",
        "-o",
        tmp_path / "brain",
        "--columns",
        "pre_id=from,post_id=to",
        "--columns",
        "weight=n",
    )
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert f"graphkit info {tmp_path / 'brain'}" in done.stderr
    asked = run("query", f"outputs of {LONG}", "-d", tmp_path / "brain", "--format", "ndjson")
    assert json.loads(asked.stdout)["neuron_id"] == str(LONG + 1)
    assert json.loads(asked.stdout)["synapses"] == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--columns", "nonsense"], "NAME=VALUE"),
        (["--on-error", "ignore"], "'fail' or 'skip'"),
        (["--position-unit-nm", "4,4"], "three numbers"),
        (["--position-unit-nm", "a,b,c"], "three numbers"),
        (["--memory-limit", "lots"], "is not a size"),
    ],
)
def test_import_with_wrong_options(tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "x.csv").write_text("pre_id,post_id\n1,2\n")
    done = run("import", "synapses", tmp_path / "x.csv", "-o", tmp_path / "brain", *options)
    assert done.exit_code == 1
    assert words in done.stderr
    assert not (tmp_path / "brain" / "dataset.json").exists()


@pytest.mark.parametrize("kind", IMPORTS)
def test_import_of_nothing(tmp_path: Path, kind: str) -> None:
    assert run("import", kind, "-o", tmp_path / "brain").exit_code == 2
    assert run("import", kind, tmp_path / "missing.csv").exit_code == 2
    missing = run("import", kind, tmp_path / "missing.csv", "-o", tmp_path / "brain")
    assert missing.exit_code == 1
    assert "missing.csv" in missing.stderr
    assert not (tmp_path / "brain" / "dataset.json").exists()


def test_an_export_of_a_region_of_pair_totals_says_the_option_that_goes(pair_totals: Dataset, tmp_path: Path) -> None:
    refused = run("export", str(tmp_path / "eb.graphml"), "-d", pair_totals.url, "--region", "EB")
    assert refused.exit_code == 1
    assert "--between-neurons-of EB" in refused.stderr
    done = run("export", str(tmp_path / "eb.graphml"), "-d", pair_totals.url, "--between-neurons-of", "EB")
    assert done.exit_code == 0
