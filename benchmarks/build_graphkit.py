"""Builds a dataset from a raw table of synapses: python build_graphkit.py RAW FOLDER MEMORY_LIMIT."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from graphkit.build import build_into
from graphkit.writer import DatasetWriter


def main(raw: str, folder: str, memory_limit: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with DatasetWriter(folder, create=True) as writer:
        staged = Path(writer.staging) / "raw.parquet"
        os.link(raw, staged)
        writer.add_files("synapses", [staged], in_order=False)
        writer.commit({"command": "benchmark"}, build=build_into(writer, memory_limit=memory_limit))


if __name__ == "__main__":
    main(*sys.argv[1:4])
