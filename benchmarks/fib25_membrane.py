"""FIB-25 with a small membrane network trained on x < 125 alone, cut and linked, scored as benchmarks/fib25.py scores.

    GRAPHKIT_REAL_DATA=FOLDER python -m benchmarks.fib25_membrane OUT         # trains in OUT (resumes), scores what was held out
    ... python -m benchmarks.fib25_membrane OUT --report                      # and a crop of 112^3 voxels at x >= 125

The truth has no membranes between its bodies; voxels that touch another body are taken for such. Trained on y < 190 of x < 125;
the strip y >= 190 of x < 125 is held out, to look at thresholds. One process with one thread, bfloat16: a quarter of an hour.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fib25 import CONVENTIONS, EDGE, VOXEL_NM, part, show

X, Y = 125, 190
CROP = (6, 69, 132)
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
MIN_VOXELS = 1000
STEPS = 9000


def trained(folder: Path, out: Path, name: str = "fib25", rows: tuple[int, int] = (0, Y), steps: int = STEPS) -> Path:
    """The file of a network of these rows y of x < 125, trained where it is not there yet."""
    import h5py
    from graphkit_pipeline.ffn.labelled import LabelledVolume
    from graphkit_pipeline.membrane.settings import NetworkSettings, TrainingSettings
    from graphkit_pipeline.membrane.targets import apart
    from graphkit_pipeline.membrane.training import train_membrane

    path = out / f"{name}.keras"
    if path.exists():
        return path
    out.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "fib25" / "fib25_train.h5") as file:
        raw, bodies = file["raw"][:], file["bodies"][:].astype(np.int32)
    here = (slice(None), slice(*rows), slice(0, X))
    volume = LabelledVolume(raw[here], apart(bodies)[here], VOXEL_NM)
    settings = TrainingSettings(
        steps=steps,
        learning_rate=2.5e-3,
        contrast=0.1,
        brightness=0.1,
        noise=0.05,
        half_precision=True,
        checkpoint_every=1000,
    )
    network = NetworkSettings(voxel_size_nm=VOXEL_NM, mean=128.0, spread=33.5)
    begin, spent = time.perf_counter(), time.process_time()
    train_membrane([volume], settings, path, network=network, resume=True)
    print(f"trained: {time.process_time() - spent:.0f} s of processor time, {time.perf_counter() - begin:.0f} s")
    return path


def scored(name: str, image: np.ndarray, truth: np.ndarray, network: Any) -> None:
    """The segmentation at each threshold, with the default settings otherwise."""
    from graphkit_pipeline.agglomeration.affinities import pair_scores
    from graphkit_pipeline.agglomeration.linkage import clusters, link
    from graphkit_pipeline.membrane.fragments import fragments_of
    from graphkit_pipeline.membrane.predict import predict_array

    begin = time.process_time()
    seen = predict_array(image, network, affinities=True)
    assert seen.affinities is not None
    fragments, _ = fragments_of(seen.inside, VOXEL_NM)
    pairs = pair_scores(fragments, seen.affinities, network.settings.offsets)
    joins = link(*(pairs[column].to_numpy() for column in pairs.column_names), scale=255.0)
    print(f"{name}: {fragments.max()} fragments, {time.process_time() - begin:.0f} s of processor time")
    for threshold in THRESHOLDS:
        labels = clusters(joins, threshold, np.arange(fragments.max() + 1))[fragments]
        labels[np.bincount(labels.ravel())[labels] < MIN_VOXELS] = 0
        show(f"threshold {threshold}", labels, truth)


def main() -> None:
    """Trains, scores, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--report", action="store_true", help="the crop at x >= 125 as well")
    given = parser.parse_args()
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import h5py
    from graphkit_pipeline.membrane.settings import NetworkSettings
    from graphkit_pipeline.unet.network import load_network

    folder = Path(os.environ["GRAPHKIT_REAL_DATA"])
    network = load_network(trained(folder, given.out), NetworkSettings)
    print("Bits of", " and ".join(CONVENTIONS.values()))
    with h5py.File(folder / "fib25" / "fib25_train.h5") as file:
        held = (slice(None), slice(Y, None), slice(0, X))
        scored("held out of x < 125", file["raw"][held], file["bodies"][held].astype(np.int64), network)
    if given.report:
        scored("x >= 125", *part(folder, CROP, (EDGE,) * 3), network)


if __name__ == "__main__":
    main()
