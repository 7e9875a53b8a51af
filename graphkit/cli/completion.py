"""What the tab key completes: words, regions, types, sets, columns and tables, by what stands before the cursor."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphkit.errors import GraphkitError

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["COMMANDS", "OPENINGS", "WORDS", "completions", "is_sql", "sets", "views"]

COMMANDS = ("\\d", "\\explain", "\\format", "\\help", "\\limit", "\\o", "\\q", "\\sets", "\\timeout")

OPENINGS = (
    *("motifs in region", "motifs between neurons of", "neurons in", "neurons of", "neurons where"),
    *("types in", "regions", "inputs of", "outputs of", "partners of", "connections from"),
    *("connections between", "gap junctions", "synapses from", "MATCH", "SELECT"),
)
WORDS = (
    *("in region", "of", "from", "to", "between", "among", "and", "or", "not", "where", "by type"),
    *(
        "by region",
        "by side",
        "by class",
        "with at least",
        "synapses",
        "per region",
        "with transmitter",
        "with compartment",
    ),
    *("with electrical synapses", "without autapses", "limit", "type", "class", "side", "name", "neurons of"),
    *("neurons where", "any neuron", "is null"),
)
_SQL_WORDS = (
    *("SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "USING", "COUNT(*)", "SUM("),
    *("DESC", "HAVING", "DISTINCT", "AS", "AND", "OR", "NOT", "IN", "LIKE", "WITH", "MIN(", "MAX(", "AVG("),
)
_MATCH_WORDS = (
    *("RETURN count", "RETURN exists", "RETURN sample", "RETURN", "WHERE", "IN", "BETWEEN NEURONS OF", "NOT", "LIMIT"),
    *("ORDER BY", "synapses"),
)
_MOST = 200


def is_sql(text: str) -> bool:
    """Whether a question is SQL: no English and no MATCH begins with these words."""
    return re.match(r"\s*(select|with|from|describe|pivot)\b", text, re.IGNORECASE) is not None


def completions(brain: Dataset, before: str) -> list[tuple[str, int]]:
    """What the text ``before`` the cursor can go on with, and how many of its last characters that takes the place of."""
    word = re.search(r"\\?[@\w][\w.()*'/+-]*$|\\$|@$|'[^']*$|\"[^\"]*$", before)
    begun = word[0] if word else ""
    folded = begun.strip("'\"").casefold()
    found: dict[str, None] = {}
    for candidate in _candidates(brain, before[: len(before) - len(begun)], begun):
        if candidate.strip("'\"").casefold().startswith(folded):
            found[candidate] = None
            if len(found) == _MOST:
                break
    return [(text, len(begun)) for text in found]


def _candidates(brain: Dataset, earlier: str, begun: str) -> Iterator[str]:
    if begun.startswith("\\"):
        yield from COMMANDS if not earlier.strip() else ()
        return
    if begun.startswith("@"):
        yield from sets(brain)
        return
    earlier = re.sub(r"^\s*\\explain\b", "", earlier)
    if re.match(r"\s*\\d\b", earlier):
        yield from views(brain)
        return
    if is_sql(earlier):
        with contextlib.suppress(GraphkitError):
            yield from views(brain)
            yield from (_named(c, '"') for c in brain.vocabulary.columns)
        yield from _SQL_WORDS
        return
    if not earlier.strip():
        yield from OPENINGS
        return
    if re.match(r"\s*match\b", earlier, re.IGNORECASE):
        yield from _MATCH_WORDS
    else:
        yield from WORDS
    with contextlib.suppress(GraphkitError):
        yield from (_named(n.name) for n in brain.region_tree.by_id.values())
        if re.search(r"\b(where|and|or|not|order by)\s*\(?\s*$", earlier, re.IGNORECASE):
            yield from (_named(c, '"') for c in brain.vocabulary.columns)
        for column in ("type", "class", "side", "nt"):
            if column in brain.vocabulary.columns:
                yield from map(_named, brain.vocabulary.values(column))
        yield from sets(brain)


def _named(name: str, quote: str = "'") -> str:
    """A name as it stands in a question: in quotes where it is more than a word."""
    if re.fullmatch(r"[^\W\d]\w*", name):
        return name
    quote = '"' if quote in name else quote
    return quote + name.replace(quote, quote * 2) + quote


def views(brain: Dataset) -> list[str]:
    """The tables that SQL reads."""
    own = ["detected_synapses"] if brain.has("synapses") else []
    annotated = ["annotations", "neurons_unannotated"] if brain.annotations is not None else []
    return sorted([*brain.snapshot.tables, *own, *annotated])


def sets(brain: Dataset) -> list[str]:
    """The sets of neurons that questions can name, as @mine."""
    from graphkit.query.saved_sets import saved_names

    return [f"@{name}" for name in [*brain.sets, *(n for n in saved_names(brain) if n not in brain.sets)]]
