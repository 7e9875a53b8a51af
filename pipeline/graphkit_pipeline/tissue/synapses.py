"""Synapses: where a bouton truly touches another neuron, one release site with one to four partners.

A site is a patch of contact between its presynaptic neuron and each partner. Its cleft is the two voxels on either
side of that contact. Inside, by image alone, the sides differ: vesicles and a small dark T-bar in the presynaptic
neuron, a thick dark density in each postsynaptic one. Three sites in four lie on boutons and axons; the others are
sought where they close a reciprocal pair or a feedforward triangle, as chance alone makes too few in a small volume.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.tissue import growth
from graphkit_pipeline.tissue.chance import new_key, new_stream, shuffled, uniform, uniform_of
from graphkit_pipeline.tissue.compiled import STEPS, compiled
from graphkit_pipeline.tissue.growth import Forest
from graphkit_pipeline.tissue.organelles import PLAIN, POST_DENSITY, TBAR, VESICLE, paint_ball
from graphkit_pipeline.tissue.settings import TissueSettings

__all__ = ["Partner", "place_synapses"]

_PARTNERS = (0.50, 0.26, 0.16, 0.08)
"""How many partners a site wants (1, 2, 3, 4): it gets fewer where fewer touch."""
_APART_NM = 330.0
_LEAST_CONTACT_NM2 = 3500.0


@dataclass(frozen=True, slots=True)
class Partner:
    """One pair of a site; points are voxel indices [z, y, x] inside the two neurons."""

    site: int
    pre: int
    post: int
    pre_point: tuple[int, int, int]
    post_point: tuple[int, int, int]
    voxels: int


@dataclass(slots=True)
class _Canvas:
    forest: Forest
    labels: NDArray[np.int32]
    segments: NDArray[np.int64]
    depth_nm: NDArray[np.float32]
    matter: NDArray[np.uint8]
    clefts: NDArray[np.int64]
    stream: NDArray[np.uint64]
    centres: NDArray[np.float64]
    pairs: list[Partner]
    tbars: list[tuple[int, NDArray[np.float64]]]
    """Presynaptic neuron and place of each site's T-bar."""
    sites: int = 0


def place_synapses(
    settings: TissueSettings,
    forest: Forest,
    labels: NDArray[np.int32],
    segments: NDArray[np.int64],
    depth_nm: NDArray[np.float32],
    matter: NDArray[np.uint8],
) -> tuple[NDArray[np.int64], list[Partner]]:
    """Clefts (int64 [z, y, x], site number at cleft voxels, else 0) and the pairs, sites numbered from 1.

    Paints vesicles, T-bars and postsynaptic densities into ``matter``.
    """
    volume_um3 = float(np.prod(np.array(settings.shape) * forest.size_nm / 1000.0))
    wanted = round(settings.synapses_per_um3 * volume_um3)
    canvas = _Canvas(
        forest,
        labels,
        segments,
        depth_nm,
        matter,
        np.zeros(labels.shape, np.int64),
        new_stream(settings.seed, 4),
        np.zeros((wanted + 8, 3)),
        [],
        [],
    )
    kind = forest.kind[: forest.count]
    for share, kinds in ((0.6, (growth.BOUTON,)), (0.75, (growth.BOUTON, growth.AXON, growth.DENDRITE))):
        nodes = shuffled(np.flatnonzero(np.isin(kind, kinds)), canvas.stream)
        for node in nodes.tolist():
            if len(canvas.pairs) >= share * wanted:
                break
            _try_site(canvas, node, 0)
    _close_motifs(canvas, wanted)
    vesicle_key = new_key(settings.seed, 5)
    for pre, place in canvas.tbars:
        paint_ball(labels, depth_nm, matter, forest.size_nm, place, 34.0, pre, TBAR, 0.0)
        _vesicles(segments, depth_nm, matter, forest.size_nm, place, pre, vesicle_key)
    return canvas.clefts, canvas.pairs


def _close_motifs(canvas: _Canvas, wanted: int) -> None:
    """Seeks contacts that make a pair reciprocal (b -> a for a -> b) or join two partners of one neuron (b -> c)."""
    by_neuron: dict[int, NDArray[np.int64]] = {}
    neuron = canvas.forest.neuron[: canvas.forest.count]
    known = list(canvas.pairs)
    posts: dict[int, list[int]] = {}
    for pair in known:
        posts.setdefault(pair.pre, []).append(pair.post)
    wishes = []
    for pair in known:
        others = [post for post in posts[pair.pre] if post != pair.post]
        wishes.append((pair.post, pair.pre))
        if others:
            wishes.append((pair.post, others[int(uniform(canvas.stream) * len(others))]))
    for index in shuffled(np.arange(len(wishes)), canvas.stream).tolist():
        if len(canvas.pairs) >= wanted:
            return
        pre, post = wishes[index]
        if pre == post:
            continue
        if pre not in by_neuron:
            by_neuron[pre] = np.flatnonzero(neuron == pre - 1)
        nodes = by_neuron[pre]
        for _ in range(12):
            if _try_site(canvas, int(nodes[int(uniform(canvas.stream) * len(nodes))]), post):
                break


def _try_site(canvas: _Canvas, node: int, wish: int) -> bool:
    """Makes a site at ``node`` if contact enough is near (and with neuron ``wish``, unless 0); whether it did."""
    forest, size = canvas.forest, canvas.forest.size_nm
    pre = int(forest.neuron[node]) + 1
    centre = forest.position[node]
    if _crowded(canvas, centre):
        return False
    inner, outer, other = _contacts(
        canvas.labels, forest.owner, forest.kind, size, centre, forest.radius[node] + 70.0, pre
    )
    if other.size < 8:
        return False
    # Somata receive little here, and axons less than dendrites and spines: draw among the liked contacts.
    liked = np.flatnonzero(other == wish) if wish else np.flatnonzero(outer[:, 3] != growth.SOMA)
    dendritic = liked[np.isin(outer[liked, 3], (growth.DENDRITE, growth.SPINE_HEAD, growth.SPINE_NECK))]
    if not wish and dendritic.size >= 8 and uniform(canvas.stream) < 0.8:
        liked = dendritic
    if liked.size < 8:
        return False
    middle = (inner[liked[int(uniform(canvas.stream) * liked.size)]] + 0.5) * size
    if _crowded(canvas, middle):
        return False
    reach = 95.0 + 45.0 * uniform(canvas.stream)
    near = (((inner + 0.5) * size - middle) ** 2).sum(axis=1) <= reach * reach
    inner, outer, other = inner[near], outer[near], other[near]
    names, counts = np.unique(other, return_counts=True)
    least = max(4.0, _LEAST_CONTACT_NM2 / float(size[1] * size[2]))
    order = np.lexsort((names, -counts))
    ranked = [int(names[i]) for i in order.tolist() if counts[i] >= least]
    if wish and wish in ranked:
        ranked = [wish, *[name for name in ranked if name != wish]]
    if not ranked or (wish and ranked[0] != wish):
        return False
    draw, partners = uniform(canvas.stream), 1
    for count, share in enumerate(_PARTNERS, start=1):
        partners = count
        draw -= share
        if draw < 0:
            break
    site = canvas.sites + 1
    taken = np.isin(other, ranked[:partners])
    into_pre = (inner[taken] - outer[taken, :3]).astype(np.float64).mean(axis=0)
    pre_point = _inside(canvas, inner[taken], into_pre, pre)
    if pre_point is None:
        return False
    made = []
    for post in ranked[:partners]:
        mine = other == post
        post_point = _inside(
            canvas, outer[mine, :3], -(inner[mine] - outer[mine, :3]).astype(np.float64).mean(axis=0), post
        )
        if post_point is not None:
            made.append((post, post_point, mine))
    if not made:
        return False
    for post, post_point, mine in made:
        touched = np.unique(np.concatenate([inner[mine], outer[mine, :3]]), axis=0)
        canvas.clefts[touched[:, 0], touched[:, 1], touched[:, 2]] = site
        _density(canvas.labels, canvas.matter, size, inner[mine], outer[mine, :3].copy(), post)
        canvas.pairs.append(Partner(site, pre, post, pre_point, post_point, int(touched.shape[0])))
    canvas.centres[canvas.sites] = middle
    canvas.tbars.append((pre, _behind(inner[taken], into_pre, size, 24.0)))
    canvas.sites += 1
    return True


def _crowded(canvas: _Canvas, point: NDArray[np.float64]) -> bool:
    placed = canvas.centres[: canvas.sites]
    return bool((((placed - point) ** 2).sum(axis=1) < _APART_NM**2).any())


def _behind(
    surface: NDArray[np.int64], way: NDArray[np.float64], size: NDArray[np.float64], depth: float
) -> NDArray[np.float64]:
    """The point ``depth`` nm from the middle of ``surface`` along ``way`` (voxels), nm [3]."""
    length = float(np.sqrt(((way * size) ** 2).sum()))
    onward = way * size / length * depth if length > 1e-6 else np.zeros(3)
    return np.asarray((surface + 0.5).mean(axis=0) * size + onward)


def _inside(
    canvas: _Canvas, surface: NDArray[np.int64], way: NDArray[np.float64], own: int
) -> tuple[int, int, int] | None:
    """The voxel of segment ``own`` nearest to a point 45 nm behind the middle of ``surface``, or None within 150 nm."""
    size = canvas.forest.size_nm
    aim = _behind(surface, way, size, 45.0)
    low = np.maximum(((aim - 150.0) / size).astype(np.int64), 0)
    high = ((aim + 150.0) / size).astype(np.int64) + 1
    box = canvas.segments[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    found = np.argwhere(box == own) + low
    if not found.size:
        return None
    best = found[np.argmin((((found + 0.5) * size - aim) ** 2).sum(axis=1))]
    return int(best[0]), int(best[1]), int(best[2])


@compiled
def _contacts(labels, owner, kind, size, centre, radius, pre):  # type: ignore[no-untyped-def]
    """Voxels of ``pre`` near ``centre`` with a 6-neighbour of another neuron: (inner [n, 3], outer [n, 4], other [n]).

    The fourth column of ``outer`` is the kind of neurite there.
    """
    depth, height, width = labels.shape
    z_low = max(0, int((centre[0] - radius) / size[0]))
    z_high = min(depth - 1, int((centre[0] + radius) / size[0]))
    y_low = max(0, int((centre[1] - radius) / size[1]))
    y_high = min(height - 1, int((centre[1] + radius) / size[1]))
    x_low = max(0, int((centre[2] - radius) / size[2]))
    x_high = min(width - 1, int((centre[2] + radius) / size[2]))
    most = (z_high - z_low + 1) * (y_high - y_low + 1) * (x_high - x_low + 1) * 6
    inner = np.empty((most, 3), np.int64)
    outer = np.empty((most, 4), np.int64)
    other = np.empty(most, np.int64)
    found = 0
    for z in range(z_low, z_high + 1):
        for y in range(y_low, y_high + 1):
            for x in range(x_low, x_high + 1):
                if labels[z, y, x] != pre:
                    continue
                for side in range(6):
                    nz, ny, nx = z + STEPS[side, 0], y + STEPS[side, 1], x + STEPS[side, 2]
                    if nz < 0 or ny < 0 or nx < 0 or nz >= depth or ny >= height or nx >= width:
                        continue
                    label = labels[nz, ny, nx]
                    if label > 0 and label != pre:
                        inner[found, 0], inner[found, 1], inner[found, 2] = z, y, x
                        outer[found, 0], outer[found, 1], outer[found, 2] = nz, ny, nx
                        outer[found, 3] = kind[owner[nz, ny, nx]]
                        other[found] = label
                        found += 1
    return inner[:found].copy(), outer[:found].copy(), other[:found].copy()


@compiled
def _density(labels, matter, size, inner, outer, post):  # type: ignore[no-untyped-def]
    """The thick dark density of ``post``: 50 nm deep behind each contact."""
    depth, height, width = labels.shape
    for row in range(inner.shape[0]):
        dz, dy, dx = outer[row, 0] - inner[row, 0], outer[row, 1] - inner[row, 1], outer[row, 2] - inner[row, 2]
        step = abs(dz) * size[0] + abs(dy) * size[1] + abs(dx) * size[2]
        for level in range(int(50.0 / step) + 1):
            z, y, x = outer[row, 0] + dz * level, outer[row, 1] + dy * level, outer[row, 2] + dx * level
            if 0 <= z < depth and 0 <= y < height and 0 <= x < width and labels[z, y, x] == post:
                matter[z, y, x] = POST_DENSITY


@compiled
def _vesicles(segments, depth_nm, matter, size, centre, pre, key):  # type: ignore[no-untyped-def]
    """A cloud of vesicles of 40 nm within 230 nm of the site: one a cell of a jittered lattice, so they keep apart."""
    depth, height, width = segments.shape
    pitch = 62.0
    radius = 230.0
    cells = int(2 * radius / pitch) + 2
    first = np.empty(3, np.int64)
    for axis in range(3):
        first[axis] = int((centre[axis] - radius) / pitch) - 1
    point = np.empty(3)
    for a in range(cells + 1):
        for b in range(cells + 1):
            for c in range(cells + 1):
                i, j, k = first[0] + a, first[1] + b, first[2] + c
                cell = ((i + 64) * 4096 + j + 64) * 4096 + k + 64
                if uniform_of(key, cell * 4) > 0.8:
                    continue
                point[0] = (i + 0.2 + 0.6 * uniform_of(key, cell * 4 + 1)) * pitch
                point[1] = (j + 0.2 + 0.6 * uniform_of(key, cell * 4 + 2)) * pitch
                point[2] = (k + 0.2 + 0.6 * uniform_of(key, cell * 4 + 3)) * pitch
                away = ((point - centre) ** 2).sum()
                if away > radius * radius:
                    continue
                z, y, x = int(point[0] / size[0]), int(point[1] / size[1]), int(point[2] / size[2])
                if point.min() < 0.0 or z >= depth or y >= height or x >= width:
                    continue
                if segments[z, y, x] != pre or matter[z, y, x] != PLAIN or depth_nm[z, y, x] < 30.0:
                    continue
                # About 40 nm across: one to three voxels an axis.
                reach = 20.0
                for nz in range(
                    max(0, int((point[0] - reach) / size[0])), min(depth - 1, int((point[0] + reach) / size[0])) + 1
                ):
                    for ny in range(
                        max(0, int((point[1] - reach) / size[1])),
                        min(height - 1, int((point[1] + reach) / size[1])) + 1,
                    ):
                        for nx in range(
                            max(0, int((point[2] - reach) / size[2])),
                            min(width - 1, int((point[2] + reach) / size[2])) + 1,
                        ):
                            ez = (nz + 0.5) * size[0] - point[0]
                            ey = (ny + 0.5) * size[1] - point[1]
                            ex = (nx + 0.5) * size[2] - point[2]
                            if (
                                ez * ez + ey * ey + ex * ex <= reach * reach
                                and segments[nz, ny, nx] == pre
                                and matter[nz, ny, nx] == PLAIN
                            ):
                                matter[nz, ny, nx] = VESICLE
