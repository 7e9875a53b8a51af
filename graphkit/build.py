"""The graph build: from synapses (or pair totals) to connections and the totals of every neuron.

    synapses (any order) ── neurons from segments, regions from points ──> synapses, sorted by (pre, post)
                                                                             │      └─> synapses_by_place, _by_post
                         one range of presynaptic neurons at a time          ▼
                                                                        connections ──> connections_by_post
    connections (pair totals, any order) ── summed by pair and region ──────^   └─> neuron_regions, neurons' totals

Everything runs in DuckDB, Parquet to Parquet, within a memory limit; sorting spills to the dataset's disk. What a build
did is recorded in the snapshot, and repeated builds reuse the files that would come out the same.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from graphkit.build_steps import Steps
from graphkit.dataset import Dataset
from graphkit.errors import BuildError
from graphkit.progress import Progress, silent
from graphkit.writer import DatasetWriter

__all__ = ["BuildOptions", "build", "build_into"]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How synapses are counted.

    Attributes:
        min_score: synapses below this detection score (or without one) are kept but not counted; None counts all.
        autapses: whether synapses of a neuron onto itself are counted.
        region_point: a synapse belongs to the region of its postsynaptic ("post") or presynaptic ("pre") point.
        totals: "counted" from the connections, or as the "source" gave them in `neurons` and `neuron_regions` (for tables
            of pair totals whose source publishes more than the pairs).
    """

    min_score: float | None = None
    autapses: bool = True
    region_point: Literal["post", "pre"] = "post"
    totals: Literal["counted", "source"] = "counted"

    def __post_init__(self) -> None:
        if self.region_point not in ("post", "pre"):
            raise BuildError(f"region_point must be 'post' or 'pre', got {self.region_point!r}.")
        if self.totals not in ("counted", "source"):
            raise BuildError(f"totals must be 'counted' or 'source', got {self.totals!r}.")
        if self.min_score is not None and not math.isfinite(self.min_score):
            raise BuildError(f"min_score must be a finite number, got {self.min_score!r}.")

    @classmethod
    def from_record(cls, record: Mapping[str, Any] | None) -> BuildOptions:
        """The options that an earlier build recorded; the defaults where there was none."""
        known = {k: v for k, v in (record or {}).items() if k in cls.__slots__}
        return cls(**known)


def build(
    location: str | os.PathLike[str],
    *,
    options: BuildOptions | None = None,
    memory_limit: str = "4GB",
    threads: int | None = None,
    progress: Progress = silent,
    **changes: Any,
) -> Dataset:
    """Builds the graph of the dataset at ``location`` and commits it as a new snapshot.

    Args:
        options: how to count; the last build's where not given. ``changes`` replaces single ones of them.
        memory_limit: bound on the memory of the whole process.
        threads: number of threads; the result does not depend on it.

    Raises:
        BuildError: there is nothing to build from, or an option does not fit the data.
        ConflictError: another command committed meanwhile.
    """
    with DatasetWriter(location) as writer:
        assert writer.base is not None
        options = replace(options or BuildOptions.from_record(writer.base.build), **changes)
        record = build_into(writer, options, memory_limit=memory_limit, threads=threads, progress=progress)
        return writer.commit({"command": "build", "settings": asdict(options)}, build=record)


def build_into(
    writer: DatasetWriter,
    options: BuildOptions | None = None,
    *,
    memory_limit: str = "4GB",
    threads: int | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Builds the graph from the tables of ``writer`` into it; returns the record for ``writer.commit(build=...)``.

    Raises:
        BuildError: there is nothing to build from, or an option does not fit the data.
    """
    options = options or BuildOptions()
    _check(writer, options)
    before = (writer.base.build if writer.base else None) or {}
    record: dict[str, Any] = asdict(options)
    with Steps(writer, memory_limit=memory_limit, threads=threads, progress=progress) as steps:
        if writer.has("synapses"):
            inputs = _placing_inputs(writer, options)
            if not (writer.entry("synapses").sorted_by and before.get("placed") == inputs):
                steps.place_synapses(options.region_point)
                steps.index_synapses()
            record["placed"] = _placing_inputs(writer, options)
            record["left_out"] = steps.count_left_out(options.min_score, options.autapses)
            if options.min_score is not None and not record["left_out"].pop("scored"):
                raise BuildError(
                    f"min_score is {options.min_score}, but no synapse of this dataset has a score.",
                    hint="Build without --min-score.",
                )
            steps.connect_synapses(record)
        else:
            steps.sum_connections()
        record["resolved"] = steps.count_resolved()
        steps.sort_by_post()
        if options.totals == "counted":
            steps.total_regions()
        steps.total_neurons(options.totals)
    return record


def _check(writer: DatasetWriter, options: BuildOptions) -> None:
    if not writer.has("synapses") and not writer.has("connections"):
        raise BuildError(
            "There is nothing to build a graph from: the dataset has neither synapses nor connections.",
            hint="Import some with `graphkit import`.",
        )
    if writer.has("synapses"):
        if options.totals == "source":
            raise BuildError("totals='source' is for tables of pair totals; this dataset has synapses to count.")
        return
    base = writer.base
    replaced = options.totals == "source" and base and base.build and base.build.get("totals") != "source"
    if replaced and base and writer.has("neurons") and writer.entry("neurons") == base.tables.get("neurons"):
        raise BuildError(
            "totals='source', but the last build of this dataset replaced the source's totals by counted ones.",
            hint="Import the source again with its totals.",
        )
    if options.min_score is not None:
        raise BuildError(
            "min_score needs a table of synapses; this dataset has only pair totals.", hint="Build without --min-score."
        )
    if not options.autapses:
        raise BuildError(
            "Leaving out autapses for good needs a table of synapses; this dataset has only pair totals.",
            hint="Leave them out where you ask: `without autapses`, or autapses=False in the API.",
        )


def _placing_inputs(writer: DatasetWriter, options: BuildOptions) -> dict[str, Any]:
    """What the sorted synapses were made from: where it is the same again, they are too."""
    tables = ("synapses", "segment_to_neuron", "regions")
    digests = {t: [f.sha256 for f in writer.entry(t).files] for t in tables if writer.has(t)}
    return {"region_point": options.region_point, **digests}
