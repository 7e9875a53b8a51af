"""Hypothesis strategies of typed forms, with the names that the dataset ``tiny`` has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from graphkit.motifs.nulls.by_name import MODELS
from graphkit.query import ir
from tests.conftest import LONG
from tests.strategies import neuron_ids

__all__ = ["conditions", "forms"]

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


_CONDITIONS = st.recursive(_comparisons(), _nested, max_leaves=4)
_maybe = st.none() | _CONDITIONS
_gaps = st.just(ir.HEAL_NM) | st.integers(0, 2**31 - 1)
_limits = st.none() | st.integers(1, 10**17)
_groups = st.lists(
    st.sampled_from(["type", "class", "side", "nt", "region", "hemilineage", "by"]), unique=True, max_size=3
).map(tuple)


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
        compartments=draw(st.sampled_from([None, ("axo-axonic",), ("axo-dendritic", "axo-axonic")])),
    )


@st.composite
def _connections(draw: st.DrawFn) -> ir.Connections:
    selection, groups = draw(_selections()), draw(_groups)
    both_ways = selection.kind == "chemical" and draw(st.booleans())
    figures = [f for f in ir.FIGURES if f != "mean" or set(groups) - {"region"}]
    figure = draw(st.sampled_from([None, *figures])) if selection.kind == "chemical" else None
    signs = draw(st.sampled_from(_SIGNS)) if figure is not None and "signed" in figure else None
    ends = draw(_maybe), draw(_maybe)
    return ir.Connections(*ends, both_ways, groups, selection, draw(_limits), figure=figure, signs=signs)


_SIGNS = (ir.Signs(("acetylcholine",), ("gaba",)), ir.Signs(("gaba",), ("acetylcholine",)))


_rate = st.integers(0, 999).map(lambda k: k / 1000)
_found = st.tuples(_rate, _rate).filter(lambda both: sum(both) <= 1)
_rates = st.builds(
    lambda found, *rest: ir.ReconstructionErrors(found[0], *rest[:3], found[1], *rest[3:]),
    _found, _rate, _rate, _rate, st.integers(1, 300), st.integers(0, 99),
)  # fmt: skip
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
    kind = draw(st.sampled_from(["all", "shortest", "k shortest", "strongest"]))
    hops = draw(st.integers(1, 12)) if kind == "all" else draw(st.none() | st.integers(1, 12))
    ranked = kind in ("k shortest", "strongest")
    limit = draw(st.integers(1, 1000)) if ranked else draw(_limits)
    strength = draw(st.sampled_from(["synapses", "input fraction"])) if ranked else "synapses"
    by = draw(st.sampled_from([(), ("type",)]))
    return ir.Paths(draw(_CONDITIONS), draw(_CONDITIONS), kind, hops, by, draw(_selections()), limit, (), strength)


@st.composite
def _spreads(draw: st.DrawFn) -> ir.Spread:
    model = draw(st.sampled_from(["flow", "cascade"]))
    hops = draw(st.integers(1, 12)) if model == "cascade" else None
    seed, limit, to = draw(st.integers(0, 999)), draw(_limits), draw(_maybe)
    return ir.Spread(
        draw(_CONDITIONS), model, hops, draw(st.booleans()), draw(_selections()), seed=seed, limit=limit, to=to
    )


def _ordered(form: Any) -> Any:
    """The form, its rows by their first column, descending."""
    column = form.by[0] if isinstance(form, ir.Projections) and form.by else "neuron_id"
    return replace(form, order=(ir.Sort(column, True),))


_against = st.builds(ir.Against, st.sampled_from(list(MODELS)), st.integers(1, 10**9), st.integers(0, 2**63))


@st.composite
def _with_errors(draw: st.DrawFn) -> ir.Form:
    """A form that has figures of neurons, or a curve, with an error model."""
    chosen, errors, of = draw(_selections()), draw(_rates), draw(_CONDITIONS)
    forms: list[ir.Form] = [
        ir.Motifs(chosen, errors=errors, roles=True),
        ir.Hubs("inputs", chosen, 7, errors=errors),
        ir.Hubs("inputs", chosen, draw(_limits), errors=errors, of=of),
        ir.Similar(ir.Comparison("neuron_id", "=", draw(_IDS)), "partners", chosen, 7, errors=errors),
        ir.Ranking("pagerank", chosen, 7, errors=errors),
        ir.Ranking("betweenness", chosen, draw(_limits), errors=errors, of=of),
        ir.Roles("integrators", 7, chosen, errors=errors),
        ir.Degrees(chosen, errors=errors),
        ir.Communities(draw(st.booleans()), chosen, errors=errors),
        ir.Components(draw(st.booleans()), chosen, errors=errors),
        ir.Spread(of, "flow", None, draw(st.booleans()), chosen, seed=draw(st.integers(0, 9)), errors=errors),
        ir.Effective(of, None, 3, draw(st.sampled_from([(), ("type", "side")])), chosen, errors=errors),
        ir.Distances(chosen, errors=errors),
        ir.SideConnections("left", "right", chosen, errors=errors),
        ir.Percolation("least connected", chosen, errors=errors),
        ir.Similarities(of, selection=chosen, errors=errors),
        ir.Connections(None, of, by=("type",), selection=chosen, errors=errors),
        ir.Partners(of, "outputs", draw(_places), chosen, errors=errors),
        ir.Connections(of, None, selection=chosen, errors=errors),
        ir.Common((of, ir.Comparison("neuron_id", "=", draw(_IDS))), "inputs", draw(_places), chosen, errors=errors),
        ir.Reach(of, "outputs", 3, draw(_places), chosen, errors=errors),
        ir.Paths(of, of, "strongest", 4, (), chosen, 7, strength="input fraction", errors=errors),
        ir.Similarities(of, selection=chosen, errors=errors, each=3),
        ir.Count(ir.Partners(of, "inputs", (), chosen, errors=errors)),
        ir.SimilarityClusters(of, count=7, by_type=draw(st.booleans()), selection=chosen, errors=errors),
    ]
    return draw(st.sampled_from(forms))


_FORMS: st.SearchStrategy[ir.Form] = st.one_of(
    st.builds(ir.Motifs, _selections(), st.booleans(), _limits),
    st.builds(ir.Motifs, _selections(), st.booleans(), _limits, against=_against),
    st.builds(ir.Motifs, _selections(), limit=_limits, against=_against, size=st.just(4)),
    st.builds(ir.Neurons, _maybe, st.none() | _regions, _limits),
    st.builds(ir.Types, _maybe, st.none() | _regions, _limits),
    st.builds(ir.Regions, _limits),
    st.builds(
        ir.Partners, _CONDITIONS, st.sampled_from(["inputs", "outputs", "partners"]), _groups, _selections(), _limits
    ),
    st.builds(ir.Synapses, _maybe, _maybe, _selections(), _limits, st.none() | _boxes()),
    _connections(),
    st.builds(ir.Neurons, _maybe, st.none() | _regions, _limits, _groups),
    st.builds(ir.Projections, _regions, _regions, _maybe, _places, _limits).map(_ordered),
    st.builds(ir.Sides, st.just("left"), st.just("right"), _maybe, st.none() | _regions, _limits),
    _paths(),
    st.builds(ir.Reach, _CONDITIONS, _directions, st.integers(1, 12), _places, _selections(), _limits),
    st.builds(
        ir.Common,
        st.lists(_CONDITIONS, min_size=2, max_size=3).map(tuple),
        _directions,
        _places,
        _selections(),
        _limits,
    ),
    st.builds(
        ir.Hubs,
        st.sampled_from(["degree", "in-degree", "out-degree", "synapses", "inputs", "outputs"]),
        _selections(),
        _limits,
        of=_maybe,
    ).map(_ordered),
    st.builds(
        ir.Similar,
        _IDS.map(lambda i: ir.Comparison("neuron_id", "=", i)),
        _directions,
        _selections(),
        st.integers(1, 99),
    ),
    st.builds(ir.Statistics, _selections(), _limits, st.just(()), st.none() | _rates),
    st.builds(ir.Motifs, _selections(), st.booleans(), _limits, errors=_rates),
    st.builds(
        ir.Ranking,
        st.sampled_from(["pagerank", "betweenness", "core number", "clustering", "attractor", "repeller"]),
        _selections(),
        _limits,
        of=_maybe,
    ).map(_ordered),
    st.builds(
        ir.Roles,
        st.sampled_from(["broadcasters", "integrators", "rich club neurons"]),
        st.integers(1, 99),
        _selections(),
        _limits,
        of=_maybe,
    ),
    st.builds(ir.RichClub, st.sampled_from(["total", "in", "out"]), _selections(), _limits),
    st.builds(
        ir.RichClub,
        st.sampled_from(["total", "in", "out"]),
        _selections(),
        against=_against.filter(lambda a: a.model != "synapse-counts"),
    ),
    st.builds(ir.Degrees, _selections(), _limits, of=st.sampled_from(["degree", "strength"])),
    st.builds(ir.Components, st.booleans(), _selections(), _limits),
    st.builds(ir.Statistics, _selections(), _limits, against=_against),
    st.builds(ir.RichClub, st.sampled_from(["total", "in", "out"]), _selections(), errors=_rates),
    st.builds(ir.Motifs, _selections(), limit=_limits, errors=_rates, size=st.just(4)),
    st.builds(ir.Distances, _selections(), _limits),
    st.builds(
        ir.Effective,
        _maybe,
        _maybe,
        st.integers(1, 12),
        st.sampled_from([(), ("type",), ("class", "side")]),
        _selections(),
        _limits,
    ),
    st.builds(ir.Percolation, st.sampled_from(["most connected", "least connected"]), _selections(), _limits),
    st.builds(ir.SideConnections, st.just("left"), st.just("right"), _selections(), _limits),
    st.builds(
        ir.Similarities,
        _maybe,
        st.sampled_from(ir.ALIKE),
        _directions,
        st.booleans(),
        _selections(),
        _limits,
        each=st.none() | st.integers(1, 99),
    ),
    st.builds(
        ir.SimilarityClusters,
        _maybe,
        st.sampled_from(ir.ALIKE),
        _directions,
        st.booleans(),
        st.none() | st.integers(1, 99),
        st.booleans(),
        _selections(),
        _limits,
    ),
    st.builds(ir.Morphology, _maybe, _limits, heal_nm=_gaps),
    st.builds(ir.Compartments, _maybe, _limits, heal_nm=_gaps),
    st.builds(ir.StrahlerOrders, _maybe, _limits, heal_nm=_gaps),
    st.builds(ir.Sholl, _maybe, st.integers(1, 2**31 - 1), _limits, heal_nm=_gaps),
    st.builds(ir.Projectome, _limits, errors=st.none() | _rates),
    st.builds(ir.Regions, _limits, errors=_rates),
    st.builds(ir.Communities, st.booleans(), _selections(), _limits),
    _spreads(),
    _with_errors(),
    st.builds(ir.Neurons, _maybe, st.none() | _regions).map(ir.Count),
    st.builds(ir.Synapses, _maybe, _maybe, _selections()).map(ir.Count),
)


def forms() -> st.SearchStrategy[ir.Form]:
    """Any form that a question can have, on the dataset ``tiny``."""
    return _FORMS


def conditions() -> st.SearchStrategy[ir.Condition]:
    """Any condition on its neurons."""
    return _CONDITIONS
