"""Makes up a connectome: ``graphkit simulate``.

From 500 neurons to the size of a fly's brain (139,255), in bounded memory, with the properties that analyses look for,
and for which the truth is known because it was put in:

    types ── neurons ── branches in regions ──┐ one block of neurons at a time
                                              ▼
                        connections: near, by weight, by type; reverse; closing
                                              ▼
                     synapses: release sites, points, sizes, scores ──> table `synapses` ──> build

- cell types in classes, with an input and an output region each, in a tree of regions that are exact boxes
  (``simulation.catalogue``, ``simulation.atlas``);
- connections that fall with distance, with heavy-tailed degrees and synapse counts, more reciprocal and more clustered
  than chance, and denser between some types (``simulation.wiring``);
- synapses with positions in the right region, polyadic release sites, sizes, scores and the transmitter of their
  neuron: one neuron, one transmitter (Dale's law; ``simulation.synapses``).

The targets at the fly's size are the figures of FlyWire (Dorkenwald et al. 2024, Nature 634:124; Lin et al. 2024,
Nature 634:153); docs/simulate.md says what comes out. The same settings and versions give the same bytes, whatever the
number of threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from graphkit.build import BuildOptions, build_into
from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, did_you_mean
from graphkit.progress import Progress, silent
from graphkit.simulation.atlas import BOUNDS_NM
from graphkit.simulation.config import SimulationConfig
from graphkit.simulation.population import Population, make_population
from graphkit.simulation.somata import neurons_table
from graphkit.simulation.synapses import SCHEMA, SIZE_UNIT, VOXEL_NM, synapse_rows
from graphkit.simulation.wiring import Rates, block_rng, calibrate, connect_block
from graphkit.writer import DatasetWriter, TableStream

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SimulationConfig", "simulate"]

_BLOCK_NEURONS = 512
"""Neurons drawn at a time: some 200,000 synapses, a hundred megabytes while they are made. Part of the result."""

_MOST_WORKERS = 8
"""More blocks at a time would gain little (one thread writes) and cost memory."""


def simulate(
    output: str | os.PathLike[str],
    *,
    neurons: int = SimulationConfig.neurons,
    seed: int = SimulationConfig.seed,
    name: str | None = None,
    memory_limit: str = "4GB",
    threads: int | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> Dataset:
    """Simulates a connectome into a new dataset at ``output``, built and ready to ask.

    Args:
        output: a new local folder or fsspec URL.
        neurons, seed, settings: as ``SimulationConfig`` describes them.
        name: the dataset's; by default that of the folder.
        memory_limit: bound on the memory of the build.
        threads: number of threads (default: one a core); the result does not depend on it.

    Raises:
        GraphkitError: a setting makes no sense; says which and what would.
        DatasetError: there is something at ``output`` already, or it cannot be written.
    """
    config = _config(neurons=neurons, seed=seed, **settings)
    workers = _threads(threads)
    with DatasetWriter(
        output,
        create=True,
        name=name,
        description=f"Simulated connectome of {config.neurons:,} neurons, seed {config.seed}; not of an animal.",
        voxel_size_nm=dict.fromkeys("xyz", VOXEL_NM),
        bounds_nm=BOUNDS_NM,
        size_unit=SIZE_UNIT,
    ) as writer:
        progress("placing neurons", 0.0)
        population = make_population(config)
        writer.add("regions", population.atlas.table())
        writer.add("neurons", neurons_table(population))
        rates = calibrate(population)
        with writer.stream("synapses", SCHEMA) as out:
            _write_synapses(out, population, rates, workers, progress)
        del population
        record = build_into(writer, BuildOptions(), memory_limit=memory_limit, threads=threads, progress=progress)
        step = {"command": "simulate", "settings": config.settings, "sources": []}
        return writer.commit(step, build=record)


def _config(**settings: Any) -> SimulationConfig:
    known = [f.name for f in fields(SimulationConfig)]
    unknown = next((s for s in settings if s not in known), None)
    if unknown is not None:
        hint = did_you_mean(unknown, known) or f"The settings are {', '.join(known)}."
        raise GraphkitError(f"simulate has no setting {unknown!r}.", hint=hint)
    return SimulationConfig(**settings)


def _threads(threads: int | None) -> int:
    if threads is None:
        return min(os.cpu_count() or 1, _MOST_WORKERS)
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise GraphkitError(f"threads must be a whole number of 1 or more, got {threads!r}.")
    return min(threads, _MOST_WORKERS)


def _write_synapses(out: TableStream, population: Population, rates: Rates, workers: int, progress: Progress) -> None:
    """Streams the synapses of all blocks, in order, numbered from 1."""
    blocks = -(-len(population) // _BLOCK_NEURONS)
    synapses, sites = 1, 1
    progress("simulating synapses", 0.0)
    for done, rows in enumerate(_in_order(population, rates, blocks, workers), start=1):
        numbered, sites_here = _numbered(rows, synapses, sites)
        out.write(numbered)
        synapses += rows.num_rows
        sites += sites_here
        progress("simulating synapses", done / blocks)


def _in_order(population: Population, rates: Rates, blocks: int, workers: int) -> Iterator[pa.Table]:
    """The blocks' tables in order; at most one more than there are workers wait or run at a time."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[pa.Table]] = deque()
        try:
            for block in range(blocks):
                waiting.append(pool.submit(_block, population, rates, block))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _block(population: Population, rates: Rates, block: int) -> pa.Table:
    rng = block_rng(population.config.seed, block)
    first = block * _BLOCK_NEURONS
    pre = np.arange(first, min(first + _BLOCK_NEURONS, len(population)))
    return synapse_rows(population, connect_block(population, pre, rates, rng), rng)


def _numbered(rows: pa.Table, first_synapse: int, first_site: int) -> tuple[pa.Table, int]:
    """``rows`` with their ids shifted, and the number of release sites among them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column, first in (("synapse_id", first_synapse), ("pre_site_id", first_site)):
        at = rows.schema.get_field_index(column)
        rows = rows.set_column(at, rows.schema.field(at), pc.add(rows[column], pa.scalar(first, pa.int64())))
    last = pc.max(rows["pre_site_id"]).as_py()
    return rows, 0 if last is None else last - first_site + 1
