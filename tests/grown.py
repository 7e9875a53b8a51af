"""Neurons with skeletons and synapses on them, made by hand so that what is measured on them is known."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from graphkit.build import BuildOptions, build_into
from graphkit.dataset import Dataset
from graphkit.writer import DatasetWriter
from tests.conftest import LONG

__all__ = ["NEURONS", "Grown", "make_grown"]

STEP_NM = 3000
"""Nodes lie at least this far apart, and a synapse nearer than half of it to its node."""


@dataclass
class Grown:
    """One neuron as it was drawn: parents (-1 for a root) and points by node, synapses by node."""

    neuron_id: int
    name: str
    type: str | None
    parents: dict[int, int] = field(default_factory=dict)
    points: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    inputs: list[int] = field(default_factory=list)
    """The node of each input; those without a position have none and are ``unplaced``."""
    outputs: list[int] = field(default_factory=list)
    unplaced: int = 0
    soma: tuple[int, int, int] | None = None


def _neurons() -> list[Grown]:
    """Ten with a skeleton: the seventh without synapses, the eighth without inputs, the ninth of one node, the tenth of two
    trees; the last two have none.
    """
    rng = random.Random(7)
    types = ["EPG"] * 5 + ["ER4d"] * 5 + ["EPG", None]
    made = []
    for k, kind in enumerate(types):
        neuron = Grown(LONG + k, f"{kind or 'x'}_{k}", kind)
        made.append(neuron)
        if k >= 10:
            continue
        free = [(x, y, z) for x in range(8) for y in range(8) for z in range(8)]
        rng.shuffle(free)
        numbers = rng.sample(range(2**53, 2**53 + 400), 1 if k == 8 else 40)
        for i, node in enumerate(numbers):
            x, y, z = free.pop()
            neuron.points[node] = (STEP_NM * x, STEP_NM * y + 500 * k, STEP_NM * z)
            split = k == 9 and i == 20
            neuron.parents[node] = -1 if i == 0 or split else numbers[rng.randrange(max(0, i - 4), i)]
        if k % 2:
            neuron.soma = (STEP_NM * 3 + 100, STEP_NM * 4, STEP_NM * 4)
        if k != 6:
            neuron.outputs = rng.choices(numbers[len(numbers) // 2 :], k=15)
            neuron.inputs = [] if k == 7 else rng.choices(numbers[: 1 + len(numbers) * 2 // 3], k=25)
            neuron.unplaced = 3 if k == 1 else 0
    return made


NEURONS = _neurons()


def make_grown(folder: Path) -> Dataset:
    """The dataset of ``NEURONS``: outputs go to inputs of others as long as there are some, then to nobody known. Synapses of a
    score below 0.5 are not counted.
    """
    rng = random.Random(8)
    outs = [(n, node) for n in NEURONS for node in n.outputs]
    ins = [(n, node) for n in NEURONS for node in n.inputs]
    rng.shuffle(outs)
    rng.shuffle(ins)
    rows = []
    for k in range(max(len(outs), len(ins))):
        pre, post = (ends[k] if k < len(ends) else None for ends in (outs, ins))
        rows.append((*_end(pre, rng), *_end(post, rng), 0.9))
    for neuron in NEURONS:
        rows += [(neuron.neuron_id, None, None, None, None, None, None, None, 0.8)] * neuron.unplaced
        rows += [(*_end((neuron, node), rng), None, None, None, None, 0.1) for node in neuron.outputs[:2]]
    names = [f"{end}_{what}" for end in ("pre", "post") for what in ("id", "x_nm", "y_nm", "z_nm")]
    kinds = [pa.int64(), *[pa.int32()] * 3] * 2
    synapses = {n: pa.array([r[i] for r in rows], kind) for i, (n, kind) in enumerate(zip(names, kinds, strict=True))}
    nodes = [(n.neuron_id, node, parent, *n.points[node]) for n in NEURONS for node, parent in n.parents.items()]
    rng.shuffle(nodes)
    columns = dict(zip(("neuron_id", "node", "parent", "x_nm", "y_nm", "z_nm"), zip(*nodes, strict=True), strict=True))
    with DatasetWriter(folder, create=True, name="grown") as writer:
        writer.add(
            "neurons",
            pa.table(
                {
                    "neuron_id": pa.array([n.neuron_id for n in NEURONS], pa.int64()),
                    "name": [n.name for n in NEURONS],
                    "type": [n.type for n in NEURONS],
                    **{
                        f"soma_{a}_nm": pa.array([n.soma and n.soma[i] for n in NEURONS], pa.int32())
                        for i, a in enumerate("xyz")
                    },
                }
            ),
        )
        writer.add("skeletons", pa.table(columns))
        score = pa.array([r[-1] for r in rows], pa.float32())
        kind = ["chemical"] * len(rows)
        number = pa.array(range(len(rows)), pa.int64())
        writer.add("synapses", pa.table({"synapse_id": number, **synapses, "score": score, "kind": kind}))
        record = build_into(writer, BuildOptions(min_score=0.5))
        return writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)


def _end(place: tuple[Grown, int] | None, rng: random.Random) -> tuple[int | None, int | None, int | None, int | None]:
    """The neuron, and a point near the node."""
    if place is None:
        return None, None, None, None
    neuron, node = place
    x, y, z = (c + rng.randint(-600, 600) for c in neuron.points[node])
    return neuron.neuron_id, x, y, z
