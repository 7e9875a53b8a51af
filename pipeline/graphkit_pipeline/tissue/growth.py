"""Grows neurites: trees of nodes whose *cores* (thin tubes of voxels) never touch another neuron's.

A neurite is a random walk with persistence. A node is laid down only where a ball of its core's radius and a clearance
around it hold no other neuron's core; else the walk turns, then thins, then ends. The clearance leaves room for two
membranes, so that a core stays one neuron's inside whatever the later competition for space does.

Positions are nm [z, y, x] from the volume's lower corner; ``owner`` is int32 [z, y, x]: the node a voxel belongs to,
FREE or VESSEL. Nodes of one neuron are numbered in the order of growth; a parent always has a lower number.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.tissue.chance import bell, uniform
from graphkit_pipeline.tissue.compiled import ball_box, compiled

__all__ = [
    "AXON",
    "BOUTON",
    "DENDRITE",
    "FREE",
    "SOMA",
    "SPINE_HEAD",
    "SPINE_NECK",
    "VESSEL",
    "Forest",
    "erase",
    "find_free",
    "grow_path",
    "new_forest",
    "place_ball",
]

FREE, VESSEL = -1, -2
SOMA, DENDRITE, AXON, BOUTON, SPINE_NECK, SPINE_HEAD = range(6)

CORE_SHARE = 0.55
"""A core's radius as a share of the neurite's."""


@dataclass(slots=True)
class Forest:
    """All neurites of one volume, growing. Rows 0..count of the node arrays are laid down."""

    owner: NDArray[np.int32]
    size_nm: NDArray[np.float64]
    clearance_nm: float
    min_core_nm: float
    step_nm: float
    position: NDArray[np.float64]
    radius: NDArray[np.float64]
    parent: NDArray[np.int32]
    neuron: NDArray[np.int32]
    kind: NDArray[np.uint8]
    count: int = 0
    neurons: int = 0
    types: list[str] = field(default_factory=list)


def new_forest(shape: tuple[int, int, int], voxel_size_nm: tuple[float, float, float]) -> Forest:
    """An empty volume, with room for one node in 24 voxels."""
    capacity = int(np.prod(shape)) // 24 + 1000
    finest = min(voxel_size_nm)
    return Forest(
        owner=np.full(shape, FREE, np.int32),
        size_nm=np.array(voxel_size_nm, np.float64),
        clearance_nm=max(54.0, 3.1 * finest),
        min_core_nm=max(30.0, 1.65 * finest),
        step_nm=max(16.0, 1.25 * finest),
        position=np.zeros((capacity, 3)),
        radius=np.zeros(capacity),
        parent=np.full(capacity, -1, np.int32),
        neuron=np.zeros(capacity, np.int32),
        kind=np.zeros(capacity, np.uint8),
    )


def grow_path(
    forest: Forest,
    stream: NDArray[np.uint64],
    *,
    start_nm: NDArray[np.float64],
    direction: NDArray[np.float64],
    parent: int,
    kind: int,
    radius_nm: tuple[float, float],
    length_nm: float,
    wander: float,
    bouton_nm: tuple[float, float] = (0.0, 0.0),
) -> tuple[int, int]:
    """Lays down one unbranched path; the first and last-plus-one of its nodes (equal if it could not start).

    ``radius_nm``: at the start and at the end; ``bouton_nm``: mean spacing and radius of swellings (0 = none).
    """
    first = forest.count
    forest.count = int(
        _grow(
            forest.owner, forest.size_nm, forest.position, forest.radius, forest.parent, forest.neuron, forest.kind,
            first, stream, start_nm, direction, parent, forest.neurons, kind, radius_nm[0], radius_nm[1], length_nm,
            wander, bouton_nm[0], bouton_nm[1], forest.clearance_nm, forest.min_core_nm, forest.step_nm,
        )
    )  # fmt: skip
    return first, forest.count


def place_ball(forest: Forest, centre_nm: NDArray[np.float64], radius_nm: float, kind: int) -> bool:
    """Lays down one root node with a ball around it (a soma), where it is free; whether it was."""
    core = radius_nm * 0.9
    if not _is_free(forest.owner, forest.size_nm, centre_nm, core + forest.clearance_nm, forest.neuron, -1, 0, 0):
        return False
    node = forest.count
    forest.position[node] = centre_nm
    forest.radius[node] = radius_nm
    forest.parent[node] = -1
    forest.neuron[node] = forest.neurons
    forest.kind[node] = kind
    _stamp(forest.owner, forest.size_nm, centre_nm, core, node)
    forest.count += 1
    return True


def find_free(forest: Forest, stream: NDArray[np.uint64], radius_nm: float, tries: int) -> NDArray[np.float64] | None:
    """A random point with ``radius_nm`` free around it, float64 [3] in nm, or None after so many tries."""
    point = np.zeros(3)
    found = _find_free(forest.owner, forest.size_nm, stream, radius_nm, tries, forest.neuron, point)
    return point if found else None


def erase(forest: Forest, first: int) -> None:
    """Takes the nodes from ``first`` on out of the volume again."""
    if first == forest.count:
        return
    reach = forest.radius[first : forest.count].max() + 2 * forest.size_nm.max()
    positions = forest.position[first : forest.count]
    low = np.maximum(((positions.min(axis=0) - reach) / forest.size_nm).astype(np.int64), 0)
    high = ((positions.max(axis=0) + reach) / forest.size_nm).astype(np.int64) + 2
    box = forest.owner[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    box[box >= first] = FREE
    forest.count = first


@compiled
def _is_free(owner, size, centre, radius, neuron, own, path_start, recent):  # type: ignore[no-untyped-def]
    """No voxel within ``radius`` is a vessel's, another neuron's, or an old node's of neuron ``own``.

    Own nodes from ``path_start`` to ``recent`` are old; those after ``recent`` are the path just walked.
    Own nodes before ``path_start`` count as old too, unless ``path_start`` is negative (just branched off).
    """
    limit = radius * radius
    z_low, z_high, y_low, y_high, x_low, x_high = ball_box(owner.shape, size, centre, radius)
    for z in range(z_low, z_high + 1):
        dz = (z + 0.5) * size[0] - centre[0]
        for y in range(y_low, y_high + 1):
            dy = (y + 0.5) * size[1] - centre[1]
            rest = limit - dz * dz - dy * dy
            if rest < 0.0:
                continue
            for x in range(x_low, x_high + 1):
                node = owner[z, y, x]
                if node == FREE:
                    continue
                dx = (x + 0.5) * size[2] - centre[2]
                if dx * dx > rest:
                    continue
                if node < 0 or neuron[node] != own:
                    return False
                if path_start >= 0 and node < recent:
                    return False
    return True


@compiled
def _stamp(owner, size, centre, radius, node):  # type: ignore[no-untyped-def]
    """Gives the free voxels within ``radius``, and the voxel of the centre, to ``node``."""
    depth, height, width = owner.shape
    limit = radius * radius
    for z in range(
        max(0, int((centre[0] - radius) / size[0] - 0.5)), min(depth - 1, int((centre[0] + radius) / size[0] + 0.5)) + 1
    ):
        dz = (z + 0.5) * size[0] - centre[0]
        for y in range(
            max(0, int((centre[1] - radius) / size[1] - 0.5)),
            min(height - 1, int((centre[1] + radius) / size[1] + 0.5)) + 1,
        ):
            dy = (y + 0.5) * size[1] - centre[1]
            for x in range(
                max(0, int((centre[2] - radius) / size[2] - 0.5)),
                min(width - 1, int((centre[2] + radius) / size[2] + 0.5)) + 1,
            ):
                dx = (x + 0.5) * size[2] - centre[2]
                if owner[z, y, x] == FREE and dz * dz + dy * dy + dx * dx <= limit:
                    owner[z, y, x] = node
    z = min(depth - 1, int(centre[0] / size[0]))
    y = min(height - 1, int(centre[1] / size[1]))
    x = min(width - 1, int(centre[2] / size[2]))
    if owner[z, y, x] == FREE:
        owner[z, y, x] = node


@compiled
def _find_free(owner, size, stream, radius, tries, neuron, point):  # type: ignore[no-untyped-def]
    for _ in range(tries):
        for axis in range(3):
            point[axis] = uniform(stream) * owner.shape[axis] * size[axis]
        if _is_free(owner, size, point, radius, neuron, -1, 0, 0):
            return True
    return False


@compiled
def _grow(  # type: ignore[no-untyped-def]
    owner, size, position, radius, parents, neuron, kinds, count, stream, start, direction, parent, own, kind,
    radius_start, radius_end, length, wander, bouton_spacing, bouton_radius, clearance, min_core, step,
):  # fmt: skip
    # The first steps of a branch lie inside its parent's clearance; there its own neuron is no obstacle.
    here = start.copy()
    heading = direction / np.sqrt((direction * direction).sum())
    first = count
    free_steps = 0
    if parent >= 0:
        free_steps = int((radius[parent] + radius_start + clearance) / step) + 3
    wobble = 0.0
    travelled = 0.0
    squeeze = 1.0
    next_bouton = bouton_spacing * (0.3 + uniform(stream)) if bouton_spacing > 0.0 else 1e18
    candidate = np.zeros(3)
    way = np.zeros(3)
    while travelled < length and count < position.shape[0]:
        wobble = 0.9 * wobble + 0.44 * bell(stream)
        share = travelled / length
        wanted = (radius_start * (1.0 - share) + radius_end * share) * (1.0 + 0.18 * max(-1.5, min(1.5, wobble)))
        node_kind = kind
        off = (travelled - next_bouton) / (1.5 * bouton_radius) if bouton_spacing > 0.0 else 1e9
        if off > 1.0:
            next_bouton += bouton_spacing * (0.5 + uniform(stream)) if bouton_spacing > 0.0 else 1e18
        elif off > -1.0:
            swollen = bouton_radius * np.sqrt(1.0 - off * off)
            if swollen > wanted:
                wanted = swollen
                if swollen > 0.7 * bouton_radius:
                    node_kind = BOUTON
        placed = False
        squeeze = min(1.0, squeeze + 0.1)
        for shrink in range(4):
            fit = squeeze * (1.0 - 0.22 * shrink)
            core = max(min_core, 0.55 * wanted * fit)
            recent = count - int((2.0 * core + clearance) / step) - 6
            guard = first if count - first >= free_steps else -1
            for attempt in range(8):
                spread = wander * (1.0 + 0.9 * attempt)
                total = 0.0
                for axis in range(3):
                    way[axis] = heading[axis] + spread * bell(stream)
                    total += way[axis] * way[axis]
                total = np.sqrt(total)
                outside = False
                for axis in range(3):
                    way[axis] /= total
                    candidate[axis] = here[axis] + (step * way[axis] if count > first or parent >= 0 else 0.0)
                    if candidate[axis] < 0.0 or candidate[axis] >= owner.shape[axis] * size[axis]:
                        outside = True
                if outside:
                    if attempt == 0 and count > first:
                        return count  # left the volume
                    continue
                if _is_free(owner, size, candidate, core + clearance, neuron, own, guard, recent):
                    placed = True
                    break
            if placed:
                squeeze = max(0.4, fit)
                break
        if not placed:
            break
        position[count] = candidate
        radius[count] = max(min_core, wanted * squeeze)
        parents[count] = parent if count == first else count - 1
        neuron[count] = own
        kinds[count] = node_kind
        _stamp(owner, size, candidate, core, count)
        count += 1
        # Persistence: the new heading keeps most of the old one.
        total = 0.0
        for axis in range(3):
            heading[axis] = 0.75 * heading[axis] + 0.25 * way[axis]
            total += heading[axis] * heading[axis]
            here[axis] = candidate[axis]
        heading /= np.sqrt(total)
        travelled += step
    return count
