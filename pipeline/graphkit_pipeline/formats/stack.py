"""Image stacks: a folder of PNG or TIFF sections, or one TIFF file of many pages. Read only.

A section's place is the one number in which the file names differ: ``em_2.png`` comes before ``em_10.png``. The first section is
z = 0 (plus the offset given), whatever its number. Sections that are missing from the count, are of another size or type than the
first, or have more than one channel are errors that name them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Box
from graphkit_pipeline.formats.store import Geometry, Kind, kind_of, settled

if TYPE_CHECKING:
    import tifffile

__all__ = ["StackStore"]

_SUFFIXES = (".png", ".tif", ".tiff")
_LISTED = 10
_GREY = {"L": "uint8", "I;16": "uint16", "I;16B": "uint16", "I": "uint16"}  # the modes in which Pillow opens them


class StackStore:
    """Sections as files of a folder, or as pages of a TIFF file."""

    def __init__(
        self,
        location: str,
        voxel_size_nm: Sequence[float] | float | None = None,
        offset: Sequence[int] | None = None,
    ) -> None:
        self.location = location
        path = Path(location)
        self._sections = _in_order(path) if path.is_dir() else []
        if self._sections:
            size, self.dtype = _header(self._sections[0])
            for section in self._sections[1:]:
                _refuse_unequal(section, self._sections[0], _header(section), (size, self.dtype))
            depth = len(self._sections)
        else:
            depth, size, self.dtype = _pages(path)
        self.kind: Kind = kind_of(self.dtype)
        self.voxel_size_nm, begin = settled(location, Geometry(), voxel_size_nm, offset)
        self.bounds = Box.of_shape((depth, *size), begin)
        self.chunk = (1, *size)

    def read(self, box: Box) -> np.ndarray:
        z, y, x = box.slices(self.bounds.start)
        found = np.empty(box.shape, self.dtype)
        if self._sections:
            for i, section in enumerate(self._sections[z]):
                found[i] = _pixels(section, self.bounds.shape[1:])[y, x]
            return found
        with _tiff(Path(self.location)) as file:
            for i in range(box.shape[0]):
                page = z.start + i
                try:
                    found[i] = file.pages[page].asarray()[y, x]
                except Exception as error:
                    raise GraphkitError(
                        f"The page {page} of {self.location} cannot be read: {error}. It was wanted for the box {box}."
                    ) from error
        return found

    def write(self, box: Box, array: np.ndarray) -> None:
        raise GraphkitError(
            f"{self.location} is an image stack, which is read only.",
            hint="Create a precomputed volume, a .zarr or an .h5 instead.",
        )


def _in_order(folder: Path) -> list[Path]:
    files = [file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")]
    suffixes = sorted({file.suffix.lower() for file in files})
    if len({".tif" if s == ".tiff" else s for s in suffixes}) > 1:
        raise GraphkitError(
            f"{folder} holds sections of several formats ({', '.join(suffixes)}); which ones are meant?"
        )
    if len(files) == 1:
        return files
    by_number: dict[int, Path] = {}
    for file, number in _numbered(folder, sorted(files)):
        if number in by_number:
            raise GraphkitError(f"{by_number[number].name} and {file.name} of {folder} are both section {number}.")
        by_number[number] = file
    numbers = sorted(by_number)
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    if missing:
        named = ", ".join(str(n) for n in missing[:_LISTED]) + (" ..." if len(missing) > _LISTED else "")
        raise GraphkitError(
            f"{folder} goes from section {numbers[0]} to {numbers[-1]}, but {len(missing)} are missing: {named}.",
            hint="Add them. A section that was lost is best replaced by a neighbour, knowingly.",
        )
    return [by_number[n] for n in numbers]


def _numbered(folder: Path, files: list[Path]) -> list[tuple[Path, int]]:
    """Each file with the one number in which the names differ."""
    parts = {file: re.split(r"(\d+)", file.stem) for file in files}
    first = parts[files[0]]
    for file, found in parts.items():
        if found[::2] != first[::2]:
            raise GraphkitError(
                f"{files[0].name} and {file.name} of {folder} are not sections of one stack: their names differ in more than a "
                "number.",
                hint="Leave nothing but the sections in the folder.",
            )
    places = [i for i in range(1, len(first), 2) if len({found[i] for found in parts.values()}) > 1]
    if len(places) != 1:
        raise GraphkitError(
            f"The names in {folder}, such as {files[0].name}, differ in {len(places)} numbers; one must count the sections."
        )
    return [(file, int(found[places[0]])) for file, found in parts.items()]


def _header(file: Path) -> tuple[tuple[int, int], np.dtype[Any]]:
    """A section's size [y, x] and type, without its pixels."""
    if file.suffix.lower() == ".png":
        return _png_header(file)
    with _tiff(file) as found:
        page = found.pages[0]
        shape = page.shape
        if len(found.pages) != 1 or len(shape) != 2:
            raise GraphkitError(f"{file} has {len(found.pages)} pages of shape {shape}; a section is one grey image.")
        return (int(shape[0]), int(shape[1])), np.dtype(page.dtype)


def _pixels(file: Path, size: Sequence[int]) -> np.ndarray:
    try:
        if file.suffix.lower() == ".png":
            pixels = _png(file)
        else:
            with _tiff(file) as found:
                pixels = np.asarray(found.pages[0].asarray())
    except GraphkitError:
        raise
    except Exception as error:
        raise GraphkitError(f"The section {file} cannot be read: {error}.") from error
    if pixels.shape != tuple(size):
        raise GraphkitError(
            f"The section {file} has changed: it is {pixels.shape} pixels and was {tuple(size)} [y, x]."
        )
    return pixels


def _png(file: Path) -> np.ndarray:
    _, dtype = _png_header(file)
    from PIL import Image

    with Image.open(file) as image:
        return np.asarray(image).astype(dtype, copy=False)


def _png_header(file: Path) -> tuple[tuple[int, int], np.dtype[Any]]:
    from PIL import Image

    try:
        with Image.open(file) as image:
            (width, height), mode = image.size, image.mode
    except (OSError, SyntaxError) as error:
        raise GraphkitError(f"The section {file} cannot be read: {error}.") from error
    if mode not in _GREY:
        raise GraphkitError(
            f"The section {file} is in {mode}; a section is one grey image of 8 or 16 bits.", hint="Convert it to grey."
        )
    return (height, width), np.dtype(_GREY[mode])


def _pages(file: Path) -> tuple[int, tuple[int, int], np.dtype[Any]]:
    with _tiff(file) as found:
        first = found.pages[0]
        if len(first.shape) != 2:
            raise GraphkitError(f"{file} has pages of shape {first.shape}; a section is one grey image.")
        for number, page in enumerate(found.pages):
            if page.shape != first.shape or page.dtype != first.dtype:
                raise GraphkitError(
                    f"The page {number} of {file} is {page.shape} {page.dtype}; page 0 is {first.shape} {first.dtype} [y, x]."
                )
        return len(found.pages), (int(first.shape[0]), int(first.shape[1])), np.dtype(first.dtype)


def _tiff(file: Path) -> tifffile.TiffFile:
    import tifffile

    try:
        return tifffile.TiffFile(file)
    except (OSError, tifffile.TiffFileError) as error:
        raise GraphkitError(f"{file} cannot be read as TIFF: {error}.") from error


def _refuse_unequal(file: Path, first: Path, found: tuple[Any, Any], expected: tuple[Any, Any]) -> None:
    if found != expected:
        raise GraphkitError(
            f"{file.name} is {found[0]} {found[1]}, and {first.name} is {expected[0]} {expected[1]} [y, x]: the sections of "
            f"{file.parent} must be alike.",
            hint="Crop or pad the sections to one size.",
        )
