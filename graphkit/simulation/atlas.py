"""The regions of a simulated brain: a tree of boxes with the names of the fly's neuropils.

Names and nesting follow the insect brain nomenclature (Ito et al. 2014, Neuron 81:755) and the hemibrain (Scheffer et
al. 2020, eLife 9:e57443), with the lobes of the mushroom body spelt out: regardless of case, aL would be the antennal
lobe AL. The boxes are schematic: right order and rough size, nothing more.

Invariants, all exact, in integer nm, lower corner inclusive and upper exclusive:
- a child lies inside its parent; children of one parent are disjoint, so leaves are disjoint;
- a parent keeps a slab of its own that no child covers;
- beside every top region lies a slab that belongs to no region.

    parent  | child 1 |gap| child 2 |gap| ... | own slab |

A *site* is a box whose every point has the same deepest region: a leaf, a parent's own slab, or a slab outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["BOUNDS_NM", "Atlas", "make_atlas"]

_UM = 1000
_GAP_NM = 1 * _UM
_OWN_SHARE = 0.10

BOUNDS_NM = {"x": [0, 780 * _UM], "y": [0, 390 * _UM], "z": [0, 280 * _UM]}

_Spec = tuple[str, float, tuple["_Spec", ...]]


def _leaves(*names: str) -> tuple[_Spec, ...]:
    return tuple((name, 1.0, ()) for name in names)


_GLOMERULI = ("DA1", "DL3", "DM1", "VA1d", "VM2")

# Top regions: corners in um of the right or the only one, (x, y, z) to (x, y, z); a name with {} exists on either side.
# The flag says whether it belongs to small brains, too.
_TOP: tuple[tuple[str, tuple[int, ...], tuple[int, ...], bool, tuple[_Spec, ...]], ...] = (
    (
        "CX",
        (330, 80, 60),
        (450, 180, 190),
        True,
        (
            ("EB", 1.5, _leaves("EBr1", "EBr2r4", "EBr3am", "EBr3d", "EBr3pw", "EBr5", "EBr6")),
            ("FB", 3.0, _leaves(*(f"FBl{i}" for i in range(1, 10)))),
            ("PB", 1.0, _leaves("PB(L)", "PB(R)")),
            ("NO", 0.8, _leaves("NO1", "NO2", "NO3")),
        ),
    ),
    (
        "MB{}",
        (465, 20, 130),
        (590, 100, 270),
        True,
        (
            ("CA{}", 2.0, ()),
            ("PED{}", 0.6, ()),
            ("VL{}", 1.0, _leaves("alphaL{}", "alpha'L{}")),
            ("ML{}", 1.5, _leaves("betaL{}", "beta'L{}", "gammaL{}")),
        ),
    ),
    ("SNP{}", (465, 20, 10), (590, 100, 125), True, (("SLP{}", 3.0, ()), ("SIP{}", 1.0, ()), ("SMP{}", 3.0, ()))),
    ("AL{}", (465, 105, 10), (525, 180, 125), True, _leaves(*(f"AL-{g}{{}}" for g in _GLOMERULI))),
    ("LX{}", (465, 105, 130), (525, 180, 270), True, (("BU{}", 0.4, ()), ("LAL{}", 2.0, ()))),
    ("LH{}", (535, 105, 130), (590, 180, 270), True, ()),
    ("GNG", (330, 255, 40), (450, 370, 240), True, ()),
    (
        "INP{}",
        (535, 105, 10),
        (590, 180, 125),
        False,
        (("CRE{}", 1.5, ()), ("SCL{}", 0.8, ()), ("ICL{}", 1.0, ()), ("IB{}", 1.0, ()), ("ATL{}", 0.5, ())),
    ),
    ("PENP", (330, 190, 40), (450, 245, 240), False, _leaves("SAD", "PRW", "FLA(L)", "FLA(R)", "CAN(L)", "CAN(R)")),
    (
        "VLNP{}",
        (465, 190, 10),
        (590, 270, 270),
        False,
        (("AVLP{}", 4.0, ()), ("PVLP{}", 2.5, ()), ("PLP{}", 2.5, ()), ("AOTU{}", 0.7, ()), ("WED{}", 1.5, ())),
    ),
    (
        "VMNP{}",
        (465, 280, 10),
        (590, 360, 270),
        False,
        (("VES{}", 1.5, ()), ("EPA{}", 0.6, ()), ("GOR{}", 0.5, ()), ("SPS{}", 1.5, ()), ("IPS{}", 1.5, ())),
    ),
    (
        "OL{}",
        (605, 60, 20),
        (765, 340, 260),
        False,
        (
            ("ME{}", 8.0, _leaves(*(f"MEl{i}{{}}" for i in range(1, 11)))),
            ("LO{}", 3.0, _leaves(*(f"LOl{i}{{}}" for i in range(1, 7)))),
            ("LOP{}", 1.5, _leaves(*(f"LOPl{i}{{}}" for i in range(1, 5)))),
            ("AME{}", 0.3, ()),
        ),
    ),
)


@dataclass(frozen=True)
class Atlas:
    """Regions and sites.

    ``names``, ``parents`` (row, -1 at the top), ``low`` and ``high`` (regions, 3) describe region_id 1, 2, ... in
    order. ``site_low``, ``site_high`` (sites, 3) and ``site_region`` (region_id, 0 outside) describe the sites; the
    site of leaf region r is ``leaf_site[r]`` (-1 for a parent). ``neighbour_site``, ``own_site`` and ``outside_site``
    (sites,) give for a leaf's site the next leaf of its parent, the slab of its parent and the slab outside.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    site_low: NDArray[np.int64]
    site_high: NDArray[np.int64]
    site_region: NDArray[np.int16]
    leaf_site: NDArray[np.int64]
    neighbour_site: NDArray[np.int64]
    own_site: NDArray[np.int64]
    outside_site: NDArray[np.int64]

    def leaves_of(self, row: int) -> list[int]:
        """Rows of the leaves at or below region ``row``."""
        children = np.flatnonzero(self.parents == row)
        return [leaf for child in children for leaf in self.leaves_of(int(child))] if len(children) else [row]

    def row(self, name: str, side: str) -> int:
        """Row of region ``name`` on ``side`` ("left", "right"), or of the only one."""
        suffix = "(L)" if side == "left" else "(R)"
        return self.names.index(name + suffix if name + suffix in self.names else name)

    def table(self) -> pa.Table:
        """The dataset's table ``regions``."""
        parents = [int(p) + 1 if p >= 0 else None for p in self.parents]
        corners = {
            f"{which}_{axis}_nm": corner[:, i]
            for which, corner in (("min", self.low), ("max", self.high))
            for i, axis in enumerate("xyz")
        }
        rows = len(self.names)
        return pa.table(
            {
                "region_id": pa.array(range(1, rows + 1), pa.int16()),
                "name": pa.array(self.names, pa.string()),
                "parent_id": pa.array(parents, pa.int16()),
                **corners,
                "box": pa.repeat(True, rows),
            }
        )


class _Layout:
    def __init__(self) -> None:
        self.names: list[str] = []
        self.parents: list[int] = []
        self.boxes: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self.own: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def place(self, spec: _Spec, parent: int, low: NDArray[np.int64], high: NDArray[np.int64], suffix: str) -> None:
        name, _, children = spec
        row = len(self.names)
        self.names.append(name.format(suffix))
        self.parents.append(parent)
        self.boxes.append((low, high))
        if not children:
            return
        inner_low, inner_high = low + _GAP_NM, high - _GAP_NM
        axis = int(np.argmax(inner_high - inner_low))
        length = int((inner_high - inner_low)[axis])
        own_nm = max(int(length * _OWN_SHARE), 2 * _UM)
        usable = length - own_nm - _GAP_NM * len(children)
        total = sum(c[1] for c in children)
        start = int(inner_low[axis])
        for child in children:
            extent = int(usable * child[1] / total) // 8 * 8
            child_low, child_high = inner_low.copy(), inner_high.copy()
            child_low[axis], child_high[axis] = start, start + extent
            self.place(child, row, child_low, child_high, suffix)
            start += extent + _GAP_NM
        own_low = inner_low.copy()
        own_low[axis] = start
        self.own[row] = (own_low, inner_high)


def make_atlas(*, whole: bool) -> Atlas:
    """The atlas of a whole brain, or of the regions that the core types of a small one use."""
    layout = _Layout()
    middle_nm = BOUNDS_NM["x"][1]
    for name, low_um, high_um, core, children in _TOP:
        if not (whole or core):
            continue
        low, high = np.array(low_um, np.int64) * _UM, np.array(high_um, np.int64) * _UM
        sides = (("(L)", True), ("(R)", False)) if "{}" in name else (("", False),)
        for suffix, mirrored in sides:
            a, b = low.copy(), high.copy()
            if mirrored:
                a[0], b[0] = middle_nm - high[0], middle_nm - low[0]
            layout.place((name, 1.0, children), -1, a, b, suffix)
    return _with_sites(layout)


def _with_sites(layout: _Layout) -> Atlas:
    parents = np.array(layout.parents, np.int64)
    low = np.array([b[0] for b in layout.boxes])
    high = np.array([b[1] for b in layout.boxes])
    boxes: list[tuple[NDArray[np.int64], NDArray[np.int64], int]] = []
    leaf_site = np.full(len(parents), -1, np.int64)
    slab: dict[int, int] = {}
    for row in range(len(parents)):
        if row in layout.own:
            slab[row] = len(boxes)
            boxes.append((*layout.own[row], row + 1))
        else:
            leaf_site[row] = len(boxes)
            boxes.append((low[row], high[row], row + 1))
    outside: dict[int, int] = {}
    for row in map(int, np.flatnonzero(parents < 0)):
        outside[row] = len(boxes)
        beside_low, beside_high = low[row].copy(), high[row].copy()
        beside_low[0], beside_high[0] = low[row][0] - 4 * _UM, low[row][0] - 1 * _UM
        boxes.append((beside_low, beside_high, 0))
    neighbour_site = np.arange(len(boxes))
    own_site = np.arange(len(boxes))
    outside_site = np.arange(len(boxes))
    for row in map(int, np.flatnonzero(leaf_site >= 0)):
        top = row
        while parents[top] >= 0:
            top = int(parents[top])
        site = leaf_site[row]
        outside_site[site] = outside[top]
        own_site[site] = slab.get(int(parents[row]), site)
        siblings = leaf_site[np.flatnonzero((parents == parents[row]) & (leaf_site >= 0))]
        if parents[row] >= 0:
            neighbour_site[site] = siblings[(np.searchsorted(siblings, site) + 1) % len(siblings)]
    return Atlas(
        names=tuple(layout.names),
        parents=parents,
        low=low,
        high=high,
        site_low=np.array([b[0] for b in boxes]),
        site_high=np.array([b[1] for b in boxes]),
        site_region=np.array([b[2] for b in boxes], np.int16),
        leaf_site=leaf_site,
        neighbour_site=neighbour_site,
        own_site=own_site,
        outside_site=outside_site,
    )
