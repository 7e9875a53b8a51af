"""Figures that are the same bytes for the same data: made and written here, and nowhere else.

No figure passes through pyplot, so that nothing global is left behind and none needs a display. Colours are those of Okabe and
Ito (2008), and cividis (Nuñez et al. 2018) for amounts: both can be told apart with any kind of colour vision.
"""

from __future__ import annotations

import contextlib
import io
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphkitError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.patheffects import AbstractPathEffect

__all__ = [
    "BOTH_WAYS",
    "FORMATS",
    "GREY",
    "INK",
    "PALETTE",
    "SEQUENCE",
    "figure_bytes",
    "halo",
    "new_figure",
    "own_labels",
    "own_style",
    "plain_axes",
    "thousands",
    "title_height",
    "titled",
]

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
"""Okabe and Ito's, without black; the best told apart first."""

INK = "#222222"
GREY = "#9A9A9A"
SEQUENCE = "cividis"
"""Matplotlib's name of the colours of amounts."""

BOTH_WAYS = "PuOr"
"""Of amounts below and above 0: orange and purple (Brewer)."""

FORMATS = ("png", "svg", "pdf")
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that text has the same extent everywhere
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "graphkit",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}


def new_figure(width_in: float, height_in: float, *, by_hand: bool = False) -> Figure:
    """An empty figure of that size in inches; matplotlib places its axes, or, ``by_hand``, whoever draws.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    with own_style():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width_in, height_in), dpi=100, facecolor="white")
        FigureCanvasAgg(figure)
        if not by_hand:
            figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.08)
    return figure


@contextlib.contextmanager
def own_style() -> Iterator[None]:
    """Within it matplotlib has graphkit's settings, whatever the user's are: a picture is drawn in it from begin to end.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib import style
    except ImportError as error:
        raise MissingExtraError("matplotlib", "plot", "A picture") from error
    with style.context(["default", _STYLE]):
        yield


def figure_bytes(figure: Figure, kind: str, *, dpi: float = 160.0) -> bytes:
    """The figure as PNG, SVG or PDF; the same figure always gives the same bytes.

    Raises:
        GraphkitError: another kind.
    """
    if kind not in FORMATS:
        raise GraphkitError(f"There is no picture format {kind!r}.", hint=f"There are {', '.join(FORMATS)}.")
    undated: dict[str, Any] = {"png": {"Software": "graphkit"}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    out = io.BytesIO()
    with own_style():
        figure.savefig(out, format=kind, dpi=dpi, metadata=undated[kind])
    return out.getvalue()


def titled(figure: Figure, title: str, note: str = "") -> None:
    """The question on top, in the lines that it needs, and a grey line of detail below it."""
    characters = max(30, int(figure.get_figwidth() * 11))
    lines = _title_lines(title, figure.get_figwidth())
    place: dict[str, Any] = {"x": 0.01, "ha": "left", "fontsize": 10.5, "fontweight": "bold", "color": INK}
    if figure.get_layout_engine() is None:
        place |= {"y": 1 - 0.12 / figure.get_figheight(), "va": "top"}
    figure.suptitle("\n".join(lines), **place)
    if note:
        figure.supxlabel(
            "\n".join(textwrap.wrap(note, int(characters * 1.35))), x=0.01, ha="left", fontsize=8, color="#555555"
        )


def own_labels(names: Mapping[int, str | None]) -> dict[int, str]:
    """A label for each neuron, by id: its name, with the id where several are called so; the id where it has none.

    >>> own_labels({1: "EPG_L4", 2: "EPG_L4", 3: "PEG_R1", 4: None})
    {1: 'EPG_L4 (1)', 2: 'EPG_L4 (2)', 3: 'PEG_R1', 4: '4'}
    """
    often = Counter(names.values())
    return {i: str(i) if not name else name if often[name] == 1 else f"{name} ({i})" for i, name in names.items()}


def halo() -> list[AbstractPathEffect]:
    """A white edge around a text that may lie on lines."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.5, foreground="white")]


def thousands(axis: Axis) -> None:
    """Numbers of an axis with thousands separators: 5,000."""
    from matplotlib.ticker import StrMethodFormatter

    axis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def title_height(title: str, width_in: float) -> float:
    """How many inches the title of a figure of this width takes."""
    return 0.2 + 0.19 * len(_title_lines(title, width_in))


def _title_lines(title: str, width_in: float) -> list[str]:
    return textwrap.wrap(title, max(30, int(width_in * 11.6)), max_lines=4, placeholder=" ...") or [""]


def plain_axes(axes: Axes) -> None:
    """Without a box, ticks or scale: for drawings."""
    axes.set_axis_off()
    axes.set_aspect("equal")
