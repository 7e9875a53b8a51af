"""The table ``neurons`` of a simulated brain; cell bodies lie in its rind, outside every region."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.simulation.atlas import BOUNDS_NM
from graphkit.simulation.population import DENDRITE, Population

__all__ = ["neurons_table"]

_RIND_NM = 8_000
_SIDES = ("left", "right", "center")


def neurons_table(population: Population) -> pa.Table:
    """The rows of ``neurons``, without totals. A cell body is at the face of the brain nearest to its dendrite."""
    config, n = population.config, len(population)
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(config.seed, spawn_key=(1,))))
    bounds = np.array([BOUNDS_NM[a] for a in "xyz"], np.float64)
    soma = np.clip(
        population.branch_nm[population.first_branch[DENDRITE]] + rng.normal(0, 15_000, (n, 3)),
        bounds[:, 0],
        bounds[:, 1] - 1,
    )
    to_face = np.concatenate([soma - bounds[:, 0], bounds[:, 1] - soma], axis=1)
    face = np.argmin(to_face, axis=1)
    axis, upper = face % 3, face >= 3
    depth = rng.random(n) * _RIND_NM
    rows = np.arange(n)
    soma[rows, axis] = np.where(upper, bounds[axis, 1] - 1 - depth, depth)
    complete = rng.random(n) >= config.cropped
    types, type_of = population.types, population.type_of
    sides = np.array(["left", "right", "center"])[population.side_of] if n else np.array([], str)
    names = [
        f"{types[t].name}_{'LRC'[s]}{k}" for t, s, k in zip(type_of, population.side_of, _nth(population), strict=True)
    ]
    return pa.table(
        {
            "neuron_id": config.first_neuron_id + rows,
            "name": pa.array(names, pa.string()),
            "type": pa.array([types[t].name for t in type_of], pa.string()),
            "class": pa.array([types[t].cell_class for t in type_of], pa.string()),
            "side": pa.array(sides.tolist(), pa.string()),
            "nt": pa.array([population.transmitters[c] if c >= 0 else None for c in population.nt_of], pa.string()),
            **{f"soma_{a}_nm": soma[:, i].astype(np.int32) for i, a in enumerate("xyz")},
            "status": pa.array(np.where(complete, "Traced", "Roughly traced").tolist(), pa.string()),
            "complete": pa.array(complete),
        }
    )


def _nth(population: Population) -> NDArray[np.int64]:
    """1, 2, 3, ... within each type and side."""
    key = population.type_of * 3 + population.side_of
    order = np.argsort(key, kind="stable")
    first = np.searchsorted(key[order], key[order], side="left")
    nth = np.empty(len(key), np.int64)
    nth[order] = np.arange(len(key)) - first + 1
    return nth
