"""Which picture an answer has: the columns tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphkit.query.result import Result

__all__ = ["edges_of", "ends_of", "fits", "hop_ends", "is_coupled", "natural_kind"]

_DISCS = 14
"""Types beyond which connections are a matrix rather than a circuit."""

_DENSE = 60
"""Connections beyond which they are too."""

_IN_COLUMNS = 30
"""The same where they stand in two columns."""

_FLOW = ("flow", "probability", "signed_input_fraction", "input_fraction", "mean", "signed", "synapses")


def natural_kind(result: Result) -> str | None:
    """The picture that an answer has by itself, or None."""
    for kind in (
        "census",
        "significance",
        "paths",
        "regions",
        "similarity",
        "skeletons",
        "curve",
        "comparison",
        "components",
        "hops",
    ):
        if fits(result, kind):
            return kind
    ends = ends_of(result)
    if ends is not None:
        if ends[0] in ("pre_id", "a_id"):
            from graphkit.views.circuit import MOST_DISCS

            neurons = {i for end in ends[:2] for i in result.table[end].unique().to_pylist()}
            return "circuit" if "synapses" in result.columns and len(neurons) <= MOST_DISCS else "matrix"
        edges = edges_of(result, *ends)
        names = sorted({str(n) for pair in edges for n in pair})
        few = len(names) <= _DISCS or (len(names) <= _IN_COLUMNS and _apart(edges, names))
        few = few and len(result) <= _DENSE
        return "circuit" if few and ends[2] == "synapses" else "matrix"
    return "bars" if fits(result, "bars") else None


def _apart(edges: dict[tuple[Any, Any], Any], names: list[str]) -> bool:
    """Whether they are two groups, each connected only with the other."""
    from graphkit.views.arrangement import two_groups

    return two_groups({(str(a), str(b)): n for (a, b), n in edges.items()}, names) is not None


def fits(result: Result, kind: str) -> bool:
    """Whether the answer has the columns that a kind of picture needs."""
    columns = set(result.columns)
    match kind:
        case "census" | "significance" if "region" in columns:
            return False
        case "census":
            return columns >= {"motif", "pattern", "induced"} and (
                columns >= {"count"} or columns >= {"type_a", "type_b"} or columns >= {"size", "perturbed_low"}
            )
        case "significance":
            return columns >= {"motif", "code", "pattern", "z", "p_adjusted"}
        case "paths":
            return columns >= {"hops", "neuron_ids", "synapses"} or columns >= {"types", "hops", "paths"}
        case "curve":
            from graphkit.views.curves import CURVES
            from graphkit.views.sholl import SHOLL

            return any(columns >= curve for curve in (*CURVES.values(), SHOLL))
        case "similarity":
            from graphkit.views.similarity import PAIRS

            return columns >= PAIRS
        case "skeletons":
            from graphkit.views.skeletons import COMPARTMENTS

            return columns >= COMPARTMENTS and result.dataset is not None
        case "comparison":
            from graphkit.views.comparison import compared
            from graphkit.views.types import compared_types

            return compared(result.columns) is not None or compared_types(result.columns) is not None
        case "hops":
            from graphkit.views.hops import EFFECTIVE

            return {EFFECTIVE, "hops"} <= columns and hop_ends(result) is not None
        case "components":
            from graphkit.views.components import COMPONENTS

            return columns >= COMPONENTS
        case "regions":
            return columns >= {"region", "parent", "path", "inputs"}
        case "circuit" | "layers" | "force":
            return ends_of(result) is not None and "synapses" in columns
        case "matrix":
            return ends_of(result) is not None
    return _fits_bars(result)


def hop_ends(result: Result) -> tuple[str, str] | None:
    """Columns of the two ends of an answer by hops: ids, or the one column that neurons are grouped by."""
    if {"pre_id", "post_id"} <= set(result.columns):
        return "pre_id", "post_id"
    pre, post = (
        [c for c in result.columns if c.startswith(way) and not c.endswith("_neurons")] for way in ("pre_", "post_")
    )
    return (pre[0], post[0]) if len(pre) == len(post) == 1 else None


def _fits_bars(result: Result) -> bool:
    """Rows with one name (or one neuron) and a figure."""
    from graphkit.views.bars import measures_of

    if {"statistic", "value"} <= set(result.columns):  # each in a unit of its own
        return False
    ids = [c for c in result.columns if c.endswith(("_id", "_ids"))]
    named = ids == ["neuron_id"] or (not ids and any(_is_text(result, c) for c in result.columns))
    counted = not ids and len(result.columns) in (2, 3)  # such as partners of a site and how many sites
    return bool((named or counted) and measures_of(result.table) and ends_of(result) is None)


def ends_of(result: Result) -> tuple[str, str, str] | None:
    """Columns of the source, the target and the figure, where the rows are connections, or types in groups of neurons."""
    columns = result.columns
    for figures, value in (({"region", "motif"}, "induced"), ({"region", "statistic", "z"}, "z")):
        if figures <= set(columns):
            return "region", "statistic" if "statistic" in figures else "motif", "z" if "z" in columns else value
    for group in ("cluster", "community"):
        if {group, "type", "neurons"} == set(columns):
            return group, "type", "neurons"
        if {group, "neuron_id", "type"} <= set(columns) and result.table["type"].null_count < len(result):
            return group, "type", "neuron_id"
    figure = next((f for f in _FLOW if f in columns), None)
    if figure is None:
        return None
    if {"pre_id", "post_id"} <= set(columns):
        return "pre_id", "post_id", figure
    coupled = is_coupled(result)
    if coupled and {"a_id", "b_id"} <= set(columns):
        return "a_id", "b_id", figure
    for first, second in (("pre_", "post_"), ("from_", "to_"), *([("a_", "b_")] if coupled else [])):
        groups = [
            c.removeprefix(first)
            for c in columns
            if c.startswith(first) and f"{second}{c.removeprefix(first)}" in columns
        ]
        named = [g for g in groups if g != "neurons" and _is_text(result, f"{first}{g}")]
        if len(named) == 1:
            return f"{first}{named[0]}", f"{second}{named[0]}", figure
    return None


def is_coupled(result: Result) -> bool:
    """Whether the rows are gap junctions, which have no direction."""
    from graphkit.query import ir

    return isinstance(result.form, ir.Connections) and result.form.selection.kind == "electrical"


def _is_text(result: Result, column: str) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(result.table.schema.field(column).type)
        or pa.types.is_large_string(result.table.schema.field(column).type)
    )


def edges_of(result: Result, source: str, target: str, figure: str) -> dict[tuple[Any, Any], Any]:
    """The figure of each pair (of ids, or of names), summed over what else the rows tell apart (regions); of gap junctions
    either way, of neurons how many there are.
    """
    edges: dict[tuple[Any, Any], Any] = {}
    coupled = is_coupled(result)
    for row in result:
        a, b = row[source], row[target]
        pair = ("(none)" if a is None else a, "(none)" if b is None else b)
        for way in {pair, pair[::-1]} if coupled else (pair,):
            edges[way] = edges.get(way, 0) + (1 if figure == "neuron_id" else row[figure] or 0)
    return edges
