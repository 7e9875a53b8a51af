"""What the stages of a run take from outside of it: known by content, so that a run goes on where it was moved with its image,
and stops where another image lies in the place of the former.

    sources("segment", config)   the image, the mask, the seeds: which of them the stage reads, and from where
    contents(found, job)         their content now (see `content`), kept in the stage's record
    placeless(settings, names)   the stage's settings without the places of those whose content is known
"""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphkitError
from graphkit_pipeline.config import RunConfig
from graphkit_pipeline.content import Content, content_of, content_of_file, difference, kept
from graphkit_pipeline.ffn.aligned import open_beside
from graphkit_pipeline.volume import open_volume

if TYPE_CHECKING:
    from graphkit_pipeline.context import Context
    from graphkit_pipeline.ffn.passes import SeedPolicy

__all__ = ["Source", "changed", "contents", "merged", "named_by_content", "placeless", "sources"]

_PLACES = {
    "image": ("location", "dataset"),
    "truth": ("truth",),
    "volume": ("location", "dataset", "file", "volume"),
}
"""Of an input, what its settings call its place."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an input lies: the ``image``, a ``volume`` beside it, a ``file``, or a ``truth``."""

    kind: str
    location: str
    dataset: str | None = None
    voxel_size_nm: tuple[float, float, float] | None = None
    offset: tuple[int, int, int] | None = None


def sources(stage: str, config: RunConfig) -> dict[str, Source]:
    """What the stage reads from outside of the run, by the names that the settings have for it."""
    image, segment = config.image, config.segment
    found = {"image": Source("image", image.location, image.dataset, image.voxel_size_nm, image.offset)}
    if stage == "evaluate" and config.evaluate.truth is not None:
        return {"truth": Source("truth", config.evaluate.truth)}
    if stage not in ("membrane", "segment", "agglomerate", "detect"):
        return {}
    if stage in ("membrane", "detect") or segment.method == "watershed":
        return found
    if (mask := segment.mask) is not None:
        found["mask"] = Source("volume", mask.location, mask.dataset, mask.voxel_size_nm, mask.offset)
    if stage == "segment":
        found |= _of_seeds("seeds", segment.seeds)
        for number, one in enumerate(segment.passes):
            if one.seeds is not None:
                found |= _of_seeds(f"passes.{number}.seeds", one.seeds)
    return found


def _of_seeds(name: str, seeds: SeedPolicy) -> dict[str, Source]:
    if seeds.file:
        return {name: Source("file", seeds.file)}
    return {name: Source("volume", seeds.volume, seeds.dataset)} if seeds.volume else {}


def contents(found: Mapping[str, Source], job: Context) -> dict[str, Content]:
    """The content of each source; one that cannot be opened is left out: the stage says what is wrong with it."""
    said = {}
    for name, source in found.items():
        try:
            if source.kind == "image":
                said[name] = content_of(job.image, job.bounds)
            elif source.kind == "file":
                said[name] = content_of_file(source.location)
            elif source.kind == "truth":
                said[name] = _of_truth(source.location, job)
            else:
                its = (source.location, source.dataset, source.voxel_size_nm, source.offset)
                said[name] = content_of(open_beside(job.image, name, *its))
        except GraphkitError:
            if source.kind == "image":
                raise
    return said


def _of_truth(location: str, job: Context) -> Content:
    """Of a tissue's folder by its true segmentation, or the pointer of its dataset; of labels by their voxels."""
    folder = Path(location) / "truth"
    if (folder / "segmentation").exists():
        return content_of(open_volume(folder / "segmentation"))
    if (folder / "dataset").exists():
        return content_of_file(folder / "dataset" / "dataset.json")
    try:
        return content_of(open_volume(location))
    except GraphkitError:
        return content_of(open_volume(location, voxel_size_nm=job.image.voxel_size_nm))


def changed(before: Mapping[str, Content], now: Mapping[str, Content]) -> tuple[str, str] | None:
    """The first input that is another one, and how it differs."""
    for name in before:
        if name in now and (how := difference(before[name], now[name])) is not None:
            return name, how
    return None


def merged(before: Mapping[str, Content], now: Mapping[str, Content]) -> dict[str, Content]:
    """The contents now, with what is known of them from before; none of them changed."""
    return {name: kept(before[name], said) if name in before else said for name, said in now.items()}


def placeless(settings: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """A stage's settings without the places of the inputs that are named."""
    said: dict[str, Any] = copy.deepcopy(dict(settings))
    for name in names:
        within: Any = said
        for step in () if name in ("image", "truth") else name.split("."):
            within = within[int(step)] if isinstance(within, list) else (within or {}).get(step)
        for place in _PLACES.get(name, _PLACES["volume"]) if isinstance(within, dict) else ():
            within.pop(place, None)
    return said


def named_by_content(settings: Any, found: Mapping[str, Source], said: Mapping[str, Content], folder: Path) -> Any:
    """The settings of a job of the run: inputs by the keys of their contents, not their places, and the run's own files from its
    folder."""
    keys: dict[str, str] = {}
    for name, content in said.items():
        if name in found:  # several datasets may lie in one place
            at = found[name].location
            keys[at] = f"{keys[at]}, {name} {content['key']}" if at in keys else f"{name} {content['key']}"

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: named(v) for name, v in value.items()}
        if isinstance(value, list | tuple):
            return [named(v) for v in value]
        if isinstance(value, str):
            inside = value.startswith(f"{folder}{os.sep}")
            return keys.get(value, f"RUN/{Path(value).relative_to(folder)}" if inside else value)
        return value

    return named(settings)
