"""Random and mutated MATCH questions and motif files: an answer or an error of ours, and soon."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError
from graphkit.query.dotmotif.parser import parse_dotmotif
from tests.conftest import MadeOnce
from tests.query.dotmotif.motifs import MOTIFS
from tests.query.fuzz import fuzzed
from tests.query.match.conftest import make_knot
from tests.query.watch import nothing_else_touched

_QUESTIONS = [
    "MATCH (a:A)-[synapses >= 2]->(b)->(c), (a)->(c) IN EB RETURN count",
    "MATCH (a where side = 'left')-[e: nt = 'gaba' and synapses >= 1]->(b:B), NOT (b)->(a), (b)-[f]->(c) "
    "WHERE e.synapses > f.synapses and a.type != c.type INDUCED RETURN a, b.type, e.synapses ORDER BY e.synapses DESC LIMIT 10",
    "MATCH (a)<->(b)<-[region in (EB, FB)]-(c) AMONG type A, B with at least 2 synapses LABELLED RETURN per neuron",
    "MATCH (a)->{1,3}(b), (b)->(c) WHERE a.mass >= c.size and (a.type = A or not a.side = right) RETURN count",
    "MATCH (a)->(a), (:C)-->() without autapses",
    "MATCH (a:720575940621039145)->(b where id in (1, 2, 40)) IN CX with at least 1 synapses per region ORDER BY b",
    "MATCH (a)->(b)->(c) with electrical synapses RETURN per neuron ORDER BY matches DESC LIMIT 2",
]
_MARKS = [
    *"()[]{}<>-=!*?'\",.:;|+~#\\",
    "->",
    "<-",
    "<->",
    "-[",
    "]->",
    "]-",
    "{1,3}",
    "{9}",
    "NOT",
    "\n",
    "\0",
    "é",
    "9" * 30,
]
_WORDS = [
    "MATCH",
    "WHERE",
    "RETURN",
    "count",
    "ORDER BY",
    "LIMIT",
    "IN",
    "EB",
    "synapses",
    "nt",
    "gaba",
    "a",
    "b",
    "e.synapses",
]
_MORE = [
    "a.type",
    "(a)",
    "(b:A)",
    "induced",
    "LABELLED",
    "per neuron",
    "exists",
    "sample 3 seed 1",
    "and",
    "or",
    "with at least",
    "1",
    "-1",
    "1e400",
    "as",
    "===",
]


_ALL = [*_MARKS, *_WORDS, *_MORE]


@pytest.fixture
def small(made_once: MadeOnce) -> Dataset:
    return made_once("knot1", lambda folder: make_knot(folder, 1))


NUMBERS = [250, pytest.param(10_000, marks=pytest.mark.soak)]


@pytest.mark.parametrize("number", NUMBERS)
def test_mutated_questions(small: Dataset, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(text: str) -> object:
        return small.query(f"match {text}" if text[:1] in "([" else text, limit=3)

    for question in _QUESTIONS:
        with contextlib.suppress(GraphkitError):
            ask(question)  # what first questions import and compile is not their matter
    with nothing_else_touched(small, tmp_path, monkeypatch):
        share = fuzzed(_QUESTIONS, _ALL, number, ask, seed=30)
    assert 0.05 < share < 0.9


@pytest.mark.parametrize("number", NUMBERS)
def test_mutated_motifs(small: Dataset, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    motifs = [
        m.replace("EPG", "A").replace("PEG", "B").replace("PEN_a", "C").replace("inputs", "mass")
        for m, _ in MOTIFS.values()
    ]

    def ask(text: str) -> object:
        return small.query(parse_dotmotif(small, text), limit=3)

    for motif in motifs:
        with contextlib.suppress(GraphkitError):
            ask(motif)
    with nothing_else_touched(small, tmp_path, monkeypatch):
        share = fuzzed(motifs, _ALL, number, ask, seed=31)
    assert 0.05 < share < 0.9


@pytest.mark.parametrize(
    "text",
    [
        "MATCH " + "(" * 3000,
        "MATCH (a where " + "not " * 3000 + "size > 1)",
        "MATCH (a) WHERE " + "(" * 3000 + "a.size > 1" + ")" * 3000,
        "MATCH " + "->".join(["(a)"] * 3000),
        "MATCH " + "->".join(f"(a{i})" for i in range(3000)),
        "MATCH (a)->(b) " + "WHERE a.size > 1 and " * 2000,
        "MATCH (a)-[" + "synapses > 1 and " * 3000 + "synapses > 1]->(b)",
        "MATCH (a)->(b) RETURN " + ", ".join(["a.size"] * 3000),
    ],
)
def test_texts_without_end(small: Dataset, text: str, tmp_path: Path) -> None:
    used = time.process_time()
    with contextlib.suppress(GraphkitError):
        small.query(text, limit=1)
    assert time.process_time() - used < 60
