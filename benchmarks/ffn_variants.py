"""Variants of the flood-filling network beside each other on generated tissue: what each costs, and how well it segments.

    python -m benchmarks.ffn_variants OUT               # all of them, one after the other; what OUT has already is not done again
    python -m benchmarks.ffn_variants OUT depth5 fov25  # those
    python -m benchmarks.ffn_variants OUT --table       # what OUT has so far

    python -m benchmarks.ffn_variants --minutes 15 OUT depth5    # that long from chance; a folder of its own for each length

Three kinds. `fill`: the shipped network as it is, filled in another way. `on`: the shipped network trained on for MINUTES of
processor time in another way (a field of view changes no weight). `new`: trained from chance for the same time.

A variant gets as many steps as its cost allows (ms_a_step), and the whole schedule in them. All see the same volumes and, where
nothing else is said, the same seed, and fill the same held-out volumes in the same way. Killed, it goes on from the last
checkpoint. One process, one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

TRAIN, HELD_OUT = ((1, 128), (2, 128), (3, 128), (4, 128)), ((1001, 96), (1002, 96))
"""Seeds and edges of generated tissue."""
MINUTES = {"on": 2.0, "new": 3.0}
FILL = {"min_segment_voxels": 100, "min_unseen_share": 0.01, "precision": "mixed"}


@dataclass(frozen=True)
class Variant:
    """What differs from the base: the network's settings, those of training and of the fill; and what a step costs."""

    kind: str
    ms_a_step: float = 0.0
    network: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    fill: dict[str, Any] = field(default_factory=dict)
    of: str = ""
    """The variant whose network it is, filled in another way."""


VARIANTS = {
    "shipped": Variant("fill"),
    "delta8": Variant("fill", fill={"deltas": (8, 8, 8)}),
    "delta6": Variant("fill", fill={"deltas": (6, 6, 6)}),
    "fov25-delta8": Variant("fill", network={"field_of_view": (25, 25, 25), "deltas": (8, 8, 8)}),
    "bfloat16": Variant("fill", fill={"precision": "bfloat16"}),
    "float32": Variant("fill", fill={"precision": "float32"}),
    "other-ties": Variant("fill", fill={"seed": 1}),
    "on": Variant("on", 44),
    "on-fov25-delta8": Variant("on", 121, {"field_of_view": (25, 25, 25), "deltas": (8, 8, 8)}),
    "on-fov25-fill4": Variant("on", fill={"deltas": (4, 4, 4)}, of="on-fov25-delta8"),
    "on-delta8": Variant("on", 44, {"deltas": (8, 8, 8)}),
    "on-fov25-delta6": Variant("on", 121, {"field_of_view": (25, 25, 25), "deltas": (6, 6, 6)}),
    "on-float32": Variant("on", 64, training={"precision": "float32"}),
    "on-seed2": Variant("on", 44, training={"seed": 2}),
    "delta3": Variant("fill", fill={"deltas": (3, 3, 3)}),
    "new": Variant("new", 44),
    "depth5": Variant("new", 31, {"depth": 5}),
    "fov25": Variant("new", 121, {"field_of_view": (25, 25, 25), "deltas": (8, 8, 8)}),
    "depth10": Variant("new", 62, {"depth": 10}),
    "features8": Variant("new", 29, {"features": 8}),
    "features32": Variant("new", 115, {"features": 32}),
    "new-seed2": Variant("new", 44, training={"seed": 2}),
    "layer": Variant("new", 61, {"normalization": "layer"}, {"learning_rate": 5e-3}),
    "new-float32": Variant("new", 64, training={"precision": "float32"}),
}


def tissue(folder: Path, seed: int, edge: int) -> Any:
    """The volume with its labels, kept in the folder."""
    import numpy as np
    from graphkit_pipeline.ffn.labelled import LabelledVolume
    from graphkit_pipeline.tissue import TissueSettings, simulate_tissue

    path = folder / f"tissue-{seed}-{edge}.npz"
    if not path.exists():
        made = simulate_tissue(TissueSettings(shape=(edge, edge, edge), seed=seed))
        np.savez(path, image=made.image, labels=made.segments.astype(np.int32))
    with np.load(path) as arrays:
        return LabelledVolume(arrays["image"], arrays["labels"], (16.0, 16.0, 16.0))


def base() -> Any:
    """The settings of the shipped network."""
    from graphkit_pipeline.ffn.network import read_settings
    from graphkit_pipeline.ffn.recipe import shipped_network

    return read_settings(shipped_network())


def trained(name: str, one: Variant, folder: Path, out: Path) -> dict[str, Any]:
    """Trains it to its end, if it is not: steps, processor seconds, and the last line of its log."""
    from graphkit_pipeline.ffn.recipe import shipped_network
    from graphkit_pipeline.ffn.settings import FillPolicy
    from graphkit_pipeline.ffn.training import TrainingSettings, train_ffn

    said = folder / "trained.json"
    if said.exists():
        return dict(json.loads(said.read_text()))
    steps = round(MINUTES[one.kind] * 60_000 / one.ms_a_step / 100) * 100
    given: dict[str, Any] = {"precision": "bfloat16", "learning_rate": 3e-4 if one.kind == "on" else 1e-3, "seed": 1}
    settings = TrainingSettings(
        network=replace(base(), **one.network),
        steps=steps,
        policy=FillPolicy(**FILL),
        log_every=max(1, steps // 10),
        checkpoint_every=max(1, steps // 10),
        **{**given, **one.training},
    )
    start = shipped_network() if one.kind == "on" else None
    volumes = [tissue(out, *which) for which in TRAIN]
    spent = time.process_time()
    train_ffn(volumes, settings, folder, start=start, resume=True)
    last = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    # Of a run that was killed, only since it was resumed.
    answer = {"steps": steps, "cpu_s": time.process_time() - spent, "loss": last["loss"], "f1": last["f1"]}
    said.write_text(json.dumps(answer))
    return answer


def filled(one: Variant, folder: Path, out: Path) -> list[dict[str, Any]]:
    """Fills the held-out volumes with it, if that is not done."""
    from graphkit_pipeline.ffn.calls import compiled
    from graphkit_pipeline.ffn.network import build_network, load_network
    from graphkit_pipeline.ffn.recipe import shipped_network
    from graphkit_pipeline.ffn.settings import FillPolicy
    from graphkit_pipeline.ffn.validation import validate

    said = folder / "filled.json"
    scores: list[dict[str, Any]] = json.loads(said.read_text()) if said.exists() else []
    policy = FillPolicy(**{**FILL, **one.fill})
    if len(scores) < len(HELD_OUT):
        file = shipped_network() if one.kind == "fill" else (out / one.of if one.of else folder) / "network.keras"
        loaded = load_network(file)
        network = build_network(replace(loaded.settings, **one.network), precision=policy.precision)
        network.model.set_weights(loaded.model.get_weights())
        predict = compiled(network)
        for which in HELD_OUT[len(scores) :]:
            volume = tissue(out, *which)
            spent = time.process_time()
            score = validate(network, [volume], policy, predict)
            scores.append({**score, "cpu_s": time.process_time() - spent})
            said.write_text(json.dumps(scores))
    return scores


def show(name: str, folder: Path) -> None:
    """The variant's row."""
    made, found = folder / "trained.json", folder / "filled.json"
    if not found.exists():
        return
    scores = json.loads(found.read_text())
    run = json.loads(made.read_text()) if made.exists() else None
    learnt = f"{run['steps']:6,} {run['cpu_s']:6.0f} {run['loss']:6.3f} {run['f1']:6.3f}" if run else " " * 27
    mean = {key: sum(s[key] for s in scores) / len(scores) for key in scores[0]}
    each = ", ".join(f"{s['vi_sum']:.2f}" for s in scores)
    print(
        f"{name:18s} {learnt} | {mean['vi_split']:.2f} + {mean['vi_merge']:.2f} = {mean['vi_sum']:.2f} ({each})"
        f"  Rand error {mean['rand_error']:.3f}  {mean['moves']:7,.0f} moves {mean['cpu_s']:5.0f} s",
        flush=True,
    )


def main() -> None:
    """Trains and fills what is asked for; prints a row each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *VARIANTS], metavar="NAME", default=[])
    parser.add_argument("--table", action="store_true", help="only what is there")
    parser.add_argument("--minutes", type=float, default=MINUTES["new"], help="of processor time, from chance")
    given = parser.parse_args()
    MINUTES["new"] = given.minutes
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    print("name                steps  CPU s   loss     F1 | VI split + merge, bits; a volume: moves, CPU s", flush=True)
    for name in given.names or VARIANTS:
        one, folder = VARIANTS[name], given.out / name
        if not given.table:
            folder.mkdir(parents=True, exist_ok=True)
            if one.kind != "fill" and not one.of:
                trained(name, one, folder, given.out)
            filled(one, folder, given.out)
        show(name, folder)


if __name__ == "__main__":
    main()
