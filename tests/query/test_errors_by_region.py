"""Error models with thresholds and figures by region, and signed ones: closed forms over the raw synapses."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from scipy.stats import binom, norm

from graphkit.build import BuildOptions, build_into
from graphkit.dataset import Dataset
from graphkit.errors import NotAnswerableError
from graphkit.writer import DatasetWriter
from tests.query.oracle import Oracle

NONE = "with 2 error model missed 0 %"


@pytest.mark.parametrize(
    ("question", "figure"),
    [
        ("statistics in CX with at least 3 synapses per region {}", "value"),
        ("motifs in CX with at least 3 synapses per region {}", "induced"),
        ("hubs with at least 3 synapses per region top 30 {}", "degree"),
        ("MATCH (a: 'ER*')->(b: EPG) IN CX with at least 3 synapses per region {}", "matches"),
        ("inputs of EPG by type with at least 3 synapses per region {}", "synapses"),
        ("connections in CX by type with at least 3 synapses per region {}", "synapses"),
        ("connections in CX by type, region with at least 3 synapses {}", "synapses"),
        ("connections in CX by type, region with at least 3 synapses per region as mean {}", "mean"),
        ("connections between type 'ER4d' and type 'EPG' by side, region as input fraction {}", "input_fraction"),
        ("connections by type as signed limit 300 {}", "signed"),
        ("connections from type 'ER*' by side as signed input fraction {}", "signed_input_fraction"),
        ("connections in CX by type, region as signed with inhibitory GABA {}", "signed"),
        ("inputs of EPG by region, type {}", "synapses"),
        (
            "MATCH (a: 'ER*')-[region = EB]->(b: EPG), (b)-[region = PB, nt = acetylcholine]->(c) {} RETURN count",
            "matches",
        ),
        (
            "MATCH (a)-[region = EB, nt = gaba, synapses >= 2]->(b), not (b)-[region = EB]->(a) with >= 3 synapses {}",
            "matches",
        ),
        ("MATCH (a)-[region = EBr5]->(b: EPG) with at least 2 synapses per region {} RETURN per neuron", "matches"),
        ("MATCH (a: ER4d)-[region = EB]->{{1,2}}(b: EPG) {} RETURN count", "matches"),
        ("projectome {}", "synapses"),
        ("regions {}", "inputs"),
        ("projections from EB to PB {}", ""),
        ("projections from CX to PB where side = 'left' by type {}", ""),
        ("outputs of type 'ER*' by region with at least 5 synapses {}", "synapses"),
    ],
)
def test_without_errors_nothing_moves(sim: Dataset, question: str, figure: str) -> None:
    rows = sim.query(question.format(NONE)).rows()
    assert len(rows)
    if "perturbed_mean" not in rows[0]:  # projections
        for row in rows:
            assert {row[f"perturbed_in_{k}"] for k in ("mean", "low", "high")} == {row["inputs_from"]}
            assert {row[f"perturbed_out_{k}"] for k in ("mean", "low", "high")} == {row["outputs_to"]}
            assert row.get("perturbed_share", 1) == 1
        return
    for row in rows:
        if "perturbed_neurons_mean" in row:
            assert row["perturbed_neurons_mean"] == row["neurons"]
        assert row["perturbed_mean"] == row["perturbed_low"] == row["perturbed_high"]
        assert row["perturbed_mean"] == pytest.approx(row[figure])


def test_a_threshold_in_each_region_after_the_errors(sim: Dataset, raw: Oracle) -> None:
    """A pair is connected while a region keeps 3 synapses; which regions do is independent."""
    missed, samples = 0.3, 40
    by_pair: dict[Any, Counter[Any]] = defaultdict(Counter)
    for s in raw.synapses:
        by_pair[s["pre_id"], s["post_id"]][s["region_id"]] += 1
    lost = [1.0 for _ in by_pair]
    for k, regions in enumerate(by_pair.values()):
        for count in regions.values():
            lost[k] *= binom.cdf(2, count, 1 - missed)
    stay = [1 - p for (a, b), p in zip(by_pair, lost, strict=True) if a != b]
    rows = sim.query(f"statistics with at least 3 synapses per region with {samples} error model missed 30 %").rows()
    (found,) = (row for row in rows if row["statistic"] == "connections")
    spread = sum(p * (1 - p) for p in stay) ** 0.5
    assert found["perturbed_mean"] == pytest.approx(sum(stay), abs=4 * spread / samples**0.5)
    width = 2 * norm.ppf(0.95) * spread
    assert found["perturbed_high"] - found["perturbed_low"] == pytest.approx(width, rel=0.5)
    assert found["value"] == sum(max(r.values()) >= 3 for (a, b), r in by_pair.items() if a != b)


def test_connections_and_partners_by_region_against_the_raw_synapses(sim: Dataset, raw: Oracle) -> None:
    """Missed and false synapses: each figure has a binomial of the true ones, and false ones by outputs and inputs there."""
    missed, false, samples = 0.2, 0.5, 60
    kinds = {i: n["type"] for i, n in raw.neurons.items()}
    pairs, outs, ins, sizes = Counter[Any](), Counter[Any](), Counter[Any](), Counter[Any]()
    for s in raw.synapses:
        region = raw.name[s["region_id"]]
        pairs[kinds[s["pre_id"]], kinds[s["post_id"]], region] += 1
        outs[kinds[s["pre_id"]], region] += 1
        ins[kinds[s["post_id"]], region] += 1
        sizes[region] += 1

    def expected(pre: Any, post: Any, region: str) -> tuple[float, float]:
        """Mean and variance of the synapses from type to type in a region."""
        there = pairs[pre, post, region]
        new = false * outs[pre, region] * ins[post, region] / sizes[region]
        return there * (1 - missed) + new, there * missed * (1 - missed) + new

    clause = f"with {samples} error model missed 20 %, false 50 %"
    found = sim.query(f"connections by type, region {clause}").rows()
    assert {(r["pre_type"], r["post_type"], r["region"]) for r in found} == set(pairs)
    z = []
    for row in found:
        mean, variance = expected(row["pre_type"], row["post_type"], row["region"])
        assert row["perturbed_mean"] == pytest.approx(mean, abs=5.5 * (variance / samples) ** 0.5 + 0.1)
        z.append((row["perturbed_mean"] - mean) / (variance / samples) ** 0.5)
    assert len(z) > 1000
    assert sum(z) / len(z) == pytest.approx(0, abs=0.2)
    assert sum(v * v for v in z) / len(z) == pytest.approx(1, abs=0.2)
    for row in sim.query(f"inputs of EPG by region, type {clause}"):
        mean, variance = expected(row["type"], "EPG", row["region"])
        assert row["perturbed_mean"] == pytest.approx(mean, abs=5.5 * (variance / samples) ** 0.5 + 0.1)


def test_signed_figures_against_the_raw_synapses(sim: Dataset, raw: Oracle) -> None:
    """A false synapse has the sign of its presynaptic neuron."""
    false, samples = 0.5, 60
    sign = {"GABA": -1, "acetylcholine": 1, "glutamate": -1}
    neurons = raw.neurons
    signs = {s["nt"] for s in raw.synapses}
    asked = sim.query("connections by type as signed with excitatory acetylcholine with inhibitory GABA, glutamate")
    assert {k.lower() for k in sign} <= {str(k).lower() for k in signs}
    value = {k: sign.get(next((w for w in sign if w.lower() == str(k).lower()), ""), 0) for k in signs}
    true, outs, ins, sizes = Counter[Any](), Counter[Any](), Counter[Any](), Counter[Any]()
    for s in raw.synapses:
        pre, post = neurons[s["pre_id"]]["type"], neurons[s["post_id"]]["type"]
        true[pre, post] += value[s["nt"]]
        outs[s["region_id"], pre, value[s["nt"]]] += 1
        ins[s["region_id"], post] += 1
        sizes[s["region_id"]] += 1
    assert {(r["pre_type"], r["post_type"]): r["signed"] for r in asked} == dict(true)
    question = "connections by type as signed with excitatory acetylcholine with inhibitory GABA, glutamate"
    for row in sim.query(f"{question} limit 150 with {samples} error model false 50 %"):
        new = {
            counts: sum(
                false * outs[region, row["pre_type"], counts] * ins[region, row["post_type"]] / size
                for region, size in sizes.items()
            )
            for counts in (1, -1)
        }
        expected = row["signed"] + new[1] - new[-1]
        assert row["perturbed_mean"] == pytest.approx(expected, abs=5.5 * ((new[1] + new[-1]) / samples) ** 0.5 + 1e-9)


def test_the_projectome_against_the_raw_synapses(sim: Dataset, raw: Oracle) -> None:
    """A neuron's share of inputs is as it was in the mean if synapses are missed, and so are outputs by what is found."""
    missed, samples = 0.2, 80
    found = sim.query(f"projectome with {samples} error model missed 20 %").rows()
    expected, spread = defaultdict(float), defaultdict(float)
    for neuron in raw.neurons.values():
        for a, i in neuron["in_at"].items():
            share = i / neuron["in_at"].total()
            for b, o in neuron["out_at"].items():
                expected[raw.name[a], raw.name[b]] += (1 - missed) * o * share
                # of a product of a binomial and a share, about; neurons with few inputs may lose all of them
                spread[raw.name[a], raw.name[b]] += o * missed * share**2 + o**2 * missed * share / i + o * missed**i
    assert len(found) == len(expected)
    for row in found:
        key = row["from_region"], row["to_region"]
        assert row["perturbed_mean"] == pytest.approx(expected[key], abs=5 * (spread[key] / samples) ** 0.5 + 0.05)


def test_regions_and_projections_against_the_raw_synapses(sim: Dataset, raw: Oracle) -> None:
    """Synapses are found or not one by one; a neuron is in a region while one of its synapses there is found."""
    missed, samples = 0.4, 60
    clause = f"with {samples} error model missed 40 %"
    for row in sim.query(f"regions {clause}"):
        there = [sum(raw.there(n, [row["region"]])) for n in raw.neurons.values()]
        autapses = Counter(
            s["pre_id"]
            for s in raw.synapses
            if s["pre_id"] == s["post_id"] and s["region_id"] in raw.within([row["region"]])
        )
        lost = [missed ** (n - autapses[i]) for i, n in zip(raw.neurons, there, strict=True) if n]
        spread = sum(p * (1 - p) for p in lost) ** 0.5
        assert row["perturbed_neurons_mean"] == pytest.approx(
            len(lost) - sum(lost), abs=5 * spread / samples**0.5 + 0.02
        )
        sd = (row["inputs"] * missed * (1 - missed) / samples) ** 0.5
        assert row["perturbed_mean"] == pytest.approx(row["inputs"] * (1 - missed), abs=5 * sd)
    for row in sim.query(f"projections from EB to PB {clause}"):
        there = {end: raw.there(raw.neurons[row["neuron_id"]], [end]) for end in ("EB", "PB")}
        assert (row["inputs_from"], row["outputs_to"]) == (there["EB"][0], there["PB"][1])
        for figure, column in (("inputs_from", "in"), ("outputs_to", "out")):
            sd = (row[figure] * missed * (1 - missed) / samples) ** 0.5
            assert row[f"perturbed_{column}_mean"] == pytest.approx(row[figure] * (1 - missed), abs=5 * sd)
        both = (1 - missed ** row["inputs_from"]) * (1 - missed ** row["outputs_to"])
        assert row["perturbed_share"] == pytest.approx(both, abs=5 * (both * (1 - both) / samples) ** 0.5 + 0.02)


def test_figures_by_region_with_every_neuron_split_or_merged(sim: Dataset) -> None:
    """Pieces keep all synapses in their regions; a merged neuron has what both had."""
    (row,) = sim.query("how many projections from EB to PB with 3 error model split 100 %")
    assert row["neurons"] == len(sim.query("projections from EB to PB").rows()) <= row["perturbed_low"]
    assert row["perturbed_high"] <= 2 * row["neurons"]
    split = sim.query("regions with 3 error model split 100 %").rows()
    assert all(row["perturbed_low"] == row["perturbed_high"] == row["inputs"] for row in split)
    assert any(row["perturbed_neurons_low"] > row["neurons"] for row in split)
    assert all(row["neurons"] <= row["perturbed_neurons_low"] <= 2 * row["neurons"] for row in split)
    for row in sim.query("projections from CX to CX by side with 3 error model split 100 %"):
        assert row["perturbed_in_high"] <= row["inputs_from"]  # a piece may have inputs there, and no outputs
    merged = sim.query("regions with 3 error model merged 100 %").rows()
    assert all(row["perturbed_low"] == row["perturbed_high"] == row["inputs"] for row in merged)
    assert all(row["neurons"] / 2 <= row["perturbed_neurons_low"] <= row["neurons"] for row in merged)


def test_the_order_of_what_is_perturbed(sim: Dataset) -> None:
    words = "with 3 error model missed 30 %"
    first = sim.query(f"projectome {words} order by perturbed_mean desc limit 6").rows()
    every = sim.query(f"projectome {words}").rows()
    assert [r["perturbed_mean"] for r in first] == sorted((r["perturbed_mean"] for r in every), reverse=True)[:6]
    drawn: dict[str, Any] = {"errors": {"missed": 0.3}, "samples": 3, "limit": 4}
    for result, question in (
        (sim.projectome(**drawn), "projectome limit 4"),
        (sim.regions(**drawn), "regions limit 4"),
        (sim.projections("EB", "PB", by="type", **drawn), "projections from EB to PB by type limit 4"),
    ):
        asked = sim.query(f"{question} {words}")
        assert (result.question, result.table) == (asked.question, asked.table)


def test_edges_of_a_region_and_a_transmitter(sim: Dataset, raw: Oracle) -> None:
    """A connection is one while 3 of its synapses are found, and one of them in EB; of a transmitter while one of these is."""
    missed, samples = 0.4, 60
    inside = raw.within(["EB"])
    by_pair: dict[Any, Counter[bool]] = defaultdict(Counter)
    of_gaba: Counter[Any] = Counter()
    for s in raw.synapses:
        if s["pre_id"] != s["post_id"]:
            by_pair[s["pre_id"], s["post_id"]][s["region_id"] in inside] += 1
            of_gaba[s["pre_id"], s["post_id"]] += s["nt"] == "gaba"
    stay = [
        sum(binom.pmf(k, n[True], 1 - missed) * binom.sf(2 - k, n[False], 1 - missed) for k in range(1, n[True] + 1))
        for n in by_pair.values()
    ]
    gaba = [1 - missed**n for n in of_gaba.values()]
    words = f"with {samples} error model missed 40 %"
    for question, chances in (
        (f"MATCH (a)-[region = EB]->(b) with at least 3 synapses {words} RETURN count", stay),
        (f"MATCH (a)-[nt = gaba]->(b) {words} RETURN count", gaba),
    ):
        (row,) = sim.query(question)
        spread = sum(p * (1 - p) for p in chances) ** 0.5
        assert row["perturbed_mean"] == pytest.approx(sum(chances), abs=4 * spread / samples**0.5)
        assert row["perturbed_high"] - row["perturbed_low"] == pytest.approx(2 * norm.ppf(0.95) * spread, rel=0.5)


def test_totals_of_a_source_have_no_errors(tmp_path: Path) -> None:
    """They hold synapses that none of the connections has."""
    ids, connections = (
        pa.array([2**53 + 1, 720575940621039145], pa.int64()),
        {"pre_id": pa.array([2**53 + 1], pa.int64())},
    )
    totals = {"region_id": pa.array([1, 1], pa.int16()), "inputs": pa.array([90, 80]), "outputs": pa.array([70, 60])}
    connections["post_id"] = pa.array([720575940621039145], pa.int64())
    connections |= {"region_id": pa.array([1], pa.int16()), "kind": pa.array(["chemical"]), "synapses": pa.array([9])}
    with DatasetWriter(tmp_path / "d", create=True, name="made") as writer:
        writer.add(
            "regions",
            pa.table({"region_id": pa.array([1], pa.int16()), "name": ["EB"], "parent_id": pa.nulls(1, pa.int16())}),
        )
        writer.add("neurons", pa.table({"neuron_id": ids, "inputs": totals["inputs"], "outputs": totals["outputs"]}))
        writer.add("neuron_regions", pa.table({"neuron_id": ids, **totals}))
        writer.add("connections", pa.table(connections))
        record = build_into(writer, BuildOptions(totals="source"))
        made = writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)
    assert made.query("regions").rows()[0]["inputs"] == 170
    for question in ("regions", "projectome", "projections from EB to EB", "how many projections from EB to EB"):
        with pytest.raises(NotAnswerableError, match="in none of its connections"):
            made.query(f"{question} with 2 error model missed 1 %")
    (row,) = made.query("connections by region, type with 2 error model missed 0 %")
    assert (row["region"], row["perturbed_mean"]) == ("EB", 9)
