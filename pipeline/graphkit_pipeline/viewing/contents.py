"""What a folder holds that can be drawn.

    RUN/run.json "image", or RUN/image      RUN/segmentation   RUN/clefts   RUN/dataset     a run of the pipeline
    RUN/membrane                                                                            where it had a membrane network
    TISSUE/image        TISSUE/truth/segmentation, truth/clefts, truth/dataset              a simulated tissue
    FOLDER/info                                                                             one precomputed volume
    FOLDER/dataset.json                                                                     one dataset
    anything else that ``open_volume`` opens                                                one image volume

A location is a path, or ``FILE.h5:dataset``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphkit.errors import DamagedFileError, GraphkitError

__all__ = ["Contents", "find_contents", "read_info"]

_VOLUME_SUFFIXES = (".zarr", ".h5", ".hdf5", ".tif", ".tiff")


@dataclass(frozen=True)
class Contents:
    """Locations of what there is.

    ``voxel_size_nm`` and ``offset`` [z, y, x] are what run.json says of an image whose own format says none. ``notes``:
    what was expected there but is not, in sentences.
    """

    name: str
    image: str | None = None
    segmentation: str | None = None
    clefts: str | None = None
    membrane: str | None = None
    dataset: Path | None = None
    voxel_size_nm: tuple[float, ...] | None = None
    offset: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()


def find_contents(location: Path) -> Contents:
    """What ``location`` holds.

    Raises:
        GraphkitError: there is no such place, or nothing in it can be drawn.
        DamagedFileError: a description in it (info, run.json) cannot be read.
    """
    name = location.resolve().name or str(location)
    if not location.exists():
        if _file_of(str(location)).is_file():  # FILE.h5:dataset
            return Contents(name, image=str(location))
        raise GraphkitError(
            f"There is no {location}.", hint="Expected the folder of a run, of a simulated tissue, or of a volume."
        )
    if location.is_file():
        return Contents(name, image=str(location))
    if (location / "info").is_file():
        if read_info(location).get("type") == "segmentation":
            return Contents(name, segmentation=str(location))
        return Contents(name, image=str(location))
    if (location / "dataset.json").is_file():
        return Contents(name, dataset=location)
    if location.suffix == ".zarr":
        return Contents(name, image=str(location))
    contents = _find_parts(location, name)
    if not (contents.image or contents.segmentation or contents.clefts or contents.dataset):
        raise GraphkitError(
            f"{location} holds nothing that can be drawn.",
            hint="\n".join(
                [
                    *contents.notes,
                    "Expected image/, segmentation/, clefts/, dataset/ or truth/ in it, or a precomputed info file.",
                ]
            ),
        )
    return contents


def read_info(folder: Path) -> dict[str, Any]:
    """A precomputed volume's ``info``.

    Raises:
        DamagedFileError: it is not a JSON object.
    """
    return _read_json(folder / "info")


def _find_parts(folder: Path, name: str) -> Contents:
    notes = []
    image = None
    voxel_size = offset = None
    if (folder / "run.json").is_file():
        about = _read_json(folder / "run.json")
        if about.get("image") is not None:
            moved = about.get("image_from_here")  # where the run and its image were moved together
            image = _resolve(str(about["image"]), folder) or (_resolve(str(moved), folder) if moved else None)
            if image is None:
                notes.append(f"The image {about['image']}, which run.json names, is not there any more.")
            else:
                voxel_size = tuple(map(float, about["voxel_size_nm"])) if about.get("voxel_size_nm") else None
                offset = tuple(map(int, about["offset"])) if about.get("offset") else None
    if image is None:
        image = _volume_at(folder, "image")
    found: dict[str, str | None] = {}
    for part in ("segmentation", "clefts"):
        found[part] = _volume_at(folder, part) or _volume_at(folder / "truth", part)
    datasets = [d for d in (folder / "dataset", folder / "truth" / "dataset") if (d / "dataset.json").is_file()]
    dataset = datasets[0] if datasets else None
    return Contents(
        name,
        image,
        found["segmentation"],
        found["clefts"],
        _volume_at(folder, "membrane"),
        dataset,
        voxel_size,
        offset,
        tuple(notes),
    )


def _volume_at(folder: Path, name: str) -> str | None:
    """The volume ``folder/name``: precomputed, a stack of sections, or a file of that name in another format."""
    place = folder / name
    if (place / "info").is_file():
        return str(place)
    if place.is_dir() and any(path.suffix in (".png", ".tif", ".tiff") for path in place.iterdir()):
        return str(place)
    return next((str(p) for p in (place.with_name(name + suffix) for suffix in _VOLUME_SUFFIXES) if p.exists()), None)


def _resolve(said: str, folder: Path) -> str | None:
    """The location that run.json names: a URL, absolute, or relative to the run or to where the command was started."""
    if "://" in said:
        return said
    for candidate in (str(folder / said), said):
        if Path(candidate).exists() or _file_of(candidate).is_file():
            return candidate
    return None


def _file_of(location: str) -> Path:
    """FILE of ``FILE:dataset``."""
    return Path(location.rpartition(":")[0] or location)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"{path} cannot be read: {error}", hint="Write it again.") from error
    if not isinstance(content, dict):
        raise DamagedFileError(f"{path} does not hold a JSON object.", hint="Write it again.")
    return content
