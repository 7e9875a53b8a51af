"""Error models with thresholds and figures by region, and signed ones: closed forms over the raw synapses."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest
from scipy.stats import binom, norm

from graphkit.dataset import Dataset
from tests.query.oracle import Oracle

NONE = "with 2 error model missed 0 %"


@pytest.fixture(scope="module")
def raw(sim: Dataset) -> Oracle:
    return Oracle(sim)


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
        ("outputs of type 'ER*' by region with at least 5 synapses {}", "synapses"),
    ],
)
def test_without_errors_nothing_moves(sim: Dataset, question: str, figure: str) -> None:
    rows = sim.query(question.format(NONE)).rows()
    assert len(rows)
    for row in rows:
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
