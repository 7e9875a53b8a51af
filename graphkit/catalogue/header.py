"""Reads a file of the catalogue: a header of comments, then SQL, MATCH or English.

    -- title: Strongest inputs
    -- group: Partners
    -- about: Who gives the neurons most of their input. A long text goes on,
    --     indented, on the next line.
    -- parameter: neurons neurons: the neurons asked
    -- parameter: region region = any: only synapses located there
    -- parameter: min_synapses int >= 1 = 1: connections with at least this many synapses
    -- column: pre_id: the input neuron
    -- column: synapses (synapses): from it to the neurons asked
    -- example: neurons=EPG min_synapses=5

Comments begin with --, // or #. A parameter is NAME KIND, then what it allows (``>= NUMBER``, or ``in left|right`` for a text),
then ``= DEFAULT``; the default ``any`` means that it may be left out. In the text below it stands as $name, and a line that
names an optional one is left out where it was not given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from graphkit.catalogue.question import KINDS, Column, Kind, Language, Parameter, Question
from graphkit.errors import CatalogueError, did_you_mean

__all__ = ["LANGUAGES", "RESERVED", "named_in", "parse_question"]

LANGUAGES: dict[str, Language] = {".sql": "SQL", ".match": "MATCH", ".txt": "English"}
RESERVED = ("list", "search", "show")
"""Words that mean something to `graphkit catalogue` itself."""

_ONCE = ("title", "group", "about")
_SEVERAL = ("parameter", "column", "example")
_COMMENT = re.compile(r"\s*(?:--|//|#)( ?)(.*?)\s*$")
_PARAMETER = re.compile(
    r"(?P<name>\S+)\s+(?P<kind>[^\s:=>]+)"
    r"(?:\s*>=\s*(?P<least>[-+]?[\d.]+))?"
    r"(?:\s+in\s+(?P<choices>\S+\|\S+?))?"
    r"(?:\s*=\s*(?P<default>.+?))?\s*:\s+(?P<meaning>\S.*)"
)
_COLUMN = re.compile(r"(?P<name>\S+?)\s*(?:\((?P<unit>[^)]*)\))?\s*:\s+(?P<meaning>\S.*)")
_NAMED = re.compile(r"\$([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    key: str
    value: str


def named_in(text: str) -> list[str]:
    """Parameters that a text names, each once, in their order."""
    return list(dict.fromkeys(_NAMED.findall(text)))


def parse_question(path: Path, content: str) -> Question:
    """The question that a file holds.

    Raises:
        CatalogueError: it is broken; says in which line, and what to write instead.
    """
    if not re.fullmatch(r"[A-Za-z]\w*", path.stem) or path.stem in RESERVED:
        reason = "is a word of the command itself" if path.stem in RESERVED else "is no plain name"
        raise _broken(
            path, 1, f"{path.stem!r} {reason}.", "Name the file with letters, digits and _, such as my_question.sql."
        )
    lines = content.splitlines()
    entries, body_at = _entries(path, lines)
    text = "\n".join(lines[body_at:]).rstrip()
    if not text.strip():
        raise _broken(
            path, len(lines), "There is no question below the header.", "Write it in the lines after the comments."
        )
    once = {e.key: e for e in entries if e.key in _ONCE}
    for key in ("title", "group"):
        if key not in once:
            raise _broken(path, 1, f"The header has no {key}.", f"Add a line such as: -- {key}: {_EXAMPLE[key]}")
    parameters = tuple(_parameter(path, e) for e in entries if e.key == "parameter")
    columns = tuple(_column(path, e) for e in entries if e.key == "column")
    _all_different(
        path, [(e.line, p.name) for e, p in zip(_of(entries, "parameter"), parameters, strict=True)], "parameter"
    )
    _all_different(path, [(e.line, c.name) for e, c in zip(_of(entries, "column"), columns, strict=True)], "column")
    if not columns:
        raise _broken(
            path,
            1,
            "The header names no column.",
            "Add a line such as: -- column: synapses (synapses): of the connection",
        )
    question = Question(
        name=path.stem,
        title=once["title"].value,
        group=once["group"].value,
        about=once["about"].value if "about" in once else "",
        parameters=parameters,
        columns=columns,
        examples=tuple(e.value for e in _of(entries, "example")),
        language=LANGUAGES[path.suffix.lower()],
        text=text,
        path=path,
        first_line=body_at + 1,
    )
    _check_use(question, entries, lines)
    return question


_EXAMPLE = {"title": "Strongest inputs", "group": "Partners"}


def _broken(path: Path, line: int, message: str, hint: str) -> CatalogueError:
    return CatalogueError(f"{path}, line {line}: {message}", hint=hint)


def _of(entries: list[_Entry], key: str) -> list[_Entry]:
    return [e for e in entries if e.key == key]


def _entries(path: Path, lines: list[str]) -> tuple[list[_Entry], int]:
    """The header's entries, and how many lines it has."""
    entries: list[_Entry] = []
    for number, line in enumerate(lines, start=1):
        comment = _COMMENT.fullmatch(line)
        if comment is None:
            if line.strip():
                return entries, number - 1
            continue
        value = comment[2]
        if not value:
            continue
        if entries and value.startswith("   "):
            last = entries.pop()
            entries.append(_Entry(last.line, last.key, f"{last.value} {value.strip()}"))
            continue
        key, colon, rest = value.partition(":")
        key = key.strip().lower()
        if not colon or key not in (*_ONCE, *_SEVERAL):
            known = ", ".join((*_ONCE, *_SEVERAL))
            hint = (
                did_you_mean(key, (*_ONCE, *_SEVERAL)) or f"A line of the header is `key: ...`, the key one of {known}."
            )
            raise _broken(
                path,
                number,
                f"{value!r} is no line of a header.",
                f"{hint} Other comments go below the first line of the text.",
            )
        if not rest.strip() and key != "example":  # one without parameters is empty
            raise _broken(path, number, f"{key} is empty.", f"Write something after `{key}:`.")
        if key in _ONCE and any(e.key == key for e in entries):
            raise _broken(path, number, f"There is a {key} already.", "A long text goes on in the next line, indented.")
        entries.append(_Entry(number, key, rest.strip()))
    return entries, len(lines)


def _parameter(path: Path, entry: _Entry) -> Parameter:
    found = _PARAMETER.fullmatch(entry.value)
    if found is None:
        hint = "Write: -- parameter: NAME KIND = DEFAULT: what it is; for example: min_synapses int >= 1 = 1: at least so many"
        raise _broken(path, entry.line, f"{entry.value!r} does not describe a parameter.", hint)
    name, kind, default = found["name"], found["kind"], found["default"]
    if not re.fullmatch(r"[a-z]\w*", name):
        raise _broken(path, entry.line, f"{name!r} cannot be a parameter's name.", "Use small letters, digits and _.")
    if name in ("limit", "timeout"):
        raise _broken(path, entry.line, f"Every question has a {name} already.", f"Leave it out; use --{name}.")
    if kind not in KINDS:
        raise _broken(
            path,
            entry.line,
            f"There is no kind {kind!r}.",
            did_you_mean(kind, KINDS) or f"There are {', '.join(KINDS)}.",
        )
    least = found["least"]
    if least is not None and (kind not in ("int", "float") or not _is_number(least)):
        raise _broken(
            path, entry.line, f"A {kind} cannot be >= {least}.", "Only int and float have a least value, a number."
        )
    choices = tuple(found["choices"].split("|")) if found["choices"] else ()
    if choices and kind != "text":
        raise _broken(
            path, entry.line, f"A {kind} has no list of choices.", "Only a text has: direction text in inputs|outputs"
        )
    parameter = Parameter(
        name=name,
        kind=cast(Kind, kind),
        meaning=found["meaning"],
        required=default is None,
        default="" if default in (None, "any") else default,
        least=None if least is None else float(least),
        choices=choices,
    )
    if parameter.default:
        from graphkit.catalogue.values import plain_value

        try:
            plain_value(parameter, parameter.default)
        except CatalogueError as error:
            raise _broken(path, entry.line, f"The default does not fit: {error.message}", error.hint or "") from None
    return parameter


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(path: Path, entry: _Entry) -> Column:
    found = _COLUMN.fullmatch(entry.value)
    if found is None:
        hint = "Write: -- column: NAME (UNIT): what it is; for example: distance_nm (nm): between the cell bodies"
        raise _broken(path, entry.line, f"{entry.value!r} does not describe a column.", hint)
    return Column(found["name"], (found["unit"] or "").strip(), found["meaning"])


def _all_different(path: Path, names: list[tuple[int, str]], what: str) -> None:
    seen: dict[str, Any] = {}
    for line, name in names:
        if name in seen:
            raise _broken(
                path, line, f"There are two {what}s {name!r}.", "Give them different names, or leave one out."
            )
        seen[name] = line


def _check_use(question: Question, entries: list[_Entry], lines: list[str]) -> None:
    """Every parameter is used, everything used is declared, and each example gives what is required and nothing else."""
    from graphkit.catalogue.values import split_example

    declared = {p.name: p for p in question.parameters}
    for number, line in enumerate(lines[question.first_line - 1 :], start=question.first_line):
        for name in named_in(line):
            if name not in declared:
                hint = did_you_mean(name, declared) or f"Add to the header: -- parameter: {name} KIND: what it is"
                raise _broken(question.path, number, f"${name} is not declared.", hint)
    used = set(named_in(question.text))
    for entry, parameter in zip(_of(entries, "parameter"), question.parameters, strict=True):
        if parameter.name not in used:
            raise _broken(
                question.path,
                entry.line,
                f"The parameter {parameter.name!r} is used nowhere.",
                f"Write ${parameter.name} in the text, or leave the line out.",
            )
    for entry in _of(entries, "example"):
        try:
            given = split_example(entry.value)
        except CatalogueError as error:
            raise _broken(question.path, entry.line, error.message, error.hint or "") from None
        for name in given:
            if name not in declared:
                hint = did_you_mean(name, declared) or f"It has {', '.join(declared) or 'none'}."
                raise _broken(question.path, entry.line, f"The example gives {name!r}, which is no parameter.", hint)
        if missing := [p.name for p in question.parameters if p.required and p.name not in given]:
            raise _broken(
                question.path,
                entry.line,
                f"The example leaves out {', '.join(missing)}.",
                "Give every required parameter.",
            )
