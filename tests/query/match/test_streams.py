"""Matches as a stream of batches, whether there is one, and some at random: beside the rows that `match` gives."""

from __future__ import annotations

from collections import Counter

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import GraphError, QueryError

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


def test_what_is_not_for_these_calls(sim: Dataset) -> None:
    for text, word in [
        ("(a)->(b) RETURN a", "RETURN"),
        ("(a)->(b) LIMIT 3", "LIMIT"),
        ("(a)->(b) AGAINST 3 configuration", "AGAINST"),
        ("(a)->(b) ORDER BY b", "ORDER BY"),
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
