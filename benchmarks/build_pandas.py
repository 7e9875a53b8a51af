"""The same tables as graphkit's build, by pandas: python build_pandas.py RAW FOLDER."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd


def main(raw: str, folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    out = Path(folder)
    out.mkdir()
    synapses = pd.read_parquet(raw).sort_values(["pre_id", "post_id", "synapse_id"], ignore_index=True)
    synapses.to_parquet(out / "synapses.parquet", compression="zstd")
    by_post = synapses[["post_id"]].assign(row=np.arange(len(synapses))).sort_values(["post_id", "row"])
    by_post.to_parquet(out / "synapses_by_post.parquet", compression="zstd", index=False)
    keys = ["pre_id", "post_id", "region_id", "kind", "compartment"]
    connections = (
        synapses.groupby(keys, sort=True, observed=True)
        .agg(synapses=("synapse_id", "size"), size_sum=("size", "sum"), nt=("nt", "first"))
        .reset_index()
    )
    connections.to_parquet(out / "connections.parquet", compression="zstd")
    connections.sort_values(["post_id", *keys]).to_parquet(out / "connections_by_post.parquet", compression="zstd")
    ends = pd.concat(
        [
            connections[["pre_id", "region_id", "synapses"]].set_axis(["neuron_id", "region_id", "outputs"], axis=1),
            connections[["post_id", "region_id", "synapses"]].set_axis(["neuron_id", "region_id", "inputs"], axis=1),
        ]
    )
    ends.groupby(["neuron_id", "region_id"]).sum().to_parquet(out / "neuron_regions.parquet", compression="zstd")
    ends.groupby("neuron_id")[["inputs", "outputs"]].sum().to_parquet(out / "neurons.parquet", compression="zstd")


if __name__ == "__main__":
    main(*sys.argv[1:3])
