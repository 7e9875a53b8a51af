"""Neurons, regions and synapses of a simulated brain are what its model promises. Truth is counted anew from the tables."""

from __future__ import annotations

import numpy as np
import pytest

from graphkit.dataset import Dataset
from graphkit.simulate import SimulationConfig
from graphkit.simulation.atlas import BOUNDS_NM, make_atlas
from graphkit.simulation.catalogue import cell_types
from graphkit.simulation.population import make_population
from graphkit.simulation.synapses import synapse_rows
from graphkit.simulation.wiring import block_rng, calibrate, connect_block
from tests.simulation.conftest import NEURONS

TRANSMITTERS = {"acetylcholine", "gaba", "glutamate", "dopamine", "serotonin", "octopamine"}


# -- neurons and regions ----------------------------------------------------------------------------------------------


def test_neurons_are_as_many_as_asked_of_skewed_types_on_both_sides(brain: Dataset) -> None:
    neurons = brain.table("neurons").to_pandas()
    assert len(neurons) == NEURONS
    assert neurons["neuron_id"].is_unique
    assert set(neurons["side"]) == {"left", "right", "center"}
    assert {"sensory", "intrinsic", "local", "projection", "output", "modulatory"} == set(neurons["class"])
    assert set(neurons["nt"].dropna()) == TRANSMITTERS
    assert 0 < neurons["nt"].isna().mean() < 0.05
    assert 0 < (~neurons["complete"]).mean() < 0.08
    sizes = neurons["type"].value_counts()
    assert len(sizes) >= 24
    assert sizes.max() > 3 * sizes.median() > 3 * 3 * sizes.min()
    assert {"ER4d", "ER4m", "EPG", "PEN_a", "PFNd", "MBON01", "KCg-m", "ORN_DA1", "DA1_lPN"} <= set(sizes.index)


@pytest.mark.parametrize("whole", [False, True])
def test_regions_nest_and_leaves_are_disjoint(whole: bool) -> None:
    regions = make_atlas(whole=whole).table().to_pylist()
    by_id = {r["region_id"]: r for r in regions}
    assert len({r["name"].casefold() for r in regions}) == len(regions)
    parents = {r["parent_id"] for r in regions}
    depth = {}
    for r in regions:
        depth[r["region_id"]] = 1 + (depth[r["parent_id"]] if r["parent_id"] else 0)
        for axis in "xyz":
            low, high = r[f"min_{axis}_nm"], r[f"max_{axis}_nm"]
            outer = by_id.get(r["parent_id"])
            floor, ceiling = (outer[f"min_{axis}_nm"], outer[f"max_{axis}_nm"]) if outer else tuple(BOUNDS_NM[axis])
            assert floor <= low < high <= ceiling, r["name"]
    assert max(depth.values()) >= 3
    leaves = [r for r in regions if r["region_id"] not in parents]
    for i, a in enumerate(leaves):
        for b in leaves[i + 1 :]:
            apart = any(a[f"max_{x}_nm"] <= b[f"min_{x}_nm"] or b[f"max_{x}_nm"] <= a[f"min_{x}_nm"] for x in "xyz")
            assert apart, (a["name"], b["name"])


@pytest.mark.parametrize("neurons", [500, 20_000, 139_255])
def test_every_type_lives_in_regions_that_the_atlas_has(neurons: int) -> None:
    types, counts = cell_types(neurons, np.random.default_rng(0))
    atlas = make_atlas(whole=neurons > 2_500)
    assert counts.sum() == neurons
    assert len({t.name for t in types}) == len(types)
    for cell_type in types:
        for side in ("left", "right"):
            for region in (cell_type.input_region, cell_type.output_region):
                assert atlas.names[atlas.row(region, side)].removesuffix("(L)").removesuffix("(R)") == region
    if neurons > 100_000:
        assert len(types) > 5_000


def test_cell_bodies_lie_in_bounds_and_outside_every_region(brain: Dataset) -> None:
    neurons, regions = brain.table("neurons"), brain.table("regions").to_pylist()
    soma = np.stack([neurons[f"soma_{a}_nm"].to_numpy() for a in "xyz"], axis=1)
    for i, axis in enumerate("xyz"):
        assert BOUNDS_NM[axis][0] <= soma[:, i].min()
        assert soma[:, i].max() < BOUNDS_NM[axis][1]
    for r in regions:
        low, high = (np.array([r[f"{w}_{a}_nm"] for a in "xyz"]) for w in ("min", "max"))
        assert not ((soma >= low) & (soma < high)).all(axis=1).any(), r["name"]


# -- synapses ---------------------------------------------------------------------------------------------------------


def test_ids_are_unique_and_refer_to_neurons(brain: Dataset, synapses: dict[str, np.ndarray]) -> None:
    ids = synapses["synapse_id"]
    assert len(np.unique(ids)) == len(ids) == ids.max() - ids.min() + 1
    known = brain.table("neurons")["neuron_id"].to_numpy()
    assert np.isin(synapses["pre_id"], known).all()
    assert np.isin(synapses["post_id"], known).all()


def test_each_synapse_has_its_neurons_transmitter(brain: Dataset, synapses: dict[str, np.ndarray]) -> None:
    neurons = brain.table("neurons")
    nt_of = dict(zip(neurons["neuron_id"].to_pylist(), neurons["nt"].to_pylist(), strict=True))
    chemical = synapses["kind"] == "chemical"
    found = set(zip(synapses["pre_id"][chemical].tolist(), synapses["nt"][chemical].tolist(), strict=True))
    assert found <= set(nt_of.items())
    assert set(synapses["nt"][~chemical].tolist()) == {None}


def deepest_region(regions: list[dict[str, int]], points: np.ndarray) -> np.ndarray:
    """region_id of the deepest box that holds each of ``points`` (n, 3), 0 where none does."""
    depth: dict[int | None, int] = {None: 0}
    found, deepest = np.zeros(len(points), np.int64), np.zeros(len(points), np.int64)
    for r in regions:  # parents come before children
        depth[r["region_id"]] = depth[r["parent_id"]] + 1
        low, high = (np.array([r[f"{w}_{a}_nm"] for a in "xyz"]) for w in ("min", "max"))
        inside = ((points >= low) & (points < high)).all(axis=1) & (depth[r["region_id"]] > deepest)
        found[inside], deepest[inside] = r["region_id"], depth[r["region_id"]]
    return found


def test_regions_of_synapses_are_the_deepest_box_of_the_post_point(
    brain: Dataset, synapses: dict[str, np.ndarray]
) -> None:
    regions = brain.table("regions").to_pylist()
    expected = deepest_region(regions, np.stack([synapses[f"post_{a}_nm"] for a in "xyz"], axis=1))
    np.testing.assert_array_equal(synapses["region_id"], expected)
    assert 0.002 < (expected == 0).mean() < 0.03
    assert 0.002 < np.isin(expected, [r["parent_id"] for r in regions if r["parent_id"]]).mean() < 0.05


def test_the_region_meant_is_the_region_of_both_points() -> None:
    """Before any build: what the generator writes into region_id is where it put the points."""
    population = make_population(SimulationConfig(neurons=3_000, seed=2))
    rng = block_rng(2, 0)
    rows = synapse_rows(population, connect_block(population, np.arange(0, 3_000, 20), calibrate(population), rng), rng)
    regions = population.atlas.table().to_pylist()
    assert rows.num_rows > 5_000
    for end in ("pre", "post"):
        points = np.stack([rows[f"{end}_{a}_nm"].to_numpy() for a in "xyz"], axis=1)
        np.testing.assert_array_equal(rows["region_id"].to_numpy(), deepest_region(regions, points))


def test_points_lie_in_bounds_and_face_one_another(synapses: dict[str, np.ndarray]) -> None:
    points = {w: np.stack([synapses[f"{w}_{a}_nm"] for a in "xyz"], axis=1).astype(np.int64) for w in ("pre", "post")}
    for point in points.values():
        for i, axis in enumerate("xyz"):
            assert BOUNDS_NM[axis][0] <= point[:, i].min()
            assert point[:, i].max() < BOUNDS_NM[axis][1]
    assert np.sqrt(((points["pre"] - points["post"]) ** 2).sum(axis=1)).max() <= 300


def test_a_release_site_is_one_point_of_one_neuron_with_several_partners(synapses: dict[str, np.ndarray]) -> None:
    chemical = synapses["kind"] == "chemical"
    assert (synapses["pre_site_id"][chemical] >= 0).all()
    assert (synapses["pre_site_id"][~chemical] == -1).all()
    columns = [synapses[c][chemical] for c in ("pre_site_id", "pre_id", "pre_x_nm", "pre_y_nm", "pre_z_nm")]
    sites = np.unique(np.stack(columns, axis=1).astype(np.int64), axis=0)
    assert len(np.unique(sites[:, 0])) == len(sites)
    assert 2.5 < chemical.sum() / len(sites) < 4.5


def test_kinds_compartments_scores_and_sizes_are_mixed(synapses: dict[str, np.ndarray]) -> None:
    electrical = synapses["kind"] == "electrical"
    assert 0.001 < electrical.mean() < 0.03
    assert (synapses["pre_id"][electrical] < synapses["post_id"][electrical]).all()
    names, counts = np.unique(synapses["compartment"][~electrical].astype(str), return_counts=True)
    assert set(names) == {"axo-dendritic", "axo-axonic", "dendro-dendritic", "dendro-axonic"}
    assert names[counts.argmax()] == "axo-dendritic"
    assert counts.max() > 0.5 * counts.sum()
    score, size = synapses["score"], synapses["size"]
    assert score.min() >= 0
    assert score.max() <= 1
    assert 0.03 < (score < 0.5).mean() < 0.10
    assert size.min() > 0
    assert np.mean(size) > 1.1 * np.median(size)  # lognormal: skewed to the right
    autapses = (synapses["pre_id"] == synapses["post_id"]).mean()
    assert 0 < autapses < 0.01
