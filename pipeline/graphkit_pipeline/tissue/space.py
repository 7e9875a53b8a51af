"""Space filling: every free voxel goes to the neurite that reaches it at the least cost.

The cost of voxel v through node n is ``|v - n| - radius(n) + ruggedness``, all in nm: a power-diagram-like division of
the room between the cores, with ragged borders, because the ruggedness is a smooth noise of each neuron's own. It is
computed as a front (Dijkstra with buckets, whose keys never fall): a voxel inherits the node of an already reached
6-neighbour, or that node's neighbour along the path, so every neuron stays one 6-connected piece by construction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.tissue.chance import noise_tile
from graphkit_pipeline.tissue.compiled import STEPS, compiled
from graphkit_pipeline.tissue.growth import FREE, VESSEL, Forest

__all__ = ["divide", "fill_space"]

_QUANTUM_NM = 1.5
_LEAST_NM = -260.0
_MOST_NM = 330.0
"""Voxels that cost more stay extracellular."""
_RUGGED_NM = 13.0


def fill_space(forest: Forest, seed: int) -> None:
    """Fills ``forest.owner`` in place; what stays FREE is extracellular space."""
    _fill(
        forest.owner,
        forest.size_nm,
        forest.position,
        forest.radius,
        forest.parent,
        forest.neuron,
        forest.count,
        noise_tile(seed, 2, 8),
    )


@compiled
def _cost(size, position, radius, node, z, y, x):  # type: ignore[no-untyped-def]
    dz = (z + 0.5) * size[0] - position[node, 0]
    dy = (y + 0.5) * size[1] - position[node, 1]
    dx = (x + 0.5) * size[2] - position[node, 2]
    return np.sqrt(dz * dz + dy * dy + dx * dx) - radius[node]


@compiled
def _fill(owner, size, position, radius, parent, neuron, nodes, tile):  # type: ignore[no-untyped-def]
    depth, height, width = owner.shape
    buckets = int((_MOST_NM - _LEAST_NM) / _QUANTUM_NM)
    head = np.full(buckets, -1, np.int64)
    best = np.full(owner.shape, 65535, np.uint16)
    room = owner.size // 2 + 1024
    where = np.empty(room, np.int32)
    through = np.empty(room, np.int32)
    after = np.empty(room, np.int64)
    used = 0
    spare = -1
    # The zeroth bucket is the start: every core voxel offers its free neighbours.
    for start in range(-1, buckets):
        at = 0
        while True:
            if start < 0:
                if at >= owner.size:
                    break
                voxel = at
                at += 1
                x = voxel % width
                y = (voxel // width) % height
                z = voxel // (width * height)
                node = owner[z, y, x]
                if node < 0:
                    continue
                key_floor = 0
            else:
                entry = head[start]
                if entry < 0:
                    break
                head[start] = after[entry]
                voxel = where[entry]
                node = through[entry]
                after[entry] = spare
                spare = entry
                x = voxel % width
                y = (voxel // width) % height
                z = voxel // (width * height)
                if owner[z, y, x] != FREE:
                    continue
                owner[z, y, x] = node
                key_floor = start
            own = neuron[node]
            shift = np.int64(own) * 2654435761
            sz, sy, sx = shift & 63, (shift >> 8) & 63, (shift >> 16) & 63
            for side in range(6):
                nz, ny, nx = z + STEPS[side, 0], y + STEPS[side, 1], x + STEPS[side, 2]
                if nz < 0 or ny < 0 or nx < 0 or nz >= depth or ny >= height or nx >= width:
                    continue
                if owner[nz, ny, nx] != FREE:
                    continue
                chosen = node
                cost = _cost(size, position, radius, node, nz, ny, nx)
                before = parent[node]
                if before >= 0:
                    other = _cost(size, position, radius, before, nz, ny, nx)
                    if other < cost:
                        cost = other
                        chosen = before
                if node + 1 < nodes and parent[node + 1] == node:
                    other = _cost(size, position, radius, node + 1, nz, ny, nx)
                    if other < cost:
                        cost = other
                        chosen = node + 1
                cost += _RUGGED_NM * tile[(nz + sz) & 63, (ny + sy) & 63, (nx + sx) & 63]
                key = max(key_floor, int((cost - _LEAST_NM) / _QUANTUM_NM))
                if key >= buckets or key >= best[nz, ny, nx]:
                    continue
                best[nz, ny, nx] = key
                if spare >= 0:
                    entry = spare
                    spare = after[entry]
                else:
                    entry = used
                    used += 1
                    if used > room:  # cannot happen with fewer than room waiting entries; grow rather than trust
                        room = 2 * room
                        bigger = np.empty(room, np.int32)
                        bigger[: where.size] = where
                        where = bigger
                        bigger = np.empty(room, np.int32)
                        bigger[: through.size] = through
                        through = bigger
                        longer = np.empty(room, np.int64)
                        longer[: after.size] = after
                        after = longer
                where[entry] = (nz * height + ny) * width + nx
                through[entry] = chosen
                after[entry] = head[key]
                head[key] = entry


def divide(
    forest: Forest, cores: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """The filled room as labels: (every voxel's neuron or 0, its distance to the next label in nm, the true segments).

    The true segments are the labels without the membranes: voxels nearer than 24 nm to the next label, cores aside,
    are 0, and so is the odd crumb that this cuts off. One 6-connected component a neuron remains.
    """
    import cc3d
    import edt

    owner = forest.owner
    labels = np.where(owner >= 0, forest.neuron[np.maximum(owner, 0)] + 1, 0).astype(np.int32)
    apart = labels.astype(np.uint32)
    apart[owner == VESSEL] = forest.neurons + 1
    depth_nm = edt.edt(apart, anisotropy=tuple(forest.size_nm.tolist()), black_border=False, parallel=1)
    del apart
    membrane = depth_nm < max(24.0, 1.45 * float(forest.size_nm.min()))
    segments = np.where(membrane & ~cores, 0, labels)
    pieces, number = cc3d.connected_components(segments, connectivity=6, return_N=True)
    sizes = np.bincount(pieces.ravel(), minlength=number + 1)
    of_piece = np.zeros(number + 1, np.int64)
    of_piece[pieces.ravel()] = segments.ravel()
    largest = np.zeros(number + 1, np.int64)
    seen: set[int] = {0}
    for piece in np.argsort(-sizes, kind="stable").tolist():
        label = int(of_piece[piece])
        if label not in seen:
            seen.add(label)
            largest[piece] = label
    return labels, depth_nm, largest[pieces]
