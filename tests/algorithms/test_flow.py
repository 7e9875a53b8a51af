"""Signals that spread, against closed forms, networkx and the models as the papers describe them, step by step."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from graphkit.algorithms.flow import information_flow, signal_cascade
from graphkit.errors import GraphError
from graphkit.graph import Graph
from tests.algorithms.oracle import random_graph


def tried_in_every_step(oracle: nx.DiGraph[int], seeds: list[int], runs: int, seed: int) -> dict[int, list[int]]:
    """The traversal as Schlegel et al. describe it: all connections of all that is reached, in every step."""
    rng = np.random.default_rng(seed)
    received = dict(oracle.in_degree(weight="weight"))
    layers: dict[int, list[int]] = {i: [] for i in oracle}
    for _ in range(runs):
        reached = dict.fromkeys(seeds, 1)
        step = 1
        while any(b not in reached for a in reached for b in oracle[a]):
            step += 1
            new = {
                b
                for a in reached
                for b, data in oracle[a].items()
                if b not in reached and rng.random() < data["weight"] / received[b] / 0.3
            }
            reached |= dict.fromkeys(new, step)
        for i, layer in reached.items():
            layers[i].append(layer)
    return layers


def test_layers_are_those_of_the_traversal() -> None:
    graph, oracle = random_graph(9, 22, seed=6)
    found = information_flow(graph, [0, 1], runs=3000, seed=1)
    expected = tried_in_every_step(oracle, [0, 1], 120, seed=2)
    for row, layers in enumerate(expected.values()):
        assert (found.reached[row] == 0) == (not layers)
        if layers:
            error = np.std(layers) * np.sqrt(1 / len(layers) + 1 / 3000)
            assert found.layer[row] == pytest.approx(np.mean(layers), abs=4.5 * error + 1e-9)
    assert found.layer[[0, 1]].tolist() == [1, 1]


def test_a_weak_connection_takes_geometric_time() -> None:
    """3 of 100 inputs: p = 0.03 / 0.3 = 0.1 a step, so 10 steps in the mean; with a standard error of sqrt(90 / runs)."""
    graph = Graph.from_edges([1, 9], [2, 2], [3, 97])
    found = information_flow(graph, 1, runs=4_000)
    assert found.layer.tolist()[:2] == pytest.approx([1, 11], abs=5 * np.sqrt(90 / 4_000))
    assert found.reached.tolist() == [4_000, 4_000, 0]
    assert np.isnan(found.layer[2])


def test_strong_connections_are_hops() -> None:
    graph, oracle = random_graph(60, 90, seed=8)
    hops = nx.single_source_shortest_path_length(oracle, 7)
    found = information_flow(graph, [7], saturation=1e-9, runs=2)
    assert found.layer.tolist() == pytest.approx([hops[i] + 1 if i in hops else np.nan for i in range(60)], nan_ok=True)
    cut = information_flow(graph, [7], saturation=1e-9, runs=1, max_steps=2)
    assert (cut.reached > 0).tolist() == [hops.get(i, 9) <= 1 for i in range(60)]
    cascade = signal_cascade(graph, [7], p=1.0, max_hops=3, runs=2)
    for row in range(60):
        at = hops.get(row, 9)
        assert cascade.counts[row].tolist() == [2 * (h == at) for h in range(4)]


def test_a_cascade_passes_each_synapse_with_its_chance() -> None:
    """From 1 to 2 by 10 synapses at 0.05: 1 - 0.95 ** 10; to 4 by two ways, independent of each other."""
    graph = Graph.from_edges([1, 1, 2, 3], [2, 3, 4, 4], [10, 10, 10, 10])
    runs = 5_000
    found = signal_cascade(graph, [1], runs=runs, seed=3)
    q = 1 - 0.95**10
    error = 5 * np.sqrt(0.25 / runs)
    assert found.reached.tolist() == pytest.approx([1, q, q, 1 - (1 - q * q) ** 2], abs=error)
    assert found.counts[3].nonzero()[0].tolist() == [2]
    stopped = signal_cascade(graph, [1], runs=200, stop=[2, 3], p=1.0)
    assert stopped.reached.tolist() == [1, 1, 1, 0]


def test_the_same_seed_whatever_the_threads_and_another_one() -> None:
    graph, _ = random_graph(200, 1500, seed=9)
    for model in (information_flow, signal_cascade):
        one, three = (model(graph, [5], runs=40, seed=4, threads=t) for t in (1, 3))
        other = model(graph, [5], runs=40, seed=5)
        key = "layer" if model is information_flow else "counts"
        assert np.array_equal(getattr(one, key), getattr(three, key), equal_nan=key == "layer")
        assert not np.array_equal(getattr(one, key), getattr(other, key), equal_nan=key == "layer")


def test_what_cannot_be() -> None:
    graph = Graph.from_edges([1], [2])
    with pytest.raises(GraphError, match="Neuron 7 is not in the graph"):
        information_flow(graph, [7])
    with pytest.raises(GraphError, match="There is no seed neuron"):
        signal_cascade(graph, [])
    with pytest.raises(GraphError, match=r"must be integers, but row 0 holds 2\.5"):
        signal_cascade(graph, [1], stop=[2.5])
    with pytest.raises(GraphError, match="saturation is 0"):
        information_flow(graph, 1, saturation=0)
    with pytest.raises(GraphError, match="p is 2"):
        signal_cascade(graph, 1, p=2)
    with pytest.raises(GraphError, match="runs is 0"):
        signal_cascade(graph, 1, runs=0)
