"""The steps of the graph build, each one or a few SQL statements from Parquet to Parquet (see ``graphkit.build``)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from graphkit.build_session import Session
from graphkit.build_sql import (
    CABLE,
    CONNECTION_ORDER,
    SQL_TYPES,
    all_names,
    column_name,
    electrical_in_order_sql,
    grouped_sql,
)
from graphkit.errors import BuildError
from graphkit.place import placed_sql
from graphkit.region_boxes import region_of_point_sql
from graphkit.schema import TABLES
from graphkit.tables import counted_synapses_sql, parquet_sql, quoted

__all__ = ["Steps"]

_CHUNK_ROWS = 12_000_000
"""Synapses grouped at a time: their groups fit in well under a gigabyte."""


class Steps(Session):
    """Every method replaces tables of the writer."""

    # -- synapses -----------------------------------------------------------------------------------------------

    def place_synapses(self, region_point: str) -> None:
        """Neurons from segments, regions from points, then sorted by (pre, post)."""
        columns = self._writer.entry("synapses").columns
        made: dict[str, str] = {"kind": "coalesce(s.kind, 'chemical')" if "kind" in columns else "'chemical'"}
        joins = ""
        if self._writer.has("segment_to_neuron"):
            for end in ("pre", "post"):
                if f"{end}_segment_id" in columns:
                    joins += f" LEFT JOIN {self._from('segment_to_neuron')} m_{end}"
                    joins += f" ON s.{end}_segment_id = m_{end}.segment_id"
                    made[f"{end}_id"] = (
                        f"CASE WHEN s.{end}_segment_id IS NULL THEN s.{end}_id ELSE m_{end}.neuron_id END"
                    )
        self._make_enums("synapses")
        made["kind"] = self._enum("kind", made["kind"])
        made |= {c: self._enum(c, f"s.{c}") for c in ("nt", "compartment") if c in columns}
        query = f"SELECT {self._select('synapses', **made)} FROM {self._from('synapses')} s{joins}"
        electrical = "kind" in columns and self._any("kind = 'electrical'")
        if electrical:
            query = f"SELECT * REPLACE ({electrical_in_order_sql(columns)}) FROM ({query})"
        if region := self._region_sql(region_point, columns, electrical):
            query = f"SELECT * REPLACE (CAST({region} AS SMALLINT) AS region_id) FROM ({query})"
            made["region_id"] = region  # which the source may not have
        absent = [f for f in TABLES["synapses"].schema if f.name not in columns and f.name not in made]
        if absent:  # columns of nulls need not be carried through the sort
            order = ", ".join(f"{c} NULLS LAST" for c in TABLES["synapses"].sorted_by)
            names = ", ".join(column_name(n) for n in all_names("synapses", columns))
            nulls = ", ".join(f"CAST(NULL AS {SQL_TYPES[str(f.type)]}) AS {column_name(f.name)}" for f in absent)
            left = ", ".join(column_name(f.name) for f in absent)
            query = f"SELECT {names} FROM (SELECT *, {nulls} FROM (SELECT * EXCLUDE ({left}) FROM ({query}) ORDER BY {order}))"
            self._writer.add_files("synapses", [self._copy(query, "sorting synapses")], in_order=True)
        else:
            self._replace("synapses", query, "sorting synapses")

    def _any(self, condition: str) -> bool:
        return bool(self._rows(f"SELECT 1 FROM {self._from('synapses')} WHERE {condition} LIMIT 1"))

    def _region_sql(self, region_point: str, columns: tuple[str, ...], electrical: bool) -> str | None:
        """The region at the point that counts; a given region_id only where nothing else says where the synapse lies."""
        other = "pre" if region_point == "post" else "post"
        known = {e: f"{e}_region_id" in columns and self._any(f"{e}_region_id IS NOT NULL") for e in ("pre", "post")}
        own = known[region_point] or (electrical and known[other])  # the ends of gap junctions may have been swapped
        boxes = self._boxes() if {"pre_x_nm", "post_x_nm"} & set(columns) else []
        before = (self._writer.base.build if self._writer.base else None) or {}
        if not own and not boxes:
            if region_point == "pre" and (
                known["post"] or ("region_id" in columns and self._any("region_id IS NOT NULL"))
            ):
                raise BuildError(
                    "region_point is 'pre', but these synapses have one region each and the regions are not boxes, "
                    "so the presynaptic point's region is not known.",
                    hint="Give a column pre_region_id, or regions with box=true; or build with the default, 'post'.",
                )
            if region_point == "post" and known["pre"] and before.get("region_point") == "pre":
                raise BuildError(
                    "region_point is 'post', but the last build took the regions of the presynaptic points, and the "
                    "postsynaptic points' regions are not kept.",
                    hint="Import the synapses again, or build with region_point 'pre' as before.",
                )
            return None
        given = "region_id"
        if own:
            given = "CASE WHEN pre_region_id IS NULL AND post_region_id IS NULL THEN region_id END"
        if boxes:  # as synapses_by_place: the other point where this one is not known
            given = region_of_point_sql(boxes, f"{region_point}_", region_of_point_sql(boxes, f"{other}_", given))
        return f"coalesce({region_point}_region_id, {given})" if own else given

    def _boxes(self) -> list[tuple[Any, ...]]:
        if not self._writer.has("regions") or "box" not in self._writer.entry("regions").columns:
            return []
        return self._rows(
            "SELECT region_id, parent_id, min_x_nm, min_y_nm, min_z_nm, max_x_nm, max_y_nm, max_z_nm "
            f"FROM {self._from('regions')} WHERE box ORDER BY region_id"
        )

    def index_synapses(self) -> None:
        """Row numbers by place and by postsynaptic neuron."""
        parts, first = [], 0
        for path, file in zip(self._writer.files("synapses"), self._writer.entry("synapses").files, strict=True):
            parts.append(f"SELECT *, file_row_number + {first} AS row FROM {parquet_sql([path], row_numbers=True)}")
            first += file.rows
        numbered = " UNION ALL ".join(parts)
        x, y, z = (f"coalesce(post_{a}_nm, pre_{a}_nm)" for a in "xyz")
        places = placed_sql(f"({numbered})", x, y, z, keep="row")
        self._replace(
            "synapses_by_place",
            f"SELECT place, row FROM ({places}) WHERE place IS NOT NULL",
            "indexing places",
        )
        self._replace(
            "synapses_by_post",
            f"SELECT post_id, row FROM ({numbered}) WHERE post_id IS NOT NULL",
            "indexing postsynaptic neurons",
        )

    def count_left_out(self, min_score: float | None, autapses: bool) -> dict[str, int]:
        """How many stored synapses the graph does not count, by reason (the first that applies)."""
        low = "false" if min_score is None else f"(score IS NULL OR score < {float(min_score)!r}::FLOAT)"
        own = "false" if autapses else "pre_id = post_id"
        row = self._rows(
            f"""SELECT count(*) FILTER (pre_id IS NULL OR post_id IS NULL),
                       count(*) FILTER (pre_id IS NOT NULL AND post_id IS NOT NULL AND {low}),
                       count(*) FILTER (pre_id IS NOT NULL AND post_id IS NOT NULL AND NOT {low} AND {own}),
                       {"0" if min_score is None else "count(score)"}
                FROM {self._from("synapses")}"""
        )[0]
        counts = {"unassigned": row[0], "below_min_score": row[1], "autapses": row[2]}
        return counts if min_score is None else {**counts, "scored": row[3]}

    def connect_synapses(self, options: Mapping[str, Any]) -> None:
        """Synapses summed by pair, region, kind and compartment: one range of presynaptic neurons at a time."""
        codes = self._words("synapses", "nt")
        self._make_enums("synapses")
        source = f"(SELECT * REPLACE ({self._enum('kind', 'kind')} AS kind, "
        source += f"{self._enum('compartment', 'compartment')} AS compartment) FROM {self._from('synapses')})"
        ranges = list(self._pre_ranges())
        files = []
        for i, condition in enumerate(ranges):
            counted = f"{counted_synapses_sql(options)} AND {condition}"
            query = f"{grouped_sql(source, counted, codes)} ORDER BY {CONNECTION_ORDER}"
            files.append(self._copy(query, "summing connections", i / len(ranges), 1 / len(ranges)))
        self._writer.add_files("connections", files, in_order=True)

    def _pre_ranges(self) -> Iterator[str]:
        """Conditions that cut the sorted synapses into runs of about ``_CHUNK_ROWS``, never within a neuron."""
        cuts: list[int] = []
        rows = 0
        for path, file in zip(self._writer.files("synapses"), self._writer.entry("synapses").files, strict=True):
            if file.rows <= _CHUNK_ROWS and rows == 0:
                continue
            groups = self._rows(
                f"SELECT row_group_num_rows, stats_min_value FROM parquet_metadata({quoted(path)}) "
                "WHERE path_in_schema = 'pre_id' ORDER BY row_group_id"
            )
            for group_rows, lowest in groups:
                if rows >= _CHUNK_ROWS and lowest is not None:
                    cuts.append(int(lowest))
                    rows = 0
                rows += group_rows
        cuts = sorted(set(cuts))
        if not cuts:
            yield "true"
            return
        yield f"pre_id < {cuts[0]}"
        for low, high in itertools.pairwise(cuts):
            yield f"pre_id >= {low} AND pre_id < {high}"
        yield f"pre_id >= {cuts[-1]}"

    # -- connections and totals ---------------------------------------------------------------------------------

    def sum_connections(self) -> None:
        """Pair totals in any order become sorted connections, one row a pair, region, kind and compartment."""
        keys = ", ".join(TABLES["connections"].key)
        electrical = "kind = 'electrical'"
        there = self._writer.entry("connections").columns
        self._make_enums("connections")
        words = {c: self._enum(c, f"s.{c}") for c in ("kind", "compartment", "nt") if c in there}
        rows = f"""
            (SELECT * REPLACE (CASE WHEN {electrical} THEN least(pre_id, post_id) ELSE pre_id END AS pre_id,
                               CASE WHEN {electrical} THEN greatest(pre_id, post_id) ELSE post_id END AS post_id)
             FROM (SELECT {self._select("connections", **words)} FROM {self._from("connections")} s))"""
        sums = f"""
            SELECT {keys}, CAST(sum(synapses) AS BIGINT) AS synapses, CAST(sum(size_sum) AS BIGINT) AS size_sum,
                   min(nt) AS nt, max(nt) AS last_nt FROM {rows} GROUP BY {keys}"""
        path = self._copy(sums, "summing connections", 0.0, 0.6)
        summed = parquet_sql([str(path)])
        query = f"SELECT {self._worded(keys)}, synapses, size_sum, {self._enum('nt', 'nt')} AS nt FROM {summed}"
        if self._rows(f"SELECT 1 FROM {summed} WHERE nt <> last_nt LIMIT 1"):  # several transmitters in one sum
            same = " AND ".join(f"r.{k} IS NOT DISTINCT FROM m.{k}" for k in TABLES["connections"].key)
            query = f"""
                WITH mixed AS (FROM {summed} WHERE nt <> last_nt),
                parts AS (SELECT {", ".join(f"m.{k}" for k in TABLES["connections"].key)}, m.synapses, m.size_sum,
                                 r.nt::VARCHAR AS nt, sum(r.synapses) AS n
                          FROM {rows} r JOIN mixed m ON {same} WHERE r.nt IS NOT NULL GROUP BY ALL)
                {query} WHERE nt IS NULL OR nt = last_nt
                UNION ALL SELECT {self._worded(keys)}, synapses, size_sum, {self._enum("nt", "nt")} AS nt
                FROM (SELECT {keys}, synapses, size_sum, arg_min(nt, row(-n, nt)) AS nt FROM parts
                      GROUP BY {keys}, synapses, size_sum)"""
        self._replace("connections", query, "sorting connections")
        path.unlink()

    def _worded(self, keys: str) -> str:
        """The columns ``keys``, those of few words as enums."""
        names = keys.split(", ")
        return ", ".join(f"{self._enum(n, n)} AS {n}" if n in ("kind", "compartment") else n for n in names)

    def count_resolved(self) -> dict[str, int]:
        """Synapses of all connections whose region is known ("synapses") and is not ("unresolved")."""
        row = self._rows(
            f"""SELECT coalesce(sum(synapses) FILTER (region_id IS NOT NULL), 0)::BIGINT,
                       coalesce(sum(synapses) FILTER (region_id IS NULL), 0)::BIGINT FROM {self._from("connections")}"""
        )[0]
        return {"synapses": row[0], "unresolved": row[1]}

    def sort_by_post(self) -> None:
        """The same rows, sorted by the postsynaptic neuron."""
        self._replace("connections_by_post", f"SELECT * FROM {self._from('connections')}", "sorting by post")

    def total_regions(self) -> None:
        """Inputs and outputs of each neuron in each region that is resolved."""
        resolved = f"{self._from('connections')} WHERE kind = 'chemical' AND region_id IS NOT NULL"
        query = f"""
            SELECT neuron_id, region_id, CAST(sum(i) AS BIGINT) AS inputs, CAST(sum(o) AS BIGINT) AS outputs
            FROM (SELECT pre_id AS neuron_id, region_id, 0 AS i, sum(synapses) AS o FROM {resolved} GROUP BY ALL
                  UNION ALL
                  SELECT post_id, region_id, sum(synapses), 0 FROM {resolved} GROUP BY ALL)
            GROUP BY neuron_id, region_id"""
        self._replace("neuron_regions", query, "totals by region")

    def total_neurons(self, totals: str) -> None:
        """Every neuron that the source or the connections know, with its totals."""
        there = self._writer.entry("neurons").columns if self._writer.has("neurons") else ()
        known = self._from("neurons") if self._writer.has("neurons") else "(SELECT NULL::BIGINT AS neuron_id LIMIT 0)"
        made = {"neuron_id": "coalesce(s.neuron_id, t.neuron_id)", "partners": "coalesce(t.partners, 0)"}
        for column in ("inputs", "outputs"):
            given = f"s.{column}, " if totals == "source" and column in there else ""
            made[column] = f"coalesce({given}t.{column}, 0)"
        joins = ""
        if self._writer.has("skeletons"):
            joins += f" LEFT JOIN ({CABLE.format(table=self._from('skeletons'))})"
            joins += " k ON k.neuron_id = coalesce(s.neuron_id, t.neuron_id)"
            made["cable_length_nm"] = "coalesce(k.length_nm" + (
                ", s.cable_length_nm)" if "cable_length_nm" in there else ")"
            )
        if volume := self._volume_sql():
            joins += f" LEFT JOIN ({volume}) v ON v.neuron_id = coalesce(s.neuron_id, t.neuron_id)"
            made["volume_nm3"] = "v.volume_nm3"  # never an older mapping's where a neuron lost its segments
        chemical = f"{self._from('connections')} WHERE kind = 'chemical'"
        ids = f"SELECT pre_id AS neuron_id FROM {self._from('connections')}"
        ids += f" UNION SELECT post_id FROM {self._from('connections')}"
        if self._writer.has("segment_to_neuron"):
            ids += f" UNION SELECT neuron_id FROM {self._from('segment_to_neuron')}"
        if self._writer.has("synapses"):
            ids += (
                f" UNION SELECT pre_id FROM {self._from('synapses')} UNION SELECT post_id FROM {self._from('synapses')}"
            )
        query = f"""
            WITH pairs AS (SELECT DISTINCT least(pre_id, post_id) AS a, greatest(pre_id, post_id) AS b
                           FROM {chemical} AND pre_id <> post_id),
            counts AS (
                SELECT neuron_id, CAST(sum(i) AS BIGINT) AS inputs, CAST(sum(o) AS BIGINT) AS outputs,
                       CAST(sum(p) AS BIGINT) AS partners
                FROM (SELECT pre_id AS neuron_id, 0 AS i, sum(synapses) AS o, 0 AS p FROM {chemical} GROUP BY pre_id
                      UNION ALL SELECT post_id, sum(synapses), 0, 0 FROM {chemical} GROUP BY post_id
                      UNION ALL SELECT a, 0, 0, count(*) FROM pairs GROUP BY a
                      UNION ALL SELECT b, 0, 0, count(*) FROM pairs GROUP BY b)
                GROUP BY neuron_id),
            t AS (SELECT ids.neuron_id, inputs, outputs, partners FROM ({ids}) ids LEFT JOIN counts USING (neuron_id)
                  WHERE ids.neuron_id IS NOT NULL)
            SELECT {self._select("neurons", **made)}
            FROM {known} s FULL JOIN t ON s.neuron_id = t.neuron_id{joins}"""
        self._replace("neurons", query, "totals by neuron")

    def _volume_sql(self) -> str | None:
        base = self._writer.base
        voxel = self._writer.fields.get("voxel_size_nm") or (base.voxel_size_nm if base else None)
        if not voxel or not (self._writer.has("segments") and self._writer.has("segment_to_neuron")):
            return None
        volume = float(voxel["x"] * voxel["y"] * voxel["z"])
        return (
            f"SELECT m.neuron_id, sum(g.voxels) * {volume!r} AS volume_nm3 FROM {self._from('segments')} g "
            f"JOIN {self._from('segment_to_neuron')} m USING (segment_id) GROUP BY m.neuron_id"
        )
