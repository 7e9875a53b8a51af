"""What is inside the cells: mitochondria, nuclei, microtubules, vesicles; painted as codes into ``matter``.

``matter`` is uint8 [z, y, x], 0 = plain cytoplasm (or nothing). Only voxels of the organelle's own neuron are painted,
and those next to the membrane are left out. Lengths are nm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.tissue import growth
from graphkit_pipeline.tissue.chance import bell, new_stream, uniform
from graphkit_pipeline.tissue.compiled import ball_box, compiled
from graphkit_pipeline.tissue.growth import Forest

__all__ = [
    "ENVELOPE",
    "MATRIX",
    "MICROTUBULE",
    "MITO_OUTLINE",
    "NUCLEUS",
    "PLAIN",
    "POST_DENSITY",
    "TBAR",
    "VESICLE",
    "paint_ball",
    "paint_organelles",
]

PLAIN, MATRIX, MITO_OUTLINE, NUCLEUS, ENVELOPE, MICROTUBULE, VESICLE, TBAR, POST_DENSITY = range(9)


def paint_organelles(
    forest: Forest, labels: NDArray[np.int32], depth_nm: NDArray[np.float32], matter: NDArray[np.uint8], seed: int
) -> None:
    """Paints mitochondria, nuclei and microtubules; ``depth_nm`` is the distance to the nearest other label."""
    stream = new_stream(seed, 3)
    _paint_along(
        labels, depth_nm, matter, forest.size_nm, forest.position, forest.radius, forest.parent, forest.neuron,
        forest.kind, forest.count, forest.step_nm, stream,
    )  # fmt: skip
    for root in np.flatnonzero(forest.kind[: forest.count] == growth.SOMA).tolist():
        _paint_soma(forest, labels, depth_nm, matter, root, stream)


def _paint_soma(
    forest: Forest,
    labels: NDArray[np.int32],
    depth_nm: NDArray[np.float32],
    matter: NDArray[np.uint8],
    root: int,
    stream: NDArray[np.uint64],
) -> None:
    size, centre, radius = forest.size_nm, forest.position[root], float(forest.radius[root])
    own = int(forest.neuron[root]) + 1
    nucleus = 0.6 * radius
    paint_ball(labels, depth_nm, matter, size, centre, nucleus, own, ENVELOPE, 40.0)
    paint_ball(labels, depth_nm, matter, size, centre, nucleus - 30.0, own, NUCLEUS, 40.0)
    for _ in range(int((radius / 300.0) ** 3) + 6):
        way = np.array([bell(stream), bell(stream), bell(stream)])
        point = centre + way / (np.sqrt((way * way).sum()) + 1e-9) * (nucleus + (radius - nucleus) * uniform(stream))
        drift = np.array([bell(stream), bell(stream), bell(stream)]) * 12.0
        thick = 60.0 + 60.0 * uniform(stream)
        chain = [point + drift * n for n in range(4 + int(uniform(stream) * 16))]
        for code, shrink in ((MITO_OUTLINE, 0.0), (MATRIX, 20.0)):
            for at in chain:
                if float(np.sqrt(((at - centre) ** 2).sum())) > nucleus + thick + 20.0:
                    paint_ball(labels, depth_nm, matter, size, at, thick - shrink, own, code, 30.0)


@compiled
def paint_ball(labels, depth_nm, matter, size, centre, radius, own, code, margin):  # type: ignore[no-untyped-def]
    """Paints ``code`` within ``radius`` of ``centre`` (nm) where the label is ``own``, ``margin`` nm off its membrane."""
    limit = radius * radius
    z_low, z_high, y_low, y_high, x_low, x_high = ball_box(labels.shape, size, centre, radius)
    for z in range(z_low, z_high + 1):
        dz = (z + 0.5) * size[0] - centre[0]
        for y in range(y_low, y_high + 1):
            dy = (y + 0.5) * size[1] - centre[1]
            for x in range(x_low, x_high + 1):
                dx = (x + 0.5) * size[2] - centre[2]
                if dz * dz + dy * dy + dx * dx <= limit and labels[z, y, x] == own and depth_nm[z, y, x] >= margin:
                    matter[z, y, x] = code


@compiled
def _paint_along(  # type: ignore[no-untyped-def]
    labels, depth_nm, matter, size, position, radius, parent, neuron, kind, count, step, stream
):
    depth, height, width = labels.shape
    node = 0
    place = np.zeros(3)
    while node < count:
        # One stretch of consecutive nodes: the unit that organelles run along.
        stop = node + 1
        while stop < count and parent[stop] == stop - 1 and neuron[stop] == neuron[node]:
            stop += 1
        own = neuron[node] + 1
        if kind[node] == growth.DENDRITE and stop - node > 8:
            for _ in range(4):
                fixed = np.array([bell(stream), bell(stream), bell(stream)])
                share = 0.25 + 0.4 * uniform(stream)
                for at in range(node + 1, stop):
                    way = position[at] - position[at - 1]
                    way /= np.sqrt((way * way).sum()) + 1e-9
                    across = fixed - way * (fixed * way).sum()
                    across /= np.sqrt((across * across).sum()) + 1e-9
                    z = int((position[at, 0] + across[0] * share * radius[at]) / size[0])
                    y = int((position[at, 1] + across[1] * share * radius[at]) / size[1])
                    x = int((position[at, 2] + across[2] * share * radius[at]) / size[2])
                    if 0 <= z < depth and 0 <= y < height and 0 <= x < width and labels[z, y, x] == own:
                        matter[z, y, x] = MICROTUBULE
        at = node
        while at < stop:
            z = min(depth - 1, int(position[at, 0] / size[0]))
            y = min(height - 1, int(position[at, 1] / size[1]))
            x = min(width - 1, int(position[at, 2] / size[2]))
            chance = 0.35 if kind[at] == growth.BOUTON else 0.022
            if (
                depth_nm[z, y, x] < 78.0
                or kind[at] > growth.BOUTON
                or kind[at] == growth.SOMA
                or uniform(stream) > chance
            ):
                at += 1
                continue
            length = int((250.0 + 900.0 * uniform(stream)) / step)
            end = at
            thick = 0.0
            sway = np.array([bell(stream), bell(stream), bell(stream)]) * 0.18
            while end < stop and end - at < length:
                z = min(depth - 1, int(position[end, 0] / size[0]))
                y = min(height - 1, int(position[end, 1] / size[1]))
                x = min(width - 1, int(position[end, 2] / size[2]))
                if depth_nm[z, y, x] < 70.0:
                    break
                thick = max(thick, float(depth_nm[z, y, x]))
                end += 1
            if (end - at) * step > 150.0:
                for layer in range(2):
                    for member in range(at, end):
                        z = min(depth - 1, int(position[member, 0] / size[0]))
                        y = min(height - 1, int(position[member, 1] / size[1]))
                        x = min(width - 1, int(position[member, 2] / size[2]))
                        room = float(depth_nm[z, y, x])
                        tube = min(125.0, 0.66 * room)
                        for axis in range(3):
                            place[axis] = position[member, axis] + sway[axis] * room
                        if layer == 0:
                            paint_ball(labels, depth_nm, matter, size, place, tube, own, MITO_OUTLINE, 28.0)
                        elif tube > 34.0:
                            paint_ball(labels, depth_nm, matter, size, place, tube - 20.0, own, MATRIX, 28.0)
            at = end + int((200.0 + 900.0 * uniform(stream)) / step)
        node = stop
