"""Which neurites are grown, and in which order: vessel, somata, dendrites with spines, axons with boutons, thin rest.

Thick things come first, as they need the room; thin axons are then started wherever there is still room, until there
is none. Every neuron lies inside the volume as one tree: a neurite that leaves does not come back, so segments and
neurons are one to one. Lengths are nm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.tissue import growth
from graphkit_pipeline.tissue.chance import bell, new_stream, uniform
from graphkit_pipeline.tissue.growth import Forest
from graphkit_pipeline.tissue.settings import TissueSettings

__all__ = ["grow_forest"]

_Stream = NDArray[np.uint64]
_Point = NDArray[np.float64]

_DENDRITES_PER_UM3 = 1.1
_MIN_PATH_NM = 1400.0


def grow_forest(settings: TissueSettings) -> Forest:
    """Every neurite of the volume, grown; ``Forest.types`` names each neuron's type in order."""
    forest = growth.new_forest(settings.shape, settings.voxel_size_nm)
    stream = new_stream(settings.seed, 1)
    extent = np.array(settings.shape) * forest.size_nm
    if settings.vessel:
        _vessel(forest, stream, extent)
    volume_um3 = float(np.prod(extent / 1000.0))
    _somata(forest, stream, extent, max(1, round(volume_um3 / 25.0)))
    for _ in range(max(3, round(volume_um3 * _DENDRITES_PER_UM3))):
        _dendritic(forest, stream)
    failures = 0
    while failures < 20:
        failures = 0 if _axonal(forest, stream, 90.0, 250) else failures + 1
    failures = 0
    while failures < 20:
        failures = 0 if _axonal(forest, stream, 64.0, 500) else failures + 1
    return forest


def _vessel(forest: Forest, stream: _Stream, extent: _Point) -> None:
    """A slightly bent tube along z or y near one edge of the volume; its voxels become VESSEL."""
    radius = min(600.0, 0.11 * float(extent.min()))
    along = 0 if uniform(stream) < 0.5 else 1
    across = [axis for axis in range(3) if axis != along]
    at = [(0.1 if uniform(stream) < 0.5 else 0.9) * float(extent[axis]) for axis in across]
    slope = [0.12 * bell(stream) for _ in across]
    grids = [(np.arange(n) + 0.5) * s for n, s in zip(forest.owner.shape, forest.size_nm.tolist(), strict=True)]
    offset = [
        grids[axis].reshape([-1 if a == axis else 1 for a in range(3)])
        - at[i]
        - slope[i] * (grids[along] - extent[along] / 2).reshape([-1 if a == along else 1 for a in range(3)])
        for i, axis in enumerate(across)
    ]
    for z in range(forest.owner.shape[0]):  # by section: the whole field at once would be eight bytes a voxel
        first = offset[0][min(z, offset[0].shape[0] - 1)]
        second = offset[1][min(z, offset[1].shape[0] - 1)]
        forest.owner[z][first * first + second * second <= radius * radius] = growth.VESSEL


def _somata(forest: Forest, stream: _Stream, extent: _Point, wanted: int) -> None:
    """Somata cropped by a face or an edge, with dendrites and an axon."""
    for _ in range(wanted):
        for _ in range(20):
            radius = float(min(1500.0, extent.min() * (0.22 + 0.1 * uniform(stream))))
            centre = np.array([uniform(stream) for _ in range(3)]) * extent
            for axis in (int(3 * uniform(stream)), int(3 * uniform(stream))):
                centre[axis] = (0.04 if uniform(stream) < 0.5 else 0.96) * extent[axis]
            if growth.place_ball(forest, centre, radius, growth.SOMA):
                root = forest.count - 1
                number = 0
                for _ in range(40):
                    way = _direction(stream)
                    start = centre + way * (radius * 0.88)
                    if number == 5 or not ((start > 0) & (start + 300.0 * way < extent)).all():
                        continue
                    number += 1
                    if number < 4:
                        _dendrite(forest, stream, start, way, root, 170.0)
                    else:
                        _axon(forest, stream, start, way, root, 70.0, 8000.0, 1)
                forest.neurons += 1
                forest.types.append("soma")
                break


def _dendritic(forest: Forest, stream: _Stream) -> bool:
    """A dendrite passing through, with spines and twigs, and mostly an axon."""
    radius = 120.0 + 100.0 * uniform(stream)
    start = growth.find_free(forest, stream, radius * growth.CORE_SHARE + forest.clearance_nm, 80)
    if start is None:
        return False
    first = forest.count
    way = _direction(stream)
    trunk = _dendrite(forest, stream, start, way, -1, radius)
    if trunk[1] > trunk[0]:
        _dendrite(forest, stream, start, -way, trunk[0], radius)
        if uniform(stream) < 0.8:
            node = trunk[0] + int(uniform(stream) * (trunk[1] - trunk[0]))
            _axon(forest, stream, forest.position[node], _direction(stream), node, 68.0, 7000.0, 1)
    return _keep(forest, first, "dendritic")


def _axonal(forest: Forest, stream: _Stream, room: float, tries: int) -> bool:
    """A thin axon passing through, with boutons, and now and then a receiving twig."""
    start = growth.find_free(forest, stream, room + forest.clearance_nm, tries)
    if start is None:
        return False
    first = forest.count
    radius = min(room, 54.0 + 36.0 * uniform(stream))
    way = _direction(stream)
    path = _axon(forest, stream, start, way, -1, radius, 9000.0, 1)
    if path[1] > path[0]:
        _axon(forest, stream, start, -way, path[0], radius, 9000.0, 1)
        if uniform(stream) < 0.6:
            node = path[0] + int(uniform(stream) * (path[1] - path[0]))
            _dendrite(forest, stream, forest.position[node], _direction(stream), node, 85.0)
    return _keep(forest, first, "axonal")


def _keep(forest: Forest, first: int, kind: str) -> bool:
    """Counts the neuron grown from node ``first``, or takes it out again if it stayed a stub."""
    if (forest.count - first) * forest.step_nm < _MIN_PATH_NM:
        growth.erase(forest, first)
        return False
    forest.neurons += 1
    forest.types.append(kind)
    return True


def _dendrite(
    forest: Forest, stream: _Stream, start: _Point, way: _Point, parent: int, radius: float, twigs: bool = True
) -> tuple[int, int]:
    path = growth.grow_path(
        forest, stream, start_nm=start, direction=way, parent=parent, kind=growth.DENDRITE,
        radius_nm=(radius, max(60.0, radius * 0.6)), length_nm=9000.0, wander=0.16,
    )  # fmt: skip
    for node in _marks(stream, path, 380.0 / forest.step_nm):
        _spine(forest, stream, node)
    if twigs:
        for node in _marks(stream, path, 900.0 / forest.step_nm):
            _dendrite(
                forest, stream, forest.position[node], _direction(stream), node, max(60.0, 0.6 * radius), twigs=False
            )
    return path


def _spine(forest: Forest, stream: _Stream, node: int) -> None:
    """A short neck with a head; taken out again where the head finds no room."""
    before = forest.count
    neck = growth.grow_path(
        forest, stream, start_nm=forest.position[node], direction=_direction(stream), parent=node,
        kind=growth.SPINE_NECK, radius_nm=(40.0, 40.0), wander=0.2,
        length_nm=float(forest.radius[node]) + 120.0 + 200.0 * uniform(stream),
    )  # fmt: skip
    if neck[1] - neck[0] < 4:
        growth.erase(forest, before)
        return
    tip = neck[1] - 1
    growth.grow_path(
        forest, stream, start_nm=forest.position[tip], direction=forest.position[tip] - forest.position[tip - 2],
        parent=tip, kind=growth.SPINE_HEAD, radius_nm=(110.0, 90.0), length_nm=120.0, wander=0.1,
    )  # fmt: skip


def _axon(
    forest: Forest, stream: _Stream, start: _Point, way: _Point, parent: int, radius: float, length: float, forks: int
) -> tuple[int, int]:
    path = growth.grow_path(
        forest, stream, start_nm=start, direction=way, parent=parent, kind=growth.AXON,
        radius_nm=(radius, radius * 0.85), length_nm=length, wander=0.22,
        bouton_nm=(850.0, 130.0 + 50.0 * uniform(stream)),
    )  # fmt: skip
    if forks > 0:
        for node in _marks(stream, path, 1100.0 / forest.step_nm):
            _axon(
                forest, stream, forest.position[node], _direction(stream), node, radius * 0.95, 0.6 * length, forks - 1
            )
    return path


def _marks(stream: _Stream, path: tuple[int, int], spacing: float) -> list[int]:
    """Nodes along a path about ``spacing`` nodes apart."""
    marks = []
    at = path[0] + spacing * (0.3 + 0.7 * uniform(stream))
    while at < path[1]:
        marks.append(int(at))
        at += spacing * (0.5 + uniform(stream))
    return marks


def _direction(stream: _Stream) -> _Point:
    """A random unit vector."""
    while True:
        way = np.array([bell(stream), bell(stream), bell(stream)])
        length = float(np.sqrt((way * way).sum()))
        if length > 0.1:
            return way / length
