"""FIB-25 with google/ffn's published network: any settings of the fill, with or without consensus and agglomeration, scored.

    GRAPHKIT_REAL_DATA=FOLDER python -m benchmarks.fib25                      # the reference's settings, on all of x < 125
    ... python -m benchmarks.fib25 --recipe                                   # ours
    ... python -m benchmarks.fib25 --set mirror=True --set min_unseen_share=0.01 --least 1000,3000,6000
    ... python -m benchmarks.fib25 --report [--recipe]                        # on x >= 125: once, when the settings stand
    ... python -m benchmarks.fib25 --start 6,0,13 ...                         # a crop of 112^3 voxels
    ... python -m benchmarks.fib25 --agglomerate --keep reference.npz         # and decisions on the pairs that come close
    ... python -m benchmarks.fib25 --agglomerate --labels reference.npz       # decisions alone, on labels that were kept

A half is 125 x 250 x 125 voxels [z, y, x]. Settings are chosen on the one, and reported on the other. One process with one
thread; some 4,700 calls of the network for a half by the reference's settings, which are 8 minutes of one core in bfloat16.

VI is in bits, over the whole crop and without the margin of half a field of view that the reference's moves keep from its faces:
voxels that the fill left empty as one label (`0 as a label`), and left out (`unlabelled ignored`).
"""

from __future__ import annotations

import argparse
import ast
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

HALF = (125, 250, 125)
EDGE = 112
RECIPE: dict[str, Any] = {"precision": "mixed", "mirror": True, "min_unseen_share": 0.02}
RECIPE_LEAST = 6000
"""Of the recipe: what it sets beside the reference's settings, and ``[reconcile] min_segment_voxels``."""
MARGIN = 16
VOXEL_NM = (10.0, 10.0, 10.0)
REACH_NM = 20.0
LEAST_NM2 = 5000.0
RADIUS = (8, 8, 8)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
CONVENTIONS = {"truth_labelled": "0 as a label", "both_labelled": "unlabelled ignored"}


def part(folder: Path, start: Sequence[int], shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Image uint8 and true labels int64, [z, y, x]."""
    import h5py

    box = tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))
    with h5py.File(folder / "fib25" / "fib25_train.h5") as file:
        return file["raw"][box], file["bodies"][box].astype(np.int64)


def show(name: str, labels: np.ndarray, truth: np.ndarray) -> None:
    """VI and adapted Rand error by both conventions, over the crop and without its margin."""
    from graphkit_pipeline.evaluation.overlap import count_overlap
    from graphkit_pipeline.evaluation.segmentation import score_overlap

    inner = (slice(MARGIN, -MARGIN),) * 3
    for where, box in (("whole", (slice(None),) * 3), ("inner", inner)):
        overlap = count_overlap([(labels[box], truth[box])])
        said = []
        for convention, plain in CONVENTIONS.items():
            s = score_overlap(overlap, convention)
            said.append(
                f"{plain}: {s.vi_split:.3f} split + {s.vi_merge:.3f} merge = {s.vi_sum:.3f}, Rand error {s.rand_error:.3f}"
            )
        print(f"  {name}, {where}; {'; '.join(said)}", flush=True)


def kept(labels: np.ndarray, least: int) -> np.ndarray:
    """``labels`` without the segments of fewer than ``least`` voxels: ``[reconcile] min_segment_voxels``."""
    return np.where(np.bincount(labels.ravel())[labels] >= least, labels, 0)


def agglomerated(image: np.ndarray, labels: np.ndarray, truth: np.ndarray, network: Any, policy: Any) -> None:
    """Decisions on the pairs that come close, and the scores at every threshold."""
    import pyarrow as pa
    from graphkit_pipeline.agglomeration.neurons import neurons_of_segments
    from graphkit_pipeline.agglomeration.resegment import Decision, ResegmentSettings, decide
    from graphkit_pipeline.ffn.calls import compiled
    from graphkit_pipeline.ffn.contacts import near_pairs

    begin, settings, predict = time.process_time(), ResegmentSettings(radius=RADIUS), compiled(network)
    policy = replace(policy, disconnected_share=None, mirror=True)
    framed = np.pad(image, MARGIN, mode="reflect"), np.pad(labels, MARGIN)
    pairs = near_pairs(labels, VOXEL_NM, reach_nm=REACH_NM)
    chosen = np.flatnonzero(pairs.area_nm2 >= LEAST_NM2)
    found: list[Decision] = []
    for i in chosen:
        z, y, x = (int(v) + MARGIN for v in pairs.places[i])
        found.append(decide(*framed, int(pairs.a[i]), int(pairs.b[i]), (z, y, x), network, policy, settings, predict))
    moves = sum(d.moves for d in found)
    print(f"{len(chosen)} decisions: {moves} moves, {time.process_time() - begin:.0f} s of processor time")
    table = pa.table(
        {
            "segment_a": pairs.a[chosen],
            "segment_b": pairs.b[chosen],
            "score": [d.score for d in found],
            "deleted": [d.deleted for d in found],
        }
    )
    segments = pa.table({"segment_id": np.setdiff1d(labels, [0])})
    for threshold in THRESHOLDS:
        for deleted in (1.0, 0.02):
            mapping = neurons_of_segments(segments, table, threshold, deleted)
            to = np.zeros(int(labels.max()) + 1, np.int64)
            to[mapping["segment_id"].to_numpy()] = mapping["neuron_id"].to_numpy()
            joins = int(np.sum((table["score"].to_numpy() >= threshold) & (table["deleted"].to_numpy() <= deleted)))
            show(f"threshold {threshold}, deleted <= {deleted}, {joins} joins", to[labels], truth)


def main() -> None:
    """Fills, scores, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="the half at x >= 125")
    parser.add_argument("--start", metavar="Z,Y,X", help="first voxel of a crop of 112^3, in place of a half")
    parser.add_argument("--recipe", action="store_true", help="our settings, in place of the reference's")
    parser.add_argument("--least", metavar="N,N", help="voxels of the smallest segments that are kept in the end")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the fill")
    parser.add_argument("--precision", choices=("float32", "mixed", "bfloat16"), help="float32; of the recipe, mixed")
    parser.add_argument("--consensus", action="store_true", help="of this fill and one in reverse order of the seeds")
    parser.add_argument("--agglomerate", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FILE.npz", help="write the labels")
    parser.add_argument("--labels", type=Path, metavar="FILE.npz", help="read the labels, and fill nothing")
    given = parser.parse_args()
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from graphkit_pipeline.ffn.calls import compiled
    from graphkit_pipeline.ffn.checkpoint import FIB25, FIB25_POLICY, import_ffn_checkpoint
    from graphkit_pipeline.ffn.consensus import consensus
    from graphkit_pipeline.ffn.inference import segment_array
    from graphkit_pipeline.ffn.network import build_network
    from graphkit_pipeline.ffn.seeds import peak_seeds

    folder = Path(os.environ["GRAPHKIT_REAL_DATA"])
    z, y, x = (int(v) for v in given.start.split(",")) if given.start else (0, 0, HALF[2] * given.report)
    start, shape = (z, y, x), (EDGE, EDGE, EDGE) if given.start else HALF
    image, truth = part(folder, start, shape)
    network = import_ffn_checkpoint(folder / "ffn_fib25" / "model.ckpt-27465036")
    settings = dict(RECIPE) if given.recipe else {"precision": "float32"}
    settings |= {name: ast.literal_eval(value) for name, value in (item.split("=", 1) for item in given.set)}
    policy = replace(FIB25_POLICY, **settings | ({"precision": given.precision} if given.precision else {}))
    if policy.precision != "float32":
        weights, network = network.model.get_weights(), build_network(FIB25, precision=policy.precision)
        network.model.set_weights(weights)
    if given.labels:
        labels = np.load(given.labels)["labels"]
    else:
        seeds, fills = peak_seeds(image, policy, origin=start), []
        for order in (1, -1) if given.consensus else (1,):
            begin, predict = time.process_time(), compiled(network)
            found = segment_array(image, network, policy, seeds=seeds[::order], predict=predict)
            spent = time.process_time() - begin
            print(f"{found.counts.moves} moves, {spent:.0f} s of processor time, {len(found.ids)} segments")
            show("fill", found.labels, truth)
            fills.append(found.labels)
        labels = fills[0] if len(fills) == 1 else consensus(fills, min_voxels=policy.min_segment_voxels)
        if given.consensus:
            show("consensus", labels, truth)
    least = [int(v) for v in given.least.split(",")] if given.least else [RECIPE_LEAST] * given.recipe
    for voxels in least:
        show(f"segments of {voxels:,} voxels or more", kept(labels, voxels), truth)
    if given.keep:
        np.savez_compressed(given.keep, labels=labels, start=start)
    if given.agglomerate:
        agglomerated(image, labels, truth, network, policy)


if __name__ == "__main__":
    main()
