"""``graphkit info``: what is in a dataset, at a glance (the picture is drawn by ``graphkit.info_panel``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from graphkit.dataset import Dataset
from graphkit.schema import KINDS
from graphkit.snapshot import FORMAT_VERSION

if TYPE_CHECKING:
    import duckdb
    from rich.console import RenderableType

__all__ = ["Info", "RegionInfo", "describe", "info_json", "render"]

_TOP_TYPES = 8

_FEW = 2_000_000
"""Stored connections up to which pairs of neurons are counted: more would take longer than all else."""

_LINE = 59
"""Characters of a question that a line of the panel holds on a terminal of 80; a command that is broken cannot be copied."""


@dataclass(frozen=True, slots=True)
class RegionInfo:
    """One region with its children: chemical synapses in it, and neurons that have some of them."""

    region_id: int
    name: str
    parent_id: int | None
    depth: int
    synapses: int
    neurons: int


@dataclass(frozen=True, slots=True)
class Info:
    """What a dataset holds.

    Attributes:
        counts: by name, only those that apply: neurons, typed neurons, types, synapses (stored), counted synapses,
            connections (stored: of a pair, one for each region, compartment and transmitter), pairs (different ones, where there
            are at most 2 million connections), electrical (gap junctions), regions, segments, skeletons (neurons with one).
        resolved: share of the graph's synapses whose region is known; None before the build or without synapses.
        disk_bytes: by table.
        build: options of the graph build and what it left out; None before the first build.
        regions: in the order of the tree, parents before children; figures include the children.
        outside: synapses that lie outside every region.
        types: the largest cell types, with their number of neurons.
        transmitters: neurons by transmitter (or, where neurons have none, synapses: see ``transmitters_of``).
        provenance: what was done, oldest first.
        examples: questions that this dataset can answer.
    """

    name: str
    description: str
    location: str
    snapshot: int
    created: str
    format_version: int
    counts: Mapping[str, int]
    resolved: float | None
    disk_bytes: Mapping[str, int]
    voxel_size_nm: Mapping[str, float] | None
    bounds_nm: Mapping[str, list[int]] | None
    size_unit: str | None
    build: Mapping[str, Any] | None
    regions: tuple[RegionInfo, ...]
    outside: int
    types: tuple[tuple[str, int], ...]
    transmitters: tuple[tuple[str, int], ...]
    transmitters_of: str
    provenance: tuple[Mapping[str, Any], ...]
    examples: tuple[str, ...]


def describe(dataset: Dataset) -> Info:
    """What ``dataset`` holds, at its snapshot.

    Raises:
        DamagedFileError: a file is missing or has the wrong size.
        DatasetError: the regions do not form a tree.
    """
    snapshot = dataset.snapshot
    with dataset.connect() as connection:
        counts = _counts(dataset, connection)
        in_region, resolved = _synapses_by_region(dataset, connection)
        regions = _regions(dataset, connection, in_region)
        types = _types(dataset, connection)
        transmitters_of, transmitters = _transmitters(dataset, connection)
        examples = _examples(dataset, connection, regions, types, resolved)
    return Info(
        name=snapshot.name,
        description=snapshot.description,
        location=dataset.url,
        snapshot=snapshot.number,
        created=snapshot.created,
        format_version=FORMAT_VERSION,
        counts=counts,
        resolved=resolved,
        disk_bytes={name: t.bytes for name, t in snapshot.tables.items()},
        voxel_size_nm=snapshot.voxel_size_nm,
        bounds_nm=snapshot.bounds_nm,
        size_unit=snapshot.size_unit,
        build=snapshot.build,
        regions=regions,
        outside=in_region.get(0, 0),
        types=types,
        transmitters=transmitters,
        transmitters_of=transmitters_of,
        provenance=snapshot.provenance,
        examples=examples,
    )


def info_json(info: Info) -> dict[str, Any]:
    """``info`` for JSON: plain types, ids as text."""
    body = asdict(info)
    for region in body["regions"]:
        region["region_id"] = str(region["region_id"])
        region["parent_id"] = None if region["parent_id"] is None else str(region["parent_id"])
    body["regions"] = list(body["regions"])
    body["types"] = [{"type": name, "neurons": n} for name, n in info.types]
    body["transmitters"] = [{"nt": name, info.transmitters_of: n} for name, n in info.transmitters]
    body["provenance"] = [dict(step) for step in info.provenance]
    body["examples"] = list(info.examples)
    return body


def render(info: Info) -> RenderableType:
    """``info`` for a terminal of 80 columns and more."""
    from graphkit.info_panel import panel

    return panel(info)


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    return row if row is not None else ()


def _counts(dataset: Dataset, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    tables = dataset.snapshot.tables
    counts = {name: tables[name].rows for name in ("neurons", "synapses", "connections", "regions") if name in tables}
    if "type" in _columns(dataset, "neurons"):
        counts["typed neurons"], counts["types"] = _one(
            connection, "SELECT count(type), count(DISTINCT type) FROM neurons"
        )
    if dataset.has("connections") and "kind" in _columns(dataset, "connections"):
        chemical, electrical = (f"coalesce(sum(synapses) FILTER (kind = '{kind}'), 0)" for kind in KINDS)
        totals = _one(connection, f"SELECT ({chemical})::BIGINT, ({electrical})::BIGINT FROM connections")
        counts["counted synapses"], counts["electrical"] = totals
        if counts["connections"] <= _FEW:
            pairs = "SELECT count(*) FROM (SELECT DISTINCT pre_id, post_id, kind FROM connections)"
            (counts["pairs"],) = _one(connection, pairs)
    if dataset.has("segments"):
        counts["segments"] = tables["segments"].rows
    if dataset.has("skeletons"):
        (counts["skeletons"],) = _one(connection, "SELECT count(DISTINCT neuron_id) FROM skeletons")
    return counts


def _columns(dataset: Dataset, table: str) -> tuple[str, ...]:
    entry = dataset.snapshot.tables.get(table)
    return entry.columns if entry else ()


def _synapses_by_region(dataset: Dataset, connection: duckdb.DuckDBPyConnection) -> tuple[dict[int, int], float | None]:
    """Chemical synapses in each region without its children, and the share whose region is known."""
    if dataset.snapshot.build is None or not dataset.has("connections"):
        return {}, None
    sql = "SELECT region_id, sum(synapses)::BIGINT FROM connections WHERE kind = 'chemical' GROUP BY region_id"
    rows = dict(connection.execute(sql).fetchall())
    unresolved, total = rows.pop(None, 0), sum(rows.values())
    if not rows and dataset.has("neuron_regions"):  # the source gave totals by region, not by pair and region
        sql = "SELECT region_id, sum(inputs)::BIGINT FROM neuron_regions GROUP BY region_id"
        rows = dict(connection.execute(sql).fetchall())
    return rows, 1 - unresolved / (total + unresolved) if total + unresolved else None


def _regions(
    dataset: Dataset, connection: duckdb.DuckDBPyConnection, in_region: Mapping[int, int]
) -> tuple[RegionInfo, ...]:
    import pyarrow as pa

    tree = dataset.region_tree
    if not len(tree):
        return ()
    below = {region: tree.below(region) for region in tree.by_id}
    pairs = [(top, part) for top, parts in below.items() for part in parts]
    neurons: dict[int, int] = {}
    if dataset.has("neuron_regions"):
        belonging = pa.table({"top": [p[0] for p in pairs], "part": [p[1] for p in pairs]})
        connection.register("belonging", belonging)
        sql = """SELECT top, count(DISTINCT neuron_id) FROM neuron_regions JOIN belonging ON region_id = part
                 WHERE inputs > 0 OR outputs > 0 GROUP BY top"""
        neurons = dict(connection.execute(sql).fetchall())
    found: list[RegionInfo] = []

    def walk(parent: int | None, depth: int) -> None:
        children = ((sum(in_region.get(r, 0) for r in below[c]), c) for c in tree.children(parent))
        for synapses, child in sorted(children, key=lambda pair: (-pair[0], pair[1])):
            region = tree.by_id[child]
            found.append(RegionInfo(child, region.name, parent, depth, synapses, neurons.get(child, 0)))
            walk(child, depth + 1)

    walk(None, 0)
    return tuple(found)


def _types(dataset: Dataset, connection: duckdb.DuckDBPyConnection) -> tuple[tuple[str, int], ...]:
    if "type" not in _columns(dataset, "neurons"):
        return ()
    sql = f"""SELECT type, count(*) AS n FROM neurons WHERE type IS NOT NULL
              GROUP BY type ORDER BY n DESC, type LIMIT {_TOP_TYPES}"""
    return tuple(connection.execute(sql).fetchall())


def _transmitters(dataset: Dataset, connection: duckdb.DuckDBPyConnection) -> tuple[str, tuple[tuple[str, int], ...]]:
    for table, what, number in (
        ("neurons", "neurons", "count(*)"),
        ("connections", "synapses", "sum(synapses)::BIGINT"),
    ):
        if "nt" in _columns(dataset, table):
            sql = f"SELECT nt, {number} AS n FROM {table} WHERE nt IS NOT NULL GROUP BY nt ORDER BY n DESC, nt"
            if rows := connection.execute(sql).fetchall():
                return what, tuple(rows)
    return "neurons", ()


def _examples(
    dataset: Dataset,
    connection: duckdb.DuckDBPyConnection,
    regions: tuple[RegionInfo, ...],
    types: tuple[tuple[str, int], ...],
    resolved: float | None,
) -> tuple[str, ...]:
    """Two or three questions with the dataset's own names."""
    if dataset.snapshot.build is None or not dataset.snapshot.tables["connections"].rows:
        return ()
    parts = [r for r in regions if r.depth] or list(regions)
    region = max(parts, key=lambda r: (r.synapses, -r.region_id), default=None)
    questions = []
    if region is not None and region.synapses:
        where = f"in region {_spoken(region.name)}" if resolved else f"between neurons of {_spoken(region.name)}"
        questions.append(f"motifs {where}")
    else:
        questions.append("motifs")
    if types:
        questions.append(f"outputs of type {_quoted(types[0][0])}" + (" by region" if resolved and regions else ""))
        if len(types) > 1:
            between = f"connections between type {_quoted(types[0][0])} and type {_quoted(types[1][0])} by type"
            shorter = f"connections from type {_quoted(types[0][0])} by type"
            questions.append(between if len(between) <= _LINE else shorter)
    else:
        neuron, name = _one(
            connection,
            "SELECT neuron_id, CASE WHEN count(*) OVER (PARTITION BY name) = 1 THEN name END FROM neurons "
            "ORDER BY inputs + outputs DESC, neuron_id LIMIT 1",
        )
        questions.append(f"partners of {neuron if name is None else _quoted(name)}")
    return tuple(questions)


def _spoken(name: str) -> str:
    return name if name.isalnum() and not name[0].isdigit() else _quoted(name)


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
