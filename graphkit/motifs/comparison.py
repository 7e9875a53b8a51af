"""Figures of a graph beside the same figures of random graphs: mean, standard deviation, z and p of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError, TimeLimitError
from graphkit.graph import Graph
from graphkit.motifs.nulls.by_name import keeps, model_name, sampler_of
from graphkit.motifs.nulls.sampling import Chain, Draw, Mixing, checked, mixing, sampled
from graphkit.progress import Progress, silent

__all__ = ["Comparison", "Figure", "NullRun", "benjamini_hochberg", "compared"]

_FEW_SAMPLES = 100
_MOST_FIGURES = 50_000_000
"""Of all samples together; 8 bytes each."""


class Figure(NamedTuple):
    """One figure of the original, and of the samples."""

    observed: float | None
    """None where the original has none."""
    null_mean: float | None
    null_sd: float | None
    """Of the samples, divided by their number less one; None of a single sample."""
    z: float | None
    """(observed - null_mean) / null_sd; None where the samples do not differ."""
    p: float | None
    """Two-sided: twice the smaller of the shares (1 + samples that reach it) / (1 + samples), at most 1."""
    p_adjusted: float | None
    """``p`` after Benjamini and Hochberg, over all figures."""


@dataclass(frozen=True, slots=True)
class NullRun:
    """Which random graphs an answer rests on."""

    model: str
    keeps: str
    samples: int
    """Samples that the answer rests on."""
    asked: int
    """Samples that were asked for; more than ``samples`` if it was interrupted."""
    seed: int
    mixing: Mixing | None
    """How far the chains are from their start; None for a model without chains."""

    @property
    def complete(self) -> bool:
        """Whether all samples that were asked for have been drawn."""
        return self.samples == self.asked

    @property
    def drawn(self) -> tuple[str, ...]:
        """Sentences about the random graphs."""
        drawn = f"{self.samples:,} random graphs of the null model {self.model} (seed {self.seed}) keep {self.keeps}."
        lines = [drawn]
        if not self.complete:
            lines.append(
                f"Stopped early: the answer is of the {self.samples:,} of {self.asked:,} null graphs that were ready."
            )
        if self.mixing is not None:
            lines.append(
                f"Mixing: {self.mixing.attempts:,} attempts a sample, {self.mixing.moved:.0%} carried out; "
                f"{self.mixing.left:.1%} of the original connections are left."
            )
            if self.mixing.warning:
                lines.append(f"Warning: {self.mixing.warning}")
        return tuple(lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to read with the figures, of which p is one."""
        if self.samples >= _FEW_SAMPLES:
            return self.drawn
        return (*self.drawn, f"With {self.samples:,} samples no p can be below {2 / (self.samples + 1):.2g}.")


@dataclass(frozen=True, slots=True)
class Comparison(NullRun):
    """Figures of a graph against a null model."""

    figures: Mapping[Any, Figure]


def compared(
    graph: Graph,
    figures: Callable[[Graph, int | None], Mapping[Any, float]],
    model: str = "configuration",
    *,
    samples: int = 100,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
    **options: Any,
) -> Comparison:
    """Any figures of ``graph`` against those of ``samples`` random graphs of a null model.

    ``figures(graph, threads)`` gives a number to each of some names. What the original or a sample does not name is 0 there,
    so counts of what occurs are enough; NaN of the original is no figure. For a sample it is called in one of several threads,
    with ``threads`` 1. All else is as in `graphkit.motifs.significance`.

    >>> ring = Graph.from_edges([1, 2, 3], [2, 3, 1])
    >>> found = compared(ring, lambda g, threads: {"1 -> 2": float(g.has_edge(1, 2))}, samples=9)
    >>> found.figures["1 -> 2"].observed, found.figures["1 -> 2"].p  # it goes the other way in about half of them
    (1.0, 1.0)

    Raises:
        GraphError: an argument is out of range, a name is unknown, or there are too many figures.
    """
    checked(samples, seed, threads)
    name = model_name(model)
    draw = sampler_of(name, graph, **options)
    place: dict[Hashable, int] = {}
    observed = _noted(figures(graph, threads), place, samples)

    def measured(one: Draw) -> tuple[Mapping[Any, float], Chain | None]:
        return figures(one.graph, 1), one.chain

    found: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    chains: list[Chain] = []
    progress("null graphs", 0.0)
    try:
        for values, chain in sampled(draw, samples, seed, measured, threads=threads):
            found.append(_noted(values, place, samples))
            if chain is not None:
                chains.append(chain)
            progress("null graphs", len(found) / samples)
    except (KeyboardInterrupt, TimeLimitError):
        if not found:
            raise
    table = np.zeros((len(found), len(place)))
    for row, (at, noted) in zip(table, found, strict=True):
        row[at] = noted
    original = np.zeros(len(place))
    original[observed[0]] = observed[1]
    return Comparison(
        model=name,
        keeps=keeps(name),
        samples=len(found),
        asked=samples,
        seed=seed,
        mixing=mixing(chains) if chains else None,
        figures=dict(zip(place, _figures(original, table), strict=True)),
    )


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: the least false discovery rate at which each would be called a discovery.

    Benjamini & Hochberg, J. Royal Statistical Society B 57 (1995).

    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5])
    [0.04, 0.05333333333333334, 0.05333333333333334, 0.5]
    """
    order = sorted(range(len(p)), key=p.__getitem__, reverse=True)
    adjusted, least = [0.0] * len(p), 1.0
    for place, index in enumerate(order):
        least = min(least, p[index] * len(p) / (len(p) - place))
        adjusted[index] = least
    return adjusted


def _noted(
    values: Mapping[Any, float], place: dict[Hashable, int], samples: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where each figure stands, new ones at the end, and the figures."""
    at = np.fromiter((place.setdefault(key, len(place)) for key in values), np.int64, len(values))
    if len(place) * samples > _MOST_FIGURES:
        raise GraphError(
            f"{len(place):,} figures of {samples:,} samples are too many to be compared.",
            hint="Ask for fewer samples, fewer neurons, or coarser types.",
        )
    return at, np.fromiter(values.values(), np.float64, len(values))


def _figures(observed: NDArray[np.float64], found: NDArray[np.float64]) -> list[Figure]:
    n = len(found)
    known = ~np.isnan(observed)
    mean = found.mean(axis=0)
    differ = (found != found[0]).any(axis=0)
    sd = np.where(differ, found.std(axis=0, ddof=1) if n > 1 else 0.0, 0.0)
    p = _two_sided(observed, found)
    adjusted = np.full(len(p), np.nan)
    adjusted[known] = benjamini_hochberg(p[known].tolist())
    rows = zip(*(column.tolist() for column in (known, observed, mean, sd, p, adjusted)), strict=True)
    return [
        Figure(o, m, s if n > 1 else None, (o - m) / s if s else None, value, q)
        if there and not math.isnan(m)
        else Figure(None, None, None, None, None, None)
        for there, o, m, s, value, q in rows
    ]


def _two_sided(observed: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """With the original counted among the samples, so that p is never 0 (Davison & Hinkley, Bootstrap Methods, 4.2)."""
    as_many, as_few = (found >= observed).sum(axis=0), (found <= observed).sum(axis=0)
    p: NDArray[np.float64] = np.minimum(1.0, 2 * (1 + np.minimum(as_many, as_few)) / (1 + len(found)))
    return p
