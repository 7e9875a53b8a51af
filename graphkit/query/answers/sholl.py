"""How often skeletons cross spheres around their somata."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphkit.errors import NotAnswerableError
from graphkit.query.answers import Answer, cut
from graphkit.query.answers.skeletons import Grown, Named, Reader, listed
from graphkit.query.ordering import ordered_table

if TYPE_CHECKING:
    from graphkit.dataset import Dataset
    from graphkit.query import ir
    from graphkit.query.plans.plan import Plan

__all__ = ["answer", "columns"]

_MOST_SPHERES = 10_000
"""Around one neuron."""


def answer(form: ir.Sholl, dataset: Dataset, planned: Plan) -> Answer:
    """A row a neuron and sphere, until one holds the whole skeleton."""
    reader = Reader(dataset, form.of, planned, form.heal_nm, synapses=False)
    named: list[Named] = []
    radii: list[NDArray[Any]] = []
    crossings: list[NDArray[Any]] = []
    by_root: list[Named] = []
    for of, spheres, crossed in reader.each(lambda grown: _profile(grown, form.every_nm)):
        if of.soma_nm is None:
            by_root.append(of)
        named.append(of)
        radii.append(spheres)
        crossings.append(crossed)
    repeats = [len(r) for r in radii]
    columns_of = {
        "neuron_id": pa.array(np.repeat([n.neuron_id for n in named], repeats).astype(np.int64)),
        **{
            c: pa.array([getattr(n, c) for n, k in zip(named, repeats, strict=True) for _ in range(k)], pa.string())
            for c in ("name", "type")
        },
        "radius_um": pa.array(np.concatenate([*radii, np.empty(0, dtype=np.int64)]) / 1000),
        "crossings": pa.array(np.concatenate([*crossings, np.empty(0, dtype=np.int64)]).astype(np.int64)),
    }
    notes = [
        *reader.notes(),
        "Edges with one end within the sphere and the other outside (Sholl 1953), those across gaps too; spheres lie around "
        "the soma.",
    ]
    if by_root:
        notes.append(
            f"{len(by_root):,} of {len(named):,} neurons have no soma position: their spheres lie around the first root: "
            f"{listed(by_root)}."
        )
    return cut(ordered_table(pa.table(columns_of), form.order), form.limit, tuple(notes))


def columns(form: ir.Sholl) -> list[str]:
    """The columns of the answer."""
    return ["neuron_id", "name", "type", "radius_um", "crossings"]


def _profile(grown: Grown, every_nm: int) -> tuple[Named, NDArray[Any], NDArray[Any]]:
    """The neuron, its spheres, and how often it crosses each."""
    from graphkit.morphology import sholl

    centre = _centre(grown)
    spheres = _radii(grown, centre, every_nm)
    return grown.of, spheres, sholl(grown.skeleton, spheres, centre_nm=centre)


def _centre(grown: Grown) -> NDArray[Any]:
    if grown.of.soma_nm is not None:
        return np.array(grown.of.soma_nm, dtype=np.float64)
    root: NDArray[np.float64] = grown.skeleton.points_nm[grown.skeleton.roots[0]]
    return root


def _radii(grown: Grown, centre: NDArray[Any], every_nm: int) -> NDArray[Any]:
    """From one step to the first sphere that holds all, in nm."""
    reach = float(np.sqrt(((grown.skeleton.points_nm - centre) ** 2).sum(axis=1)).max())
    spheres = max(1, math.ceil(reach / every_nm))
    if spheres > _MOST_SPHERES:
        raise NotAnswerableError(
            f"Around {grown.of} every {every_nm:,} nm would be {spheres:,} spheres; {_MOST_SPHERES:,} are the most.",
            hint="Lay them further apart, for example: every 10 um",
        )
    steps: NDArray[np.int64] = every_nm * np.arange(1, spheres + 1, dtype=np.int64)
    return steps
