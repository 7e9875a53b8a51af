"""The commands under `graphkit train`: one a network."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphkit.cli.terminal import caught, progress_bar, say
from graphkit.errors import GraphkitError
from graphkit_pipeline.given_settings import as_in_start, settings_file, settings_of, with_steps
from graphkit_pipeline.given_volumes import labelled_tissues, own_volumes, seen_by, tissues

if TYPE_CHECKING:
    from graphkit_pipeline.ffn.launch import Replica
    from graphkit_pipeline.ffn.team import Cluster

__all__ = ["app"]

_STAYS = "From the last checkpoint on it goes on with --resume."
app = typer.Typer(
    help="Train a network, on generated tissue or on your own volumes.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

Tissues = Annotated[
    list[Path] | None,
    typer.Option(
        "--tissue", metavar="DIR", help="A folder of `graphkit simulate-tissue`; repeatable.", show_default=False
    ),
]
Images = Annotated[
    list[str] | None,
    typer.Option("--image", metavar="VOLUME", help="An image of your own; repeatable.", show_default=False),
]
TrueLabels = Annotated[
    list[str] | None,
    typer.Option("--labels", metavar="VOLUME", help="Its true segments, in the same order.", show_default=False),
]
Validation = Annotated[
    list[Path] | None,
    typer.Option("--validation", metavar="DIR", help="The same, held out; repeatable.", show_default=False),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE.TOML", help="Settings of the training and [network].", show_default=False),
]
Steps = Annotated[int | None, typer.Option(min=1, metavar="N", help="Gradient steps.", show_default=False)]
Shipped = Annotated[
    bool, typer.Option("--shipped", help="Make the network that graphkit ships anew; takes about an hour.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")]


@app.command()
def ffn(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to write.", show_default=False)],
    tissue: Tissues = None,
    image: Images = None,
    labels: TrueLabels = None,
    membrane: Annotated[
        str | None,
        typer.Option(metavar="NETWORK", help="Train on what this membrane network sees.", show_default=False),
    ] = None,
    validation: Validation = None,
    validation_image: Annotated[
        list[str] | None,
        typer.Option(metavar="VOLUME", help="An image of your own that is held out; repeatable.", show_default=False),
    ] = None,
    validation_labels: Annotated[
        list[str] | None,
        typer.Option(metavar="VOLUME", help="Its true segments, in the same order.", show_default=False),
    ] = None,
    settings: SettingsFile = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="NETWORK",
            help="Go on from ffn-tissue, a .keras file, or a google/ffn checkpoint.",
            show_default=False,
        ),
    ] = None,
    steps: Steps = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write TensorBoard's files.", show_default=False)
    ] = None,
    replicas: Annotated[
        int, typer.Option(min=1, metavar="N", help="Processes on this machine that share the work.")
    ] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT,...", help="Processes on several machines: all their addresses.", show_default=False
        ),
    ] = None,
    rank: Annotated[
        int | None, typer.Option(min=0, metavar="I", help="Which of --cluster this one is.", show_default=False)
    ] = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long replicas wait for each other to begin.")
    ] = 120.0,
    resume: Resume = False,
    shipped: Shipped = False,
) -> None:
    """Train a flood-filling network."""
    from graphkit_pipeline.ffn.launch import Replica, launch

    if (here := Replica.here()) is None:
        with caught(_STAYS):
            if output.suffix == ".keras":
                raise GraphkitError(
                    f"{output} would be a folder.", hint="Name one: the network in it is network.keras, beside its log."
                )
            if clusters := _clusters(replicas, cluster, rank, wait):
                if shipped:
                    raise GraphkitError("--shipped trains in one process.", hint="Leave --replicas and --cluster out.")
                # The same command once more, in processes that know from their environment that they are replicas.
                answer = launch(
                    [sys.executable, "-c", "from graphkit.cli import main; main()", *sys.argv[1:]], clusters
                )
                _say_trained(output, answer["steps"], answer["vi_sum"], clusters[0].rank)
                return
    with caught(_STAYS), _answering(here) as answer, progress_bar() as progress:
        from graphkit_pipeline.ffn.training import TrainingSettings, train_ffn
        from graphkit_pipeline.networks import network_path

        if shipped:
            from graphkit_pipeline.ffn.recipe import train_shipped_ffn

            others = (
                tissue,
                image,
                labels,
                membrane,
                validation,
                validation_image,
                validation_labels,
                settings,
                start,
                steps,
                tensorboard,
            )
            _nothing_else("--shipped", *others)
            report = train_shipped_ffn(output, progress)
        else:
            begins = None if start is None else network_path(start, Path.cwd())
            content = settings_file(settings)
            given = settings_of(TrainingSettings, content if begins is None else as_in_start(begins, content))
            size = of_start = given.network.voxel_size_nm
            if begins is not None and "voxel_size_nm" not in content.get("network", {}):
                size = None
            volumes = [
                *labelled_tissues(tissue or []),
                *own_volumes(image or [], labels or [], size, of_start=of_start),
            ]
            if not volumes:
                raise GraphkitError(
                    "There is nothing to train on.",
                    hint="Give --tissue DIR, or --image VOLUME with --labels VOLUME, or --shipped.",
                )
            if given.network.voxel_size_nm is None:
                network = dataclasses.replace(given.network, voxel_size_nm=volumes[0].voxel_size_nm)
                given = dataclasses.replace(given, network=network)
            held_out = [
                *labelled_tissues(validation or []),
                *own_volumes(validation_image or [], validation_labels or [], size, "--validation-", of_start=of_start),
            ]
            if membrane is not None:
                given = dataclasses.replace(given, network=dataclasses.replace(given.network, input="membrane"))
                volumes, held_out = (
                    seen_by(membrane, v, progress, apart=here is not None) for v in (volumes, held_out)
                )
            report = train_ffn(
                volumes,
                with_steps(given, steps),
                output,
                validation=held_out,
                start=begins,
                resume=resume,
                tensorboard=tensorboard,
                cluster=here.cluster if here else None,
                when_stuck=here.fail if here else None,
                progress=progress,
            )
        answer.update(steps=report.steps, vi_sum=report.vi_sum)
    _say_trained(output, report.steps, report.vi_sum)


@app.command("import-ffn")
def import_ffn(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="model.ckpt-123 for model.ckpt-123.index.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="NAME.keras", help="The network's file.", show_default=False)
    ],
    settings: SettingsFile = None,
) -> None:
    """Turn a checkpoint of google/ffn into a network.

    \b
    It holds depth and features. What else the network was trained with is said under [network] of the settings: field_of_view,
    deltas, voxel_size_nm, mean, std, pad, init, move, segment. What is left out is as in the published one for FIB-25.
    """
    with caught():
        from graphkit_pipeline.ffn.checkpoint import import_ffn_checkpoint
        from graphkit_pipeline.ffn.network import save_network
        from graphkit_pipeline.ffn.settings import NetworkSettings
        from graphkit_pipeline.settings_table import settings_from

        if checkpoint.suffix == ".keras":
            raise GraphkitError(f"{checkpoint} is a network already.", hint="Name it where a network is asked for.")
        content = settings_file(settings)
        if others := sorted(set(content) - {"network"}):
            raise GraphkitError(f"{settings} says {', '.join(others)}; a network that is imported has [network] only.")
        network = settings_from(NetworkSettings, as_in_start(str(checkpoint), content)["network"], where="network")
        save_network(import_ffn_checkpoint(checkpoint, network), output)
    view, deltas, size = (
        " x ".join(f"{v:g}" for v in values or ())
        for values in (network.field_of_view, network.deltas, network.voxel_size_nm)
    )
    say(
        f"Wrote {output}: depth {network.depth}, {network.features} features, field of view {view}, deltas {deltas}, "
        f"for voxels of {size} nm and grey values (v - {network.mean:g}) / {network.std:g}."
    )


@app.command()
def synapses(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="NAME.keras", help="The network's file.", show_default=False)
    ],
    tissue: Tissues = None,
    validation: Validation = None,
    settings: SettingsFile = None,
    steps: Steps = None,
    resume: Resume = False,
    shipped: Shipped = False,
) -> None:
    """Train a synapse network: clefts, and the direction from post to pre."""
    with caught(_STAYS), progress_bar() as progress:
        from graphkit_pipeline.synapse.settings import NetworkSettings, TrainingSettings
        from graphkit_pipeline.synapse.training import train_synapses

        if shipped:
            from graphkit_pipeline.synapse.shipped import train_shipped_synapses

            _nothing_else("--shipped", tissue, validation, settings, steps)
            report = train_shipped_synapses(output, progress=progress)
        else:
            volumes = tissues(tissue or [])
            if not volumes:
                raise GraphkitError("There is nothing to train on.", hint="Give --tissue DIR, or --shipped.")
            content = settings_file(settings)
            network = settings_of(
                NetworkSettings, {"voxel_size_nm": list(volumes[0].voxel_size_nm), **content.pop("network", {})}
            )
            report = train_synapses(
                volumes,
                with_steps(settings_of(TrainingSettings, content), steps),
                output,
                network=network,
                validation=tissues(validation or []),
                resume=resume,
                progress=progress,
            )
    say(f"Trained {report.steps:,} steps. The network is {output}.")


@app.command()
def membrane(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="NAME.keras", help="The network's file.", show_default=False)
    ],
    tissue: Tissues = None,
    image: Images = None,
    labels: TrueLabels = None,
    validation: Validation = None,
    settings: SettingsFile = None,
    steps: Steps = None,
    resume: Resume = False,
    shipped: Shipped = False,
) -> None:
    """Train a membrane network: the inside of cells, for flood filling to look at."""
    with caught(_STAYS), progress_bar() as progress:
        from graphkit_pipeline.membrane.settings import NetworkSettings, TrainingSettings
        from graphkit_pipeline.membrane.training import train_membrane

        if shipped:
            from graphkit_pipeline.membrane.shipped import train_shipped_membrane

            _nothing_else("--shipped", tissue, image, labels, validation, settings, steps)
            report = train_shipped_membrane(output, progress=progress)
        else:
            content = settings_file(settings)
            said = content.pop("network", {})
            volumes = [
                *labelled_tissues(tissue or []),
                *own_volumes(image or [], labels or [], said.get("voxel_size_nm")),
            ]
            if not volumes:
                raise GraphkitError(
                    "There is nothing to train on.",
                    hint="Give --tissue DIR, or --image VOLUME with --labels VOLUME, or --shipped.",
                )
            size = volumes[0].voxel_size_nm
            network = {**({"voxel_size_nm": list(size)} if size else {}), **said}
            report = train_membrane(
                volumes,
                with_steps(settings_of(TrainingSettings, content), steps),
                output,
                network=settings_of(NetworkSettings, network),
                validation=labelled_tissues(validation or []),
                resume=resume,
                progress=progress,
            )
    say(f"Trained {report.steps:,} steps. The network is {output}; the log is {output.with_suffix('.log.jsonl')}.")


def _clusters(replicas: int, cluster: str | None, rank: int | None, wait_s: float) -> list[Cluster]:
    """The replicas to be started here; none where this process is to train alone."""
    from graphkit_pipeline.ffn.launch import free_addresses
    from graphkit_pipeline.ffn.team import Cluster

    if (cluster is None) != (rank is None):
        raise GraphkitError(
            "--cluster and --rank go together.", hint="Give on each host the same --cluster, and --rank 0, 1, ..."
        )
    if cluster is not None and rank is not None:
        if replicas != 1:
            raise GraphkitError(
                "--cluster names all replicas; --replicas starts some here.", hint="Leave one of them out."
            )
        return [Cluster(tuple(a.strip() for a in cluster.split(",")), rank, wait_s)]
    if replicas == 1:
        return []
    addresses = tuple(free_addresses(replicas))
    return [Cluster(addresses, k, wait_s) for k in range(replicas)]


@contextlib.contextmanager
def _answering(here: Replica | None) -> Iterator[dict[str, Any]]:
    """What is put into the answer goes to the parent of a replica, and so does an error; elsewhere nothing happens."""
    answer: dict[str, Any] = {}
    try:
        yield answer
    except GraphkitError as error:
        if here is None:
            raise
        here.fail(error)
    if here is not None:
        here.end(answer)


def _say_trained(output: Path, steps: int, vi_sum: float | None, rank: int = 0) -> None:
    if rank:
        say(f"Trained {steps:,} steps. The network is with rank 0.")
        return
    made = f"{steps:,} step{'' if steps == 1 else 's'}"
    score = "" if vi_sum is None else f", of a validation VI of {vi_sum:.3f} bits"
    say(f"Trained {made}. The network is {output / 'network.keras'}{score}; the log is {output / 'log.jsonl'}.")


def _nothing_else(option: str, *others: object) -> None:
    if any(other is not None for other in others):
        raise GraphkitError(
            f"{option} has its own volumes and settings.", hint=f"Leave the other options out, or {option}."
        )
