"""The analyses as questions, on the stored synapses counted by hand and given to networkx."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError, QueryError, QuerySyntaxError
from graphkit.motifs.nulls import configuration
from graphkit.query.answers import effective
from graphkit.query.reading import parse_question
from tests.conftest import MadeOnce
from tests.grown import make_grown
from tests.query.oracle import Oracle, Picked


@pytest.fixture(scope="module")
def eb(raw: Oracle) -> nx.DiGraph[int]:
    return raw.graph(Picked("in EB", regions=("EB",)))


def _column(result: Any, key: str, value: str) -> dict[Any, Any]:
    return {row[key]: row[value] for row in result}


def test_statistics(sim: Dataset, eb: nx.DiGraph[int]) -> None:
    found = _column(sim.query("statistics in EB"), "statistic", "value")
    simple = eb.copy()
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    plain = simple.to_undirected()
    hops = [h for _, reached in nx.all_pairs_shortest_path_length(simple) for h in reached.values() if h]
    n, m = len(eb), simple.number_of_edges()
    assert found["neurons"] == n
    assert found["connections"] == m
    assert found["autapses"] == nx.number_of_selfloops(eb)
    assert found["synapses"] == eb.size(weight="weight")
    assert found["mean degree"] == pytest.approx(m / n)
    assert found["density"] == pytest.approx(nx.density(simple))
    assert found["reciprocity"] == pytest.approx(nx.overall_reciprocity(simple))
    assert found["clustering"] == pytest.approx(nx.transitivity(plain))
    assert found["clustering over random"] == pytest.approx(nx.transitivity(plain) / nx.density(plain))
    assert found["largest weak component"] == len(max(nx.weakly_connected_components(eb), key=len))
    assert found["largest strong component"] == len(max(nx.strongly_connected_components(eb), key=len))
    assert found["mean path length"] == pytest.approx(np.mean(hops))
    assert found["path length over random"] == pytest.approx(np.mean(hops) / (math.log(n) / math.log(m / n)))


def test_the_rich_club_over_random_graphs(sim: Dataset) -> None:
    graph = sim.graph(region="EB")
    curves = []
    for null in configuration(graph, 3, seed=4):
        made = nx.DiGraph()
        made.add_nodes_from(null.ids.tolist())
        made.add_edges_from(zip(*(column.tolist() for column in null.edges()[:2]), strict=True))
        ins = dict(made.in_degree)
        curves.append([nx.density(made.subgraph(i for i, d in ins.items() if d >= k)) for k in range(0, 60, 6)])
    found = sim.query("rich club by in-degree in EB against 3 configuration seed 4").rows()[0:60:6]
    assert [row["null_mean"] for row in found] == pytest.approx(np.mean(curves, axis=0)[: len(found)].tolist())
    for row in found:
        assert (
            row["ratio"] == pytest.approx(row["density"] / row["null_mean"]) if row["null_mean"] else not row["ratio"]
        )
    assert sim.rich_club(by="in", region="EB", against="cfg", samples=3, seed=4).rows()[0:60:6] == found


def test_strengths_and_components(sim: Dataset, raw: Oracle) -> None:
    graph = raw.graph(Picked(least=3))
    ins, outs = (dict(d(weight="weight")) for d in (graph.in_degree, graph.out_degree))
    totals = {i: ins[i] + outs[i] for i in graph}
    rows = list(sim.query("strength distribution with at least 3 synapses"))
    for column, counted in (("neurons", totals), ("neurons_by_in", ins), ("neurons_by_out", outs)):
        assert {r["strength"]: r[column] for r in rows if r[column]} == Counter(counted.values())
    assert sim.strength_distribution(min_synapses=3).rows() == rows
    for words, found in (
        ("weak components", nx.weakly_connected_components),
        ("strongly connected components", nx.strongly_connected_components),
    ):
        expected = Counter(
            (len(c), min(c), sum(a != b for a, b in graph.subgraph(c).edges), graph.subgraph(c).size(weight="weight"))
            for c in found(graph)
        )
        result = sim.query(f"{words} with at least 3 synapses")
        got = [(r["neurons"], r["first_id"], r["connections"], r["synapses"]) for r in result]
        assert Counter(got) == expected
        assert [n for n, *_ in got] == sorted((n for n, *_ in got), reverse=True)
        assert sum(r["share"] for r in result) == pytest.approx(1)
    assert sim.components(strong=True, min_synapses=3).table == result.table


def test_statistics_over_random_graphs(sim: Dataset, eb: nx.DiGraph[int]) -> None:
    graph = sim.graph(region="EB")
    nulls = []
    for null in configuration(graph, 4, seed=7):
        made = nx.DiGraph()
        made.add_nodes_from(null.ids.tolist())
        made.add_edges_from(zip(*(column.tolist() for column in null.edges()[:2]), strict=True))
        nulls.append(made)
    rows = {r["statistic"]: r for r in sim.query("statistics in EB against 4 configuration seed 7")}
    simple = eb.copy()
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    for name, measure in (
        ("reciprocity", nx.overall_reciprocity),
        ("clustering", lambda g: nx.transitivity(g.to_undirected())),
        ("largest strong component", lambda g: len(max(nx.strongly_connected_components(g), key=len))),
    ):
        values = [measure(null) for null in nulls]
        row = rows[name]
        assert row["value"] == pytest.approx(measure(simple))
        assert row["null_mean"] == pytest.approx(np.mean(values))
        assert row["null_sd"] == pytest.approx(np.std(values, ddof=1))
        assert row["ratio"] == pytest.approx(measure(simple) / np.mean(values))
    assert rows["connections"]["ratio"] == rows["synapses"]["ratio"] == 1
    assert list(sim.statistics(region="EB", against="cfg", samples=4, seed=7)) == list(rows.values())


def test_roles(sim: Dataset, raw: Oracle) -> None:
    graph = raw.graph(Picked("", least=4))  # sparse enough for neurons that mostly send, or mostly receive
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    ins, outs, totals = (dict(d) for d in (graph.in_degree, graph.out_degree, graph.degree))
    club = {i for i, d in totals.items() if d >= 4}
    for words, chosen in (
        ("rich club neurons", club),
        ("broadcasters", {i for i in club if outs[i] >= 5 * ins[i]}),
        ("integrators", {i for i in club if ins[i] >= 5 * outs[i]}),
    ):
        found = sim.query(f"{words} of degree at least 4 with at least 4 synapses")
        assert set(_column(found, "neuron_id", "degree")) == chosen != set()
        assert _column(found, "neuron_id", "in_degree") == {i: ins[i] for i in chosen}


def test_curves(sim: Dataset, raw: Oracle) -> None:
    graph = raw.graph(Picked())
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    ins, outs, totals = (dict(d) for d in (graph.in_degree, graph.out_degree, graph.degree))
    curve = list(sim.query("rich club"))
    assert [row["degree"] for row in curve] == list(range(max(totals.values()) + 1))
    for row in curve[::7]:
        inside = {i for i, d in totals.items() if d >= row["degree"]}
        assert row["neurons"] == len(inside)
        assert row["connections"] == graph.subgraph(inside).number_of_edges()
    distribution = list(sim.query("degree distribution"))
    for column, counted in (("neurons", totals), ("neurons_by_in", ins), ("neurons_by_out", outs)):
        assert {r["degree"]: r[column] for r in distribution if r[column]} == Counter(counted.values())


def test_connection_probability(sim: Dataset, raw: Oracle) -> None:
    graph = raw.graph(Picked())
    places = {i: tuple(n[f"soma_{a}_nm"] for a in "xyz") for i, n in raw.neurons.items() if n["soma_x_nm"] is not None}
    pairs: Counter[int] = Counter()
    connected: Counter[int] = Counter()
    for i, a in places.items():
        for j, b in places.items():
            if i != j:
                at = int(math.dist(a, b) // 10_000)
                pairs[at] += 1
                connected[at] += graph.has_edge(i, j)
    found = sim.query("connection probability by distance")
    assert {r["from_nm"] // 10_000: r["pairs"] for r in found if r["pairs"]} == pairs
    assert {r["from_nm"] // 10_000: r["connected"] for r in found if r["pairs"]} == connected


def test_percolation(sim: Dataset, raw: Oracle) -> None:
    graph = raw.graph(Picked())
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    for words, sign in (("percolation", -1), ("percolation from the least connected", 1)):
        order = sorted(graph, key=lambda i: (sign * graph.degree(i), i))
        rows = list(sim.query(words))
        assert len(rows) == 101
        for row in rows[::9]:
            left = graph.subgraph(order[row["removed"] :])
            sizes = [*sorted((len(c) for c in nx.weakly_connected_components(left)), reverse=True), 0, 0]
            assert (row["largest"], row["second"], row["components"]) == (*sizes[:2], len(sizes) - 2)
            assert row["degree"] == (graph.degree(order[row["removed"] - 1]) if row["removed"] else None)


def test_projectome(sim: Dataset, raw: Oracle) -> None:
    expected: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    made: Counter[str] = Counter()
    for neuron in raw.neurons.values():
        for there, outputs in neuron["out_at"].items():
            made[raw.name[there]] += outputs if neuron["in_at"].total() else 0
            for here, inputs in neuron["in_at"].items():
                expected[raw.name[here], raw.name[there]] += Fraction(inputs * outputs, neuron["in_at"].total())
    found = {(r["from_region"], r["to_region"]): r["synapses"] for r in sim.query("projectome")}
    assert found.keys() == expected.keys()
    assert found == pytest.approx({pair: float(share) for pair, share in expected.items()}, abs=1e-6)
    sums: Counter[str] = Counter()
    for (_, there), synapses in reversed(found.items()):
        sums[there] += synapses
    assert sums == made, "whole synapses, without rounding"


def test_communities(sim: Dataset, eb: nx.DiGraph[int]) -> None:
    rows = list(sim.query("communities in EB"))
    found = {row["neuron_id"]: row["community"] for row in rows}
    assert set(found) == set(eb)
    plain = nx.Graph()
    for a, b, data in eb.edges(data=True):
        plain.add_edge(a, b, weight=data["weight"] + (plain[a][b]["weight"] if plain.has_edge(a, b) else 0))
    groups = [{i for i, c in found.items() if c == community} for community in sorted(set(found.values()))]
    assert [len(g) for g in groups] == sorted((len(g) for g in groups), reverse=True)
    ours = nx.community.modularity(plain, groups)
    assert ours > 0.97 * nx.community.modularity(plain, nx.community.louvain_communities(plain, seed=1))
    by_type = {(r["community"], r["type"]): r["neurons"] for r in sim.query("communities in EB by type")}
    assert by_type == Counter((row["community"], row["type"]) for row in rows)


def test_signals(sim: Dataset, raw: Oracle) -> None:
    """Who can be reached, in how many hops at least; and that seeds come first."""
    graph = raw.graph(Picked())
    start = [i for i, n in raw.neurons.items() if n["type"] == "EPG"]
    hops = nx.multi_source_dijkstra_path_length(graph, start, weight=None)
    flow = sim.query("information flow from EPG")
    layers = _column(flow, "neuron_id", "layer")
    assert set(layers) == set(hops)
    assert all(layers[i] >= hops[i] + 1 for i in hops)
    assert {i for i, layer in layers.items() if layer == 1} == set(start)
    cascade = sim.query("signal cascade from EPG within 2 hops")
    reached = _column(cascade, "neuron_id", "reached")
    assert {i for i, h in hops.items() if h == 0} == {
        i for i, h in _column(cascade, "neuron_id", "hop").items() if h == 0
    }
    assert all(hops[i] <= 2 for i in reached)
    # one hop away by a single source with n synapses: 1 - 0.95 ** n of 100 runs
    for i in [i for i in hops if hops[i] == 1][:20]:
        missed = math.prod(0.95 ** graph[a][i]["weight"] for a in start if graph.has_edge(a, i))
        assert reached.get(i, 0) >= 1 - missed - 5 * math.sqrt(missed * (1 - missed) / 100) - 1e-9
    assert sim.information_flow("EPG").table == flow.table
    assert sim.query("information flow from EPG seed 3").table != flow.table
    grouped = {r["type"]: r for r in sim.query("signal cascade from EPG within 2 hops by type")}
    assert grouped["EPG"]["neurons"] == len(start)


def test_the_two_sides_compared(sim: Dataset, raw: Oracle) -> None:
    found = {(r["pre_type"], r["post_type"]): r for r in sim.query("compare connections of left and right in CX")}
    sides = []
    for side in ("left", "right"):
        here = {i: n["type"] for i, n in raw.neurons.items() if n["side"] == side and n["type"] is not None}
        count = Counter(here.values())
        sums: Counter[tuple[str, str]] = Counter()
        for (a, b), n in raw.pairs(Picked("in CX", regions=("CX",))).items():
            if a in here and b in here:
                sums[here[a], here[b]] += n.total()
        sides.append((count, sums))
    for (pre, post), row in found.items():
        for column, (count, sums) in zip(("mean_left", "mean_right"), sides, strict=True):
            assert row[column] == pytest.approx(sums[pre, post] / count[post])
    both = [set(count) for count, _ in sides]
    wanted = {pair for _, sums in sides for pair in sums if set(pair) <= both[0] & both[1]}
    assert set(found) == wanted
    assert all(row["p"] <= row["p_adjusted"] <= 1 for row in found.values())


def test_what_cannot_be_answered(sim: Dataset, tiny: Dataset) -> None:
    with pytest.raises(QuerySyntaxError, match="A signal starts from certain neurons"):
        sim.query("signal cascade in EB")
    with pytest.raises(QuerySyntaxError, match="goes on until all is reached"):
        sim.query("information flow from EPG within 3 hops")
    with pytest.raises(QuerySyntaxError, match="Communities can be grouped by type only, not by side"):
        sim.query("communities by side")
    with pytest.raises(NotAnswerableError, match="None of the neurons that the signal starts from"):
        sim.query("information flow from type 'ORN*' in EB")
    with pytest.raises(QueryError, match="needs certain neurons"):
        sim.information_flow("any neuron")
    with pytest.raises(QueryError, match=r"missed 150 % cannot be; expected 0 % or more and below 100 %"):
        sim.query("statistics with error model missed 150 %")
    with pytest.raises(QuerySyntaxError, match="The rate of 'false' stands twice"):
        sim.query("statistics with error model false 5 %, false 1 %")
    with pytest.raises(QuerySyntaxError, match="two questions"):
        sim.query("statistics with error model false 5 % against 5 configuration")
    with pytest.raises(QuerySyntaxError, match="'type' holds text, and 5 is a number"):
        sim.query("neurons where type > 5")
    assert sim.query("neurons where type > '5'").question == "neurons where type > '5'"
    empty = sim.query("statistics with at least 100000 synapses")
    assert _column(empty, "statistic", "value")["connections"] == 0
    assert _column(empty, "statistic", "value")["reciprocity"] is None


DOC = (Path(__file__).parents[2] / "docs" / "analyses.md").read_text()
EXAMPLES = [m[1] for m in re.finditer(r"^    (?!\$)(\S.*?)(?:   .*)?$", DOC, re.MULTILINE)]
ON_SKELETONS = ("morphology", "axon", "strahler", "sholl")


@pytest.mark.parametrize("question", EXAMPLES)
def test_every_example_of_the_docs_has_an_answer(sim: Dataset, made_once: MadeOnce, question: str) -> None:
    dataset = made_once("grown", make_grown) if question.startswith(ON_SKELETONS) else sim
    assert dataset.query(question).columns


def test_the_docs_have_every_analysis(sim: Dataset) -> None:
    forms = {parse_question(sim, question).name for question in EXAMPLES if not question.startswith(ON_SKELETONS)}
    named = {
        "statistics",
        "ranking",
        "roles",
        "rich_club",
        "degrees",
        "communities",
        "spread",
        "effective",
        "distances",
        "percolation",
        "side_connections",
        "projectome",
        "components",
        "similarities",
        "similarity_clusters",
    }
    with_errors = {
        "motifs",
        "match",
        "hubs",
        "connections",
        "partners",
        "reach",
        "paths",
        "common",
        "count",
        "projections",
    }
    assert forms == {*named, *with_errors}


def test_the_python_of_the_docs_runs(sim: Dataset) -> None:
    code = re.search(r"```python\n(.*?)```", DOC, re.DOTALL)[1]
    scope = {"graph": sim.graph(region="EB")}
    exec(code.replace("samples=100", "samples=5"), scope)
    found = scope["found"]
    assert found.low <= found.mean <= found.high


def test_effective_connectivity(sim: Dataset, raw: Oracle) -> None:
    """The matrix of input fractions of a region, from its synapses, to the power of the hops."""
    question = "effective connectivity from type 'ER*' to EPG, PEG in EB with at least 2 synapses by type"
    graph = raw.graph(Picked(regions=("EB",), least=2))
    ids = sorted(graph)
    weights = nx.to_numpy_array(graph, nodelist=ids, weight="weight")
    fractions = weights / np.maximum(weights.sum(axis=0), 1)
    types = [raw.neurons[i]["type"] or "" for i in ids]
    found = {(r["pre_type"], r["post_type"], r["hops"]): r for r in sim.query(question)}
    assert {hops for *_, hops in found} == {1, 2, 3}
    for hops in (1, 2, 3):
        power = np.linalg.matrix_power(fractions, hops)
        for pre in {t for t in types if t.startswith("ER")}:
            for post in ("EPG", "PEG"):
                rows = [k for k, t in enumerate(types) if t == pre]
                targets = [k for k, t in enumerate(types) if t == post and weights[:, k].any()]
                share = power[np.ix_(rows, targets)].sum(axis=0).mean()
                row = found.pop((pre, post, hops), None)
                assert (row is None) is bool(share == 0)
                if row is not None:
                    assert row["effective_input_fraction"] == pytest.approx(share, abs=1e-12)
                    assert (row["pre_neurons"], row["post_neurons"]) == (len(rows), len(targets))
    assert not found
    one = sim.query("effective connectivity to EPG_L1 in EB within 1 hop with at least 2 synapses")
    (target,) = (k for k, i in enumerate(ids) if raw.neurons[i]["name"] == "EPG_L1")
    assert {r["pre_id"]: r["effective_input_fraction"] for r in one} == pytest.approx(
        {ids[k]: fractions[k, target] for k in np.flatnonzero(weights[:, target])}
    )
    order = [r["effective_input_fraction"] for r in one]
    assert order == sorted(order, reverse=True)
    given = {"region": "EB", "min_synapses": 2, "by": "type"}
    assert sim.effective_connectivity("type 'ER*'", "EPG, PEG", **given).table == sim.query(question).table


def test_what_effective_connectivity_refuses(sim: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(QuerySyntaxError, match="go through several regions"):
        sim.query("effective connectivity from EPG by region")
    monkeypatch.setattr(effective, "_MOST", 1_000_000)
    many = "400 times 400 neurons over up to 12 connections are 1,920,000 figures"
    with pytest.raises(NotAnswerableError, match=many) as no:
        sim.query("effective connectivity within 12 hops")
    assert "by type" in (no.value.hint or "")
    empty = sim.query("effective connectivity from type 'ORN*' to EPG in EB by type")
    assert len(empty) == 0
    assert empty.columns[:3] == ["pre_type", "post_type", "hops"]
