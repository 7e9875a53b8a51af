"""The volumes that a command is given to train on, and to validate with."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from graphkit_pipeline.ffn.labelled import LabelledVolume
    from graphkit_pipeline.tissue import Tissue

__all__ = ["labelled_tissues", "own_volumes", "seen_by", "tissues"]

_SIZE = "Give it in nm, z, y, x, in the file of --settings: a line [network], and below it voxel_size_nm = [40, 4, 4]."


def tissues(folders: list[Path]) -> list[Tissue]:
    """Folders of `graphkit simulate-tissue`."""
    from graphkit_pipeline.tissue import read_tissue

    return [read_tissue(folder) for folder in folders]


def labelled_tissues(folders: list[Path]) -> list[LabelledVolume]:
    """The same, as images with labels alone."""
    from graphkit_pipeline.ffn.labelled import LabelledVolume

    return [LabelledVolume(t.image, t.segments, t.voxel_size_nm) for t in tissues(folders)]


def seen_by(
    network: str, volumes: list[LabelledVolume], progress: Progress = silent, *, apart: bool = False
) -> list[LabelledVolume]:
    """The volumes as the membrane network sees them; ``apart`` in a process that ends, so that this one does not use TensorFlow.

    Raises GraphkitError where there is no such network, or it does not fit the volumes.
    """
    if not volumes:
        return []
    if not apart:
        from graphkit_pipeline.membrane.predict import seen_volumes
        from graphkit_pipeline.membrane.settings import NetworkSettings
        from graphkit_pipeline.networks import network_path
        from graphkit_pipeline.unet.network import load_network

        return seen_volumes(
            volumes, load_network(network_path(network, Path.cwd()), NetworkSettings), progress=progress
        )
    progress("finding membranes", 0.0)
    context = multiprocessing.get_context("spawn")
    answer, told = context.Pipe(duplex=False)
    process = context.Process(target=_tell_seen, args=(told, network, volumes), daemon=True)
    process.start()
    told.close()
    try:
        seen = answer.recv()
    except EOFError:
        process.join()
        raise GraphkitError(
            f"The process that was finding membranes was lost: it ended with status {process.exitcode}.",
            hint="Run it again; where memory is short, with smaller volumes.",
        ) from None
    process.join()
    if isinstance(seen, tuple):
        raise GraphkitError(seen[0], hint=seen[1])
    return list(seen)


def _tell_seen(told: Connection, network: str, volumes: list[LabelledVolume]) -> None:
    try:
        told.send(seen_by(network, volumes))
    except GraphkitError as error:
        told.send((error.message, error.hint))


def own_volumes(
    images: list[str], labels: list[str], size: Any, option: str = "--", *, of_start: Any = None
) -> list[LabelledVolume]:
    """The volumes of ``images`` with the labels beside them; ``option`` is how the options that name them begin.

    ``size`` is [network] voxel_size_nm: a file that does not say its own has that one, and one that does must agree. Where it is
    not said, ``of_start`` is that of the network to begin from, for files that do not say theirs.
    """
    from graphkit_pipeline.ffn.aligned import open_beside
    from graphkit_pipeline.ffn.labelled import LabelledVolume
    from graphkit_pipeline.volume import Volume, open_volume

    def opened(volume: str) -> Volume:
        try:
            return open_volume(volume, voxel_size_nm=size)
        except GraphkitError as error:
            if size is not None:
                raise
            if of_start is not None:
                return open_volume(volume, voxel_size_nm=of_start)
            try:
                open_volume(volume, voxel_size_nm=1.0)
            except GraphkitError:
                raise error from None
            raise GraphkitError(error.message, hint=_SIZE) from None  # that is all that is missing

    if len(images) != len(labels):
        raise GraphkitError(
            f"There are {len(images)} {option}image and {len(labels)} {option}labels.",
            hint="Give each image its labels, in the same order.",
        )
    volumes = []
    for one, true in zip(images, labels, strict=True):
        seen = opened(one)
        # where the labels' file says nothing, they lie where the image does
        known = open_volume(true, voxel_size_nm=size) if size is not None else open_beside(seen, "The labels", true)
        if seen.bounds != known.bounds:
            raise GraphkitError(
                f"{one} has {seen.bounds} and its labels {true} have {known.bounds}; expected the same voxels.",
                hint="One of them may lie in the order x, y, z: both must be z, y, x."
                if seen.bounds.shape == known.bounds.shape[::-1]
                else "Cut both to the same box.",
            )
        volumes.append(LabelledVolume(seen.read(), known.read(), seen.voxel_size_nm))
    return volumes
