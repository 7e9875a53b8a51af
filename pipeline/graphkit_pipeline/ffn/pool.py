"""The examples that a training run has in the making, and their places in the batches.

    slots   0 1 2 3 | 4 5 6 7 | ...      a batch of 4 takes one visit of each of 4 slots, the next batch those of the
            batch 0   batch 1            next 4, and so on round and round; an example that is done is replaced

With several replicas each has its own part of every batch, always the same slots. An example follows from the seed, its slot and
how many the slot had before: so it hangs neither on the number of replicas nor on the order in which examples are made, and
those to come are made ahead in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphkit_pipeline.ffn.examples import Example, canvas_shape, make_example
from graphkit_pipeline.ffn.labelled import LabelledVolume, compact_labels
from graphkit_pipeline.ffn.partitions import Centres, sample_centres
from graphkit_pipeline.ffn.settings import logit
from graphkit_pipeline.ffn.training_settings import TrainingSettings

__all__ = ["ExamplePool"]

Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


class ExamplePool:
    """The slots of replica ``rank`` of ``replicas``."""

    def __init__(
        self, volumes: Sequence[LabelledVolume], settings: TrainingSettings, rank: int = 0, replicas: int = 1
    ) -> None:
        s = settings
        self._settings = s
        self._volumes = [(np.ascontiguousarray(v.image), compact_labels(v.labels)) for v in volumes]
        self._canvas = canvas_shape(s.network, s.rings)
        z, y, x = (n // 2 for n in self._canvas)
        # Places hang on the seed and the volumes alone, so that all replicas and a resumed run find the same ones.
        self._centres: Centres = sample_centres(
            [labels for _, labels in self._volumes],
            radius=(z, y, x),
            margin=(z, y, x),
            count=s.centres,
            rng=np.random.default_rng([s.seed, 1]),
            least_voxels=s.least_voxels,
        )
        batch, count = s.of_all(replicas)
        share = batch // replicas
        self.slots = [t + rank * share + j for t in range(0, count, batch) for j in range(share)]
        self._share = share
        self._move = logit(s.network.move)
        self._generation = np.zeros(len(self.slots), dtype=np.int64)
        self._made = np.zeros(len(self.slots), dtype=np.int64)
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="examples")
        self._ahead: list[Future[Example]] = []
        self._views: list[tuple[int, tuple[slice, slice, slice]]] = []
        self._moves_done: list[int] = []
        self._begin()

    def batch(self, step: int) -> Batch:
        """Image, seed and target [share, z, y, x, 1] of the step after ``step`` steps."""
        first = step * self._share % len(self.slots)
        self._views = [(k, self._next_view(k)) for k in range(first, first + self._share)]
        view = self._settings.network.field_of_view
        arrays = np.empty((3, self._share, *view, 1), dtype=np.float32)
        for j, (k, box) in enumerate(self._views):
            e = self._examples[k]
            for out, source in zip(arrays, (e.image, e.seed, e.target), strict=True):
                out[j, ..., 0] = source[box]
        return arrays[0], arrays[1], arrays[2]

    def put_back(self, logits: NDArray[np.float32]) -> None:
        """Writes the predictions [share, z, y, x, 1] of the last batch to its canvases."""
        for j, (k, box) in enumerate(self._views):
            self._examples[k].seed[box] = logits[j, ..., 0]

    def moves_of_finished(self) -> list[int]:
        """How many visits each example got that was finished since the last call."""
        done, self._moves_done = self._moves_done, []
        return done

    def state(self) -> dict[str, NDArray[Any]]:
        """What cannot be made again from the seed; the first axis is that of the slots."""
        return {
            "slots": np.array(self.slots, dtype=np.int64),
            "generation": self._generation.copy(),
            "made": self._made.copy(),
            "left": np.array([len(e.visits) for e in self._examples], dtype=np.int64),
            "seeds": np.stack([e.seed for e in self._examples]),
        }

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Goes back to a state, of which other slots than the own are left aside."""
        rows = {int(slot): row for row, slot in enumerate(state["slots"])}
        own = [rows[slot] for slot in self.slots]
        self._generation, self._made = state["generation"][own].copy(), state["made"][own].copy()
        self._begin()
        for e, row in zip(self._examples, own, strict=True):
            del e.visits[int(state["left"][row]) :]  # visits are taken from the end
            e.seed[:] = state["seeds"][row]

    def close(self) -> None:
        """Ends the thread."""
        self._maker.shutdown(wait=True, cancel_futures=True)

    def _begin(self) -> None:
        self._examples = [self._make(k, int(g)) for k, g in enumerate(self._generation)]
        self._ahead = [self._maker.submit(self._make, k, int(g) + 1) for k, g in enumerate(self._generation)]

    def _next_view(self, k: int) -> tuple[slice, slice, slice]:
        while (view := self._examples[k].next_visit(self._settings.network.field_of_view, self._move)) is None:
            self._moves_done.append(int(self._made[k]))
            self._made[k] = 0
            self._generation[k] += 1
            self._examples[k] = self._ahead[k].result()
            self._ahead[k] = self._maker.submit(self._make, k, int(self._generation[k]) + 1)
        self._made[k] += 1
        return view

    def _make(self, k: int, generation: int) -> Example:
        s = self._settings
        rng = np.random.default_rng([s.seed, 2, self.slots[k], generation])
        volume, z, y, x = self._centres.draw(rng)
        image, labels = self._volumes[volume]
        return make_example(
            image,
            labels,
            (z, y, x),
            s.network,
            s.augmentation,
            rng,
            rings=s.rings,
            visits=s.visits,
            connected=s.connected,
        )
