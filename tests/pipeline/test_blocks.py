"""Boxes against sets of voxels, and blocks against what they promise: every voxel in one core, every core in its box."""

from __future__ import annotations

import dataclasses
import doctest

import graphkit_pipeline.blocks
import numpy as np
import pytest
from graphkit_pipeline.blocks import Block, Box, make_blocks
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphkitError

STARTS = st.tuples(*[st.integers(-6, 6)] * 3)
SHAPES = st.tuples(*[st.integers(0, 5)] * 3)
BOXES = st.builds(Box.of_shape, SHAPES, STARTS)
FULL_BOXES = st.builds(Box.of_shape, st.tuples(*[st.integers(1, 9)] * 3), STARTS)
HALOS = st.tuples(*[st.integers(0, 4)] * 3)


def voxels_of(box: Box) -> set[tuple[int, int, int]]:
    ranges = [range(a, b) for a, b in zip(box.start, box.stop, strict=True)]
    return {(z, y, x) for z in ranges[0] for y in ranges[1] for x in ranges[2]}


@given(BOXES, BOXES)
@settings(max_examples=60, deadline=None)
def test_a_box_is_its_voxels(a: Box, b: Box) -> None:
    assert a.voxels == len(voxels_of(a)) == np.prod(a.shape)
    assert voxels_of(a.intersection(b)) == voxels_of(a) & voxels_of(b)
    assert a.covers(b) == (voxels_of(b) <= voxels_of(a))
    assert {p for p in voxels_of(b) if a.contains(p)} == voxels_of(a) & voxels_of(b)


@given(FULL_BOXES, HALOS, FULL_BOXES)
@settings(max_examples=60, deadline=None)
def test_a_grown_box_has_every_voxel_within_the_halo(box: Box, halo: tuple[int, int, int], within: Box) -> None:
    outer = Box.of_shape((16, 14, 12), (-8, -7, -6))
    near = {
        p
        for p in voxels_of(outer)
        if all(a - h <= v < b + h for v, a, b, h in zip(p, box.start, box.stop, halo, strict=True))
    }
    assert voxels_of(box.grown(halo, within=outer)) == near
    assert voxels_of(box.grown(halo, within=within)) == voxels_of(box.grown(halo)) & voxels_of(within)


@given(FULL_BOXES, FULL_BOXES)
@settings(max_examples=50, deadline=None)
def test_slices_find_the_box_in_an_array_that_begins_elsewhere(a: Box, b: Box) -> None:
    """An array that holds its own global coordinates says where the slices have cut."""
    inner = a.intersection(b)
    if not inner.voxels:
        return
    z = np.broadcast_to(np.arange(a.start[0], a.stop[0])[:, None, None], a.shape)
    x = np.broadcast_to(np.arange(a.start[2], a.stop[2]), a.shape)
    cut = inner.slices(origin=a.start)
    assert z[cut].shape == inner.shape
    assert (z[cut][:, 0, 0] == np.arange(inner.start[0], inner.stop[0])).all()
    assert (x[cut][0, 0] == np.arange(inner.start[2], inner.stop[2])).all()


@given(FULL_BOXES, st.tuples(*[st.integers(1, 6)] * 3), HALOS)
@settings(max_examples=60, deadline=None)
def test_cores_tile_the_bounds(bounds: Box, size: tuple[int, int, int], halo: tuple[int, int, int]) -> None:
    blocks = make_blocks(bounds, size, halo)
    count = np.zeros(bounds.shape, int)
    for block in blocks:
        count[block.core.slices(bounds.start)] += 1
        assert block.core.voxels
        assert block.box == block.core.grown(halo, within=bounds)
        assert block.box.covers(block.core)
        assert bounds.covers(block.box)
    assert (count == 1).all()
    assert [block.index for block in blocks] == list(range(len(blocks)))
    assert [block.core.start for block in blocks] == sorted(block.core.start for block in blocks)
    assert len({block.name for block in blocks}) == len(blocks)


@given(FULL_BOXES, st.tuples(*[st.integers(1, 6)] * 3), HALOS, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_what_a_block_sees_is_wide_enough(
    bounds: Box, size: tuple[int, int, int], halo: tuple[int, int, int], least: int
) -> None:
    """At least so many voxels, or all that there are; and no more than the halo where that is enough."""
    for block, plain in zip(make_blocks(bounds, size, halo, least=least), make_blocks(bounds, size, halo), strict=True):
        assert block.core == plain.core
        assert block.box.covers(plain.box)
        assert bounds.covers(block.box)
        for found, before, whole in zip(block.box.shape, plain.box.shape, bounds.shape, strict=True):
            assert found == max(before, min(least, whole))


def test_a_block_by_hand() -> None:
    """Bounds of 10 x 4 x 4 from z = 100, cores of 4 along z, a halo of 1."""
    blocks = make_blocks(Box((100, 0, 0), (110, 4, 4)), (4, 4, 4), (1, 1, 1))
    assert [(b.core.start[0], b.core.stop[0]) for b in blocks] == [(100, 104), (104, 108), (108, 110)]
    assert [(b.box.start[0], b.box.stop[0]) for b in blocks] == [(100, 105), (103, 109), (107, 110)]
    assert blocks[1].name == "z104-108_y0-4_x0-4"
    assert str(blocks[1].box) == "z 103..109, y 0..4, x 0..4"


def test_numpy_numbers_become_plain_ones() -> None:
    box = Box(np.zeros(3, np.int64), np.array([1, 2, 3], np.uint8))  # type: ignore[arg-type]
    assert [type(v) for v in (*box.start, *box.stop)] == [int] * 6
    assert hash(box) == hash(Box((0, 0, 0), (1, 2, 3)))


def test_blocks_do_not_change() -> None:
    (block,) = make_blocks(Box((0, 0, 0), (2, 2, 2)), 2)
    assert block == Block(0, Box((0, 0, 0), (2, 2, 2)), Box((0, 0, 0), (2, 2, 2)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.index = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Box((0, 0, 5), (1, 1, 4)), "must not stop before it starts"),
        (lambda: Box((0, 0), (1, 1)), "three whole numbers"),  # type: ignore[arg-type]
        (lambda: Box((0, 0, 0.5), (1, 1, 1)), "three whole numbers"),  # type: ignore[arg-type]
        (lambda: Box((0, 0, 0), (1, 1, 1)).grown(-1), "0 or more voxels"),
        (lambda: Box((0, 0, 0), (1, 1, 1)).slices(origin=(1, 0, 0)), "begins before the array's first voxel"),
        (lambda: make_blocks(Box((0, 0, 0), (4, 4, 4)), (4, 0, 4)), "1 or more voxels along each axis"),
        (lambda: make_blocks(Box((0, 0, 0), (4, 4, 0)), 4), "hold no voxel"),
    ],
)
def test_what_cannot_be(make: object, message: str) -> None:
    with pytest.raises(GraphkitError, match=message):
        make()  # type: ignore[operator]


def test_examples_in_the_text() -> None:
    result = doctest.testmod(graphkit_pipeline.blocks)
    assert result.attempted >= 2
    assert result.failed == 0
