"""Place codes: points in the order of a space-filling curve, so that what lies together is stored together.

Space is cut into cubes of 1,024 nm. A cube's code interleaves the bits of its three indices (Morton order; Morton 1966):
21 bits an axis, offset by 2^20 so that negative positions have one too, x in the lowest bit. int32 nanometres reach
2.1 m, the code 1.07 m either side of the origin; what lies beyond is clamped to the outermost cube.
"""

from __future__ import annotations

__all__ = ["CUBE_NM", "box_ranges", "morton", "placed_sql"]

CUBE_NM = 1024
_SHIFT = 10
_OFFSET = 1 << 20
_HIGHEST = (1 << 21) - 1
_SPREAD = (
    (32, 0x1F00000000FFFF),
    (16, 0x1F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)


def _index(position_nm: int) -> int:
    return min(max((position_nm >> _SHIFT) + _OFFSET, 0), _HIGHEST)


def _spread(value: int) -> int:
    for shift, mask in _SPREAD:
        value = (value | (value << shift)) & mask
    return value


def morton(x_nm: int, y_nm: int, z_nm: int) -> int:
    """The code of a point's cube.

    >>> morton(0, 0, 0) < morton(2000, 0, 0) < morton(0, 2000, 0) < morton(0, 0, 2000)
    True
    """
    x, y, z = (_spread(_index(p)) for p in (x_nm, y_nm, z_nm))
    return x | (y << 1) | (z << 2)


def placed_sql(source: str, x: str, y: str, z: str, keep: str) -> str:
    """A query over ``source`` (SQL) for the column ``keep`` and ``place``, from three expressions in nm.

    ``place`` is null where one of them is. One nested select a step: a common value is then computed once.
    """
    point = {"x": x, "y": y, "z": z}
    # least and greatest pass over nulls, so that these must be kept by hand
    columns = (
        f"CASE WHEN ({e}) IS NOT NULL "
        f"THEN least(greatest((({e})::BIGINT >> {_SHIFT}) + {_OFFSET}, 0), {_HIGHEST}) END AS {a}"
        for a, e in point.items()
    )
    query = f"SELECT {keep}, {', '.join(columns)} FROM {source}"
    for shift, mask in _SPREAD:
        steps = (f"({a} & {mask}) | (({a} & {mask >> shift}) << {shift}) AS {a}" for a in point)
        query = f"SELECT {keep}, {', '.join(steps)} FROM ({query})"
    return f"SELECT {keep}, x | (y << 1) | (z << 2) AS place FROM ({query})"


def box_ranges(low_nm: tuple[int, int, int], high_nm: tuple[int, int, int], most: int = 64) -> list[tuple[int, int]]:
    """Ranges of codes, first and last inclusive, that cover the half-open box; at most about ``most`` of them.

    They may cover more than the box: whoever uses them checks the positions too.
    """
    low = [_index(p) for p in low_nm]
    high = [_index(p - 1) for p in high_nm]
    if any(a > b for a, b in zip(low, high, strict=True)):
        return []
    covered = [(0, 0, 0, 21)]
    while True:
        finer: list[tuple[int, int, int, int]] = []
        for x, y, z, level in covered:
            finer += _children_touching(x, y, z, level, low, high) if level else [(x, y, z, level)]
        if len(finer) > most:
            break
        covered = finer
        if all(level == 0 for *_, level in covered):
            break
    ranges: list[tuple[int, int]] = []
    for first, last in sorted(_codes_of(*cell) for cell in covered):
        if ranges and ranges[-1][1] + 1 == first:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return ranges


def _children_touching(
    x: int, y: int, z: int, level: int, low: list[int], high: list[int]
) -> list[tuple[int, int, int, int]]:
    half = 1 << (level - 1)
    children = []
    for corner in range(8):
        start = (x + half * (corner & 1), y + half * (corner >> 1 & 1), z + half * (corner >> 2))
        if all(s <= h and s + half > a for s, a, h in zip(start, low, high, strict=True)):
            children.append((*start, level - 1))
    return children


def _codes_of(x: int, y: int, z: int, level: int) -> tuple[int, int]:
    first = _spread(x) | (_spread(y) << 1) | (_spread(z) << 2)
    return first, first + (1 << (3 * level)) - 1
