"""Where the catalogue's files lie: folders given, GRAPHKIT_QUERIES, the user's own, and those that come with graphkit.

Of two files of a name, that of the earlier folder counts. A broken file is told and left out; the others still work.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from graphkit.catalogue.header import LANGUAGES, parse_question
from graphkit.catalogue.question import Question
from graphkit.errors import CatalogueError

__all__ = ["all_folders", "read_folder", "shipped_folder", "user_folder"]

_LARGEST_BYTES = 1 << 20


def shipped_folder() -> Path:
    """The questions that come with graphkit: in the installed package, or in the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_queries"
    return installed if installed.is_dir() else package.parent / "queries"


def user_folder() -> Path:
    """The user's own questions."""
    from platformdirs import user_data_path

    return user_data_path("graphkit") / "queries"


def all_folders(given: Iterable[str | os.PathLike[str]] = ()) -> list[Path]:
    """The folders in the order in which they count.

    Raises:
        CatalogueError: one that was named is not there.
    """
    named = [Path(folder) for folder in given]
    named += [Path(folder) for folder in os.environ.get("GRAPHKIT_QUERIES", "").split(os.pathsep) if folder]
    for folder in named:
        if not folder.is_dir():
            hint = "It is one file a question (.sql, .match or .txt), as `graphkit catalogue show NAME` prints them."
            raise CatalogueError(f"There is no folder of questions at {str(folder)!r}.", hint=hint)
    folders = [*named, user_folder(), shipped_folder()]
    return [f for f in dict.fromkeys(folders) if f.is_dir()]


def read_folder(folder: Path) -> tuple[list[Question], dict[str, CatalogueError]]:
    """The questions of a folder, and by name what is wrong with its broken files."""
    questions: dict[str, Question] = {}
    broken: dict[str, CatalogueError] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in LANGUAGES or path.name.startswith(".") or not path.is_file():
            continue
        try:
            question = parse_question(path, _content(path))
            if question.name in questions:
                other = questions[question.name].path.name
                raise CatalogueError(f"{path}, line 1: {other} has the same name.", hint="Rename one of them.")
            questions[question.name] = question
        except CatalogueError as error:
            broken.setdefault(path.stem, error)
    return list(questions.values()), broken


def _content(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CatalogueError(f"{path}, line 1: The file is too large to be a question.", hint="Move it elsewhere.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise CatalogueError(f"{path}, line {line}: This is not UTF-8.", hint="Save the file as UTF-8.") from None
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror}.", hint="Ask its owner for read permission.") from None
