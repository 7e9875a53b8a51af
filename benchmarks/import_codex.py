"""Imports tables in Codex's layout, as a process of its own that can be measured: FOLDER OUTPUT MEMORY."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from graphkit.importers import import_codex

if __name__ == "__main__":
    folder, output, memory = sys.argv[1:]
    shutil.rmtree(output, ignore_errors=True)  # of the round before
    files = [Path(folder) / f"{name}.csv.gz" for name in ("connections", "neurons", "classification")]
    import_codex(files, output, memory_limit=memory)
