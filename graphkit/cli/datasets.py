"""The commands about a dataset as a whole: what is in it, whether it is sound, its graph, its snapshots; a generated one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphkit.cli.opening import location, opened
from graphkit.cli.options import DatasetOption, MemoryOption, ThreadsOption
from graphkit.cli.terminal import caught, progress_bar, say

if TYPE_CHECKING:
    from graphkit.dataset import Dataset

__all__ = ["build", "history", "info", "prune", "simulate", "validate"]

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[DIR]", help="The dataset; else -d, GRAPHKIT_DATASET or this folder.", show_default=False),
]


def info(
    folder: Folder = None,
    dataset: DatasetOption = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """What is in a dataset, at a glance."""
    with caught():
        from graphkit.info import describe, info_json, render

        described = describe(opened(folder or dataset))
        if json:
            import json as json_module

            print(json_module.dumps(info_json(described), indent=1))
            return
        from rich.console import Console

        Console().print(render(described))


def validate(folder: Folder = None, dataset: DatasetOption = None, memory_limit: MemoryOption = "4GB") -> None:
    """Check every file and every rule of a dataset.

    All that is broken is named; the exit status is 1 if anything is.
    """
    with caught():
        from graphkit.validate import validate as check

        with progress_bar() as progress:
            report = check(location(folder or dataset), memory_limit=memory_limit, progress=progress)
        for problem in report.problems:
            print(problem.message)
        if report.problems:
            say(f"{len(report.problems):,} problems found.")
            raise SystemExit(1)
        say(f"No problem found: {len(report.checked):,} rules hold.")


def build(
    folder: Folder = None,
    dataset: DatasetOption = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            help="Count only synapses with at least this detection score; 'nan' counts all again.", show_default=False
        ),
    ] = None,
    autapses: Annotated[
        bool | None,
        typer.Option("--autapses/--no-autapses", help="Count synapses of a neuron onto itself.", show_default=False),
    ] = None,
    region_point: Annotated[
        str | None, typer.Option(help="A synapse lies in the region of its 'post' or 'pre' point.", show_default=False)
    ] = None,
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """Build the graph, connections and totals, from synapses.

    Options that are not given stay as in the last build.
    """
    with caught():
        from graphkit.build import build as build_graph

        changes: dict[str, Any] = {}
        if min_score is not None:
            changes["min_score"] = None if min_score != min_score else min_score
        if autapses is not None:
            changes["autapses"] = autapses
        if region_point is not None:
            changes["region_point"] = region_point
        with progress_bar() as progress:
            built = build_graph(
                location(folder or dataset), memory_limit=memory_limit, threads=threads, progress=progress, **changes
            )
        _say_built(built)


def _say_built(dataset: Dataset) -> None:
    tables = dataset.snapshot.tables
    counts = (f"{tables[t].rows:,} {t}" for t in ("neurons", "synapses", "connections") if t in tables)
    say(f"Snapshot {dataset.snapshot.number} of {dataset.url}: {', '.join(counts)}.")
    left_out = ((dataset.snapshot.build or {}).get("left_out") or {}).items()
    say(*(f"{rows:,} synapses not counted: {reason.replace('_', ' ')}" for reason, rows in left_out if rows))


def simulate(
    output: Annotated[str, typer.Option("-o", "--output", help="The new dataset.")],
    neurons: Annotated[int, typer.Option(help="How many neurons; 139255 is the fly brain of FlyWire.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    name: Annotated[str | None, typer.Option(help="The dataset's name.", show_default=False)] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Another setting (docs/simulate.md), repeatable.", show_default=False
        ),
    ] = None,
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """Generate a connectome.

    Neurons of several types in nested regions, with synapses; docs/simulate.md says what comes out.
    """
    with caught():
        from graphkit.cli.values import numbers, pairs
        from graphkit.simulate import simulate as make

        settings = numbers(pairs(set_, "--set"))
        with progress_bar() as progress:
            made = make(
                output,
                neurons=neurons,
                seed=seed,
                name=name,
                memory_limit=memory_limit,
                threads=threads,
                progress=progress,
                **settings,
            )
        _say_built(made)
        say(f'Ask it something: graphkit query "motifs in region EB" -d {output}')


def history(folder: Folder = None, dataset: DatasetOption = None) -> None:
    """List the snapshots that are kept."""
    with caught():
        brain = opened(folder or dataset)
        for snapshot in brain.history():
            step = snapshot.provenance[-1] if snapshot.provenance else {}
            mark = "*" if snapshot.number == brain.snapshot.number else " "
            print(f"{mark} {snapshot.number:>4}  {snapshot.created}  {step.get('command', '')}")


def prune(
    folder: Folder = None,
    dataset: DatasetOption = None,
    keep: Annotated[int, typer.Option(help="Snapshots to keep, the newest ones.")] = 1,
    grace_hours: Annotated[float, typer.Option(help="Files younger than this stay: a writer may need them.")] = 24.0,
) -> None:
    """Delete old snapshots and the files that only they need."""
    with caught():
        deleted = opened(folder or dataset).prune(keep=keep, grace_s=3600 * grace_hours)
        say(f"Deleted {len(deleted):,} files.")
