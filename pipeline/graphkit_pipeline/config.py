"""What a reconstruction is asked to do: one frozen, checked configuration, read from a TOML file.

    name = "mycube"                    # of the dataset; the file's own name where left out
    output = "run"                     # the folder that the run makes

    [image]
    location = "cube.h5:raw"           # anything that `volume` opens
    voxel_size_nm = [8, 8, 8]          # z, y, x; where the file does not say

    [membrane]                         # optional; flood filling then looks at what this network sees
    network = "membrane.keras"
    [segment]
    network = "ffn-tissue"             # one that graphkit ships, a .keras file, or a google/ffn checkpoint
    [synapses]
    network = "synapse-tissue"

    [[regions]]                        # optional; boxes in nm
    name = "cube"
    box_nm = { z = [0, 2048], y = [0, 2048], x = [0, 2048] }

    [evaluate]                         # optional
    truth = "tissue"                   # a folder as `graphkit simulate-tissue` writes it

Everything else has a default, written once beside the code that uses it. Paths are relative to the file.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from graphkit.errors import GraphkitError, did_you_mean
from graphkit_pipeline.agglomeration.joined import LinkSettings
from graphkit_pipeline.agglomeration.resegment import ResegmentSettings
from graphkit_pipeline.engine import EngineSettings
from graphkit_pipeline.evaluation.result import EvaluationSettings
from graphkit_pipeline.ffn.passes import FillPass, MaskSettings, SeedPolicy, check_consensus, check_passes
from graphkit_pipeline.ffn.settings import FillPolicy
from graphkit_pipeline.membrane.fragments import FragmentSettings
from graphkit_pipeline.membrane.settings import PredictSettings as MembranePredictSettings
from graphkit_pipeline.mesh import MeshSettings
from graphkit_pipeline.networks import SHIPPED, network_path
from graphkit_pipeline.reconcile import ReconcileSettings
from graphkit_pipeline.settings_table import settings_from
from graphkit_pipeline.skeleton import SkeletonSettings
from graphkit_pipeline.synapse.settings import AssignSettings, PredictSettings

__all__ = [
    "SHIPPED",
    "AgglomerateStage",
    "DatasetSettings",
    "EvaluateStage",
    "ImageSettings",
    "MembraneStage",
    "RegionSettings",
    "RunConfig",
    "SegmentStage",
    "SynapseStage",
    "network_path",
    "read_config",
]

Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """The image: a location, and what its format does not say. Sizes and offsets are [z, y, x].

    ``box``, its first voxel and the one past its last, takes a part of the image: to try settings on.
    """

    location: str
    dataset: str | None = None
    voxel_size_nm: tuple[float, float, float] | None = None
    offset: Triple | None = None
    box: tuple[Triple, Triple] | None = None


@dataclass(frozen=True, slots=True)
class MembraneStage:
    """The inside of cells, block by block; without a network the stage is left out, and flood filling sees the image."""

    network: str | None = None
    block: Triple = (192, 192, 192)
    predict: MembranePredictSettings = field(default_factory=MembranePredictSettings)

    def __post_init__(self) -> None:
        _check_block("membrane", self.block, (0, 0, 0))


@dataclass(frozen=True, slots=True)
class SegmentStage:
    """Neurons, block by block: ``block`` voxels each, seen with ``halo`` more on every side.

    ``method`` "flood" fills them with ``network`` as ``fill`` says, from ``seeds``, where the ``mask`` has tissue. ``passes`` are
    done one after the other, each into what is empty still; what one does not say it has from here. ``consensus`` names orders of
    the seeds in which all is filled once more: a merge that one fill makes and another does not is undone. A block under way is
    put away every ``checkpoint_s`` seconds. With ``batch`` above 1, for a device, the blocks under way at once in this process
    (``[engine] workers = 0, at_once = 16``) share calls of the network, of so many fields of view.

    "watershed" cuts what a membrane network sees into fragments, as ``fragments`` says, and joins them by its affinities
    (``[link]``): no flood-filling network is asked. "both" joins the same fragments, hears beside the affinities what
    flood-filled segments say (``[link] votes``), and gives the fragments what only flood filling has (``spread``).
    """

    network: str = "ffn-tissue"
    block: Triple = (192, 192, 192)
    halo: Triple = (24, 24, 24)
    fill: FillPolicy = field(default_factory=FillPolicy)
    fragments: FragmentSettings = field(default_factory=FragmentSettings)
    method: Literal["flood", "watershed", "both"] = "flood"
    seeds: SeedPolicy = field(default_factory=SeedPolicy)
    mask: MaskSettings | None = None
    passes: tuple[FillPass, ...] = ()
    consensus: tuple[str, ...] = ()
    checkpoint_s: float = 300.0
    batch: int = 1

    def __post_init__(self) -> None:
        _check_block("segment", self.block, self.halo)
        check_passes(self.passes)
        check_consensus(self.consensus, [self.seeds, *(one.seeds for one in self.passes if one.seeds is not None)])
        if isinstance(self.batch, bool) or not isinstance(self.batch, int) or self.batch < 1:
            raise GraphkitError(f"segment.batch is {self.batch!r}; expected 1 or a larger whole number.")
        if not self.checkpoint_s > 0:
            raise GraphkitError(f"segment.checkpoint_s is {self.checkpoint_s!r}; expected seconds, above 0.")
        if 0 in self.halo:
            raise GraphkitError(
                f"segment.halo is {list(self.halo)}; expected at least 1 voxel along each axis.",
                hint="Neighbouring blocks are joined by what both of them segmented.",
            )


@dataclass(frozen=True, slots=True)
class AgglomerateStage:
    """Segments that come close are filled again around the place, and joined where the score reaches ``threshold``.

    A decision does not count where a fill gave up more than the share ``deleted`` of what it had. Changing these two does not ask
    the network again: they belong to the stage "dataset". Without ``enabled`` every segment is a neuron of its own.
    """

    enabled: bool = False
    threshold: float = 0.8
    deleted: float = 1.0
    block: Triple = (192, 192, 192)
    resegment: ResegmentSettings = field(default_factory=ResegmentSettings)

    def __post_init__(self) -> None:
        _check_block("agglomerate", self.block, (0, 0, 0))
        if not 0 < self.threshold <= 1:
            raise GraphkitError(f"agglomerate.threshold is {self.threshold!r}; expected a number above 0 and up to 1.")
        if not 0 <= self.deleted <= 1:
            raise GraphkitError(f"agglomerate.deleted is {self.deleted!r}; expected a number from 0 to 1.")


@dataclass(frozen=True, slots=True)
class SynapseStage:
    """Synapses, block by block; the halos follow from the network and from ``assign``.

    Without ``enabled`` none are looked for: segments, meshes, skeletons, and a dataset of neurons without connections.
    """

    network: str = "synapse-tissue"
    block: Triple = (192, 192, 192)
    predict: PredictSettings = field(default_factory=PredictSettings)
    assign: AssignSettings = field(default_factory=AssignSettings)
    enabled: bool = True

    def __post_init__(self) -> None:
        _check_block("synapses", self.block, (0, 0, 0))


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """The dataset and its graph: synapses scored below ``min_score`` are kept and not counted."""

    min_score: float | None = None
    memory_limit: str = "4GB"


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """A region (neuropil): a box in nm, and the region that it is part of."""

    name: str
    box_nm: Mapping[str, tuple[float, float]]
    parent: str | None = None

    def __post_init__(self) -> None:
        if set(self.box_nm) != {"z", "y", "x"} or any(
            len(side) != 2 or side[0] >= side[1] for side in self.box_nm.values()
        ):
            raise GraphkitError(
                f"The region {self.name!r} has the box {dict(self.box_nm)}.",
                hint="Expected box_nm = { z = [low, high], y = [low, high], x = [low, high] } in nm.",
            )


@dataclass(frozen=True, slots=True)
class EvaluateStage:
    """Accuracy against ``truth``; without one the stage is left out."""

    truth: str | None = None
    settings: EvaluationSettings = field(default_factory=EvaluationSettings)


@dataclass(frozen=True, slots=True)
class RunConfig:
    """A whole run. Paths in it are absolute; ``file`` is where it was read."""

    image: ImageSettings
    output: str
    name: str = "reconstruction"
    membrane: MembraneStage = field(default_factory=MembraneStage)
    segment: SegmentStage = field(default_factory=SegmentStage)
    synapses: SynapseStage = field(default_factory=SynapseStage)
    reconcile: ReconcileSettings = field(default_factory=ReconcileSettings)
    link: LinkSettings = field(default_factory=LinkSettings)
    agglomerate: AgglomerateStage = field(default_factory=AgglomerateStage)
    mesh: MeshSettings = field(default_factory=MeshSettings)
    skeleton: SkeletonSettings = field(default_factory=SkeletonSettings)
    dataset: DatasetSettings = field(default_factory=DatasetSettings)
    regions: tuple[RegionSettings, ...] = ()
    engine: EngineSettings = field(default_factory=EngineSettings)
    evaluate: EvaluateStage = field(default_factory=EvaluateStage)

    def __post_init__(self) -> None:
        if self.agglomerate.enabled and self.segment.method != "flood":
            raise GraphkitError(
                f'agglomerate.enabled asks the flood-filling network, and segment.method is "{self.segment.method}".',
                hint='Leave it out, or take method = "flood"; fragments of a membrane network are joined by [link].',
            )
        if self.segment.method != "flood" and self.membrane.network is None:
            raise GraphkitError(
                f'segment.method is "{self.segment.method}", which cuts what a membrane network sees, and the run has none.',
                hint='Name one, for instance [membrane] network = "membrane-tissue" (--membrane), or take method = "flood".',
            )
        names = [r.name for r in self.regions]
        for region in self.regions:
            if names.count(region.name) > 1:
                raise GraphkitError(f"Two regions are called {region.name!r}.", hint="Give each a name of its own.")
            if region.parent is not None and (region.parent not in names or region.parent == region.name):
                raise GraphkitError(
                    f"The region {region.name!r} is part of {region.parent!r}, which is not one of the regions.",
                    hint=did_you_mean(region.parent, names),
                )


def read_config(path: str | Path) -> RunConfig:
    """The configuration in a TOML file, paths made absolute.

    Raises:
        GraphkitError: the file is missing or not TOML; a setting in it is unknown, of the wrong type or out of its range.
    """
    file = Path(path)
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GraphkitError(
            f"There is no {file}.", hint="`graphkit reconstruct --example > run.toml` writes one to begin with."
        ) from None
    except IsADirectoryError:
        raise GraphkitError(
            f"{file} is a folder.", hint="Name the file that says what to do, e.g. run.toml; --example prints one."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GraphkitError(f"{file} cannot be read as TOML: {error}.") from None
    given.setdefault("name", file.resolve().parent.name if file.stem == "run" else file.stem)
    given.setdefault("output", "run")
    _inherit(given.get("segment"))
    config = settings_from(RunConfig, given)
    here = file.resolve().parent
    truth, membrane = config.evaluate.truth, config.membrane.network
    return dataclasses.replace(
        config,
        output=os.path.normpath(here / config.output),
        image=dataclasses.replace(config.image, location=_located(config.image.location, here)),
        membrane=dataclasses.replace(config.membrane, network=membrane and network_path(membrane, here)),
        segment=_segment_located(config.segment, here),
        synapses=dataclasses.replace(config.synapses, network=network_path(config.synapses.network, here)),
        evaluate=dataclasses.replace(config.evaluate, truth=truth and os.path.normpath(here / truth)),
    )


def _located(location: str, here: Path) -> str:
    return location if "://" in location else os.path.normpath(here / location)


def _inherit(segment: Any) -> None:
    """What a pass says of its fill is added to what [segment.fill] says."""
    for one in segment.get("passes", ()) if isinstance(segment, dict) else ():
        if isinstance(one, dict) and isinstance(one.get("fill"), dict):
            one["fill"] = {**segment.get("fill", {}), **one["fill"]}


def _segment_located(stage: SegmentStage, here: Path) -> SegmentStage:
    def seeds(given: SeedPolicy) -> SeedPolicy:
        return dataclasses.replace(
            given,
            file=given.file and _located(given.file, here),
            volume=given.volume and _located(given.volume, here),
        )

    mask = stage.mask
    return dataclasses.replace(
        stage,
        network=network_path(stage.network, here),
        seeds=seeds(stage.seeds),
        mask=mask and dataclasses.replace(mask, location=_located(mask.location, here)),
        passes=tuple(
            dataclasses.replace(
                one,
                network=one.network and network_path(one.network, here),
                seeds=one.seeds and seeds(one.seeds),
            )
            for one in stage.passes
        ),
    )


def _check_block(stage: str, block: Triple, halo: Triple) -> None:
    if min(block) < 1 or any(edge % 64 for edge in block):
        raise GraphkitError(
            f"{stage}.block is {list(block)}; expected multiples of 64 voxels along z, y and x.",
            hint="Blocks are written to volumes whose chunks are 64 voxels wide.",
        )
    if min(halo) < 0:
        raise GraphkitError(f"{stage}.halo is {list(halo)}; expected 0 or more voxels along z, y and x.")
