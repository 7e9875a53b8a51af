"""How much memory is left, as the files of a system say it, and what perturbed graphs take of it."""

from __future__ import annotations

import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphkit.algorithms.error_model as module
from graphkit.algorithms import located_errors
from graphkit.algorithms.error_model import ErrorModel, Perturbation, bytes_while_made, measured, perturbation
from graphkit.algorithms.located_errors import (
    BYTES_A_ROW,
    Located,
    LocatedPerturbation,
    graph_of_strong,
    located_perturbation,
    strong,
    those_asked,
)
from graphkit.dataset import Dataset
from graphkit.graph import Graph
from graphkit.memory import available_bytes

KIB = 1024


def system(root: Path, **files: str) -> Path:
    """A root with files whose names have __ for /."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_what_a_system_says(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) is None
    root = system(tmp_path, proc__meminfo="MemTotal: 90 kB\nMemAvailable: 80 kB\n")
    assert available_bytes(root) == 80 * KIB
    root = system(tmp_path, proc__self__cgroup="0::/job/step\n", **{"sys__fs__cgroup__job__step__memory.max": "max\n"})
    assert available_bytes(root) == 80 * KIB
    root = system(
        root,
        **{
            "sys__fs__cgroup__job__memory.max": f"{60 * KIB}\n",
            "sys__fs__cgroup__job__memory.current": f"{50 * KIB}\n",
            "sys__fs__cgroup__job__memory.stat": f"anon 7\ninactive_file {20 * KIB}\n",
        },
    )
    assert available_bytes(root) == 30 * KIB
    root = system(
        root,
        proc__self__cgroup="4:cpu,memory:/job\n0::/\n",
        **{
            "sys__fs__cgroup__memory__memory.limit_in_bytes": f"{40 * KIB}\n",
            "sys__fs__cgroup__memory__memory.usage_in_bytes": f"{45 * KIB}\n",
            "sys__fs__cgroup__memory__memory.stat": "total_inactive_file 0\n",
        },
    )
    assert available_bytes(root) == 0


@pytest.mark.parametrize(
    "model",
    [
        ErrorModel(0.1),
        ErrorModel(0.1, 0.05, 0.02, 0.01),
        ErrorModel(0.1, 1.0),
        ErrorModel(0, 0, 0.8, 0.5),
        ErrorModel(duplicated=0.2),
        ErrorModel(0.1, 0.05, 0.02, 0.01, 0.1),
    ],
)
def test_perturbed_graphs_take_no_more_memory_than_is_reckoned_with(model: ErrorModel) -> None:
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(0, 5000**2, 200_000))
    graph = Graph.from_edges(keys // 5000, keys % 5000, rng.geometric(0.3, len(keys)))
    tracemalloc.start()
    perturbation(graph, model)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reckoned = bytes_while_made(graph.n_connections, graph.n_synapses, model)
    assert reckoned / 2 < peak < reckoned


@pytest.mark.parametrize(
    "model", [ErrorModel(0.1, 0.05, 0.02, 0.01, 0.1), ErrorModel(0.1, 1.0), ErrorModel(0, 0, 0.8, 0.5)]
)
def test_perturbed_synapses_take_no_more_memory_than_is_reckoned_with(model: ErrorModel) -> None:
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(0, 5000**2, 200_000))
    ends = [part.astype(np.int32) for part in np.divmod(keys, 5000)]
    number, asked = [(keys % k).astype(np.int16) for k in (70, 3)], np.arange(100)
    rows = Located(np.arange(5000), *ends, number[0], rng.geometric(0.3, len(keys)), number[1])

    def strong_rows(one: LocatedPerturbation) -> LocatedPerturbation:
        return those_asked(replace(one, located=strong(one.located, 3, per_place=True)), asked)

    peaks = []
    for made in (strong_rows, lambda one: graph_of_strong(one, 3, None), lambda one: graph_of_strong(one, 1, asked)):
        tracemalloc.start()
        made(located_perturbation(rows, model))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    reckoned = bytes_while_made(len(keys), int(rows.synapses.sum()), model, a_row=BYTES_A_ROW)
    assert reckoned / 2 < max(peaks) < reckoned


def test_little_memory_changes_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for none, one graph is made at a time and no thread beside; with room for many, more; the same figures."""
    graph = Graph.from_edges([1, 2, 3, 1], [2, 3, 1, 3], [9, 8, 7, 6])
    monkeypatch.setattr(module, "_LARGE", 1)
    monkeypatch.setattr(module, "cores_available", lambda: 3)

    def figures(one: Perturbation) -> tuple[int, bool]:
        return one.graph.n_synapses, any(t.name.startswith("perturbed") for t in threading.enumerate())

    found = []
    for left in (0, 10**9):
        monkeypatch.setattr(module, "available_bytes", lambda left=left: left)
        found.append(measured(figures, graph, ErrorModel(0.3), samples=5))
    assert [synapses for synapses, _ in found[0]] == [synapses for synapses, _ in found[1]]
    assert [{ahead for _, ahead in each} for each in found] == [{False}, {True}]


@pytest.mark.parametrize("left", [0, 10**9])
def test_little_memory_changes_no_figure_by_region(sim: Dataset, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    """The same of synapses where they lie: one at a time, or several, and the answer of a machine without either."""
    question = "connections in EB by type, region with 6 error model missed 10 %, false 5 %, duplicated 3 %, split 5 %"
    expected = sim.query(question, cache=False).table
    monkeypatch.setattr(module, "_LARGE", 1)
    monkeypatch.setattr(module, "cores_available", lambda: 3)
    monkeypatch.setattr(module, "available_bytes", lambda: left)
    in_pool: set[bool] = set()
    made = located_errors.located_perturbation

    def watched(*given: Any, **more: Any) -> LocatedPerturbation:
        in_pool.add(threading.current_thread().name.startswith("perturbed"))
        return made(*given, **more)

    monkeypatch.setattr(located_errors, "located_perturbation", watched)
    assert sim.query(question, cache=False).table == expected
    assert in_pool == {left > 0}
