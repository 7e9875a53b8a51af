"""neuPrint's tables of pairs: totals, and rows that say in which region the synapses lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import ImportDataError
from graphkit.importers.cells import Cell, count_cell, id_cell, region_cell, text_cell, write_rows
from graphkit.importers.fields import EDGE_FIELDS, recognise
from graphkit.importers.pairs import Pairs, one_each, write_connections
from graphkit.importers.report import listed
from graphkit.importers.sources import ROW, Source
from graphkit.importers.work import Work, outside_sql
from graphkit.tables import parquet_sql, quoted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PairFiles", "read_pair_files", "write_pairs"]

_FIELDS = {
    "pre_id": EDGE_FIELDS["pre_id"],
    "post_id": EDGE_FIELDS["post_id"],
    "weight": EDGE_FIELDS["weight"],
    "region": EDGE_FIELDS["region"],
    "roi_weight": ("ROIweight", "roi_weight", "weight_roi"),
}
_ENDS = {"pre_id": (".from", "_pre"), "post_id": (".to", "_post")}
_NAMES = ("name", "instance")
_TYPES = ("databaseType", "type")


@dataclass(slots=True)
class PairFiles:
    """Files of totals and of roi rows (staged as the views in ``views``), tables of neurons, and of every body."""

    pairs: list[Path] = field(default_factory=list)
    resolved: list[Path] = field(default_factory=list)
    neurons: list[Path] = field(default_factory=list)
    bodies: list[Path] = field(default_factory=list)
    described: pa.Table | None = None

    @property
    def views(self) -> list[str]:
        """Views with pre_id and post_id."""
        return [v for v, files in (("pair_totals", self.pairs), ("roi_rows", self.resolved)) if files]


def read_pair_files(
    work: Work, paths: Sequence[Path], columns: Mapping[str, str] | None, where: str | None
) -> PairFiles:
    """Stages the tables as the views ``pair_totals`` (pre_id, post_id, synapses, file) and ``roi_rows`` (and region,
    total).

    ``file`` numbers the statements: every row says the whole of its pair, so equal rows are one, and different ones
    contradict.
    """
    found = PairFiles()
    staged: dict[str, list[Path]] = {"pair_totals": [], "roi_rows": []}
    said: list[str] = []
    for number, path in enumerate(paths):
        source = work.read([path])[0]
        fields = recognise(source, _FIELDS, _asked(columns, source))
        about = {c.casefold() for c in source.columns} & {"bodyid", "body"}
        if "pre_id" not in fields or "post_id" not in fields or about:  # a neuron's pre and post are counts
            if not about:
                recognise(source, _FIELDS, columns, needed=("pre_id", "post_id"))  # says what is missing
            work.sources.pop()
            (found.bodies if about == {"body"} else found.neurons).append(path)
            continue
        if where is not None:
            work.sources.pop()
            source = work.read([path], where=where)[0]
        resolved = "region" in fields
        (found.resolved if resolved else found.pairs).append(path)
        target = work.new_file()
        write_rows(work.connection, source, _cells(source, fields, number), target, work.ledger, work.progress)
        staged["roi_rows" if resolved else "pair_totals"].append(target)
        said += _descriptions(source, fields)
    for view, files in staged.items():
        if files:
            work.connection.execute(f"CREATE OR REPLACE VIEW {view} AS FROM {parquet_sql(map(str, files))}")
    if said:
        rows = "SELECT neuron_id, any_value(name ORDER BY name) AS name, any_value(type ORDER BY type) AS type "
        union = " UNION ALL ".join(said)
        found.described = work.connection.sql(f"{rows} FROM ({union}) GROUP BY neuron_id ORDER BY 1").to_arrow_table()
    return found


def _asked(columns: Mapping[str, str] | None, source: Source) -> dict[str, str]:
    """Of the columns given those that this file has: the files differ."""
    there = {c.casefold() for c in source.columns}
    return {f: c for f, c in (columns or {}).items() if f not in _FIELDS or c.casefold() in there}


def _cells(source: Source, fields: Mapping[str, str], number: int) -> list[Cell]:
    cells = [id_cell(source, fields[end], end, required=True) for end in ("pre_id", "post_id")]
    if "weight" not in fields and "roi_weight" not in fields:
        raise ImportDataError(
            f"No column of {source.name} is recognised as weight; its columns: {listed(list(source.columns))}.",
            hint="Say which it is with --columns weight=NAME.",
        )
    weight = fields.get("roi_weight") if "region" in fields else None
    cells.append(count_cell(source, weight or fields["weight"], "synapses", least=1, required=True))
    if "region" in fields:
        region = region_cell(source, fields["region"], "region")
        cells.append(Cell("region", f"coalesce({region.value}, 'None')", column=fields["region"]))
        if weight and "weight" in fields:
            cells.append(count_cell(source, fields["weight"], "total", least=1, required=True))
        else:
            cells.append(Cell("total", "NULL::BIGINT"))
    cells.append(Cell("file", f"{number}::BIGINT << 40 | {ROW}::BIGINT"))
    return cells


def _descriptions(source: Source, fields: Mapping[str, str]) -> list[str]:
    """Selects of (neuron_id, name, type) for each end of which the rows say a name or type."""
    selects = []
    for end, suffixes in _ENDS.items():
        for suffix in suffixes:
            columns = {
                what: next((f"{n}{suffix}" for n in names if f"{n}{suffix}" in source.columns), None)
                for what, names in (("name", _NAMES), ("type", _TYPES))
            }
            if any(columns.values()):
                values = ", ".join(
                    f"{text_cell(source, c, what).value if c else 'NULL::VARCHAR'} AS {what}"
                    for what, c in columns.items()
                )
                body = id_cell(source, fields[end], end, required=False).sql
                selects.append(
                    f"SELECT DISTINCT {body} AS neuron_id, {values} FROM {source.relation} WHERE {body} IS NOT NULL"
                )
                break
    return selects


def write_pairs(work: Work, found: PairFiles, ids: Mapping[str, int]) -> int:
    """Totals and resolved rows become connections; returns how many there are.

    ``roi_own`` is the view of resolved rows with exclusive figures. What a pair's total has beyond its regions lies
    outside
    them: in no region where the resolved rows name every region of the dataset, else in one that is not known.
    """
    parts = []
    stated = []
    if found.pairs:
        stated.append("SELECT pre_id, post_id, synapses, file, 1 AS rows FROM pair_totals")
    if found.resolved:
        parts.append("SELECT pre_id, post_id, region, synapses FROM roi_own WHERE synapses > 0")
        stated.append(
            "SELECT pre_id, post_id, total AS synapses, -1 - min(file) AS file, 0 AS rows FROM roi_rows WHERE total "
            "IS NOT NULL GROUP BY pre_id, post_id, total"
        )
    if stated:
        totals = one_each(work, Pairs(_as_pairs(" UNION ALL ".join(stated)), apart="row"))
        rest = _rest(work, totals, found)
        outside = "'None'" if found.resolved and _all_listed(work, ids) else "NULL"
        parts.append(
            f"SELECT pre_id, post_id, CASE WHEN resolved THEN {outside} END::VARCHAR AS region, synapses FROM {rest} "
            "WHERE synapses > 0"
        )
    union = " UNION ALL ".join(parts)
    work.connection.execute(
        "CREATE OR REPLACE VIEW neuprint_connections AS SELECT pre_id, post_id, region, 'chemical' AS kind, "
        f"NULL::VARCHAR AS compartment, synapses, NULL::VARCHAR AS nt FROM ({union})"
    )
    return write_connections(work, "neuprint_connections", ids)


def _as_pairs(sql: str) -> str:
    none = "NULL::VARCHAR"
    return f"(SELECT *, {none} AS region, 'chemical' AS kind, {none} AS compartment, {none} AS nt FROM ({sql}))"


def _rest(work: Work, totals: str, found: PairFiles) -> str:
    """Of each pair's total what its regions do not account for, and whether it has regions at all."""
    located = "SELECT NULL::BIGINT AS pre_id, NULL::BIGINT AS post_id, 0 AS located LIMIT 0"
    if found.resolved:
        located = (
            "SELECT pre_id, post_id, CAST(sum(synapses) AS BIGINT) AS located FROM roi_own GROUP BY pre_id, post_id"
        )
    target = work.new_file()
    work.connection.execute(
        "COPY (SELECT t.pre_id, t.post_id, l.located IS NOT NULL AS resolved, t.synapses AS total, coalesce(located, "
        f"0) AS located, t.synapses - coalesce(located, 0) AS synapses FROM {totals} t LEFT JOIN ({located}) l USING "
        f"(pre_id, post_id)) TO {quoted(str(target))} (FORMAT parquet)"
    )
    relation = parquet_sql([str(target)])
    row: Any = work.connection.execute(
        "SELECT count(*) FILTER (synapses < 0), coalesce(sum(synapses) FILTER (resolved AND synapses > 0), 0) FROM "
        f"{relation}"
    ).fetchall()[0]
    if row[0]:
        examples = work.connection.execute(
            f"SELECT pre_id, post_id, total, located FROM {relation} WHERE synapses < 0 ORDER BY ALL LIMIT 3"
        ).fetchall()
        shown = [f"The regions of {a} to {b} add up to {located}, its total is {t}" for a, b, t, located in examples]
        if work.ledger.on_error == "fail":
            raise ImportDataError(
                f"{shown[0]} ({row[0]:,} pairs are like this): the regions overlap, or the totals are of something "
                "else.",
                hint="Give the regions' hierarchy with --hierarchy FILE, or take their sums with --on-error skip.",
            )
        work.ledger.note(
            f"{row[0]:,} pairs have more synapses in their regions than in all; the regions' sum was taken. {shown[0]}."
        )
    if row[1]:
        work.ledger.note(f"{row[1]:,} synapses of pairs with regions lie outside the regions that the rows list.")
    return relation


def _all_listed(work: Work, ids: Mapping[str, int]) -> bool:
    """Whether every file of resolved rows names all the regions of the dataset (then the rest lies in none of them)."""
    rows = work.connection.execute(
        f"SELECT file >> 40 AS n, list(DISTINCT region) FROM roi_rows WHERE NOT {outside_sql('region')} GROUP BY n"
    ).fetchall()
    return all(set(names) >= set(ids) for _, names in rows)
