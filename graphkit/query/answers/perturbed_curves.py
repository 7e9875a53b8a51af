"""Curves beside those of perturbed graphs: a point has the interval of what it is on those."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.query import ir
from graphkit.query.answers.perturbed import (
    INTERVAL,
    interval_columns,
    perturbed_each,
    perturbed_values,
    spread_words,
)

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.graph import Graph
    from graphkit.query.answers.perturbed import Perturbable

__all__ = ["AT_LEAST_INTERVALS", "DEGREE_INTERVALS", "degrees", "distances", "percolation", "rich_club"]

Columns = tuple[dict[str, pa.Array], int]

DEGREE_INTERVALS = [INTERVAL, *([name.replace("_", f"_{way}_", 1) for name in INTERVAL] for way in ("in", "out"))]
"""Columns of the intervals by total, in- and out-degree."""

AT_LEAST_INTERVALS = [[f"perturbed_{way}at_least_{end}" for end in ("low", "high")] for way in ("", "in_", "out_")]
"""Columns of the intervals of the share of neurons that have at least this degree: what a curve of the distribution shows."""


def rich_club(of: Perturbable, by: ir.DegreeKind, errors: ir.ReconstructionErrors) -> Columns:
    """The density by degree; neurons of a perturbed graph are ranked by their own degrees."""
    from graphkit.algorithms.rich_club import rich_club as curve_of

    length = len(curve_of(of.graph, by=by).k)

    def phi(one: Perturbation) -> NDArray[np.float64]:
        curve = np.full(length, np.nan)
        found = curve_of(one.graph, by=by).phi[:length]
        curve[: len(found)] = found
        return curve

    drawn = perturbed_values(phi, of, errors, length)
    return interval_columns(drawn), len(drawn)


def degrees(of: Perturbable, kind: str, errors: ir.ReconstructionErrors) -> tuple[pa.Table, tuple[str, ...], int]:
    """The distribution with a row for each degree that the graph or a perturbed one has, a sentence, how many graphs."""

    def counted(one: Perturbation) -> tuple[list[tuple[NDArray[np.int64], NDArray[np.int64]]], list[float]]:
        from graphkit.algorithms.degrees import distribution

        values = degree_kinds(one.graph, kind)
        return [distribution(v) for v in values], [
            float(values[0].mean()) if len(values[0]) else np.nan,
            values[0].max(initial=0),
        ]

    (own, _), drawn = counted(of.asked), perturbed_each(counted, of, errors)
    used = np.unique(np.concatenate([values for each in (own, *(one for one, _ in drawn)) for values, _ in each]))
    columns = {kind: pa.array(used)}
    for name, (values, counts) in zip(("neurons", "neurons_by_in", "neurons_by_out"), own, strict=True):
        columns[name] = pa.array(_at(used, values, counts))
    shares: dict[str, pa.Array] = {}
    for k, names in enumerate(DEGREE_INTERVALS):
        every = np.stack([_at(used, *one[k]) for one, _ in drawn]).astype(np.float64)
        columns |= interval_columns(every, names)
        at_least = np.cumsum(every[:, ::-1], axis=1)[:, ::-1] / np.maximum(every.sum(axis=1, keepdims=True), 1)
        _, *ends = interval_columns(at_least).values()
        shares |= dict(zip(AT_LEAST_INTERVALS[k], ends, strict=True))
    columns |= shares
    sums = np.array([figures for _, figures in drawn])
    what = "partners" if kind == "degree" else "synapses"
    mean, most = (spread_words(sums[:, k]) for k in (0, 1))
    note = f"On perturbed graphs a neuron has {mean} {what} in the mean, and {most} at most."
    return pa.table(columns), (note,), len(drawn)


def degree_kinds(graph: Graph, kind: str) -> list[NDArray[np.int64]]:
    """Of each neuron its degree, in-degree and out-degree, or with ``kind`` "strength" the synapses of these."""
    from graphkit.algorithms.degrees import degrees as degrees_of

    found = degrees_of(graph)
    ins, outs = (found.ins, found.outs) if kind == "degree" else (found.input_synapses, found.output_synapses)
    return [ins + outs, ins, outs]


def _at(used: NDArray[np.int64], values: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    found = np.zeros(len(used), dtype=np.int64)
    found[np.searchsorted(used, values)] = counts
    return found


def percolation(of: Perturbable, first: str, steps: NDArray[np.int64], errors: ir.ReconstructionErrors) -> Columns:
    """The largest component when as many neurons are gone; 0 where a perturbed graph has fewer."""
    from graphkit.algorithms.percolation import percolation as curve_of

    def largest(one: Perturbation) -> NDArray[np.int64]:
        curve = curve_of(one.graph, first=first).largest  # type: ignore[arg-type]
        return curve[np.minimum(steps, len(curve) - 1)]

    drawn = perturbed_values(largest, of, errors, len(steps))
    return interval_columns(drawn), len(drawn)


def distances(
    of: Perturbable,
    points_nm: NDArray[np.float64],
    pairs: NDArray[np.int64],
    bin_nm: float,
    errors: ir.ReconstructionErrors,
) -> Columns:
    """The probability of a connection by distance; pieces of a neuron are where its soma is.

    ``points_nm`` are of the neurons of ``of.base``; ``pairs`` those of the graph asked, which splits and merges alone change.
    """
    from graphkit.algorithms.distance import connected_by_distance, connection_probability
    from graphkit.algorithms.shares import shares_of

    n_bins = len(pairs)

    def probability(one: Perturbation) -> NDArray[np.float64]:
        points = points_nm[one.origins]
        curve = np.full(n_bins, np.nan)
        if errors.split or errors.merged or len(of.graph) != len(of.base):
            found = connection_probability(one.graph, points, bin_nm=bin_nm).probability[:n_bins]
            curve[: len(found)] = found
        else:
            connected = connected_by_distance(one.graph, points, bin_nm=bin_nm, n_bins=n_bins)
            curve = shares_of(connected[:n_bins], pairs)
        return curve

    drawn = perturbed_values(probability, of, errors, n_bins)
    return interval_columns(drawn), len(drawn)
