"""The pipeline's commands, as the README has them and as they are got wrong."""

from __future__ import annotations

import copy
import json
import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from graphkit.cli import app
from graphkit.cli.plugins import add_plugins

ROOT = Path(__file__).parents[2]
GRAPHKIT = str(Path(sys.executable).with_name("graphkit"))


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """The command within this process, which has imported TensorFlow once; what is not caught is raised here."""
    application = copy.copy(app)
    application.registered_commands = [*app.registered_commands]
    add_plugins(application)
    done = CliRunner().invoke(application, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def _run_apart(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """The installed command in a process of its own."""
    return subprocess.run([GRAPHKIT, *arguments], capture_output=True, text=True)


def _commands() -> list[list[str]]:
    """Those of the README's section "From images", without the comments."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## From images")[1].split("\n## ")[0]
    return [shlex.split(line, comments=True) for line in re.findall(r"^    (graphkit .*)$", section, re.MULTILINE)]


def _fill_in(example: str) -> str:
    """What a user would write into the example: the image, and no further processes."""
    own = {"location": '"tissue/image"', "workers": "0"}
    for setting, value in own.items():
        example, found = re.subn(rf"^{setting} = \S+", f"{setting} = {value}", example, count=1, flags=re.MULTILINE)
        assert found, setting
    return example


@pytest.mark.slow
def test_the_commands_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reconstruction and the server of `view` in processes of their own, the others in this one."""
    monkeypatch.chdir(tmp_path)
    commands = _commands()
    assert [c[1] for c in commands] == [
        "simulate-tissue",
        "reconstruct",
        "reconstruct",
        "reconstruct",
        "view",
        "evaluate",
    ]
    for command in commands:
        arguments = [{"128": "64"}.get(a, a) for a in command[1:]]
        if arguments[0] == "view":
            _view(arguments)
            continue
        if ">" in arguments:
            done = _run(arguments[: arguments.index(">")])
            (tmp_path / arguments[-1]).write_text(_fill_in(done.stdout), encoding="utf-8")
        else:
            done = (_run_apart if arguments == ["reconstruct", "run.toml"] else _run)(arguments)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        assert "WARNING" not in done.stderr
        if "--dry-run" in arguments:
            assert not (tmp_path / "run" / "blocks").exists()
            assert {line.split()[0] for line in done.stdout.splitlines()[1:]} >= {
                "membrane",
                "segment",
                "link",
                "detect",
            }
    status = _run(["status", "run.toml"])
    assert [line.split()[1] for line in status.stdout.splitlines()[1:]] == ["done"] * 9
    assert json.loads((tmp_path / "run" / "evaluation.json").read_text())["segmentation"]["segments_found"] > 0
    assert "<html" in (tmp_path / "run" / "report.html").read_text()[:500]
    answer = _run(["query", "motifs", "-d", "run/dataset", "--format", "csv"])
    assert answer.returncode == 0, answer.stderr


def _view(arguments: list[str]) -> None:
    command = [GRAPHKIT, *arguments, "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            with urllib.request.urlopen(url, timeout=20) as page:
                assert page.status == 200
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["reconstruct", "nothing.toml"], "no nothing.toml"),
        (["reconstruct"], "RUN.TOML"),
        (["status", "nothing.toml"], "no nothing.toml"),
        (["reconstruct", "."], "is a folder"),
        (["segment", "nothing", "-o", "out"], "nothing"),
        (["segment", "nothing", "-o", "out", "--workers", "many"], "--workers"),
        (["segment", "nothing", "-o", "out", "--box", "1:2"], "--box"),
        (["simulate-tissue", "-o", "t", "--shape", "4,4,4"], "shape"),
        (["simulate-tissue", "-o", "t", "--shape", "a"], "--shape"),
        (["simulate-tissue", "-o", "t", "--voxel-size", "1,2"], "--voxel-size"),
        (["train", "ffn", "-o", "net"], "nothing to train on"),
        (["train", "ffn", "-o", "net", "--image", "a"], "--labels"),
        (["train", "ffn", "-o", "net", "--cluster", "a:4000,b:4000"], "--rank"),
        (["train", "ffn", "-o", "net", "--cluster", "a:4000,b:4000", "--rank", "2"], "from 0 to 1"),
        (["train", "ffn", "-o", "net", "--replicas", "2", "--shipped"], "one process"),
        (["train", "ffn", "-o", "net", "--replicas", "2"], "nothing to train on"),
        (["train", "synapses", "-o", "net.keras"], "nothing to train on"),
        (["train", "synapses", "-o", "net.keras", "--tissue", "nowhere"], "nowhere"),
        (["train", "membrane", "-o", "net.keras"], "nothing to train on"),
        (["train", "membrane", "-o", "net.keras", "--shipped", "--steps", "5"], "--shipped"),
        (["evaluate", "nowhere", "nowhere"], "nowhere"),
        (["view", "nowhere"], "nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = (_run_apart if "--replicas" in arguments else _run)(arguments)  # replicas are started as this process was
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("dtype", "voxel_size", "says"),
    [
        ("uint16", "[16, 16, 16]", "holds uint16; the membrane network takes uint8"),
        ("uint8", "[40, 4, 4]", "the membrane network was trained on (16.0, 16.0, 16.0) nm"),
    ],
)
@pytest.mark.parametrize("arguments", [["--dry-run"], []], ids=["dry run", "run"])
def test_an_image_that_a_network_does_not_take_is_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, voxel_size: str, says: str, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with h5py.File("em.h5", "w") as file:
        file["raw"] = np.zeros((64, 64, 64), dtype)
    example = _run(["reconstruct", "--example"]).stdout.replace(
        '"image" ', f'"em.h5:raw"\nvoxel_size_nm = {voxel_size}', 1
    )
    Path("run.toml").write_text(example.replace('"cores"', "0", 1), encoding="utf-8")
    done = _run(["reconstruct", "run.toml", *arguments])
    assert done.returncode == 1
    assert says in done.stderr
    assert "1/9" not in done.stderr


def test_what_is_wrong_ends_a_process_of_its_own_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done, here = (run(["view", "nowhere"]) for run in (_run_apart, _run))
    assert (done.returncode, done.stdout, done.stderr) == (here.returncode, here.stdout, here.stderr)


_HELP = """
import sys
import graphkit.startup as startup
from graphkit import cli
startup.leave = lambda code: print("graphkit_pipeline" in sys.modules)
sys.argv = ["graphkit", "--help"]
cli.main()
"""


@pytest.mark.parametrize("arguments", [["view"], ["train"], ["train", "ffn"]])
def test_help_is_asked_for_as_of_other_commands(arguments: list[str]) -> None:
    short, long = (_run([*arguments, option]) for option in ("-h", "--help"))
    assert short.returncode == 0
    assert short.stdout == long.stdout
    assert "completion" not in short.stdout


def test_help_names_the_commands_without_importing_them() -> None:
    done = subprocess.run([sys.executable, "-c", _HELP], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
    assert {"reconstruct", "segment", "train", "evaluate", "simulate-tissue", "status", "view"} <= set(
        done.stdout.split()
    )
