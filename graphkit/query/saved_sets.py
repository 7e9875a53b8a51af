"""Sets of neurons that are kept under a name, for each dataset and user.

They lie in the user's data folder (GRAPHKIT_SETS overrides its place), not in the dataset: a dataset that cannot be written has
them too, and nobody else sees them. A set is a text file with one id a line, below lines that say where it comes from.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import DatasetError, UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["SavedSet", "remove_set", "save_set", "saved_ids", "saved_names", "saved_set"]


@dataclass(frozen=True, slots=True)
class SavedSet:
    """One set: ``origin`` says what its ids were taken from, ``created`` when (ISO 8601, UTC)."""

    name: str
    ids: tuple[int, ...]
    origin: str
    created: str


def _folder(dataset: Dataset) -> Path:
    given = os.environ.get("GRAPHKIT_SETS")
    if given:
        base = Path(given)
    else:
        from platformdirs import user_data_path

        base = user_data_path("graphkit") / "sets"
    url = dataset.url
    place = url if "://" in url else str(Path(url).resolve())
    return (
        base / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', dataset.name)[:40]}-{hashlib.sha256(place.encode()).hexdigest()[:16]}"
    )


def saved_names(dataset: Dataset) -> list[str]:
    """Names of the sets that are kept for the dataset, sorted."""
    try:
        return sorted(p.stem for p in _folder(dataset).glob("[!.]*.txt"))
    except OSError:
        return []


def _known(dataset: Dataset, name: str) -> str:
    names = saved_names(dataset)
    for known in names:
        if known.casefold() == name.removeprefix("@").casefold():
            return known
    hint = did_you_mean(name.removeprefix("@"), names) or (
        f"There are {', '.join(f'@{n}' for n in names)}." if names else "None is kept for this dataset."
    )
    raise UnknownNameError(f"No set @{name.removeprefix('@')} is kept for {dataset.url!r}.", hint=hint)


def saved_set(dataset: Dataset, name: str) -> SavedSet:
    """The set of that name, regardless of case.

    Raises:
        UnknownNameError: there is none.
        DatasetError: its file cannot be read.
    """
    known = _known(dataset, name)
    path = _folder(dataset) / f"{known}.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        said = dict(re.findall(r"# (\w+): (.*)", "\n".join(lines[:4])))
        ids = tuple(int(line) for line in lines if line.strip() and not line.startswith("#"))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"The set @{known} cannot be read from {str(path)!r}: {error}.",
            hint=f"Save it again (graphkit sets add {known} ...), or remove it: graphkit sets remove {known}",
        ) from None
    return SavedSet(known, ids, said.get("origin", ""), said.get("created", ""))


def saved_ids(dataset: Dataset, name: str) -> list[int]:
    """The ids of a set that is kept."""
    return list(saved_set(dataset, name).ids)


def save_set(dataset: Dataset, name: str, ids: Iterable[int], origin: str) -> SavedSet:
    """Keeps ``ids`` as ``@name``, in place of a set of that name.

    Raises:
        QueryError: the name is none.
        DatasetError: the folder cannot be written.
    """
    from graphkit.query.sets import checked_names

    plain = next(iter(checked_names({name: None})))
    for known in saved_names(dataset):
        if known.casefold() == plain.casefold():
            plain = known
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    kept = SavedSet(plain, tuple(sorted(set(ids))), " ".join(origin.split()), created)
    folder = _folder(dataset)
    text = f"# set: {plain}\n# origin: {kept.origin}\n# created: {created}\n" + "".join(f"{i}\n" for i in kept.ids)
    temporary = folder / f".{uuid.uuid4().hex}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(folder / f"{plain}.txt")
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DatasetError(
            f"Cannot keep the set in {str(folder)!r}: {error.strerror}.",
            hint="Set GRAPHKIT_SETS to a folder that you can write.",
        ) from None
    return kept


def remove_set(dataset: Dataset, name: str) -> str:
    """Removes a set that is kept; returns its name as it was kept.

    Raises:
        UnknownNameError: there is none.
    """
    known = _known(dataset, name)
    (_folder(dataset) / f"{known}.txt").unlink(missing_ok=True)
    return known
