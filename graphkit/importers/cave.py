"""Synapse tables of CAVE (MICrONS, FlyWire, H01): 18-digit root ids, positions in voxels, root id 0 for "not assigned".

Both layouts are read: ``pre_pt_root_id, post_pt_root_id, size, pre_pt_position`` with positions as ``[x y z]`` (or
three columns), and pinky100's ``pre_root_id, post_root_id, cleft_vx, ctr_pt_x_nm, pre_pos_x_vx``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Unpack

from graphkit.build import BuildOptions
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport
from graphkit.importers.synapses import Files, import_synapse_table

__all__ = ["import_cave"]

MICRONS_VOXEL_NM = (4.0, 4.0, 40.0)


def import_cave(
    synapse_files: Files,
    output: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    position_unit_nm: Sequence[float] = MICRONS_VOXEL_NM,
    unassigned_id: int | None = 0,
    size_unit: str | None = "voxels",
    sheet: str | None = None,
    options: BuildOptions | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from synapse tables as CAVE gives them; see ``import_synapses`` for the arguments.

    ``position_unit_nm`` is the voxel size of the positions, 4 x 4 x 40 nm in MICrONS (columns named ``_nm`` are
    nanometres in any case). Synapses at root id 0 are kept with a null neuron and not counted in the graph.

    Raises:
        ImportDataError: a file or (in mode "fail") a row cannot be read; names the file, line, column and value.
    """
    return import_synapse_table(
        synapse_files,
        output,
        command="import cave",
        columns=columns,
        where=where,
        neurons=neurons,
        neuron_columns=neuron_columns,
        position_unit_nm=position_unit_nm,
        unassigned_id=unassigned_id,
        size_unit=size_unit,
        sheet=sheet,
        options=options,
        common=ImportOptions(**common),
    )
