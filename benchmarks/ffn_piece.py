"""One fill of a piece of FIB-25 in a process of its own: what it took and how good it is, as JSON.

python -m benchmarks.ffn_piece '{"folder": "data", "threads": 1, "edge": 112, "policy": {"precision": "bfloat16"}}'
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

MARGIN = 16  # half a field of view: no place of the fill lies nearer to the border


def fill(asked: dict[str, Any]) -> dict[str, Any]:
    """The fill that is asked for; ``policy`` is what differs from the reference's settings for this network."""
    import h5py
    import numpy as np
    from graphkit_pipeline.evaluation.overlap import count_overlap
    from graphkit_pipeline.evaluation.segmentation import CONVENTIONS, score_overlap
    from graphkit_pipeline.ffn.calls import compiled
    from graphkit_pipeline.ffn.checkpoint import FIB25_POLICY, import_ffn_checkpoint
    from graphkit_pipeline.ffn.inference import segment_array

    folder, edge = Path(asked["folder"]), asked["edge"]
    with h5py.File(folder / "fib25" / "fib25_train.h5") as file:
        start = asked.get("start") or [(n - edge) // 2 for n in file["raw"].shape]
        piece = tuple(slice(a, a + edge) for a in start)
        image, truth = file["raw"][piece], file["bodies"][piece].astype(np.int64)
    policy = replace(FIB25_POLICY, **asked.get("policy", {}))
    network = import_ffn_checkpoint(folder / "ffn_fib25" / "model.ckpt-27465036", precision=policy.precision)
    predict = compiled(network)
    for _ in range(2):
        predict(*[np.zeros(network.settings.field_of_view, np.float32)] * 2)
    begin, cpu = time.monotonic(), time.process_time()
    found = segment_array(image, network, policy, predict=predict)
    said: dict[str, Any] = {
        "begin": begin,
        "end": time.monotonic(),
        "cpu_s": time.process_time() - cpu,
        "moves": found.counts.moves,
        "segments": len(found.ids),
        "in_network": found.counts.network_s / found.counts.total_s,
    }
    inner = (slice(MARGIN, -MARGIN),) * 3
    for where, box in (("whole", (slice(None),) * 3), ("inner", inner)):
        overlap = count_overlap([(found.labels[box], truth[box])])
        for convention in CONVENTIONS:
            s = score_overlap(overlap, convention)
            said[f"{where} {convention}"] = [s.vi_split, s.vi_merge, s.vi_sum, s.rand_error]
    return said


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(wanted["threads"])
    print(json.dumps(fill(wanted)))
