"""The command `graphkit export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphkit.cli_dataset import opened
from graphkit.cli_options import DatasetOption
from graphkit.terminal import caught, say

__all__ = ["export"]


def export(
    output: Annotated[
        Path, typer.Argument(help="The file to write: .graphml, .npz, .csv, .tsv or .parquet (text also .gz).")
    ],
    dataset: DatasetOption = None,
    region: Annotated[
        list[str] | None, typer.Option(help="Only synapses located here; repeatable.", show_default=False)
    ] = None,
    between_neurons_of: Annotated[
        list[str] | None, typer.Option(help="Only neurons that belong to this region; repeatable.", show_default=False)
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only neurons of this type (wildcards); repeatable.", show_default=False),
    ] = None,
    where: Annotated[
        str | None, typer.Option(help="Only neurons for which this SQL condition holds.", show_default=False)
    ] = None,
    min_synapses: Annotated[int, typer.Option(help="Only connections with at least this many synapses.")] = 1,
    electrical: Annotated[
        bool, typer.Option("--electrical", help="Gap junctions instead of chemical synapses.")
    ] = False,
    autapses: Annotated[
        bool, typer.Option("--autapses/--no-autapses", help="Keep connections of a neuron to itself.")
    ] = True,
) -> None:
    """Write the graph, or a part of it, to a file for other tools."""
    with caught():
        from graphkit.exporters import graph_suffix, save_graph
        from graphkit.exporters.edge_list import left_out

        suffix = graph_suffix(output)
        brain = opened(dataset)
        graph = brain.graph(
            region=region or None,
            between_neurons_of=between_neurons_of or None,
            type=type_ or None,
            where=where,
            min_synapses=min_synapses,
            kind="electrical" if electrical else "chemical",
            autapses=autapses,
        )
        save_graph(graph, output)
        if suffix.startswith((".csv", ".tsv", ".parquet")):
            say(f"Wrote {graph.n_connections:,} connections to {output}")
            if lost := left_out(graph):
                say(f"An edge list does not hold {lost}; .graphml and .npz do.")
        else:
            say(f"Wrote {graph.n_neurons:,} neurons and {graph.n_connections:,} connections to {output}")
