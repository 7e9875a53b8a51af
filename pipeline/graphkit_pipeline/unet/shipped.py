"""What the recipes of the shipped U-Nets have in common: generated tissue, and a record of how the network was made.

Seeds 1 to 999 are for training, 1000 to 1999 for choosing and validating; 2000 and above are for tests.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from graphkit.errors import GraphkitError
from graphkit.progress import Progress
from graphkit_pipeline.formats.disk import atomically
from graphkit_pipeline.tissue import TISSUE_VERSION, Tissue, TissueSettings, simulate_tissue

__all__ = ["check_folder", "tissues", "write_provenance"]


def check_folder(out: Path) -> None:
    """Raises GraphkitError where the folder of ``out`` is not there: before the work, not after it."""
    if not out.parent.is_dir():
        raise GraphkitError(f"There is no folder {out.parent} to write the network to.")


def tissues(seeds: Sequence[int], edge: int, progress: Progress) -> Iterator[Tissue]:
    """Generated cubes of ``edge`` voxels, one after the other."""
    for number, seed in enumerate(seeds, start=1):
        yield simulate_tissue(TissueSettings(shape=(edge, edge, edge), seed=seed))
        progress("simulating tissue", number / len(seeds))


def write_provenance(out: Path, what: str, command: str, data: dict[str, Any], **about: Any) -> None:
    """Writes ``NAME.json`` beside the network's file ``out``, atomically."""
    content = {
        "what": what,
        "command": command,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "data": {"tissue_version": TISSUE_VERSION, **data},
        **about,
        "made_with": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("keras", "numpy")},
            **_backend(),
        },
    }
    with atomically(out.with_suffix(".json")) as file:
        file.write((json.dumps(content, indent=2) + "\n").encode())


def _backend() -> dict[str, str]:
    import keras

    name = keras.backend.backend()
    try:
        return {name: __import__(name).__version__}
    except (ImportError, AttributeError):
        return {"backend": name}
