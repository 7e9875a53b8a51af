"""`graphkit query` alone on a terminal: questions one after the other, with history and completion.

English is one line; MATCH and SQL may be several, and end with a semicolon or an empty line.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphkit.cli.completion import COMMANDS, is_sql, sets, views
from graphkit.cli.lines import reader
from graphkit.cli.terminal import print_error, say
from graphkit.errors import GraphkitError, SqlError, did_you_mean

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["Options", "ask_on"]

HELP = """\
Ask in English, in MATCH or in SQL; docs/query-language.md has the language.

  motifs in region EB
  inputs of type 'EPG' by type
  MATCH (a:ER4d)-[synapses >= 5]->(b)->(c), (a)->(c) IN EB RETURN count;
  SELECT type, count(*) FROM neurons GROUP BY type;

MATCH and SQL go over several lines; a semicolon or an empty line ends them.

  \\d               the tables that SQL reads; \\d TABLE: its columns
  \\explain ...     the exact question, the plan and the SQL
  \\sets            the sets of neurons that questions can name, as @mine
  \\format FORMAT   table, csv, tsv, json, ndjson, markdown (parquet and arrow with \\o)
  \\o FILE          write the next answer to this file
  \\limit N         at most this many rows; \\limit off
  \\timeout S       at most this many seconds; \\timeout off
  \\help  \\q        this; leave (also Ctrl-D)

The tab key completes words, regions, types, sets, columns and tables. Ctrl-C stops an answer, or clears the line."""


@dataclass(slots=True)
class Options:
    """How answers are given; as the options of `graphkit query`."""

    form: str = "table"
    output: Path | None = None
    limit: int | None = None
    timeout: float | None = None
    cache: bool = True


def ask_on(brain: Dataset, options: Options) -> None:
    """Reads and answers questions until the end of input or \\q."""
    read = reader(brain)
    say(f"{brain.name}, snapshot {brain.snapshot.number}. \\help says what can be asked, \\q leaves.")
    while True:
        try:
            text = _whole(read)
        except EOFError:
            return
        except KeyboardInterrupt:
            continue
        if text.strip() in ("\\q", "\\quit", "exit", "quit"):
            return
        if not text.strip():
            continue
        try:
            _do(brain, text.strip(), options)
        except GraphkitError as error:
            print_error(error)
        except KeyboardInterrupt:
            say("Stopped.")
        except BrokenPipeError:
            return


def _whole(read: Callable[[str], str]) -> str:
    """One question: a line, or several of MATCH or SQL."""
    text = read("graphkit> ")
    opening = re.sub(r"^\s*\\explain\b", "", text)
    if not (is_sql(opening) or re.match(r"\s*match\b", opening, re.IGNORECASE)):
        return text
    lines = [text]
    while not lines[-1].rstrip().endswith(";"):
        line = read("     ...> ")
        if not line.strip():
            break
        lines.append(line)
    return "\n".join(lines).rstrip().removesuffix(";")


# -- one question -----------------------------------------------------------------------------------------------


def _do(brain: Dataset, text: str, options: Options) -> None:
    if text.lower() in ("help", "?"):
        text = "\\help"
    if text.startswith("\\"):
        command, _, rest = text.partition(" ")
        _command(brain, command, rest.strip(), options)
        return
    from graphkit.cli.query import print_answer

    began = time.monotonic()
    if is_sql(text):
        result = brain.sql(text, limit=options.limit, timeout=options.timeout)
    else:
        result = brain.query(text, limit=options.limit, timeout=options.timeout, cache=options.cache)
    took_s = time.monotonic() - began
    form = options.form
    if options.output is not None and form == "table":
        from graphkit.cli.render import format_of

        form = format_of(options.output, None)
    print_answer(result, form, options.output)
    options.output = None
    say(f"{len(result):,} row{'' if len(result) == 1 else 's'}, {took_s:.2f} s")


def _command(brain: Dataset, command: str, rest: str, options: Options) -> None:
    match command:
        case "\\help" | "\\h" | "\\?":
            print(HELP)
        case "\\d":
            print("\n".join(_described(brain, rest)))
        case "\\explain":
            if is_sql(rest):
                print(brain.sql(rest, timeout=options.timeout).explain())
            else:
                from graphkit.query.executor import explain
                from graphkit.query.reading import parse_question

                print(explain(parse_question(brain, rest), brain))
        case "\\sets":
            print("\n".join(sets(brain)) or "No set. Keep one: graphkit sets add NAME FILE")
        case "\\format":
            from graphkit.cli.render import format_of

            options.form = format_of(None, rest or "table")
        case "\\o":
            options.output = _file(rest) if rest else None
        case "\\limit":
            options.limit = None if rest in ("", "off") else int(_number(rest, "limit", r"[1-9][0-9]{0,17}"))
        case "\\timeout":
            options.timeout = None if rest in ("", "off") else _number(rest, "timeout", r"[0-9]{1,9}(\.[0-9]{1,9})?")
        case _:
            likely = did_you_mean(command, COMMANDS)
            hint = likely.replace("\\\\", "\\") if likely else "\\help lists them."
            raise GraphkitError(f"There is no command '{command}'.", hint=hint)


def _file(text: str) -> Path:
    try:
        return Path(shlex.split(text)[0]).expanduser()
    except ValueError:
        raise GraphkitError(f"The file name {text} has a quote that is not closed.", hint="Close it.") from None


def _number(text: str, what: str, pattern: str) -> float:
    if not re.fullmatch(pattern, text) or not float(text):
        raise GraphkitError(f"{text!r} is no {what}.", hint=f"For example: \\{what} 10, or \\{what} off.")
    return float(text) if what == "timeout" else int(text)


def _described(brain: Dataset, table: str) -> Iterator[str]:
    tables = views(brain)
    if not table:
        for name in tables:
            rows = brain.snapshot.tables[name].rows if brain.has(name) else None
            yield name if rows is None else f"{name:<22}{rows:>14,} rows"
        return
    if table not in tables:
        raise SqlError(
            f"There is no table {table!r}.", hint=did_you_mean(table, tables) or f"There are {', '.join(tables)}."
        )
    for row in brain.sql(f"DESCRIBE FROM {table}"):
        yield f"{row['column_name']:<22}{row['column_type']}"
