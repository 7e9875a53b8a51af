"""Rows of pairs become connections: parallel rows summed, overlapping files told apart, gap junctions stored once.

              one file                                over the files
rows ── sum by pair, region, ... ── a-b and b-a ── equal weights: one ──> connections
        kind, compartment           of a gap       different: a fault
                                    junction: one  (the larger is kept)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphkit.importers.hierarchy import Hierarchy
from graphkit.importers.report import Ledger
from graphkit.importers.work import Work, outside_sql, region_rows
from graphkit.tables import parquet_sql, quoted

__all__ = ["Pairs", "Tree", "merge_pairs", "one_each", "write_connections"]

Tree = Callable[[Iterable[str]], Hierarchy]
"""From the regions' names to how they nest."""

_KEYS = "pre_id, post_id, region, kind, compartment"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows (pre_id, post_id, synapses, kind, region, compartment, nt, file, rows).

    Attributes:
        shown: what messages call a neuron by, "id" or "name".
        apart: what ``file`` tells apart, for messages. ``rows`` is how many rows of a file stand behind a row.
    """

    relation: str
    shown: str = "id"
    apart: str = "file"


def merge_pairs(work: Work, pairs: Pairs, tree: Tree | None = None) -> int:
    """Writes ``connections`` and ``regions``; returns how many connections there are.

    The regions are a flat list, or with ``tree`` they and all that contains them.

    Raises:
        ImportDataError: in mode ``fail``, weights of one pair that differ between two files or the two ways.
    """
    chosen = pairs.relation
    if _plain(work, pairs):  # the build sums the rows of a pair just so
        work.rows_to_sum = _one(work, f"SELECT count(*) FROM {chosen}")
    else:
        chosen = one_each(work, pairs)
    outside = outside_sql("region")
    names = [
        name
        for (name,) in work.connection.execute(
            f"SELECT DISTINCT region FROM {chosen} WHERE region IS NOT NULL AND NOT {outside} ORDER BY region"
        ).fetchall()
    ]
    ids: dict[str, int] = {}
    if names:
        nested = tree(names) if tree else Hierarchy(dict.fromkeys(names), frozenset(), "")
        table, ids = region_rows(nested.in_order(nested.parents), nested.within(nested.parents))
        work.writer.add("regions", table)
    count = write_connections(work, chosen, ids)
    own = _one(work, f"SELECT count(*) FROM {chosen} WHERE kind = 'electrical' AND pre_id = post_id")
    if own:
        work.ledger.note(f"{own:,} gap junctions of a neuron with itself are kept; leave them out where you ask.")
    return count


def _plain(work: Work, pairs: Pairs) -> bool:
    """Whether all rows are of one file and chemical: there is nothing to tell apart or to fold."""
    row: Any = work.connection.execute(
        f"SELECT min(file) = max(file), count(*) FILTER (kind = 'electrical') FROM {pairs.relation}"
    ).fetchall()[0]
    return bool(row[0]) and not row[1]


def one_each(work: Work, pairs: Pairs) -> str:
    """The rows of ``pairs`` by the rules above, as the name of a view (pre_id, post_id, region, kind, ..., synapses,
    nt)."""
    summed = _sum_parallel(work, pairs)
    folded = _fold_electrical(work, summed, pairs.shown)
    return _one_file_each(work, folded, pairs)


def write_connections(work: Work, chosen: str, region_ids: Mapping[str, int]) -> int:
    """Puts the rows of ``chosen`` into the writer as ``connections``; returns how many there are."""
    work.connection.execute("CREATE OR REPLACE TEMP TABLE region_ids (name VARCHAR, i SMALLINT)")
    work.connection.executemany("INSERT INTO region_ids VALUES (?, ?)", [*region_ids.items()] or [("", 0)])
    target = work.new_file()
    work.connection.execute(
        f"COPY (SELECT pre_id, post_id, CASE WHEN {outside_sql('region')} THEN 0::SMALLINT ELSE i END AS region_id, "
        "kind, compartment, synapses, NULL::BIGINT AS size_sum, nt "
        f"FROM {chosen} c LEFT JOIN region_ids r ON c.region = r.name) "
        f"TO {quoted(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )
    work.writer.add_files("connections", [target], in_order=False)
    _say_regions(work, chosen)
    return _one(work, f"SELECT count(*) FROM {chosen}")


def _one(work: Work, sql: str) -> int:
    row: Any = work.connection.execute(sql).fetchall()[0]
    return int(row[0])


def _table(work: Work, name: str, sql: str) -> str:
    target = work.new_file()
    work.connection.execute(f"COPY ({sql}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION lz4)")
    work.connection.execute(f"CREATE OR REPLACE VIEW {name} AS FROM {parquet_sql([str(target)])}")
    return name


def _sum_parallel(work: Work, pairs: Pairs) -> str:
    """One row a file and pair; the transmitter is the one with most synapses, the first in the alphabet on a tie."""
    keys = f"file, {_KEYS}"
    sums = _table(
        work,
        "sums",
        f"SELECT {keys}, CAST(sum(synapses) AS BIGINT) AS synapses, CAST(sum(rows) AS BIGINT) AS n, min(nt) AS nt, "
        f"max(nt) AS last_nt FROM {pairs.relation} GROUP BY {keys}",
    )
    summed = _with_most_frequent(work, pairs, sums)
    more = _one(work, f"SELECT coalesce(sum(n - 1), 0) FROM {summed} WHERE n > 1")
    work.say_summed(more)
    return summed


def _with_most_frequent(work: Work, pairs: Pairs, sums: str) -> str:
    """The sums with the transmitter of most synapses; only the few groups with several are looked at again."""
    plain = f"SELECT file, {_KEYS}, synapses, n, nt FROM {sums}"
    if not _one(work, f"SELECT count(*) FROM {sums} WHERE nt <> last_nt"):
        work.connection.execute(f"CREATE OR REPLACE VIEW summed AS {plain}")
        return "summed"
    same = " AND ".join(f"p.{k} IS NOT DISTINCT FROM s.{k}" for k in ("file", *_KEYS.split(", ")))
    each = f"SELECT s.*, p.nt AS one, sum(p.synapses) AS w FROM {pairs.relation} p JOIN (FROM {sums} WHERE nt <> last_nt) s"
    each += f" ON {same} WHERE p.nt IS NOT NULL GROUP BY ALL"
    most = f"SELECT file, {_KEYS}, synapses, n, first(one ORDER BY w DESC, one) AS nt FROM ({each}) GROUP BY ALL"
    return _table(work, "summed", f"{plain} WHERE nt IS NULL OR nt = last_nt UNION ALL {most}")


def _fold_electrical(work: Work, summed: str, shown: str) -> str:
    """A gap junction listed from a to b and from b to a is one connection."""
    electrical = f"(SELECT *, pre_id > post_id AS back FROM {summed} WHERE kind = 'electrical')"
    if not _one(work, f"SELECT count(*) FROM {electrical}"):
        return summed
    keys = "file, least(pre_id, post_id) AS pre_id, greatest(pre_id, post_id) AS post_id, region, kind, compartment"
    both = _table(
        work,
        "both_ways",
        f"SELECT {keys}, max(synapses) AS synapses, min(synapses) AS lower, count(*) AS ways, CAST(sum(n) AS BIGINT) "
        "AS rows, CAST(arg_max(n, (synapses, NOT back)) AS BIGINT) AS n, arg_max(nt, (synapses, NOT back)) AS nt "
        f"FROM {electrical} GROUP BY ALL",
    )
    unequal = "ways = 2 AND lower <> synapses"
    fault = (
        f"SELECT pre_id, post_id, lower, synapses FROM {both} WHERE {unequal} ORDER BY pre_id, post_id, file, region"
    )
    examples = [
        f"The gap junction between {_neuron(work, a, shown)} and {_neuron(work, b, shown)} has weight {high} one way "
        f"and {low} the other."
        for a, b, low, high in work.connection.execute(f"{fault} LIMIT 3").fetchall()
    ]
    differing = _one(work, f"SELECT coalesce(sum(rows - n), 0) FROM {both} WHERE {unequal}")
    if examples:
        work.ledger.fault(
            "a gap junction listed the other way with a larger weight, which was kept",
            differing,
            examples,
            skipping="go on with the larger of the two, counted,",
        )
    equal = _one(work, f"SELECT coalesce(sum(rows - n), 0) FROM {both} WHERE NOT ({unequal})")
    work.ledger.leave_out("a gap junction that is listed the other way too; stored once", equal)
    return _table(
        work,
        "folded",
        f"SELECT file, {_KEYS}, synapses, n, nt FROM {summed} WHERE kind <> 'electrical' UNION ALL "
        f"SELECT file, {_KEYS}, synapses, n, nt FROM {both}",
    )


def _one_file_each(work: Work, folded: str, pairs: Pairs) -> str:
    """The same pair in several files counts once; different weights are a fault, and the larger is kept."""
    if _one(work, f"SELECT count(DISTINCT file) FROM {folded}") < 2:
        return folded
    ranked = _table(
        work,
        "ranked",
        f"SELECT *, row_number() OVER w AS place, count(*) OVER k AS files, min(synapses) OVER k AS lower, "
        f"max(synapses) OVER k AS upper FROM {folded} "
        f"WINDOW k AS (PARTITION BY {_KEYS}), w AS (PARTITION BY {_KEYS} ORDER BY synapses DESC, file)",
    )
    _report_overlap(work, work.ledger, ranked, pairs)
    return _table(work, "chosen", f"SELECT file, {_KEYS}, synapses, n, nt FROM {ranked} WHERE place = 1")


def _report_overlap(work: Work, ledger: Ledger, ranked: str, pairs: Pairs) -> None:
    rows = work.connection.execute(
        f"SELECT pre_id, post_id, lower, upper FROM {ranked} WHERE place = 1 AND lower <> upper "
        "ORDER BY pre_id, post_id, region LIMIT 3"
    ).fetchall()
    if rows:
        examples = [
            f"The connection from {_neuron(work, a, pairs.shown)} to {_neuron(work, b, pairs.shown)} has weight {low} "
            f"in one {pairs.apart} and {high} in another."
            for a, b, low, high in rows
        ]
        differing = _one(work, f"SELECT sum(n) FROM {ranked} WHERE place > 1 AND lower <> upper")
        ledger.fault(
            f"a pair that another {pairs.apart} gives a larger (or the same) weight, which was kept",
            differing,
            examples,
            hint="Tables of pair totals must agree. If the files are parts of one table, put them together first.",
            skipping="go on with the larger of them, counted,",
        )
    repeated = _one(work, f"SELECT coalesce(sum(n), 0) FROM {ranked} WHERE place > 1 AND lower = upper")
    if repeated:
        several = _one(work, f"SELECT count(*) FROM {ranked} WHERE place = 1 AND files > 1 AND lower = upper")
        ledger.leave_out(f"a pair that another {pairs.apart} has with the same weight; counted once", repeated)
        ledger.note(f"{several:,} pairs stand in several {pairs.apart}s with equal weights; each was counted once.")


def _neuron(work: Work, neuron_id: int, shown: str) -> str:
    if shown == "name":
        row: Any = work.connection.execute("SELECT name FROM named WHERE neuron_id = ?", [neuron_id]).fetchall()[0]
        return repr(row[0])
    return str(neuron_id)


def _say_regions(work: Work, chosen: str) -> None:
    row: Any = work.connection.execute(f"SELECT count(*), count(region) FROM {chosen}").fetchall()[0]
    if row[1] == 0:
        work.ledger.note(
            "The table gives no regions: the weights are totals over all regions, so `in region R` cannot be "
            "answered from it."
        )
    elif row[1] < row[0]:
        work.ledger.note(
            f"{row[0] - row[1]:,} of {row[0]:,} connections have no region; where they lie is not resolved."
        )
