"""Motifs and matches of a pattern in a graph that a dataset's connections make up, against random graphs of a null model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError, NotAnswerableError
from graphkit.progress import shown
from graphkit.query.answers import Answer
from graphkit.stopping import current

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir

__all__ = ["columns", "null_options", "of_motifs", "of_pattern"]

_FIGURES = ("observed", "null_mean", "null_sd", "z", "p", "p_adjusted")


def columns(form: ir.Motifs) -> list[str]:
    """The columns of motifs against a null model."""
    if form.by_type:
        return ["motif", "code", "type_a", "type_b", "type_c", *_FIGURES, "pattern"]
    return ["motif", "code", "pattern", "size", *_FIGURES, "strength", "strength_sd"]


def of_motifs(graph: Graph, form: ir.Motifs, dataset: Dataset) -> Answer:
    """A row a motif, or a motif and the types in its roles; not complete where it was interrupted."""
    assert form.against is not None
    current().hands_over = True  # Ctrl-C: what is ready, and not nothing
    options, notes = _options(graph, form.against, dataset)
    try:
        if form.by_type:
            return _by_type(graph, options, notes)
        from graphkit.motifs.significance import significance

        found = significance(graph, size=form.size, **options)
    except GraphError as error:
        raise NotAnswerableError(error.message, hint=error.hint) from error
    return Answer(found.table(), found.complete, (*notes, *found.notes), interrupted=not found.complete)


def _by_type(graph: Graph, options: dict[str, Any], notes: tuple[str, ...]) -> Answer:
    import pyarrow as pa

    from graphkit.motifs.significance_by_type import significance_by_type

    found = significance_by_type(graph, list(graph.attributes.get("type", [None] * graph.n_neurons)), **options)
    rows = found.rows
    texts = {
        "motif": [row.motif.name for row in rows],
        "code": [row.motif.code for row in rows],
        **{f"type_{role}": [(*row.types, None)[k] for row in rows] for k, role in enumerate("abc")},
    }
    table = {name: pa.array(column, pa.string()) for name, column in texts.items()}
    for name in _FIGURES:
        values = [getattr(row.figure, name) for row in rows]
        count = name == "observed"
        table[name] = pa.array(list(map(int, values)) if count else values, pa.int64() if count else pa.float64())
    table["pattern"] = pa.array([row.motif.pattern for row in rows], pa.string())
    return Answer(pa.table(table), found.complete, (*notes, *found.notes), interrupted=not found.complete)


def of_pattern(form: ir.Match, dataset: Dataset) -> Answer:
    """One row: the matches of the pattern, and those in random graphs."""
    import pyarrow as pa

    from graphkit.motifs.comparison import compared
    from graphkit.motifs.pattern import contradiction
    from graphkit.motifs.search import count_matches
    from graphkit.query.match.bound import bound, over

    assert form.against is not None
    current().hands_over = True
    whole = bound(form, dataset)
    graph = whole.pattern.base.without_autapses()
    options, notes = _options(graph, form.against, dataset)
    if (left_out := whole.pattern.base.n_connections - graph.n_connections) > 0:
        notes += (f"{left_out:,} autapses are left out, as they are of the random graphs.",)

    def matches(one: Graph, threads: int | None) -> dict[str, float]:
        pattern = over(whole, form, one)
        return {"matches": 0.0 if contradiction(pattern) else float(count_matches(pattern, threads=threads))}

    found = compared(graph, matches, **options)
    figure = found.figures["matches"]
    table = {"observed": pa.array([int(figure.observed or 0)], pa.int64())}
    table |= {name: pa.array([getattr(figure, name)], pa.float64()) for name in _FIGURES[1:-1]}
    return Answer(pa.table(table), found.complete, (*notes, *found.notes), interrupted=not found.complete)


def _options(graph: Graph, against: ir.Against, dataset: Dataset) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments of the comparison, and what to say about them."""
    needed, notes = null_options(graph, against.model, dataset)
    asked = {"model": against.model, "samples": against.samples, "seed": against.seed, "progress": shown()}
    return {**asked, **needed}, notes


def null_options(graph: Graph, model: str, dataset: Dataset) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a model needs to know of the neurons, and what to say about it."""
    if model == "region-block":
        blocks = _main_region(graph, dataset)
        unknown = blocks.count(None)
        note = f"{unknown:,} of {len(graph):,} neurons have no outputs in a region; they are a block of their own."
        return {"blocks": blocks}, (note,) if unknown else ()
    if model == "distance":
        positions = _somata(graph, dataset)
        unknown = int(np.isnan(positions[:, 0]).sum())
        note = f"{unknown:,} of {len(graph):,} neurons have no soma position; their connections are a bin of their own."
        return {"positions_nm": positions}, (note,) if unknown else ()
    return {}, ()


def _main_region(graph: Graph, dataset: Dataset) -> list[int | None]:
    """The region where most output synapses of each neuron lie, without its children; None for one without outputs."""
    if not dataset.has("neuron_regions"):
        raise NotAnswerableError(
            "The null model region-block needs the neurons' outputs by region, which this dataset does not have.",
            hint="Ask for `against configuration`, or build the dataset with regions.",
        )
    sql = (
        "SELECT neuron_id, region_id FROM neuron_regions WHERE outputs > 0 "
        "QUALIFY row_number() OVER (PARTITION BY neuron_id ORDER BY outputs DESC, region_id) = 1"
    )
    region = dict(dataset.cursor(sql).execute(sql).fetchall())
    found = [region.get(neuron) for neuron in graph.ids.tolist()]
    if found and not any(block is not None for block in found):
        raise NotAnswerableError(
            "The null model region-block needs the neurons' outputs by region, and none of the neurons asked has outputs in one.",
            hint="Ask for `against configuration`.",
        )
    return found


def _somata(graph: Graph, dataset: Dataset) -> NDArray[np.float64]:
    """Soma positions in nm, shape (n, 3); NaN where unknown."""
    if not {"soma_x_nm", "soma_y_nm", "soma_z_nm"} <= set(dataset.vocabulary.columns):
        raise NotAnswerableError(
            "The null model distance needs positions, and the neurons of this dataset have no soma positions.",
            hint="In Python, graphkit.motifs.significance(graph, 'distance', positions_nm=...) takes others.",
        )
    sql = "SELECT neuron_id, soma_x_nm, soma_y_nm, soma_z_nm FROM neurons WHERE soma_x_nm + soma_y_nm + soma_z_nm IS NOT NULL"
    place = {row[0]: row[1:] for row in dataset.cursor(sql).execute(sql).fetchall()}
    if not any(neuron in place for neuron in graph.ids.tolist()) and len(graph):
        raise NotAnswerableError(
            "The null model distance needs positions, and none of the neurons asked has a soma position.",
            hint="Ask for `against configuration`.",
        )
    nowhere = (np.nan, np.nan, np.nan)
    found: NDArray[np.float64] = np.array([place.get(n, nowhere) for n in graph.ids.tolist()], float).reshape(-1, 3)
    return found
