"""Named questions: found in folders, bound to typed parameters, and run.

>>> from graphkit.catalogue import Catalogue
>>> Catalogue().find("reciprocal_pairs").title
'Pairs of neurons that synapse onto each other'
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from graphkit.catalogue.folders import all_folders, read_folder, shipped_folder, user_folder
from graphkit.catalogue.question import Column, Parameter, Question
from graphkit.errors import CatalogueError, did_you_mean

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.result import Result

__all__ = ["Catalogue", "Column", "Parameter", "Question", "shipped_folder", "user_folder"]

_ORDER = ("Partners", "Types", "Neurons", "Transmitters", "Regions", "Motifs", "Synapses")
"""Of the groups; others follow by name."""


class Catalogue:
    """The questions of several folders; of a dataset (``brain.catalogue``), they can be run.

    Args:
        folders: of your own, before those of GRAPHKIT_QUERIES, the user's and graphkit's.
    """

    def __init__(self, dataset: Dataset | None = None, *, folders: Iterable[str | os.PathLike[str]] = ()) -> None:
        self._dataset = dataset
        self.folders = all_folders(folders)
        self._questions: dict[str, Question] = {}
        self.broken: dict[str, CatalogueError] = {}
        """What is wrong with files that cannot be read, by name."""
        for folder in self.folders:
            questions, broken = read_folder(folder)
            taken = self._questions.keys() | self.broken.keys()
            self._questions |= {q.name: q for q in questions if q.name not in taken}
            self.broken |= {name: error for name, error in broken.items() if name not in taken}

    def __repr__(self) -> str:
        return f"<catalogue of {len(self._questions)} questions>"

    def list(self, group: str | None = None) -> builtins.list[Question]:
        """All questions, or those of a group, in the order of groups and names."""
        rank = {name: i for i, name in enumerate(_ORDER)}
        found = [q for q in self._questions.values() if group is None or q.group.casefold() == group.casefold()]
        return sorted(found, key=lambda q: (rank.get(q.group, len(rank)), q.group, q.name))

    def search(self, words: str) -> builtins.list[Question]:
        """Questions that hold every word, those with the words in their names first."""
        wanted = words.casefold().replace("_", " ").split()
        ranked: builtins.list[tuple[int, int, Question]] = []
        for question in self.list():
            places = [f"{question.name} {question.title}".replace("_", " "), question.group, question.about]
            described = [
                *((p.name, p.meaning) for p in question.parameters),
                *((c.name, c.meaning) for c in question.columns),
            ]
            places += [f"{name} {meaning}".replace("_", " ") for name, meaning in described]
            folded = [p.casefold() for p in places]
            if all(any(word in place for place in folded) for word in wanted):
                ranked.append((-sum(word in folded[0] for word in wanted), len(ranked), question))
        return [question for *_, question in sorted(ranked, key=lambda r: r[:2])]

    def find(self, name: str) -> Question:
        """The question of that name; ``-`` counts as ``_``.

        Raises:
            CatalogueError: there is none, or its file is broken.
        """
        wanted = name.replace("-", "_").casefold()
        for known in (*self._questions, *self.broken):
            if known.casefold() == wanted:
                if known in self.broken:
                    raise self.broken[known]
                return self._questions[known]
        hint = did_you_mean(wanted, self._questions)
        raise CatalogueError(
            f"There is no question {name!r} in the catalogue.",
            hint=hint or "`graphkit catalogue` lists them, `graphkit catalogue search WORDS` looks for one.",
        )

    def run(self, name: str, /, *, limit: int | None = None, timeout: float | None = None, **values: Any) -> Result:
        """The answer to the question ``name``, its parameters given by name: ``run("strongest_inputs", neurons="EPG")``.

        Raises:
            CatalogueError: no such question, or a parameter is missing or does not fit.
            QueryError: a name is not in the dataset, or the dataset does not hold what is asked.
            TimeLimitError: it took more than ``timeout`` seconds.
        """
        from graphkit.catalogue.running import run_question
        from graphkit.stopping import limited

        if self._dataset is None:
            raise CatalogueError("This catalogue has no dataset.", hint='Use graphkit.open("mybrain").catalogue')
        with limited(timeout):
            return run_question(self.find(name), self._dataset, values, limit=limit)
