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
