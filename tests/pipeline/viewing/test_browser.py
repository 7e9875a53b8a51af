"""Headless Chromium on a view: every layer really draws, in its place.

GRAPHKIT_SCREENSHOTS=DIR keeps the picture of the view as it opens.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphkit_pipeline.view import View, make_state

from tests.pipeline.viewing.small_run import OFFSET, SHAPE, VOXEL_NM, Tissue, data_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning"),  # on importing cloudvolume
]

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
_PATIENCE_MS = 120_000  # a busy machine draws slowly without a graphics card
_SCALE = 0.5  # voxels a pixel
_PLAIN = {"showAxisLines": False, "showDefaultAnnotations": False, "showScaleBar": False, "crossSectionScale": _SCALE}


class Browser:
    """A page of headless Chromium on a view, and what went wrong in it."""

    def __init__(self, page: Any, view: View) -> None:
        self.page, self.troubles, self.hosts = page, [], set()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("console", lambda m: self.troubles.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("requestfailed", lambda r: self.troubles.append(f"{r.url} {r.failure}"))
        page.on("request", lambda r: self.hosts.add(r.url.split("/")[2]))
        page.on("response", lambda r: self.troubles.append(f"{r.url} {r.status}") if r.status >= 400 else None)
        page.goto(view.url)
        page.wait_for_function("() => window.viewer && viewer.layerManager.managedLayers.length > 0")
        self.wait()

    def wait(self) -> None:
        """Until all that is in sight is loaded and drawn, and still is after the next two frames."""
        ready = "() => viewer.isReady()"
        self.page.wait_for_function(ready)
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
        self.page.wait_for_function(ready)
        self.page.evaluate("() => viewer.display.draw()")

    def show(self, state: dict[str, Any], *layers: str, **changes: Any) -> dict[str, np.ndarray]:
        """The panels [y, x, rgb] by name, with only ``layers`` visible and the state changed so."""
        state = {**state, **_PLAIN, **changes}
        state["layers"] = [{**layer, "visible": layer["name"] in layers} for layer in state["layers"]]
        self.page.evaluate("s => { viewer.state.reset(); viewer.state.restoreState(s); }", state)
        self.wait()
        return self.panels()

    def panels(self) -> dict[str, np.ndarray]:
        import imageio.v3 as imageio

        shot = imageio.imread(self.page.screenshot())[..., :3].astype(np.int64)
        boxes = self.page.evaluate(
            "() => [...viewer.display.panels].map(p => p.element.getBoundingClientRect())"
            ".map(r => [r.left, r.top, r.right, r.bottom].map(Math.round)).filter(r => r[2] > r[0])"
        )
        boxes.sort(key=lambda box: (box[1], box[0]))
        names = ("xy", "xz", "3d", "yz") if len(boxes) == 4 else ("3d",)
        return {name: shot[y:y2, x:x2] for name, (x, y, x2, y2) in zip(names, boxes, strict=True)}


@pytest.fixture(scope="module")
def browser(view: View) -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    if _CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS), timeout=_PATIENCE_MS)
        yield Browser(chromium.new_page(viewport={"width": 900, "height": 640}), view)
        chromium.close()


@pytest.fixture(scope="module")
def state(run: Path, view: View) -> dict[str, Any]:
    return make_state(run, data_of(view))


def sample(panel: np.ndarray, voxels: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Colours [n, 3] at ``voxels`` [n, 2] (down, right) of a panel whose middle shows ``centre``; ``scale`` pixels a voxel."""
    at = (np.array(panel.shape[:2]) / 2 + (voxels + 0.5 - centre) * scale).astype(int)
    return panel[at[:, 0], at[:, 1]]


# Panel: the array's axes down and right, the one it cuts, and the direction of its right: Neuroglancer's yz looks along +x.
_SECTIONS = {"xy": (1, 2, 0, 1), "xz": (0, 2, 1, 1), "yz": (1, 0, 2, -1)}


def at_voxel(voxel: Any) -> dict[str, Any]:
    """A state's change: the middle of ``voxel`` (z, y, x of the array) in the middle of every panel."""
    return {"position": [float(v + o + 0.5) for v, o in zip(voxel[::-1], OFFSET[::-1], strict=True)]}


def test_the_view_as_it_opens(browser: Browser, run: Path) -> None:
    panels = browser.panels()
    keep = os.environ.get("GRAPHKIT_SCREENSHOTS")
    if keep:
        browser.page.screenshot(path=str(Path(keep) / "view.png"))
    for name, panel in panels.items():
        colourful = np.ptp(panel, axis=-1) > 40
        assert colourful.mean() > 0.08, f"little is drawn in {name}"
    assert browser.page.title().startswith(run.name)
    assert browser.troubles == []
    assert len(browser.hosts) == 1, f"it asked other machines: {browser.hosts}"


def test_image_and_segmentation_are_drawn_voxel_by_voxel(
    browser: Browser, state: dict[str, Any], tissue: Tissue
) -> None:
    middle = np.array(SHAPE) // 2
    image = browser.show(state, "image", **at_voxel(middle))
    segments = browser.show(state, "segmentation", **at_voxel(middle))
    for name, (down, right, cut, sign) in _SECTIONS.items():
        scale = np.array([VOXEL_NM[down], VOXEL_NM[right] * sign]) / min(VOXEL_NM) / _SCALE
        grid = np.meshgrid(np.arange(6, SHAPE[down] - 6, 5), np.arange(6, SHAPE[right] - 6, 5), indexing="ij")
        voxels = np.stack(grid).reshape(2, -1).T
        index: list[Any] = [0, 0, 0]
        index[down], index[right], index[cut] = voxels[:, 0], voxels[:, 1], middle[cut]
        centre = middle[[down, right]] + 0.5
        grey = sample(image[name], voxels, centre, scale)
        assert np.abs(grey - tissue.image[tuple(index)][:, None].astype(int)).max() <= 2, name
        colours = sample(segments[name], voxels, centre, scale)
        labels = tissue.labels[tuple(index)]
        found = {label: {tuple(c) for c in colours[labels == label].tolist()} for label in np.unique(labels).tolist()}
        assert all(len(seen) == 1 for seen in found.values()), name
        assert len(set.union(*found.values())) == len(found) > 5, name


def test_clefts_and_synapses_are_drawn_where_they_are(browser: Browser, state: dict[str, Any], tissue: Tissue) -> None:
    synapse = 11
    cleft = np.argwhere(tissue.clefts == synapse + 1)[0]
    for layer, voxel, colour, tolerance in (
        ("clefts", cleft, (255, 214, 102), 60),  # drawn at 80 % over the background
        ("synapses", tissue.pre[synapse], (255, 122, 69), 12),
        ("synapses", tissue.post[synapse], (54, 207, 201), 12),
    ):
        panels = browser.show(state, layer, **at_voxel(voxel))
        for name in _SECTIONS:
            height, width = panels[name].shape[:2]
            found = panels[name][height // 2, width // 2]
            assert np.abs(found - colour).max() < tolerance, f"{layer} in {name} at {voxel}: {found}"


def test_meshes_and_skeletons_have_their_shape_and_place(
    browser: Browser, state: dict[str, Any], tissue: Tissue
) -> None:
    """Seen along z without perspective, a mesh covers what its voxels cover, and a skeleton lies inside."""
    middle = np.array(SHAPE) // 2
    flat = {
        "layout": {"type": "3d", "orthographicProjection": True},
        "projectionOrientation": [0, 0, 0, 1],
        "projectionScale": 160,  # voxels from top to bottom
        **at_voxel(middle),
    }
    empty = browser.show(state, **flat)["3d"]
    mesh = np.abs(browser.show(state, "segmentation", **flat)["3d"] - empty).max(axis=-1) > 12
    skeleton = np.abs(browser.show(state, "skeletons", **flat)["3d"] - empty).max(axis=-1) > 12
    scale = empty.shape[0] / 160
    down, right = np.indices(mesh.shape)
    y = np.floor((down + 0.5 - mesh.shape[0] / 2) / scale + middle[1] + 0.5).astype(int)
    x = np.floor((right + 0.5 - mesh.shape[1] / 2) / scale + middle[2] + 0.5).astype(int)
    within = (y >= 0) & (y < SHAPE[1]) & (x >= 0) & (x < SHAPE[2])
    truth = np.zeros(mesh.shape, dtype=bool)
    truth[within] = (tissue.labels > 0).any(axis=0)[y[within], x[within]]
    assert (mesh & truth).sum() / (mesh | truth).sum() > 0.97
    drawn = np.zeros(SHAPE[1:], dtype=bool)
    for line in tissue.lines:
        drawn[tuple(line[:, 1:].round().astype(int).T)] = True
    on_line = np.zeros(mesh.shape, dtype=bool)
    on_line[within] = drawn[y[within], x[within]]
    assert (skeleton & on_line).sum() / skeleton.sum() > 0.8
    assert skeleton.sum() > 0.2 * on_line.sum()


def test_nothing_failed_in_the_page(browser: Browser) -> None:
    messages = browser.page.evaluate(
        "() => viewer.layerManager.managedLayers.flatMap(l => [...l.layer.messages, "
        "...l.layer.dataSources.flatMap(d => [...d.messages])].map(m => `${l.name}: ${m.message}`))"
    )
    assert messages == []
    assert browser.troubles == []
    assert len(browser.hosts) == 1
