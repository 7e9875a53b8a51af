"""The freeze. A figure is told for a version of the tissue, so a version never changes a byte.

If one of these fails, the change that did it needs a new TISSUE_VERSION, new digests and new figures wherever the
old version is named.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

from graphkit_pipeline.tissue import TISSUE_VERSION, Tissue, TissueSettings, simulate_tissue

from . import volumes

_GOLDEN = {
    "isotropic": (
        "2b3ab14e065c997e4582356c9e779bd593942aa4c0409cd39911d363b525f92a",
        "3145db175f33a29bc1fc4f2c60e253bc5548b17460d00fd2bfdb40967672698b",
        "8b54a710b1932c960ebb5414216ed477c34a8c48b1fe3cd7a05dcd03180fb8e5",
    ),
    "anisotropic": (
        "6a4d5f4e83e456e7968f1d398a1087ffe25c2a1b512d60d58bc6f392da1a0dc7",
        "e1c34ead49d16573252bb8d86f2b651e32c0bc99b6bf9567cbb6986654ec681e",
        "4077a0ccda735e213161dbe36446b027248790bf2e78eea57e6f448c6a73bc19",
    ),
}
_ISOTROPIC = {"shape": (48, 56, 64), "seed": 1000}


def _digests(tissue: Tissue) -> tuple[str, ...]:
    return tuple(hashlib.sha256(a.tobytes()).hexdigest() for a in (tissue.image, tissue.segments, tissue.clefts))


def test_version_1_is_frozen() -> None:
    assert TISSUE_VERSION == 1
    assert _digests(simulate_tissue(TissueSettings(**_ISOTROPIC))) == _GOLDEN["isotropic"]  # type: ignore[arg-type]
    assert _digests(volumes.slab()) == _GOLDEN["anisotropic"]


def test_another_process_with_one_thread_makes_the_same_bytes() -> None:
    program = (
        "import hashlib\n"
        "from graphkit_pipeline.tissue import TissueSettings, simulate_tissue\n"
        f"t = simulate_tissue(TissueSettings(**{_ISOTROPIC!r}))\n"
        "print(*[hashlib.sha256(a.tobytes()).hexdigest() for a in (t.image, t.segments, t.clefts)])\n"
    )
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert tuple(run.stdout.split()) == _GOLDEN["isotropic"]


def test_another_seed_is_another_tissue() -> None:
    shape = (32, 32, 32)
    one, two = (simulate_tissue(TissueSettings(shape=shape, seed=seed)) for seed in (1002, 1003))
    assert (one.image != two.image).mean() > 0.9


def test_the_offset_moves_positions_and_nothing_else() -> None:
    shape = (40, 40, 40)
    here = simulate_tissue(TissueSettings(shape=shape, seed=1004, synapses_per_um3=30.0))
    there = simulate_tissue(TissueSettings(shape=shape, seed=1004, synapses_per_um3=30.0, offset=(10, 20, 30)))
    assert _digests(here) == _digests(there)
    assert here.synapses.num_rows > 0
    for axis, voxels in (("z", 10), ("y", 20), ("x", 30)):
        for table in ("synapses", "skeletons"):
            column = f"post_{axis}_nm" if table == "synapses" else f"{axis}_nm"
            moved = getattr(there, table)[column].to_numpy() - getattr(here, table)[column].to_numpy()
            assert set(moved.tolist()) == {voxels * 16}
