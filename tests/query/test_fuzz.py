"""Random and mutated questions and SQL: an answer or an error of ours, soon, and nothing else is touched."""

from __future__ import annotations

import contextlib
import os
import random
import string
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, QueryError, SqlError
from tests.query.test_forms import QUESTIONS

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


def _mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randint(0, len(text))
        until = min(len(text), at + rng.choice([1, 1, 3, 20]))
        match rng.randint(0, 6):
            case 0:
                text = text[:at] + text[until:]
            case 1:
                text = text[:at] + rng.choice(_WORDS) + text[at:]
            case 2:
                text = text[:at] + " " + rng.choice(_WORDS) + " " + text[at:]
            case 3:
                text = text[:until] + text[at:]
            case 4:
                text = text[:at] + "".join(rng.choice(string.printable) for _ in range(rng.randint(1, 5))) + text[at:]
            case 5:
                text = text.swapcase()
            case 6:
                text = text.replace(" ", "\n  ")
    return text


_BASES = [q for q in QUESTIONS if "communities" not in q]  # networkit imports matplotlib, which looks for fonts
_PATIENCE_S = 5.0
_BUSY = 6
"""How many times longer it may take on a machine with much else to do."""

_watching: list[list[tuple[str, Any]]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and (event.startswith(("socket.", "subprocess.", "os.system", "shutil.")) or event == "open"):
        _watching[-1].append((event, arguments))


sys.addaudithook(_hook)  # hooks cannot be taken off again: it looks only while something is watched


@contextlib.contextmanager
def _nothing_else_touched(dataset: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In an empty folder that is also the home: nothing is written there, no connection made, no file opened for writing
    outside the dataset's cache and graphkit's own, none read but the dataset's and Python's.
    """
    home = folder / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    allowed = [Path(dataset.url).resolve(), Path(os.environ["GRAPHKIT_CACHE"]).resolve()]
    readable = [*allowed, Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2]]
    seen: list[tuple[str, Any]] = []
    _watching.append(seen)
    try:
        yield
    finally:
        _watching.remove(seen)
    assert list(home.iterdir()) == []
    for event, arguments in seen:
        if event.startswith("shutil."):  # a graph's cache that is not there is cleared away
            assert any(Path(arguments[0]).resolve().is_relative_to(p) for p in allowed), (event, arguments)
            continue
        assert event == "open", (event, arguments)
        path, mode, flags = arguments
        if isinstance(path, int):
            continue
        place = Path(os.fsdecode(path)).resolve()
        writes = any(c in (mode or "") for c in "wax+") or (
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        )
        inside = (
            allowed if writes and place != Path("/dev/null") else [*readable, Path("/dev"), Path("/proc"), Path("/sys")]
        )
        inside = [*inside, *(Path(p) for p in sys.path if p)] if not writes else inside
        assert any(place.is_relative_to(p) for p in inside) or "__pycache__" in place.parts, (event, arguments)


def _fuzzed(
    number: int,
    seed: int,
    base: Callable[[random.Random], str],
    ask: Callable[[str], object],
    expected: type[GraphkitError],
) -> float:
    """The share that was answered; all others are errors of ours, that say something."""
    rng = random.Random(seed)
    answered = mute = 0
    for _ in range(number):
        text = _mutated(base(rng), rng)
        began, used = time.monotonic(), time.process_time()
        try:
            ask(text)
            answered += 1
        except expected as error:
            mute += not error.message
            if isinstance(error, QueryError):
                error.caret()
        assert time.process_time() - used < _PATIENCE_S, text
        assert time.monotonic() - began < _PATIENCE_S * _BUSY, text
    assert mute == 0
    return answered / number


def _one_of(bases: list[str], share: float) -> Callable[[random.Random], str]:
    """A sound one, or words in a row."""
    return lambda rng: (
        rng.choice(bases) if rng.random() < share else " ".join(rng.choices(_WORDS, k=rng.randint(1, 12)))
    )


@pytest.mark.parametrize("number", [700, pytest.param(10_000, marks=pytest.mark.soak)])
def test_mutated_questions(tiny: Dataset, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.query(
        "paths from type A to type B within 2 hops"
    )  # what a first question imports and compiles is not its matter
    tiny.query("strongest path from type A to type B")
    tiny.query("count of reciprocal pairs")
    with _nothing_else_touched(tiny, tmp_path, monkeypatch):
        share = _fuzzed(number, 20, _one_of(_BASES, 0.9), lambda text: tiny.query(text, limit=3), QueryError)
    assert 1 / 17 < share < 16 / 17


@pytest.mark.parametrize("number", [120, pytest.param(10_000, marks=pytest.mark.soak)])
def test_mutated_sql(tiny: Dataset, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.sql("SELECT 1")
    limits = iter(range(number))

    def ask(text: str) -> object:
        return tiny.sql(text, limit=3 if next(limits) % 2 else None)

    with _nothing_else_touched(tiny, tmp_path, monkeypatch):
        share = _fuzzed(number, 21, _one_of(_SQL, 0.8), ask, SqlError)
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
