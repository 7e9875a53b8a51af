"""Which column of a source is what: the names that the field uses, and the columns that the user names.

Names are compared without regard to case, spaces and punctuation: ``Neuron 1``, ``neuron_1`` and ``Neuron1`` are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphkit.errors import ImportDataError, did_you_mean
from graphkit.importers.report import listed
from graphkit.importers.sources import Source

__all__ = ["EDGE_FIELDS", "NEURON_FIELDS", "SYNAPSE_FIELDS", "Fields", "recognise"]

Fields = Mapping[str, tuple[str, ...]]

_PRE = ("pre_id", "pre", "pre_root_id", "pre_pt_root_id", "pre_segment", "bodyId_pre", "body_pre", "presynaptic_id")
_POST = (
    "post_id",
    "post",
    "post_root_id",
    "post_pt_root_id",
    "post_segment",
    "bodyId_post",
    "body_post",
    "postsynaptic_id",
)

_EDGE_ENDS: Fields = {
    "pre_id": (
        *_PRE,
        "source",
        "source_id",
        "from",
        "from_id",
        "Neuron 1",
        "presynaptic",
        "pre_neuron",
        "presyn",
        "pre_name",
    ),
    "post_id": (
        *_POST,
        "target",
        "target_id",
        "to",
        "to_id",
        "Neuron 2",
        "postsynaptic",
        "post_neuron",
        "postsyn",
        "post_name",
    ),
}
_SHARED: Fields = {
    "region": ("region", "neuropil", "roi", "primary_roi", "brain_region", "primary_post"),
    "nt": ("nt", "nt_type", "neurotransmitter", "transmitter", "top_nt"),
    "compartment": ("compartment", "edge_compartment"),
}

EDGE_FIELDS: Fields = {
    **_EDGE_ENDS,
    "weight": (
        *("weight", "syn_count", "synapses", "Nbr", "n_syn", "n_synapses", "synapse_count", "synapse_weight"),
        *("num_synapses", "count", "n", "number_of_synapses"),
    ),
    **_SHARED,
    "kind": ("kind", "type", "edge_type", "synapse_type", "connection_type"),
}
"""Columns of a table of pairs."""


def _point(end: str) -> Fields:
    """Names of a synapse's coordinates; ``end`` is pre, post or ctr."""
    fields: dict[str, tuple[str, ...]] = {}
    for axis in "xyz":
        fields[f"{end}_{axis}"] = tuple(
            pattern.format(e=end, a=axis)
            for pattern in (
                *("{e}_{a}_nm", "{e}_pt_{a}_nm", "{e}_pos_{a}_nm", "{e}_pt_position_{a}_nm", "{e}_{a}", "{a}_{e}"),
                *("{e}_pt_position_{a}", "{e}_pt_{a}", "{e}_position_{a}", "{e}_pos_{a}", "{e}_pos_{a}_vx"),
            )
        )
    fields[f"{end}_position"] = (f"{end}_pt_position", f"{end}_position", f"{end}_pos", f"{end}_pt")
    return fields


_CENTRE: Fields = {
    axis: (*_point("ctr")[f"ctr_{axis}"], axis, f"{axis}_nm", f"center_{axis}", f"centroid_{axis}", f"pos_{axis}")
    for axis in "xyz"
} | {"position": (*_point("ctr")["ctr_position"], "position", "centroid", "center")}

SYNAPSE_FIELDS: Fields = {
    "synapse_id": ("synapse_id", "id", "syn_id", "synapse", "connector_id"),
    "pre_id": (*_EDGE_ENDS["pre_id"], "pre_pt_root"),
    "post_id": (*_EDGE_ENDS["post_id"], "post_pt_root"),
    **_point("pre"),
    **_point("post"),
    **_CENTRE,
    "size": ("size", "cleft_size", "cleft_vx", "cleft_voxels", "synapse_size", "area"),
    "score": ("score", "cleft_score", "confidence", "conf", "conf_post", "detection_score", "connection_score"),
    **_SHARED,
    "kind": ("kind",),
    "pre_site_id": ("pre_site_id", "tbar_id", "release_site_id"),
    "pre_region": ("pre_region", "roi_pre", "primary_pre"),
    "post_region": ("post_region", "roi_post"),
    "pre_segment_id": ("pre_segment_id", "pre_pt_supervoxel_id", "pre_supervoxel_id", "pre_sv_id"),
    "post_segment_id": ("post_segment_id", "post_pt_supervoxel_id", "post_supervoxel_id", "post_sv_id"),
}
"""Columns of a table of synapses. x, y, z and position are a point between the two sides."""

NEURON_FIELDS: Fields = {
    "neuron_id": ("neuron_id", "root_id", "pt_root_id", "bodyId", "body_id", "body", "skid", "cell_id", "id"),
    "name": ("name", "instance", "neuron_name", "cell_name", "neuron", "label"),
    "type": ("type", "cell_type", "primary_type", "celltype", "hemibrain_type"),
    "class": ("class", "cell_class", "super_class", "superclass", "category"),
    "side": ("side", "soma_side", "hemisphere", "somaSide"),
    "nt": (
        *("nt", "nt_type", "neurotransmitter", "transmitter", "top_nt", "consensusNt", "consensus_nt", "predictedNt"),
        "predicted_nt",
    ),
    "status": ("status",),
    "complete": ("complete",),
    "soma_x_nm": ("soma_x_nm",),
    "soma_y_nm": ("soma_y_nm",),
    "soma_z_nm": ("soma_z_nm",),
    "volume_nm3": ("volume_nm3",),
    "cable_length_nm": ("cable_length_nm",),
}
"""Columns of a table of neurons."""


def recognise(
    source: Source, fields: Fields, given: Mapping[str, str] | None = None, *, needed: Iterable[str] = ()
) -> dict[str, str]:
    """Field -> column of ``source``. A column that is given wins over one that is recognised.

    Where a file has several names for one field, the one that stands first in ``fields`` is taken if it is the field's
    own name; otherwise the choice is the user's.

    Raises:
        ImportDataError: a needed field is missing, two columns could be the field, or a given column is not there.
    """
    found = {field: _given(source, fields, field, column) for field, column in (given or {}).items()}
    taken = set(found.values())
    folded: dict[str, list[str]] = {}
    for column in source.columns:
        folded.setdefault(_folded(column), []).append(column)
    for field, names in fields.items():
        if field in found:
            continue
        candidates = [c for n in dict.fromkeys(map(_folded, names)) for c in folded.get(n, []) if c not in taken]
        own = [c for c in candidates if _folded(c) == _folded(field)]
        if len(own) == 1:
            candidates = own
        if len(candidates) > 1 and field not in _FIRST_IS_RIGHT:
            raise ImportDataError(
                f"Several columns of {source.name} could be {field}: {listed(candidates)}.",
                hint=f"Say which with --columns {field}=NAME. The file's columns: {listed(list(source.columns))}.",
            )
        if candidates:
            found[field] = candidates[0]
            taken.add(candidates[0])
    for field in needed:
        if field not in found:
            raise _missing(source, fields, field)
    for field, column in found.items():
        if column in source.repeated:
            raise ImportDataError(
                f"{source.name} has the column {column!r} ({field}) more than once; which one is meant is not clear.",
                hint="Rename or remove the others.",
            )
    return found


_MATRIX = 5
"""Columns called by numbers from which on a table is taken for a matrix."""

_FIRST_IS_RIGHT = frozenset(
    {
        "score",
        "nt",
        "class",
        "side",
        "type",
        "name",
        "region",
        "size",
        "neuron_id",
        *_CENTRE,
        *_point("pre"),
        *_point("post"),
    }
)
"""Fields that tables often give twice, finer and coarser, in nanometres and in voxels; the list's order says which to
take."""


def _folded(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _given(source: Source, fields: Fields, field: str, column: str) -> str:
    if field not in fields:
        hint = did_you_mean(field, fields) or f"Known: {', '.join(fields)}."
        raise ImportDataError(f"There is no field {field!r} to name a column for.", hint=hint)
    exact = [c for c in source.columns if c == column] or [c for c in source.columns if _folded(c) == _folded(column)]
    if len(exact) != 1:
        known = listed(list(source.columns))
        meant = did_you_mean(column, source.columns)
        raise ImportDataError(
            f"{source.name} has no column {column!r} (given for {field}).",
            hint=f"{meant} It has: {known}." if meant else f"It has: {known}.",
        )
    return exact[0]


def _missing(source: Source, fields: Fields, field: str) -> ImportDataError:
    columns = list(source.columns)
    text = f"No column of {source.name} is recognised as {field}; its columns: {listed(columns)}."
    if len(columns) == 1:
        text += " There is only one: the cells may be separated by something other than a comma, tab, semicolon or bar."
    hint = f"Say which it is with --columns {field}=NAME."
    numbers = sum(name.isdecimal() for name in columns)
    if numbers > _MATRIX and numbers >= len(columns) - 1:
        hint = (
            "The columns are called by numbers, as those of a matrix of neurons: `graphkit import larva` reads those of the "
            "larval brain; any other has to be a table first, a row a pair (pre,post,weight)."
        )
        return ImportDataError(text, hint=hint)
    if any(name.replace(".", "", 1).isdecimal() for name in columns):
        hint += " If these are no names of columns but the first row, put a line of names before it, such as pre,post,weight."
    return ImportDataError(text, hint=hint)
