"""Rows of each table by itself and against the tables that it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from graphkit.schema import KINDS, OUTSIDE, TABLES
from graphkit.tables import quoted
from graphkit.validation.findings import Findings, name, shown

__all__ = ["check_rows"]


def check_rows(found: Findings) -> None:
    """Nulls, keys, order, references, values, positions: every table that can be read."""
    checks = (_nulls, _duplicates, _order, _references, _values)
    tables = list(found.columns)
    for i, table in enumerate(tables):
        for j, check in enumerate(checks):
            found.progress(f"checking {table}", (i + j / len(checks)) / len(tables))
            found.attempt(f"{table}: {check.__name__.strip('_')}", partial(check, found, table))
        found.checked.append(f"{table}: nulls, keys, order, references, values, positions")
    _missing_tables(found)
    found.progress("checking tables", 1.0)


def _missing_tables(found: Findings) -> None:
    """A built graph has all the tables that a build makes."""
    if not found.built:
        return
    has = found.dataset.has
    needed = ["neurons", "connections", "connections_by_post"]
    if has("synapses"):
        needed += ["synapses_by_place", "synapses_by_post", "neuron_regions"]
    for table in needed:
        if not has(table):
            message = f"The graph was built, but the snapshot has no table {table!r}; run `graphkit build`."
            found.add(table, "", "table-missing", 0, table, message)


def _label(table: str, found: Findings) -> str:
    """SQL for a row's key in words."""
    spec = TABLES[table]
    return shown(c for c in (spec.key or spec.schema.names[:1]) if found.can(table, c))


def _nulls(found: Findings, table: str) -> None:
    fields = [f for f in TABLES[table].schema if not f.nullable and found.can(table, f.name)]
    if not fields:
        return
    counts = found.one(
        f"SELECT {', '.join(f'count(*) - count({name(f.name)})' for f in fields)} FROM {found.source(table)}"
    )
    for field, count in zip(fields, counts, strict=True):
        if count:
            query = f"FROM {found.source(table)} WHERE {name(field.name)} IS NULL"
            message = f"{{rows}} rows of {table!r} have no {field.name!r}, e.g. {{example}}; it must not be null."
            found.offenders(table, field.name, "null", query, message, shown=_label(table, found))


def _duplicates(found: Findings, table: str) -> None:
    key = TABLES[table].key
    if not key or not found.can(table, *key):
        return
    columns = ", ".join(map(name, key))
    surplus, examples = 0, []
    for part in found.parts(table, key[0]):
        rows = f"SELECT {columns}, count(*) AS n FROM {found.source(table)} WHERE {part}"
        groups = f"FROM ({rows} GROUP BY {columns} HAVING n > 1)"
        more, example = found.one(f"SELECT coalesce(sum(n - 1), 0), min({shown(key)}) {groups}")
        surplus += int(more)
        examples += [example] if example is not None else []
    if surplus:
        message = f"{surplus:,} rows of {table!r} repeat the key of another, e.g. {min(examples)}."
        found.add(table, ", ".join(key), "duplicate", surplus, min(examples), message)


def _order(found: Findings, table: str) -> None:
    spec, entry = TABLES[table], found.dataset.snapshot.tables[table]
    if spec.sorted_by and entry.sorted_by != spec.sorted_by and found.built:
        said = ", ".join(entry.sorted_by) or "nothing"
        message = f"The snapshot says that {table!r} is sorted by {said}, expected {', '.join(spec.sorted_by)}."
        found.add(table, ", ".join(spec.sorted_by), "manifest-order", entry.rows, said, message)
    order = entry.sorted_by
    if not order or not found.can(table, *order):
        return
    # A window without an order streams over the files as they are listed; rows compare with null as the highest value.
    here = ", ".join(map(name, order))
    before = ", ".join(f"lag({name(c)}) OVER ()" for c in order)
    query = f"""FROM (SELECT {here}, row_number() OVER () AS nth, row({here}) AS this, row({before}) AS previous
                      FROM {found.source(table)}) WHERE nth > 1 AND previous > this"""
    message = f"{{rows}} rows of {table!r} are not in the order of {', '.join(order)}, e.g. {{example}}."
    found.offenders(table, ", ".join(order), "order", query, message, shown=shown(order))


def _references(found: Findings, table: str) -> None:
    references = list(TABLES[table].references)
    if table == "synapses":
        references += [(f"{end}_region_id", "regions", "region_id") for end in ("pre", "post")]
    for column, other, key in references:
        if table == "regions" or not found.can(table, column):  # the tree is checked as a whole
            continue
        there = found.dataset.has(other)
        if (there and not found.can(other, key)) or (other == "neurons" and not found.built):
            if there:
                found.skipped.append(f"{table}.{column}: {other} cannot be read")
            continue  # before the build, neurons need not be listed
        among = (
            f"SELECT {key} FROM {found.source(other)} WHERE {key} IS NOT NULL" if there else "SELECT NULL WHERE false"
        )
        outside = f" AND {column} <> {OUTSIDE}" if other == "regions" else ""
        query = f"FROM {found.source(table)} WHERE {column} IS NOT NULL{outside} AND {column} NOT IN ({among})"
        what = "region in the tree" if other == "regions" else other.removesuffix("s")
        message = f"{{rows}} rows of {table!r} have a {column} that is no {what}, e.g. {{example}}."
        found.offenders(table, column, "reference", query, message, shown=shown([column, *_rest(found, table, column)]))


def _rest(found: Findings, table: str, column: str) -> list[str]:
    return [c for c in TABLES[table].key if c != column and found.can(table, c)]


def _values(found: Findings, table: str) -> None:
    """Kinds, the order of the ends of gap junctions, counts, lower and upper corners, positions."""
    label, rows = _label(table, found), f"{{rows}} rows of {table!r}"
    broken = []
    if found.can(table, "kind"):
        kinds = ", ".join(map(quoted, KINDS))
        message = f"{rows} have a kind that is none of {kinds}, e.g. {{example}}."
        broken.append(
            ("kind", "kind", f"kind NOT IN ({kinds})", message, shown(["kind", *_rest(found, table, "kind")]))
        )
        if found.built and found.can(table, "pre_id", "post_id"):
            message = f"{{rows}} electrical rows of {table!r} have pre_id > post_id, e.g. {{example}}."
            broken.append(("pre_id", "electrical-order", "kind = 'electrical' AND pre_id > post_id", message, label))
    for field in TABLES[table].schema:
        if (field.metadata or {}).get(b"unit") == b"count" and found.can(table, field.name):
            least = 1 if field.name == "synapses" else 0
            message = f"{rows} have {field.name} below {least}, e.g. {{example}}."
            broken.append((field.name, "count", f"{field.name} < {least}", message, label))
    for axis in "xyz":
        low, high = f"min_{axis}_nm", f"max_{axis}_nm"
        if table == "segments" and found.can(table, low, high):
            broken.append((low, "box", f"{low} >= {high}", f"{rows} have {low} >= {high}, e.g. {{example}}.", label))
    found.conditions(table, [*broken, *_positions(found, table)])


_POINTS = {"neurons": ("soma_",), "synapses": ("pre_", "post_"), "skeletons": ("",)}


def _positions(found: Findings, table: str) -> Iterator[tuple[str, str, str, str, str]]:
    bounds = found.dataset.snapshot.bounds_nm or {}
    for column, axis in ((f"{p}{a}_nm", a) for p in _POINTS.get(table, ()) for a in "xyz"):
        if axis in bounds and found.can(table, column):
            low, high = bounds[axis]
            message = f"{{rows}} rows of {table!r} lie outside the bounds {low:,} to {high:,} nm, e.g. {{example}}."
            outside = f"{column} < {low} OR {column} > {high}"
            yield column, "bounds", outside, message, shown([column, *_rest(found, table, column)])
