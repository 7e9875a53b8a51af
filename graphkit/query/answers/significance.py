"""Motifs of a graph that a dataset's connections make up, against random graphs of a null model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.progress import shown
from graphkit.query.answers import Answer
from graphkit.stopping import current

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query import ir

__all__ = ["COLUMNS", "against_null", "null_options"]

COLUMNS = [
    *("motif", "code", "pattern", "size", "observed", "null_mean", "null_sd", "z", "p", "p_adjusted"),
    *("strength", "strength_sd"),
]


def against_null(graph: Graph, against: ir.Against, dataset: Dataset) -> Answer:
    """A row a dyad or connected triad; not complete where it was interrupted."""
    from graphkit.motifs.significance import significance

    current().hands_over = True  # Ctrl-C: what is ready, and not nothing
    options, notes = null_options(graph, against.model, dataset)
    found = significance(graph, against.model, samples=against.samples, seed=against.seed, progress=shown(), **options)
    return Answer(found.table(), found.complete, (*notes, *found.notes), interrupted=not found.complete)


def null_options(graph: Graph, model: str, dataset: Dataset) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a model needs to know of the neurons, and what to say about it."""
    if model == "region-block":
        return {"blocks": _main_region(graph, dataset)}, ()
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
    return [region.get(neuron) for neuron in graph.ids.tolist()]


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
