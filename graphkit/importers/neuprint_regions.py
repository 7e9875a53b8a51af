"""Which of neuPrint's regions make the tree of a dataset, and what lies in each of them alone.

The tree has to hold in the data: no region has more than its parent, and the regions at the top have no more than the
neuron. A region that the hierarchy does not know joins at the top if it fits there; one that overlaps the others stays
out, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphkit.errors import ImportDataError
from graphkit.importers.hierarchy import Hierarchy, exclusive_sql
from graphkit.importers.neuprint_pairs import PairFiles
from graphkit.importers.neuprint_records import Records
from graphkit.importers.report import listed
from graphkit.importers.work import Work, outside_sql
from graphkit.tables import parquet_sql, quoted

__all__ = ["region_names", "resolve_regions"]

_HINT = "Give the right tree with --hierarchy FILE (neuPrint's roiHierarchy as JSON), or go on with --on-error skip."


def region_names(work: Work, records: Records | None, found: PairFiles) -> list[str]:
    """Every region that the records and the roi rows name, sorted; the records' figures become the view ``figures``."""
    names: set[str] = set()
    if records:
        work.connection.register("figures", records.regions)
        names |= set(records.regions["region"].unique().to_pylist())
    if found.resolved:
        rows = work.connection.execute(
            f"SELECT DISTINCT region FROM roi_rows WHERE NOT {outside_sql('region')}"
        ).fetchall()
        names |= {name for (name,) in rows}
    return sorted(names)


def resolve_regions(
    work: Work, tree: Hierarchy, names: Iterable[str], records: Records | None, found: PairFiles
) -> list[str]:
    """The regions that are kept. Makes ``own_figures`` of the records and ``roi_own`` of the roi rows.

    Raises:
        ImportDataError: in mode ``fail``, figures that contradict the tree.
    """
    out = {n for n in names if n in tree.overlapping}
    tree.register(work.connection, names)
    if records and records.regions.num_rows:
        work.connection.register("records", records.neurons)
        out |= _unfitting(work, tree, [n for n in names if n not in out])
    kept = [n for n in names if n not in out]
    if records and records.regions.num_rows:
        _own_figures(work, tree, out)
    if found.resolved:
        _own_roi_rows(work, out)
    if out:
        work.ledger.note(
            f"{len(out)} regions overlap those of the tree and were left out, so that nothing counts twice: "
            f"{listed(sorted(out))}."
        )
    unknown = [n for n in kept if n not in tree.parents]
    if unknown and tree.parents:
        work.ledger.note(f"Regions that {tree.origin} does not know stand at the top of the tree: {listed(unknown)}.")
    elif unknown and len(kept) > 1:
        work.ledger.note("The regions are a flat list: none contains another.")
    return kept


def _unfitting(work: Work, tree: Hierarchy, names: list[str]) -> set[str]:
    """Regions unknown to the hierarchy that do not fit beside its own, by the neurons' totals."""
    known = [n for n in names if n in tree.parents]
    roots = tree.roots(known)
    if not known:
        return set()
    connection = work.connection
    connection.execute("CREATE OR REPLACE TEMP TABLE roots (region VARCHAR)")
    connection.executemany("INSERT INTO roots VALUES (?)", [(r,) for r in roots])
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE room AS SELECT r.neuron_id, r.inputs - coalesce(f.i, 0) AS inputs, "
        "r.outputs - coalesce(f.o, 0) AS outputs FROM records r LEFT JOIN (SELECT neuron_id, sum(inputs) AS i, "
        "sum(outputs) AS o FROM figures SEMI JOIN roots USING (region) GROUP BY neuron_id) f USING (neuron_id)"
    )
    out = set()
    for name in names:
        if name in tree.parents:
            continue
        asked = f"FROM figures f JOIN room r USING (neuron_id) WHERE f.region = {quoted(name)}"
        row: Any = connection.execute(
            f"SELECT count(*) {asked} AND (f.inputs > r.inputs OR f.outputs > r.outputs)"
        ).fetchall()[0]
        if row[0]:
            out.add(name)
            continue
        connection.execute(
            f"UPDATE room SET inputs = room.inputs - f.inputs, outputs = room.outputs - f.outputs FROM figures f "
            f"WHERE f.neuron_id = room.neuron_id AND f.region = {quoted(name)}"
        )
    return out


def _left_out_sql(out: set[str]) -> str:
    return f"region NOT IN ({', '.join(quoted(n) for n in sorted(out))})" if out else "true"


def _own_figures(work: Work, tree: Hierarchy, out: set[str]) -> None:
    rows = f"(SELECT neuron_id, region, inputs, outputs FROM figures WHERE {_left_out_sql(out)})"
    own = work.new_file()
    work.connection.execute(
        f"COPY ({exclusive_sql(rows, ['neuron_id'], ['inputs', 'outputs'])}) TO {quoted(str(own))} (FORMAT parquet)"
    )
    below = work.connection.execute(
        f"SELECT neuron_id, region, inputs, outputs FROM {parquet_sql([str(own)])} WHERE inputs < 0 OR outputs < 0 "
        "ORDER BY neuron_id, region"
    ).fetchall()
    if below:
        neuron, region, inputs, outputs = below[0]
        what = f"{-inputs:,} inputs" if inputs < 0 else f"{-outputs:,} outputs"
        _contradiction(
            work,
            f"Neuron {neuron} has {what} more in the regions within {region} than in {region} itself, by {tree.origin} "
            f"({len(below):,} figures are like this)",
        )
    positive = "greatest(inputs, 0) AS inputs, greatest(outputs, 0) AS outputs"
    sums = "SELECT neuron_id, sum(inputs) AS i, sum(outputs) AS o FROM located GROUP BY neuron_id"
    work.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE located AS SELECT neuron_id, region, {positive} FROM {parquet_sql([str(own)])}"
    )
    work.connection.execute(
        "CREATE OR REPLACE TEMP TABLE own_figures AS FROM located UNION ALL SELECT r.neuron_id, NULL, r.inputs - "
        f"coalesce(f.i, 0), r.outputs - coalesce(f.o, 0) FROM records r LEFT JOIN ({sums}) f USING (neuron_id)"
    )
    over = work.connection.execute(
        "SELECT neuron_id, inputs, outputs FROM own_figures WHERE region IS NULL AND (inputs < 0 OR outputs < 0) "
        "ORDER BY 1"
    ).fetchall()
    if over:
        neuron, inputs, outputs = over[0]
        what = f"{-inputs:,} inputs" if inputs < 0 else f"{-outputs:,} outputs"
        _contradiction(
            work,
            f"The regions of neuron {neuron} have {what} more than the neuron, by {tree.origin}: some overlap "
            f"({len(over):,} neurons are like this)",
        )
        work.connection.execute("UPDATE own_figures SET inputs = greatest(inputs, 0), outputs = greatest(outputs, 0)")


def _contradiction(work: Work, sentence: str) -> None:
    if work.ledger.on_error == "fail":
        raise ImportDataError(f"{sentence}.", hint=_HINT)
    work.ledger.note(f"{sentence}; they were taken as 0.")


def _own_roi_rows(work: Work, out: set[str]) -> None:
    """Roi rows, each once, less what lies in the regions within; what overlaps the tree is counted as left out."""
    connection = work.connection
    if out:
        row: Any = connection.execute(f"SELECT count(*) FROM roi_rows WHERE NOT ({_left_out_sql(out)})").fetchall()[0]
        work.ledger.leave_out("a region that overlaps those of the tree", row[0])
    outside = outside_sql("region")
    once = (
        f"SELECT pre_id, post_id, CASE WHEN {outside} THEN 'None' ELSE region END AS region, max(synapses) AS "
        f"synapses, min(synapses) AS lower, count(*) AS n FROM roi_rows WHERE {_left_out_sql(out)} GROUP BY ALL"
    )
    target = work.new_file()
    connection.execute(f"COPY ({once}) TO {quoted(str(target))} (FORMAT parquet)")
    relation = parquet_sql([str(target)])
    differing = connection.execute(
        f"SELECT pre_id, post_id, region, lower, synapses, sum(n - 1) OVER () FROM {relation} WHERE lower < synapses "
        "ORDER BY ALL LIMIT 3"
    ).fetchall()
    if differing:
        work.ledger.fault(
            "a pair's region that another row gives a larger (or the same) weight, which was kept",
            int(differing[0][5]),
            [
                f"{a} to {b} in {r} has weight {low} in one row and {high} in another."
                for a, b, r, low, high, _ in differing
            ],
        )
    row = connection.execute(f"SELECT coalesce(sum(n - 1), 0) FROM {relation} WHERE lower = synapses").fetchall()[0]
    work.ledger.leave_out("a pair's region that another row has with the same weight; counted once", int(row[0]))
    own = work.new_file()
    connection.execute(
        f"COPY ({exclusive_sql(relation, ['pre_id', 'post_id'], ['synapses'])}) TO {quoted(str(own))} (FORMAT parquet)"
    )
    relation = parquet_sql([str(own)])
    below = connection.execute(
        f"SELECT pre_id, post_id, region, synapses, count(*) OVER () FROM {relation} WHERE synapses < 0 ORDER BY ALL "
        "LIMIT 1"
    ).fetchall()
    if below:
        a, b, region, excess, n = below[0]
        _contradiction(
            work,
            f"{a} to {b} has {-excess:,} synapses more in the regions within {region} than in {region} itself "
            f"({n:,} rows are like this)",
        )
    connection.execute(
        f"CREATE OR REPLACE VIEW roi_own AS SELECT * REPLACE (greatest(synapses, 0) AS synapses) FROM {relation}"
    )
