"""The package as a whole: what importing it costs, its public names, and the wheel in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import get_args

import pytest

import graphkit
from graphkit import schema
from graphkit.query.ir import selection

ROOT = Path(__file__).parent.parent
HEAVY = ("tensorflow", "keras", "pandas", "matplotlib", "networkx", "igraph", "numba", "scipy", "graphkit_pipeline")


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_graphkit_is_light() -> None:
    loaded = _python("import sys, graphkit; print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))").split()
    assert not set(HEAVY) & set(loaded)


def test_the_command_starts_without_what_only_answers_need() -> None:
    loaded = _python(
        "import sys, graphkit.cli; print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    ).split()
    assert not {"numpy", "pyarrow", "duckdb", "lark", *HEAVY} & set(loaded)


def test_the_import_rules_name_every_module_that_the_pipeline_may_not_know() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    forbidden = next(r["forbidden_modules"] for r in rules if r["name"].startswith("the pipeline knows"))
    known = {"_version", "compiled", "errors", "interrupted", "progress", "schema", "termination"}
    there = {p.stem for p in (ROOT / "graphkit").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert sorted(forbidden) == sorted(f"graphkit.{m}" for m in there - known - {"__init__"})


def test_kinds_are_written_alike_where_importing_one_from_the_other_would_cost() -> None:
    assert get_args(selection.Kind) == schema.KINDS


def test_opening_and_asking_imports_no_tensorflow_and_no_pipeline() -> None:
    sample = ROOT / "data-samples" / "ring"
    code = (
        f"import sys, graphkit; graphkit.open({str(sample)!r}).query('motifs in region EB').df();"
        "print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    loaded = set(_python(code).split())
    assert not {"tensorflow", "keras", "graphkit_pipeline", "matplotlib", "igraph"} & loaded
    assert "pandas" in loaded  # the check above would see what is there


def test_public_names() -> None:
    assert sorted(graphkit.__all__) == ["Dataset", "Graph", "GraphkitError", "__version__", "catalogue", "open"]
    for name in graphkit.__all__:
        assert getattr(graphkit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        graphkit.nothing  # noqa: B018  (the access is what is tested)


@pytest.mark.wheel
def test_the_wheel_answers_a_question_in_an_environment_of_its_own(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {n.split("/")[0] for n in names}
    assert tops == {"graphkit", "graphkit_pipeline", f"graphkit-{graphkit.__version__}.dist-info"}
    assert "graphkit/query/english.lark" in names
    assert any(n.startswith("graphkit/_queries/") and n.endswith(".sql") for n in names)

    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--constraint", ROOT / "constraints.txt", wheel], check=True, capture_output=True)
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], check=True, capture_output=True, text=True
    )
    installed = {line.split("==")[0].lower() for line in listed.stdout.splitlines()}
    assert not installed & {"tensorflow", "tensorflow-cpu", "keras", "igraph", "pytest"}

    sample = ROOT / "data-samples" / "ring"
    command = [tmp_path / "env" / "bin" / "graphkit", "query", "motifs in region EB", "-d", sample, "--format", "csv"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[0].startswith('"motif"') or done.stdout.startswith("motif,")
    assert "030T" in done.stdout
    named = subprocess.run([command[0], "catalogue"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert len(named.stdout.splitlines()) == 1 + sum(n.startswith("graphkit/_queries/") for n in names) - 1  # README.md
