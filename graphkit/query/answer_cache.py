"""Answers that were given before: the same question twice is instant.

An answer's key is what it depends on: graphkit's own code, the dataset's digest (snapshot and annotations) and the typed form.
One file an answer, in the user's cache folder: a line that says what it is, the SHA-256 of the rest, then JSON and the rows as
an Arrow stream. It is written beside its place and moved there, so that a process that dies, or two that answer the same, leave
no half of one; a file that is not what its digest says is thrown away and made again. Answers that a time limit cut are not kept.

GRAPHKIT_ANSWER_CACHE bounds the folder (256MB if not set; 0 keeps nothing). What was not asked for the longest time goes first.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit._version import __version__
from graphkit.errors import GraphkitError, QueryError
from graphkit.query import ir
from graphkit.query.cache_folder import user_cache

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query.answers import Answer

__all__ = [
    "cached_answer",
    "cached_rows",
    "is_kept",
    "keep_answer",
    "keep_rows",
    "limit_bytes",
    "remember_form",
    "remembered_form",
]

_MAGIC = b"graphkit answer 1\n"
_DIGEST = 64
_DEFAULT = "256MB"
_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_MOST_FILES = 4096
_ABANDONED_S = 3600.0
_SMALL_BYTES = 8 << 20
"""An answer of at most this size is always kept, a larger one if it took ``_SLOW_S``: reading it again must be worth it."""

_SLOW_S = 0.5


def limit_bytes() -> int:
    """How large all kept answers may be together.

    Raises:
        GraphkitError: GRAPHKIT_ANSWER_CACHE is no size.
    """
    text = os.environ.get("GRAPHKIT_ANSWER_CACHE", _DEFAULT)
    size = re.fullmatch(r"\s*(\d{1,15})\s*([KMGT]?)I?B?\s*", text.upper())
    if size is None:
        raise GraphkitError(
            f"GRAPHKIT_ANSWER_CACHE is {text!r}, which is not a size.", hint="For example: 256MB, or 0."
        )
    return int(size[1]) * _UNITS[size[2]]


@functools.cache
def _code() -> str:
    """Names the code that answers: the version, and (between versions) when which source was changed."""
    package = Path(__file__).parents[1]
    seen = []
    for folder, _, names in os.walk(package):
        for name in names:
            if name.endswith((".py", ".lark")):
                stat = os.stat(f"{folder}/{name}")  # noqa: PTH116 - 200 of them in 2 ms
                seen.append(f"{folder}/{name} {stat.st_size} {stat.st_mtime_ns}")
    return f"{__version__} {hashlib.sha256(' '.join(sorted(seen)).encode()).hexdigest()}"


def _path(dataset: Dataset, kind: str, text: str) -> Path | None:
    cache = user_cache() if limit_bytes() else None
    if cache is None:
        return None
    key = hashlib.sha256("\0".join((kind, _code(), dataset.digest, text)).encode()).hexdigest()[:40]
    return cache / "answers" / f"{key}.{kind}"


# -- answers ----------------------------------------------------------------------------------------------------


def cached_answer(form: ir.Form, dataset: Dataset) -> Answer | None:
    """The answer as it was given before; None where it is not known."""
    return cached_rows(ir.to_json(form), dataset)


def cached_rows(text: str, dataset: Dataset) -> Answer | None:
    """The answer to what ``text`` says in full (a form, or a statement with its parameters); None where it is not known."""
    path = _path(dataset, "answer", text)
    data = None if path is None else _checked.pop(path, None) or _whole(path)
    if data is None:
        return None
    import pyarrow as pa

    from graphkit.query.answers import Answer

    start = len(_MAGIC) + _DIGEST
    end = data.index(b"\n", start)
    head = json.loads(data[start:end])
    table = pa.ipc.open_stream(pa.py_buffer(data)[end + 1 :]).read_all()
    return Answer(table, head["complete"], tuple(head["notes"])) if head["form"] == text else None


def is_kept(form: ir.Form, dataset: Dataset) -> bool:
    """Whether ``cached_answer`` will give the answer; it then does, whatever happens to the file in between."""
    path = _path(dataset, "answer", ir.to_json(form))
    data = None if path is None else _whole(path)
    if path is None or data is None:
        return False
    _checked[path] = data
    return True


_checked: dict[Path, bytes] = {}


def _whole(path: Path) -> bytes | None:
    """The file's bytes if they are what was written; what is not is removed."""
    try:
        data = path.read_bytes()
        start = len(_MAGIC) + _DIGEST
        if data.startswith(_MAGIC) and hashlib.sha256(data[start:]).hexdigest().encode() == data[len(_MAGIC) : start]:
            os.utime(path)
            return data
        path.unlink()
    except OSError:
        pass
    return None


def keep_answer(form: ir.Form, dataset: Dataset, answer: Answer, took_s: float) -> None:
    """Keeps an answer; does nothing where it cannot be kept, or is too large to be worth it."""
    keep_rows(ir.to_json(form), dataset, answer, took_s)


def keep_rows(text: str, dataset: Dataset, answer: Answer, took_s: float) -> None:
    """Keeps the answer to what ``text`` says in full."""
    if answer.timed_out or answer.interrupted:
        return
    path = _path(dataset, "answer", text)
    most = limit_bytes() // 4
    size = answer.table.nbytes
    if path is None or size > 8 * most or (size > 4 * _SMALL_BYTES and took_s < _SLOW_S):
        return
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, answer.table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(answer.table)
    rows = sink.getvalue()
    if rows.size > most or (rows.size > _SMALL_BYTES and took_s < _SLOW_S):
        return
    head = json.dumps({"form": text, "complete": answer.complete, "notes": list(answer.notes)}).encode() + b"\n"
    digest = hashlib.sha256(head)
    digest.update(rows)
    _write(path, _MAGIC + digest.hexdigest().encode() + head, rows)


def _write(path: Path, *parts: Any) -> None:
    temporary = path.with_name(f".{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                for part in parts:
                    file.write(part)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _evict(path.parent)
    except OSError:
        return  # a full disk, no permission: the answer is given all the same


def _evict(folder: Path) -> None:
    """Removes what was not used for the longest time beyond the limit, and what killed processes left."""
    now, total, count, limit = time.time(), 0, 0, limit_bytes()
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                stat = entry.stat()
                files.append((stat.st_mtime, stat.st_size, entry.path))
    for modified, size, path in sorted(files, reverse=True):
        if Path(path).name.startswith("."):
            gone = now - modified > _ABANDONED_S
        else:
            total, count = total + size, count + 1
            gone = total > limit or count > _MOST_FILES
        if gone:
            with contextlib.suppress(OSError):
                Path(path).unlink()


# -- forms ------------------------------------------------------------------------------------------------------


def remembered_form(dataset: Dataset, question: str) -> ir.Form | None:
    """The form that a question in words had on this dataset, without parsing it again; None where it is not known."""
    path = None if "@" in question else _path(dataset, "form", question)  # what a name stands for can change
    if path is None:
        return None
    try:
        digest, _, text = path.read_text(encoding="utf-8").partition("\n")
        return ir.from_json(text) if digest == hashlib.sha256(text.encode()).hexdigest() else None
    except (OSError, UnicodeDecodeError, QueryError):
        return None


def remember_form(dataset: Dataset, question: str, form: ir.Form) -> None:
    """Keeps the form of a question in words."""
    path = None if "@" in question else _path(dataset, "form", question)
    if path is not None:
        text = ir.to_json(form)
        _write(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}".encode())
