"""Figures that are the same bytes for the same data: made and written here, and nowhere else.

No figure passes through pyplot, so that nothing global is left behind and none needs a display. Colours are those of Okabe and
Ito (2008), and cividis (Nuñez et al. 2018) for amounts: both can be told apart with any kind of colour vision.
"""

from __future__ import annotations

import contextlib
import io
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
    "note_height",
    "own_labels",
    "own_style",
    "plain_axes",
    "plain_number",
    "powers_of_ten",
    "shortened",
    "text_width_in",
    "thousands",
    "title_height",
    "titled",
    "wrapped",
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
    "text.parse_math": False,  # a dollar sign in a name is one
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
    width = figure.get_figwidth()
    place: dict[str, Any] = {"x": 0.01, "ha": "left", "fontsize": _TITLE_PT, "fontweight": "bold", "color": INK}
    if figure.get_layout_engine() is None:
        place |= {"y": 1 - 0.12 / figure.get_figheight(), "va": "top"}
    if title:
        figure.suptitle("\n".join(_title_lines(title, width)), **place)
    if note:
        lines = wrapped(note, _room(width), _NOTE_PT)
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=_NOTE_PT, color="#555555")


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


def thousands(axis: Axis, *, whole: bool = False) -> None:
    """Numbers of an axis with thousands separators: 5,000; ``whole``: what is counted, so that there is no half."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if whole:
        axis.set_major_locator(MaxNLocator(nbins="auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))


def plain_number(value: float) -> str:
    """With thousands separators and a minus sign, without an exponent where it is large.

    >>> plain_number(1_500_000.0), plain_number(0.1 + 0.2), plain_number(-20)
    ('1,500,000', '0.3', '\u221220')
    """
    whole = abs(value) >= 1e5 or value == round(value)
    return (f"{value:,.0f}" if whole else f"{value:,.6g}").replace("-", "\u2212")


def powers_of_ten(axis: Axis) -> None:
    """Numbers of a logarithmic axis, or colour bar, as 10, 100, 1,000, or as 10\u2075 where they are many; none between them."""
    from math import log10

    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    def said(value: float, _: int | None = None) -> str:
        low, high = (abs(end) for end in axis.get_view_interval())
        power = round(log10(value)) if value > 0 else 0
        if min(low, high) > 0 and (max(low, high) > 2e5 or min(low, high) < 5e-5):
            return f"10{str(power).translate(_RAISED)}"
        return plain_number(value)

    axis.set_major_locator(LogLocator())
    axis.set_major_formatter(FuncFormatter(said))
    axis.set_minor_formatter(NullFormatter())


_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
_TITLE_PT, _NOTE_PT = 10.5, 8.0
_MOST_LINES = 4


def title_height(title: str, width_in: float) -> float:
    """How many inches the title of a figure of this width takes."""
    return 0.2 + 0.19 * len(_title_lines(title, width_in)) if title else 0.0


def note_height(note: str, width_in: float) -> float:
    """How many inches the note below a figure of this width takes."""
    return 0.15 + 0.15 * len(wrapped(note, _room(width_in), _NOTE_PT)) if note else 0.0


def _title_lines(title: str, width_in: float) -> list[str]:
    lines = wrapped(title, _room(width_in), _TITLE_PT, bold=True)
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1][:-4].rstrip() + " ..."]
    return lines or [""]


def _room(width_in: float) -> float:
    return 0.96 * width_in - 0.15


def text_width_in(text: str, size_pt: float, *, bold: bool = False) -> float:
    """How many inches a line of text is wide."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size_pt, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0]) / 72


def shortened(text: str, width_in: float, size_pt: float) -> str:
    """The text, without its middle where it is wider: "a very long ... number 12"."""
    if text_width_in(text, size_pt) <= width_in:
        return text
    kept = len(text) - 1
    while kept > 2 and text_width_in(_ends(text, kept), size_pt) > width_in:
        kept -= 1
    return _ends(text, kept)


def _ends(text: str, kept: int) -> str:
    return f"{text[: (kept + 1) // 2].rstrip()} \u2026 {text[len(text) - kept // 2 :].lstrip()}"


def wrapped(text: str, width_in: float, size_pt: float, *, bold: bool = False) -> list[str]:
    """The text in lines of at most this width; a word that is longer is cut into pieces."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width_in(longer, size_pt, bold=bold) <= width_in:
            lines[-1] = longer
            continue
        while text_width_in(word, size_pt, bold=bold) > width_in and len(word) > 1:
            fits = len(word) - 1
            while fits > 1 and text_width_in(word[:fits], size_pt, bold=bold) > width_in:
                fits -= 1
            lines.append(word[:fits])
            word = word[fits:]
        lines.append(word)
    return lines


def plain_axes(axes: Axes) -> None:
    """Without a box, ticks or scale: for drawings."""
    axes.set_axis_off()
    axes.set_aspect("equal")
