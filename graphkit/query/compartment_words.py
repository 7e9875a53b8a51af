"""Compartments (axon, dendrite) are no column of a neuron: where a question names one, what can be asked instead."""

from __future__ import annotations

import re

__all__ = ["compartments_meant"]

_WORDS = (
    "compartment",
    "compartments",
    "axo-dendritic",
    "axo-axonic",
    "dendro-dendritic",
    "dendro-axonic",
    "axonal",
    "dendritic",
)
_CLOSE = 0.85
_HINT = (
    "Synapses by the compartments that they join: graphkit catalogue compartments. Axon and dendrite of neurons with "
    "skeletons: axon dendrite split of NEURONS."
)


def compartments_meant(word: str) -> str | None:
    """What to ask where ``word`` is about compartments, spelled rightly or nearly so; else None.

    >>> compartments_meant("compartement") is None, compartments_meant("complete"), compartments_meant("components")
    (False, None, None)
    """
    import difflib

    folded = word.casefold().strip("'\"")
    close = difflib.get_close_matches(folded, _WORDS, n=1, cutoff=_CLOSE)
    return _HINT if close or re.match(r"(axo|dendro)-\w", folded) else None
