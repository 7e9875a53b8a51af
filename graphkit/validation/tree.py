"""The tree of regions: ids, names, parents without circles, and boxes inside their parents."""

from __future__ import annotations

from typing import Any

from graphkit.validation.findings import Findings

__all__ = ["check_tree"]

_BOUNDS = tuple(f"{end}_{axis}_nm" for end in ("min", "max") for axis in "xyz")


def check_tree(found: Findings) -> None:
    """Checks the table ``regions`` as a whole (a few thousand rows at most: plain Python)."""
    if not found.can("regions", "region_id", "name", "parent_id"):
        return
    there = [c for c in (*_BOUNDS, "box") if found.can("regions", c)]
    columns = ["region_id", "name", "parent_id", *there]
    rows = [
        dict(zip(columns, values, strict=True))
        for values in found.ask(f"SELECT {', '.join(columns)} FROM {found.source('regions')} ORDER BY region_id, name")
    ]
    found.checked.append("regions: ids, names, parents, boxes")
    by_id = {r["region_id"]: r for r in rows if r["region_id"] is not None}
    _report(
        found, "region_id", "region-id", [r for r in rows if (r["region_id"] or 1) <= 0], "an id that is not above 0"
    )
    _report(found, "name", "region-name", _repeated(rows), "the name of another")
    orphans = [r for r in rows if r["parent_id"] is not None and r["parent_id"] not in by_id]
    _report(found, "parent_id", "region-parent", orphans, "a parent that is no region")
    _report(found, "parent_id", "region-circle", [r for r in rows if _in_circle(r, by_id)], "themselves as an ancestor")
    if len(there) == len(_BOUNDS) + 1:
        _check_boxes(found, rows, by_id)


def _check_boxes(found: Findings, rows: list[dict[str, Any]], by_id: dict[int, dict[str, Any]]) -> None:
    empty = [r for r in rows if any(_not_below(r[f"min_{a}_nm"], r[f"max_{a}_nm"]) for a in "xyz")]
    _report(found, "min_x_nm", "box", empty, "a lower corner that is not below the upper one")
    unknown = [r for r in rows if r["box"] and any(r[c] is None for c in _BOUNDS)]
    _report(found, "box", "box", unknown, "box=true without all six bounds")
    outside = [r for r in rows if r["box"] and r["parent_id"] in by_id and _sticks_out(r, by_id[r["parent_id"]])]
    _report(found, "parent_id", "box-outside-parent", outside, "a box that reaches out of their parent's bounds")


def _report(found: Findings, column: str, rule: str, rows: list[dict[str, Any]], what: str) -> None:
    if rows:
        example = f"region_id={rows[0]['region_id']}, name={rows[0]['name']}"
        message = f"{len(rows):,} rows of 'regions' have {what}, e.g. {example}."
        found.add("regions", column, rule, len(rows), example, message)


def _repeated(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: set[str] = set()
    repeated = []
    for row in rows:
        if row["name"] in seen:
            repeated.append(row)
        seen.add(row["name"])
    return repeated


def _in_circle(row: dict[str, Any], by_id: dict[int, dict[str, Any]]) -> bool:
    start, seen = row["region_id"], set()
    parent = row["parent_id"]
    while parent is not None and parent not in seen:
        if parent == start:
            return True
        seen.add(parent)
        parent = by_id[parent]["parent_id"] if parent in by_id else None
    return False


def _not_below(low: int | None, high: int | None) -> bool:
    return low is not None and high is not None and low >= high


def _sticks_out(row: dict[str, Any], parent: dict[str, Any]) -> bool:
    return any(
        (None not in (row[f"min_{a}_nm"], parent[f"min_{a}_nm"]) and row[f"min_{a}_nm"] < parent[f"min_{a}_nm"])
        or (None not in (row[f"max_{a}_nm"], parent[f"max_{a}_nm"]) and row[f"max_{a}_nm"] > parent[f"max_{a}_nm"])
        for a in "xyz"
    )
