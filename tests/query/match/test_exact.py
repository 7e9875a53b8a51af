"""Every option of MATCH, in random patterns, against the definition."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from graphkit.dataset import Dataset
from graphkit.query import ir
from graphkit.query.executor import run
from graphkit.query.match.check import problem_of
from graphkit.query.match.parser import parse_match
from graphkit.query.match.text import match_text
from graphkit.query.plans import match
from graphkit.query.result import Result
from tests.query.match.oracle import MatchOracle
from tests.query.match.strategies import matches

_SETTINGS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20, deadline=None
)


@pytest.fixture(scope="module")
def oracle(knot: Dataset) -> MatchOracle:
    return MatchOracle(knot)


@pytest.fixture(params=["search", "join"])
def engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways to an answer, whichever the planner would choose."""
    before, match.FEW = match.FEW, -1 if request.param == "search" else math.inf
    yield
    match.FEW = before


def _ask(knot: Dataset, form: ir.Match) -> Result:
    return run(form, knot, cache=False)


def _check(knot: Dataset, oracle: MatchOracle, form: ir.Match) -> None:
    classes = oracle.classes(form)
    columns = tuple(ir.Attribute(n.name, "neuron_id") for n in form.nodes)
    rows = _ask(knot, replace(form, columns=columns))
    assert [tuple(r.values()) for r in rows] == sorted(c[0] for c in classes)
    assert _ask(knot, replace(form, returns="count")).scalar() == len(classes)
    assert _ask(knot, replace(form, returns="exists")).scalar() is bool(classes)
    sampled = _ask(knot, replace(form, columns=columns, sample=ir.Sample(1 + len(classes) // 2, len(classes))))
    drawn = [tuple(r.values()) for r in sampled]
    assert drawn == sorted(set(drawn))
    assert len(drawn) == min(len(classes), 1 + len(classes) // 2)
    assert set(drawn) <= {c[0] for c in classes}
    per_neuron = Counter(i for c in classes for i in c[0])
    found = _ask(knot, replace(form, returns="neurons"))
    assert {r["neuron_id"]: r["matches"] for r in found} == per_neuron
    assert [r["matches"] for r in found] == sorted(per_neuron.values(), reverse=True)


@pytest.mark.usefixtures("engine")
@given(form=matches())
@_SETTINGS
def test_matches_are_those_of_the_definition(knot: Dataset, oracle: MatchOracle, form: ir.Match) -> None:
    _check(knot, oracle, form)


@pytest.mark.soak
@pytest.mark.usefixtures("engine")
@given(form=matches(most=6))
@settings(_SETTINGS, max_examples=1500)
def test_larger_patterns_too(knot: Dataset, oracle: MatchOracle, form: ir.Match) -> None:
    _check(knot, oracle, form)


@given(form=matches(most=6))
@_SETTINGS
def test_text_and_json_give_the_same_form(knot: Dataset, form: ir.Match) -> None:
    assert parse_match(knot, match_text(form)) == form
    assert ir.from_json(ir.to_json(form)) == form
    for other in (
        replace(form, returns="exists"),
        replace(form, sample=ir.Sample(5)),
        replace(form, sample=ir.Sample(100, 7), columns=(ir.Attribute("a", "neuron_id"), ir.Attribute("a", "type"))),
    ):
        assert parse_match(knot, match_text(other)) == other
        assert ir.from_json(ir.to_json(other)) == other
    compared = replace(form, returns="count", columns=(), order=(), against=ir.Against("bidegree", 7, 3))
    erring = replace(compared, against=None, errors=ir.ReconstructionErrors(missed=0.125, split=0.5, samples=3, seed=2))
    if problem_of(erring) is None:
        assert parse_match(knot, match_text(erring)) == erring
        assert ir.from_json(ir.to_json(erring)) == erring
    if problem_of(compared) is None:
        assert parse_match(knot, match_text(compared)) == compared
        assert ir.from_json(ir.to_json(compared)) == compared
