"""Colours of amounts, and the bar that says which is which: logarithmic where they are far apart, of two kinds where some are
below 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphkit.views.figure import BOTH_WAYS, SEQUENCE, plain_number, powers_of_ten, thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.image import AxesImage

__all__ = ["amounts_bar", "amounts_image", "amounts_scale"]

_LOGARITHMIC = 50.0
_BAR_IN = 0.17
_NOTHING = "#D0D0D0"


def amounts_scale(values: NDArray[np.float64]) -> Normalize:
    """Of what is not NaN: logarithmic where it spans more than a factor of 50, from -most to most where some are below 0."""
    from matplotlib.colors import LogNorm, Normalize, SymLogNorm

    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    most, least = np.abs(known).max(initial=0.0), np.abs(known[known != 0]).min(initial=np.inf)
    if low < 0 and most / least > _LOGARITHMIC:
        return SymLogNorm(most / _LOGARITHMIC, vmin=-most, vmax=most)
    if low < 0:
        return Normalize(-most, most)
    if low > 0 and high / low > _LOGARITHMIC:
        return LogNorm(low, high)
    return Normalize(0.0, high or 1.0)


def amounts_image(axes: Axes, values: NDArray[np.float64], norm: Normalize | None = None) -> AxesImage:
    """A square a value; what is NaN stays white, or grey where white is a value."""
    norm = norm or amounts_scale(values)
    signed = norm.vmin is not None and norm.vmin < 0
    axes.set_facecolor(_NOTHING if signed else "white")
    colours = BOTH_WAYS if signed else SEQUENCE
    return axes.imshow(values, cmap=colours, norm=norm, aspect="equal", interpolation="nearest")


def amounts_bar(axes: Axes, image: AxesImage, unit: str, size_in: tuple[float, float], *, shrink: float = 0.7) -> None:
    """The bar of the colours at the right of axes that are to be of this width and height; it is always as wide."""
    from matplotlib.colors import LogNorm, SymLogNorm

    figure, norm = axes.figure, image.norm
    wide, tall = size_in
    share = min(0.3, _BAR_IN / wide)
    bar = figure.colorbar(
        image, ax=axes, shrink=shrink, pad=0.08 / wide, fraction=share, aspect=shrink * tall / _BAR_IN
    )
    bar.set_label(unit)
    if isinstance(norm, SymLogNorm):
        most = float(norm.vmax or 1.0)
        tens = [10.0**k for k in range(-12, 13) if most / _LOGARITHMIC <= 10.0**k <= most]
        ticks = [*(-t for t in reversed(tens)), 0.0, *tens]
        bar.set_ticks(ticks, labels=[plain_number(t) for t in ticks])
        bar.minorticks_off()
    elif isinstance(norm, LogNorm):
        powers_of_ten(bar.ax.yaxis)
    else:
        known: NDArray[np.float64] = np.ma.masked_invalid(np.ma.asarray(image.get_array())).compressed()
        thousands(bar.ax.yaxis, whole=bool((known == np.round(known)).all()))
    bar.outline.set_visible(False)
