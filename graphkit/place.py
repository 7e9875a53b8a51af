"""Place codes: points in the order of a space-filling curve, so that what lies together is stored together.

Space is cut into cubes of 1,024 nm. A cube's code interleaves the bits of its three indices (Morton order; Morton 1966):
21 bits an axis, offset by 2^20 so that negative positions have one too, x in the lowest bit. int32 nanometres reach
2.1 m, the code 1.07 m either side of the origin; what lies beyond is clamped to the outermost cube.
"""

from __future__ import annotations

__all__ = ["place_ranges", "placed_sql"]

_SHIFT = 10
"""Of a position in nm, which gives its cube's index."""

_OFFSET = 1 << 20
_HIGHEST = (1 << 21) - 1
_SPREAD = (
    (32, 0x1F00000000FFFF),
    (16, 0x1F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)


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


def place_ranges(
    low_nm: tuple[int, int, int], high_nm: tuple[int, int, int], *, most: int = 256
) -> list[tuple[int, int]]:
    """Codes of all places in a box (x, y, z; from ``low_nm``, inclusive, to ``high_nm``, exclusive): (first, last), ascending.

    Where more than about ``most`` ranges would be needed, they hold more than the box: what is found there is looked at again.

    >>> place_ranges((0, 0, 0), (1024, 1024, 1024)) == [(7 << 60, 7 << 60)]
    True
    """
    low = [_cube(v) for v in low_nm]
    high = [_cube(v - 1) for v in high_nm]
    done: list[tuple[int, int]] = []
    waiting: list[tuple[int, tuple[int, ...]]] = [(0, (0, 0, 0))]  # code and corner of cubes of 2**bits cubes a side
    bits = _HIGHEST.bit_length()
    while waiting:
        side, codes = 1 << bits, 1 << 3 * bits
        cut: list[tuple[int, tuple[int, ...]]] = []
        for code, corner in waiting:
            ends = list(zip(corner, low, high, strict=True))
            if any(c > h or c + side <= lo for c, lo, h in ends):
                continue
            if all(lo <= c and c + side - 1 <= h for c, lo, h in ends):
                done.append((code, code + codes - 1))
            else:
                cut.append((code, corner))
        if len(done) + len(cut) > most:
            done += [(code, code + codes - 1) for code, _ in cut]
            break
        bits -= 1
        waiting = [
            (code + (part << 3 * bits), tuple(c + ((part >> axis & 1) << bits) for axis, c in enumerate(corner)))
            for code, corner in cut
            for part in range(8)
        ]
    ranges: list[tuple[int, int]] = []
    for first, last in sorted(done):
        if ranges and first == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return ranges


def _cube(value_nm: int) -> int:
    """The index of the cube that a position lies in."""
    return min(max((value_nm >> _SHIFT) + _OFFSET, 0), _HIGHEST)
