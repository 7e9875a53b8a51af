"""A piece of FIB-25 filled with google/ffn's published network, beside the reference's own figures on such a piece.

    GRAPHKIT_BENCH=1 GRAPHKIT_REAL_DATA=FOLDER pytest benchmarks/test_ffn.py -s

The reference (google/ffn, its settings for this network) on a 112^3 piece of the same volume, on two CPU cores: 1,172 moves at
2.7 a second, 99.7 % of the time in the network; VI sum 0.743 with unlabelled voxels ignored and 1.101 with 0 as a label, adapted
Rand error 0.052 and 0.075. Here: one process, one thread, float32, about 10 minutes.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from graphkit_pipeline.evaluation.overlap import count_overlap
from graphkit_pipeline.evaluation.segmentation import CONVENTIONS, score_overlap
from graphkit_pipeline.ffn.checkpoint import FIB25_POLICY, import_ffn_checkpoint
from graphkit_pipeline.ffn.inference import segment_array

from benchmarks.measuring import FULL

pytestmark = pytest.mark.filterwarnings(  # Keras 3.15 beside NumPy 2
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

EDGE = 112
MARGIN = 16  # half a field of view: no place of the fill lies nearer to the border


@pytest.mark.skipif(not FULL, reason="takes ten minutes; set GRAPHKIT_BENCH=1 to run it")
def test_a_piece_of_fib25_with_the_published_network() -> None:
    folder = os.environ.get("GRAPHKIT_REAL_DATA")
    if not folder:
        pytest.skip("set GRAPHKIT_REAL_DATA to the folder that holds fib25 and ffn_fib25")
    import h5py

    with h5py.File(Path(folder) / "fib25" / "fib25_train.h5") as file:
        middle = tuple(slice((n - EDGE) // 2, (n - EDGE) // 2 + EDGE) for n in file["raw"].shape)
        image, truth = file["raw"][middle], file["bodies"][middle].astype(np.int64)
    network = import_ffn_checkpoint(Path(folder) / "ffn_fib25" / "model.ckpt-27465036")
    found = segment_array(image, network, FIB25_POLICY)
    counts = found.counts
    share = counts.network_s / counts.total_s
    print(f"\n{counts.moves} moves, {counts.moves_per_s:.2f} a second, {100 * share:.1f} % of the time in the network")
    print(f"{len(found.ids)} segments; {counts.begun} fills begun, {counts.weak} weak, {counts.small} too small")
    inner = (slice(MARGIN, -MARGIN),) * 3
    for where, box in (("whole piece", (slice(None),) * 3), ("without the margin", inner)):
        overlap = count_overlap([(found.labels[box], truth[box])])
        for convention in CONVENTIONS:
            s = score_overlap(overlap, convention)
            print(
                f"  {where}, {convention}: VI {s.vi_split:.3f} split + {s.vi_merge:.3f} merge = {s.vi_sum:.3f}, "
                f"adapted Rand error {s.rand_error:.3f}"
            )
    inside = score_overlap(count_overlap([(found.labels[inner], truth[inner])]), "both_labelled")
    assert inside.vi_sum < 1.0
    assert inside.rand_error < 0.1
    assert share > 0.99
