"""FIB-25 with google/ffn's fills and a membrane network of x < 125 together (`[segment] method = "both"`), scored.

    GRAPHKIT_REAL_DATA=FOLDER python -m benchmarks.fib25 --whole --keep low.npz       # a fill of x < 125
    ... python -m benchmarks.fib25_both OUT low.npz                                   # every setting, where it was not trained
    ... python -m benchmarks.fib25 --whole --report --keep high.npz                   # a fill of x >= 125
    ... python -m benchmarks.fib25_both OUT high.npz --report                         # the settings that stand: once

Settings are chosen on two strips of x < 125, each seen by a network that was trained on the rest: y >= 190 by that of
benchmarks/fib25_membrane.py, with which x >= 125 is reported, and y < 95 by one of y >= 95 and fewer steps. Networks are trained
in OUT where they are not there yet: 20 CPU minutes. No call of the flood-filling network is made here.

Two regions each time: all of it, and the part within the crop of benchmarks/fib25.py.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fib25 import EDGE, START, VOXEL_NM, show
from benchmarks.fib25_membrane import MIN_VOXELS, STEPS, X, Y, trained

STRIPS: dict[str, tuple[tuple[int, int], tuple[int, int], int]] = {
    "fib25": ((0, Y), (Y, 250), STEPS),
    "fib25-other": ((95, 250), (0, 95), 5000),
}
"""Of each network: rows y that it was trained on, rows that it is asked about, and its steps."""

VOTES, THRESHOLDS, GROW_NM = (0.0, 0.25, 0.5, 0.75, 1.0), (0.2, 0.25, 0.3, 0.35, 0.4), (0.0, 20.0)
SPACING_NM = 50.0
CHOSEN = 0.5, 0.35


def combined(
    image: np.ndarray,
    filled: np.ndarray,
    truth: np.ndarray,
    network: Any,
    settings: list[tuple[float, float]],
    regions: dict[str, tuple[slice, ...]],
) -> None:
    """Prints the scores of the fill, of the membrane network alone, and of both with each of the (votes, threshold)."""
    from graphkit_pipeline.agglomeration.affinities import pair_scores, weighed
    from graphkit_pipeline.agglomeration.joined import grown
    from graphkit_pipeline.agglomeration.linkage import clusters, link
    from graphkit_pipeline.ffn.consensus import consensus
    from graphkit_pipeline.membrane.fragments import FragmentSettings, fragments_of
    from graphkit_pipeline.membrane.predict import predict_array

    def said(name: str, labels: np.ndarray) -> None:
        for where, box in regions.items():
            show(f"{where}: {name}, filled {np.mean(labels[box] > 0):.2f}", labels[box], truth[box])

    seen = predict_array(image, network, affinities=True)
    assert seen.affinities is not None
    offsets = network.settings.offsets
    fragments, _ = fragments_of(seen.inside, VOXEL_NM, FragmentSettings(spacing_nm=SPACING_NM))
    said("flood filling", filled)
    alone = pair_scores(fragments, seen.affinities, offsets)
    cut = consensus([fragments, filled])
    heard = pair_scores(cut, seen.affinities, offsets, filled=filled)
    for name, pieces, pairs, thresholds in [
        ("membranes alone", fragments, alone, sorted({t for _, t in settings})),
        *(
            (f"both, votes {v}", cut, weighed(heard, v), sorted({t for w, t in settings if w == v}))
            for v in sorted({w for w, _ in settings})
        ),
    ]:
        joins = link(*(pairs[column].to_numpy() for column in pairs.column_names), scale=255.0)
        for threshold in thresholds:
            labels = clusters(joins, threshold, np.arange(pieces.max() + 1))[pieces]
            labels[np.bincount(labels.ravel())[labels] < MIN_VOXELS] = 0
            for grow_nm in GROW_NM:
                said(f"{name}, threshold {threshold}, grown {grow_nm:g} nm", grown(labels, VOXEL_NM, grow_nm))


def main() -> None:
    """Trains where needed, scores, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "fill", type=Path, help="labels of a whole half, as benchmarks.fib25 --whole --keep writes them"
    )
    parser.add_argument("--report", action="store_true", help="of x >= 125")
    given = parser.parse_args()
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import h5py
    from graphkit_pipeline.membrane.settings import NetworkSettings
    from graphkit_pipeline.unet.network import load_network

    folder = Path(os.environ["GRAPHKIT_REAL_DATA"])
    half = slice(X, None) if given.report else slice(0, X)
    with h5py.File(folder / "fib25" / "fib25_train.h5") as file:
        image, truth = file["raw"][:, :, half], file["bodies"][:, :, half].astype(np.int64)
    filled = np.load(given.fill)["labels"].astype(np.int64)
    start = (*START[given.report][:2], START[given.report][2] - (X if given.report else 0))
    for name, (rows, asked, steps) in STRIPS.items():
        if given.report and name != "fib25":
            continue
        network = load_network(trained(folder, given.out, name, rows, steps), NetworkSettings)
        here = (slice(None), slice(None) if given.report else slice(*asked), slice(None))
        low = 0 if given.report else asked[0]
        end = truth.shape[1] if given.report else asked[1]
        y = slice(max(start[1] - low, 0), min(start[1] + EDGE, end) - low)
        regions = {
            "all": (slice(None),) * 3,
            "crop": (slice(start[0], start[0] + EDGE), y, slice(start[2], start[2] + EDGE)),
        }
        print(f"{name}, y {here[1].start or 0} to {end}")
        every = [CHOSEN] if given.report else [(v, t) for v in VOTES for t in THRESHOLDS]
        combined(image[here], filled[here], truth[here], network, every, regions)


if __name__ == "__main__":
    main()
