"""The commands under `graphkit import`: one a format, with options named as the importers' parameters."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

import typer

from graphkit.cli.importing_options import OPTIONS, Files, Folders, Output, one_file
from graphkit.cli.terminal import caught, progress_bar, say

if TYPE_CHECKING:
    from graphkit.importers.report import ImportReport

__all__ = ["app"]

app = typer.Typer(
    help="Read published tables into a new dataset.\n\ndocs/importing.md says where they are to be had.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _run(module: str, output: str, options: dict[str, Any]) -> None:
    """Runs ``graphkit.importers.import_MODULE`` with the command's options, and says what came of it."""
    import importlib

    with caught():
        from graphkit.cli.values import one_of, pairs, triple

        for name in {"columns", "neuron_columns", "kind_map"} & options.keys():
            options[name] = pairs(options[name], "--" + name.replace("_", "-"))
        one_of(options["on_error"], ("fail", "skip"), "--on-error")
        if "position_unit_nm" in options:
            options["position_unit_nm"] = triple(options["position_unit_nm"])
        if "min_score" in options:
            from graphkit.build import BuildOptions

            options["options"] = BuildOptions(min_score=options.pop("min_score"))
        importer = getattr(importlib.import_module("graphkit.importers"), f"import_{module}")
        sources = options.pop("files")
        with progress_bar() as progress:
            report: ImportReport = importer(sources, output, progress=progress, **options)
        say(str(report))
        tables = report.dataset.snapshot.tables
        counts = (f"{tables[t].rows:,} {t}" for t in ("neurons", "synapses", "connections") if t in tables)
        say(f"Wrote {output}: {', '.join(counts)}.", f"What is in it: graphkit info {output}")


def _command(
    module: str, title: str, more: str, example: str, own: str = "", *, files: Any = Files, **defaults: Any
) -> None:
    """Adds the command of an importer: what --help says, the names of its ``own`` options, what ``files`` it reads."""
    names = ["name", *own.split(), "neurons", "neuron_columns", "on_error", "memory_limit", "threads"]
    parameters = [("files", files, Parameter.empty), ("output", Output, Parameter.empty)]
    parameters += [(n, OPTIONS[n][0], defaults.get(n, OPTIONS[n][1])) for n in names]

    def command(output: str, **options: Any) -> None:
        _run(module, output, options)

    command.__signature__ = Signature(  # type: ignore[attr-defined]
        [Parameter(n, Parameter.KEYWORD_ONLY, annotation=a, default=d) for n, a, d in parameters]
    )
    command.__annotations__ = {n: a for n, a, _ in parameters}
    paragraphs = (title, more, f"For example: graphkit import {module} {example}")
    app.command(module, help="\n\n".join(p for p in paragraphs if p))(command)


_command(
    "synapses",
    "Any table with one synapse a row.",
    "CSV, TSV, Parquet, Feather, xls or xlsx; text also as .gz.",
    "synapses.csv.gz --position-unit-nm 4,4,40 -o mybrain",
    "columns where position_unit_nm unassigned_id size_unit sheet min_score",
)
_command(
    "edges",
    "Any table with one pair of neurons a row.",
    "With or without a weight, with ids or names.",
    "pairs.csv --neurons neurons.csv -o mybrain",
    "columns where ids kind kind_map sheet",
)
_command(
    "neuprint",
    "neuPrint exports: hemibrain, MANC, male CNS.",
    "Pair tables, neuron records and rows by region, in any mix.",
    "traced-neurons.csv traced-total-connections.csv -o hemibrain",
    "hierarchy columns where status",
)
_command(
    "codex",
    "FlyWire Codex downloads.",
    "Connections by neuropil, and tables about neurons.",
    "connections.csv.gz neurons.csv.gz classification.csv.gz -o flywire",
    "columns where",
)
_command(
    "larva",
    "The larval fly brain (Winding 2023).",
    "Matrices of connections by compartment, and tables about neurons.",
    "ad_connectivity_matrix.csv aa_connectivity_matrix.csv annotations.csv -o larva",
)
_command(
    "celegans",
    "The worm: Cook 2019, White 1986, Witvliet 2021.",
    "C. elegans, from Cook's workbook of matrices or from lists of connections.",
    '"SI 5 Connectome adjacency matrices.xlsx" -o worm',
    "sex columns",
)
_command(
    "kasthuri",
    "Synapses of mouse cortex (Kasthuri 2015).",
    "With positions, axons, dendrites and spines.",
    "mmc2.xls -o kasthuri",
    files=one_file("mmc2.xls, Table S1 of the paper."),
)
_command(
    "swc",
    "Skeletons in SWC files.",
    "Neurons with their cable length, and their synapses where tables of these are given.",
    "skeletons/ --synapses synapses/ --unit 8,8,8 -o mybrain",
    "unit synapses",
    files=Folders,
)
_command(
    "cave",
    "MICrONS and other CAVE synapse tables.",
    "Root ids keep all their 18 digits.",
    "synapses.csv --neurons cells.csv -o pinky100",
    "columns where position_unit_nm unassigned_id sheet min_score",
    position_unit_nm="4,4,40",
    unassigned_id=0,
)
_command(
    "graphml",
    "A GraphML file of NetworkX, igraph or Cytoscape.",
    "Nodes are neurons, edges connections; attributes are kept.",
    "network.graphml -o mybrain",
    "id_attribute columns where ids kind kind_map",
    files=one_file("The GraphML file."),
)
_command(
    "networkx",
    "Node-link JSON of NetworkX.",
    "",
    "graph.json -o mybrain. In Python, the graph itself.",
    "id_attribute columns where ids kind kind_map",
    files=one_file("Node-link JSON: .json or .json.gz."),
)
