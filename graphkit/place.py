"""Place codes: points in the order of a space-filling curve, so that what lies together is stored together.

Space is cut into cubes of 1,024 nm. A cube's code interleaves the bits of its three indices (Morton order; Morton 1966):
21 bits an axis, offset by 2^20 so that negative positions have one too, x in the lowest bit. int32 nanometres reach
2.1 m, the code 1.07 m either side of the origin; what lies beyond is clamped to the outermost cube.
"""

from __future__ import annotations

__all__ = ["placed_sql"]

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
