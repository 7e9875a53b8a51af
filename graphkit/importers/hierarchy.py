"""Regions that contain each other: from figures that include the children's to figures that do not.

neuPrint gives CX and EB side by side, and what lies in EB is in both. Here a region's own figure is its figure minus
the sum of its children's: what lies in it and in no child. Rolled up again over the tree, every figure is the source's.

    CX 349 ─┬─ FB 348 ── FBl8 329, FBl7 16, ...          CX 0, FB 0, EB 0; FBl8 329, FBl7 16, ..., EBr6 1
            └─ EB   1 ── EBr6 1
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import ImportDataError
from graphkit.importers.hemibrain import OVERLAPPING, hemibrain_parents

if TYPE_CHECKING:
    import duckdb

__all__ = ["Hierarchy", "exclusive_sql", "read_hierarchy"]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Region -> parent (None at the top) for every region it knows; ``overlapping`` ones are known not to be in it."""

    parents: dict[str, str | None]
    overlapping: frozenset[str]
    origin: str

    def ancestors(self, name: str) -> list[str]:
        """From the parent up."""
        found = []
        parent = self.parents.get(name)
        while parent is not None:
            found.append(parent)
            parent = self.parents.get(parent)
        return found

    def roots(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that no other of them contains, sorted."""
        there = set(names)
        return sorted(n for n in there if not there.intersection(self.ancestors(n)))

    def within(self, names: Iterable[str]) -> dict[str, str]:
        """Region -> its nearest ancestor among ``names``, for those that have one."""
        there = set(names)
        nearest = {n: next((a for a in self.ancestors(n) if a in there), None) for n in there}
        return {n: a for n, a in nearest.items() if a is not None}

    def in_order(self, names: Iterable[str]) -> list[str]:
        """``names`` with every parent before its children, else in alphabetical order."""
        return sorted(set(names), key=lambda n: [*reversed(self.ancestors(n)), n])

    def register(self, connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
        """Makes the table ``ancestors`` (region, ancestor, steps) for ``names``."""
        rows = [(n, a, i) for n in sorted(set(names)) for i, a in enumerate(self.ancestors(n))]
        connection.execute("CREATE OR REPLACE TEMP TABLE ancestors (region VARCHAR, ancestor VARCHAR, steps INTEGER)")
        if rows:
            connection.executemany("INSERT INTO ancestors VALUES (?, ?, ?)", rows)


def read_hierarchy(hierarchy: str | os.PathLike[str] | None, names: Iterable[str]) -> Hierarchy:
    """The hierarchy in a JSON file, the hemibrain's for None, none at all for ``"flat"``.

    The file is neuPrint's ``roiHierarchy`` (nested ``{"name": ..., "children": [...]}``), or what neuprint-python's
    ``fetch_roi_hierarchy(format="dict")`` gives (nested ``{name: {...}}``). A star after a name is dropped.

    Raises:
        ImportDataError: no such file, not JSON, or a region stands in two places.
    """
    if hierarchy is None:
        return Hierarchy(hemibrain_parents(names), OVERLAPPING, "the hemibrain's hierarchy")
    if os.fspath(hierarchy) == "flat":
        return Hierarchy({}, frozenset(), "no hierarchy")
    path = Path(hierarchy)
    try:
        tree = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ImportDataError(f"There is no file {str(path)!r} to read the hierarchy of regions from.") from None
    except (ValueError, OSError) as error:
        raise ImportDataError(f"The hierarchy {str(path)!r} cannot be read as JSON: {error}.") from error
    parents: dict[str, str | None] = {}
    _walk(tree, None, parents, path.name)
    if not parents:
        raise ImportDataError(f"The hierarchy {path.name!r} names no region.", hint=_LAYOUT)
    return Hierarchy(parents, frozenset(), path.name)


_LAYOUT = 'Expected nested {"name": "hemibrain", "children": [{"name": "CX", "children": [...]}, ...]}.'


def _walk(node: Any, parent: str | None, parents: dict[str, str | None], where: str) -> None:
    if isinstance(node, dict) and isinstance(node.get("name"), str):
        _put(node["name"], parent, parents, where)
        for child in node.get("children") or []:
            _walk(child, _plain(node["name"]), parents, where)
    elif isinstance(node, dict) and all(isinstance(v, (dict, type(None))) for v in node.values()):
        for name, below in node.items():
            _put(name, parent, parents, where)
            _walk(below or {}, _plain(name), parents, where)
    elif isinstance(node, list):
        for child in node:
            _walk(child, parent, parents, where)
    else:
        raise ImportDataError(f"The hierarchy {where!r} is not laid out as expected: found {node!r}.", hint=_LAYOUT)


def _plain(name: str) -> str:
    return name.rstrip("*").strip()


def _put(name: str, parent: str | None, parents: dict[str, str | None], where: str) -> None:
    plain = _plain(name)
    if plain in parents:
        raise ImportDataError(f"The hierarchy {where!r} has the region {plain!r} twice; a tree has it once.")
    parents[plain] = parent


def exclusive_sql(rows: str, keys: Sequence[str], figures: Sequence[str]) -> str:
    """SQL for ``rows`` (keys, region, figures) with each region's figures less those of what it contains.

    For each key the nearest listed ancestor counts, so that a level left out does not matter. Needs the table that
    ``Hierarchy.register`` makes. A figure below 0 means that the children have more than their parent.
    """
    key = ", ".join(f"c.{k}" for k in keys)
    same = " AND ".join(f"p.{k} = c.{k}" for k in keys)
    sums = ", ".join(f"sum(c.{f}) AS {f}" for f in figures)
    own = ", ".join(f"CAST(p.{f} - coalesce(c.{f}, 0) AS BIGINT) AS {f}" for f in figures)
    plain = ", ".join(keys)
    return f"""
        WITH listed AS (FROM {rows}),
        nearest AS (SELECT {key}, c.region, arg_min(p.region, a.steps) AS parent
                    FROM listed c JOIN ancestors a ON a.region = c.region
                         JOIN listed p ON {same} AND p.region = a.ancestor
                    GROUP BY {key}, c.region),
        below AS (SELECT {key}, n.parent, {sums} FROM listed c JOIN nearest n USING ({plain}, region)
                  GROUP BY {key}, n.parent)
        SELECT {", ".join(f"p.{k}" for k in keys)}, p.region, {own}
        FROM listed p LEFT JOIN below c ON {same} AND c.parent = p.region"""
