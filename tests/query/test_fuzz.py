"""Random and mutated questions and SQL: an answer or an error of ours, soon, and nothing else is touched."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, QueryError, SqlError
from tests.conftest import LONG
from tests.query.fuzz import fuzzed
from tests.query.test_forms import QUESTIONS
from tests.query.watch import nothing_else_touched

_MARKS = [
    "",
    *"()',\"=<>*?;.%{}[]\\",
    "--",
    "/*",
    "*/",
    "\n",
    "\0",
    "é",
    "雪",
    "$1",
    ":x",
    "0x10",
    "1e400",
    "9" * 20,
    "-1",
    "5.5",
]
_KNOWN = [
    "EB",
    "FB",
    "A",
    "B",
    "'A'",
    '"B"',
    "720575940621039145",
    "0",
    "NULL",
    "true",
    "neurons",
    "synapses",
    "count(*)",
]
_KEYS = [
    "paths",
    "shortest paths",
    "strongest path",
    "common inputs of",
    "upstream of",
    "within 2 hops",
    "hubs",
    "projections from",
    "compare left and right",
    "neurons like",
    "feedforward loops",
    "a.type",
    "order by",
    "descending",
    "box (0,0,0)-(9,9,9) nm",
    "motifs",
    "inputs",
    "outputs",
    "of",
    "in",
    "region",
    "between",
    "and",
    "or",
    "not",
    "where",
    "limit",
    "by",
    "type",
    "with",
]
_MORE = [
    "at least",
    "synapses",
    "per region",
    "any",
    "to",
    "from",
    "like",
    "is",
    "SELECT",
    "WHERE",
    "UNION ALL",
    "ORDER BY",
    "AS",
]
_WORDS = [*_MARKS, *_KNOWN, *_KEYS, *_MORE, "read_csv('/etc/passwd')", "COPY x TO 'y'", "WITH x AS ("]
_SQL = [
    "SELECT * FROM neurons WHERE type = 'A' ORDER BY neuron_id LIMIT 3",
    "WITH x AS (SELECT type, count(*) AS n FROM neurons GROUP BY ALL) SELECT * FROM x WHERE n > 1",
    "SELECT pre_id, sum(synapses) OVER (PARTITION BY region_id) FROM connections",
]


_BASES = [q for q in QUESTIONS if "communities" not in q]  # networkit imports matplotlib, which looks for fonts


@pytest.mark.parametrize("number", [700, pytest.param(10_000, marks=pytest.mark.soak)])
def test_mutated_questions(tiny: Dataset, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tiny.with_sets({"mine": [LONG, LONG + 2]})
    for question in [q for q in _BASES if "path" in q or "against" in q or "count of" in q or "error" in q]:
        with contextlib.suppress(QueryError):
            named.query(question, limit=1)  # what first questions import and compile is not their matter
    with nothing_else_touched(tiny, tmp_path, monkeypatch):
        share = fuzzed(_BASES, _WORDS, number, lambda text: named.query(text, limit=3), seed=20, expected=QueryError)
    assert 1 / 17 < share < 16 / 17


@pytest.mark.parametrize("number", [120, pytest.param(10_000, marks=pytest.mark.soak)])
def test_mutated_sql(tiny: Dataset, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.sql("SELECT 1")
    limits = iter(range(number))

    def ask(text: str) -> object:
        return tiny.sql(text, limit=3 if next(limits) % 2 else None)

    with nothing_else_touched(tiny, tmp_path, monkeypatch):
        share = fuzzed(_SQL, _WORDS, number, ask, seed=21, expected=SqlError, sound=0.8)
    assert 1 / 30 < share < 29 / 30


@pytest.mark.parametrize("seed", range(3))
def test_random_characters(tiny: Dataset, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        text = "".join(
            chr(rng.choice([rng.randint(0, 127), rng.randint(0, 0xD7FF)])) for _ in range(rng.randint(1, 40))
        )
        with pytest.raises(GraphkitError):
            tiny.query(text)
