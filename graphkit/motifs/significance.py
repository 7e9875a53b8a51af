"""Which motifs are more, or less, frequent than in random graphs of a null model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from graphkit.errors import GraphError, did_you_mean
from graphkit.graph import Graph
from graphkit.motifs.census import dyad_census, triad_census
from graphkit.motifs.comparison import Figure, NullRun, benjamini_hochberg, compared
from graphkit.motifs.names import CONNECTED_TRIADS, DYADS, Motif
from graphkit.motifs.nulls.by_name import model_name
from graphkit.motifs.nulls.sampling import checked
from graphkit.motifs.strength import MotifStrength, motif_strengths
from graphkit.progress import Progress, silent

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MotifSignificance", "Significance", "benjamini_hochberg", "refuse_strengths", "significance"]


@dataclass(frozen=True, slots=True)
class MotifSignificance:
    """One motif of the original, and of the samples; see `graphkit.motifs.comparison.Figure` for what has no text here."""

    motif: Motif
    observed: float | None
    """Sets of neurons with exactly these connections; for the model synapse-counts the strength. None where there is none."""
    null_mean: float | None
    null_sd: float | None
    z: float | None
    p: float | None
    p_adjusted: float | None
    """``p`` after Benjamini and Hochberg, over all motifs asked."""
    strength: float | None
    """Synapses per connection, mean over the original's instances; not known for motifs of four."""
    strength_sd: float | None


@dataclass(frozen=True, slots=True)
class Significance(NullRun):
    """The motifs of a graph against a null model."""

    statistic: Literal["count", "strength"]
    rows: tuple[MotifSignificance, ...]

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


def significance(
    graph: Graph,
    model: str = "configuration",
    *,
    samples: int = 100,
    seed: int = 0,
    motifs: Iterable[str] | None = None,
    size: Literal[3, 4] = 3,
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
        motifs: codes, such as "030T"; all of the size if not given. p is adjusted for these.
        size: 3 for dyads and connected triads, 4 for the 199 connected classes of four neurons.
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
    if size not in (3, 4):
        raise GraphError(f"size is {size!r}; expected 3 or 4.")
    known = _known(size)
    wanted = _wanted(motifs, known)
    if size == 4:
        refuse_strengths(name, "Motifs of four neurons are")
    statistic: Literal["count", "strength"] = "strength" if name == "synapse-counts" else "count"
    strengths = _strengths(graph, threads) if size == 3 else None
    if statistic == "strength" and strengths is None:
        motif_strengths(graph)  # says why there are none

    def figures(one: Graph, threads: int | None) -> Mapping[str, float]:
        if statistic == "strength":
            found = (strengths or {}) if one is graph else motif_strengths(one, threads=threads)
            return {code: _mean(found.get(code)) for code in wanted}
        counts = _counts(one, threads) if size == 3 else _fours(one, threads)
        return {code: counts[code] for code in wanted}

    found = compared(graph, figures, name, samples=samples, seed=seed, threads=threads, progress=progress, **options)
    rows = tuple(_row(known[code], found.figures[code], (strengths or {}).get(code)) for code in wanted)
    return Significance(
        model=found.model,
        keeps=found.keeps,
        samples=found.samples,
        asked=found.asked,
        seed=found.seed,
        mixing=found.mixing,
        statistic=statistic,
        rows=rows,
    )


def refuse_strengths(model: str, what: str) -> None:
    """Raises GraphError for the model synapse-counts, which leaves every connection, and so every count, as it is."""
    if model_name(model) == "synapse-counts":
        raise GraphError(
            f"{what} counted, and the null model synapse-counts leaves every connection in place.",
            hint="Ask for `against configuration`, or for the strength of dyads and triads: `motifs against synapse-counts`.",
        )


def _known(size: int) -> dict[str, Motif]:
    if size == 3:
        return {motif.code: motif for motif in (*DYADS, *CONNECTED_TRIADS)}
    from graphkit.motifs.four_nodes import four_nodes

    return {motif.code: motif for motif in four_nodes().motifs}


def _wanted(motifs: Iterable[str] | None, known: dict[str, Motif]) -> list[str]:
    if motifs is None:
        return list(known)
    there = f"There are {', '.join(known)}." if len(known) < 20 else "docs/motifs.md says how they are called."
    spelled = {code.casefold(): code for code in known}
    chosen = []
    for code in [motifs] if isinstance(motifs, str) else motifs:
        if code.casefold() not in spelled:
            raise GraphError(f"There is no motif {code!r}.", hint=did_you_mean(code, list(known)) or there)
        chosen.append(spelled[code.casefold()])
    if not chosen:
        raise GraphError("No motif was asked for.", hint=there)
    return list(dict.fromkeys(chosen))


def _counts(graph: Graph, threads: int | None) -> Mapping[str, float]:
    """How many induced copies of each dyad and connected triad."""
    n = graph.n_neurons
    triads = triad_census(graph, threads=threads)
    if n < 3:
        pairs = dyad_census(graph)
        dyads = [pairs.asymmetric, pairs.mutual]
    else:  # every pair of neurons stands in n - 2 triads, and a code begins with its numbers of mutual and one-way pairs
        dyads = [sum(int(code[k]) * count for code, count in triads.items()) // (n - 2) for k in (1, 0)]
    return dict(zip((motif.code for motif in DYADS), dyads, strict=True)) | triads


def _fours(graph: Graph, threads: int | None) -> Mapping[str, float]:
    from graphkit.motifs.four_census import four_node_census

    return four_node_census(graph, threads=threads)


def _strengths(graph: Graph, threads: int | None) -> dict[str, MotifStrength] | None:
    try:
        return motif_strengths(graph, threads=threads)
    except GraphError:  # too many synapses for 64 bits; the counts of motifs can be had all the same
        return None


def _mean(strength: MotifStrength | None) -> float:
    return math.nan if strength is None or strength.mean is None else strength.mean


def _row(motif: Motif, figure: Figure, strength: MotifStrength | None) -> MotifSignificance:
    spread = (strength.mean, strength.sd) if strength else (None, None)
    return MotifSignificance(motif, *figure, *spread)
