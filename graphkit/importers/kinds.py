"""What kind of connection a row is: chemical or electrical, from a word in a column, a map of words, or one for all."""

from __future__ import annotations

from collections.abc import Mapping

from graphkit.errors import ImportDataError
from graphkit.importers.cells import Cell, text_cell
from graphkit.importers.report import listed
from graphkit.importers.sources import Source
from graphkit.importers.work import Work
from graphkit.schema import KINDS
from graphkit.tables import quoted

__all__ = ["kind_cell"]

_WORDS = {
    "chemical": "chemical",
    "chem": "chemical",
    "electrical": "electrical",
    "electric": "electrical",
    "gap junction": "electrical",
    "gap_junction": "electrical",
    "gapjunction": "electrical",
    "gj": "electrical",
}


def kind_cell(
    work: Work,
    source: Source,
    column: str | None,
    kind: str | None,
    kind_map: Mapping[str, str] | None,
    *,
    filtered: bool,
) -> Cell:
    """The cell ``kind``: chemical, electrical, or, for a word that the map leaves out, ``?`` and the word.

    Raises:
        ImportDataError: an unknown kind, a map without a column, or words that nobody has said the meaning of.
    """
    for wanted in [*([kind] if kind is not None else []), *(kind_map or {}).values()]:
        if wanted not in KINDS:
            raise ImportDataError(f"{wanted!r} is no kind of connection; there are {' and '.join(KINDS)}.")
    if kind is not None and kind_map:
        raise ImportDataError("Both one kind for every row and a map of kinds were given.", hint="Give one of them.")
    if kind is not None:
        return Cell("kind", quoted(kind))
    if column is None:
        if kind_map:
            raise ImportDataError(
                f"A map of kinds was given, but no column of {source.name} is recognised as kind; its columns: "
                f"{listed(list(source.columns))}.",
                hint="Name it with --columns kind=NAME.",
            )
        return Cell("kind", "'chemical'")
    text = text_cell(source, column, "kind", keep_na=True).value
    if kind_map:
        return Cell("kind", _mapped(text, kind_map), column=column)
    return _known_words(work, source, column, text, filtered)


def _guess(word: str) -> str:
    """What the word of an example probably means."""
    return "electrical" if any(part in word.casefold() for part in ("gap", "elec", "ej")) else "chemical"


def _mapped(text: str, words: Mapping[str, str]) -> str:
    whens = " ".join(f"WHEN {text} = {quoted(word)} THEN {quoted(kind)}" for word, kind in words.items())
    return f"CASE {whens} ELSE '?' || coalesce({text}, '') END"


def _known_words(work: Work, source: Source, column: str, text: str, filtered: bool) -> Cell:
    rows = work.connection.execute(
        f"SELECT {text} AS word, count(*) FROM {source.relation} GROUP BY word ORDER BY count(*) DESC, word LIMIT 20"
    ).fetchall()
    unknown = [word for word, _ in rows if word is not None and word.casefold() not in _WORDS]
    if not unknown:
        return Cell(
            "kind", _mapped(f"lower({text})", {**_WORDS}).replace("ELSE '?' ||", "ELSE 'chemical' ||"), column=column
        )
    said = ", ".join(f"{word!r} ({n:,} {'row' if n == 1 else 'rows'})" for word, n in rows[:8])
    if filtered and len(unknown) == len(rows):
        work.ledger.note(
            f"Column {column!r} of {source.name} says {said} in the selected rows; they were all read as chemical "
            "synapses. --kind or --kind-map says otherwise."
        )
        return Cell("kind", "'chemical'")
    example = ",".join(f"{word}={_guess(word)}" for word, _ in rows[:4] if word)
    raise ImportDataError(
        f"Column {column!r} of {source.name} seems to say what kind of connection a row is: {said}.",
        hint=f"Say what the words mean, e.g. --kind-map {example} (others are left out and counted), or "
        "give one kind for every row: --kind chemical",
    )
