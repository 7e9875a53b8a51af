"""The errors of a reconstruction as rates of graphkit's error model: what to ask of its graph `with error model ...`.

The model (``graphkit.algorithms.error_model``) knows five errors. A synapse is missed, false or found twice whatever the
segments are, so that these three are counted with the neurons that the truth has at its points. What is found beside those that
are matched is a duplicate where it could stand for a true synapse (which another then stands for), else false; a third of one
place counts as a duplicate, too. A split moves a part of a neuron's synapses, drawn
evenly from 0 to a half, to a second piece: a quarter of them in the mean. A merger makes one of two neurons drawn at random, and
the one with fewer synapses is then on a segment that is mostly the other's. The rates are those at which the model has as
many ends of synapses on second pieces, and on others' segments, as were seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphkit_pipeline.distinct import distinct
from graphkit_pipeline.evaluation.overlap import NeuronMap
from graphkit_pipeline.evaluation.synapses import PartnerScore

__all__ = ["ErrorRates", "error_rates"]

_MOVED_BY_A_SPLIT = 0.25
_MOST_MISSED = 0.999
"""The model takes less than all."""

_NAMES = ("missed", "false", "duplicated", "split", "merged")

_Ends = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class ErrorRates:
    """Rates of the error model; NaN where nothing says them (``split``, ``merged`` without a found segmentation).

    ``most`` names the rates that would be larger than the model can have: they stand at its largest. ``again`` is how many
    synapses are found a second time, ``apart`` how many of these lie on other segments than the ones that they repeat: a
    neuron is cut at its synapse, and each segment gets one. In the graph as found these are connections of their own; in the
    model a duplicate has the neurons of its synapse.
    """

    missed: float
    false: float
    split: float
    merged: float
    duplicated: float
    most: tuple[str, ...] = ()
    again: int = 0
    apart: int = 0

    @property
    def clause(self) -> str:
        """What to write after ``with error model`` in a question."""
        rates = {name: float(f"{100 * getattr(self, name):.3g}") for name in _NAMES}
        if rates["missed"] + rates["duplicated"] > 100:  # by rounding: the model takes no more
            rates["duplicated"] = 100 - rates["missed"]
        return ", ".join(f"{name} {rate:.6g} %" for name, rate in rates.items() if not math.isnan(rate))

    def to_dict(self) -> dict[str, Any]:
        """The rates, and the clause."""
        rates = {name: getattr(self, name) for name in _NAMES}
        twice = {"found_again": self.again, "found_again_on_other_segments": self.apart}
        return {**rates, **twice, "at_the_largest": list(self.most), "clause": self.clause}


def error_rates(
    at_place: PartnerScore,
    found: _Ends,
    true: _Ends,
    *,
    neurons: NeuronMap | None = None,
    found_at_true: _Ends | None = None,
) -> ErrorRates:
    """The rates of the five errors.

    Args:
        at_place: the synapses matched by the true neurons at their points, found ones with nobody at an end left out.
        found, true: ids at the pre and post ends, int64 of one length each; 0 = nobody. A found synapse with nobody at an end is
            in no graph: it counts as not found.
        neurons: what the segments stand for; ``found_at_true``: the segment at each end of the true synapses, 0 = none.
    """
    whole = (found[0] != 0) & (found[1] != 0)
    matched = int(whole[at_place.pairs[:, 0]].sum())
    total = at_place.true
    if not total:
        return ErrorRates(math.nan, math.nan, math.nan, math.nan, math.nan)
    rows, repeated = at_place.again[whole[at_place.again[:, 0]]].T
    stands_for = np.zeros(total, np.int64)
    stands_for[at_place.pairs[:, 1]] = at_place.pairs[:, 0]
    apart = np.any([end[rows] != end[stands_for[repeated]] for end in found], axis=0)
    again = len(rows)
    false = int(whole.sum()) - matched - again
    rates = {"missed": 1 - matched / total, "false": false / total, "duplicated": again / total}
    most = {"missed": _MOST_MISSED, "duplicated": matched / total}
    if neurons is not None and found_at_true is not None:
        rates |= _of_segments(neurons, np.concatenate(found_at_true), np.concatenate(true))
        most |= {"split": 1.0, "merged": 1.0}
    above = tuple(name for name, largest in most.items() if rates[name] > largest)
    rates |= {name: most[name] for name in above}
    of_segments = rates.get("split", math.nan), rates.get("merged", math.nan)
    return ErrorRates(
        rates["missed"], rates["false"], *of_segments, rates["duplicated"], above, again, int(apart.sum())
    )


def _of_segments(neurons: NeuronMap, segments: np.ndarray, owners: np.ndarray) -> dict[str, float]:
    """The rates of splits and of mergers, from the segment and the neuron at each end of the true synapses."""
    there = (segments != 0) & (owners != 0)
    segments, owners = segments[there], owners[there]
    if not len(owners):
        return {"split": math.nan, "merged": math.nan}
    most = neurons.majority(segments)
    second = (most == owners) & (neurons.main(segments) != owners)
    ids = distinct(owners)
    sizes = np.sort(np.bincount(np.searchsorted(ids, owners)))
    n = len(sizes)
    # Of a pair drawn at random the smaller: the k-th smallest (from 0) is that one in n - 1 - k of its n - 1 pairs.
    smaller = float(sizes @ (n - 1.0 - np.arange(n))) * 2 / (n * (n - 1.0)) if n > 1 else 0.0
    astray = int((most != owners).sum())
    pairs = astray / smaller if smaller else (math.inf if astray else 0.0)
    return {"split": float(second.mean()) / _MOVED_BY_A_SPLIT, "merged": 2 * pairs / n}
