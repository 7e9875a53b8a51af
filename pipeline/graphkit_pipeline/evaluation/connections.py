"""The graph found against the true one: connections, and the synapse counts they carry.

A connection is an ordered pair (presynaptic, postsynaptic neuron) with at least ``min_synapses`` synapses; its count is
the number of them. Found neurons are named as the true neurons they stand for (``overlap.NeuronMap``). A found segment
that stands for none keeps a name of its own, below 0, so that its connections count as false instead of vanishing. A
synapse with an end on nothing (0) is no connection.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from graphkit.errors import GraphkitError

__all__ = ["ConnectionScore", "named", "score_connections"]


@dataclass(frozen=True, eq=False)
class ConnectionScore:
    """Precision, recall and F1 of connections, and the correlation of their synapse counts.

    ``pearson`` and ``spearman`` are taken over the pairs connected in either graph. Where most connections have one
    synapse they come out below 0 even for a good graph (a missed pair has 1 and 0, a false one 0 and 1, and the matched
    ones do not vary); ``pearson_all`` is taken over all ordered pairs of the neurons in either graph, unconnected ones too.

    A figure that divides by nothing is NaN: no connection found, or counts that do not vary.
    ``pairs`` is int64 [k, 2], (pre, post) of every pair in either graph, sorted; ``true_counts`` and ``found_counts``
    are int64 [k], after the threshold (0 where the graph does not have it).
    """

    true: int
    found: int
    matched: int
    precision: float
    recall: float
    f1: float
    pearson: float
    spearman: float
    pearson_all: float
    min_synapses: int
    pairs: np.ndarray = field(repr=False)
    true_counts: np.ndarray = field(repr=False)
    found_counts: np.ndarray = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The figures, without the pairs."""
        arrays = ("pairs", "true_counts", "found_counts")
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in arrays}


def named(segments: np.ndarray, neurons: np.ndarray) -> np.ndarray:
    """int64: the true neuron where the segment stands for one, else the segment's own name below 0 (0 stays 0)."""
    return np.asarray(np.where(neurons != 0, neurons, -segments))


def score_connections(
    found: tuple[np.ndarray, np.ndarray], true: tuple[np.ndarray, np.ndarray], *, min_synapses: int = 1
) -> ConnectionScore:
    """Scores the connections of ``found`` against those of ``true``: each the pre and the post neuron of its synapses.

    Raises:
        GraphkitError: min_synapses is below 1.
    """
    if min_synapses < 1:
        raise GraphkitError(f"min_synapses must be at least 1, got {min_synapses}.")
    found_pairs, true_pairs = _real(found), _real(true)
    pairs, code = np.unique(np.concatenate([true_pairs, found_pairs]), axis=0, return_inverse=True)
    code = code.ravel()
    counts = [np.bincount(c, minlength=len(pairs)) for c in (code[: len(true_pairs)], code[len(true_pairs) :])]
    true_counts, found_counts = (np.where(c >= min_synapses, c, 0).astype(np.int64) for c in counts)
    some = (true_counts > 0) | (found_counts > 0)
    pairs, true_counts, found_counts = pairs[some], true_counts[some], found_counts[some]
    n_true, n_found = int((true_counts > 0).sum()), int((found_counts > 0).sum())
    matched = int(((true_counts > 0) & (found_counts > 0)).sum())
    return ConnectionScore(
        true=n_true,
        found=n_found,
        matched=matched,
        precision=matched / n_found if n_found else float("nan"),
        recall=matched / n_true if n_true else float("nan"),
        f1=2 * matched / (n_true + n_found) if n_true + n_found else float("nan"),
        pearson=_correlation(true_counts, found_counts),
        spearman=_correlation(_ranks(true_counts), _ranks(found_counts)),
        pearson_all=_correlation_over_all(pairs, true_counts, found_counts),
        min_synapses=min_synapses,
        pairs=pairs,
        true_counts=true_counts,
        found_counts=found_counts,
    )


def _real(ends: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    pairs = np.stack(ends, axis=1).astype(np.int64)
    return np.asarray(pairs[(pairs != 0).all(axis=1)])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, the mean rank for equal values."""
    _, code, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[code])


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a.astype(np.float64), b.astype(np.float64))[0, 1])


def _correlation_over_all(pairs: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation over the n x n ordered pairs of the n neurons in ``pairs``; those not listed count 0, 0."""
    cells = float(len(np.unique(pairs))) ** 2
    if not cells:
        return float("nan")
    x, y = a.astype(np.float64), b.astype(np.float64)
    covariance = x @ y / cells - x.sum() / cells * (y.sum() / cells)
    spread = (x @ x / cells - (x.sum() / cells) ** 2) * (y @ y / cells - (y.sum() / cells) ** 2)
    return float(covariance / np.sqrt(spread)) if spread > 0 else float("nan")
