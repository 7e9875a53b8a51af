"""Every command of docs/asked-elsewhere.md, its result counted again from the stored rows without graphkit."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from graphkit.dataset import open_dataset
from tests.cli.test_command import run

HERE = Path(__file__).parents[2]
SAMPLE = HERE / "data-samples" / "ring"
TEXT = (HERE / "docs" / "asked-elsewhere.md").read_text()
COMMANDS = [m.replace("data-samples/ring", str(SAMPLE)) for m in re.findall(r"^    (graphkit .*)$", TEXT, re.MULTILINE)]
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """The stored rows."""
    brain = open_dataset(SAMPLE)
    names = ("neurons", "regions", "neuron_regions", "synapses")
    found = {n: pd.concat([pd.read_parquet(file) for file in brain.files(n)], ignore_index=True) for n in names}
    assert brain.snapshot.build is not None
    assert brain.snapshot.build["min_score"] is None  # every stored synapse counts
    return found


def answered(number: int, folder: Path, suffix: str) -> Path:
    """The answer to the ``number``-th command of the page, in a file."""
    words = shlex.split(COMMANDS[number])[1:]
    words = words[: words.index("-o")] if "-o" in words else words
    path = folder / f"answer.{suffix}"
    shown = run(*words, "-o", path)
    assert shown.exit_code == 0, shown.stderr
    return path


def below(regions: pd.DataFrame, name: str) -> set[int]:
    """Ids of a region and of all that lie below it."""
    found = set(regions.region_id[regions.name == name])
    while more := set(regions.region_id[regions.parent_id.isin(found)]) - found:
        found |= more
    return found


def said(pattern: str) -> int:
    """The number that the page gives on ring."""
    match = re.search(pattern, TEXT)
    assert match, pattern
    return int(match[1].replace(",", ""))


def test_the_graph_of_a_region(tables: Tables, tmp_path: Path) -> None:
    synapses = tables["synapses"]
    there = synapses[synapses.region_id.isin(below(tables["regions"], "EB")) & (synapses.kind == "chemical")]
    pairs = there.groupby(["pre_id", "post_id"]).size()
    right = {pair: n for pair, n in pairs.items() if n >= 5}
    table = pd.read_csv(answered(0, tmp_path, "csv"))
    assert dict(zip(zip(table.pre_id, table.post_id, strict=True), table.synapses, strict=True)) == right
    words = shlex.split(COMMANDS[1])[1:]
    words[1] = str(tmp_path / "eb.graphml")
    assert run(*words).exit_code == 0
    graph = nx.read_graphml(tmp_path / "eb.graphml")
    assert {(int(u), int(v)): d["synapses"] for u, v, d in graph.edges(data=True)} == right
    assert said(r"On ring: (\d+) connections") == len(right)
    # the neurons of the graph are those with a synapse there, before the threshold
    assert said(r"among\n(\d+) neurons") == len(set(graph.nodes))


def test_a_search(tables: Tables, tmp_path: Path) -> None:
    n = tables["neurons"]
    right = n[n.type.fillna("").str.startswith("ER") & (n.nt == "gaba") & (n.side == "left") & (n.inputs > 100)]
    found = pd.read_csv(answered(2, tmp_path, "csv"))
    assert set(found.neuron_id) == set(right.neuron_id)
    assert said(r"On ring: (\d+) neurons. On fly: 339") == len(right)


def test_synapses_of_a_whole_type(tables: Tables, tmp_path: Path) -> None:
    of_type = tables["neurons"].set_index("neuron_id").type
    s = tables["synapses"]
    right = s[(s.kind == "chemical") & (s.pre_id.map(of_type) == "ER4d") & (s.post_id.map(of_type) == "EPG")]
    found = pd.read_parquet(answered(3, tmp_path, "parquet"))
    assert sorted(found.synapse_id) == sorted(right.synapse_id)
    assert said(r"On ring: ([\d,]+) synapses") == len(right)


def test_a_mix_of_conditions(tables: Tables, tmp_path: Path) -> None:
    n, there = tables["neurons"], tables["neuron_regions"]
    in_pb = there[there.region_id.isin(below(tables["regions"], "PB")) & (there.inputs + there.outputs > 0)].neuron_id
    kind = n.type.fillna("").str.startswith("ER") | (n["class"] == "sensory")
    side = n.side.notna() & (n.side != "left")
    right = n[kind & side & ((n.inputs > 100) | n.neuron_id.isin(in_pb))]
    found = pd.read_csv(answered(4, tmp_path, "csv"))
    assert set(found.neuron_id) == set(right.neuron_id)
    assert said(r"On ring: (\d+) neurons. On fly: 2,026") == len(right)


def test_five_neurons_with_an_absent_connection(tables: Tables, tmp_path: Path) -> None:
    s = tables["synapses"]
    pairs = set(zip(s.pre_id[s.kind == "chemical"], s.post_id[s.kind == "chemical"], strict=True))
    targets: dict[int, list[int]] = {}
    for u, v in pairs:
        targets.setdefault(u, []).append(v)
    of_type = dict(zip(tables["neurons"].neuron_id, tables["neurons"].type, strict=True))
    paths = [[u] for u in of_type if of_type[u] == "ER4d"]
    for kind in ("EPG", "PEN_a", "EPG", "ER4d"):
        paths = [[*p, v] for p in paths for v in targets.get(p[-1], []) if of_type[v] == kind and v not in p]
    right = sum((p[-1], p[0]) not in pairs for p in paths)
    assert pd.read_csv(answered(5, tmp_path, "csv")).matches.tolist() == [right]
    assert said(r"On ring: ([\d,]+). On fly, in EB") == right


def test_all_commands_are_met() -> None:
    assert len(COMMANDS) == 6
