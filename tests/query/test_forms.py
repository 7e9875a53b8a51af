"""The typed form: golden questions, and what goes out of it (JSON, the echo) comes in again as the same form."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lark import Token, Tree

from graphkit.dataset import Dataset
from graphkit.errors import QueryError
from graphkit.motifs.nulls.by_name import MODELS
from graphkit.query import ir
from graphkit.query.echo import echo
from graphkit.query.english import parse_english, parse_set
from graphkit.query.english.parser import GRAMMAR
from graphkit.query.english.parser import parser as english_parser
from graphkit.query.reading import parse_question
from tests.conftest import LONG
from tests.strategies import neuron_ids

GOLDEN = Path(__file__).parents[1] / "golden" / "forms.json"
QUESTIONS = [
    "motifs",
    "motifs in region EB",
    "MOTIFS IN REGION eb",
    "motifs in EB?",
    "triads in EB, FB",
    'triad census in region "beta\'L(R)" by type',
    "census among type A, type B without autapses",
    "motifs between neurons of EB with at least 5 synapses",
    "motifs between neurons of (EB, FB) at 30% with >= 5 synapses per region limit 3",
    "motifs between type A or type B with electrical synapses",
    "motifs with synapses >= 3 per region",
    "motifs with transmitter GABA, acetylcholine top 4",
    "neurons",
    "neurons limit 5.",
    "neurons in EB where type = 'A'",
    "neurons in region EB, FB where type = A* and not side = left",
    "neurons of region EB",
    "neurons of EB, FB at 12.5 % where inputs >= 1e2",
    "neurons where (type != 'A' and (inputs > 5 or outputs <= 3)) or class ~ 'intr*'",
    "neurons where type <> A and inputs == 3 and inputs != 4",
    "neurons where type in (A, 'B', 'D*') and nt not in (gaba)",
    "neurons where side is null or name is not null",
    "neurons where neuron_id is null",
    "neurons where not not complete = true and complete != false",
    "neurons where id = 720575940621039147",
    "neurons where neuron_id in (720575940621039145, 720575940621039146)",
    "neurons where neuron_id > 720575940621039145.0",
    "neurons where soma_x_nm = -5 and mass >= 0.5 and mass < 1.25e3",
    "neurons where found_on >= '2020-01-02' and cluster_id = 7",
    "neurons where \"spike rate\" > 3 and 'by' = limit",
    "neurons where name < 'B' and hemilineage like '0?'",
    'neurons where belongs to EB at 40 % and has synapses in (FB, "beta\'L(R)")',
    "neurons where type = 'D(x)_L'''",
    "neurons @mine (2 neurons) where type = A and not in @mine",
    "types of @MINE",
    "neurons where id in @mine or neuron_id not in @mine",
    "inputs of @mine, type A",
    'neurons where type = "D(x)_L\'" and name = \'D "quoted"\'',
    "types",
    "types in EB",
    "types of region EB at 30 % where class = intrinsic limit 2",
    "regions",
    "regions top 2;",
    "inputs of type A",
    "input of B",
    "upstream of neuron 720575940621039145",
    "inputs of 720575940621039145, 720575940621039146 or neurons 720575940621039147",
    "inputs of neurons (720575940621039145, 720575940621039146)",
    "outputs of type 'A*' by region",
    "downstream of class sensory by type, classes, sides, transmitters, regions",
    "partners of B2_R by nt limit 1",
    'outputs of side left, name "it\'s" in CX with transmitter gaba with at least 2 synapses',
    "inputs of type (A, 'D*', B) among neurons in EB",
    "inputs of neurons where inputs > 2",
    "inputs of neurons where (inputs > 2 and (type = A or not type = B)), neurons of region FB",
    "partners of neurons in (EB, FB) without autapses with electrical synapses",
    "connections",
    "connections from type A",
    "connections onto class sensory by class",
    "connections from type A to any neuron by type, region",
    "connections from all neurons to all",
    "connections between type A and type B by type",
    "connections between type A",
    "connections among neurons of EB with chemical synapses",
    "connections from type A to type B among neurons of CX",
    "gap junctions",
    "gap junctions between type A and type B",
    "connections from type A with electrical synapses by side",
    "synapses",
    "synapse from type A to type B",
    "synapses from type A to type B in EB with at least 2 synapses per region limit 10",
    "synapses among type A, B",
    "synapses with nt GABA without autapses",
    "motifs with more than 2 synapses",
    "motifs in EB with > 2 synapses per region order by induced desc, motif",
    "connections with 3 or more synapses sorted by synapses ascending",
    "neurons by type, side order by neurons descending",
    "neurons in EB where inputs > 1 by region limit 2",
    "types ordered by inputs",
    "regions sorted by region desc",
    "inputs of type A by region order by synapses",
    "synapses in box (0, -5, 1e3)-(10,20.0,30) nm",
    "synapses from type A in box (1,1,1) to (0,0,0) um order by pre_id",
    "synapses with presynaptic points in box (0,0,0)-(0.5,2,3) µm",
    "synapses with post in box (0,0,0)-(5,2,3) nm limit 1",
    "paths from type A to type B within 3 hops",
    "all paths from type A onto type B within 1 hop in EB with at least 2 synapses without autapses limit 7",
    "paths from type 'A*' to type B within 2 steps by type order by paths desc",
    "shortest path from type A to 720575940621039147",
    "shortest paths from A1 to type B within 4 hops among neurons of CX with transmitter gaba",
    "strongest path from type A to type B",
    "strongest paths from type A to type B within 5 hops top 3",
    "common inputs of A1 and A2",
    "common outputs of type A or type B and neurons where inputs > 2 and 720575940621039147 in EB by type",
    "common partners of type A and type B with at least 2 synapses order by neuron_id limit 2",
    "upstream of type A within 2 hops",
    "downstream of B within 1 hop by side, type",
    "partners of neurons of EB within 3 hops with electrical synapses order by hops descending",
    "reciprocal pairs",
    "feed-forward loops in EB where A.type = 'A' and b.inputs >= 2 induced",
    "number of feedback loops among type 'A*' where a.type != c.type",
    "count one-way connections where not (a.type = 'A' or a.side is null) and b.type in (A, B)",
    "divergences onto a reciprocal pair with at least 2 synapses order by a.type desc, b.neuron_id limit 3",
    "chains order by c.inputs, a.side desc",
    "hubs",
    "hubs in EB top 5",
    "hubs by in-degree order by name",
    "hubs among type A, B with electrical synapses by synapses limit 3",
    "neurons like 720575940621039145",
    "neurons similar to A1 by outputs in EB top 2",
    "projections from EB to FB",
    "projection neurons from region EB, FB to CX where type = 'A*' by type, side order by neurons",
    "compare left and right",
    "compare 'left' and right of EB where type = 'A*' order by difference desc limit 4",
    "compare right and left in EB, FB",
    "statistics in EB with at least 2 synapses",
    "network statistics",
    "PageRank in EB top 3",
    "betweenness among type 'A*' order by betweenness",
    "core numbers",
    "clustering limit 2",
    "attractors in EB",
    "repeller without autapses",
    "broadcasters",
    "integrators of degree at least 5 in EB",
    "rich club neurons of degree >= 3 order by out_degree desc",
    "rich-club neurons",
    "rich club",
    "rich club by in degree in EB",
    "rich club by out-degree with at least 2 synapses",
    "statistics in EB with error model missed 10 %, false 0.05 seed 3",
    "motifs with 20 error model split 2.5 %, merged 1 %",
    "degree distribution in EB",
    "communities",
    "communities in EB by type order by neurons desc",
    "information flow from type A",
    "information flow from A1, type B in EB by type seed 7",
    "signal cascade from neurons of EB",
    "signal cascade from type A within 3 hops by type limit 4 seed 2",
    "connection probability by distance in CX",
    "compare connections of left and right in EB",
    "compare connections of right and 'left' with at least 2 synapses order by p limit 3",
    "percolation in EB",
    "percolation from the least connected with at least 2 synapses limit 9",
    "projectome",
    "projectome order by neurons desc limit 3",
    "motifs in EB against 20 configuration",
    "motifs against Erdos-Renyi seed 3 with at least 2 synapses order by z limit 3",
    "motifs in EB vs 5 NPC",
    "motifs of size 4 in EB",
    "motif roles of neurons in EB",
    "motif roles of size 4 among type A limit 3",
]


@pytest.fixture(scope="module")
def tiny(tiny: Dataset) -> Dataset:
    """With the set @mine."""
    return tiny.with_sets({"mine": [LONG, LONG + 2]})


def _form(tiny: Dataset, question: str) -> ir.Form:
    return parse_english(tiny, question)


def test_golden_forms(tiny: Dataset) -> None:
    found = {q: json.loads(ir.to_json(_form(tiny, q))) for q in QUESTIONS}
    if os.environ.get("GRAPHKIT_UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    golden = json.loads(GOLDEN.read_text())
    assert list(golden) == QUESTIONS
    for question, expected in golden.items():
        assert found[question] == expected, question


@pytest.mark.parametrize("question", QUESTIONS)
def test_json_and_echo_give_the_same_form(tiny: Dataset, question: str) -> None:
    form = _form(tiny, question)
    assert ir.from_json(ir.to_json(form)) == form
    assert parse_question(tiny, echo(form)) == form


def test_json_keeps_ids_as_text(tiny: Dataset) -> None:
    assert f'"{LONG}"' in ir.to_json(_form(tiny, f"inputs of {LONG}"))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version":1}', '{"question":"regions","version":2}', '{"question":"x","version":1}',
     '{"question":"regions","version":1,"bogus":3}', '{"question":"motifs","version":1,"selection":{"min_synapses":0}}',
     '{"question":"motifs","version":1,"selection":{"kind":"x\'"}}', '{"question":"neurons","version":1,"where":{"is":"Nope"}}',
     '{"question":"motifs","version":1,"selection":3}'],
)  # fmt: skip
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        ir.from_json(text)


# -- every form, not only the golden ones ---------------------------------------------------------------------------

_TEXTS = {
    "type": ("A", "B", "b", "D(x)_L'"),
    "class": ("intrinsic", "sensory", "A"),
    "side": ("left", "right"),
    "name": ("A1", "it's", 'D "quoted"'),
    "nt": ("gaba", "acetylcholine"),
    "hemilineage": ("0A", "1B", ""),
    "by": ("limit", "where"),
}
_IDS = st.sampled_from([LONG + i for i in range(6)])
_NUMBERS = st.one_of(neuron_ids(), st.floats(-1e20, 1e20, allow_nan=False).filter(lambda x: x != int(x)))
_regions = st.lists(st.sampled_from(["CX", "EB", "FB", "beta'L(R)", "Empty"]), min_size=1, max_size=3, unique=True).map(
    tuple
)
_shares = st.one_of(st.just(0.5), st.integers(1, 1000).map(lambda k: k / 1000), st.floats(1e-6, 1.0))


@st.composite
def _comparisons(draw: st.DrawFn) -> ir.Condition:
    column = draw(st.sampled_from(list(_TEXTS)))
    values = _TEXTS[column]
    listed = st.lists(st.sampled_from(values), min_size=2, unique=True).map(tuple)
    several = st.lists(_IDS, min_size=2, max_size=8, unique=True).map(tuple)
    return draw(
        st.one_of(
            st.sampled_from(values).map(lambda v: ir.Comparison(column, "=", v)),
            st.just(ir.Comparison(column, "like", values[0][:1] + "*")),
            listed.map(lambda v: ir.Comparison(column, "in", v)),
            st.sampled_from(["is null", "is not null"]).map(lambda op: ir.Comparison(column, op)),  # type: ignore[arg-type]
            st.tuples(
                st.sampled_from(["<", "<=", ">", ">="]), st.text(max_size=5).filter(lambda t: not set("*?") & set(t))
            ).map(lambda ov: ir.Comparison(column, ov[0], ov[1])),
            st.tuples(st.sampled_from(["=", "!=", "<", ">="]), _NUMBERS).map(
                lambda ov: ir.Comparison("spike rate", ov[0], ov[1])
            ),
            st.tuples(st.sampled_from(["!=", "<", "<=", ">", ">="]), neuron_ids()).map(
                lambda ov: ir.Comparison("neuron_id", ov[0], ov[1])
            ),
            _IDS.map(lambda i: ir.Comparison("neuron_id", "=", i)),
            several.map(lambda i: ir.Comparison("neuron_id", "in", i)),
            st.tuples(st.sampled_from(["=", "!="]), st.booleans()).map(
                lambda ov: ir.Comparison("complete", ov[0], ov[1])
            ),
            _regions.map(ir.HasSynapsesIn),
            st.builds(ir.BelongsTo, _regions, _shares),
        )
    )


def _nested(inner: st.SearchStrategy[ir.Condition]) -> st.SearchStrategy[ir.Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(several.map(ir.And), several.map(ir.Or), inner.map(ir.Not))


_conditions = st.recursive(_comparisons(), _nested, max_leaves=4)
_maybe = st.none() | _conditions
_limits = st.none() | st.integers(1, 10**17)
_groups = st.lists(st.sampled_from(["type", "class", "side", "nt", "region"]), unique=True, max_size=3).map(tuple)


@st.composite
def _selections(draw: st.DrawFn) -> ir.Selection:
    least = draw(st.integers(1, 100))
    return ir.Selection(
        regions=draw(st.none() | _regions),
        neurons=draw(_maybe),
        min_synapses=least,
        per_region=least > 1 and draw(st.booleans()),
        kind=draw(st.sampled_from(["chemical", "electrical"])),
        nt=draw(st.sampled_from([None, ("gaba",), ("acetylcholine", "gaba")])),
        autapses=draw(st.booleans()),
    )


@st.composite
def _connections(draw: st.DrawFn) -> ir.Connections:
    selection = draw(_selections())
    both_ways = selection.kind == "chemical" and draw(st.booleans())
    return ir.Connections(draw(_maybe), draw(_maybe), both_ways, draw(_groups), selection, draw(_limits))


_rate = st.integers(0, 999).map(lambda k: k / 1000)
_rates = st.builds(ir.ReconstructionErrors, _rate, _rate, _rate, _rate, st.integers(1, 300), st.integers(0, 99))
_directions = st.sampled_from(["inputs", "outputs", "partners"])
_places = st.lists(st.sampled_from(["type", "class", "side", "nt"]), unique=True, max_size=2).map(tuple)


@st.composite
def _boxes(draw: st.DrawFn) -> ir.Box:
    coordinate = st.integers(-(2**31) + 1, 2**31 - 2)
    low = [draw(coordinate) for _ in range(3)]
    high = tuple(draw(st.integers(x + 1, 2**31 - 1)) for x in low)
    return ir.Box((low[0], low[1], low[2]), high, draw(st.sampled_from(["pre", "post"])))


@st.composite
def _paths(draw: st.DrawFn) -> ir.Paths:
    kind = draw(st.sampled_from(["all", "shortest", "strongest"]))
    hops = draw(st.integers(1, 12)) if kind == "all" else draw(st.none() | st.integers(1, 12))
    limit = draw(st.integers(1, 1000)) if kind == "strongest" else draw(_limits)
    by = draw(st.sampled_from([(), ("type",)]))
    return ir.Paths(draw(_conditions), draw(_conditions), kind, hops, by, draw(_selections()), limit)


@st.composite
def _spreads(draw: st.DrawFn) -> ir.Spread:
    model = draw(st.sampled_from(["flow", "cascade"]))
    hops = draw(st.integers(1, 12)) if model == "cascade" else None
    seed, limit = draw(st.integers(0, 999)), draw(_limits)
    return ir.Spread(draw(_conditions), model, hops, draw(st.booleans()), draw(_selections()), seed=seed, limit=limit)


def _ordered(form: Any) -> Any:
    """The form, its rows by their first column, descending."""
    column = form.by[0] if isinstance(form, ir.Projections) and form.by else "neuron_id"
    return replace(form, order=(ir.Sort(column, True),))


_against = st.builds(ir.Against, st.sampled_from(list(MODELS)), st.integers(1, 10**9), st.integers(0, 2**63))


_forms: st.SearchStrategy[ir.Form] = st.one_of(
    st.builds(ir.Motifs, _selections(), st.booleans(), _limits),
    st.builds(ir.Motifs, _selections(), limit=_limits, against=_against),
    st.builds(ir.Neurons, _maybe, st.none() | _regions, _limits),
    st.builds(ir.Types, _maybe, st.none() | _regions, _limits),
    st.builds(ir.Regions, _limits),
    st.builds(
        ir.Partners, _conditions, st.sampled_from(["inputs", "outputs", "partners"]), _groups, _selections(), _limits
    ),
    st.builds(ir.Synapses, _maybe, _maybe, _selections(), _limits, st.none() | _boxes()),
    _connections(),
    st.builds(ir.Neurons, _maybe, st.none() | _regions, _limits, _groups),
    st.builds(ir.Projections, _regions, _regions, _maybe, _places, _limits).map(_ordered),
    st.builds(ir.Sides, st.just("left"), st.just("right"), _maybe, st.none() | _regions, _limits),
    _paths(),
    st.builds(ir.Reach, _conditions, _directions, st.integers(1, 12), _places, _selections(), _limits),
    st.builds(
        ir.Common,
        st.lists(_conditions, min_size=2, max_size=3).map(tuple),
        _directions,
        _places,
        _selections(),
        _limits,
    ),
    st.builds(
        ir.Hubs,
        st.sampled_from(["degree", "in-degree", "out-degree", "synapses", "inputs", "outputs"]),
        _selections(),
        st.integers(1, 99),
    ).map(_ordered),
    st.builds(
        ir.Similar,
        _IDS.map(lambda i: ir.Comparison("neuron_id", "=", i)),
        _directions,
        _selections(),
        st.integers(1, 99),
    ),
    st.builds(ir.Statistics, _selections(), _limits, st.just(()), st.none() | _rates),
    st.builds(ir.Motifs, _selections(), st.just(False), _limits, errors=_rates),
    st.builds(
        ir.Ranking,
        st.sampled_from(["pagerank", "betweenness", "core number", "clustering", "attractor", "repeller"]),
        _selections(),
        st.integers(1, 99),
    ).map(_ordered),
    st.builds(
        ir.Roles,
        st.sampled_from(["broadcasters", "integrators", "rich club neurons"]),
        st.integers(1, 99),
        _selections(),
        _limits,
    ),
    st.builds(ir.RichClub, st.sampled_from(["total", "in", "out"]), _selections(), _limits),
    st.builds(ir.Degrees, _selections(), _limits),
    st.builds(ir.Distances, _selections(), _limits),
    st.builds(ir.Percolation, st.sampled_from(["most connected", "least connected"]), _selections(), _limits),
    st.builds(ir.SideConnections, st.just("left"), st.just("right"), _selections(), _limits),
    st.builds(ir.Projectome, _limits),
    st.builds(ir.Communities, st.booleans(), _selections(), _limits),
    _spreads(),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(form=_forms)
def test_any_form_survives_json_and_echo(tiny: Dataset, form: ir.Form) -> None:
    assert ir.from_json(ir.to_json(form)) == form
    assert parse_english(tiny, echo(form)) == form


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(form=_forms)
def test_every_form_can_be_planned_and_run(tiny: Dataset, form: ir.Form) -> None:
    from graphkit.query.planner import plan

    tiny.cursor(sql := plan(form, tiny).sql).execute(f"SELECT * FROM ({sql}\n) LIMIT 1").fetchall()


def test_a_long_list_of_ids_says_that_it_is_abbreviated(sim: Dataset) -> None:
    ids = tuple(sim.table("neurons")["neuron_id"].to_pylist())
    text = echo(ir.Motifs(ir.Selection(neurons=ir.Comparison("neuron_id", "in", ids))))
    assert text.endswith(f"{ids[7]}, ... 400 ids in all)")
    assert len(text) < 200


@given(condition=_conditions)
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_a_set_of_neurons_by_itself_is_the_same_condition(tiny: Dataset, condition: ir.Condition) -> None:
    words = echo(ir.Partners(condition, "inputs")).removeprefix("inputs of ")
    assert parse_set(tiny, words) == condition


def test_gap_junctions_have_no_direction_in_the_form_either() -> None:
    electrical = ir.Selection(kind="electrical")
    assert ir.Connections(both_ways=True, selection=electrical) == ir.Connections(selection=electrical)


# -- the grammar ----------------------------------------------------------------------------------------------------


def _used(tree: Tree[Token]) -> tuple[set[str], set[str]]:
    trees = {str(t.data) for t in tree.iter_subtrees()}
    tokens = {t.type for t in tree.scan_values(lambda v: isinstance(v, Token))}
    return trees, tokens


def test_no_rule_of_the_grammar_is_idle() -> None:
    """Every alternative and every word of the grammar is met by a golden question."""
    grammar = GRAMMAR.read_text()
    parser = english_parser()
    origins = {str(r.alias or r.origin.name) for r in parser.rules if not str(r.origin.name).startswith("__")}
    inlined = set(re.findall(r"^\?(\w+):", grammar, re.MULTILINE))
    met: set[str] = set()
    for question in QUESTIONS:
        met |= _used(parser.parse(question, start="start"))[0]
    assert origins - inlined <= met, origins - inlined - met
    for terminal in parser.terminals:
        pattern = re.compile(terminal.pattern.to_regexp(), re.IGNORECASE)
        assert any(pattern.search(q) for q in QUESTIONS), terminal.name


def _tokens_of(question: str) -> list[Any]:
    return [t.type for t in english_parser().parse_interactive(question, start="start").exhaust_lexer()]


def test_every_word_of_the_grammar_is_read_as_itself() -> None:
    seen = {name for q in QUESTIONS for name in _tokens_of(q)}
    declared = {t.name for t in english_parser().terminals} - set(english_parser().ignore_tokens)
    assert declared - seen == set()
