"""FlyWire's neuropils as a tree: group, neuropil, side. ``ME_L`` and ``ME_R`` are parts of ME, ME is one of OL.

The groups are those of the neuropil nomenclature (Ito et al. 2014, doi:10.1016/j.neuron.2013.12.017), under the short
names that the hemibrain uses too. A name that is not known stands at the top, or, with _L or _R, under its own stem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from graphkit.importers.hierarchy import Hierarchy

__all__ = ["flywire_tree"]

_GROUPS = {
    "OL": ("AME", "LA", "LO", "LOP", "ME"),  # optic lobe
    "CX": ("EB", "FB", "NO", "PB"),  # central complex
    "LX": ("BU", "GA", "LAL"),  # lateral complex
    "MB": ("MB_CA", "MB_ML", "MB_PED", "MB_VL"),  # mushroom body
    "SNP": ("SIP", "SLP", "SMP"),  # superior neuropils
    "INP": ("ATL", "CRE", "IB", "ICL", "SCL"),  # inferior neuropils
    "VLNP": ("AOTU", "AVLP", "PLP", "PVLP", "WED"),  # ventrolateral neuropils
    "VMNP": ("EPA", "GOR", "IPS", "SPS", "VES"),  # ventromedial neuropils
    "PENP": ("AMMC", "CAN", "FLA", "PRW", "SAD"),  # periesophageal neuropils
}
_GROUP_OF = {neuropil: group for group, neuropils in _GROUPS.items() for neuropil in neuropils}
_SIDE = re.compile(r"(.+)_[LR]")


def flywire_tree(names: Iterable[str]) -> Hierarchy:
    """The tree of ``names`` and of all that contains them.

    >>> flywire_tree(["MB_CA_R", "GNG"]).ancestors("MB_CA_R")
    ['MB_CA', 'MB']
    """
    parents: dict[str, str | None] = {}
    for name in names:
        step: str | None = name
        while step is not None and step not in parents:
            side = _SIDE.fullmatch(step)
            parents[step] = side[1] if side else _GROUP_OF.get(step)
            step = parents[step]
    return Hierarchy(parents, frozenset(), "FlyWire's tree of neuropils")
