"""Published connectomes, imported by the command and asked, against figures counted from the raw files.

The oracles read the raw files with csv, json and xlrd and never pass through graphkit.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import igraph
import networkx as nx
import numpy as np
import pytest

import graphkit
from graphkit.errors import NotAnswerableError

GIVEN = os.environ.get("GRAPHKIT_REAL_DATA")
pytestmark = pytest.mark.skipif(not GIVEN, reason="GRAPHKIT_REAL_DATA names no folder with the published tables")
REAL = Path(GIVEN or ".")
TRIAD_CODES = [
    "003",
    "012",
    "102",
    "021D",
    "021U",
    "021C",
    "111D",
    "111U",
    "030T",
    "030C",
    "201",
    "120D",
    "120U",
    "120C",
    "210",
    "300",
]


def _graphkit(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("graphkit")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def _imported(tmp: Path, *arguments: str | Path) -> graphkit.Dataset:
    done = _graphkit("import", *arguments, "-o", tmp / "made")
    assert done.returncode == 0, done.stderr
    return graphkit.open(tmp / "made")


def _pairs(*names: str, pre: str = "source", post: str = "target", weight: str = "weight") -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for name in names:
        with gzip.open(REAL / "hemibrain" / name, "rt") as file:
            for row in csv.DictReader(file):
                found[int(row[pre]), int(row[post])] += int(row[weight])
    return found


def _census(brain: graphkit.Dataset, question: str) -> dict[str, int]:
    return {r["code"]: r["induced"] for r in brain.query(question) if r["size"] == 3}


def _igraph_census(edges: list[tuple[int, int]], nodes: list[int]) -> dict[str, int]:
    row = {node: i for i, node in enumerate(nodes)}
    graph = igraph.Graph(n=len(nodes), edges=[(row[a], row[b]) for a, b in edges if a != b], directed=True)
    counted = graph.triad_census()
    return {code: int(getattr(counted, f"t{code}")) for code in TRIAD_CODES}


@pytest.fixture(scope="module")
def eb(tmp_path_factory: pytest.TempPathFactory) -> graphkit.Dataset:
    files = [REAL / "hemibrain" / name for name in ("eb_neurons.json.gz", "eb_connectivity.csv.gz")]
    return _imported(tmp_path_factory.mktemp("eb"), "neuprint", *files)


def _belonging_to_eb() -> set[int]:
    with gzip.open(REAL / "hemibrain" / "eb_neurons.json.gz", "rt") as file:
        records = json.load(file)
    chosen = set()
    for record in records:
        there = record["roiInfo"].get("EB", {})
        inputs, outputs = there.get("upstream", there.get("post", 0)), there.get("downstream", 0)
        if (inputs and 2 * inputs >= record["upstream"]) or (outputs and 2 * outputs >= record["downstream"]):
            chosen.add(record["bodyId"])
    return chosen


def test_triads_between_neurons_of_eb_equal_networkx_and_igraph(eb: graphkit.Dataset) -> None:
    members = _belonging_to_eb()
    edges = [pair for pair in _pairs("eb_connectivity.csv.gz") if set(pair) <= members]
    digraph = nx.DiGraph()
    digraph.add_nodes_from(members)
    digraph.add_edges_from(e for e in edges if e[0] != e[1])
    found = _census(eb, "motifs between neurons of EB")
    assert found == nx.triadic_census(digraph)
    assert found == _igraph_census(edges, sorted(members))
    assert sum(found.values()) == len(members) * (len(members) - 1) * (len(members) - 2) // 6


def test_motifs_in_eb_are_refused_on_pair_totals_with_the_way_out(eb: graphkit.Dataset) -> None:
    with pytest.raises(NotAnswerableError) as refused:
        eb.query("motifs in region EB")
    assert "totals over all regions" in refused.value.message
    assert "between neurons of EB" in (refused.value.hint or "")
    done = _graphkit("query", "motifs in region EB", "-d", eb.url)
    assert (done.returncode, done.stdout) == (1, "")


def test_rows_by_region_are_answered_as_located(tmp_path: Path) -> None:
    files = [REAL / "hemibrain" / name for name in ("er2epg_roi.csv.gz", "epg2er_roi.csv.gz")]
    brain = _imported(tmp_path, "neuprint", *files)
    located: Counter[tuple[int, int]] = Counter()
    for file in files:
        with gzip.open(file, "rt") as table:
            for row in csv.DictReader(table):
                if row["roi"] == "EB":
                    located[int(row["from"]), int(row["to"])] += int(row["ROIweight"])
    graph = brain.graph(region="EB")
    pre, post, synapses = (a.tolist() for a in graph.edges())
    assert dict(zip(zip(pre, post, strict=True), synapses, strict=True)) == dict(located)
    edges = [e for e in located if e[0] != e[1]]
    assert _census(brain, "motifs in region EB") == _igraph_census(edges, sorted({n for e in edges for n in e}))


def test_ids_of_18_digits_arrive_unharmed(tmp_path: Path) -> None:
    source = REAL / "microns_pinky100" / "soma_subgraph_synapses_spines_v185.csv"
    brain = _imported(tmp_path, "cave", source)
    with source.open() as file:
        rows = list(csv.DictReader(file))
    expected = Counter((int(r["id"]), int(r["pre_root_id"]), int(r["post_root_id"])) for r in rows)
    found = brain.query("synapses").df()
    columns = ("synapse_id", "pre_id", "post_id")
    assert Counter(zip(*(found[c].tolist() for c in columns), strict=True)) == expected
    assert len(found) == 1961
    assert str(max(found["pre_id"])) in brain.query("synapses").to_json()


def test_c_elegans_has_the_published_figures(tmp_path: Path) -> None:
    xlrd = pytest.importorskip("xlrd")
    source = REAL / "c_elegans" / "NeuronConnect.xls"
    brain = _imported(tmp_path, "edges", source, "--kind-map", "S=chemical,Sp=chemical,EJ=electrical")
    chemical, electrical = brain.graph(), brain.graph(kind="electrical", autapses=False)
    assert (chemical.n_neurons, chemical.n_connections) == (279, 2194)  # Varshney et al. 2011
    assert electrical.n_connections == 2 * 514

    digraph = chemical.to_networkx()
    largest = digraph.subgraph(max(nx.strongly_connected_components(digraph), key=len))
    assert len(largest) == 237
    assert round(nx.average_shortest_path_length(largest), 2) == 3.48

    sheet = xlrd.open_workbook(source).sheet_by_index(0)
    rows = [sheet.row_values(i) for i in range(1, sheet.nrows)]
    raw = {(str(r[0]).strip(), str(r[1]).strip()) for r in rows if r[2] in ("S", "Sp") and int(r[3])}
    everyone = {str(r[i]).strip() for r in rows if r[2] in ("S", "Sp", "EJ") for i in (0, 1)}
    worm = nx.DiGraph()
    worm.add_nodes_from(everyone)
    worm.add_edges_from(e for e in raw if e[0] != e[1])
    assert _census(brain, "motifs") == nx.triadic_census(worm)
    assert _census(brain, "motifs") == _by_matrices(raw, sorted(everyone))


def _by_matrices(edges: set[tuple[str, str]], neurons: list[str]) -> dict[str, int]:
    """Triads as the authors of these data count them (github.com/lrvarshney/elegans): sums over products of the matrices of the
    pairs without a connection, with one, and with both.
    """
    row = {name: i for i, name in enumerate(neurons)}
    a = np.zeros((len(row), len(row)), np.int64)
    for pre, post in edges:
        a[row[pre], row[post]] = pre != post
    one, both = a * (1 - a.T), a * a.T
    none = (1 - a) * (1 - a.T) - np.eye(len(row), dtype=np.int64)
    products = {
        "003": (6, none, none @ none),
        "012": (1, one, none @ none),
        "102": (2, both, none @ none),
        "021D": (2, none, one.T @ one),
        "021U": (2, none, one @ one.T),
        "021C": (1, none, one @ one),
        "111D": (1, none, one @ both),
        "111U": (1, none, one.T @ both),
        "030T": (1, one, one @ one),
        "030C": (3, one.T, one @ one),
        "201": (2, none, both @ both),
        "120D": (2, both, one.T @ one),
        "120U": (2, both, one @ one.T),
        "120C": (1, both, one @ one),
        "210": (1, one, both @ both),
        "300": (6, both, both @ both),
    }
    return {code: int((pairs * through).sum()) // symmetric for code, (symmetric, pairs, through) in products.items()}
