"""An answer as plain text: aligned columns or Markdown, every row, digits only; and the text of a single value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.query.result import Result

__all__ = ["cell_text", "is_number", "markdown_lines", "plain_lines"]

_CONTROL = {i: repr(chr(i))[1:-1] for i in (*range(32), *range(127, 160))}
"""Control characters in names, made visible: a line end breaks a table, an escape sequence commands a terminal."""


_EXACT = 1e15
"""Below it whole numbers are exact as floats, and shown with all their digits."""

_WHOLE = 1e6
"""From it on six digits are no fraction: a mean of millions is shown as whole as they are, and not as 1.5e+07."""


def cell_text(value: Any, *, share: bool = False) -> str:
    """A value as it stands in a table; ``share``: with four digits."""
    if value is None:
        return ""
    if isinstance(value, float):
        if share:
            return f"{value:.4f}"
        whole = (value.is_integer() or abs(value) >= _WHOLE) and abs(value) < _EXACT
        return f"{value:.0f}" if whole else f"{value:.6g}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):  # nothing known is null here as in files, and None only in Python
        items = ("null" if v is None else repr(v) if isinstance(v, str) else cell_text(v) for v in value)
        return f"[{', '.join(items)}]".translate(_CONTROL)
    return str(value).translate(_CONTROL)


def _cells(result: Result) -> tuple[list[list[str]], list[bool]]:
    """Text of every cell by column, and which columns are numbers."""
    columns, numeric = [], []
    for name, column in zip(result.columns, result.table.columns, strict=True):
        kind = column.type
        numeric.append(is_number(kind))
        columns.append([cell_text(v, share=name == "share") for v in column.to_pylist()])
    return columns, numeric


def plain_lines(result: Result) -> Iterable[str]:
    """A heading and a line a row, in aligned columns."""
    columns, numeric = _cells(result)
    widths = [max([len(n), *map(len, c)]) for n, c in zip(result.columns, columns, strict=True)]

    def line(cells: Iterable[str]) -> str:
        parts = (c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numeric, strict=True))
        return "  ".join(parts).rstrip()

    yield line([c.translate(_CONTROL) for c in result.columns])
    for row in zip(*columns, strict=True):
        yield line(row)


def markdown_lines(result: Result) -> Iterable[str]:
    """The lines of a table in Markdown."""
    columns, numeric = _cells(result)

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(c.translate(_CONTROL).replace("|", "\\|") for c in cells) + " |"

    yield line(result.columns)
    yield "|" + "|".join("---:" if n else "---" for n in numeric) + "|"
    for row in zip(*columns, strict=True):
        yield line(row)


def is_number(kind: pa.DataType) -> bool:
    """Whether a column holds numbers, which are set flush right."""
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
