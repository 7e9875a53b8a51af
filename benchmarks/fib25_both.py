"""FIB-25 with google/ffn's fills and a membrane network of x < 125 together (`[segment] method = "both"`), scored.

    GRAPHKIT_REAL_DATA=FOLDER python -m benchmarks.fib25 --start 6,132,13 --keep a.npz      # fills of x < 125
    ... python -m benchmarks.fib25 --start 6,0,13 --keep b.npz
    ... python -m benchmarks.fib25_both OUT a.npz b.npz                       # many settings, where nothing was trained
    ... python -m benchmarks.fib25 --start 6,69,132 --keep c.npz              # of x >= 125
    ... python -m benchmarks.fib25_both OUT c.npz --report                    # the settings that stand

Settings are chosen on two strips of x < 125, each seen by a network that was trained on the rest: y >= 190 by that of
benchmarks/fib25_membrane.py, with which x >= 125 is reported, and y < 95 by one of y >= 95 and fewer steps. Networks are trained
in OUT where they are not there yet: 20 CPU minutes. No call of the flood-filling network is made here.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fib25 import EDGE, VOXEL_NM, show
from benchmarks.fib25_membrane import MIN_VOXELS, STEPS, X, Y, trained

STRIPS: dict[str, tuple[tuple[int, int], tuple[int, int], int]] = {
    "fib25": ((0, Y), (Y, 250), STEPS),
    "fib25-other": ((95, 250), (0, 95), 5000),
}
"""Of each network: rows y that it was trained on, rows that it is asked about, and its steps."""

VOTES, THRESHOLDS = (0.0, 1.0, 2.0), (0.4, 0.5, 0.6)
SPACING_NM = 50.0
CHOSEN = [(0.0, 0.6), (1.0, 0.6)]


def combined(
    image: np.ndarray, filled: np.ndarray, truth: np.ndarray, network: Any, settings: list[tuple[float, float]]
) -> None:
    """Prints the scores of the fill, and of the fragments joined with each of the (votes, threshold)."""
    from graphkit_pipeline.agglomeration.affinities import pair_scores, weighed
    from graphkit_pipeline.agglomeration.joined import grown, spread
    from graphkit_pipeline.agglomeration.linkage import clusters, link
    from graphkit_pipeline.membrane.fragments import FragmentSettings, fragments_of
    from graphkit_pipeline.membrane.predict import predict_array

    show(f"flood filling, filled {np.mean(filled > 0):.2f}", filled, truth)
    seen = predict_array(image, network, affinities=True)
    assert seen.affinities is not None
    fragments, _ = fragments_of(seen.inside, VOXEL_NM, FragmentSettings(spacing_nm=SPACING_NM))
    heard = pair_scores(fragments, seen.affinities, network.settings.offsets, filled=filled)
    for votes, threshold in settings:
        pairs = weighed(heard, votes)
        joins = link(*(pairs[column].to_numpy() for column in pairs.column_names), scale=255.0)
        labels = clusters(joins, threshold, np.arange(fragments.max() + 1))[fragments]
        labels[np.bincount(labels.ravel())[labels] < MIN_VOXELS] = 0
        wide = spread(labels, filled)
        ways = {
            "fragments alone": labels,
            "grown 10 nm": grown(labels, VOXEL_NM, 10.0),
            "spread": wide,
            "spread, on the voxels of the fill alone": np.where(filled > 0, wide, 0),
        }
        for way, found in ways.items():
            show(f"votes {votes}, threshold {threshold}, {way}, filled {np.mean(found > 0):.2f}", found, truth)


def main() -> None:
    """Trains where needed, scores, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("fills", type=Path, nargs="+", help="labels of crops, as benchmarks.fib25 --keep writes them")
    parser.add_argument("--report", action="store_true", help="of x >= 125, at the settings that stand")
    given = parser.parse_args()
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import h5py
    from graphkit_pipeline.membrane.settings import NetworkSettings
    from graphkit_pipeline.unet.network import load_network

    folder = Path(os.environ["GRAPHKIT_REAL_DATA"])
    every = CHOSEN if given.report else [(v, t) for v in VOTES for t in THRESHOLDS]
    for path in given.fills:
        with np.load(path) as kept:
            labels, start = kept["labels"].astype(np.int64), [int(v) for v in kept["start"]]
        if labels.shape != (EDGE,) * 3:
            raise SystemExit(
                f"{path} holds {labels.shape} voxels; expected a crop of {EDGE}^3: benchmarks.fib25 --start Z,Y,X."
            )
        if (start[2] >= X) != given.report:
            raise SystemExit(f"{path} begins at x = {start[2]}; with --report x is {X} or more, else less.")
        box = tuple(slice(s, s + EDGE) for s in start)
        with h5py.File(folder / "fib25" / "fib25_train.h5") as file:
            image, truth = file["raw"][box], file["bodies"][box].astype(np.int64)
        for name, (rows, asked, steps) in STRIPS.items():
            low, high = (0, EDGE) if given.report else (max(a - start[1], 0) for a in asked)
            here = slice(low, min(high, EDGE))
            if here.stop - here.start <= EDGE // 4 or (given.report and name != "fib25"):
                continue
            print(f"{path.name}, rows {start[1] + here.start} to {start[1] + here.stop}, {name}")
            network = load_network(trained(folder, given.out, name, rows, steps), NetworkSettings)
            combined(image[:, here], labels[:, here], truth[:, here], network, every)


if __name__ == "__main__":
    main()
