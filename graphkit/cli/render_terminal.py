"""An answer as a table on a terminal: with rules and thousands separators, as many rows as fit a reader.

A number is never cut or wrapped. Where the columns are wider than the terminal, first the headings are broken, then what is
the same in every row goes below the table, and last columns of text, then of numbers, are left out and named on stderr.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from graphkit.cli.render_plain import cell_text, is_number
from graphkit.cli.terminal import say

if TYPE_CHECKING:
    from rich.console import Console

    from graphkit.query.result import Result

__all__ = ["print_table"]

_ROWS = 60
_BETWEEN = 2
_LARGEST_COUNT = 10**15
"""Integers beyond it are ids of some kind, and get no thousands separators."""

_Columns = dict[str, list[str]]


def print_table(result: Result) -> None:
    """Prints the answer on stdout, a terminal; what is not shown is named on stderr."""
    from rich.console import Console

    console = Console(color_system=None) if os.environ.get("NO_COLOR") else Console()
    shown = result.table.slice(0, _ROWS)
    empty = [n for n in result.columns if len(shown) and shown[n].null_count == len(shown)]
    numbers = {n for n in result.columns if is_number(shown.schema.field(n).type)}
    columns = {
        n: [_pretty(n, v, unicode=console.encoding.startswith("utf")) for v in shown[n].to_pylist()]
        for n in result.columns
        if n not in empty
    }
    headings, same, hidden = _fitted(columns, numbers, console.width)
    _print(console, {n: columns[n] for n in headings}, headings, numbers)
    if same:
        console.print(
            "in every row: " + ", ".join(f"{n} {columns[n][0]}" for n in same),
            style="dim",
            markup=False,
            highlight=False,
        )
    if len(result) > _ROWS:
        say(f"... and {len(result) - _ROWS:,} more rows: all of them with -o FILE or through a pipe.")
    if empty:
        say(f"(without a value here: {', '.join(empty)})")
    if hidden:
        say(f"(no room for: {', '.join(hidden)}; a wider terminal, -o FILE or a pipe has them)")


def _print(console: Console, columns: _Columns, headings: dict[str, str], numbers: set[str]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, header_style="bold cyan", pad_edge=False, collapse_padding=True, show_edge=False)
    for name in columns:
        table.add_column(
            Text(headings[name]),
            justify="right" if name in numbers else "left",
            no_wrap=name in numbers,
            overflow="fold",
        )
    for row in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, row))
    console.print()
    console.print(table)
    console.print()


def _fitted(columns: _Columns, numbers: set[str], width: int) -> tuple[dict[str, str], list[str], list[str]]:
    """(heading of each column shown, columns that are the same in every row and told below, columns left out)."""
    headings = {n: n for n in columns}
    same: list[str] = []
    hidden: list[str] = []
    if _width(columns, headings) <= width:
        return headings, same, hidden
    headings = {n: n.replace("_", "_\n", 1) if len(n) > 8 else n for n in columns}
    texts = [n for n in columns if n not in numbers]
    for name in texts[1:] if len(texts) == len(columns) else texts:
        if _width(columns, headings) <= width:
            break
        if len(columns[name]) > 1 and len(set(columns[name])) == 1:
            same.append(name)
            del headings[name]
    can_wrap = {n for n in texts if n in headings and any(" " in cell for cell in columns[n])}
    others = [n for n in reversed(headings) if n not in numbers and n not in can_wrap]
    figures = [n for n in reversed(headings) if n in numbers and not n.endswith("_id")]
    for name in (*others, *figures):
        if _width(columns, headings, can_wrap) <= width or len(headings) == 1:
            break
        hidden.insert(0, name)
        del headings[name]
    return headings, same, hidden


_WRAPPED = 16
"""The least width of a column of words."""


def _width(columns: _Columns, headings: dict[str, str], can_wrap: set[str] | frozenset[str] = frozenset()) -> int:
    from rich.cells import cell_len

    widths = []
    for name, heading in headings.items():
        longest = max(map(cell_len, [*heading.split("\n"), *columns[name]]))
        widths.append(min(longest, max(_WRAPPED, cell_len(heading))) if name in can_wrap else longest)
    return sum(widths) + _BETWEEN * (len(widths) - 1)


def _pretty(name: str, value: Any, *, unicode: bool) -> str:
    if name == "pattern" and isinstance(value, str):
        return _short(value, "<->" if not unicode else "\u2194", "->" if not unicode else "\u2192")
    if isinstance(value, int) and not isinstance(value, bool):
        is_id = name == "id" or name.endswith("_id") or abs(value) >= _LARGEST_COUNT
        return str(value) if is_id else f"{value:,}"
    if isinstance(value, float) and name == "share":
        return f"{100 * value:.1f} %"
    return cell_text(value)


def _short(pattern: str, both: str, one: str) -> str:
    """'(a)->(b), (b)->(a), (b)->(c)' as 'a<->b b->c'."""
    edges = re.findall(r"\((\w)\)->\((\w)\)", pattern)
    parts = []
    for pre, post in edges:
        if (post, pre) not in edges:
            parts.append(f"{pre}{one}{post}")
        elif pre < post:
            parts.append(f"{pre}{both}{post}")
    alone = [n for n in re.findall(r"\((\w)\)", pattern) if not any(n in e for e in edges)]
    return " ".join([*parts, *dict.fromkeys(alone)])
