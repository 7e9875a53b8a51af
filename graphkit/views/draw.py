"""From the rows of an answer to what a picture is drawn from."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from graphkit.errors import NotAnswerableError
from graphkit.query.vocabulary import quoted_name
from graphkit.views.figure import own_labels
from graphkit.views.natural import edges_of, ends_of, hop_ends, is_coupled

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

    from graphkit.query.result import Result

__all__ = ["draw"]


def _title(result: Result) -> str:
    return result.question if result.complete else f"{result.question}  (not all of it: cut off by a limit)"


def _null_model(result: Result) -> str:
    against = getattr(result.form, "against", None)
    return f"{against.samples:,} {against.model}" if against is not None else "null model"


def _samples(result: Result, name: str) -> dict[str, int]:
    """How many random graphs there were; nothing where an interruption left fewer than asked."""
    against = getattr(result.form, "against", None)
    stopped = any(note.startswith("Stopped early") for note in result.notes)
    return {} if against is None or stopped else {name: against.samples}


def _unshown(result: Result) -> str:
    """What to say of intervals that a picture has no room for."""
    intervals = any(name.startswith("perturbed_") for name in result.columns)
    return "Without the intervals of the error model, which are columns of the answer." if intervals else ""


def draw(result: Result, kind: str, colour_by: str | None = None, title: str | None = None) -> Figure:
    """The picture of a kind that fits the answer; discs are coloured by a column of the neurons, else by transmitter."""
    column, called = colour_by or "nt", _called(colour_by)
    title = _title(result) if title is None else title
    match kind:
        case "census":
            from graphkit.views.census import census_chart, motifs_by_type_chart

            return (motifs_by_type_chart if "type_a" in result.columns else census_chart)(result.table, title)
        case "significance":
            from graphkit.views.significance import significance_chart

            name = _null_model(result)
            return significance_chart({name: result.table}, title, samples=_samples(result, name))
        case "curve":
            from graphkit.views.curves import curve_chart
            from graphkit.views.sholl import SHOLL, sholl_chart

            if set(result.columns) >= SHOLL:
                return sholl_chart(result.table, title)
            return curve_chart(result.table, title)
        case "comparison":
            from graphkit.views.comparison import compared, comparison_chart
            from graphkit.views.types import type_chart

            return (
                comparison_chart(result.table, title, note=_unshown(result))
                if compared(result.columns)
                else type_chart(result.table, title)
            )
        case "hops":
            return _hops(result, title)
        case "components":
            from graphkit.views.components import component_chart

            return component_chart(result.table, title)
        case "similarity":
            from graphkit.views.similarity import similarity_map

            return similarity_map(
                result.table, title, complete=result.complete, unit=_likeness(result), note=_unshown(result)
            )
        case "skeletons":
            from graphkit.query.ir import HEAL_NM
            from graphkit.views.skeletons import split_drawing

            assert result.dataset is not None, "it fits"
            ids = list(dict.fromkeys(result.table["neuron_id"].to_pylist()))
            return split_drawing(result.dataset, ids, title, getattr(result.form, "heal_nm", HEAL_NM))
        case "regions":
            from graphkit.views.regions import region_chart

            return region_chart(result.table, title)
        case "paths":
            return _paths(result, column, called, title)
        case "circuit" | "layers" | "force" | "matrix":
            ends = ends_of(result)
            assert ends is not None, "it fits"
            if kind == "layers" and is_coupled(result):
                raise NotAnswerableError("Gap junctions have no direction, and so no layers.", hint="Draw a circuit.")
            if ends[0] in ("pre_id", "a_id"):
                return _neurons(result, ends, kind, column, called, title)
            if kind != "matrix":
                from graphkit.views.circuit import circuit_diagram

                edges = edges_of(result, ends[0], ends[1], "synapses")
                kinds = _of_types(result, column) if ends[0] in ("pre_type", "a_type") else {}
                how: dict[str, Any] = {"shape": kind, "coupled": is_coupled(result), "note": _unshown(result)}
                return circuit_diagram(edges, title, kinds=kinds, kinds_are=called, **how)
            edges, note = edges_of(result, *ends), ""
            if ends[0] == "region":
                edges = _by_region(result, ends[1], ends[2])
            if ends[1] == "type":
                edges, note = _groups(edges, ends[0])
            from graphkit.views.matrix import heat_map

            unit = f"z against {_null_model(result)}" if ends[2] == "z" else _FIGURES.get(ends[2], ends[2])
            first, second = (_AXES.get(end, end.replace("_", " ")) for end in ends[:2])
            return heat_map(
                edges, title, unit=unit, rows=first, columns=second, note=f"{note} {_unshown(result)}".strip()
            )
    from graphkit.views.bars import MOST_BARS, bar_chart

    step = next((c for c in ("layer", "hop") if {"neuron_id", "reached", c} <= set(result.columns)), None)
    if step is not None and len(result) > MOST_BARS:
        return bar_chart(_by_step(result, step), title, unit=f"neurons, by their mean {step}, rounded")
    return bar_chart(result.table, title)


def _likeness(result: Result) -> str:
    """What a similarity is of: "cosine similarity of input types"."""
    measure, direction = (getattr(result.form, name, "") for name in ("measure", "direction"))
    what = f"{direction.removesuffix('s')} types" if getattr(result.form, "types", False) else direction
    return f"{measure} similarity of {what or 'their partners'}".strip()


def _by_region(result: Result, name: str, figure: str) -> dict[tuple[str, str], float]:
    """The figure of each region and motif, or statistic; classes that do not hang together are left out."""
    apart = ("N", "003", "012", "102")
    return {(row["region"], row[name]): row[figure] for row in result if row[figure] and row.get("code") not in apart}


def _by_step(result: Result, step: str) -> pa.Table:
    """How many neurons a signal reaches at each layer, or hop."""
    import pyarrow as pa

    counts = Counter(int(value + 0.5) for value in result.table[step].to_pylist())
    rows = [(f"{step} {k}", counts[k]) for k in range(min(counts), max(counts) + 1)]
    return pa.table({step: [name for name, _ in rows], "neurons": [n for _, n in rows]})


_FIGURES = {
    "neuron_id": "neurons",
    "flow": "flow (synapses)",
    "probability": "connection probability",
    "mean": "synapses onto a postsynaptic neuron",
    "input_fraction": "share of the postsynaptic inputs",
    "signed": "synapses, excitation less inhibition",
    "induced": "induced count",
    "signed_input_fraction": "share of inputs, excitation less inhibition",
}
_AXES = {
    "pre_type": "presynaptic type",
    "post_type": "postsynaptic type",
    "a_type": "type",
    "b_type": "type",
    "from_region": "inputs in",
    "to_region": "outputs in",
}


def _groups(neurons: dict[tuple[str, str], float], called: str) -> tuple[dict[tuple[str, str], float], str]:
    """Neurons by group, such as a community, and type: without groups of one neuron, if there are others, and a note."""
    sizes: dict[str, float] = {}
    for (group, _), n in neurons.items():
        sizes[group] = sizes.get(group, 0) + n
    shown = {group for group, n in sizes.items() if n > 1} or set(sizes)
    single = len(sizes) - len(shown)
    words = {"community": "communities", "cluster": "clusters"}
    note = f"{single:,} {words[called] if single > 1 else called} of a single neuron not shown." if single else ""
    return {(f"{called} {group}", kind): n for (group, kind), n in neurons.items() if group in shown}, note


def _called(column: str | None) -> str:
    """What a legend calls the column."""
    return "transmitter" if column in (None, "nt") else str(column).replace("_", " ")


def _neurons(result: Result, ends: tuple[str, str, str], kind: str, column: str, called: str, title: str) -> Figure:
    """Connections of single neurons; that they are too many is seen before their rows are looked at."""
    from graphkit.views.circuit import check_discs, circuit_diagram

    ids = {i for end in ends[:2] for i in result.table[end].unique().to_pylist()}
    if kind != "matrix":
        check_discs(len(ids))
        names = _names(result, ids, column)
        pairs = edges_of(result, ends[0], ends[1], "synapses")
        edges = {(names[a][0], names[b][0]): n for (a, b), n in pairs.items()}
        how: dict[str, Any] = {"shape": kind, "coupled": is_coupled(result), "note": _unshown(result)}
        return circuit_diagram(edges, title, kinds=dict(names.values()), kinds_are=called, **how)
    return _adjacency(result, ends, ids, title)


def _hops(result: Result, title: str) -> Figure:
    from graphkit.views.hops import EFFECTIVE, hops_map

    ends = hop_ends(result)
    assert ends is not None, "it fits"
    figures: dict[tuple[str, str, int], float] = {}
    kind = "neuron" if ends[0] == "pre_id" else ends[0].removeprefix("pre_")
    names: dict[int, tuple[str, str | None]] = {}
    if kind == "neuron":
        names = _names(result, {i for end in ends for i in result.table[end].unique().to_pylist()}, "type")
    for row in result:
        pair = [names[row[end]][0] if names else row[end] or "(none)" for end in ends]
        figures[pair[0], pair[1], row["hops"]] = row[EFFECTIVE] or 0.0
    called = (f"presynaptic {kind}", f"postsynaptic {kind}")
    return hops_map(figures, title, unit="share of the postsynaptic inputs", ends=called, note=_unshown(result))


def _adjacency(result: Result, ends: tuple[str, str, str], ids: set[int], title: str) -> Figure:
    """A heat map of single neurons."""
    import numpy as np

    from graphkit.views.neuron_map import adjacency_map, check_neurons

    check_neurons(len(ids))
    names, order = _names(result, ids, "type"), np.array(sorted(ids), dtype=np.int64)
    pre, post = (np.searchsorted(order, result.table[end].to_numpy()) for end in ends[:2])
    figures = np.array([value or 0 for value in result.table[ends[2]].to_pylist()], dtype=np.float64)
    neurons = [names[i] for i in order.tolist()]
    unit = _FIGURES.get(ends[2], ends[2])
    return adjacency_map(
        pre, post, figures, neurons, title, unit=unit, coupled=is_coupled(result), note=_unshown(result)
    )


def _paths(result: Result, column: str, called: str, title: str) -> Figure:
    from graphkit.views.paths import path_diagram

    rows = result.rows()
    if "neuron_ids" not in result.columns:
        paths = [[t or "(none)" for t in row["types"]] for row in rows]
        weights = [[row["paths"]] * (len(p) - 1) for row, p in zip(rows, paths, strict=True)]
        return path_diagram(
            paths,
            weights,
            title,
            kinds=_of_types(result, column),
            kinds_are=called,
            unit="paths of single neurons",
            added=True,
            note=_unshown(result),
        )
    names = _names(result, {i for row in rows for i in row["neuron_ids"]}, column)
    paths = [[names[i][0] for i in row["neuron_ids"]] for row in rows]
    kinds = dict(names.values())
    return path_diagram(
        paths, [row["synapses"] for row in rows], title, kinds=kinds, kinds_are=called, note=_unshown(result)
    )


def _names(result: Result, ids: set[int], column: str) -> dict[int, tuple[str, str | None]]:
    """A label, its own, and what stands in the column, of each neuron."""
    rows: list[tuple[int, str | None, str | None]] = [(i, None, None) for i in sorted(ids)]
    if result.dataset is not None:
        kind = f"{quoted_name(column)}::VARCHAR"
        sql = f"SELECT neuron_id, name, {kind} FROM neurons WHERE neuron_id IN (SELECT unnest($ids)) ORDER BY neuron_id"
        rows = [*rows, *result.dataset.cursor(sql).execute(sql, {"ids": sorted(ids)}).fetchall()]
    labels = own_labels({i: name for i, name, _ in rows})
    return {i: (labels[i], nt) for i, _, nt in rows}


def _of_types(result: Result, column: str) -> dict[str, str | None]:
    """What most neurons of each type have in the column."""
    if result.dataset is None:
        return {}
    kind = f"{quoted_name(column)}::VARCHAR"
    sql = (
        f"SELECT type, {kind} AS k, count(*) AS n FROM neurons WHERE k IS NOT NULL GROUP BY type, k ORDER BY n, k DESC"
    )
    return {kind or "(none)": nt for kind, nt, _ in result.dataset.cursor(sql).execute(sql).fetchall()}
