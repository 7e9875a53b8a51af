"""Questions with synapses that are found twice, against closed forms over the raw synapses."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom

from graphkit.dataset import Dataset
from graphkit.errors import QueryError
from graphkit.query import ir
from tests.query.oracle import Oracle

MISSED, TWICE = 0.3, 0.25
CLAUSE = "error model missed 30 %, duplicated 25 %"


def at_least(least: int, n: int) -> float:
    """The probability that ``n`` synapses, each found once, twice or not at all, are found so often in all."""
    once_or_twice = TWICE / (1 - MISSED)
    return float(
        sum(binom.pmf(k, n, 1 - MISSED) * binom.sf(least - k - 1, k, once_or_twice) for k in range(n + 1))
    )  # fmt: skip


@pytest.mark.parametrize("per_region", [False, True])
def test_what_passes_a_threshold(sim: Dataset, raw: Oracle, per_region: bool) -> None:
    """A pair, or one in a region, of 2 synapses can have 3; the number of pairs in the mean."""
    least, samples = 3, 40
    by_pair: dict[Any, Counter[Any]] = defaultdict(Counter)
    for s in raw.synapses:
        by_pair[s["pre_id"], s["post_id"]][s["region_id"] if per_region else 0] += 1
    chance = {n: at_least(least, n) for n in {n for counts in by_pair.values() for n in counts.values()}}
    stay = []
    for (a, b), counts in by_pair.items():
        lost = 1.0
        for n in counts.values():
            lost *= 1 - chance[n]
        stay += [1 - lost] if a != b else []
    words = "per region " if per_region else ""
    rows = sim.query(f"statistics with at least {least} synapses {words}with {samples} {CLAUSE}").rows()
    (found,) = (row for row in rows if row["statistic"] == "connections")
    spread = sum(p * (1 - p) for p in stay) ** 0.5
    assert found["perturbed_mean"] == pytest.approx(sum(stay), abs=4 * spread / samples**0.5)


def test_each_region_has_its_own(sim: Dataset, raw: Oracle) -> None:
    """Synapses by region and type, each with the mean and the variance of its true ones; none is elsewhere."""
    samples, times = 60, 1 - MISSED + TWICE
    kinds = {i: n["type"] for i, n in raw.neurons.items()}
    true = Counter((kinds[s["pre_id"]], kinds[s["post_id"]], raw.name[s["region_id"]]) for s in raw.synapses)
    rows = sim.query(f"connections by type, region with {samples} {CLAUSE}").rows()
    assert {(r["pre_type"], r["post_type"], r["region"]) for r in rows} == set(true)
    each = (1 - MISSED - TWICE) + 4 * TWICE - times**2
    z = [
        (r["perturbed_mean"] - n * times) / (n * each / samples) ** 0.5
        for r in rows
        for n in [true[r["pre_type"], r["post_type"], r["region"]]]
    ]
    assert max(map(abs, z)) < 5.5
    assert sum(z) / len(z) == pytest.approx(0, abs=0.2)
    assert sum(v * v for v in z) / len(z) == pytest.approx(1, abs=0.2)


def test_no_connection_comes_of_it(sim: Dataset) -> None:
    for question, column in (
        ("motifs in EB", "induced"),
        ("hubs in EB by degree top 9", "degree"),
        ("gap junctions by type", ""),
        ("MATCH (a: 'ER*')-[region = EB]->(b: EPG)", "matches"),
    ):
        rows = sim.query(f"{question} with 3 error model duplicated 40 %").rows()
        assert rows
        if column:
            assert all(row["perturbed_low"] == row["perturbed_high"] == row[column] for row in rows)
        else:
            assert all(row["synapses"] <= row["perturbed_low"] for row in rows)
            assert all(row["perturbed_share"] == 1 for row in rows)
            total = sum(row["synapses"] for row in rows)
            assert sum(row["perturbed_mean"] for row in rows) == pytest.approx(
                1.4 * total, abs=4 * (total * 0.24 / 3) ** 0.5
            )


def test_a_kept_answer_is_given_to_its_own_rate(sim: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHKIT_CACHE", str(tmp_path))
    clauses = ["", ", duplicated 10 %", ", duplicated 20 %"]
    asked = [f"connections in EB by type with 2 error model missed 10 %{clause}" for clause in clauses]
    fresh = []
    for size in ("0", "256MB", "256MB"):
        monkeypatch.setenv("GRAPHKIT_ANSWER_CACHE", size)
        fresh.append([sim.query(question).table for question in asked])
    assert fresh[0] == fresh[1] == fresh[2]
    assert not any(a == b for k, a in enumerate(fresh[0]) for b in fresh[0][:k])


def test_how_it_is_asked_for(sim: Dataset) -> None:
    words = "with 2 error model missed 10 %, false 5 %, duplicated 2.5 %, split 1 %"
    rates = {"split": 0.01, "duplicated": 0.025, "false": 0.05, "missed": 0.1}
    method = sim.statistics(region="EB", errors=rates, samples=2)
    asked = sim.query(f"statistics in EB {words}")
    assert (method.question, method.table) == (asked.question, asked.table)
    assert words in asked.question
    assert "5 % as many false, 2.5 % of synapses found twice, 1 % of neurons split" in asked.notes[-2]
    with pytest.raises(QueryError, match="no errors 'duplicate'") as caught:
        sim.statistics(errors={"duplicate": 0.1})
    assert "Did you mean 'duplicated'?" in (caught.value.hint or "")
    question = "hubs with error model missed 60 %, duplicated 50 %"
    with pytest.raises(QueryError, match="together more than all synapses") as caught:
        sim.query(question)
    assert "found a second time" in (caught.value.hint or "")
    assert question[caught.value.start : caught.value.end] == question.removeprefix("hubs ")


def test_forms_written_before_there_was_such_a_rate() -> None:
    text = ir.to_json(ir.Statistics(errors=ir.ReconstructionErrors(missed=0.1, split=0.2)))
    old = text.replace('"duplicated":0.0,', "")
    assert old != text
    assert ir.from_json(old) == ir.from_json(text)
