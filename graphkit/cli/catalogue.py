"""`graphkit catalogue`: lists, searches, shows and runs the named questions."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphkit.cli.options import (
    AnnotationsIdOption,
    AnnotationsOption,
    DatasetOption,
    ExplainOption,
    FormatOption,
    LimitOption,
    OutputOption,
    PlotOption,
    SetOption,
    SkipUnknownOption,
    TimeoutOption,
)
from graphkit.cli.terminal import caught, say

if TYPE_CHECKING:
    from rich.console import Console

    from graphkit.catalogue import Catalogue, Parameter, Question
    from graphkit.query.result import Result

__all__ = ["catalogue"]


def catalogue(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME] [KEY=VALUE]...", help="The question, and its parameters.", show_default=False),
    ] = None,
    dataset: DatasetOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    limit: LimitOption = None,
    explain: ExplainOption = False,
    plot: PlotOption = None,
    set_: SetOption = None,
    annotations: AnnotationsOption = None,
    annotations_id: AnnotationsIdOption = None,
    skip_unknown: SkipUnknownOption = False,
    timeout: TimeoutOption = None,
    queries: Annotated[
        list[Path] | None,
        typer.Option(
            "--queries", metavar="DIR", help="A folder of questions of your own; repeatable.", show_default=False
        ),
    ] = None,
    help_: Annotated[bool, typer.Option("--help", "-h", help="This text, or what the question NAME is.")] = False,
) -> None:
    """Run named questions.

    \b
    graphkit catalogue                                     list them
    graphkit catalogue search reciprocal                   look for one
    graphkit catalogue show reciprocal_pairs               its parameters and columns, an example
    graphkit catalogue reciprocal_pairs region=EB -d DIR   its answer

    Further folders of questions (docs/catalogue.md says how to write one) are named by --queries and by GRAPHKIT_QUERIES.
    """
    given = words or []
    if help_ and (not given or given[0] in ("list", "search", "show")):
        print(context.get_help())
        return
    with caught():
        from graphkit.catalogue import Catalogue

        if not given or given[0] in ("list", "search"):
            _list(Catalogue(folders=queries or ()), given, form, output)
        elif given[0] == "show" or help_:
            names = given[1:] if given[0] == "show" else given[:1]
            if not names:
                raise typer.BadParameter("give the name of a question, e.g. graphkit catalogue show reciprocal_pairs")
            for name in names:
                _show(Catalogue(folders=queries or ()).find(name))
        else:
            from graphkit.cli.given import with_given
            from graphkit.cli.opening import opened
            from graphkit.cli.query import check_files
            from graphkit.cli.render import format_of

            chosen = format_of(output, form)
            check_files(output, plot)
            question, values = _asked(Catalogue(folders=queries or ()), given)
            brain = with_given(opened(dataset), set_, None, annotations, annotations_id, skip_unknown=skip_unknown)
            result = Catalogue(brain, folders=queries or ()).run(question.name, limit=limit, timeout=timeout, **values)
            if explain:
                print(result.explain())
            else:
                _print(result, chosen, output, plot)


def _asked(questions: Catalogue, words: list[str]) -> tuple[Question, dict[str, str]]:
    from graphkit.catalogue.values import split_words

    question = questions.find(words[0])
    return question, split_words(words[1:])


def _print(result: Result, form: str, output: Path | None, plot: Path | None) -> None:
    from graphkit.cli.query import print_answer

    if result.form is None:  # else print_answer says so
        say(f"Answering: {result.question}   [{result.dataset_name}, snapshot {result.snapshot}]")
    print_answer(result, form, output, plot)


def _list(questions: Catalogue, words: list[str], form: str | None, output: Path | None) -> None:
    from graphkit.cli.render import format_of
    from graphkit.errors import CatalogueError

    searched = " ".join(words[1:]) if words[:1] == ["search"] else ""
    found = questions.search(searched) if searched else questions.list()
    if words[:1] == ["search"] and not searched:
        raise typer.BadParameter("give a word to look for, e.g. graphkit catalogue search reciprocal")
    if searched and not found:
        raise CatalogueError(f"No question has {searched!r} in it.", hint="`graphkit catalogue` lists them all.")
    chosen = format_of(output, form)
    if chosen == "table" and output is None and sys.stdout.isatty():
        _print_groups(found, grouped=not searched)
    else:
        _write_list(found, chosen, output)
    for error in questions.broken.values():
        say(f"Left out, since it is broken: {error.message}", *([f"    {error.hint}"] if error.hint else []))


def _write_list(found: list[Question], form: str, output: Path | None) -> None:
    import pyarrow as pa

    from graphkit.cli.render import write_result
    from graphkit.query.result import Result

    columns = ("name", "group", "title", "parameters", "language", "file")
    rows = [(q.name, q.group, q.title, q.usage.partition(" ")[2], q.language, str(q.path)) for q in found]
    table = pa.table({c: pa.array([r[i] for r in rows], pa.string()) for i, c in enumerate(columns)})
    if form == "table" and output is None:
        table = table.select(columns[:3])  # the rest is for programs
    write_result(Result(table, "catalogue", complete=True), form, output)


def _print_groups(found: list[Question], *, grouped: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    console = _console()
    width = max((len(q.name) for q in found), default=0)
    groups = dict.fromkeys(q.group for q in found) if grouped else {"": None}
    for group in groups:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=width + 2, no_wrap=True)
        table.add_column()
        for question in found:
            if not grouped or question.group == group:
                table.add_row(Text(f"  {question.name}", style="cyan"), Text(question.title))
        console.print()
        if group:
            console.print(Text(group, style="bold"))
        console.print(table)
    console.print()
    example = "graphkit catalogue show NAME" if grouped else f"graphkit catalogue show {found[0].name}"
    console.print(Text(f"What one asks, and an example of it: {example}", style="dim"))


def _show(question: Question) -> None:
    console = _console()
    with console.capture() as shown:
        _print_question(console, question)
    print("\n".join(line.rstrip() for line in shown.get().splitlines()))


def _print_question(console: Console, question: Question) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console.print(Text(question.title, style="bold"))
    console.print(Text(f"{question.group} · {question.language} · {question.path}", style="dim"))
    if question.about:
        console.print()
        console.print(Text(question.about))

    def section(title: str, rows: list[tuple[str, str, str]]) -> None:
        table = Table.grid(padding=(0, 2))
        for no_wrap in (True, True, False):
            table.add_column(no_wrap=no_wrap)
        for name, kind, meaning in rows:
            table.add_row(Text(name, style="cyan"), Text(kind, style="dim"), Text(meaning))
        console.print()
        console.print(Text(title, style="bold"))
        console.print(Padding(table, (0, 0, 0, 2)))

    console.print()
    console.print(Text("Usage", style="bold"))
    console.print(Text(f"  graphkit catalogue {question.usage} -d DIR"), soft_wrap=True)
    if question.parameters:
        section("Parameters", [(p.name, p.allowed, _with_default(p)) for p in question.parameters])
    section("Columns", [(c.name, c.unit, c.meaning) for c in question.columns])
    if question.examples:
        console.print()
        console.print(Text("Example" if len(question.examples) == 1 else "Examples", style="bold"))
        for example in question.examples:
            console.print(Text(f"  graphkit catalogue {question.name} {example}".rstrip()), soft_wrap=True)


def _with_default(parameter: Parameter) -> str:
    said = "required" if parameter.required else f"else {parameter.default or 'any'}"
    return f"{parameter.meaning}  [{said}]"


def _console() -> Console:
    from rich.console import Console

    return Console(color_system=None) if os.environ.get("NO_COLOR") else Console(highlight=False)
