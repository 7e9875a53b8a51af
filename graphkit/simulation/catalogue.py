"""The cell types of a simulated brain.

A small brain has the core types below: named neurons of the fly's central complex, mushroom body, antennal lobe and
lateral horn (Hulse et al. 2021, eLife 10:e66039; Li et al. 2020, eLife 9:e62576; Schlegel et al. 2021, eLife 10:e66018)
with their input region, output region and transmitter as described there, simplified to one of each. A large brain has
further types, named by region and number ("SMP034"), of skewed sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CORE_NEURONS", "CellType", "cell_types", "is_large"]

CORE_NEURONS = 2_500
"""Up to this many neurons, all are of core types; beyond, this many and a thirtieth of the rest are."""

_NEURONS_PER_TYPE = 17

_DOPAMINE, _ACH, _GABA, _GLU = "dopamine", "acetylcholine", "gaba", "glutamate"


@dataclass(frozen=True, slots=True)
class CellType:
    """A type: where its dendrites and its axon are (region names without side), and how it stands out.

    ``size`` is its relative number of neurons, ``arbor`` its relative number of connections. ``crosses``: the axon is
    on the other side. ``unpaired``: one neuron in the middle.
    """

    name: str
    cell_class: str
    nt: str
    input_region: str
    output_region: str
    size: float
    arbor: float = 1.0
    crosses: bool = False
    unpaired: bool = False


_CORE: tuple[CellType, ...] = (
    # central complex: the ring of the ellipsoid body and its columns
    CellType("ER4d", "intrinsic", _GABA, "BU", "EB", 26),
    CellType("ER4m", "intrinsic", _GABA, "BU", "EB", 18),
    CellType("ER2_a", "intrinsic", _GABA, "BU", "EB", 16),
    CellType("ER1_a", "intrinsic", _GABA, "LAL", "EB", 14),
    CellType("EPG", "intrinsic", _ACH, "EB", "PB", 46, 1.5),
    CellType("PEG", "intrinsic", _ACH, "EB", "PB", 18),
    CellType("PEN_a", "intrinsic", _ACH, "PB", "EB", 20),
    CellType("PEN_b", "intrinsic", _ACH, "PB", "EB", 22),
    CellType("Delta7", "local", _GLU, "PB", "PB", 30, 1.5),
    CellType("PFNd", "intrinsic", _ACH, "PB", "FB", 30),
    CellType("PFNv", "intrinsic", _ACH, "PB", "FB", 20),
    CellType("PFL3", "output", _ACH, "FB", "LAL", 22, crosses=True),
    CellType("hDeltaB", "local", _ACH, "FB", "FB", 18),
    CellType("FB4K", "intrinsic", _GLU, "SMP", "FB", 8, 1.5),
    CellType("ExR3", "modulatory", "serotonin", "EB", "EB", 2, 3.0),
    # olfaction: from the antenna over the antennal lobe to mushroom body and lateral horn
    CellType("ORN_DA1", "sensory", _ACH, "AL-DA1", "AL-DA1", 24, 0.6),
    CellType("ORN_DL3", "sensory", _ACH, "AL-DL3", "AL-DL3", 20, 0.6),
    CellType("ORN_VM2", "sensory", _ACH, "AL-VM2", "AL-VM2", 20, 0.6),
    CellType("lLN2", "local", _GABA, "AL", "AL", 18, 2.0),
    CellType("DA1_lPN", "projection", _ACH, "AL-DA1", "LH", 10),
    CellType("DL3_lPN", "projection", _ACH, "AL-DL3", "CA", 10),
    CellType("VM2_adPN", "projection", _ACH, "AL-VM2", "CA", 8),
    CellType("LHLN1", "local", _GABA, "LH", "LH", 12),
    CellType("LHAV1a1", "output", _ACH, "LH", "SLP", 10),
    # mushroom body
    CellType("KCg-m", "intrinsic", _ACH, "CA", "gammaL", 60, 0.5),
    CellType("KCab-m", "intrinsic", _ACH, "CA", "betaL", 40, 0.5),
    CellType("KCab-s", "intrinsic", _ACH, "CA", "alphaL", 20, 0.5),
    CellType("KCa'b'-m", "intrinsic", _ACH, "CA", "beta'L", 24, 0.5),
    CellType("APL", "local", _GABA, "CA", "MB", 2, 6.0),
    CellType("MBON01", "output", _GLU, "gammaL", "SMP", 2, 2.5),
    CellType("MBON03", "output", _GLU, "beta'L", "SIP", 2, 2.5),
    CellType("MBON07", "output", _GLU, "alphaL", "SMP", 4, 2.0),
    CellType("MBON11", "output", _GABA, "gammaL", "MB", 2, 3.0),
    CellType("PAM08", "modulatory", _DOPAMINE, "SMP", "gammaL", 14),
    CellType("PPL101", "modulatory", _DOPAMINE, "SIP", "gammaL", 2, 2.0),
    CellType("OA-VUMa2", "modulatory", "octopamine", "GNG", "AL", 1, 4.0, unpaired=True),
    CellType("DNa02", "output", _ACH, "LAL", "GNG", 2, 3.0),
    CellType("AN_GNG_1", "sensory", _ACH, "GNG", "LAL", 8),
)

# Regions that further types live in, with their share of neurons (the optic lobes hold more than half of a fly's).
_HOMES: dict[str, float] = {
    "ME": 32.0,
    "LO": 12.0,
    "LOP": 7.0,
    "AME": 0.4,
    "SLP": 4.0,
    "SMP": 3.5,
    "SIP": 1.5,
    "LH": 2.5,
    "AVLP": 5.0,
    "PVLP": 3.5,
    "PLP": 3.0,
    "AOTU": 1.0,
    "WED": 2.0,
    "CRE": 1.2,
    "SCL": 1.0,
    "ICL": 1.2,
    "IB": 1.2,
    "ATL": 0.5,
    "LAL": 1.5,
    "VES": 1.5,
    "EPA": 0.4,
    "GOR": 0.4,
    "SPS": 1.5,
    "IPS": 1.5,
    "SAD": 1.0,
    "PRW": 0.7,
    "FLA": 0.7,
    "CAN": 0.2,
    "GNG": 3.0,
    "FB": 1.5,
    "AL": 1.5,
}
_CLASSES = ("local", "intrinsic", "projection", "sensory", "output", "modulatory")
_CLASS_SHARES = (0.34, 0.33, 0.21, 0.05, 0.05, 0.02)
_TRANSMITTERS = (_ACH, _GABA, _GLU)
_TRANSMITTER_SHARES = (0.58, 0.22, 0.20)
_MONOAMINES = (_DOPAMINE, "serotonin", "octopamine")


def is_large(neurons: int) -> bool:
    """Whether a brain of this size has more than the core types (and regions)."""
    return neurons > CORE_NEURONS


def cell_types(neurons: int, rng: np.random.Generator) -> tuple[list[CellType], NDArray[np.int64]]:
    """The types of a brain of ``neurons`` neurons, and how many of each there are (they add up to ``neurons``)."""
    core = neurons if not is_large(neurons) else CORE_NEURONS + (neurons - CORE_NEURONS) // 30
    counts = _apportion(np.array([t.size for t in _CORE]), core, at_most=[1 if t.unpaired else None for t in _CORE])
    if core == neurons:
        return list(_CORE), counts
    rest = neurons - core
    types = _further_types(max(1, rest // _NEURONS_PER_TYPE), rng)
    further = _apportion(np.array([t.size for t in types]), rest)
    return [*_CORE, *types], np.concatenate([counts, further])


def _apportion(sizes: NDArray[np.float64], total: int, at_most: list[int | None] | None = None) -> NDArray[np.int64]:
    """Whole numbers in proportion to ``sizes`` that add up to ``total``; the largest fractions are rounded up."""
    most = np.array([total if m is None else m for m in at_most or [None] * len(sizes)])
    exact = sizes * total / sizes.sum()
    counts = np.minimum(np.floor(exact).astype(np.int64), most)
    short = total - int(counts.sum())
    while short > 0:
        open_ = np.flatnonzero(counts < most)
        by_need = open_[np.argsort(-(exact - counts)[open_], kind="stable")][:short]
        counts[by_need] += 1
        short -= len(by_need)
    return np.asarray(counts, np.int64)


def _further_types(number: int, rng: np.random.Generator) -> list[CellType]:
    homes = list(_HOMES)
    shares = np.array(list(_HOMES.values()))
    shares /= shares.sum()
    home = rng.choice(len(homes), number, p=shares)
    away = rng.choice(len(homes), number, p=np.sqrt(shares) / np.sqrt(shares).sum())
    cell_class = rng.choice(_CLASSES, number, p=_CLASS_SHARES)
    fast = rng.choice(_TRANSMITTERS, number, p=_TRANSMITTER_SHARES)
    slow = rng.choice(_MONOAMINES, number)
    size = rng.lognormal(0.0, 1.1, number) * np.where(home < 3, 2.0, 1.0)  # columnar types repeat more often
    arbor = rng.lognormal(0.0, 0.45, number)
    crosses = rng.random(number) < 0.12
    numbered = dict.fromkeys(homes, 0)
    types = []
    for i in range(number):
        region = homes[home[i]]
        numbered[region] += 1
        leaves = cell_class[i] in ("projection", "output", "modulatory")
        types.append(
            CellType(
                f"{region}{numbered[region]:03d}",
                str(cell_class[i]),
                str(slow[i] if cell_class[i] == "modulatory" else fast[i]),
                region,
                homes[away[i]] if leaves else region,
                float(size[i]),
                float(arbor[i]),
                bool(crosses[i]) and leaves,
            )
        )
    return types
