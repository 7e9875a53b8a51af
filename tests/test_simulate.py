"""A simulated connectome has what its settings and its model promise. Truth here is counted anew from the tables."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import igraph
import numpy as np
import pytest
from scipy.stats import spearmanr

from graphkit import open as open_dataset
from graphkit.dataset import Dataset
from graphkit.errors import DatasetError, GraphkitError
from graphkit.simulate import SimulationConfig, simulate
from graphkit.simulation.atlas import BOUNDS_NM, make_atlas
from graphkit.simulation.catalogue import cell_types
from graphkit.simulation.population import AXON, DENDRITE, make_population
from graphkit.simulation.synapses import synapse_rows
from graphkit.simulation.wiring import block_rng, calibrate, connect_block

NEURONS = 1_500
TRANSMITTERS = {"acetylcholine", "gaba", "glutamate", "dopamine", "serotonin", "octopamine"}


@pytest.fixture(scope="module")
def brain(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return simulate(tmp_path_factory.mktemp("simulated") / "brain", neurons=NEURONS, seed=7)


@pytest.fixture(scope="module")
def synapses(brain: Dataset) -> dict[str, np.ndarray]:
    table = brain.table("synapses")
    columns = (c for c in table.column_names if not c.startswith(("pre_seg", "post_seg", "pre_reg", "post_reg")))
    return {c: table[c].to_numpy(zero_copy_only=False) for c in columns if c != "pre_site_id"} | {
        "pre_site_id": table["pre_site_id"].fill_null(-1).to_numpy()
    }


@pytest.fixture(scope="module")
def edges(synapses: dict[str, np.ndarray]) -> np.ndarray:
    """(pre, post) of different neurons with a chemical connection, each pair once."""
    pre, post = synapses["pre_id"], synapses["post_id"]
    return np.unique(np.stack([pre, post])[:, (synapses["kind"] == "chemical") & (pre != post)], axis=1).T


def file_digests(brain: Dataset) -> dict[str, list[str]]:
    return {name: [f.sha256 for f in table.files] for name, table in brain.snapshot.tables.items()}


# -- the same settings, the same bytes --------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_whatever_the_threads_and_another_seed_others(tmp_path: Path) -> None:
    made = [
        file_digests(simulate(tmp_path / name, neurons=1_100, seed=seed, threads=threads))
        for name, seed, threads in (("a", 3, 1), ("b", 3, 2), ("c", 4, 2))
    ]
    assert made[0] == made[1]
    assert all(made[0][table] != made[2][table] for table in ("neurons", "synapses", "connections"))


def test_the_pointer_and_snapshot_are_reproducible_with_a_fixed_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for folder in ("a", "b"):
        simulate(tmp_path / folder / "brain", neurons=100, seed=1)
    trees = [
        {p.relative_to(tmp_path / f): p.read_bytes() for p in sorted((tmp_path / f).rglob("*")) if p.is_file()}
        for f in ("a", "b")
    ]
    assert trees[0] == trees[1]
    assert len(trees[0]) > 5


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
    rows = synapse_rows(population, connect_block(population, np.arange(0, 3_000, 10), calibrate(population), rng), rng)
    regions = population.atlas.table().to_pylist()
    assert rows.num_rows > 10_000
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


# -- the graph --------------------------------------------------------------------------------------------------------


def as_igraph(edges: np.ndarray) -> igraph.Graph:
    ids, ends = np.unique(edges, return_inverse=True)
    return igraph.Graph(n=len(ids), edges=ends.reshape(-1, 2), directed=True)


def test_connections_are_more_reciprocal_and_clustered_than_chance(edges: np.ndarray) -> None:
    graph = as_igraph(edges)
    assert graph.reciprocity() > 3 * graph.density()
    shuffled = graph.copy()
    igraph.set_random_number_generator(random.Random(0))
    shuffled.rewire(10 * graph.ecount())  # keeps every in- and out-degree
    assert shuffled.outdegree() == graph.outdegree()
    assert graph.transitivity_undirected() > 1.3 * shuffled.transitivity_undirected()
    assert graph.reciprocity() > 2 * shuffled.reciprocity()


def test_degrees_and_synapse_counts_have_heavy_tails(edges: np.ndarray, synapses: dict[str, np.ndarray]) -> None:
    for end in (0, 1):
        degree = np.unique(edges[:, end], return_counts=True)[1]
        # a random graph of this size has a Gini coefficient of about 0.1
        assert gini(degree) > 0.3
        assert degree.max() > 4 * degree.mean()
    pairs = np.stack([synapses["pre_id"], synapses["post_id"]])[:, synapses["kind"] == "chemical"]
    count = np.unique(pairs, axis=1, return_counts=True)[1]
    assert (count <= 2).mean() > 0.5
    assert count.max() > 30 * count.mean()


def gini(values: np.ndarray) -> float:
    ordered = np.sort(values)
    n = len(ordered)
    return float(2 * (np.arange(1, n + 1) * ordered).sum() / (n * ordered.sum()) - (n + 1) / n)


def test_means_are_near_those_asked_for(brain: Dataset, edges: np.ndarray, synapses: dict[str, np.ndarray]) -> None:
    config = SimulationConfig(neurons=NEURONS)
    assert len(edges) / NEURONS == pytest.approx(config.mean_connections, rel=0.25)
    assert len(synapses["pre_id"]) / len(edges) == pytest.approx(config.mean_synapses, rel=0.15)
    other = SimulationConfig(neurons=800, connections_per_neuron=15, synapses_per_neuron=120)
    assert (other.mean_connections, other.mean_synapses) == (15, 8)
    population = make_population(other)
    made = connect_block(population, np.arange(800), calibrate(population), block_rng(0, 0))
    pairs = len(np.unique(made.pre * 800 + made.post))
    assert pairs / 800 == pytest.approx(15, rel=0.25)
    assert made.synapses.sum() / pairs == pytest.approx(8, rel=0.25)


def test_connection_probability_falls_with_distance() -> None:
    """Pairs of one-branch neurons whose axon and dendrite are in the same region, by the distance of the two."""
    config = SimulationConfig(neurons=2_000, seed=5, closure=0.0, reciprocity=0.0)
    population = make_population(config)
    made = connect_block(population, np.arange(2_000), calibrate(population), block_rng(5, 0))
    connected = np.zeros((2_000, 2_000), bool)
    connected[made.pre, made.post] = True
    axon, dendrite = population.first_branch[AXON], population.first_branch[DENDRITE]
    single = (population.branches == 1).all(axis=0)
    together = population.branch_site[axon][:, None] == population.branch_site[dendrite][None, :]
    pre, post = np.nonzero(together & single[:, None] & single[None, :] & ~np.eye(2_000, dtype=bool))
    apart_nm = np.linalg.norm(population.branch_nm[axon[pre]] - population.branch_nm[dendrite[post]], axis=1)
    share = apart_nm / np.cbrt(
        np.prod((population.atlas.site_high - population.atlas.site_low)[population.branch_site[axon[pre]]], axis=1)
    )
    bins = np.quantile(share, np.linspace(0, 1, 11))
    which = np.clip(np.searchsorted(bins, share, side="right") - 1, 0, 9)
    probability = np.bincount(which, connected[pre, post], 10) / np.bincount(which, minlength=10)
    assert len(pre) > 10_000
    assert spearmanr(np.arange(10), probability).statistic < -0.9
    assert probability[0] > 3 * probability[9]


def test_the_usual_questions_have_answers(brain: Dataset) -> None:
    with brain.connect() as connection:
        pairs = connection.execute(
            """SELECT a.type[:2], b.type, sum(c.synapses) FROM connections c
               JOIN neurons a ON a.neuron_id = c.pre_id JOIN neurons b ON b.neuron_id = c.post_id
               JOIN regions r USING (region_id)
               WHERE a.type LIKE 'ER%' AND b.type = 'EPG' AND r.name LIKE 'EB%' GROUP BY ALL"""
        ).fetchall()
        mbon_regions = connection.execute(
            """SELECT count(DISTINCT region_id) FROM connections JOIN neurons ON neuron_id = pre_id
               WHERE type LIKE 'MBON%'"""
        ).fetchall()
    assert pairs[0][2] > 500
    assert mbon_regions[0][0] >= 4


# -- edges and errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("neurons", [0, 1, 2])
def test_tiny_brains_are_valid_datasets(tmp_path: Path, neurons: int) -> None:
    made = simulate(tmp_path / "tiny", neurons=neurons)
    again = open_dataset(tmp_path / "tiny")
    assert again.table("neurons").num_rows == neurons
    assert again.snapshot.build is not None
    assert made.table("synapses").num_rows == again.table("synapses").num_rows


def test_ids_above_2_to_53_survive(tmp_path: Path) -> None:
    first = 720_575_940_621_039_145
    made = simulate(tmp_path / "brain", neurons=60, first_neuron_id=first)
    assert made.table("neurons")["neuron_id"].to_pylist() == list(range(first, first + 60))
    assert set(made.table("synapses")["pre_id"].to_pylist()) <= set(range(first, first + 60))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"neurons": -5}, ["neurons", "-5"]),
        ({"neurons": 10**10}, ["neurons", "10,000,000,000", "2,000,000"]),
        ({"neurons": 2.5}, ["neurons", "whole number", "2.5"]),
        ({"seed": -1}, ["seed", "-1"]),
        ({"reciprocity": 1.5}, ["reciprocity", "from 0 to 1", "1.5"]),
        ({"closure": float("nan")}, ["closure", "nan"]),
        ({"low_scores": "many"}, ["low_scores", "'many'"]),
        ({"partners_per_site": 0.5}, ["partners_per_site", "0.5"]),
        ({"connections_per_neuron": 40, "synapses_per_neuron": 20}, ["synapses_per_neuron", "20", "40"]),
        ({"first_neuron_id": 2**63}, ["first_neuron_id", "9,223,372,036,854,775,808"]),
        ({"threads": 0}, ["threads", "0"]),
        ({"reciprocit": 0.5}, ["reciprocit", "Did you mean 'reciprocity'?"]),
    ],
)
def test_a_bad_setting_is_one_clear_error_and_leaves_nothing_behind(
    tmp_path: Path, settings: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(GraphkitError) as raised:
        simulate(tmp_path / "brain", **settings)  # type: ignore[arg-type]
    assert all(word in str(raised.value) for word in words), str(raised.value)
    assert not (tmp_path / "brain").exists()


def test_an_existing_dataset_is_not_overwritten(tmp_path: Path) -> None:
    simulate(tmp_path / "brain", neurons=1)
    with pytest.raises(DatasetError, match="already"):
        simulate(tmp_path / "brain", neurons=2)
    assert open_dataset(tmp_path / "brain").table("neurons").num_rows == 1


def test_the_sample_is_what_its_provenance_says(tmp_path: Path) -> None:
    """data-samples/ring made again gives equal tables (and, with the same versions, equal bytes)."""
    sample = open_dataset(Path(__file__).parents[1] / "data-samples" / "ring")
    step = sample.snapshot.provenance[0]
    assert step["command"] == "simulate"
    again = simulate(tmp_path / "ring", **step["settings"])
    for table in sample.snapshot.tables:
        assert again.table(table).equals(sample.table(table)), f"{table}: make data-samples/ring anew"
    assert sum(t.bytes for t in sample.snapshot.tables.values()) < 5_000_000


# -- the fly's size ---------------------------------------------------------------------------------------------------

_SOAK = """
import json, resource, sys, time
from graphkit.simulate import simulate
stages, started = {}, time.monotonic()
def progress(stage, fraction):
    stages.setdefault(stage, time.monotonic() - started)
made = simulate(sys.argv[1], neurons=139_255, memory_limit="4GB", progress=progress)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"peak": peak, "stages": stages, "seconds": time.monotonic() - started}))
"""


@pytest.mark.soak
def test_a_brain_of_the_flys_size_fits_in_four_gigabytes_and_has_its_figures(tmp_path: Path) -> None:
    """Against FlyWire (Lin et al. 2024): connections of at least 5 synapses."""
    done = subprocess.run(
        [sys.executable, "-c", _SOAK, str(tmp_path / "fly")], check=True, capture_output=True, text=True
    )
    measured = json.loads(done.stdout)
    assert measured["peak"] < 4.5e9
    brain = open_dataset(tmp_path / "fly")
    with brain.connect(memory_limit="4GB") as connection:
        connection.execute(
            """CREATE TEMP TABLE strong AS SELECT pre_id, post_id, sum(synapses) AS n FROM connections
               WHERE kind = 'chemical' AND pre_id <> post_id GROUP BY ALL HAVING n >= 5"""
        )
        count, mean = connection.execute("SELECT count(*), avg(n) FROM strong").fetchone()
        ends = connection.execute("SELECT pre_id, post_id FROM strong").fetchnumpy()
    graph = as_igraph(np.stack([ends["pre_id"], ends["post_id"]], axis=1))
    assert count == pytest.approx(2.7e6, rel=0.15)
    assert mean == pytest.approx(12.6, rel=0.1)
    assert graph.reciprocity() == pytest.approx(0.138, rel=0.15)
    assert graph.transitivity_undirected() == pytest.approx(0.046, rel=0.3)
