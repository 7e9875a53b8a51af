"""The hemibrain's tree of regions (Scheffer et al. 2020, eLife 9:e57443), as neuPrint's ``roiHierarchy`` gives it.

Regions that neuPrint itself keeps outside its hierarchy are in ``OVERLAPPING``: their synapses lie in other regions
too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["OVERLAPPING", "hemibrain_parents"]

OVERLAPPING = frozenset({"FB-column3", "MB(+ACA)(R)", "dACA(R)", "lACA(R)", "vACA(R)"})
"""Named in roiInfo, but not part of the tree."""

_ROOTS = (
    "AL(L) AL(R) AOT(R) CX GC GF(R) GNG INP LH(R) LX(L) LX(R) MB(L) MB(R) mALT(L) mALT(R) OL(R) PENP POC "
    "SNP(L) SNP(R) VLNP(R) VMNP"
)

_CHILDREN = {
    "CX": "AB(L) AB(R) EB FB NO PB",
    "EB": "EBr1 EBr2r4 EBr3am EBr3d EBr3pw EBr5 EBr6",
    "FB": " ".join(f"FBl{i}" for i in range(1, 10)),
    "NO": "NO(L) NO(R)",
    "NO(L)": "NO1(L) NO2(L) NO3(L)",
    "NO(R)": "NO1(R) NO2(R) NO3(R)",
    "PB": " ".join(f"PB({side}{i})" for side in "LR" for i in range(1, 10)),
    "MB(R)": "CA(R) PED(R) aL(R) a'L(R) bL(R) b'L(R) gL(R)",
    "MB(L)": "CA(L) PED(L) aL(L) a'L(L) bL(L) b'L(L) gL(L)",
    "aL(R)": "a1(R) a2(R) a3(R)",
    "a'L(R)": "a'1(R) a'2(R) a'3(R)",
    "bL(R)": "b1(R) b2(R)",
    "b'L(R)": "b'1(R) b'2(R)",
    "gL(R)": "g1(R) g2(R) g3(R) g4(R) g5(R)",
    "LX(L)": "BU(L) LAL(L)",
    "LX(R)": "BU(R) LAL(R)",
    "LAL(R)": "GA(R) LAL(-GA)(R)",
    "SNP(L)": "SIP(L) SLP(L) SMP(L)",
    "SNP(R)": "SIP(R) SLP(R) SMP(R)",
    "INP": "ATL(L) ATL(R) CRE(L) CRE(R) IB ICL(L) ICL(R) SCL(L) SCL(R)",
    "CRE(L)": "CRE(-RUB)(L) RUB(L)",
    "CRE(R)": "CRE(-ROB,-RUB)(R) ROB(R) RUB(R)",
    "VMNP": "EPA(L) EPA(R) GOR(L) GOR(R) IPS(L) IPS(R) SPS(L) SPS(R) VES(L) VES(R)",
    "VLNP(R)": "AOTU(R) AVLP(R) PLP(R) PVLP(R) WED(R)",
    "PENP": "CAN(R) FLA(R) PRW SAD",
    "SAD": "AMMC SAD(-AMMC)",
    "OL(R)": "AME(R) LO(R) LOP(R) ME(R)",
}

_GLOMERULUS = re.compile(r"AL-.+\(([LR])\)")


def hemibrain_parents(names: Iterable[str]) -> dict[str, str | None]:
    """Region -> its parent (None at the top), for those of the hemibrain's tree; the glomeruli among ``names`` too.

    >>> hemibrain_parents(["AL-DA1(R)"])["AL-DA1(R)"], hemibrain_parents([])["EBr1"]
    ('AL(R)', 'EB')
    """
    parents: dict[str, str | None] = dict.fromkeys(_ROOTS.split())
    for parent, children in _CHILDREN.items():
        parents.update(dict.fromkeys(children.split(), parent))
    for name in names:
        if match := _GLOMERULUS.fullmatch(name):
            parents[name] = f"AL({match[1]})"
    return parents
