"""The stages of a reconstruction, in order: what each depends on, what it writes, and how it is done.

    image ─(membrane)─ segment ─(cut)─> blocks ── reconcile ─(link)─> segmentation ─┬ (agglomerate), mesh, skeleton ┐
      └─────────────── detect ──> blocks, clefts ── assign ──> synapses ──────┴───────────────────────────────┴ dataset, evaluate

A stage is a plain function of a ``Context``; what it returns (counts, blocks that failed) is kept with the run. `run` decides
which stages are done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any

from graphkit.errors import GraphkitError
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.config import RunConfig
from graphkit_pipeline.context import Context
from graphkit_pipeline.networks import no_network
from graphkit_pipeline.stages import results, segmentation, shapes, synapses

__all__ = ["STAGES", "Stage", "as_json", "stages_of"]


@dataclass(frozen=True)
class Stage:
    """One stage: its name, what it does, the stages that it takes from, what its result depends on, and the doing."""

    name: str
    does: str
    takes: tuple[str, ...]
    settings: Callable[[RunConfig], dict[str, Any]]
    do: Callable[[Context], dict[str, Any]]
    blocks: Callable[[Context], tuple[Block, ...]] | None = None


def as_json(settings: Any) -> Any:
    """Settings as plain JSON values."""
    if is_dataclass(settings) and not isinstance(settings, type):
        settings = asdict(settings)
    return json.loads(json.dumps(settings))


def _network(path: str) -> dict[str, str]:
    """A network by its file's name and digest: training it again makes it another one."""
    file = Path(path)
    index = file.with_name(f"{file.name}.index")  # of a TensorFlow checkpoint
    file = index if index.is_file() else file
    try:
        return {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    except (FileNotFoundError, IsADirectoryError):
        raise no_network(path) from None
    except OSError as error:
        raise GraphkitError(f"The network {path} cannot be read: {error.strerror or error}.") from None


def _segment_settings(config: RunConfig) -> dict[str, Any]:
    """What the labels of blocks hang on: of the two methods' settings those of the one that is chosen."""
    given = {**as_json(config.image), **as_json(config.segment)}
    del given["checkpoint_s"], given["batch"]  # how the work is done does not change it
    if config.segment.method == "watershed":
        others = ("network", "fill", "seeds", "mask", "passes")
        return {name: value for name, value in given.items() if name not in others}
    given["network"] = _network(config.segment.network)
    for said, one in zip(given["passes"], config.segment.passes, strict=True):
        said["network"] = one.network and _network(one.network)
    if config.membrane.network and config.segment.method == "flood":
        given["input"] = "membrane"
    return {name: value for name, value in given.items() if name not in ("method", "fragments")}


def _link_settings(config: RunConfig) -> dict[str, Any]:
    """Without flood filling nothing hangs on its votes."""
    given: dict[str, Any] = as_json(config.link)
    if config.segment.method != "both":
        del given["votes"]
    return given


STAGES: tuple[Stage, ...] = (
    Stage(
        "membrane",
        "find the inside of cells with the membrane network",
        (),
        lambda c: {
            **as_json(c.image),
            "network": _network(str(c.membrane.network)),
            "block": list(c.membrane.block),
            "mirrors": c.membrane.predict.mirrors,
            **c.membrane.predict.said,
            "affinities": c.segment.method != "flood",
        },
        segmentation.membrane,
        lambda job: job.membrane_blocks,
    ),
    Stage(
        "segment",
        "fill or cut the neurons of each block",
        ("membrane",),
        _segment_settings,
        segmentation.segment,
        lambda job: job.segment_blocks,
    ),
    Stage(
        "cut",
        "cut the inside of cells into fragments",
        ("membrane",),
        lambda c: as_json(c.segment.fragments),
        segmentation.cut,
        lambda job: job.segment_blocks,
    ),
    Stage(
        "reconcile",
        "join the blocks into one segmentation",
        ("segment", "cut"),
        lambda c: as_json(c.reconcile),
        segmentation.reconcile,
    ),
    Stage(
        "link",
        "join fragments to segments by the membrane network's affinities",
        ("membrane", "segment", "reconcile"),
        _link_settings,
        segmentation.link,
        lambda job: job.link_blocks,
    ),
    Stage(
        "agglomerate",
        "decide with the network which segments are one neuron",
        ("membrane", "reconcile"),
        lambda c: {"block": list(c.agglomerate.block), **as_json(c.agglomerate.resegment)},
        segmentation.agglomerate,
        lambda job: job.agglomerate_blocks,
    ),
    Stage(
        "detect",
        "find synaptic clefts and their direction with the U-Net",
        (),
        lambda c: {
            **as_json(c.image),
            "network": _network(c.synapses.network),
            "block": list(c.synapses.block),
            **c.synapses.predict.said,
        },
        synapses.detect,
        lambda job: job.detect_blocks,
    ),
    Stage(
        "assign",
        "give every synapse its pre- and postsynaptic segment",
        ("reconcile", "link", "detect"),
        lambda c: {**as_json(c.synapses.assign), "block": list(c.synapses.block)},
        synapses.assign,
        lambda job: job.assign_blocks,
    ),
    Stage("mesh", "make the segments' surfaces", ("reconcile", "link"), lambda c: as_json(c.mesh), shapes.mesh),
    Stage(
        "skeleton",
        "make the segments' skeletons",
        ("reconcile", "link"),
        lambda c: as_json(c.skeleton),
        shapes.skeleton,
    ),
    Stage(
        "dataset",
        "write the tables and build the graph",
        ("reconcile", "link", "agglomerate", "assign", "skeleton"),
        lambda c: {
            "name": c.name,
            "joins": [c.agglomerate.threshold, c.agglomerate.deleted] if c.agglomerate.enabled else None,
            "regions": as_json([asdict(r) for r in c.regions]),
            "min_score": c.dataset.min_score,
        },
        results.dataset,
    ),
    Stage(
        "evaluate",
        "compare with the truth; report.html",
        ("reconcile", "link", "dataset"),
        lambda c: {**as_json(c.evaluate.settings), "truth": c.evaluate.truth},
        results.evaluate,
    ),
)
"""In the order in which they are done; what a stage takes from stands before it."""


def stages_of(config: RunConfig) -> tuple[Stage, ...]:
    """The stages that the configuration has: membranes where there is a network, fragments and the links between them where it
    is asked for segments, agglomeration where it is asked for, synapses unless they are left out, an evaluation where there is a
    truth."""
    has = {
        "membrane": config.membrane.network is not None,
        "cut": config.segment.method == "both",
        "link": config.segment.method != "flood",
        "agglomerate": config.agglomerate.enabled,
        "detect": config.synapses.enabled,
        "assign": config.synapses.enabled,
        "evaluate": config.evaluate.truth is not None,
    }
    absent = {name for name, there in has.items() if not there}
    # Where both are asked, flood filling sees the image: another membrane network leaves what was filled as it is.
    both = config.segment.method == "both"
    apart = {("segment", "membrane"), ("reconcile", "segment")} if both else {("link", "segment")}

    def takes(stage: Stage) -> tuple[str, ...]:
        return tuple(t for t in stage.takes if t not in absent and (stage.name, t) not in apart)

    return tuple(replace(s, takes=takes(s)) for s in STAGES if s.name not in absent)
