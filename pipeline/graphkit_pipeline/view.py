"""A run in Neuroglancer: image, segmentation, meshes, skeletons, clefts and synapses, served by this machine alone.

The client is the one inside the package ``neuroglancer``; nothing is fetched from anywhere, and nothing is written. What is
precomputed is served as it lies, other formats chunk by chunk through ``open_volume``, synapses and the list of
segments from the dataset's tables.
"""

from __future__ import annotations

import contextlib
import importlib.util
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from graphkit.errors import GraphkitError, MissingExtraError
from graphkit_pipeline.viewing.contents import Contents, find_contents

if TYPE_CHECKING:
    from graphkit_pipeline.viewing.segments import SegmentList
    from graphkit_pipeline.viewing.server import Source, ViewServer
    from graphkit_pipeline.viewing.synapses import SynapseSource
    from graphkit_pipeline.viewing.volumes import DrawnVolume

__all__ = ["View", "make_state", "serve"]


@dataclass(frozen=True)
class View:
    """A view that is being served, until ``close`` or the end of the ``with`` block.

    ``url`` is to be opened in a browser, ``state_url`` is the state as JSON, ``notes`` says in sentences what the folder
    should have but has not.
    """

    url: str
    state_url: str
    notes: tuple[str, ...]
    _server: ViewServer = field(repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self, timeout_s: float | None = None) -> None:
        """Returns on Ctrl-C, when the view is closed by another thread, or after ``timeout_s``."""
        with contextlib.suppress(KeyboardInterrupt):
            self._server.closing.wait(timeout_s if timeout_s is not None else threading.TIMEOUT_MAX)

    def close(self) -> None:
        """Stops serving; open pages say so."""
        self._server.close()


def serve(run: Path, *, port: int = 0, open_browser: bool = True) -> View:
    """The running view of ``run``: a run's folder, a simulated tissue's, a dataset, or a volume in any format.

    ``port`` 0 takes any free one.

    Raises:
        GraphkitError: ``run`` holds nothing to draw or cannot be read, or the port is taken.
        MissingExtraError: the package ``neuroglancer`` is not installed.
    """
    from graphkit_pipeline.viewing.server import ViewServer

    client = _client_folder()
    scene = _Scene(find_contents(Path(run)))
    server = ViewServer(client, scene.sources, port=port)
    try:
        server.state = scene.state(server.data_url)
    except BaseException:
        server.close()
        raise
    state_url = f"{server.data_url}/state.json"
    view = View(f"{server.client_url}#!{state_url}", state_url, scene.notes, server)
    if open_browser:
        import webbrowser

        webbrowser.open(view.url)
    return view


def make_state(run: Path, base_url: str) -> dict[str, Any]:
    """Neuroglancer's state for ``run``, JSON-serialisable, its sources under ``base_url``: ``base_url/image`` and so on.

    Raises:
        GraphkitError: ``run`` holds nothing to draw or cannot be read.
    """
    return _Scene(find_contents(Path(run))).state(base_url)


class _Scene:
    """The opened parts of ``contents``: ``sources`` by name, and the state that draws them."""

    def __init__(self, contents: Contents) -> None:
        from graphkit_pipeline.viewing.segments import open_segment_list
        from graphkit_pipeline.viewing.synapses import open_synapses
        from graphkit_pipeline.viewing.volumes import open_drawn

        self._name = contents.name
        notes = list(contents.notes)
        self._volumes: dict[str, DrawnVolume] = {}
        for part, location in (
            ("image", contents.image),
            ("segmentation", contents.segmentation),
            ("clefts", contents.clefts),
            ("membrane", contents.membrane),
        ):
            if location is not None:
                given = (contents.voxel_size_nm, contents.offset) if part == "image" else ()
                kind = "image" if part in ("image", "membrane") else "segmentation"
                volume = open_drawn(location, kind, *given)
                # One volume of ids, given on its own in a format that does not say so.
                self._volumes["segmentation" if part == "image" and volume.is_segmentation else part] = volume
        self._synapses: SynapseSource | None = None
        self._list: SegmentList | None = None
        if contents.dataset is not None:
            self._synapses, unplaced = open_synapses(contents.dataset)
            self._list = open_segment_list(contents.dataset)
            if self._list is not None and self._list.left_out:
                notes.append(f"The viewer's list leaves out the {self._list.left_out:,} smallest segments.")
            if unplaced:
                notes.append(f"{unplaced:,} synapses of {contents.dataset} have no position and are not drawn.")
        if self._synapses is None and not self._volumes:
            raise GraphkitError(
                f"{contents.dataset} holds nothing that can be drawn: none of its synapses has a position.",
                hint="View the folder of a run, or a volume.",
            )
        self.notes = tuple(notes)
        sources: Mapping[str, Source | None] = {
            **{name: volume.source for name, volume in self._volumes.items()},
            "synapses": self._synapses,
            "segments": self._list,
        }
        self.sources = {name: source for name, source in sources.items() if source is not None}

    def state(self, base_url: str) -> dict[str, Any]:
        from graphkit_pipeline.viewing import state as states

        def url(name: str) -> str:
            return f"precomputed://{base_url}/{name}"

        layers = []
        if image := self._volumes.get("image"):
            layers.append(states.image_layer(image, url("image")))
        if membrane := self._volumes.get("membrane"):
            layers.append(states.membrane_layer(membrane, url("membrane")))
        segmentation = self._volumes.get("segmentation")
        if segmentation is not None:
            layers += self._segmentation_layers(segmentation, url("segmentation"), url("segments"))
        if clefts := self._volumes.get("clefts"):
            layers.append(states.cleft_layer(clefts, url("clefts")))
        if self._synapses is not None:
            linked = "segmentation" if segmentation is not None else None
            layers.append(states.annotation_layer(self._synapses, url("synapses"), linked))
        main = segmentation or self._volumes.get("image") or self._volumes.get("clefts")
        if main is not None:
            centre = [start + size / 2 for start, size in zip(main.offset, main.size, strict=True)]
            return states.state_of(self._name, layers, main.voxel_size_nm, centre, main.size)
        assert self._synapses is not None
        middle, extent = self._synapses.centre_nm().tolist(), self._synapses.extent_nm().tolist()
        return states.state_of(self._name, layers, (1.0, 1.0, 1.0), middle, extent)

    def _segmentation_layers(self, volume: DrawnVolume, url: str, list_url: str) -> list[dict[str, Any]]:
        from graphkit_pipeline.viewing import state as states
        from graphkit_pipeline.viewing.segments import segments_to_show

        shown = segments_to_show(Path(volume.location), volume.info, self._list)
        layers = [states.segmentation_layer(url, list_url if self._list is not None else None, shown)]
        if volume.info.get("skeletons"):
            layers.append(states.skeleton_layer(url))
        return layers


def _client_folder() -> Path:
    """The static files inside the package ``neuroglancer``, found without importing it."""
    found = importlib.util.find_spec("neuroglancer")
    for place in found.submodule_search_locations or () if found else ():
        client = Path(place) / "static" / "client"
        if (client / "index.html").is_file():
            return client
    raise MissingExtraError("neuroglancer", "pipeline", "The viewer")
