"""A tissue in a folder, in open formats::

    FOLDER/
      tissue.json            version, settings, counts
      image/                 precomputed, uint8
      truth/segmentation/    precomputed, uint64: neurons
      truth/clefts/          precomputed, uint64: release sites
      truth/dataset/         the true connectome as a graphkit dataset
      truth/tables/          the same truth as it was generated, one Parquet file a table

The folder appears whole or not at all: it is written under a temporary name beside its place, then renamed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.tissue.generate import Tissue
from graphkit_pipeline.tissue.settings import TISSUE_VERSION, TissueSettings

if TYPE_CHECKING:
    import numpy as np

__all__ = ["read_tissue", "write_tissue"]

_IMAGE, _SEGMENTS, _CLEFTS = "image", "truth/segmentation", "truth/clefts"
_TABLES = ("synapses", "neurons", "skeletons", "regions")


def write_tissue(tissue: Tissue, folder: str | Path, progress: Progress = silent) -> Path:
    """The folder, written.

    Raises:
        GraphkitError: something is there already, or it cannot be written. Nothing is left behind then.
    """
    import pyarrow.parquet as pq

    from graphkit_pipeline.blocks import Box
    from graphkit_pipeline.emit import emit_dataset
    from graphkit_pipeline.tissue.truth import segments_table

    place = Path(folder)
    if place.exists() or place.is_symlink():
        raise GraphkitError(
            f"{str(place)!r} is there already; a tissue is written to a new folder.",
            hint="Choose another folder, or remove this one.",
        )
    bounds = Box.of_shape(tissue.image.shape, tissue.offset)
    partial = place.parent / f".{place.name}.partial-{secrets.token_hex(4)}"
    try:
        (partial / "truth" / "tables").mkdir(parents=True)
        volumes: tuple[tuple[str, Any], ...] = (
            (_IMAGE, tissue.image),
            (_SEGMENTS, tissue.segments),
            (_CLEFTS, tissue.clefts),
        )
        for number, (name, array) in enumerate(volumes):
            progress("writing volumes", number / len(volumes))
            _write_volume(partial / name, array, bounds, tissue)
        for name in _TABLES:
            pq.write_table(getattr(tissue, name), partial / "truth" / "tables" / f"{name}.parquet")
        emit_dataset(
            partial / "truth" / "dataset",
            name=f"tissue v{TISSUE_VERSION}, seed {tissue.settings.seed}",
            voxel_size_nm=tissue.voxel_size_nm,
            bounds=bounds,
            synapses=tissue.synapses,
            neurons=tissue.neurons,
            segments=segments_table(tissue.segments, tissue.settings),
            skeletons=tissue.skeletons,
            regions=tissue.regions,
            provenance={"command": "simulate-tissue", **_origin(tissue)},
            progress=progress,
        )
        record = {**_origin(tissue), "counts": tissue.counts()}
        (partial / "tissue.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        partial.rename(place)
    except OSError as error:
        raise GraphkitError(
            f"{str(place)!r} cannot be written: {error.strerror or error}.",
            hint="Check the path, the rights and the disk's room.",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    progress("writing volumes", 1.0)
    return place


def read_tissue(folder: str | os.PathLike[str]) -> Tissue:
    """The tissue that ``write_tissue`` put there.

    Raises:
        GraphkitError: there is none, or it was made by another version of the generator.
    """
    import pyarrow.parquet as pq

    from graphkit_pipeline.volume import open_volume

    place = Path(folder)
    try:
        record = json.loads((place / "tissue.json").read_text(encoding="utf-8"))
        version, given = record["tissue_version"], record["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GraphkitError(
            f"{str(place)!r} is not a generated tissue: its tissue.json is missing or cannot be read.",
            hint="Make one with: graphkit simulate-tissue",
        ) from error
    if version != TISSUE_VERSION:
        raise GraphkitError(
            f"{str(place)!r} holds a tissue of version {version}; this graphkit makes and reads version {TISSUE_VERSION}.",
            hint="Make it again from its seed and settings, which its tissue.json has.",
        )
    try:
        settings = _settings_of(given)
        tables = {name: pq.read_table(place / "truth" / "tables" / f"{name}.parquet") for name in _TABLES}
    except (OSError, TypeError, AttributeError) as error:  # pyarrow's errors of a damaged file are OSErrors
        raise GraphkitError(
            f"The tissue at {str(place)!r} is damaged: {error}.", hint="Make it again from its seed."
        ) from error
    image, segments, clefts = (open_volume(place / name).read() for name in (_IMAGE, _SEGMENTS, _CLEFTS))
    return Tissue(image=image, segments=segments, clefts=clefts, settings=settings, **tables)


def _write_volume(location: Path, array: np.ndarray[Any, Any], bounds: Any, tissue: Tissue) -> None:
    from graphkit_pipeline.volume import create_volume

    kind: Any = "image" if array.dtype.itemsize == 1 else "segmentation"
    create_volume(location, bounds, array.dtype, tissue.voxel_size_nm, kind=kind).write(bounds, array)


def _settings_of(given: dict[str, Any]) -> TissueSettings:
    """As ``asdict`` and JSON left them: triples are lists."""
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in given.items()}
    return TissueSettings(**values)


def _origin(tissue: Tissue) -> dict[str, Any]:
    return {"tissue_version": TISSUE_VERSION, "settings": dataclasses.asdict(tissue.settings)}
