"""The commands under `graphkit import`: one a format, with options named as the importers' parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphkit.cli.importing_options import (
    Columns,
    Files,
    Ids,
    Kind,
    KindMap,
    MinScore,
    Name,
    NeuronColumns,
    Neurons,
    OnErrorOption,
    Output,
    PositionUnit,
    Sheet,
    UnassignedId,
    Where,
)
from graphkit.cli.options import MemoryOption, ThreadsOption
from graphkit.cli.terminal import caught, progress_bar, say

if TYPE_CHECKING:
    from graphkit.importers.report import ImportReport

__all__ = ["app", "numbers", "pairs"]

app = typer.Typer(
    help="Read published tables into a new dataset.\n\ndocs/importing.md says where they are to be had.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def pairs(given: list[str] | None, option: str) -> dict[str, str] | None:
    """``["a=b", "c=d,e=f"]`` as a dictionary; None for nothing.

    Raises:
        GraphkitError: a part without '='.
    """
    from graphkit.errors import GraphkitError

    if not given:
        return None
    found = {}
    for part in (p for text in given for p in text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise GraphkitError(
                f"{option} {part!r} is not NAME=VALUE.", hint=f"For example: {option} pre_id=pre_root_id"
            )
        found[key.strip()] = value.strip()
    return found


def numbers(given: dict[str, str] | None) -> dict[str, int | float]:
    """The values as numbers.

    Raises:
        GraphkitError: one is none.
    """
    from graphkit.errors import GraphkitError

    found: dict[str, int | float] = {}
    for key, text in (given or {}).items():
        try:
            found[key] = int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            raise GraphkitError(f"{key} must be a number, got {text!r}.") from None
    return found


def _triple(text: str | None) -> tuple[float, ...] | None:
    from graphkit.errors import GraphkitError

    if text is None:
        return None
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) != 3:
        raise GraphkitError(f"{text!r} is not three numbers.", hint="Write x,y,z in nanometres, e.g. 4,4,40.")
    return found


def _on_error(text: str) -> Any:
    from graphkit.errors import GraphkitError

    if text not in ("fail", "skip"):
        raise GraphkitError(f"--on-error is 'fail' or 'skip', got {text!r}.")
    return text


def _run(module: str, /, output: str, **options: Any) -> None:
    """Runs ``graphkit.importers.import_MODULE`` with the command's options, and says what came of it."""
    import importlib

    with caught():
        for name in ("columns", "neuron_columns", "kind_map"):
            if name in options:
                options[name] = pairs(options[name], "--" + name.replace("_", "-"))
        if "on_error" in options:
            options["on_error"] = _on_error(options["on_error"])
        if "position_unit_nm" in options:
            options["position_unit_nm"] = _triple(options["position_unit_nm"])
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


@app.command()
def synapses(
    files: Files,
    output: Output,
    name: Name = None,
    columns: Columns = None,
    where: Where = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    position_unit_nm: PositionUnit = None,
    unassigned_id: UnassignedId = None,
    size_unit: Annotated[
        str | None, typer.Option(help="What sizes are in, e.g. voxels, nm3.", show_default=False)
    ] = None,
    sheet: Sheet = None,
    min_score: MinScore = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """Any table with one synapse a row.

    CSV, TSV, Parquet, Feather, xls or xlsx; text also as .gz.

    For example: graphkit import synapses synapses.csv.gz --position-unit-nm 4,4,40 -o mybrain
    """
    _run("synapses", **locals())


@app.command()
def edges(
    files: Files,
    output: Output,
    name: Name = None,
    columns: Columns = None,
    where: Where = None,
    ids: Ids = "auto",
    kind: Kind = None,
    kind_map: KindMap = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    sheet: Sheet = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """Any table with one pair of neurons a row.

    With or without a weight, with ids or names.

    For example: graphkit import edges pairs.csv --neurons neurons.csv -o mybrain
    """
    _run("edges", **locals())


@app.command()
def neuprint(
    files: Files,
    output: Output,
    name: Name = None,
    hierarchy: Annotated[
        str | None,
        typer.Option(
            help="neuPrint's roiHierarchy as JSON, or 'flat'; the hemibrain's is built in.", show_default=False
        ),
    ] = None,
    columns: Columns = None,
    where: Where = None,
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only neurons of this status, e.g. Traced, and the pairs among them.", show_default=False),
    ] = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """neuPrint exports: hemibrain, MANC, male CNS.

    Pair tables, neuron records and rows by region, in any mix.

    For example: graphkit import neuprint traced-neurons.csv traced-total-connections.csv -o hemibrain
    """
    _run("neuprint", **locals())


@app.command()
def codex(
    files: Files,
    output: Output,
    name: Name = None,
    columns: Columns = None,
    where: Where = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """FlyWire Codex downloads.

    Connections by neuropil, and tables about neurons.

    For example: graphkit import codex connections.csv.gz neurons.csv.gz classification.csv.gz -o flywire
    """
    _run("codex", **locals())


@app.command()
def larva(
    files: Files,
    output: Output,
    name: Name = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """The larval fly brain (Winding 2023).

    Matrices of connections by compartment, and tables about neurons.

    For example: graphkit import larva ad_connectivity_matrix.csv aa_connectivity_matrix.csv annotations.csv -o larva
    """
    _run("larva", **locals())


@app.command()
def celegans(
    files: Files,
    output: Output,
    name: Name = None,
    sex: Annotated[
        str, typer.Option(metavar="hermaphrodite|male", help="Which sheets of Cook's workbook.")
    ] = "hermaphrodite",
    columns: Columns = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """The worm: Cook 2019, White 1986, Witvliet 2021.

    C. elegans, from Cook's workbook of matrices or from lists of connections.

    For example: graphkit import celegans "SI 5 Connectome adjacency matrices.xlsx" -o worm
    """
    _run("celegans", **locals())


@app.command()
def kasthuri(
    files: Annotated[Path, typer.Argument(metavar="FILE", help="mmc2.xls, Table S1 of the paper.")],
    output: Output,
    name: Name = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """Synapses of mouse cortex (Kasthuri 2015).

    With positions, axons, dendrites and spines.

    For example: graphkit import kasthuri mmc2.xls -o kasthuri
    """
    _run("kasthuri", **locals())


@app.command()
def swc(
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="SWC files, or folders of them.")],
    output: Output,
    name: Name = None,
    unit: Annotated[
        str, typer.Option(metavar="nm|um|X,Y,Z", help="What positions are in; X,Y,Z is a voxel's size in nm.")
    ] = "nm",
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """Skeletons in SWC files.

    Neurons with their cable length; no connections.

    For example: graphkit import swc skeletons/ --unit 8,8,8 -o skeletons
    """
    _run("swc", **locals())


@app.command()
def cave(
    files: Files,
    output: Output,
    name: Name = None,
    columns: Columns = None,
    where: Where = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    position_unit_nm: PositionUnit = "4,4,40",
    unassigned_id: UnassignedId = 0,
    sheet: Sheet = None,
    min_score: MinScore = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """MICrONS and other CAVE synapse tables.

    Root ids keep all their 18 digits.

    For example: graphkit import cave synapses.csv --neurons cells.csv -o pinky100
    """
    _run("cave", **locals())


@app.command()
def graphml(
    files: Annotated[Path, typer.Argument(metavar="FILE", help="The GraphML file.")],
    output: Output,
    name: Name = None,
    id_attribute: Annotated[
        str | None, typer.Option(help="The node attribute that is the neuron's id or name.", show_default=False)
    ] = None,
    columns: Columns = None,
    where: Where = None,
    ids: Ids = "auto",
    kind: Kind = None,
    kind_map: KindMap = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """A GraphML file of NetworkX, igraph or Cytoscape.

    Nodes are neurons, edges connections; attributes are kept.

    For example: graphkit import graphml network.graphml -o mybrain
    """
    _run("graphml", **locals())


@app.command()
def networkx(
    files: Annotated[Path, typer.Argument(metavar="FILE", help="Node-link JSON: .json or .json.gz.")],
    output: Output,
    name: Name = None,
    id_attribute: Annotated[
        str | None, typer.Option(help="The node attribute that is the neuron's id or name.", show_default=False)
    ] = None,
    columns: Columns = None,
    where: Where = None,
    ids: Ids = "auto",
    kind: Kind = None,
    kind_map: KindMap = None,
    neurons: Neurons = None,
    neuron_columns: NeuronColumns = None,
    on_error: OnErrorOption = "fail",
    memory_limit: MemoryOption = "4GB",
    threads: ThreadsOption = None,
) -> None:
    """Node-link JSON of NetworkX.

    For example: graphkit import networkx graph.json -o mybrain. In Python, the graph itself.
    """
    _run("networkx", **locals())
