"""What the motifs of a graph are compared with."""

from __future__ import annotations

from dataclasses import dataclass

from graphkit.errors import GraphError, QueryError

__all__ = ["SAMPLES", "Against"]

SAMPLES = 100
"""Random graphs, where a question does not say how many."""


@dataclass(frozen=True, slots=True)
class Against:
    """``samples`` random graphs of a null model (``graphkit.motifs.nulls``); sample i depends on the seed and on i only."""

    model: str
    samples: int = SAMPLES
    seed: int = 0

    def __post_init__(self) -> None:
        from graphkit.motifs.nulls.by_name import model_name
        from graphkit.motifs.nulls.sampling import checked

        try:
            object.__setattr__(self, "model", model_name(self.model))
            checked(self.samples, self.seed, None)
        except GraphError as error:
            raise QueryError(error.message, hint=error.hint) from error
