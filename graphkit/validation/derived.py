"""What the build derives, derived once more and compared: indexes, connections, totals; is it up to date?"""

from __future__ import annotations

from functools import partial

from graphkit.place import placed_sql
from graphkit.schema import TABLES
from graphkit.tables import counted_synapses_sql, parquet_sql
from graphkit.validation.findings import Findings

__all__ = ["check_derived"]

_KEY = TABLES["connections"].key


def check_derived(found: Findings) -> None:
    """Indexes, connections, both orders of them, totals, skeletons, and the tables that the build was made from."""
    checks = (_up_to_date, _segments, _by_place, _by_post, _connections, _both_orders, _regions, _neurons, _skeletons)
    for i, check in enumerate(checks):
        found.progress("checking the graph", i / len(checks))
        found.attempt(check.__name__.strip("_").replace("_", " "), partial(check, found))
    found.progress("checking the graph", 1.0)


def _up_to_date(found: Findings) -> None:
    placed = (found.dataset.snapshot.build or {}).get("placed")
    if not placed:
        return
    tables = found.dataset.snapshot.tables
    for table in ("synapses", "segment_to_neuron", "regions"):
        now = [f.sha256 for f in tables[table].files] if table in tables else None
        if now != placed.get(table):
            message = f"{table!r} changed after the graph was built; run `graphkit build`."
            found.add(table, "", "outdated-build", found.rows_of(table), table, message)
    found.checked.append("build: made from the present tables")


def _segments(found: Findings) -> None:
    """Neurons of synapses are those that their segments map to."""
    if not found.built or not found.can("segment_to_neuron", "segment_id", "neuron_id"):
        return
    for end in ("pre", "post"):
        if found.can("synapses", "synapse_id", f"{end}_id", f"{end}_segment_id"):
            query = f"""FROM {found.source("synapses")} s LEFT JOIN {found.source("segment_to_neuron")} m
                        ON s.{end}_segment_id = m.segment_id
                        WHERE s.{end}_segment_id IS NOT NULL AND s.{end}_id IS DISTINCT FROM m.neuron_id"""
            message = f"{{rows}} synapses have another {end}_id than the neuron of their segment, e.g. {{example}}."
            label = "concat('synapse_id=', s.synapse_id)"
            found.offenders("synapses", f"{end}_id", "segment-neuron", query, message, shown=label)
    found.checked.append("synapses: neurons of their segments")


def _numbered(found: Findings) -> str:
    """The stored synapses with their row number over all files."""
    parts, first = [], 0
    for file in found.dataset.snapshot.tables["synapses"].files:
        source = parquet_sql([found.dataset.storage.duckdb_path(file.path)], row_numbers=True)
        parts.append(f"SELECT *, file_row_number + {first} AS row FROM {source}")
        first += file.rows
    return " UNION ALL ".join(parts)


def _by_place(found: Findings) -> None:
    points = [f"{end}_{a}_nm" for end in ("pre", "post") for a in "xyz"]
    if not found.can("synapses_by_place", "place", "row") or not found.can("synapses", *points):
        return
    source = f"({_numbered(found)})"
    x, y, z = (f"coalesce(post_{a}_nm, pre_{a}_nm)" for a in "xyz")
    places = placed_sql(source, x, y, z, keep="row")
    _compare_index(found, "synapses_by_place", "place", f"SELECT place, row FROM ({places}) WHERE place IS NOT NULL")


def _by_post(found: Findings) -> None:
    if not found.can("synapses_by_post", "post_id", "row") or not found.can("synapses", "post_id"):
        return
    expected = f"SELECT post_id, row FROM ({_numbered(found)}) WHERE post_id IS NOT NULL"
    _compare_index(found, "synapses_by_post", "post_id", expected)


def _compare_index(found: Findings, table: str, value: str, expected: str) -> None:
    last = found.rows_of("synapses")
    beyond = f"FROM {found.source(table)} WHERE row < 0 OR row >= {last}"
    message = f"{{rows}} rows of {table!r} point outside the {last:,} rows of synapses, e.g. {{example}}."
    found.offenders(table, "row", "row-number", beyond, message, shown="concat('row=', row)")
    found.differing(
        table,
        value,
        "index",
        ["row"],
        [value],
        found=f"SELECT {value}, row FROM {found.source(table)} WHERE row >= 0 AND row < {last}",
        expected=expected,
        message=f"{{rows}} rows of {table!r} do not match the synapses, e.g. {{example}}.",
    )
    found.checked.append(f"{table}: points to the right rows of synapses")


def _connections(found: Findings) -> None:
    """Connections are the counted synapses, summed; by ranges of neurons, so that memory stays bounded."""
    needed = ("pre_id", "post_id", "region_id", "kind", "compartment", "nt")
    if not found.built or not found.can("connections", *needed, "synapses", "size_sum"):
        return
    if not found.can("synapses", *needed, "size", "score"):
        return
    keys, counted = ", ".join(_KEY), counted_synapses_sql(found.dataset.snapshot.build)
    before = len(found.problems)
    for part in found.parts("synapses", "pre_id"):
        expected = f"""
            SELECT {keys}, CAST(sum(n) AS BIGINT) AS synapses, CAST(sum(s) AS BIGINT) AS size_sum,
                   arg_min(nt, row(-n, nt)) AS nt
            FROM (SELECT {keys}, nt, count(*) AS n, sum(size) AS s FROM {found.source("synapses")}
                  WHERE {counted} AND {part} GROUP BY {keys}, nt)
            GROUP BY {keys}"""
        found.differing(
            "connections",
            "synapses",
            "connections",
            _KEY,
            ["synapses", "size_sum", "nt"],
            found=f"SELECT {keys}, synapses, size_sum, nt FROM {found.source('connections')} WHERE {part}",
            expected=expected,
            message="{rows} rows of 'connections' are not the sums of the counted synapses, e.g. {example}.",
        )
    found.merge(before)
    found.checked.append("connections: equal to the counted synapses, summed")


def _both_orders(found: Findings) -> None:
    columns = TABLES["connections"].schema.names
    if not (found.can("connections", *columns) and found.can("connections_by_post", *columns)):
        return
    found.differing(
        "connections_by_post",
        "",
        "same-rows",
        _KEY,
        ["synapses", "size_sum", "nt"],
        found=f"FROM {found.source('connections_by_post')}",
        expected=f"FROM {found.source('connections')}",
        message="{rows} rows of 'connections_by_post' differ from 'connections', e.g. {example}.",
    )
    found.checked.append("connections_by_post: the rows of connections")


def _chemical(found: Findings) -> str | None:
    if not found.built or not found.can("connections", "pre_id", "post_id", "region_id", "kind", "synapses"):
        return None
    return f"{found.source('connections')} WHERE kind = 'chemical'"


def _counted(found: Findings) -> bool:
    return bool((found.dataset.snapshot.build or {}).get("totals", "counted") == "counted")


def _regions(found: Findings) -> None:
    chemical = _chemical(found)
    if chemical is None or not _counted(found):
        return
    if not found.can("neuron_regions", "neuron_id", "region_id", "inputs", "outputs"):
        return
    expected = f"""
        SELECT neuron_id, region_id, CAST(sum(i) AS BIGINT) AS inputs, CAST(sum(o) AS BIGINT) AS outputs
        FROM (SELECT post_id AS neuron_id, region_id, synapses AS i, 0 AS o FROM {chemical}
              UNION ALL SELECT pre_id, region_id, 0, synapses FROM {chemical})
        WHERE region_id IS NOT NULL GROUP BY neuron_id, region_id"""
    found.differing(
        "neuron_regions",
        "inputs, outputs",
        "totals",
        ("neuron_id", "region_id"),
        ("inputs", "outputs"),
        found=f"FROM {found.source('neuron_regions')}",
        expected=expected,
        message="{rows} rows of 'neuron_regions' are not the sums over the connections, e.g. {example}.",
    )
    found.checked.append("neuron_regions: equal to the connections, summed")


def _neurons(found: Findings) -> None:
    chemical = _chemical(found)
    if chemical is None or not found.can("neurons", "neuron_id"):
        return
    pairs = f"SELECT pre_id, post_id FROM {chemical} AND pre_id <> post_id"
    expected = {
        "inputs": f"SELECT post_id AS neuron_id, sum(synapses) AS inputs FROM {chemical} GROUP BY ALL",
        "outputs": f"SELECT pre_id AS neuron_id, sum(synapses) AS outputs FROM {chemical} GROUP BY ALL",
        "partners": f"""SELECT neuron_id, count(*) AS partners
                        FROM (SELECT pre_id AS neuron_id, post_id AS other FROM ({pairs})
                              UNION SELECT post_id, pre_id FROM ({pairs})) GROUP BY ALL""",
    }
    for column in ("inputs", "outputs", "partners") if _counted(found) else ("partners",):
        if found.can("neurons", column):
            query = f"""FROM {found.source("neurons")} s LEFT JOIN ({expected[column]}) t ON s.neuron_id = t.neuron_id
                        WHERE s.{column} <> coalesce(t.{column}, 0)"""
            label = (
                f"concat('neuron_id=', s.neuron_id, ': stored ', s.{column}, ', expected ', coalesce(t.{column}, 0))"
            )
            message = f"{{rows}} neurons have other {column} than their connections, e.g. {{example}}."
            found.offenders("neurons", column, "totals", query, message, shown=label)
    found.checked.append("neurons: totals equal to the connections")


def _skeletons(found: Findings) -> None:
    if not found.can("skeletons", "neuron_id", "node", "parent"):
        return
    source = found.source("skeletons")
    query = f"""FROM {source} c
                ANTI JOIN {source} p ON p.neuron_id = c.neuron_id AND p.node = c.parent AND p.node <> c.node
                WHERE c.parent <> -1"""
    label = "concat('neuron_id=', c.neuron_id, ', node=', c.node, ', parent=', c.parent)"
    message = "{rows} skeleton nodes have a parent that their neuron does not have, e.g. {example}."
    found.offenders("skeletons", "parent", "skeleton-parent", query, message, shown=label)
    found.checked.append("skeletons: parents")
