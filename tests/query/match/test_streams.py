"""Matches as a stream of batches, whether there is one, and some at random: beside the rows that `match` gives."""

from __future__ import annotations

from collections import Counter

import pytest
from scipy.stats import chi2

from graphkit.dataset import Dataset
from graphkit.errors import GraphError, QueryError, TimeLimitError

PATTERNS = ["(a:EPG)->(b)->(a)", "(a)->(b)->(c)->(a)", "(a: 'ER*')-[e: synapses >= 2]->(b), NOT (b)->(a)"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_batches_are_all_matches_and_no_more(sim: Dataset, pattern: str) -> None:
    answer = sim.match(pattern, region="EB")
    names = [name for name in answer.columns if name.endswith("_id")]
    expected = Counter(tuple(row[name] for name in names) for row in answer)
    batches = list(sim.match_batches(pattern, region="EB", size=100))
    assert [batch.num_rows for batch in batches[:-1]] == [100] * (len(batches) - 1)
    assert batches[0].schema.names == names
    assert Counter(tuple(row.values()) for batch in batches for row in batch.to_pylist()) == expected
    assert sum(batch.num_rows for batch in sim.match_batches(pattern, region="EB")) == len(answer)


def test_whether_there_is_one(sim: Dataset) -> None:
    assert sim.any_match("(a:EPG)->(b)->(a)")
    assert not sim.any_match("(a:EPG)->(b)->(a)", min_synapses=100_000)
    assert not sim.any_match("(a where type = 'EPG' and type = 'PEG')->(b)")
    assert list(sim.match_batches("(a:EPG)->(b)->(a)", min_synapses=100_000)) == []


def test_a_sample_is_some_of_the_matches(sim: Dataset) -> None:
    answer = sim.match(PATTERNS[0], region="EB").arrow()
    rows = {tuple(row.values()) for row in answer.to_pylist()}
    found = sim.sample_matches(PATTERNS[0], 20, seed=3, region="EB")
    assert found.schema == answer.schema
    chosen = [tuple(row.values()) for row in found.to_pylist()]
    assert len(set(chosen)) == 20
    assert set(chosen) < rows
    assert found.equals(sim.sample_matches(PATTERNS[0], 20, seed=3, region="EB"))
    assert not found.equals(sim.sample_matches(PATTERNS[0], 20, seed=4, region="EB"))
    everything = sim.sample_matches(PATTERNS[0], 10**6, region="EB")
    assert {tuple(row.values()) for row in everything.to_pylist()} == rows


def test_a_question_for_a_sample(sim: Dataset) -> None:
    text = "MATCH (a:EPG)->(b)->(a) IN EB"
    everything = sim.query(text).rows()
    answer = sim.query(f"{text} RETURN sample 20 seed 3")
    assert answer.arrow().equals(sim.sample_matches(PATTERNS[0], 20, seed=3, region="EB"))
    assert answer.rows() == [row for row in everything if row in answer.rows()]
    assert answer.complete
    assert answer.notes[-1] == f"20 of {len(everything):,} matches, drawn at random."
    assert sim.query(f"{text} SAMPLE 20 SEED 3").rows() == answer.rows()
    assert answer.question.endswith("RETURN sample 20 seed 3")
    ordered = sim.query(f"{text} RETURN b.inputs, a ORDER BY b.inputs DESC SAMPLE 20 SEED 3 LIMIT 5")
    values = [row["b_inputs"] for row in ordered]
    assert values == sorted(values, reverse=True)
    assert {row["a_id"] for row in ordered} <= {row["a_id"] for row in answer}
    assert not ordered.complete
    few = sim.query(f"{text} RETURN sample 1000000")
    assert few.rows() == everything
    assert few.notes[-1] == f"All {len(everything):,} matches."
    none = sim.query("MATCH (a where type = 'EPG' and type = 'PEG')->(b) RETURN sample 5")
    assert len(none) == 0
    assert "Nothing can match" in none.notes[0]
    assert (
        sim.query(text.replace("a:EPG", "a") + " RETURN sample 3")
        .plan()
        .splitlines()[3]
        .endswith("(a sample is drawn over the graph, after all matches were counted)")
    )


def test_every_sample_is_as_likely(sim: Dataset) -> None:
    """Pairs of matches of a pattern that has eight, over 300 seeds: chi-square of the 28 pairs, 1 % at each end."""
    pattern = "(a:EPG)-[e]->(b:PEG), (b)-[f]->(a)"
    counts = {least: sim.count_matches(pattern, min_synapses=least) for least in range(2, 15)}
    least = min(counts, key=lambda n: (abs(counts[n] - 8), n))
    n = counts[least]
    assert 5 <= n <= 12
    seen = Counter(
        tuple(tuple(row.values()) for row in sim.sample_matches(pattern, 2, seed=seed, min_synapses=least).to_pylist())
        for seed in range(300)
    )
    pairs = n * (n - 1) // 2
    expected = 300 / pairs
    statistic = sum((k - expected) ** 2 / expected for k in seen.values()) + (pairs - len(seen)) * expected
    low, high = chi2.ppf([0.01, 0.99], pairs - 1)
    assert low < statistic < high


@pytest.mark.parametrize("seconds", [1e-6, 0.5])
def test_a_sample_that_takes_too_long_says_so(sim: Dataset, seconds: float) -> None:
    """Whatever was at work when the limit came: the reading of the graph, or a loop that has not looked yet."""
    many = "MATCH (a)->(b)->(c)->(d)->(e)->(f)->(g)->(h) RETURN sample 5"
    with pytest.raises(TimeLimitError, match=rf"within {seconds:g} s\. All matches are counted before.*") as caught:
        sim.query(many, timeout=seconds)
    assert "LIMIT" in str(caught.value)


def test_what_is_not_for_these_calls(sim: Dataset) -> None:
    for text, word in [
        ("(a)->(b) RETURN a", "RETURN"),
        ("(a)->(b) LIMIT 3", "LIMIT"),
        ("(a)->(b) AGAINST 3 configuration", "AGAINST"),
        ("(a)->(b) ORDER BY b", "ORDER BY"),
        ("(a)->(b) RETURN exists", "RETURN"),
        ("(a)->(b) SAMPLE 3", "SAMPLE"),
    ]:
        with pytest.raises(QueryError, match=word):
            sim.match_batches(text)
    with pytest.raises(QueryError, match="size is 0"):
        sim.match_batches("(a)->(b)", size=0)
    with pytest.raises(GraphError, match="k is -1"):
        sim.sample_matches("(a)->(b)", -1)


def test_symmetric_matches(sim: Dataset) -> None:
    loop = "(a)->(b)->(c)->(a) IN EB"
    once = sum(batch.num_rows for batch in sim.match_batches(loop))
    assert sum(batch.num_rows for batch in sim.match_batches(loop, labelled=True)) == 3 * once
    seen = [frozenset(row.values()) for batch in sim.match_batches(loop, size=50) for row in batch.to_pylist()]
    assert len(seen) == once
    assert once > 50
