"""Which figure stands beside the synapses of connections, and with which signs: what English and Python ask alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from graphkit.errors import QueryError
from graphkit.query import ir

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["check_figure", "figure_given"]


def check_figure(figure: ir.Figure, groups: tuple[ir.Group, ...], kind: ir.Kind) -> None:
    """Raises QueryError where the connections asked for have no such figure."""
    if kind == "electrical":
        raise QueryError("Gap junctions have no direction and no sign.", hint="Ask for their synapses alone.")
    if figure == "mean" and not set(groups) - {"region"}:
        raise QueryError(
            "A mean is over the neurons of a group.", hint="For example: connections by type as mean synapses"
        )


def figure_given(
    brain: object,
    figure: ir.Figure | None,
    groups: tuple[ir.Group, ...],
    selection: ir.Selection,
    excitatory: Iterable[str] | None,
    inhibitory: Iterable[str] | None,
) -> ir.Signs | None:
    """The signs of a figure given in Python; None where it has none.

    Raises:
        QueryError: there is no such figure here; signs without a signed figure; a transmitter that is on both sides, or is none.
    """
    vocabulary = cast("Dataset", brain).vocabulary
    sides = [
        None if names is None else tuple(t for name in names for t in vocabulary.transmitter(name))
        for names in (excitatory, inhibitory)
    ]
    if figure is not None and figure not in ir.FIGURES:
        raise QueryError(f"Connections have no figure {figure!r}.", hint=f"There are {', '.join(ir.FIGURES)}.")
    if figure is not None:
        check_figure(figure, groups, selection.kind)
    if figure is None or "signed" not in figure:
        if any(side is not None for side in sides):
            raise QueryError("Signs go with signed figures.", hint='figure="signed"')
        return None
    if overlap := set(sides[0] or ()) & set(sides[1] or ()):
        raise QueryError(f"{min(overlap)!r} cannot both excite and inhibit.")
    return vocabulary.signs(*sides)
