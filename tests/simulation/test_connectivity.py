"""The graph of a simulated brain is wired as its model promises, also at the size of a fly's."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import igraph
import numpy as np
import pytest

from graphkit import open as open_dataset
from graphkit.dataset import Dataset
from graphkit.simulate import SimulationConfig
from graphkit.simulation.population import AXON, DENDRITE, make_population
from graphkit.simulation.wiring import block_rng, calibrate, connect_block
from tests.simulation.conftest import NEURONS


def as_igraph(edges: np.ndarray) -> igraph.Graph:
    ids, ends = np.unique(edges, return_inverse=True)
    return igraph.Graph(n=len(ids), edges=ends.reshape(-1, 2), directed=True)


@pytest.mark.slow
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
    from scipy.stats import spearmanr  # two seconds, and only this test needs it

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
