"""The command `graphkit export`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphkit.cli.opening import opened
from graphkit.cli.options import DatasetOption
from graphkit.cli.terminal import caught, say

if TYPE_CHECKING:
    from graphkit.graph import Graph

__all__ = ["export"]

_FORMATS = "graphml, networkx, neo4j, csv, tsv, parquet or npz"


def export(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The file to write, e.g. brain.graphml or brain.csv.gz; for neo4j a new folder."
        ),
    ],
    dataset: DatasetOption = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FORMAT", help=f"{_FORMATS}.  [else by the file's suffix]", show_default=False),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only synapses located here; repeatable.", show_default=False),
    ] = None,
    between_neurons_of: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only neurons that belong to this region; repeatable.", show_default=False),
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option(
            "--type", metavar="NAME", help="Only neurons of this type (wildcards); repeatable.", show_default=False
        ),
    ] = None,
    class_: Annotated[
        list[str] | None,
        typer.Option(
            "--class", metavar="NAME", help="Only neurons of this class (wildcards); repeatable.", show_default=False
        ),
    ] = None,
    side: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only neurons of this side.", show_default=False)
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="Only neurons for which this SQL condition holds.", show_default=False),
    ] = None,
    min_synapses: Annotated[
        int, typer.Option(metavar="N", help="Only connections with at least this many synapses.")
    ] = 1,
    per_region: Annotated[
        bool, typer.Option("--per-region", help="Count the least number in each region by itself.")
    ] = False,
    nt: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only synapses of this transmitter; repeatable.", show_default=False),
    ] = None,
    electrical: Annotated[
        bool, typer.Option("--electrical", help="Gap junctions instead of chemical synapses.")
    ] = False,
    autapses: Annotated[
        bool, typer.Option("--autapses/--no-autapses", help="Keep connections of a neuron to itself.")
    ] = True,
    attributes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Columns of the neurons to carry along; repeatable.  [else name, type, class, side, nt]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the graph, or a part of it, to a file.

    For NetworkX, igraph, Neo4j, pandas and other tools; docs/exporting.md.

    For example: graphkit export eb.graphml -d mybrain --region EB --min-synapses 5
    """
    with caught():
        from graphkit.cli.render import check_place
        from graphkit.exporters import EDGE_LISTS

        form = _format(output, to)
        if form != "neo4j":  # a new folder
            check_place(output)
        brain = opened(dataset)
        with _in_options(region):
            graph = brain.graph(
                region=region or None,
                between_neurons_of=between_neurons_of or None,
                type=type_ or None,
                class_=class_ or None,
                side=side,
                where=where,
                min_synapses=min_synapses,
                per_region=per_region,
                kind="electrical" if electrical else "chemical",
                nt=nt or None,
                autapses=autapses,
                attributes=attributes or None,
            )
        if form == "neo4j":
            _write_neo4j(graph, output)
            return
        graph.save(output)
        if electrical:
            say("Each gap junction is there both ways, but for those of a neuron with itself.")
        if form not in EDGE_LISTS:
            say(f"Wrote {graph.n_neurons:,} neurons and {graph.n_connections:,} connections to {output}")
            return
        from graphkit.exporters.edge_list import left_out

        say(f"Wrote {graph.n_connections:,} connections to {output}")
        if lost := left_out(graph):
            say(f"An edge list does not hold {lost}; .graphml, .json and .npz do.")


@contextlib.contextmanager
def _in_options(regions: list[str] | None) -> Iterator[None]:
    """Where a question would be told to ask ``between neurons of``, says the options for it."""
    from graphkit.errors import NotAnswerableError

    try:
        yield
    except NotAnswerableError as error:
        if not regions or "between neurons of" not in (error.hint or ""):
            raise
        options = " ".join(f"--between-neurons-of {name}" for name in regions)
        raise NotAnswerableError(
            error.message,
            hint=f"Say {options} in place of --region: connections between neurons that belong there, located anywhere.",
        ) from None


def _format(output: Path, asked: str | None) -> str:
    """The format asked, else that of the file's suffix.

    Raises:
        GraphError: no such format, or a suffix of another one.
    """
    from graphkit.errors import GraphError, did_you_mean
    from graphkit.exporters import FORMATS, graph_suffix

    if asked is None:
        suffix = graph_suffix(output)
        return next(form for form, suffixes in FORMATS.items() if suffix in suffixes)
    if asked not in FORMATS:
        raise GraphError(
            f"There is no format {asked!r}.", hint=did_you_mean(asked, FORMATS) or f"There are {_FORMATS}."
        )
    suffixes = FORMATS[asked]
    if suffixes and not output.name.lower().endswith(suffixes):
        raise GraphError(f"{str(output)!r} does not end as a {asked} file does.", hint=f"Name it {output}{suffixes[0]}")
    return asked


def _write_neo4j(graph: Graph, folder: Path) -> None:
    from graphkit.exporters.neo4j import import_command, write_neo4j

    write_neo4j(graph, folder)
    say(
        f"Wrote {graph.n_neurons:,} neurons and {graph.n_connections:,} connections to {folder}. In that folder:",
        import_command(graph),
    )
