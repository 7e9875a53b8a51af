"""Which motifs are more, or less, frequent than in random graphs of a null model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError, TimeLimitError, did_you_mean
from graphkit.graph import Graph
from graphkit.motifs.census import dyad_census, triad_census
from graphkit.motifs.names import CONNECTED_TRIADS, DYADS, Motif
from graphkit.motifs.nulls.by_name import keeps, model_name, sampler_of
from graphkit.motifs.nulls.sampling import Chain, Draw, Mixing, checked, mixing, sampled
from graphkit.motifs.strength import MotifStrength, motif_strengths
from graphkit.progress import Progress, silent

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MotifSignificance", "Significance", "benjamini_hochberg", "significance"]

_MOTIFS = (*DYADS, *CONNECTED_TRIADS)


@dataclass(frozen=True, slots=True)
class MotifSignificance:
    """One motif of the original, and of the samples."""

    motif: Motif
    observed: float | None
    """Sets of neurons with exactly these connections; for the model synapse-counts the strength. None where there is none."""
    null_mean: float | None
    null_sd: float | None
    """Of the samples, divided by their number less one; None of a single sample."""
    z: float | None
    """(observed - null_mean) / null_sd; None where the samples do not differ."""
    p: float | None
    """Two-sided: twice the smaller of the shares (1 + samples that reach it) / (1 + samples), at most 1."""
    p_adjusted: float | None
    """``p`` after Benjamini and Hochberg, over all motifs asked."""
    strength: float | None
    """Synapses per connection, mean over the original's instances."""
    strength_sd: float | None


@dataclass(frozen=True, slots=True)
class Significance:
    """The motifs of a graph against a null model."""

    model: str
    keeps: str
    samples: int
    """Samples that the answer rests on."""
    asked: int
    """Samples that were asked for; more than ``samples`` if it was interrupted."""
    seed: int
    statistic: Literal["count", "strength"]
    rows: tuple[MotifSignificance, ...]
    mixing: Mixing | None
    """How far the chains are from their start; None for a model without chains."""

    @property
    def complete(self) -> bool:
        """Whether all samples that were asked for have been drawn."""
        return self.samples == self.asked

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to read with the table."""
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
        if self.samples < _FEW_SAMPLES:
            lines.append(f"With {self.samples:,} samples no p can be below {2 / (self.samples + 1):.2g}.")
        return tuple(lines)

    def table(self) -> pa.Table:
        """The rows as Arrow."""
        import pyarrow as pa

        count = self.statistic == "count"
        columns: dict[str, Any] = {
            "motif": pa.array([row.motif.name for row in self.rows], pa.string()),
            "code": pa.array([row.motif.code for row in self.rows], pa.string()),
            "pattern": pa.array([row.motif.pattern for row in self.rows], pa.string()),
            "size": pa.array([row.motif.n_neurons for row in self.rows], pa.int64()),
            "observed": pa.array(
                [row.observed if row.observed is None or not count else int(row.observed) for row in self.rows],
                pa.int64() if count else pa.float64(),
            ),
        }
        names = ("null_mean", "null_sd", "z", "p", "p_adjusted", "strength", "strength_sd")
        columns |= {name: pa.array([getattr(row, name) for row in self.rows], pa.float64()) for name in names}
        return pa.table(columns)


_FEW_SAMPLES = 100


def significance(
    graph: Graph,
    model: str = "configuration",
    *,
    samples: int = 100,
    seed: int = 0,
    motifs: Iterable[str] | None = None,
    threads: int | None = None,
    progress: Progress = silent,
    **options: Any,
) -> Significance:
    """The motifs of ``graph`` against ``samples`` random graphs of a null model.

    What is compared is how many sets of neurons have exactly the connections of a motif; for the model ``synapse-counts``, which
    leaves all connections in place, the motif's strength: synapses per connection, mean over instances.

    Stopped by Ctrl-C or a time limit (``graphkit.stopping``) after the first sample, it answers with the samples that are ready,
    which are the same as if no more had been asked for; ``complete`` is False then.

    Args:
        model: a name of `graphkit.motifs.nulls.MODELS`.
        samples, seed: sample i depends on the seed and on i only.
        motifs: codes, such as "030T"; all dyads and connected triads if not given. p is adjusted for these.
        threads: samples drawn at a time, each in one thread; all cores if not given. Changes the time, not the answer.
        options: of the model: ``blocks`` (region-block), ``positions_nm`` and ``bins`` (distance), ``within`` (synapse-counts),
            ``attempts_per_connection``.

    >>> ring = Graph.from_edges([1, 2, 3], [2, 3, 1])
    >>> found = significance(ring, samples=9)  # a 3-cycle is the only graph of its degrees, one way round or the other
    >>> [(row.motif.code, row.observed, row.null_mean, row.p) for row in found.rows if row.observed]
    [('A', 3.0, 3.0, 1.0), ('030C', 1.0, 1.0, 1.0)]

    Raises:
        GraphError: an argument is out of range, or a name is unknown.
    """
    checked(samples, seed, threads)
    name = model_name(model)
    wanted = _wanted(motifs)
    draw = sampler_of(name, graph, **options)
    statistic: Literal["count", "strength"] = "strength" if name == "synapse-counts" else "count"
    strengths = _strengths(graph, threads)
    if statistic == "strength":
        if strengths is None:
            motif_strengths(graph)  # says why there are none
        observed = _means(strengths or {})
    else:
        observed = _counts(graph, threads)

    def measured(one: Draw) -> tuple[NDArray[np.float64], Chain | None]:
        if statistic == "strength":
            return _means(motif_strengths(one.graph, threads=1)), one.chain
        return _counts(one.graph, 1), one.chain

    found: list[NDArray[np.float64]] = []
    chains: list[Chain] = []
    progress("null graphs", 0.0)
    try:
        for values, chain in sampled(draw, samples, seed, measured, threads=threads):
            found.append(values)
            if chain is not None:
                chains.append(chain)
            progress("null graphs", len(found) / samples)
    except (KeyboardInterrupt, TimeLimitError):
        if not found:
            raise
    rows = _rows(wanted, observed, np.stack(found), strengths or {})
    return Significance(
        model=name,
        keeps=keeps(name),
        samples=len(found),
        asked=samples,
        seed=seed,
        statistic=statistic,
        rows=rows,
        mixing=mixing(chains) if chains else None,
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


def _wanted(motifs: Iterable[str] | None) -> list[int]:
    if motifs is None:
        return list(range(len(_MOTIFS)))
    place = {motif.code.casefold(): index for index, motif in enumerate(_MOTIFS)}
    chosen = []
    for code in [motifs] if isinstance(motifs, str) else motifs:
        if code.casefold() not in place:
            hint = did_you_mean(code, [m.code for m in _MOTIFS]) or f"There are {', '.join(m.code for m in _MOTIFS)}."
            raise GraphError(f"There is no motif {code!r}.", hint=hint)
        chosen.append(place[code.casefold()])
    if not chosen:
        raise GraphError("No motif was asked for.", hint=f"There are {', '.join(m.code for m in _MOTIFS)}.")
    return list(dict.fromkeys(chosen))


def _counts(graph: Graph, threads: int | None) -> NDArray[np.float64]:
    """How many induced copies of each of `_MOTIFS`."""
    n = graph.n_neurons
    triads = triad_census(graph, threads=threads)
    if n < 3:
        pairs = dyad_census(graph)
        dyads = [pairs.asymmetric, pairs.mutual]
    else:  # every pair of neurons stands in n - 2 triads, and a code begins with its numbers of mutual and one-way pairs
        dyads = [sum(int(code[k]) * count for code, count in triads.items()) // (n - 2) for k in (1, 0)]
    return np.array([*dyads, *(triads[motif.code] for motif in CONNECTED_TRIADS)], dtype=np.float64)


def _strengths(graph: Graph, threads: int | None) -> dict[str, MotifStrength] | None:
    try:
        return motif_strengths(graph, threads=threads)
    except GraphError:  # too many synapses for 64 bits; the counts of motifs can be had all the same
        return None


def _means(strengths: dict[str, MotifStrength]) -> NDArray[np.float64]:
    means = (strengths[motif.code].mean if strengths else None for motif in _MOTIFS)
    return np.array([math.nan if mean is None else mean for mean in means])


def _rows(
    wanted: list[int],
    observed: NDArray[np.float64],
    found: NDArray[np.float64],
    strengths: dict[str, MotifStrength],
) -> tuple[MotifSignificance, ...]:
    n = len(found)
    p = {index: _two_sided(observed[index], found[:, index]) for index in wanted if not math.isnan(observed[index])}
    adjusted = dict(zip(p, benjamini_hochberg(list(p.values())), strict=True))
    rows = []
    for index in wanted:
        motif = _MOTIFS[index]
        strength = strengths.get(motif.code)
        mean = sd = z = None
        if index in p:
            mean = float(found[:, index].mean())
            differ = bool((found[:, index] != found[0, index]).any())
            sd = float(found[:, index].std(ddof=1)) if differ else 0.0 if n > 1 else None
            z = (float(observed[index]) - mean) / sd if sd else None
        rows.append(
            MotifSignificance(
                motif=motif,
                observed=float(observed[index]) if index in p else None,
                null_mean=mean,
                null_sd=sd,
                z=z,
                p=p.get(index),
                p_adjusted=adjusted.get(index),
                strength=strength.mean if strength else None,
                strength_sd=strength.sd if strength else None,
            )
        )
    return tuple(rows)


def _two_sided(observed: float, found: NDArray[np.float64]) -> float:
    """With the original counted among the samples, so that p is never 0 (Davison & Hinkley, Bootstrap Methods, 4.2)."""
    as_many, as_few = int((found >= observed).sum()), int((found <= observed).sum())
    return min(1.0, 2 * (1 + min(as_many, as_few)) / (1 + len(found)))
