"""Similarities of neurons, all with all, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.errors import NotAnswerableError
from graphkit.views.figure import own_labels, titled
from graphkit.views.neuron_map import check_neurons, draw_neurons

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

__all__ = ["PAIRS", "similarity_map"]

PAIRS = frozenset({"first_id", "second_id", "similarity"})


def similarity_map(
    table: pa.Table, title: str, *, complete: bool = True, unit: str = "similarity of their partners", note: str = ""
) -> Figure:
    """A square a pair of neurons, those that are alike side by side (the leaves of an average linkage); their types beside it;
    ``unit`` is what the colours are.

    Raises:
        NotAnswerableError: pairs are missing, or there are too many neurons.
    """
    import numpy as np
    from matplotlib.colors import Normalize

    from graphkit.algorithms.similarity_matrix import leaf_order

    if not complete:
        raise NotAnswerableError(
            "A limit has left out pairs, and a heat map shows all.", hint="Ask without a limit, or of fewer neurons."
        )
    ends = [table[f"{end}_id"].to_numpy() for end in ("first", "second")]
    ids = np.unique(np.concatenate(ends))
    check_neurons(len(ids))
    rows = [np.searchsorted(ids, end) for end in ends]
    matrix = np.eye(len(ids))
    matrix[rows[0], rows[1]] = matrix[rows[1], rows[0]] = table["similarity"].to_numpy()
    order = leaf_order(np.round(matrix, 12))
    names: dict[int, tuple[str | None, str | None]] = {}
    for end in ("second", "first"):
        columns = (table[f"{end}_{c}"].to_pylist() for c in ("id", "name", "type"))
        names.update({i: (name, kind) for i, name, kind in zip(*columns, strict=True)})
    labels = own_labels({int(i): names[int(i)][0] for i in ids})
    named = [(labels[int(ids[k])], names[int(ids[k])][1]) for k in order]
    shown = matrix[np.ix_(order, order)]
    np.fill_diagonal(shown, np.nan)
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown)) or 1.0
    low = low if low > high / 2 else min(0.0, low)  # the differences among much alike ones are to be seen
    figure, axes = draw_neurons(shown, named, named, norm=Normalize(low, high), unit=unit)
    axes.set_facecolor("#DDDDDD")
    titled(figure, title, f"Alike neurons side by side: average linkage of 1 - similarity. {note}".strip())
    return figure
