"""Positions of somata that contradict the marked point of the same row, as in pinky100's table of somata.

``soma_valence_v185.csv`` of MICrONS gives ``pt_position`` in voxels and ``soma_x_nm``, ``soma_y_nm``, ``soma_z_nm``, of which all
three are made from x: a soma at voxel (103860, 44385, 891) stands there at (415440, 415440, 4154400) nm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphkit.importers.report import Ledger

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["marked_somata"]

_AXES = ("soma_x_nm", "soma_y_nm", "soma_z_nm")
_POINT = "pt_position"


def marked_somata(table: pa.Table, unit_nm: Sequence[float], name: str, ledger: Ledger) -> pa.Table:
    """The neurons with their somata at ``pt_position``, where the columns of somata are not that point in any unit.

    ``unit_nm`` is what a step of ``pt_position`` is, in nm. Columns that are the point times the same three numbers in every row
    are left as they are, whatever these numbers: then the point is in another unit.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not {*_AXES, _POINT} <= set(table.column_names) or not pa.types.is_string(table[_POINT].type):
        return table
    numbers = r"\D*?".join(rf"(?P<{axis}>-?\d+(?:\.\d+)?)(?:\D|$)" for axis in "xyz")
    read = pc.extract_regex(table[_POINT].combine_chunks(), rf"^\D*?{numbers}\D*$")
    texts = [
        pc.if_else(pc.equal(read.field(a), ""), None, read.field(a)) for a in "xyz"
    ]  # "" where the pattern is not there
    point = np.column_stack([pc.cast(text, pa.float64()).fill_null(np.nan) for text in texts])
    given = np.column_stack([pc.cast(table[a].combine_chunks(), pa.float64()).fill_null(np.nan) for a in _AXES])
    both = ~np.isnan(point).any(axis=1) & ~np.isnan(given).any(axis=1)
    if not both.any():
        return table
    unit = np.asarray(unit_nm, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.nanmedian(np.where(point[both] != 0, given[both] / point[both], np.nan), axis=0)
    if (np.abs(given[both] - point[both] * steps) <= np.abs(steps)).all():
        return table
    apart = both & (np.abs(given - point * unit) > unit).any(axis=1)
    ledger.note(
        f"{name}: the somata of {int(apart.sum()):,} of {int(both.sum()):,} neurons (soma_x_nm, soma_y_nm, soma_z_nm) "
        f"are not where their {_POINT} is; they were put there ({' x '.join(f'{u:g}' for u in unit)} nm a step)."
    )
    exact = np.rint(np.nan_to_num(point * unit))
    for axis, column in enumerate(_AXES):
        old = table[column].combine_chunks()
        new = pc.if_else(pa.array(apart), pa.array(exact[:, axis].astype(np.int64), old.type), old)
        table = table.set_column(table.column_names.index(column), table.field(column), new)
    return table
