"""``with error model missed 10 %, false 5 %``: the answer beside those on graphs with more such errors."""

from __future__ import annotations

from dataclasses import dataclass

from graphkit.errors import GraphError, QueryError

__all__ = ["ERROR_KINDS", "ERROR_SAMPLES", "ReconstructionErrors"]

ERROR_SAMPLES = 100

ERROR_KINDS = ("missed", "false", "duplicated", "split", "merged")
"""The rates, in the order in which they are said."""


@dataclass(frozen=True, slots=True)
class ReconstructionErrors:
    """How often a reconstruction errs (``graphkit.algorithms.error_model``): shares, 0 for never; drawn with the seed."""

    missed: float = 0.0
    false: float = 0.0
    split: float = 0.0
    merged: float = 0.0
    duplicated: float = 0.0
    samples: int = ERROR_SAMPLES
    seed: int = 0

    def __post_init__(self) -> None:
        from graphkit.algorithms.error_model import ErrorModel

        try:
            ErrorModel(self.missed, self.false, self.split, self.merged, self.duplicated)
        except GraphError as error:
            raise QueryError(error.message, hint=error.hint) from error
        if self.samples < 1:
            raise QueryError(f"There must be at least 1 perturbed graph, got {self.samples}.")
