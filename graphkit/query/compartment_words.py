"""Compartments (axon, dendrite) are no column of a neuron: where a question names one, what can be asked instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphkit.errors import UnknownNameError, did_you_mean

__all__ = ["compartment_of", "compartments_meant"]

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
    "Synapses that join some: with compartment 'axo-axonic'; counted by compartments: graphkit catalogue compartments. Axon and "
    "dendrite of neurons with skeletons: axon dendrite split of NEURONS."
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


_SHORT = {
    "ad": "axo-dendritic",
    "aa": "axo-axonic",
    "dd": "dendro-dendritic",
    "da": "dendro-axonic",
}
"""As Winding et al. (2023) write them, with or without a hyphen; `a-d` is from axon to dendrite."""


def compartment_of(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """``text`` as the compartments ``known`` of a dataset spell it; ``ad`` and ``a-d`` are axo-dendritic.

    >>> compartment_of("A-d", ["axo-dendritic", "axo-axonic"])
    ('axo-dendritic',)

    Raises:
        UnknownNameError: none of them is called so.
    """
    meant = {text.casefold(), _SHORT.get(text.casefold().replace("-", ""), "")}
    spelled = (text,) if text in known else tuple(v for v in sorted(known) if v.casefold() in meant)
    if spelled:
        return spelled
    listed = f"There are {', '.join(map(repr, sorted(known)))}." if known else None
    raise UnknownNameError(
        f"No synapse of this dataset joins the compartments {text!r}.",
        hint=did_you_mean(text, known) or listed or "This dataset does not say which compartments its synapses join.",
    )
