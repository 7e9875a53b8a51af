"""Every table of a dataset: columns, types, units, meaning, order. Format version 1.

The single truth: the writer casts to these schemas, ``validate`` checks against them, docs/dataset-format.md is tested
against them.

Conventions
- Ids are int64. Positions are integer nanometres (int32) in columns ``*_x_nm``, ``*_y_nm``, ``*_z_nm``. Counts are int64.
- Null means "not known" (a region: "not resolved"); region 0 means "outside every region".
- A *chemical* connection is directed, pre to post. An *electrical* one (gap junction) has no direction and is stored
  once, with pre_id <= post_id.
- Columns a source had beyond these may follow in ``neurons``, ``synapses`` and ``segments``; their names must not clash.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

__all__ = [
    "KINDS",
    "OUTSIDE",
    "TABLES",
    "TableSpec",
]


OUTSIDE = 0
"""region_id of what lies outside every region."""

KINDS = ("chemical", "electrical")


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table: its columns in order, how its rows are sorted, its key and the columns it refers to.

    ``references`` maps a column to (table, column) whose values it must be among (nulls aside).
    ``extensible`` tables may carry the source's own columns after these.
    """

    name: str
    description: str
    schema: pa.Schema
    sorted_by: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    references: tuple[tuple[str, str, str], ...] = ()
    extensible: bool = False


def _column(name: str, dtype: pa.DataType, description: str, *, unit: str = "", nullable: bool = True) -> pa.Field:
    metadata = {"description": description}
    if unit:
        metadata["unit"] = unit
    return pa.field(name, dtype, nullable=nullable, metadata=metadata)


def _id(name: str, description: str) -> pa.Field:
    return _column(name, pa.int64(), description, nullable=False)


def _count(name: str, description: str) -> pa.Field:
    return _column(name, pa.int64(), description, unit="count", nullable=False)


def _position(prefix: str, what: str) -> list[pa.Field]:
    return [
        _column(f"{prefix}{axis}_nm", pa.int32(), f"{what}, {axis} coordinate", unit="nm") for axis in ("x", "y", "z")
    ]


def _bounds(what: str) -> list[pa.Field]:
    return _position("min_", f"lower corner of the bounding box of {what} (inclusive)") + _position(
        "max_", f"upper corner of the bounding box of {what} (exclusive)"
    )


_KIND = _column("kind", pa.string(), "chemical (directed) or electrical (no direction)", nullable=False)
_COMPARTMENT = _column(
    "compartment",
    pa.string(),
    "compartment of pre and of post, e.g. axo-dendritic, axo-axonic, dendro-dendritic, dendro-axonic",
)

_CONNECTION_COLUMNS = [
    _id("pre_id", "presynaptic neuron"),
    _id("post_id", "postsynaptic neuron"),
    _column("region_id", pa.int16(), "region the synapses lie in; null = not resolved, 0 = outside every region"),
    _KIND,
    _COMPARTMENT,
    _count("synapses", "synapses of this pair in this region, of this kind and compartment"),
    _column("size_sum", pa.int64(), "sum of the synapses' sizes, in the dataset's size unit"),
    _column("nt", pa.string(), "transmitter most of these synapses have (first in alphabetical order on a tie)"),
]
_NEURON_PAIR = (("pre_id", "neurons", "neuron_id"), ("post_id", "neurons", "neuron_id"))


TABLES: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        TableSpec(
            "neurons",
            "Every neuron of the graph: what the source says of it, and its totals.",
            pa.schema(
                [
                    _id("neuron_id", "the neuron (body, root id, cell)"),
                    _column("name", pa.string(), "name or instance"),
                    _column("type", pa.string(), "cell type"),
                    _column("class", pa.string(), "class, above the type"),
                    _column("side", pa.string(), "left, right, center"),
                    _column("nt", pa.string(), "transmitter"),
                    *_position("soma_", "cell body"),
                    _column("status", pa.string(), "status of the reconstruction, in the source's words"),
                    _column("complete", pa.bool_(), "false where the neuron is cropped or touches the volume's border"),
                    _count("inputs", "chemical synapses onto this neuron, over all regions"),
                    _count("outputs", "chemical synapses from this neuron, over all regions"),
                    _count("partners", "different neurons connected to this one by chemical synapses, either way"),
                    _column("cable_length_nm", pa.float64(), "summed length of the skeleton's edges", unit="nm"),
                    _column("volume_nm3", pa.float64(), "volume of the segments", unit="nm3"),
                ]
            ),
            sorted_by=("neuron_id",),
            key=("neuron_id",),
            extensible=True,
        ),
        TableSpec(
            "neuron_regions",
            "Inputs and outputs of each neuron in each region, the region's children not included.",
            pa.schema(
                [
                    _id("neuron_id", "the neuron"),
                    _column("region_id", pa.int16(), "region (0 = outside every region)", nullable=False),
                    _count("inputs", "chemical synapses onto the neuron in this region"),
                    _count("outputs", "chemical synapses from the neuron in this region"),
                ]
            ),
            sorted_by=("neuron_id", "region_id"),
            key=("neuron_id", "region_id"),
            references=(("neuron_id", "neurons", "neuron_id"), ("region_id", "regions", "region_id")),
        ),
        TableSpec(
            "synapses",
            "Every detected synapse: one row a presynaptic and postsynaptic pair of sites.",
            pa.schema(
                [
                    _id("synapse_id", "the synapse"),
                    _column("pre_id", pa.int64(), "presynaptic neuron; null = not assigned"),
                    _column("post_id", pa.int64(), "postsynaptic neuron; null = not assigned"),
                    *_position("pre_", "presynaptic point"),
                    *_position("post_", "postsynaptic point"),
                    _column("size", pa.int64(), "size of the synapse, in the dataset's size unit"),
                    _column("score", pa.float32(), "detection score, higher is surer"),
                    _column("region_id", pa.int16(), "leaf region of the point that counts; null = not resolved"),
                    _column("nt", pa.string(), "transmitter"),
                    _KIND,
                    _COMPARTMENT,
                    _column("pre_site_id", pa.int64(), "presynaptic release site; one site can have many partners"),
                    _column("pre_region_id", pa.int16(), "region of the presynaptic point, where the source has both"),
                    _column("post_region_id", pa.int16(), "region of the postsynaptic point, where it has both"),
                    _column("pre_segment_id", pa.int64(), "segment at the presynaptic point"),
                    _column("post_segment_id", pa.int64(), "segment at the postsynaptic point"),
                ]
            ),
            sorted_by=("pre_id", "post_id", "synapse_id"),
            key=("synapse_id",),
            references=(*_NEURON_PAIR, ("region_id", "regions", "region_id")),
            extensible=True,
        ),
        TableSpec(
            "synapses_by_place",
            "Finds the synapses of a box: rows of `synapses` in the order of a space-filling curve.",
            pa.schema(
                [
                    _column(
                        "place",
                        pa.int64(),
                        "Morton code of the postsynaptic point: cubes of 1,024 nm, each axis + 2^20, 21 bits, x lowest",
                        nullable=False,
                    ),
                    _column("row", pa.int64(), "row number in `synapses`, over its files in order", nullable=False),
                ]
            ),
            sorted_by=("place", "row"),
            key=("row",),
        ),
        TableSpec(
            "synapses_by_post",
            "Finds the synapses onto a neuron: rows of `synapses` in the order of post_id.",
            pa.schema(
                [
                    _column("post_id", pa.int64(), "postsynaptic neuron", nullable=False),
                    _column("row", pa.int64(), "row number in `synapses`, over its files in order", nullable=False),
                ]
            ),
            sorted_by=("post_id", "row"),
            key=("row",),
            references=(("post_id", "neurons", "neuron_id"),),
        ),
        TableSpec(
            "connections",
            "The graph: synapses summed by pair, region, kind and compartment.",
            pa.schema(_CONNECTION_COLUMNS),
            sorted_by=("pre_id", "post_id", "region_id", "kind", "compartment"),
            key=("pre_id", "post_id", "region_id", "kind", "compartment"),
            references=(*_NEURON_PAIR, ("region_id", "regions", "region_id")),
        ),
        TableSpec(
            "connections_by_post",
            "The rows of `connections`, sorted by the postsynaptic neuron.",
            pa.schema(_CONNECTION_COLUMNS),
            sorted_by=("post_id", "pre_id", "region_id", "kind", "compartment"),
            key=("pre_id", "post_id", "region_id", "kind", "compartment"),
            references=(*_NEURON_PAIR, ("region_id", "regions", "region_id")),
        ),
        TableSpec(
            "segments",
            "What the segmentation found; segments never change, an agglomeration maps them to neurons.",
            pa.schema(
                [
                    _id("segment_id", "the segment (supervoxel group of one segmentation)"),
                    _count("voxels", "number of voxels"),
                    *_bounds("the segment"),
                ]
            ),
            sorted_by=("segment_id",),
            key=("segment_id",),
            extensible=True,
        ),
        TableSpec(
            "segment_to_neuron",
            "Which neuron each segment belongs to (one agglomeration version).",
            pa.schema([_id("segment_id", "the segment"), _id("neuron_id", "the neuron it is part of")]),
            sorted_by=("segment_id",),
            key=("segment_id",),
            references=(("neuron_id", "neurons", "neuron_id"),),
        ),
        TableSpec(
            "skeletons",
            "Skeleton nodes, parents before or after children; the truth for cable length and position along a neuron.",
            pa.schema(
                [
                    _id("neuron_id", "the neuron"),
                    _id("node", "node number, unique within the neuron"),
                    _id("parent", "parent node; -1 for a root"),
                    *[f.with_nullable(False) for f in _position("", "node")],
                    _column("radius_nm", pa.float32(), "radius; null = not known", unit="nm"),
                    _column("compartment", pa.string(), "soma, axon, dendrite, ..."),
                ]
            ),
            sorted_by=("neuron_id", "node"),
            key=("neuron_id", "node"),
            references=(("neuron_id", "neurons", "neuron_id"),),
        ),
        TableSpec(
            "regions",
            "The tree of regions (neuropils); 0, outside every region, is not listed.",
            pa.schema(
                [
                    _column("region_id", pa.int16(), "the region, above 0", nullable=False),
                    _column("name", pa.string(), "name, unique", nullable=False),
                    _column("parent_id", pa.int16(), "the region it is part of; null at the top"),
                    *_bounds("the region"),
                    _column("box", pa.bool_(), "true where the region is exactly its bounding box"),
                ]
            ),
            sorted_by=("region_id",),
            key=("region_id",),
            references=(("parent_id", "regions", "region_id"),),
        ),
    )
}
