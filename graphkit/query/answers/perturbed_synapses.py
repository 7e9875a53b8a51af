"""The synapses of a perturbed graph, and which of its neurons are asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from graphkit.algorithms.error_model import Perturbation
    from graphkit.query.answers.perturbed import Perturbable

__all__ = ["Figures", "Synapses", "held_in", "synapses_of"]

_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class Synapses:
    """Those of a perturbed graph: a row a pair of its neurons, or a pair and region, of one sign."""

    origins: NDArray[np.int64]
    bodies: NDArray[np.int64]
    pre: NDArray[Any]
    post: NDArray[Any]
    count: NDArray[np.int64]
    place: NDArray[np.int16] | None = None
    sign: NDArray[np.int16] | None = None

    def lots(self) -> Iterator[Synapses]:
        """The same, some rows at a time: of a brain's the keys by which they are summed take much room."""
        for first in range(0, len(self.pre), _AT_ONCE):
            rows = slice(first, first + _AT_ONCE)
            place, sign = (None if c is None else c[rows] for c in (self.place, self.sign))
            yield Synapses(self.origins, self.bodies, self.pre[rows], self.post[rows], self.count[rows], place, sign)


Figures = Callable[[Synapses], NDArray[np.float64]]
"""The figure of each row and whether it is there, shape (2, rows)."""


def synapses_of(one: Perturbation) -> Synapses:
    """Those of a perturbed graph, wherever they lie."""
    pre = np.repeat(np.arange(len(one.graph)), np.diff(one.graph.indptr))
    return Synapses(one.origins, one.bodies, pre, one.graph.indices, one.graph.synapses)


def held_in(one: Perturbation | Synapses, of: Perturbable, mine: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which neurons of a perturbed graph hold, or are pieces of, those of the base that are ``mine``."""
    asked: NDArray[np.bool_] = mine[one.origins]
    asked[one.bodies[mine[of.asked.origins]]] = True
    return asked
