"""From a dataset to a Graph: every keyword against the raw synapses, and the cache that keeps the graphs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphkit
from graphkit import selection
from graphkit.build import build
from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError
from graphkit.graph import Graph
from tests.conftest import LONG, make_tiny
from tests.query.oracle import Oracle, Picked


def _edges(graph: Graph) -> dict[tuple[int, int], int]:
    return {(int(a), int(b)): int(n) for a, b, n in zip(*graph.edges(), strict=True)}


@pytest.mark.parametrize(
    ("keywords", "picked"),
    [
        ({}, Picked()),
        ({"region": "eb"}, Picked(regions=("EB",))),
        ({"region": ["EB", "FB"], "min_synapses": 3}, Picked(regions=("EB", "FB"), least=3)),
        ({"region": "CX", "min_synapses": 3, "per_region": True}, Picked(regions=("CX",), least=3, per_region=True)),
        ({"type": "ER*"}, Picked(among=Oracle.typed("ER*"))),
        ({"type": ("epg", "ER*")}, Picked(among=Oracle.typed("EPG", "ER*"))),
        ({"class_": "SENSORY"}, Picked(among=lambda n: n["class"] == "sensory")),
        ({"side": "left", "autapses": False}, Picked(among=lambda n: n["side"] == "left", autapses=False)),
        ({"nt": "GABA"}, Picked(nt=("gaba",))),
        ({"nt": ["gaba", "acetylcholine"], "min_synapses": 2}, Picked(nt=("gaba", "acetylcholine"), least=2)),
        ({"where": "inputs > 100 AND side = 'left'"}, Picked(among=lambda n: n["in_at"].total() > 100 and n["side"] == "left")),
        ({"where": "side = 'left'", "type": "EPG"}, Picked(among=lambda n: n["side"] == "left" and n["type"] == "EPG")),
    ],
    ids=lambda v: "" if isinstance(v, Picked) else str(v),
)  # fmt: skip
def test_every_keyword(sim: Dataset, raw: Oracle, keywords: dict[str, Any], picked: Picked) -> None:
    graph = sim.graph(**keywords)
    expected = {pair: counts.total() for pair, counts in raw.pairs(picked).items()}
    assert _edges(graph) == expected
    alone = set() if picked.regions and not picked.among else raw.ids(picked.among)
    assert set(graph.ids.tolist()) == alone | {n for pair in expected for n in pair}


def test_between_neurons_of_a_region(sim: Dataset, raw: Oracle) -> None:
    for belonging in (0.5, 0.3, 1.0):
        ids = raw.ids(raw.belongs(["EB"], int(100 * belonging)))
        graph = sim.graph(between_neurons_of="EB", belonging=belonging)
        assert set(graph.ids.tolist()) == ids
        assert _edges(graph) == {p: c.total() for p, c in raw.pairs(Picked(), ids, ids).items()}


def test_neurons_by_id(tiny: Dataset) -> None:
    ids = np.array([LONG + 2, LONG, LONG], dtype=np.int64)
    for given in (ids, ids.tolist(), iter(ids.tolist()), set(ids.tolist())):
        graph = tiny.graph(neurons=given)
        assert graph.ids.tolist() == [LONG, LONG + 2]
        assert _edges(graph) == {(LONG, LONG + 2): 4, (LONG + 2, LONG): 5}
    assert tiny.graph(neurons=[]).n_neurons == 0


def test_gap_junctions_go_both_ways(tiny: Dataset) -> None:
    a1, a2, b1, c1, d = LONG, LONG + 1, LONG + 2, LONG + 4, LONG + 5
    once = {(a1, b1): 2, (a1, a2): 1, (d, c1): 3}
    assert _edges(tiny.graph(kind="electrical")) == once | {(b, a): n for (a, b), n in once.items()}


def test_attributes(tiny: Dataset) -> None:
    graph = tiny.graph()
    assert set(graph.attributes) == {"name", "type", "class", "side", "nt"}
    assert graph.attributes["type"].tolist() == ["A", "A", "B", "b", None, "D(x)_L'"]
    assert list(tiny.graph(attributes="mass").attributes) == ["mass"]
    assert list(tiny.graph(attributes=["spike rate", "TYPE"]).attributes) == ["spike rate", "type"]
    assert not tiny.graph(attributes=()).attributes
    assert tiny.graph(region="Empty", attributes=["spike rate"]).n_neurons == 0
    with pytest.raises(GraphkitError, match="typo"):
        tiny.graph(attributes=["typo"])


@pytest.mark.parametrize(
    "keywords",
    [
        {"region": "EX"},
        {"region": []},
        {"region": 3},
        {"type": "Nope"},
        {"type": []},
        {"class_": [1]},
        {"side": "up"},
        {"neurons": [1]},
        {"neurons": [1.5]},
        {"neurons": ["A"]},
        {"neurons": [2**63]},
        {"neurons": [None]},
        {"min_synapses": 0},
        {"min_synapses": 1.5},
        {"min_synapses": "5"},
        {"min_synapses": True},
        {"kind": "both"},
        {"kind": "x' OR 1=1 --"},
        {"nt": "glutamate"},
        {"between_neurons_of": "EX"},
        {"between_neurons_of": "EB", "belonging": 0},
        {"between_neurons_of": "EB", "belonging": 1.5},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(tiny: Dataset, keywords: dict[str, Any]) -> None:
    with pytest.raises(GraphkitError):
        tiny.graph(**keywords)


# -- the cache ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A tiny dataset of the test's own, and a cache folder of the user of its own."""
    monkeypatch.setenv("GRAPHKIT_CACHE", str(tmp_path / "user"))
    return make_tiny(tmp_path / "tiny")


def _kept(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_mapped(array: np.ndarray[Any, Any]) -> bool:
    base: Any = array
    while base is not None:
        if isinstance(base, np.memmap):
            return True
        base = getattr(base, "base", None)
    return False


def test_the_second_load_is_the_same_and_memory_mapped(own: Dataset) -> None:
    first = own.graph(region="EB")
    second = graphkit.open(own.url).graph(region="EB")
    assert second.equals(first)
    assert all(_is_mapped(getattr(second, a)) for a in ("ids", "indptr", "indices", "synapses", "in_indices"))
    assert not second.ids.flags.writeable
    assert len(_kept(Path(own.url) / ".cache")) == 1


def test_an_empty_graph_is_kept_too(own: Dataset) -> None:
    first = own.graph(region="Empty")
    assert (first.n_neurons, first.n_connections) == (0, 0)
    assert own.graph(region="Empty").equals(first)


def test_different_selections_have_different_graphs(own: Dataset) -> None:
    graphs = [
        own.graph(**k) for k in ({}, {"region": "EB"}, {"min_synapses": 2}, {"kind": "electrical"}, {"type": "A"})
    ]
    again = [own.graph(**k) for k in ({}, {"region": "EB"}, {"min_synapses": 2}, {"kind": "electrical"}, {"type": "A"})]
    assert all(a.equals(b) for a, b in zip(graphs, again, strict=True))
    assert len(_kept(Path(own.url) / ".cache")) == 5


def test_a_new_build_is_a_new_graph(own: Dataset) -> None:
    assert own.graph().n_synapses == 17
    build(own.url, min_score=0.5)
    rebuilt = graphkit.open(own.url)
    scores = rebuilt.table("synapses").to_pylist()
    expected = sum(s["kind"] == "chemical" and s["score"] >= 0.5 for s in scores)
    assert rebuilt.graph().n_synapses == expected < 17
    assert rebuilt.at(1).graph().n_synapses == 17


def test_a_damaged_graph_is_made_anew(own: Dataset) -> None:
    first = own.graph()
    (folder,) = _kept(Path(own.url) / ".cache")
    for name, damage in (
        ("indices.npy", lambda f: f.write_bytes(f.read_bytes()[:-8])),
        ("ids.npy", lambda f: f.write_bytes(b"")),
        ("synapses.npy", lambda f: f.unlink()),
        ("indptr.npy", lambda f: np.save(f, np.zeros(2, np.int64))),
        ("ids.npy", lambda f: np.save(f, np.array([object()], dtype=object), allow_pickle=True)),
    ):
        damage(folder / name)
        assert own.graph().equals(first)
        assert _is_mapped(own.graph().ids)
        assert own.graph().equals(first)


@pytest.mark.skipif(os.name != "posix" or not hasattr(os, "geteuid"), reason="needs file permissions")
def test_a_dataset_that_cannot_be_written_is_cached_with_the_user(own: Dataset, tmp_path: Path) -> None:
    (Path(own.url) / ".cache").write_text("in the way")  # stops even root, whom permissions do not
    first = own.graph()
    user = tmp_path / "user" / "graphs"
    assert len(_kept(user)) == 1
    assert _is_mapped(own.graph().ids)
    assert own.graph().equals(first)


def test_without_any_place_for_a_cache_there_is_still_an_answer(own: Dataset, tmp_path: Path) -> None:
    (Path(own.url) / ".cache").write_text("in the way")
    (tmp_path / "user").write_text("in the way")
    assert own.graph().n_synapses == 17


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_another_users_dataset_is_read_and_cached_elsewhere(own: Dataset, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path(tempfile.gettempdir()) or folder == folder.parent:
            break
        folder.chmod(0o755)
    shutil.rmtree(tmp_path / "user", ignore_errors=True)
    (tmp_path / "user").mkdir()
    (tmp_path / "user").chmod(0o777)
    script = (
        "import graphkit, os\n"
        f"brain = graphkit.open({own.url!r})\n"
        "brain.graph(region='EB', attributes=())\n"  # everything is imported before the user changes
        "os.setuid(65534)\n"
        "print(graphkit.open(brain.url).graph(attributes=()).n_synapses)\n"
    )
    environment = {**os.environ, "GRAPHKIT_CACHE": str(tmp_path / "user")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "17"), done.stderr
    assert len(_kept(tmp_path / "user" / "graphs")) == 1


@pytest.mark.slow
def test_a_killed_process_leaves_no_half_graph(own: Dataset) -> None:
    """Killed while it writes the arrays: nothing of it is ever taken for a graph, and it is cleared away later."""
    script = (
        "import graphkit, numpy, sys, time\n"
        "save = numpy.save\n"
        "def slow(file, array, **rest):\n"
        "    save(file, array, **rest)\n"
        "    print(file, flush=True)\n"
        "    time.sleep(0.5)\n"
        "numpy.save = slow\n"
        f"graphkit.open({own.url!r}).graph()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline().strip().endswith(".npy")
        process.send_signal(signal.SIGKILL)
    cache = Path(own.url) / ".cache"
    (left,) = _kept(cache)
    assert left.name.startswith(".")
    assert own.graph().n_synapses == 17
    assert _is_mapped(own.graph().ids)
    os.utime(left, (time.time() - 2 * 3600,) * 2)
    own.graph(region="EB")
    assert not left.exists()


def test_the_longest_unused_graphs_go_first(own: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Path(own.url) / ".cache"
    own.graph()
    (old,) = _kept(cache)
    own.graph(region="EB")
    (kept,) = set(_kept(cache)) - {old}
    os.utime(old, (1, 1))
    os.utime(kept, (2, 2))
    size = sum(f.stat().st_size for f in kept.iterdir())
    monkeypatch.setattr(selection, "CACHE_LIMIT_BYTES", 3 * size)
    own.graph()  # used now, so that the other is the oldest
    monkeypatch.setattr(selection, "CACHE_LIMIT_BYTES", int(2.2 * size))
    own.graph(region="FB")
    assert old in _kept(cache)
    assert kept not in _kept(cache)


def test_graphs_of_an_answer(tiny: Dataset) -> None:
    asked = tiny.query("motifs in EB").graph()
    assert _edges(asked) == {(LONG, LONG + 2): 3, (LONG, LONG + 3): 2, (LONG + 3, LONG + 3): 1}
    among = tiny.query("neurons where type = 'A' or type = 'B'").graph()
    assert among.ids.tolist() == [LONG, LONG + 1, LONG + 2]
    assert _edges(among)[LONG, LONG + 2] == 4
    assert _edges(tiny.query("connections from type A to type B").graph()) == {
        (LONG, LONG + 2): 4,
        (LONG + 1, LONG + 2): 1,
    }
    assert _edges(tiny.query("synapses from type A to type B").graph()) == {
        (LONG, LONG + 2): 4,
        (LONG + 1, LONG + 2): 1,
    }
    by_region = tiny.query("connections from type A to type B by region").graph()
    assert _edges(by_region) == {(LONG, LONG + 2): 4, (LONG + 1, LONG + 2): 1}
    assert tiny.query("neurons where inputs > 1000").graph().n_neurons == 0
    with pytest.raises(GraphkitError, match="is no graph"):
        tiny.query("regions").graph()
    network = tiny.query("motifs in EB").to_networkx()
    assert network.edges[LONG, LONG + 2]["synapses"] == 3
