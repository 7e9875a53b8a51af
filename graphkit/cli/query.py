"""`graphkit query`: asks a question and prints the answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from graphkit.cli.given import with_given
from graphkit.cli.opening import opened
from graphkit.cli.options import (
    AnnotationsIdOption,
    AnnotationsOption,
    ColourOption,
    DatasetOption,
    ExplainOption,
    FormatOption,
    KindOption,
    LimitOption,
    NeuronsOption,
    NoCacheOption,
    OutputOption,
    PlotOption,
    SetOption,
    SkipUnknownOption,
    TimeoutOption,
)
from graphkit.cli.terminal import caught, progress_bar, say
from graphkit.errors import GraphkitError
from graphkit.progress import showing

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.result import Result

__all__ = ["QuestionCommand", "check_files", "print_answer", "query"]

_SOON_S = 1.0
"""An answer within this time needs no progress bar, nor the time to import one."""


def query(
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="The question, in quotes.", show_default=False)
    ] = None,
    dataset: DatasetOption = None,
    sql: Annotated[
        str | None, typer.Option("--sql", metavar="SELECT", help="Ask in SQL instead: one SELECT.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="Ask what a .match, .txt or .motif (DotMotif) file asks; QUESTION goes on with it: 'IN EB RETURN count'.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    limit: LimitOption = None,
    explain: ExplainOption = False,
    plot: PlotOption = None,
    plot_kind: KindOption = None,
    colour_by: ColourOption = None,
    set_: SetOption = None,
    neurons: NeuronsOption = None,
    annotations: AnnotationsOption = None,
    annotations_id: AnnotationsIdOption = None,
    skip_unknown: SkipUnknownOption = False,
    timeout: TimeoutOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Ask a question and print the answer.

    Without a question, on a terminal, it goes on asking.

    \b
    motifs in region EB                          motifs between neurons of EB with at least 5 synapses
    motifs in EB against 100 configuration       motifs in EB against 50 erdos-renyi seed 3
    neurons in EB where type = 'ER4d'            inputs of EPG
    outputs of type 'MBON*' by region            partners of 123
    synapses from A to B                         connections between type 'ER*' and type 'EPG' by type
    regions                                      types in EB
    MATCH (a:ER4d)-[synapses >= 5]->(b)->(c), (a)->(c) IN EB RETURN count
    """
    nothing = question is None and file is None and sql is None
    if nothing and not explain and sys.stdin.isatty() and sys.stdout.isatty():
        with caught():
            from graphkit.cli.prompt import Options, ask_on
            from graphkit.cli.render import format_of

            shown = format_of(output, form)
            brain = with_given(opened(dataset), set_, neurons, annotations, annotations_id, skip_unknown=skip_unknown)
            ask_on(brain, Options(shown, output, limit, timeout, not no_cache))
        return
    if (question is None and file is None) == (sql is None):
        raise typer.BadParameter(
            'give one question, e.g. graphkit query "motifs in region EB", one --file or one --sql'
        )
    from graphkit.cli.render import format_of
    from graphkit.startup import answer_only

    with caught():
        chosen = format_of(output, form)
        check_files(output, plot, plot_kind, colour_by)
        brain = with_given(opened(dataset), set_, neurons, annotations, annotations_id, skip_unknown=skip_unknown)
        if sql is None:
            from graphkit.query import with_limit
            from graphkit.query.answer_cache import is_kept
            from graphkit.query.answers import COMPUTED
            from graphkit.query.plans.connections import whole_matrix

            asked = with_limit(_form(brain, question or "", file), limit)
            kept = not no_cache and not explain and is_kept(asked, brain)
            computed = asked.name in COMPUTED or whole_matrix(asked, brain)
            answer_only(arrays=(computed and not kept) or plot is not None)
            if explain:
                from graphkit.query.executor import explain as explain_form

                print(explain_form(asked, brain))
                return
            with (
                progress_bar(0.0 if getattr(asked, "against", None) and not kept else _SOON_S) as progress,
                showing(progress),
            ):
                result = brain.query(asked, cache=not no_cache, timeout=timeout)
        else:
            answer_only(arrays=plot is not None)
            result = brain.sql(sql, limit=limit, timeout=timeout)
        if explain:
            print(result.explain())
            return
        print_answer(result, chosen, output, plot, plot_kind, colour_by)


def _form(brain: Dataset, question: str, file: Path | None) -> ir.Form:
    if file is not None:
        from graphkit.query.files import read_question_file

        return read_question_file(brain, file, question)
    from graphkit.query.reading import parse_again

    return parse_again(brain, question)


class QuestionCommand(TyperCommand):
    """A command whose question may have been given without quotes: says that these were missing."""

    def invoke(self, ctx: Any) -> Any:
        if ctx.args:
            sql = ctx.params.get("sql")
            question = ctx.params.get("question")
            words = " ".join(filter(None, [sql, question, *ctx.args]))
            if question and len(ctx.args) == 1 and (":/" in question or Path(question).is_dir()):
                ctx.fail(f'The dataset goes after -d: graphkit query "{ctx.args[0]}" -d {question}')
            ctx.fail(f'The question goes in quotes, as one argument: graphkit query {"--sql " if sql else ""}"{words}"')
        return super().invoke(ctx)


def check_files(
    output: Path | None, plot: Path | None, plot_kind: str | None = None, colour_by: str | None = None
) -> None:
    """Raises GraphkitError where the answer or its picture could not be written there, before anything is asked."""
    from graphkit.cli.render import check_place

    check_place(output)
    check_place(plot)
    if plot is not None:
        from graphkit.views import picture_format

        picture_format(plot)
    if plot_kind is not None or colour_by is not None:
        from graphkit.views import check_kind

        check_kind(plot_kind)
        if plot is None:
            given = "--plot-kind" if plot_kind is not None else "--colour-by"
            raise GraphkitError(
                f"{given} is about a picture, and no file is given for one.", hint="Give it with --plot FILE."
            )


def print_answer(
    result: Result,
    form: str,
    output: Path | None,
    plot: Path | None = None,
    plot_kind: str | None = None,
    colour_by: str | None = None,
) -> None:
    """Prints the answer or writes it to a file, and draws it; the exact question and the notes go to stderr."""
    from graphkit.cli.render import write_result

    if result.form is not None:
        say(f"Answering: {result.question}   [{result.dataset_name}, snapshot {result.snapshot}]")
    write_result(result, form, output)
    if not len(result):
        say("No rows: nothing in this dataset meets the question.")
    say(*result.notes)
    if output is not None:
        say(f"Wrote {len(result):,} rows to {output}")
    if plot is not None:
        from graphkit.views import save_plot

        save_plot(result, plot, plot_kind, colour_by=colour_by)
        say(f"Drew the answer to {plot}")
