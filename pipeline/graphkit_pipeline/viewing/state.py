"""What Neuroglancer is told to draw: its state, as JSON. Sizes and positions in it are (x, y, z); ids are strings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphkit_pipeline.viewing.synapses import SynapseSource
from graphkit_pipeline.viewing.volumes import DrawnVolume

__all__ = [
    "annotation_layer",
    "cleft_layer",
    "image_layer",
    "membrane_layer",
    "segmentation_layer",
    "skeleton_layer",
    "state_of",
]

_PANEL_PX = 390  # what a panel of a common window has, in either direction
_AXES = ("x", "y", "z")

_PRE, _POST = "#ff7a45", "#36cfc9"
_CLEFT = "#ffd666"

_IMAGE_SHADER = "#uicontrol invlerp normalized\nvoid main() {\n  emitGrayscale(normalized());\n}\n"

_CLEFT_SHADER = f"""#uicontrol vec3 colour color(default="{_CLEFT}")
#uicontrol invlerp normalized{{range}}
void main() {{{{
  float v = clamp(normalized(), 0.0, 1.0);
  emitRGBA(vec4(colour, v));
}}}}
"""

_SYNAPSE_SHADER = f"""#uicontrol vec3 presynaptic color(default="{_PRE}")
#uicontrol vec3 postsynaptic color(default="{_POST}")
{{control}}#uicontrol float width slider(min=1, max=8, default=3)
void main() {{{{
{{filter}}  setLineWidth(width);
  setLineColor(vec4(presynaptic, 1.0), vec4(postsynaptic, 1.0));
  setEndpointMarkerSize(2.5 * width, 2.0 * width);
  setEndpointMarkerColor(vec4(presynaptic, 1.0), vec4(postsynaptic, 1.0));
  setEndpointMarkerBorderWidth(0.0, 0.0);
}}}}
"""


def image_layer(volume: DrawnVolume, url: str) -> dict[str, Any]:
    """Grey: 8 bits from black to white as they are, other types over the range of values found in the middle."""
    layer: dict[str, Any] = {"type": "image", "name": "image", "source": url, "shader": _IMAGE_SHADER}
    if volume.dtype != "uint8":
        layer["shaderControls"] = {"normalized": {"range": list(volume.value_range())}}
    return layer


def membrane_layer(volume: DrawnVolume, url: str) -> dict[str, Any]:
    """The inside of cells, white, as flood filling saw it; not shown until it is switched on, as it hides the image."""
    return {**image_layer(volume, url), "name": "membrane", "visible": False}


def segmentation_layer(url: str, list_url: str | None, shown: Sequence[int]) -> dict[str, Any]:
    """Segments over the image, faint where not ``shown``; ``shown`` ones also as meshes."""
    sources: list[Any] = [{"url": url, "subsources": {"skeletons": False}}]
    if list_url is not None:
        sources.append(list_url)
    return {
        "type": "segmentation",
        "name": "segmentation",
        "source": sources,
        "segments": [str(i) for i in shown],
        "selectedAlpha": 0.4,
        "notSelectedAlpha": 0.2,
        "objectAlpha": 1.0,
        "tab": "segments",
    }


def skeleton_layer(url: str) -> dict[str, Any]:
    """The skeletons of the segments shown, in a layer of their own: it stays when the meshes are switched off."""
    return {
        "type": "segmentation",
        "name": "skeletons",
        "source": {"url": url, "subsources": {"default": False, "skeletons": True}, "enableDefaultSubsources": False},
        "linkedSegmentationGroup": "segmentation",
        "skeletonRendering": {"mode2d": "lines_and_points", "lineWidth2d": 2, "mode3d": "lines", "lineWidth3d": 2.5},
        "tab": "rendering",
    }


def cleft_layer(volume: DrawnVolume, url: str) -> dict[str, Any]:
    """Clefts in one warm colour, whether they come as ids or as a probability."""
    if volume.is_segmentation:
        return {
            "type": "segmentation",
            "name": "clefts",
            "source": {"url": url, "subsources": {"mesh": False, "skeletons": False}},
            "segmentDefaultColor": _CLEFT,
            "selectedAlpha": 0.8,
            "notSelectedAlpha": 0.8,
            "tab": "rendering",
        }
    top = {"uint8": 255, "uint16": 65535, "float32": 1}.get(volume.dtype)
    shader = _CLEFT_SHADER.format(range=f"(range=[0, {top}])" if top else "")
    return {"type": "image", "name": "clefts", "source": url, "shader": shader, "opacity": 1.0, "blend": "default"}


def annotation_layer(synapses: SynapseSource, url: str, segmentation: str | None) -> dict[str, Any]:
    """Synapses as lines from pre to post, with a slider for the least score where there are scores."""
    control = condition = ""
    scores = synapses.properties.get("score")
    if scores is not None and np.nanmin(scores) < np.nanmax(scores):
        low, high = (f"{value:.6g}" for value in (np.nanmin(scores), np.nanmax(scores)))
        control = f"#uicontrol float min_score slider(min={low}, max={high}, default={low})\n"
        condition = "  if (prop_score() < min_score - 1e-6) discard;\n"
    layer: dict[str, Any] = {
        "type": "annotation",
        "name": "synapses",
        "source": url,
        "shader": _SYNAPSE_SHADER.format(control=control, filter=condition),
        "crossSectionAnnotationSpacing": 4,
        "projectionAnnotationSpacing": 4,
        "tab": "rendering",
    }
    if segmentation is not None:
        layer["linkedSegmentationLayer"] = {"presynaptic": segmentation, "postsynaptic": segmentation}
    return layer


def state_of(
    title: str,
    layers: Sequence[dict[str, Any]],
    voxel_size_nm: Sequence[float],
    centre_vox: Sequence[float],
    extent_vox: Sequence[float],
) -> dict[str, Any]:
    """The state that shows ``layers`` whole in each of four panels; voxel size, centre and extent are (x, y, z)."""
    names = [layer["name"] for layer in layers if layer.get("visible", True)]
    finest = min(voxel_size_nm)  # Neuroglancer counts zoom in the finest axis's voxels
    extent = [n * size / finest for n, size in zip(extent_vox, voxel_size_nm, strict=True)]
    return {
        "title": title,
        "dimensions": {axis: [size * 1e-9, "m"] for axis, size in zip(_AXES, voxel_size_nm, strict=True)},
        "position": [float(p) for p in centre_vox],
        "crossSectionScale": max(extent) / _PANEL_PX,
        "projectionScale": 1.05 * math.dist(extent, (0, 0, 0)),
        "projectionOrientation": [0.209, -0.253, 0.056, 0.943],
        "layers": list(layers),
        "selectedLayer": {"layer": names[min(1, len(names) - 1)], "visible": False},
        "layout": "4panel",
        "showSlices": False,
        "projectionBackgroundColor": "#10131a",
        "crossSectionBackgroundColor": "#10131a",
    }
