"""The tree of regions (neuropils): names, parents, and what lies below a region.

Region ids are int16 above 0; 0 is "outside every region" and not in the tree. Figures are stored for each region without
its children, so that a region's own figure is the sum over ``below(region)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from graphkit.errors import AmbiguousNameError, DatasetError, UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["Region", "RegionTree"]


@dataclass(frozen=True, slots=True)
class Region:
    """One region. ``parent_id`` is None at the top of the tree."""

    region_id: int
    name: str
    parent_id: int | None


class RegionTree:
    """The regions of a dataset, by id and by name.

    >>> tree = RegionTree([Region(1, "CX", None), Region(2, "EB", 1), Region(3, "EBr1", 2)])
    >>> tree.find("eb").region_id, sorted(tree.below(1)), tree.path(3)
    (2, [1, 2, 3], 'CX > EB > EBr1')

    Raises:
        DatasetError: a parent is not in the tree, or the parents go round in a circle.
    """

    def __init__(self, regions: list[Region]) -> None:
        self.by_id: Mapping[int, Region] = MappingProxyType({r.region_id: r for r in regions})
        self._by_name = {r.name: r for r in regions}
        self._by_folded: dict[str, list[Region]] = {}
        for region in regions:
            self._by_folded.setdefault(region.name.casefold(), []).append(region)
        self._children: dict[int | None, list[int]] = {}
        for region in regions:
            self._children.setdefault(region.parent_id, []).append(region.region_id)
        for region in regions:
            self._check_ancestors(region)

    @classmethod
    def of(cls, dataset: Dataset) -> RegionTree:
        """The tree of a dataset; empty where it has no regions."""
        if not dataset.has("regions"):
            return cls([])
        sql = "SELECT region_id, name, parent_id FROM regions ORDER BY region_id"
        rows = dataset.cursor(sql).execute(sql).fetchall()
        return cls([Region(*row) for row in rows])

    def __len__(self) -> int:
        return len(self.by_id)

    def _check_ancestors(self, region: Region) -> None:
        seen = {region.region_id}
        while region.parent_id is not None:
            if region.parent_id not in self.by_id:
                raise DatasetError(f"Region {region.name!r} has the parent {region.parent_id}, which is not a region.")
            region = self.by_id[region.parent_id]
            if region.region_id in seen:
                raise DatasetError(f"Region {region.name!r} is its own ancestor; the regions must form a tree.")
            seen.add(region.region_id)

    @property
    def names(self) -> list[str]:
        """Every name, in the order of the ids."""
        return [r.name for r in self.by_id.values()]

    def find(self, name: str) -> Region:
        """The region of that name; regardless of case where that leaves only one (hemibrain has aL(R) and AL(R)).

        Raises:
            UnknownNameError: no such region; suggests the nearest names.
            AmbiguousNameError: several differ from it by case alone.
        """
        if name in self._by_name:
            return self._by_name[name]
        found = self._by_folded.get(name.casefold(), [])
        if len(found) > 1:
            raise AmbiguousNameError(
                f"{name!r} could be {' or '.join(repr(r.name) for r in found)}.", hint="Write it with the right case."
            )
        if not found:
            hint = did_you_mean(name, self.names) or "`regions` lists what there is."
            if not len(self):
                hint = "This dataset has no regions at all; ask without one."
            raise UnknownNameError(f"There is no region {name!r} in this dataset.", hint=hint)
        return found[0]

    def has(self, name: str) -> bool:
        """Whether there is a region of that name, regardless of case."""
        return name.casefold() in self._by_folded

    def children(self, region_id: int | None) -> list[int]:
        """Ids of the direct children (of the tops for None)."""
        return self._children.get(region_id, [])

    def below(self, region_id: int) -> set[int]:
        """The region and everything that is part of it."""
        found = {region_id}
        for child in self.children(region_id):
            found |= self.below(child)
        return found

    def depth(self, region_id: int) -> int:
        """0 at the top."""
        parent = self.by_id[region_id].parent_id
        return 0 if parent is None else 1 + self.depth(parent)

    def path(self, region_id: int) -> str:
        """'CX > EB > EBr1'."""
        region = self.by_id[region_id]
        return region.name if region.parent_id is None else f"{self.path(region.parent_id)} > {region.name}"
