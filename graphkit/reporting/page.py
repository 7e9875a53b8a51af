"""Asks the questions of a report and sets its page."""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.errors import GraphkitError, MissingExtraError, NotAnswerableError
from graphkit.progress import Progress, silent
from graphkit.reporting.sections import Section, sections

if TYPE_CHECKING:
    import os

    from graphkit.dataset import Dataset
    from graphkit.query.result import Result

__all__ = ["Report", "report"]

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin-bottom: 0.1rem; } h2 { font-size: 1.2rem; margin: 2.4rem 0 0.3rem; }
p { margin: 0.3rem 0; } .quiet, .note { color: #595959; font-size: 0.87rem; }
code { background: #f3f3f1; padding: 0.1rem 0.35rem; border-radius: 3px; font-size: 0.85rem; }
nav { margin: 1rem 0; } nav a { margin-right: 0.9rem; white-space: nowrap; } a { color: #0072b2; }
table { border-collapse: collapse; margin: 0.7rem 0; font-size: 0.87rem; display: block; overflow-x: auto; }
th, td { padding: 0.18rem 0.7rem 0.18rem 0; text-align: left; border-bottom: 1px solid #e6e6e2; vertical-align: top; }
th { font-weight: 600; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.picture { overflow-x: auto; } img { max-width: max(100%, 36rem); height: auto; display: block; margin: 0.6rem 0; }
@media print { h2 { break-after: avoid; } .picture { break-inside: avoid; } nav { display: none; } }
"""


@dataclass(frozen=True, slots=True)
class Report:
    """A page, and how many of its questions were answered."""

    html: str
    answered: int
    left_out: int


def report(
    dataset: Dataset,
    region: str | None = None,
    *,
    min_synapses: int = 1,
    path: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
) -> Report:
    """One self-contained page about a region (or the whole dataset); written to ``path`` where given, whole or not at all.

    Each part names the question that it answers, to be asked again. Where the dataset gives totals of pairs only, the page is
    about the connections between the neurons that belong to the region. A question that the dataset cannot answer is named
    with the reason. The same dataset gives the same bytes.

    Raises:
        UnknownNameError: no such region.
        MissingExtraError: matplotlib is not installed.
        GraphkitError: the file cannot be written, or the minimum is not at least 1.
    """
    if min_synapses < 1:
        raise GraphkitError(f"The minimum of synapses is {min_synapses}; expected 1 or more.")
    from graphkit.views.figure import own_style

    with own_style():  # matplotlib is there, or it is said at once
        pass
    name = dataset.region_tree.find(region).name if region is not None else None
    quoted = "'" + name.replace("'", "''") + "'" if name is not None else None
    resolved = (dataset.snapshot.build or {}).get("resolved", {})
    located = bool(resolved.get("synapses")) or not resolved.get("unresolved")
    place = "" if quoted is None else f"in region {quoted}" if located else f"between neurons of region {quoted}"
    drawn = _RANDOM_GRAPHS if _count(dataset, place, min_synapses) <= _FEW_CONNECTIONS else 0
    asked = sections(place, min_synapses, located=located, region=quoted, random_graphs=drawn)
    parts, answered = [], 0
    for number, section in enumerate(asked):
        progress(section.heading.lower(), number / len(asked))
        body, good = _part(dataset, section)
        parts.append(f'<h2 id="{number}">{html.escape(section.heading)}</h2>\n{body}')
        answered += good
    links = " ".join(f'<a href="#{i}">{html.escape(s.heading)}</a>' for i, s in enumerate(asked))
    title = html.escape(name or dataset.name)
    about = "All regions." if name is None else f"Region {name}: {_about(dataset, name, located=located)}"
    if min_synapses > 1:
        about += f" Connections of at least {min_synapses} synapses."
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n<body>\n'
        f"<h1>{title}</h1>\n<p>{html.escape(about)}</p>\n"
        f'<p class="quiet">Dataset {html.escape(dataset.name)}, snapshot {dataset.snapshot.number}, by graphkit.</p>\n'
        f"<nav>{links}</nav>\n" + "\n".join(parts) + "\n</body></html>\n"
    )
    if path is not None:
        from graphkit.exporters import replacing

        with replacing(Path(path)) as file:
            file.write(page.encode())
    progress("done", 1.0)
    return Report(page, answered, len(asked) - answered)


_RANDOM_GRAPHS = 20
_FEW_CONNECTIONS = 100_000
"""Up to so many the random graphs take seconds."""


def _count(dataset: Dataset, place: str, least: int) -> int:
    """How many connections the page is about."""
    strong = f" with at least {least} synapses" if least > 1 else ""
    found = dataset.query(f"how many connections {place.replace('between', 'among', 1)}{strong}".strip())
    return int(found.scalar())


def _about(dataset: Dataset, name: str, *, located: bool) -> str:
    above = dataset.region_tree.path(dataset.region_tree.find(name).region_id)
    where = f"{above}. " if above != name else ""
    if located:
        return f"{where}Synapses located in it, and the neurons that have them."
    return f"{where}This dataset has totals of pairs only: connections between the neurons that belong to the region."


def _part(dataset: Dataset, section: Section) -> tuple[str, bool]:
    """The HTML of a section, and whether its question was answered."""
    words = f"<p>{html.escape(section.words)}</p>\n" if section.words else ""
    try:
        result = dataset.query(section.question)
    except (NotAnswerableError, MissingExtraError) as error:
        question = f"<p><code>{html.escape(section.question)}</code></p>\n"
        return f'{question}<p class="note">Not answered: {html.escape(str(error))}</p>', False
    body = f"{words}<p><code>{html.escape(result.question)}</code></p>\n"
    if not len(result):
        return f'{body}<p class="note">Nothing in this dataset meets the question.</p>', True
    if section.picture:
        body += _picture(result, section.heading, section.kind)
    if section.rows:
        body += _table(result, section.rows)
    return body + "".join(f'<p class="note">{_said(n)}</p>\n' for n in _notes(result, section.rows)), True


def _said(note: str) -> str:
    """A note, with the names of columns in it in italics."""
    return re.sub(r"`(.+?)`", r"<i>\1</i>", html.escape(note))


def _notes(result: Result, rows: int) -> list[str]:
    notes = [n for n in result.notes if not n.startswith("Only the first")]
    if rows and len(result) > rows:
        notes.append(f"The first {rows} of {len(result):,} rows.")
    return notes


def _picture(result: Result, heading: str, kind: str | None) -> str:
    from graphkit.views.figure import figure_bytes

    try:
        data = figure_bytes(result.plot(kind, title=""), "svg")
    except NotAnswerableError as error:
        return f'<p class="note">No picture: {html.escape(str(error))}</p>\n'
    alt = html.escape(f"{heading}: {result.question}")
    image = base64.b64encode(data).decode()
    return f'<div class="picture"><img alt="{alt}" src="data:image/svg+xml;base64,{image}"></div>\n'


def _table(result: Result, rows: int) -> str:
    import pyarrow as pa

    empty = [c for c in result.columns if result.table[c].null_count == len(result)]
    shown = result.table.drop_columns(empty).slice(0, rows)
    numbers = [
        (pa.types.is_integer(f.type) or pa.types.is_floating(f.type)) and not f.name.endswith("_id")
        for f in shown.schema
    ]
    head = "".join(_cell("th", name, number) for name, number in zip(shown.column_names, numbers, strict=True))
    body = "".join(
        f"<tr>{''.join(_cell('td', v, number) for v, number in zip(row.values(), numbers, strict=True))}</tr>\n"
        for row in shown.to_pylist()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>\n"


def _cell(tag: str, value: object, number: bool) -> str:
    if isinstance(value, float):
        text = f"{value:,.6g}"
    elif number and isinstance(value, int):
        text = f"{value:,}"
    else:
        text = "" if value is None else str(value)
    return f"<{tag}{' class=number' if number else ''}>{html.escape(text)}</{tag}>"
