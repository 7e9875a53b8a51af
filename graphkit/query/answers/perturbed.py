"""Figures of a graph beside those of the same graph with more errors of a reconstruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphkit.progress import shown
from graphkit.stopping import current

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from graphkit.algorithms.error_model import Interval
    from graphkit.graph import Graph
    from graphkit.query import ir

__all__ = ["INTERVAL", "error_notes", "interval_columns", "perturbed_interval"]

INTERVAL = ["perturbed_mean", "perturbed_low", "perturbed_high"]
LEVEL = 0.9


def perturbed_interval(
    statistic: Callable[..., ArrayLike], graph: Graph, errors: ir.ReconstructionErrors, *, origins: bool = False
) -> Interval:
    """The statistic (an array of fixed shape) on the graph and on perturbed ones; ``origins``: it takes them, too."""
    from graphkit.algorithms.error_model import ErrorModel, with_errors

    model = ErrorModel(errors.missed, errors.false, errors.split, errors.merged)
    stop, progress = current(), shown()

    def checked(*of: Any) -> ArrayLike:
        stop.check()
        return statistic(*of)

    drawn: dict[str, Any] = {"samples": errors.samples, "seed": errors.seed, "origins": origins}
    return with_errors(checked, graph, model, level=LEVEL, progress=progress, **drawn)


def interval_columns(found: Interval) -> dict[str, pa.Array]:
    """The columns of ``INTERVAL``; null where a figure is undefined."""
    return {
        name: pa.array(values, pa.float64(), mask=np.isnan(values))
        for name, values in zip(INTERVAL, (found.mean, found.low, found.high), strict=True)
    }


def error_notes(errors: ir.ReconstructionErrors) -> tuple[str, ...]:
    """What was done, in words."""
    rates = {
        "synapses missed": errors.missed,
        "false synapses a true one": errors.false,
        "neurons split": errors.split,
        "neurons merged": errors.merged,
    }
    said = ", ".join(f"{100 * rate:g} % {what}" for what, rate in rates.items() if rate) or "no errors"
    return (
        f"Perturbed: {errors.samples:,} graphs with {said} (seed {errors.seed}); low and high hold {100 * LEVEL:g} % of them.",
        "The errors come on top of those that the dataset has already.",
    )
