"""Pictures of answers: one kind a module, each a plain function from the rows to a matplotlib figure.

    census          motifs (a bar a pattern, with its drawing), and motifs by type
    significance    motifs against a null model: z, with their drawings
    circuit         connections between types, or between a readable number of neurons
    layers          the same in layers, from who sends to who receives
    force           the same, what is strongly connected together
    similarity      how alike neurons connect, all with all
    matrix          connections between many types; flow from region to region
    hops            what comes from whom over one, two, ... connections
    comparison      connections, or types, of two sides or of two datasets, beside each other
    components      how many neurons there are in components of each size
    paths           paths, a column a step
    regions         the tree of regions
    skeletons       axon and dendrite of neurons, drawn
    curve           rich club, degrees, connection probability by distance, percolation, Sholl profiles
    bars            partners, types, transmitters and other names with a figure

Which one is natural, the columns of the answer tell; where none is, ``plot`` says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import GraphkitError, NotAnswerableError, did_you_mean

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure

    from graphkit.query.result import Result

__all__ = ["KINDS", "check_kind", "picture_format", "plot", "save_plot"]

KINDS = (
    "census",
    "significance",
    "circuit",
    "layers",
    "force",
    "matrix",
    "comparison",
    "components",
    "hops",
    "paths",
    "regions",
    "similarity",
    "skeletons",
    "curve",
    "bars",
)


def plot(result: Result, kind: str | None = None, *, colour_by: str | None = None, title: str | None = None) -> Figure:
    """The picture of an answer; ``kind`` where it is not to be the natural one.

    ``colour_by``: the column of the neurons that gives the discs of circuits and paths their colours (type, class, side, one of
    the user's own); their transmitter where not given. Of a type, what most of its neurons have. ``title``: in place of the
    question; none where it is empty.

    Raises:
        NotAnswerableError: no picture (or not this one) fits the answer, or it would have too much in it to be read.
        MissingExtraError: matplotlib is not installed.
    """
    from graphkit.views.draw import draw
    from graphkit.views.figure import own_style
    from graphkit.views.natural import fits, natural_kind

    check_kind(kind)
    if not len(result):
        raise NotAnswerableError(f"The answer to {result.question!r} has no rows to draw.", hint="Ask for more.")
    chosen = kind or natural_kind(result)
    if chosen is None or not fits(result, chosen):
        raise _no_picture(result, kind)
    if colour_by is not None:
        colour_by = _column(result, chosen, colour_by)
    with own_style():
        return draw(result, chosen, colour_by, title)


def check_kind(kind: str | None) -> None:
    """Raises GraphkitError where there is no such kind of picture."""
    if kind is not None and kind not in KINDS:
        raise GraphkitError(
            f"There is no kind of picture {kind!r}.", hint=did_you_mean(kind, KINDS) or f"There are {', '.join(KINDS)}."
        )


def picture_format(path: str | os.PathLike[str]) -> str:
    """png, svg or pdf, by the file's suffix.

    Raises:
        GraphkitError: another suffix.
    """
    from graphkit.views.figure import FORMATS

    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise GraphkitError(f"The suffix of {str(path)!r} names no kind of picture.", hint="Use .png, .svg or .pdf.")
    return suffix


def save_plot(
    result: Result, path: str | os.PathLike[str], kind: str | None = None, *, colour_by: str | None = None
) -> None:
    """Writes the picture of an answer to a .png, .svg or .pdf file, whole or not at all.

    Raises:
        NotAnswerableError: as ``plot``.
        GraphkitError: another suffix, or the file cannot be written.
    """
    from graphkit.exporters import replacing
    from graphkit.views.figure import figure_bytes

    form = picture_format(path)
    data = figure_bytes(plot(result, kind, colour_by=colour_by), form)
    with replacing(Path(path)) as file:
        file.write(data)


def _column(result: Result, kind: str, name: str) -> str:
    from graphkit.query.vocabulary import quoted_name

    if kind not in ("circuit", "layers", "force", "paths") or result.dataset is None:
        raise NotAnswerableError(
            f"A picture of the kind {kind!r} has no colours by {name!r}.",
            hint="Circuits and paths have discs with colours.",
        )
    column = result.dataset.vocabulary.group(name)
    if not result.dataset.sql(f"SELECT count({quoted_name(column)}) AS n FROM neurons").scalar():
        raise NotAnswerableError(
            f"No neuron of this dataset has a {column}, so there is nothing to colour by.", hint="Leave it out."
        )
    return column


def _listed(kinds: list[str]) -> str:
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} or {kinds[-1]}"


def _no_picture(result: Result, kind: str | None) -> NotAnswerableError:
    from graphkit.views.natural import fits

    what = f"No picture of the kind {kind!r} fits" if kind else "No picture is natural for"
    if others := [each for each in KINDS if kind and fits(result, each)]:
        return NotAnswerableError(
            f"{what} the answer to {result.question!r}.", hint=f"It can be drawn as {_listed(others)}."
        )
    return NotAnswerableError(
        f"{what} the answer to {result.question!r}.",
        hint="Motifs, connections (best `by type`), partners, types, regions, paths and curves have one, and so has any SQL "
        "with a column of names and one of numbers.",
    )
