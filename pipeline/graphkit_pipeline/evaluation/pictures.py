"""Pictures of the truth and of what was found, as inline SVG over PNG: slices, and the surroundings of an error.

A picture is a plane of the volume. Its SVG coordinates are nm within the plane, so that anisotropic voxels, scale bars and
synapses come out right. Colours are safe for the colour-blind, and synapses differ in shape as well:

    truth    each neuron in a colour that no neighbour in the plane has; synapses: filled = found, ring = missed
    found    each segment in the colour of the neuron that most of it lies in, its fragments paler: equal colours are right
    errors   merged, split off and unlabelled voxels of neurons
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Literal

import numpy as np

from graphkit_pipeline.blocks import Box
from graphkit_pipeline.evaluation.loss import Loss
from graphkit_pipeline.evaluation.overlap import NeuronMap
from graphkit_pipeline.evaluation.places import LabelVolume, labels_at
from graphkit_pipeline.evaluation.raster import COLOURS, as_grey, contrasting, filled, glyph, png, scale_bar
from graphkit_pipeline.evaluation.segmentation import SegmentationError
from graphkit_pipeline.evaluation.sources import Reconstruction, Truth
from graphkit_pipeline.evaluation.synapses import ends_nm

__all__ = ["ERROR_COLOURS", "Painter", "Panel"]

ERROR_COLOURS = {"merged": (213, 94, 0), "split off": (86, 180, 233), "unlabelled": (240, 228, 66)}
_FILL, _STRONG, _CLOSE = 0.42, 0.72, 0.5
_LARGEST = 512
_MARGIN_NM = 400.0
_AXES = "zyx"
_END_COLOURS = (4, 1)
"""Pre blue, post orange."""
_Shades = dict[int, np.ndarray]


@dataclass(frozen=True)
class Panel:
    """One picture: a heading, the SVG, and a sentence on what it shows."""

    heading: str
    svg: str


@dataclass(frozen=True, eq=False)
class _Plane:
    """A flat box of the volume, and its arrays [rows, columns]; ``across`` are the axes of its rows and columns.

    ``name`` is the image's id in the page: the first picture of the plane holds it, the others point to it.
    """

    name: str
    box: Box
    normal: int
    image: np.ndarray
    true: np.ndarray | None
    found: np.ndarray | None

    @property
    def across(self) -> tuple[int, int]:
        rows, columns = (a for a in range(3) if a != self.normal)
        return rows, columns


class Painter:
    """Draws planes of one evaluation's volumes. Reads a plane at a time."""

    def __init__(self, found: Reconstruction, real: Truth, neurons: NeuronMap | None, loss: Loss | None) -> None:
        self._found, self._real, self._neurons = found, real, neurons
        grid = real.image or real.segments or found.segments
        self.can_draw = grid is not None
        if grid is None:
            return
        self._grid: LabelVolume = grid
        self._size = np.asarray(grid.voxel_size_nm, dtype=np.float64)
        self._numbers = count()
        self._synapses = _synapse_points(found, real, loss)

    @property
    def has_synapses(self) -> bool:
        """Whether there are any to be drawn."""
        return bool(self._synapses)

    # -- whole slices -----------------------------------------------------------------------------------------------

    def slice_panels(self, normal: int) -> tuple[str, list[Panel]]:
        """A caption, and the panels (truth, found, errors) of the plane through the middle, across the axis ``normal``."""
        bounds = self._grid.bounds
        middle = tuple((a + b) // 2 for a, b in zip(bounds.start, bounds.stop, strict=True))
        plane = self._read(normal, middle, np.full(3, _LARGEST))
        place = (middle[normal] + 0.5) * self._size[normal]
        down, right = (_AXES[a] for a in plane.across)
        caption = f"{_AXES[normal]} = {place / 1000:.2f} µm; {down} runs down, {right} to the right"
        colours = contrasting(a for a in (plane.true, self._as_neurons(plane.found)) if a is not None)
        panels: list[Panel] = []

        def add(heading: str, fill: np.ndarray | None, marks: str = "") -> None:
            panels.append(Panel(heading, self._svg(plane, fill, marks, holds_image=not panels)))

        if plane.true is not None:
            add("Truth", filled(plane.true, colours, _FILL), self._marks(plane, "true"))
        if plane.found is not None:
            add("Found", self._found_fill(plane, colours), self._marks(plane, "found"))
        elif self._synapses:
            add("Found synapses", None, self._marks(plane, "found"))
        if plane.true is not None and plane.found is not None and self._neurons is not None:
            add("Errors", self._error_fill(plane))
        return caption, panels

    # -- one error ----------------------------------------------------------------------------------------------------

    def error_panels(self, error: SegmentationError, *, window_nm: float = 1_600.0) -> list[Panel]:
        """The truth and the segmentation around an error, in the plane that shows most of its two largest pieces."""
        if error.position_nm is None or self._real.segments is None or self._found.segments is None:
            return []
        centre = np.floor(np.asarray(error.position_nm) / self._size).astype(int)
        reach = np.minimum(np.maximum(np.ceil(window_nm / self._size), 8), _LARGEST).astype(int)
        planes = [self._read(normal, tuple(centre), reach) for normal in (0, 1, 2)]
        plane = max(planes, key=lambda p: self._seen(p, error))
        pieces = [p.id for p in error.parts if p.id]
        shades = {p: COLOURS[k % len(COLOURS)] for k, p in enumerate(pieces)}
        whole = {error.id: COLOURS[2 if error.kind == "split" else 6]}
        true_colours, found_colours = (whole, shades) if error.kind == "split" else (shades, whole)
        return self._pair(plane, true_colours, found_colours, self._circle(plane, error.position_nm))

    def _pair(self, plane: _Plane, true: _Shades, found: _Shades, marks: str) -> list[Panel]:
        assert plane.true is not None
        assert plane.found is not None
        return [
            Panel("Truth", self._svg(plane, filled(plane.true, true, _CLOSE), marks, holds_image=True, scale=2.2)),
            Panel("Found", self._svg(plane, filled(plane.found, found, _CLOSE), marks, holds_image=False, scale=2.2)),
        ]

    # -- one synapse --------------------------------------------------------------------------------------------------

    def largest(self, side: Literal["true", "found"], rows: np.ndarray) -> int | None:
        """Of these rows of a table the synapse of largest size, not at the border if any is inside; None without rows."""
        table = self._real.synapses if side == "true" else self._found.synapses
        if table is None or not len(rows) or not self._synapses or self._real.segments is None:
            return None
        pre, post, _ = self._synapses[side]
        middle = (pre[rows] + post[rows]) / 2 / self._size
        bounds = self._grid.bounds
        margin = np.minimum(middle - bounds.start, np.array(bounds.stop) - middle) * self._size
        inside = (margin > _MARGIN_NM).all(axis=1)
        size = np.zeros(len(rows))
        if "size" in table.column_names:
            size = table["size"].fill_null(0).to_numpy()[rows]
        return int(rows[np.lexsort((rows, -size, ~inside))[0]])

    def synapse_panels(
        self, side: Literal["true", "found"], row: int, *, partner: int | None = None, window_nm: float = 900.0
    ) -> list[Panel]:
        """The truth and the segmentation around one synapse, in the plane that it lies flattest in.

        The segments at its two ends are coloured (the neurons they stand for in the truth); ``partner`` is the row of
        the synapse of the other side that goes with it, drawn as well.
        """
        if self._real.segments is None or self._found.segments is None or not self._synapses:
            return []
        pre, post, _ = self._synapses[side]
        ends = np.stack([pre[row], post[row]])
        normal = int(np.argmin(np.abs(ends[0] - ends[1])))
        centre = np.floor(ends.mean(axis=0) / self._size).astype(int)
        reach = np.minimum(np.maximum(np.ceil(window_nm / self._size), 8), _LARGEST).astype(int)
        plane = self._read(normal, tuple(centre), reach)
        marks = self._marks(plane, side, only=row)
        if partner is not None:
            marks += self._marks(plane, "found" if side == "true" else "true", only=partner)
        shades = [
            {int(i): COLOURS[k] for i, k in zip(labels_at(v, ends), _END_COLOURS, strict=True) if i}
            for v in (self._real.segments, self._found.segments)
        ]
        return self._pair(plane, shades[0], shades[1], marks)

    def _seen(self, plane: _Plane, error: SegmentationError) -> int:
        whole, pieces = (plane.true, plane.found) if error.kind == "split" else (plane.found, plane.true)
        inside = whole == error.id
        labelled = sorted(error.parts, key=lambda p: (p.id == 0, -p.voxels))[:2]
        return min(int(np.count_nonzero(inside & (pieces == p.id))) for p in labelled)

    # -- arrays -------------------------------------------------------------------------------------------------------

    def _read(self, normal: int, centre: tuple[int, ...], reach: np.ndarray) -> _Plane:
        bounds = self._grid.bounds
        start, stop = [], []
        for axis in range(3):
            low, high = bounds.start[axis], bounds.stop[axis]
            extent = 1 if axis == normal else min(int(reach[axis]), high - low)
            begin = min(max(int(centre[axis]) - extent // 2, low), high - extent)
            start.append(begin)
            stop.append(begin + extent)
        box = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

        def flat(volume: LabelVolume | None) -> np.ndarray | None:
            return None if volume is None else np.asarray(volume.read(box).squeeze(axis=normal))

        true, found, image = flat(self._real.segments), flat(self._found.segments), flat(self._real.image)
        if image is None:
            image = np.full(
                [e - s for a, (s, e) in enumerate(zip(start, stop, strict=True)) if a != normal], 128, np.uint8
            )
        return _Plane(f"em{next(self._numbers)}", box, normal, image, true, found)

    def _as_neurons(self, found: np.ndarray | None) -> np.ndarray | None:
        return None if found is None or self._neurons is None else self._neurons.majority(found)

    def _found_fill(self, plane: _Plane, colours: dict[int, np.ndarray]) -> np.ndarray:
        assert plane.found is not None
        if self._neurons is None:
            return filled(plane.found, contrasting([plane.found]), _FILL)
        fill = filled(self._neurons.majority(plane.found), colours, _FILL, outline_of=plane.found)
        fragment = (plane.found != 0) & (self._neurons.main(plane.found) == 0)
        fill[fragment, :3] = (fill[fragment, :3].astype(int) + 255) // 2
        return fill

    def _error_fill(self, plane: _Plane) -> np.ndarray:
        assert plane.found is not None
        assert plane.true is not None
        assert self._neurons is not None
        in_neuron = plane.true != 0
        main, most = self._neurons.main(plane.found), self._neurons.majority(plane.found)
        kinds = {
            "unlabelled": in_neuron & (plane.found == 0),
            "merged": in_neuron & (plane.found != 0) & (most != plane.true),
            "split off": in_neuron & (most == plane.true) & (main != plane.true),
        }
        fill = np.zeros((*plane.true.shape, 4), np.uint8)
        for name, where in kinds.items():
            fill[where] = (*ERROR_COLOURS[name], round(255 * _STRONG))
        return fill

    # -- SVG ----------------------------------------------------------------------------------------------------------

    def _svg(self, plane: _Plane, fill: np.ndarray | None, marks: str, *, holds_image: bool, scale: float = 1.0) -> str:
        rows, columns = plane.across
        height, width = plane.image.shape[0] * self._size[rows], plane.image.shape[1] * self._size[columns]
        size = f'width="{width:g}" height="{height:g}" preserveAspectRatio="none"'
        if holds_image:
            image = f'<image id="{plane.name}" href="{png(as_grey(plane.image))}" {size}/>'
        else:
            image = f'<use href="#{plane.name}"/>'
        overlay = "" if fill is None else f'<image class="overlay" href="{png(fill)}" {size}/>'
        return (
            f'<svg viewBox="0 0 {width:g} {height:g}" role="img">{image}{overlay}{marks}'
            f"{scale_bar(width, height, scale=scale)}</svg>"
        )

    def _in_plane(self, plane: _Plane, points: np.ndarray) -> np.ndarray:
        """float64 [n, 2]: x to the right and y down, in nm from the plane's first corner."""
        rows, columns = plane.across
        corner = np.array(plane.box.start) * self._size
        return np.stack([points[:, columns] - corner[columns], points[:, rows] - corner[rows]], axis=1)

    def _marks(self, plane: _Plane, side: str, *, only: int | None = None) -> str:
        """The synapses of one side (true, found) that lie near the plane, or the one of row ``only`` wherever it lies."""
        if side not in self._synapses:
            return ""
        pre, post, kinds = self._synapses[side]
        middle = (pre + post) / 2
        place = (plane.box.start[plane.normal] + 0.5) * self._size[plane.normal]
        a, b = self._in_plane(plane, pre), self._in_plane(plane, post)
        rows, columns = plane.across
        extent = np.array([plane.image.shape[1] * self._size[columns], plane.image.shape[0] * self._size[rows]])
        centre = (a + b) / 2
        near = np.abs(middle[:, plane.normal] - place) <= max(90.0, self._size[plane.normal])
        near &= ((centre >= 0) & (centre <= extent)).all(axis=1)
        unit = extent.max() / (100 if only is None else 45)
        if only is not None:
            near = np.arange(len(near)) == only
        return "".join(
            f'<g class="syn {kinds[k]}"><title>{_MEANING[kinds[k]]}, row {k}</title>'
            f'<line x1="{a[k][0]:.0f}" y1="{a[k][1]:.0f}" x2="{b[k][0]:.0f}" y2="{b[k][1]:.0f}" '
            f'stroke-width="{unit * 0.45:.1f}"/>'
            f"{glyph(kinds[k], centre[k], unit)}</g>"
            for k in np.flatnonzero(near)
        )

    def _circle(self, plane: _Plane, position: tuple[float, float, float]) -> str:
        x, y = self._in_plane(plane, np.asarray([position]))[0]
        extent = plane.image.shape[1] * self._size[plane.across[1]]
        return (
            f'<circle class="here" cx="{x:.0f}" cy="{y:.0f}" r="{extent / 14:.0f}" stroke-width="{extent / 130:.1f}"/>'
        )


_MEANING = {"kept": "found", "missed": "missed", "right": "true", "false": "false"}


def _synapse_points(
    found: Reconstruction, real: Truth, loss: Loss | None
) -> dict[str, tuple[np.ndarray, np.ndarray, list[str]]]:
    if loss is None or found.synapses is None or real.synapses is None:
        return {}
    sides = {
        "true": (real.synapses, ["kept" if c < 0 else "missed" for c in loss.cause]),
        "found": (found.synapses, ["right" if c < 0 else "false" for c in loss.false_cause]),
    }
    return {name: (ends_nm(t, "pre"), ends_nm(t, "post"), kinds) for name, (t, kinds) in sides.items()}
