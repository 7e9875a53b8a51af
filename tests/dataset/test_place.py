"""Place codes beside their definition: the bits of three indices, interleaved one by one."""

from __future__ import annotations

import math
from itertools import pairwise

import duckdb
import hypothesis.strategies as st
from hypothesis import given, settings

from graphkit.place import place_ranges, placed_sql

_NM = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([-1025, -1024, -1, 0, 1023, 1024, 2**30 - 1, 2**30]))


def interleaved(*position_nm: int) -> int:
    """Cubes of 1,024 nm, counted from 2^20 of them below the origin and at most 2^21 of them; x in the lowest bit."""
    indices = [min(max(nm // 1024 + 2**20, 0), 2**21 - 1) for nm in position_nm]
    return sum((index >> bit & 1) << (3 * bit + axis) for axis, index in enumerate(indices) for bit in range(21))


@given(points=st.lists(st.tuples(_NM, _NM, _NM), min_size=1, max_size=30))
@settings(max_examples=20)
def test_a_code_is_the_interleaved_bits_of_the_cube(points: list[tuple[int, int, int]]) -> None:
    rows = ", ".join(f"({n}, {x}, {y}, {z})" for n, (x, y, z) in enumerate(points))
    query = placed_sql(f"(VALUES {rows}) t(n, x, y, z)", "x", "y", "z", "n")
    found = duckdb.connect().execute(f"SELECT place FROM ({query}) ORDER BY n").fetchall()
    assert [code for (code,) in found] == [interleaved(*point) for point in points]


def test_without_a_coordinate_there_is_no_place() -> None:
    query = placed_sql("(VALUES (1, 5, NULL::INTEGER, 7)) t(n, x, y, z)", "x", "y", "z", "n")
    assert duckdb.connect().execute(query).fetchall() == [(1, None)]


_corner = st.tuples(*[st.integers(-(2**31) + 1, 2**31 - 2)] * 3)
_width = st.tuples(*[st.one_of(st.integers(1, 3000), st.integers(1, 2**20))] * 3)


@given(
    low=_corner,
    width=_width,
    within=st.tuples(*[st.floats(0, 1, exclude_max=True)] * 3),
    most=st.sampled_from([1, 8, 256]),
)
def test_every_place_in_a_box_is_in_a_range(
    low: tuple[int, ...], width: tuple[int, ...], within: tuple[float, ...], most: int
) -> None:
    high = tuple(min(a + w, 2**31 - 1) for a, w in zip(low, width, strict=True))
    ranges = place_ranges(low, high, most=most)  # type: ignore[arg-type]
    assert all(a <= b < c for (a, b), (c, _) in pairwise(ranges)), "ascending, apart"
    point = [a + int(f * (b - a)) for a, b, f in zip(low, high, within, strict=True)]
    assert any(a <= interleaved(*point) <= b for a, b in ranges)


@given(low=st.tuples(*[st.integers(-5, 5)] * 3), width=st.tuples(*[st.integers(1, 6)] * 3))
def test_ranges_hold_nothing_else_where_there_may_be_enough(low: tuple[int, ...], width: tuple[int, ...]) -> None:
    corner, far = (tuple(1024 * v for v in vs) for vs in (low, map(sum, zip(low, width, strict=True))))
    ranges = place_ranges(corner, far, most=10_000)  # type: ignore[arg-type]
    assert sum(b - a + 1 for a, b in ranges) == math.prod(width)
