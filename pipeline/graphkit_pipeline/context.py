"""A run at work: its configuration, its folder, and what its stages share.

What is dear to find out (the image, the networks' settings, the blocks) is found out when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.errors import GraphkitError
from graphkit.progress import Progress, silent
from graphkit_pipeline.block_files import FAILED
from graphkit_pipeline.blocks import Block, Box, make_blocks
from graphkit_pipeline.config import RunConfig
from graphkit_pipeline.content import Content
from graphkit_pipeline.engine import Job, Workers, run_blocks
from graphkit_pipeline.ffn.passes import FillPass
from graphkit_pipeline.formats.disk import atomically
from graphkit_pipeline.volume import Volume, check_image, create_volume, open_volume

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit_pipeline.ffn.job import SegmentJob
    from graphkit_pipeline.ffn.settings import NetworkSettings as FfnSettings
    from graphkit_pipeline.membrane.settings import NetworkSettings as MembraneSettings
    from graphkit_pipeline.synapse.settings import NetworkSettings as UNetSettings

__all__ = ["Context"]

_CHUNK = (64, 64, 64)


@dataclass(frozen=True)
class Context:
    """A run at work: its configuration, its folder, and whom to tell of progress."""

    config: RunConfig
    folder: Path
    progress: Progress = silent
    restart: bool = False
    """Blocks that are there were made from something else: do them all."""
    failed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the blocks that failed, by stage."""
    inputs: Mapping[str, Content] = field(default_factory=dict)
    """What the stage takes from outside of the run."""
    workers: Workers | None = None
    """Who does the blocks; those of the configuration, for each stage anew, where nobody is named."""

    @cached_property
    def image(self) -> Volume:
        """The image."""
        given = self.config.image
        return open_volume(
            given.location, dataset=given.dataset, voxel_size_nm=given.voxel_size_nm, offset=given.offset
        )

    @cached_property
    def bounds(self) -> Box:
        """The part of the image that the run is of: all of it, unless a box is asked for."""
        whole, asked = self.image.bounds, self.config.image.box
        if asked is None:
            return whole
        try:
            box = Box(*asked)
            inside = box.voxels > 0 and box.intersection(whole) == box
        except GraphkitError:
            inside = False
        if not inside:
            raise GraphkitError(
                f"image.box is {[list(corner) for corner in asked]}; the image has {whole} [z, y, x].",
                hint="Expected the first voxel and the one past the last, inside the image: [[z, y, x], [z, y, x]].",
            )
        return box

    @cached_property
    def ffn(self) -> FfnSettings:
        """What the flood-filling network was made for."""
        from graphkit_pipeline.ffn.network import read_settings

        return read_settings(self.ffn_file)

    @cached_property
    def ffn_file(self) -> str:
        """The flood-filling network's file."""
        return self.keras_file(self.config.segment.network)

    def keras_file(self, given: str) -> str:
        """A network's file; a google/ffn checkpoint is turned into one, kept with the run under its name and content."""
        if Path(given).suffix == ".keras":
            return given
        from graphkit_pipeline.ffn.checkpoint import checkpoint_digest, import_ffn_checkpoint
        from graphkit_pipeline.ffn.network import save_network

        path = self.folder / "networks" / f"{Path(given).name}-{checkpoint_digest(given)[:16]}.keras"
        if not path.exists():
            save_network(import_ffn_checkpoint(given), path)
        return str(path)

    @cached_property
    def unet(self) -> UNetSettings:
        """What the synapse network was made for."""
        from graphkit_pipeline.synapse.settings import NetworkSettings
        from graphkit_pipeline.unet.network import read_settings

        return read_settings(self.config.synapses.network, NetworkSettings)

    @cached_property
    def membrane_network(self) -> MembraneSettings:
        """What the membrane network was made for."""
        from graphkit_pipeline.membrane.settings import NetworkSettings
        from graphkit_pipeline.unet.network import read_settings

        return read_settings(str(self.config.membrane.network), NetworkSettings)

    @cached_property
    def membrane_blocks(self) -> tuple[Block, ...]:
        """Blocks of the membrane network, which reads the halo that it needs by itself."""
        return make_blocks(self.bounds, self.config.membrane.block)

    @property
    def membrane(self) -> Path:
        """What the membrane network saw."""
        return self.folder / "membrane"

    @property
    def floods(self) -> bool:
        """Whether a flood-filling network is asked."""
        return self.config.segment.method != "watershed"

    @property
    def links(self) -> bool:
        """Whether segments are fragments of what the membrane network sees, joined by its affinities."""
        return self.config.segment.method != "flood"

    @property
    def fills_membrane(self) -> bool:
        """Whether flood filling sees what the membrane network saw, and not the image."""
        return self.config.membrane.network is not None and not self.links

    @cached_property
    def link_blocks(self) -> tuple[Block, ...]:
        """Blocks of the scores between fragments."""
        from graphkit_pipeline.agglomeration.affinities import reach

        return make_blocks(self.bounds, self.config.membrane.block, reach(self.membrane_network.offsets))

    @property
    def fragments(self) -> Path:
        """The fragments that are linked to segments."""
        return self.folder / "fragments"

    def check_input(self, stages: Collection[str]) -> None:
        """Raises GraphkitError where a network of these stages was made for something else than what it is to see: for voxels of
        another type or size, for images or for membranes.
        """
        if "membrane" in stages:
            self._check_image(self.membrane_network.voxel_size_nm, "membrane network")
        if "segment" in stages and self.floods:
            self._check_flood()
        if "detect" in stages:
            try:
                self._check_image(self.unet.voxel_size_nm, "synapse network")
            except GraphkitError as error:
                without = "Or look for none: [synapses] enabled = false."
                raise GraphkitError(error.message, hint=f"{error.hint} {without}") from None

    def _check_image(self, voxel_size_nm: Sequence[float], network: str, view: Sequence[int] = (1, 1, 1)) -> None:
        check_image(self.image, dtype=np.uint8, voxel_size_nm=voxel_size_nm, field_of_view=view, network=network)

    def _check_flood(self) -> None:
        network = Path(self.config.segment.network).name
        if self.ffn.input == "membrane" and self.links:
            raise GraphkitError(
                f'The flood-filling network {network} was trained on what a membrane network sees; with segment.method = "both" '
                "it sees the image.",
                hint='Name a flood-filling network for images, or take method = "flood".',
            )
        if self.ffn.input == "membrane" and self.config.membrane.network is None:
            raise GraphkitError(
                f"The flood-filling network {network} was trained on what a membrane network sees, and the run has none.",
                hint="Name that one: [membrane] network (--membrane), or a flood-filling network for images.",
            )
        if self.ffn.input == "image" and self.fills_membrane:
            raise GraphkitError(
                f"The flood-filling network {network} was trained on images, and is to see what a membrane network sees.",
                hint='Leave out [membrane] network (--membrane), or name a flood-filling network with input = "membrane".',
            )
        if not self.fills_membrane and all(one.network is None for one in self.config.segment.passes):
            size = self.ffn.voxel_size_nm or self.image.voxel_size_nm  # an imported checkpoint may not say
            self._check_image(size, "flood-filling network", self.ffn.field_of_view)
        self.segment_job.check(self.image, self.bounds)
        if any(have < need for have, need in zip(self.bounds.shape, self.field_of_view, strict=True)):
            raise GraphkitError(
                f"The part of the image that is to be segmented has {self.bounds.shape} voxels [z, y, x]; the flood-filling "
                f"network's field of view needs {self.field_of_view}.",
                hint="Take a larger [image] box (--box), or a network with a smaller field of view.",
            )

    @cached_property
    def segment_job(self) -> SegmentJob:
        """Flood filling of the image, or of what the membrane network sees."""
        from graphkit_pipeline.ffn.job import SegmentJob

        given, stage, direct = self.config.image, self.config.segment, not self.fills_membrane
        return SegmentJob(
            given.location if direct else str(self.membrane),
            self.ffn_file,
            stage.fill,
            given.dataset if direct else None,
            given.voxel_size_nm if direct else None,
            given.offset if direct else None,
            seeds=stage.seeds,
            mask=stage.mask,
            passes=tuple(replace(one, network=one.network and self.keras_file(one.network)) for one in stage.passes),
            consensus=stage.consensus,
            unfinished=str(self.blocks_of("segment")),
            checkpoint_s=stage.checkpoint_s,
            batch=stage.batch,
        )

    @cached_property
    def segment_blocks(self) -> tuple[Block, ...]:
        """Blocks of the segmentation."""
        least = self.field_of_view if self.floods else (1, 1, 1)
        return make_blocks(self.bounds, self.config.segment.block, self.config.segment.halo, least=least)

    @cached_property
    def field_of_view(self) -> tuple[int, int, int]:
        """The largest of the flood-filling networks' fields of view, in voxels of the image."""
        from graphkit_pipeline.ffn.network import read_settings

        views = []
        for one in self.config.segment.passes or (FillPass(),):
            settings = self.ffn if one.network is None else read_settings(self.keras_file(one.network))
            # Coarse voxels lie on global multiples of their size: a box holds some of them in part.
            views.append([v * f + 2 * (f - 1) for v, f in zip(settings.field_of_view, one.downsample, strict=True)])
        z, y, x = np.max(views, axis=0).tolist()
        return z, y, x

    @cached_property
    def agglomerate_blocks(self) -> tuple[Block, ...]:
        """Blocks of the decisions on pairs of segments."""
        from graphkit_pipeline.agglomeration.job import agglomerate_halo

        given = self.config.agglomerate
        return make_blocks(self.bounds, given.block, agglomerate_halo(given.resegment, self.ffn))

    @cached_property
    def detect_blocks(self) -> tuple[Block, ...]:
        """Blocks of the synapse network, which reads the halo that it needs by itself."""
        return make_blocks(self.bounds, self.config.synapses.block)

    @cached_property
    def assign_blocks(self) -> tuple[Block, ...]:
        """Blocks of the assignment."""
        from graphkit_pipeline.synapse.job import assign_halo

        halo = assign_halo(self.config.synapses.assign, self.image.voxel_size_nm)
        return make_blocks(self.bounds, self.config.synapses.block, halo)

    @property
    def segmentation(self) -> Path:
        """The segmentation, with its meshes and skeletons."""
        return self.folder / "segmentation"

    def blocks_of(self, stage: str) -> Path:
        """The folder of a stage's blocks."""
        return self.folder / "blocks" / stage

    def run_blocks(self, stage: str, work: Job, blocks: Sequence[Block], said: str) -> dict[str, Any]:
        """Runs a stage's blocks, and says how many there are and which failed, with their errors.

        Raises GraphkitError where all of them failed: there is nothing for the next stages to go on with.
        """
        from graphkit_pipeline.inputs import named_by_content, sources

        report = run_blocks(
            work,
            blocks,
            self.blocks_of(stage),
            engine=self.workers or self.config.engine,
            progress=self.progress,
            stage=said,
            restart=self.restart,
            settings=named_by_content(work.settings(), sources(stage, self.config), self.inputs, self.folder),
        )
        if report.failed and len(report.failed) == len(blocks):
            block, message = report.failed[0]
            why, _, hint = message.partition("\n")
            listed = self.blocks_of(stage) / FAILED
            raise GraphkitError(
                f"Every block of the stage {stage!r} failed, so there is nothing to go on with. The first, {block.name}: {why}",
                hint=hint or f"What went wrong in each is in {listed}.",
            )
        return {
            "blocks": len(blocks),
            "done_before": report.skipped,
            "failed": {block.name: message for block, message in report.failed},
        }

    def new_volume(self, name: str, dtype: Any, kind: Any = "image") -> Volume:
        """An empty volume of the run, in place of an earlier one."""
        return create_volume(
            self.folder / name,
            self.bounds,
            dtype,
            self.image.voxel_size_nm,
            chunk=_CHUNK,
            kind=kind,
            overwrite=True,
        )

    def table(self, name: str) -> pa.Table:
        """A table that an earlier stage wrote."""
        import pyarrow.parquet as pq

        return pq.read_table(self._table_file(name))

    def keep(self, name: str, table: pa.Table) -> None:
        """Writes a table for later stages, atomically."""
        import pyarrow.parquet as pq

        path = self._table_file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomically(path) as file:
            pq.write_table(table, file)

    def _table_file(self, name: str) -> Path:
        return self.folder / "tables" / f"{name}.parquet"
