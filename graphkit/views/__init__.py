"""Pictures of answers: one kind a module, each a plain function from the rows to a matplotlib figure.

    census          motifs (a bar a pattern, with its drawing), and motifs by type
    circuit         connections between types, or between a readable number of neurons
    matrix          connections between many types; flow from region to region
    paths           paths, a column a step
    regions         the tree of regions
    bars            partners, types, transmitters and other names with a figure

Which one is natural, the columns of the answer tell; where none is, ``plot`` says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphkitError, NotAnswerableError, did_you_mean

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure

    from graphkit.query.result import Result

__all__ = ["KINDS", "picture_format", "plot", "save_plot"]

KINDS = ("census", "circuit", "matrix", "paths", "regions", "bars")

_DISCS = 14
"""Types beyond which connections are a matrix rather than a circuit."""

_DENSE = 60
"""Connections beyond which they are too."""

_FLOW = ("flow", "probability", "synapses")


def plot(result: Result, kind: str | None = None) -> Figure:
    """The picture of an answer; ``kind`` where it is not to be the natural one.

    Raises:
        NotAnswerableError: no picture (or not this one) fits the answer, or it would have too much in it to be read.
        MissingExtraError: matplotlib is not installed.
    """
    from graphkit.views.figure import own_style

    if kind is not None and kind not in KINDS:
        raise GraphkitError(
            f"There is no kind of picture {kind!r}.", hint=did_you_mean(kind, KINDS) or f"There are {', '.join(KINDS)}."
        )
    chosen = kind or _natural(result)
    if chosen is None or not _fits(result, chosen):
        raise _no_picture(result, kind)
    with own_style():
        return _draw(result, chosen)


def picture_format(path: str | os.PathLike[str]) -> str:
    """png, svg or pdf, by the file's suffix.

    Raises:
        GraphkitError: another suffix.
    """
    from graphkit.views.figure import FORMATS

    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise GraphkitError(f"The suffix of {str(path)!r} names no kind of picture.", hint="Use .png, .svg or .pdf.")
    return suffix


def save_plot(result: Result, path: str | os.PathLike[str], kind: str | None = None) -> None:
    """Writes the picture of an answer to a .png, .svg or .pdf file, whole or not at all.

    Raises:
        NotAnswerableError: as ``plot``.
        GraphkitError: another suffix, or the file cannot be written.
    """
    from graphkit.exporters import replacing
    from graphkit.views.figure import figure_bytes

    form = picture_format(path)
    data = figure_bytes(plot(result, kind), form)
    with replacing(Path(path)) as file:
        file.write(data)


def _no_picture(result: Result, kind: str | None) -> NotAnswerableError:
    what = f"No picture of the kind {kind!r} fits" if kind else "No picture is natural for"
    return NotAnswerableError(
        f"{what} the answer to {result.question!r}.",
        hint="Motifs, connections (best `by type`), partners, types, regions and paths have one, and so has any SQL "
        "with a column of names and one of numbers.",
    )


def _natural(result: Result) -> str | None:
    if not len(result):
        raise NotAnswerableError(f"The answer to {result.question!r} has no rows to draw.", hint="Ask for more.")
    for kind in ("census", "paths", "regions"):
        if _fits(result, kind):
            return kind
    ends = _ends(result)
    if ends is not None:
        names = {n for pair in _edges(result, *ends) for n in pair}
        single = ends[0] == "pre_id"
        few = len(names) <= _DISCS and len(result) <= _DENSE
        return "circuit" if (single or few) and "synapses" in result.columns else "matrix"
    return "bars" if _fits(result, "bars") else None


def _fits(result: Result, kind: str) -> bool:
    columns = set(result.columns)
    match kind:
        case "census":
            return columns >= {"motif", "pattern", "induced"} and (
                columns >= {"count"} or columns >= {"type_a", "type_b"}
            )
        case "paths":
            return columns >= {"neuron_ids", "types", "synapses"} or columns >= {"types", "hops", "paths"}
        case "regions":
            return columns >= {"region", "parent", "path", "inputs"}
        case "circuit":
            return _ends(result) is not None and "synapses" in columns
        case "matrix":
            return _ends(result) is not None
    from graphkit.views.bars import measures_of

    return bool(
        len(result)
        and measures_of(result.table)
        and _ends(result) is None
        and not columns & {"synapse_id", "neuron_ids"}
    )


def _ends(result: Result) -> tuple[str, str, str] | None:
    """Columns of the source, the target and the figure, where the rows are connections."""
    columns = result.columns
    figure = next((f for f in _FLOW if f in columns), None)
    if figure is None:
        return None
    if {"pre_id", "post_id"} <= set(columns):
        return "pre_id", "post_id", figure
    for first, second in (("pre_", "post_"), ("from_", "to_")):
        groups = [
            c.removeprefix(first)
            for c in columns
            if c.startswith(first) and f"{second}{c.removeprefix(first)}" in columns
        ]
        named = [g for g in groups if g != "neurons" and _is_text(result, f"{first}{g}")]
        if len(named) == 1:
            return f"{first}{named[0]}", f"{second}{named[0]}", figure
    return None


def _is_text(result: Result, column: str) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_string(result.table.schema.field(column).type)
        or pa.types.is_large_string(result.table.schema.field(column).type)
    )


def _edges(result: Result, source: str, target: str, figure: str) -> dict[tuple[str, str], Any]:
    """The figure of each pair, summed over what else the rows tell apart (regions)."""
    edges: dict[tuple[str, str], Any] = {}
    for row in result:
        pair = (_name(row, source), _name(row, target))
        edges[pair] = edges.get(pair, 0) + (row[figure] or 0)
    return edges


def _name(row: dict[str, Any], column: str) -> str:
    if column in ("pre_id", "post_id"):
        return str(row.get(f"{column.removesuffix('id')}name") or row[column])
    return "(none)" if row[column] is None else str(row[column])


def _title(result: Result) -> str:
    return result.question if result.complete else f"{result.question}  (not all of it: cut off by a limit)"


def _draw(result: Result, kind: str) -> Figure:
    title = _title(result)
    match kind:
        case "census":
            from graphkit.views.census import census_chart, motifs_by_type_chart

            return (census_chart if "count" in result.columns else motifs_by_type_chart)(result.table, title)
        case "regions":
            from graphkit.views.regions import region_chart

            return region_chart(result.table, title)
        case "paths":
            return _paths(result)
        case "circuit" | "matrix":
            ends = _ends(result)
            assert ends is not None, "it fits"
            edges = _edges(result, *ends)
            if kind == "circuit":
                from graphkit.views.circuit import circuit_diagram

                return circuit_diagram(edges, title, kinds=_transmitters(result, ends))
            from graphkit.views.matrix import heat_map

            first, second = (_AXES.get(end, end.replace("_", " ")) for end in ends[:2])
            return heat_map(edges, title, unit=_FIGURES.get(ends[2], ends[2]), rows=first, columns=second)
    from graphkit.views.bars import bar_chart

    return bar_chart(result.table, title)


_FIGURES = {"flow": "flow (synapses)", "probability": "connection probability"}
_AXES = {
    "pre_type": "presynaptic type",
    "post_type": "postsynaptic type",
    "from_region": "inputs in",
    "to_region": "outputs in",
}


def _paths(result: Result) -> Figure:
    from graphkit.views.paths import path_diagram

    rows = result.rows()
    if "neuron_ids" not in result.columns:
        paths = [[t or "(none)" for t in row["types"]] for row in rows]
        weights = [[row["paths"]] * (len(p) - 1) for row, p in zip(rows, paths, strict=True)]
        return path_diagram(paths, weights, _title(result), kinds=_of_types(result), unit="paths of single neurons")
    names = _names(result, {i for row in rows for i in row["neuron_ids"]})
    paths = [[names[i][0] for i in row["neuron_ids"]] for row in rows]
    kinds = dict(names.values())
    return path_diagram(paths, [row["synapses"] for row in rows], _title(result), kinds=kinds)


def _names(result: Result, ids: set[int]) -> dict[int, tuple[str, str | None]]:
    """Name (else id) and transmitter by id."""
    if result.dataset is None:
        return {i: (str(i), None) for i in ids}
    sql = "SELECT neuron_id, name, nt FROM neurons WHERE neuron_id IN (SELECT unnest($ids))"
    rows = result.dataset.cursor(sql).execute(sql, {"ids": sorted(ids)}).fetchall()
    return {i: (name or str(i), nt) for i, name, nt in rows}


def _transmitters(result: Result, ends: tuple[str, str, str]) -> dict[str, str | None]:
    """Transmitter of each end: the neuron's, or the one that most neurons of the type have."""
    if result.dataset is None:
        return {}
    if ends[0] == "pre_id":
        ids = {row[end] for row in result for end in ends[:2]}
        return dict(_names(result, ids).values())
    return _of_types(result) if ends[0] == "pre_type" else {}


def _of_types(result: Result) -> dict[str, str | None]:
    if result.dataset is None:
        return {}
    sql = "SELECT type, nt, count(*) AS n FROM neurons WHERE nt IS NOT NULL GROUP BY type, nt ORDER BY n, nt DESC"
    return {kind or "(none)": nt for kind, nt, _ in result.dataset.cursor(sql).execute(sql).fetchall()}
