"""`graphkit query` alone on a terminal: questions one after the other, with history and completion.

prompt_toolkit reads the lines where it is installed (``graphkit[prompt]``), Python's readline where it is not. English is one
line; MATCH and SQL may be several, and end with a semicolon or an empty line.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.cli.terminal import print_error, say
from graphkit.errors import GraphkitError, SqlError, did_you_mean

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["Options", "ask_on", "completions", "is_sql"]

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

COMMANDS = ("\\d", "\\explain", "\\format", "\\help", "\\limit", "\\o", "\\q", "\\sets", "\\timeout")

OPENINGS = (
    *(
        "motifs in region",
        "motifs between neurons of",
        "neurons in",
        "neurons of",
        "neurons where",
        "types in",
        "regions",
    ),
    *(
        "inputs of",
        "outputs of",
        "partners of",
        "connections from",
        "connections between",
        "gap junctions",
        "synapses from",
    ),
    *("MATCH", "SELECT"),
)
WORDS = (
    *(
        "in region",
        "of",
        "from",
        "to",
        "between",
        "among",
        "and",
        "or",
        "not",
        "where",
        "by type",
        "by region",
        "by side",
    ),
    *("by class", "with at least", "synapses", "per region", "with transmitter", "with electrical synapses"),
    *(
        "without autapses",
        "limit",
        "type",
        "class",
        "side",
        "name",
        "neurons of",
        "neurons where",
        "any neuron",
        "is null",
    ),
)
_SQL_WORDS = (
    *(
        "SELECT",
        "FROM",
        "WHERE",
        "GROUP BY",
        "ORDER BY",
        "LIMIT",
        "JOIN",
        "USING",
        "COUNT(*)",
        "SUM(",
        "DESC",
        "HAVING",
    ),
    *("DISTINCT", "AS", "AND", "OR", "NOT", "IN", "LIKE", "WITH", "MIN(", "MAX(", "AVG("),
)
_MATCH_WORDS = ("RETURN count", "RETURN", "WHERE", "IN", "BETWEEN NEURONS OF", "NOT", "LIMIT", "ORDER BY", "synapses")
_MOST = 200


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
    read = _reader(brain)
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


def is_sql(text: str) -> bool:
    """Whether a question is SQL: no English and no MATCH begins with these words."""
    return re.match(r"\s*(select|with|from|describe|pivot)\b", text, re.IGNORECASE) is not None


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
            print("\n".join(_sets(brain)) or "No set. Keep one: graphkit sets add NAME FILE")
        case "\\format":
            from graphkit.cli.render import format_of

            options.form = format_of(None, rest or "table")
        case "\\o":
            options.output = Path(shlex.split(rest)[0]).expanduser() if rest else None
        case "\\limit":
            options.limit = None if rest in ("", "off") else int(_number(rest, "limit", r"[1-9][0-9]{0,17}"))
        case "\\timeout":
            options.timeout = None if rest in ("", "off") else _number(rest, "timeout", r"[0-9]{1,9}(\.[0-9]{1,9})?")
        case _:
            likely = did_you_mean(command, COMMANDS)
            hint = likely.replace("\\\\", "\\") if likely else "\\help lists them."
            raise GraphkitError(f"There is no command '{command}'.", hint=hint)


def _number(text: str, what: str, pattern: str) -> float:
    if not re.fullmatch(pattern, text) or not float(text):
        raise GraphkitError(f"{text!r} is no {what}.", hint=f"For example: \\{what} 10, or \\{what} off.")
    return float(text) if what == "timeout" else int(text)


def _described(brain: Dataset, table: str) -> Iterator[str]:
    views = _views(brain)
    if not table:
        for name in views:
            rows = brain.snapshot.tables[name].rows if brain.has(name) else None
            yield name if rows is None else f"{name:<22}{rows:>14,} rows"
        return
    if table not in views:
        raise SqlError(
            f"There is no table {table!r}.", hint=did_you_mean(table, views) or f"There are {', '.join(views)}."
        )
    for row in brain.sql(f"DESCRIBE FROM {table}"):
        yield f"{row['column_name']:<22}{row['column_type']}"


def _views(brain: Dataset) -> list[str]:
    own = ["detected_synapses"] if brain.has("synapses") else []
    annotated = ["annotations", "neurons_unannotated"] if brain.annotations is not None else []
    return sorted([*brain.snapshot.tables, *own, *annotated])


def _sets(brain: Dataset) -> list[str]:
    from graphkit.query.saved_sets import saved_names

    return [f"@{name}" for name in [*brain.sets, *(n for n in saved_names(brain) if n not in brain.sets)]]


# -- completion -------------------------------------------------------------------------------------------------


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
        yield from _sets(brain)
        return
    earlier = re.sub(r"^\s*\\explain\b", "", earlier)
    if re.match(r"\s*\\d\b", earlier):
        yield from _views(brain)
        return
    if is_sql(earlier):
        with contextlib.suppress(GraphkitError):
            yield from _views(brain)
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
        yield from _sets(brain)


def _named(name: str, quote: str = "'") -> str:
    """A name as it stands in a question: in quotes where it is more than a word."""
    if re.fullmatch(r"[^\W\d]\w*", name):
        return name
    quote = '"' if quote in name else quote
    return quote + name.replace(quote, quote * 2) + quote


# -- reading lines ----------------------------------------------------------------------------------------------


def _history() -> Path | None:
    given = os.environ.get("GRAPHKIT_HISTORY")
    if given:
        path = Path(given)
    else:
        from platformdirs import user_state_path

        path = user_state_path("graphkit") / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return None
    return path


def _reader(brain: Dataset) -> Callable[[str], str]:
    """A function that reads a line after a prompt; raises EOFError at the end, KeyboardInterrupt at Ctrl-C."""
    try:
        import prompt_toolkit  # noqa: F401
    except ImportError:
        return _readline(brain)
    return _prompt_toolkit(brain)


def _prompt_toolkit(brain: Dataset) -> Callable[[str], str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    class Words(Completer):
        def get_completions(self, document: Any, complete_event: Any) -> Iterator[Completion]:
            for text, taken in completions(brain, document.text_before_cursor):
                yield Completion(text, start_position=-taken)

    path = _history()
    history = FileHistory(str(path)) if path is not None else InMemoryHistory()
    session: PromptSession[str] = PromptSession(history=history, completer=Words(), complete_while_typing=False)
    return lambda prompt: session.prompt(prompt)


def _readline(brain: Dataset) -> Callable[[str], str]:
    with contextlib.suppress(ImportError):  # Python without readline: plain lines
        import readline

        found: list[str] = []

        def complete(text: str, state: int) -> str | None:
            if state == 0:
                before = readline.get_line_buffer()[: readline.get_endidx()]
                shift = readline.get_begidx()
                found[:] = [
                    (before[: len(before) - taken] + said)[shift:] for said, taken in completions(brain, before)
                ]
            return found[state] if state < len(found) else None

        readline.set_completer_delims(" \t\n,")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")
        path = _history()
        if path is not None:
            with contextlib.suppress(OSError):
                readline.read_history_file(path)

        def read(prompt: str) -> str:
            line = input(prompt)
            if path is not None and line.strip():
                with contextlib.suppress(OSError, AttributeError):  # libedit cannot append
                    readline.append_history_file(1, path)
            return line

        return read
    return input
