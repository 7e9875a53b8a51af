"""Answers that take more than one SELECT: one module a kind of question, each with a function ``answer``.

    def answer(form, dataset, planned) -> Answer
    def columns(form) -> list[str]                 of the answer, for `order by`

``COMPUTED`` names the module by the form's name; a form that is not in it is answered by the SQL of its plan alone. Modules are
imported when their question is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COMPUTED", "Answer", "cut"]

COMPUTED: dict[str, str] = {
    "match": "graphkit.query.answers.match",
    "motifs": "graphkit.query.answers.motifs",
    "paths": "graphkit.query.answers.paths",
    "reach": "graphkit.query.answers.reach",
    "hubs": "graphkit.query.answers.hubs",
    "similar": "graphkit.query.answers.similar",
    "statistics": "graphkit.query.answers.statistics",
    "ranking": "graphkit.query.answers.ranking",
    "roles": "graphkit.query.answers.roles",
    "rich_club": "graphkit.query.answers.curves",
    "degrees": "graphkit.query.answers.curves",
    "side_connections": "graphkit.query.answers.side_connections",
    "percolation": "graphkit.query.answers.curves",
    "distances": "graphkit.query.answers.curves",
    "components": "graphkit.query.answers.components",
    "communities": "graphkit.query.answers.communities",
    "spread": "graphkit.query.answers.spread",
    "effective": "graphkit.query.answers.effective",
    "similarities": "graphkit.query.answers.similarities",
    "similarity_clusters": "graphkit.query.answers.similarity_clusters",
    "morphology": "graphkit.query.answers.morphology",
    "compartments": "graphkit.query.answers.morphology",
    "strahler_orders": "graphkit.query.answers.morphology",
    "sholl": "graphkit.query.answers.sholl",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows, whether they are all, and sentences to read with them.

    ``timed_out``: the rows are those that were found until the time limit; ``complete`` is False then.
    ``interrupted``: they rest on a part of the work, and the notes say on which; such an answer is not kept.
    """

    table: pa.Table
    complete: bool = True
    notes: tuple[str, ...] = ()
    timed_out: bool = False
    interrupted: bool = False


def cut(table: pa.Table, limit: int | None, notes: tuple[str, ...] = ()) -> Answer:
    """The first ``limit`` rows of a table that holds all."""
    complete = limit is None or len(table) <= limit
    return Answer(table if complete else table.slice(0, limit), complete, notes)
