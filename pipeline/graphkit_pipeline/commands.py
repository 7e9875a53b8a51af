"""The commands that the pipeline adds to `graphkit`: parses and prints; nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from graphkit.cli.terminal import caught, progress_bar, say
from graphkit.errors import GraphkitError
from graphkit_pipeline.given_values import box_of, three_of, whole_of

__all__ = ["agglomerate", "evaluate", "reconstruct", "segment", "simulate_tissue", "status", "view"]

_EXAMPLE = Path(__file__).with_name("example-run.toml")
_STAYS = "What is finished stays: run it again, and it goes on."

RunFile = Annotated[Path, typer.Argument(metavar="RUN.TOML", help="What to do; see --example.", show_default=False)]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to write.", show_default=False)]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="The same seed gives the same bytes.")]


def simulate_tissue(
    output: Output,
    shape: Annotated[str, typer.Option(metavar="Z,Y,X", help="Voxels.")] = "256,256,256",
    voxel_size: Annotated[str, typer.Option(metavar="Z,Y,X", help="Nanometres.")] = "16,16,16",
    seed: Seed = 0,
    clean: Annotated[bool, typer.Option("--clean", help="Without section artefacts.")] = False,
) -> None:
    """Make an EM-like volume of grown neurons, with complete ground truth."""
    with caught(), progress_bar() as progress:
        from graphkit_pipeline.tissue import TissueSettings, simulate_tissue, write_tissue

        settings = TissueSettings(
            shape=three_of(shape, "--shape", int),
            voxel_size_nm=three_of(voxel_size, "--voxel-size", float),
            seed=seed,
            artefacts=not clean,
        )
        tissue = simulate_tissue(settings, progress)
        write_tissue(tissue, output, progress)
    say(
        f"Wrote {output}: {len(tissue.neurons):,} neurons and {len(tissue.synapses):,} synapses in "
        f"{' x '.join(map(str, settings.shape))} voxels. See it: graphkit view {output}"
    )


def reconstruct(
    run: Annotated[Path | None, typer.Argument(metavar="[RUN.TOML]", help="What to do.", show_default=False)] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="STAGE",
            help="Do this stage anew, and what takes from it; image: all that see the image.",
            show_default=False,
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--until", metavar="STAGE", help="Stop after this stage.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and what it takes.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Print a RUN.TOML to begin with.")] = False,
) -> None:
    """From images to a connectome: segmentation, synapses, meshes, skeletons, tables.

    \b
    Stages: membrane (if there is a network), segment, cut (of both methods), reconcile, link (of a watershed), agglomerate (if
    asked for), detect and assign (synapses, unless left out), mesh, skeleton, dataset, evaluate.
    Whatever is finished stays: run it again after it was stopped, and it goes on.
    """
    if example:
        print(_EXAMPLE.read_text(encoding="utf-8"), end="")
        return
    if run is None:
        raise typer.BadParameter("name a RUN.TOML; `graphkit reconstruct --example` prints one")
    with caught(_STAYS, sigterm=True):
        from graphkit_pipeline.config import read_config

        config = read_config(run)
        if dry_run:
            _print_plan(config, first, last)
            return
        from graphkit_pipeline.run import reconstruct

        with progress_bar() as progress:
            named = _Named(progress)
            statuses = reconstruct(config, first=first, last=last, progress=named, begin=named.begin)
        _report(config, statuses)


def status(run: RunFile) -> None:
    """How far a reconstruction is."""
    with caught():
        from graphkit_pipeline.config import read_config
        from graphkit_pipeline.run import run_status

        rows: list[tuple[str, ...]] = [("stage", "state", "blocks", "time")]
        statuses = run_status(read_config(run))
        for s in statuses:
            blocks = f"{s.blocks_done:,} of {s.blocks:,}" if s.blocks else ""
            rows.append((s.name, s.state, blocks, "" if s.seconds is None else _time(s.seconds)))
        _print_columns(rows)
        _list_failed(statuses)


def segment(
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="A volume: precomputed, .zarr, FILE.h5:dataset, a stack.")
    ],
    output: Output,
    network: Annotated[str, typer.Option(help="ffn-tissue, a .keras file, or a google/ffn checkpoint.")] = "ffn-tissue",
    voxel_size: Annotated[
        str | None, typer.Option(metavar="Z,Y,X", help="Nanometres, where the file does not say.", show_default=False)
    ] = None,
    workers: Annotated[
        str, typer.Option(metavar="N", help='Processes; 0 for this one, "cores" for one a core.')
    ] = "cores",
    membrane: Annotated[
        str | None,
        typer.Option(metavar="NETWORK", help="A membrane network: fill what it sees.", show_default=False),
    ] = None,
    method: Annotated[
        Literal["flood", "watershed", "both"],
        typer.Option(help="watershed: cut and link what the membrane network sees. both: and hear flood filling."),
    ] = "flood",
    box: Annotated[
        str | None, typer.Option(metavar="Z0:Z1,Y0:Y1,X0:X1", help="This part of it only.", show_default=False)
    ] = None,
    min_segment_voxels: Annotated[int, typer.Option(min=1, metavar="N", help="Smaller segments are given up.")] = 1000,
) -> None:
    """Segment a volume by flood filling, or by the affinities of a membrane network (the first stages of `reconstruct`)."""
    with caught(_STAYS, sigterm=True):
        from graphkit_pipeline.agglomeration.joined import LinkSettings
        from graphkit_pipeline.config import ImageSettings, MembraneStage, RunConfig, SegmentStage
        from graphkit_pipeline.engine import EngineSettings
        from graphkit_pipeline.ffn.settings import FillPolicy
        from graphkit_pipeline.networks import network_path
        from graphkit_pipeline.run import reconstruct

        config = RunConfig(
            image=ImageSettings(
                str(image),
                voxel_size_nm=three_of(voxel_size, "--voxel-size", float) if voxel_size else None,
                box=box_of(box) if box else None,
            ),
            output=str(output),
            name=output.name,
            membrane=MembraneStage(network=membrane and network_path(membrane, Path.cwd())),
            segment=SegmentStage(
                network=network_path(network, Path.cwd()),
                method=method,
                fill=FillPolicy(min_segment_voxels=min_segment_voxels),
            ),
            link=LinkSettings(min_segment_voxels=min_segment_voxels),
            engine=EngineSettings(workers="cores" if workers == "cores" else whole_of(workers, "--workers")),
        )
        with progress_bar() as progress:
            named = _Named(progress)
            last = "reconcile" if method == "flood" else "link"
            statuses = reconstruct(config, last=last, progress=named, begin=named.begin)
        _report(config, statuses)


def agglomerate(
    run: RunFile,
    threshold: Annotated[
        float | None,
        typer.Option(metavar="T", help="Join what scores at least T, and build the graph anew.", show_default=False),
    ] = None,
) -> None:
    """Choose which segments are one neuron, from the scores that are there.

    \b
    Without --threshold: how many neurons each threshold would make, and their accuracy where a truth is named.
    The network is not asked again. The setting agglomerate.threshold in RUN.TOML does the same for good.
    """
    with caught(_STAYS, sigterm=True):
        from dataclasses import replace

        from graphkit_pipeline.agglomeration.thresholds import check_scored
        from graphkit_pipeline.config import read_config
        from graphkit_pipeline.run import reconstruct

        config = read_config(run)
        with progress_bar() as progress:
            named = _Named(progress)
            if threshold is not None:
                check_scored(config)
                chosen = replace(config, agglomerate=replace(config.agglomerate, enabled=True, threshold=threshold))
                statuses = reconstruct(chosen, first="dataset", progress=named, begin=named.begin)
            else:
                rows = _thresholds(config, progress)
        if threshold is not None:
            _report(config, statuses)
            if threshold != config.agglomerate.threshold:
                say(f"To keep it, say so in {run}: [agglomerate] threshold = {threshold:g}")
        else:
            _print_columns(rows)


def _thresholds(config: Any, progress: Any) -> list[tuple[str, ...]]:
    """A row a threshold: joins, neurons, and where there is a truth VI."""
    from graphkit_pipeline.agglomeration.thresholds import score_thresholds

    found = score_thresholds(config, (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95), progress)
    scored = found[0].score is not None
    rows: list[tuple[str, ...]] = [
        ("threshold", "joins", "neurons", *(("VI split", "VI merge", "VI sum") if scored else ()))
    ]
    for row in found:
        score = row.score
        bits = (f"{score.vi_split:.3f}", f"{score.vi_merge:.3f}", f"{score.vi_sum:.3f}") if score else ()
        rows.append((f"{row.threshold:g}" if row.threshold else "none", f"{row.joins:,}", f"{row.neurons:,}", *bits))
    return rows


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, or its RUN.TOML.")],
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH", help="What `graphkit simulate-tissue` wrote, or labels: em.h5:bodies.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where the report goes.  [else RUN]", show_default=False),
    ] = None,
) -> None:
    """Compare a reconstruction with the truth: VI, Rand, run length, synapses, connections; report.html."""
    with caught():
        from graphkit_pipeline.config import read_config
        from graphkit_pipeline.evaluate import evaluate
        from graphkit_pipeline.evaluation.sources import said_of_run

        folder = Path(read_config(run).output) if run.suffix == ".toml" else run
        found: dict[str, Any] = {}
        if (folder / "segmentation").is_dir():
            found["segmentation"] = str(folder / "segmentation")
        if (folder / "dataset").is_dir():
            found["dataset"] = folder / "dataset"
        if not found:
            raise GraphkitError(
                f"{folder} holds neither segmentation/ nor dataset/." if folder.exists() else f"There is no {folder}.",
                hint="Name the folder that `graphkit reconstruct` made.",
            )
        name, image = said_of_run(folder)
        with progress_bar() as progress:
            evaluation = evaluate(
                str(truth), **found, folder=output or folder, name=name, image=image, progress=progress
            )
        print("\n".join(evaluation.summary()))
        say(f"Wrote {(output or folder) / 'report.html'} and evaluation.json.")


def view(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run, a tissue, or a volume.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Look at image, segmentation, meshes, skeletons and synapses in Neuroglancer."""
    with caught():
        from graphkit_pipeline.view import serve

        with serve(folder, port=port, open_browser=not no_browser) as shown:
            print(shown.url, flush=True)
            say(*shown.notes, "Ctrl-C ends it.")
            shown.wait()
            say("Closed.")


# -- what is printed ---------------------------------------------------------------------------------------------------


class _Named:
    """Puts a stage's number and name before what it says of its progress."""

    def __init__(self, progress: Any) -> None:
        self._progress, self._label = progress, ""

    def begin(self, number: int, of: int, stage: Any, done: bool) -> None:
        self._label = f"{number}/{of} {stage.name}"
        if done:
            say(f"{self._label}: done before")
        else:
            say(f"{self._label}: {stage.does}")

    def __call__(self, stage: str, fraction: float) -> None:
        self._progress(f"  {stage}", fraction)


_EMPTY = (
    ("reconcile", "segments", "No segment was found. See the image's contrast, [segment.mask] and min_segment_voxels."),
    (
        "dataset",
        "synapses",
        "No synapse was found, so the graph has no connections. See RUN/clefts, and the setting synapses.assign.threshold.",
    ),
)


def _report(config: Any, statuses: Any) -> None:
    for s in statuses:
        if s.outcome is not None and s.state.startswith("done"):
            counts = {k: v for k, v in s.outcome.items() if isinstance(v, int) and v}
            said = ", ".join(
                f"{v:,} {k.replace('_', ' ').removesuffix('s' if v == 1 else '')}" for k, v in counts.items()
            )
            say(f"{s.name:<10} {_time(s.seconds or 0.0):>8}  {said}")
    _list_failed(statuses)
    done = {s.name: s.outcome or {} for s in statuses if s.state.startswith("done")}
    for stage, made, why in _EMPTY:
        if done.get(stage, {}).get(made) == 0 and (made != "synapses" or config.synapses.enabled):
            say(why)
    if "evaluate" in done:
        print("\n".join(done["evaluate"].get("summary", [])))
    folder = _short(config.output)
    if "dataset" in done:
        question = "motifs" if config.synapses.enabled else "morphology of any neuron"
        say(f'Ask it:  graphkit query "{question}" -d {folder}/dataset')
    say(f"See it:  graphkit view {folder}" + (f"   and {folder}/report.html" if "evaluate" in done else ""))


def _short(path: str) -> str:
    """The path as seen from here, where that is shorter."""
    return min(path, os.path.relpath(path), key=len)


def _list_failed(statuses: Any) -> None:
    for s in statuses:
        errors = (s.outcome or {}).get("failed", {})
        for name in s.failed:
            say(f"Set aside: block {name} of {s.name}: {errors.get(name, '')}")
        if s.failed:
            say(
                f"{len(s.failed)} of {s.blocks} blocks of {s.name} are holes in the result; running again tries them again."
            )


def _print_plan(config: Any, first: str | None, last: str | None) -> None:
    from graphkit_pipeline.context import Context
    from graphkit_pipeline.plan import plan_run

    context = Context(config, Path(config.output))
    image = context.image
    say(
        f"{image.location}: {' x '.join(map(str, context.bounds.shape))} voxels of "
        f"{' x '.join(f'{v:g}' for v in image.voxel_size_nm)} nm [z, y, x]"
    )
    rows: list[tuple[str, ...]] = [("stage", "state", "blocks", "reads", "writes", "memory", "time")]
    stages = plan_run(config, context, first=first, last=last)
    for s in stages:
        blocks = f"{s.blocks:,}" if s.blocks else ""
        rows.append(
            (
                s.name,
                s.state,
                blocks,
                _size(s.reads_bytes),
                _size(s.writes_bytes),
                _size(s.memory_bytes),
                _time(s.seconds),
            )
        )
    _print_columns(rows)
    left = [s for s in stages if s.state != "done"]
    say(
        f"To do: about {_time(sum(s.seconds for s in left))}, {_size(sum(s.writes_bytes for s in left))} on disk, "
        f"{_size(max((s.memory_bytes for s in left), default=0.0))} of memory."
    )
    say("The networks were timed just now; the other times are rates.")


def _print_columns(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} PB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
