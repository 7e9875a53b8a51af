"""Writes tables in the layout of FlyWire Codex: connections, neurons and classification, csv.gz, of a given size.

    python codex_tables.py ROWS FOLDER

Out-degrees are heavy-tailed, a pair has its synapses in one to three neuropils, weights are skewed as the published
ones are (most pairs have one or two synapses). The same arguments give the same bytes.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

NEURONS = 139_255
FIRST_ID = 720_575_940_596_125_868
NEUROPILS = [
    f"{name}_{side}" for name in ("ME", "LO", "LOP", "AVLP", "PVLP", "SLP", "SMP", "LAL", "MB_CA") for side in "LR"
]
NEUROPILS += ["EB", "FB", "PB", "NO", "GNG", "SAD", "UNASGD"]
TRANSMITTERS = ["ACH", "GABA", "GLUT", "DA", "SER", "OCT"]


def tables(rows: int) -> dict[str, pa.Table]:
    """The three tables, by file name."""
    rng = np.random.default_rng(783)
    n = min(NEURONS, max(rows // 100, 20))
    ids = FIRST_ID + np.sort(rng.choice(60 * 10**6, n, replace=False)).astype(np.int64)
    share = rng.lognormal(0.0, 1.1, n)
    pre = np.sort(rng.choice(n, rows, p=share / share.sum()))
    post = rng.choice(n, rows, p=np.roll(share, 7) / share.sum())
    key = np.unique(np.stack([pre, post, rng.integers(0, len(NEUROPILS), rows)]), axis=1)
    pre, post, neuropil = key
    counts = np.minimum(rng.zipf(1.9, len(pre)), 2_400)
    nt = rng.choice(len(TRANSMITTERS), n, p=[0.6, 0.17, 0.2, 0.01, 0.01, 0.01])
    connections = pa.table(
        {
            "pre_root_id": ids[pre],
            "post_root_id": ids[post],
            "neuropil": pa.DictionaryArray.from_arrays(neuropil.astype(np.int32), NEUROPILS).cast(pa.string()),
            "syn_count": counts,
            "nt_type": pa.DictionaryArray.from_arrays(nt[pre].astype(np.int32), TRANSMITTERS).cast(pa.string()),
        }
    )
    score = rng.integers(28, 100, n) / 100
    neurons = pa.table(
        {
            "root_id": ids,
            "group": [f"G{i % 40}" for i in range(n)],
            "nt_type": pa.DictionaryArray.from_arrays(nt.astype(np.int32), TRANSMITTERS).cast(pa.string()),
            "nt_type_score": score,
            **{f"{t}_avg": np.round(score / 6, 2) for t in ("da", "ser", "gaba", "glut", "ach", "oct")},
        }
    )
    classification = pa.table(
        {
            "root_id": ids,
            "flow": ["intrinsic"] * n,
            "super_class": ["central"] * n,
            "class": [f"C{i % 30}" for i in range(n)],
            "sub_class": [""] * n,
            "hemilineage": [""] * n,
            "side": ["left" if i % 2 else "right" for i in range(n)],
            "nerve": [""] * n,
        }
    )
    return {"connections": connections, "neurons": neurons, "classification": classification}


def write(rows: int, folder: Path) -> None:
    """The tables as ``folder/NAME.csv.gz``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables(rows).items():
        path = folder / f"{name}.csv.gz"
        with (
            path.open("wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0, filename="") as out,
        ):
            out.write(",".join(table.column_names).encode() + b"\n")
            options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
            pyarrow.csv.write_csv(table, out, options)


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
