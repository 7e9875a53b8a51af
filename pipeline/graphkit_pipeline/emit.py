"""The only door from the pipeline to graphkit: writes a reconstruction as a dataset and builds its graph.

    segments ── segment_to_neuron ──┐
    synapses (points, segment ids) ─┼─> checks ─> Parquet tables ─> build ─> one new snapshot, all or nothing
    skeletons, neurons, regions ────┘

Two layers of ids: a *segment* is what the segmentation found; ``segment_to_neuron`` says which neuron it belongs to. Where
no mapping is given every segment is a neuron of its own, with the same id. The synapses' pre_id and post_id come from
their segments.

An emission says all there is to say: in a dataset that an earlier emission made, it adds a snapshot in which the tables
that are not given again are absent (an old skeleton beside a new segmentation would be wrong). The earlier snapshot stays.

Units: positions in integer nm, ``bounds`` in voxels, ``voxel_size_nm`` in [z, y, x].
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import BuildError, DatasetError, GraphkitError, NotADatasetError, did_you_mean
from graphkit.progress import Progress, silent
from graphkit.schema import TABLES
from graphkit_pipeline.distinct import left_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from graphkit.build import BuildOptions
    from graphkit.writer import DatasetWriter
    from graphkit_pipeline.blocks import Box

__all__ = ["COMMAND", "SIZE_UNIT", "emit_dataset"]

COMMAND = "reconstruct"
"""What the provenance calls the step, unless ``provenance`` has a "command" of its own."""

SIZE_UNIT = "voxels"
"""Unit of the synapses' sizes: voxels of the cleft."""

_POINTS = {"neurons": ("soma_",), "synapses": ("pre_", "post_"), "skeletons": ("",)}


def emit_dataset(
    location: str | os.PathLike[str],
    *,
    name: str,
    voxel_size_nm: Sequence[float],
    bounds: Box,
    synapses: pa.Table,
    neurons: pa.Table | None = None,
    segments: pa.Table | None = None,
    segment_to_neuron: pa.Table | None = None,
    skeletons: pa.Table | None = None,
    regions: pa.Table | None = None,
    provenance: Mapping[str, Any],
    build: Mapping[str, Any] | None = None,
    description: str = "",
    size_unit: str = SIZE_UNIT,
    memory_limit: str = "4GB",
    threads: int | None = None,
    progress: Progress = silent,
) -> Path:
    """The path of the dataset, with a new snapshot that holds these tables and the graph built from them.

    Args:
        location: a new folder, or a dataset that an earlier emission of the same command made.
        voxel_size_nm: (z, y, x).
        bounds: the volume, in global voxels [z, y, x]; every position must lie inside.
        synapses, neurons, segments, segment_to_neuron, skeletons, regions: as ``graphkit.schema.TABLES`` has them;
            optional columns may be absent. An empty table of synapses is a valid dataset without connections.
        provenance: what was done, JSON-serialisable: {"settings": ..., "sources": [...], ...}.
        build: options of the graph build by name, e.g. {"min_score": 0.5}; see ``graphkit.build.BuildOptions``.
        memory_limit: bound on the memory of the build.
        threads: number of threads of the build; the result does not depend on it.

    Raises:
        GraphkitError: a table does not fit its schema, the others, or the bounds. Nothing is written then.
        DatasetError: ``location`` holds something else.
        ConflictError: another writer committed meanwhile.
    """
    from graphkit.build import build_into
    from graphkit.writer import conform

    options = _options(build)
    z, y, x = _voxel_size(voxel_size_nm)
    box_nm = _bounds_nm(bounds, (z, y, x))
    given = {
        "segments": segments,
        "segment_to_neuron": segment_to_neuron,
        "neurons": neurons,
        "skeletons": skeletons,
        "regions": regions,
        "synapses": synapses,
    }
    tables = {table: conform(rows, TABLES[table]) for table, rows in given.items() if rows is not None}
    if "segments" in tables and "segment_to_neuron" not in tables:
        tables["segment_to_neuron"] = _each_its_own(tables["segments"])
    for table, rows in tables.items():
        _check_key(table, rows)
        _check_inside(table, rows, box_nm)
    _check_segments(tables)
    tables["neurons"] = _all_neurons(tables, box_nm)
    if not len(tables["synapses"]):
        # The build refuses a threshold where no synapse has a score; without synapses there is nothing to threshold.
        options = replace(options, min_score=None)

    step = {"command": COMMAND, **provenance, "build": asdict(options)}
    fields = {
        "name": name,
        "description": description,
        "voxel_size_nm": {"x": x, "y": y, "z": z},
        "bounds_nm": box_nm,
        "size_unit": size_unit,
    }
    with _writer(location, str(step["command"]), fields) as writer:
        for table in TABLES:
            writer.drop(table)
        for i, (table, rows) in enumerate(tables.items()):
            progress("writing tables", i / len(tables))
            writer.add(table, rows)
        record = build_into(writer, options, memory_limit=memory_limit, threads=threads, progress=progress)
        writer.commit(step, build=record)
    return Path(location)


# -- what is asked ---------------------------------------------------------------------------------------------------


def _options(given: Mapping[str, Any] | None) -> BuildOptions:
    from graphkit.build import BuildOptions

    known = list(BuildOptions.__slots__)
    unknown = next((k for k in given or {} if k not in known), None)
    if unknown is not None:
        hint = did_you_mean(unknown, known) or f"The options are {', '.join(known)}."
        raise BuildError(f"The graph build has no option {unknown!r}.", hint=hint)
    return BuildOptions(**(given or {}))


def _voxel_size(given: Sequence[float]) -> tuple[float, float, float]:
    sizes = [float(s) for s in given]
    if len(sizes) != 3 or not all(math.isfinite(s) and s > 0 for s in sizes):
        raise GraphkitError(f"voxel_size_nm must be three positive numbers (z, y, x), got {tuple(given)!r}.")
    z, y, x = (int(s) if s.is_integer() else s for s in sizes)
    return z, y, x


def _bounds_nm(bounds: Box, voxel_size_nm: tuple[float, float, float]) -> dict[str, list[int]]:
    edges = zip("zyx", bounds.start, bounds.stop, voxel_size_nm, strict=True)
    found = {a: [math.floor(low * size), math.ceil(high * size)] for a, low, high, size in edges}
    reach = max(abs(v) for edge in found.values() for v in edge)
    if reach >= 2**31:
        raise GraphkitError(
            f"The volume reaches to {reach:,} nm; positions are 32-bit and end at 2,147,483,647 nm (2.1 m).",
            hint="Check voxel_size_nm and the offset of the volume.",
        )
    return {axis: found[axis] for axis in "xyz"}


def _writer(location: str | os.PathLike[str], command: str, fields: Mapping[str, Any]) -> DatasetWriter:
    """For a new dataset, or for the next snapshot of one that ``command`` made.

    A dataset of another origin is refused: its tables would all be replaced.
    """
    from graphkit.writer import DatasetWriter

    try:
        writer = DatasetWriter(location, **fields)
    except NotADatasetError:
        return DatasetWriter(location, create=True, **fields)
    made_by = [str(step.get("command")) for step in (writer.base.provenance if writer.base else ())]
    if command not in made_by:
        raise DatasetError(
            f"The dataset at {os.fspath(location)!r} was made by {made_by[0] if made_by else 'something else'!r}; "
            f"{command!r} would replace all of its tables.",
            hint="Choose another folder for the dataset.",
        )
    return writer


# -- what is given, and what follows from it -------------------------------------------------------------------------


def _each_its_own(segments: pa.Table) -> pa.Table:
    import pyarrow as pa

    ids = segments["segment_id"]
    return pa.table([ids, ids], schema=TABLES["segment_to_neuron"].schema)


def _all_neurons(tables: Mapping[str, pa.Table], box_nm: Mapping[str, list[int]]) -> pa.Table:
    """The given neurons and those that only the mapping or the skeletons name; ``complete`` from the segments' boxes."""
    import numpy as np
    import pyarrow as pa

    from graphkit.writer import conform

    neurons = tables.get("neurons", conform(pa.table({"neuron_id": pa.array([], pa.int64())}), TABLES["neurons"]))
    named = [_int64(tables[t], "neuron_id") for t in ("segment_to_neuron", "skeletons") if t in tables]
    missing = left_of(np.concatenate([*named, np.empty(0, np.int64)]), _int64(neurons, "neuron_id"))
    more = conform(pa.table({"neuron_id": missing}), TABLES["neurons"])
    neurons = pa.concat_tables([neurons, more], promote_options="default")
    if "segments" not in tables or neurons["complete"].null_count < len(neurons):
        return neurons
    at = neurons.schema.get_field_index("complete")
    return neurons.set_column(at, neurons.schema.field(at), _complete(_int64(neurons, "neuron_id"), tables, box_nm))


def _complete(ids: NDArray[np.int64], tables: Mapping[str, pa.Table], box_nm: Mapping[str, list[int]]) -> pa.Array:
    """False where a segment of the neuron touches the volume's border; null where a box is not known."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    boxed = tables["segments"].join(tables["segment_to_neuron"], "segment_id", join_type="inner")
    touches = pa.scalar(False)
    for axis, (low, high) in box_nm.items():
        touches = pc.or_(touches, pc.less_equal(boxed[f"min_{axis}_nm"], low))
        touches = pc.or_(touches, pc.greater_equal(boxed[f"max_{axis}_nm"], high))
    boxed = pa.table({"neuron_id": boxed["neuron_id"], "cut": touches, "unknown": pc.is_null(touches)})
    found = boxed.group_by("neuron_id").aggregate([("cut", "any"), ("unknown", "any")])
    keys = _int64(found, "neuron_id")
    order = np.argsort(keys)
    at = np.searchsorted(keys[order], ids).clip(0, max(len(keys) - 1, 0))
    if not len(keys):
        return pa.nulls(len(ids), pa.bool_())
    row = order[at]
    hit = keys[row] == ids
    cut = found["cut_any"].fill_null(False).to_numpy(zero_copy_only=False)[row]
    unknown = found["unknown_any"].to_numpy(zero_copy_only=False)[row]
    return pa.array(~cut.astype(bool), mask=~hit | (unknown.astype(bool) & ~cut.astype(bool)))


# -- checks ----------------------------------------------------------------------------------------------------------


def _check_key(table: str, rows: pa.Table) -> None:
    import pyarrow.compute as pc

    key = list(TABLES[table].key)
    counts = rows.select(key).group_by(key).aggregate([([], "count_all")])
    if len(counts) == len(rows):
        return
    repeated = counts.filter(pc.greater(counts["count_all"], 1)).sort_by([(k, "ascending") for k in key])
    example = ", ".join(f"{k}={repeated[k][0].as_py()}" for k in key)
    raise GraphkitError(
        f"Table {table!r} has {len(rows) - len(counts):,} rows that repeat the key of another, e.g. {example}; "
        f"{', '.join(key)} must name one row."
    )


def _check_inside(table: str, rows: pa.Table, box_nm: Mapping[str, list[int]]) -> None:
    import pyarrow.compute as pc

    for column, axis in ((f"{prefix}{axis}_nm", axis) for prefix in _POINTS.get(table, ()) for axis in "xyz"):
        low, high = box_nm[axis]
        lowest, highest = pc.min_max(rows[column]).as_py().values()
        if lowest is not None and (lowest < low or highest > high):
            raise GraphkitError(
                f"{column} of {table!r} goes from {lowest:,} to {highest:,} nm; the volume goes from {low:,} to {high:,} nm.",
                hint="Positions are (global voxel + 0.5) x voxel size: check the offset, the voxel size and the axis order.",
            )


def _check_segments(tables: Mapping[str, pa.Table]) -> None:
    """Ids of segments are above 0 and are segments; a pre_id or post_id given beside one is its neuron."""

    known = _int64(tables["segments"], "segment_id") if "segments" in tables else None
    for table, column in (
        ("segments", "segment_id"),
        ("segment_to_neuron", "segment_id"),
        ("segment_to_neuron", "neuron_id"),
        ("synapses", "pre_segment_id"),
        ("synapses", "post_segment_id"),
    ):
        if table not in tables:
            continue
        ids = _int64(tables[table], column)
        if len(ids) and ids.min() <= 0:
            raise GraphkitError(
                f"{column} of {table!r} has the id {ids.min()}; ids are above 0.",
                hint="0 is the background of a segmentation: leave such rows out, or the id null.",
            )
        if known is not None and column.endswith("segment_id"):
            strange = left_of(ids, known)
            if len(strange):
                raise GraphkitError(
                    f"{column} of {table!r} names {len(strange):,} segments that table 'segments' does not have, e.g. "
                    f"{strange[0]}.",
                    hint="Synapses, mapping and segments must come from the same segmentation.",
                )
    if "segment_to_neuron" in tables:
        for end in ("pre", "post"):
            _check_neuron_of(tables["synapses"], end, tables["segment_to_neuron"])


def _check_neuron_of(synapses: pa.Table, end: str, mapping: pa.Table) -> None:
    import pyarrow.compute as pc

    both = synapses.filter(pc.and_(pc.is_valid(synapses[f"{end}_id"]), pc.is_valid(synapses[f"{end}_segment_id"])))
    if not len(both):
        return
    at = pc.index_in(both[f"{end}_segment_id"], mapping["segment_id"].combine_chunks())
    neuron = pc.take(mapping["neuron_id"], at)
    same = pc.fill_null(pc.equal(neuron, both[f"{end}_id"]), False)
    wrong = both.filter(pc.invert(same))
    if len(wrong):
        first = wrong.slice(0, 1).to_pylist()[0]
        raise GraphkitError(
            f"{len(wrong):,} synapses give another {end}_id than the neuron of their segment, e.g. synapse "
            f"{first['synapse_id']}: {end}_id {first[f'{end}_id']}, segment {first[f'{end}_segment_id']}.",
            hint=f"Leave {end}_id out: it is derived from the segment.",
        )


def _int64(rows: pa.Table, column: str) -> NDArray[np.int64]:
    """The values that are not null; never through float."""
    values: NDArray[np.int64] = rows[column].drop_null().to_numpy()
    return values
