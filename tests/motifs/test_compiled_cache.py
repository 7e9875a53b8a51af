"""Compiled kernels where the package cannot be written to: the user's cache folder, or none at all."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import graphkit

PROGRAM = """
import sys
from graphkit.graph import Graph
from graphkit.motifs import triad_census
assert "numba" not in sys.modules, "importing graphkit.motifs costs numba's import"
print(triad_census(Graph.from_edges([1, 2, 3], [2, 3, 1]))["030C"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("has_cache_folder", [True, False])
def test_a_package_that_cannot_be_written_to(tmp_path: Path, has_cache_folder: bool) -> None:
    source = Path(graphkit.__file__).parent
    package = tmp_path / "site" / "graphkit"
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "motifs" / "__pycache__").write_text("a file, so that no folder can be made here, not even by root")
    cache = tmp_path / "cache" if has_cache_folder else Path(os.devnull) / "none"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": str(package.parent), "XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    assert len(list(tmp_path.glob("cache/**/*.nbc"))) == (4 if has_cache_folder else 0)


@pytest.mark.slow
def test_the_command_says_when_it_compiles(tmp_path: Path) -> None:
    """On the first run a line on stderr, on the second none; the library never says anything."""
    program = "from graphkit.cli import main; import sys; sys.argv = ['graphkit', 'query', 'motifs', '-d', sys.argv[1]]; main()"
    sample = Path(__file__).parents[2] / "data-samples" / "ring"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    runs = [
        subprocess.run(
            [sys.executable, "-c", program, str(sample)], env=environment, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert ["Compiling for this machine" in run.stderr for run in runs] == [True, False]


def test_a_kernel_is_compiled_anew_where_one_that_it_calls_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numba looks at the file of the function alone, and would go on with the machine code of before."""
    package = tmp_path / "kernels_of_a_test"
    package.mkdir()
    (package / "outer.py").write_text(
        "from graphkit.compiled import compiled\n"
        "from kernels_of_a_test.middle import number\n\n\n"
        "@compiled\n"
        "def doubled():\n"
        "    return 2 * number()\n"
    )
    (package / "middle.py").write_text(
        "import numba\n\nfrom kernels_of_a_test.inner import inner\n\nnumber = numba.njit(lambda: inner())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def asked() -> tuple[int, int]:
        """The answer, and how often it came from what was compiled before."""
        for name in [name for name in sys.modules if name.startswith("kernels_of_a_test")]:
            monkeypatch.delitem(sys.modules, name)
        doubled = importlib.import_module("kernels_of_a_test.outer").doubled
        return doubled(), sum(doubled.stats.cache_hits.values())

    found = []
    for number in (3, 4):
        source = package / "inner.py"
        source.write_text(f"import numba\n\ninner = numba.njit(lambda: {number})\n")
        os.utime(source, (10**9 + number, 10**9 + number))  # Python, too, tells sources apart by seconds
        found += [asked(), asked()]
    assert found == [(6, 0), (6, 1), (8, 0), (8, 1)]
