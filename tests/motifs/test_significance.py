"""Significance against its definitions, scipy, and graphs of which the answer is known."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.motifs import motif_counts, nulls
from graphkit.motifs.significance import Significance, benjamini_hochberg, significance
from graphkit.motifs.strength import motif_strengths

LONG = 720575940621039145


def clustered(n: int = 120, m: int = 700) -> Graph:
    """Neighbours on a ring, so that triads close far more often than by chance."""
    rng = np.random.default_rng(1)
    pre = rng.integers(0, n, m)
    return Graph.from_edges(pre + LONG, (pre + rng.integers(1, 8, m)) % n + LONG, rng.integers(1, 20, m))


def induced(graph: Graph) -> dict[str, int]:
    return {row.code: row.induced for row in motif_counts(graph)}


def test_every_figure_by_its_definition() -> None:
    graph = clustered()
    found = significance(graph, "configuration", samples=30, seed=4)
    observed = induced(graph)
    samples = [induced(sample) for sample in nulls.configuration(graph, 30, seed=4)]
    strengths = motif_strengths(graph)
    assert [row.motif.code for row in found.rows] == list(observed)
    for row in found.rows:
        code = row.motif.code
        values = np.array([sample[code] for sample in samples])
        assert row.observed == observed[code]
        assert row.null_mean == pytest.approx(values.mean())
        assert row.null_sd == pytest.approx(values.std(ddof=1))
        if row.null_sd:
            assert row.z == pytest.approx((observed[code] - values.mean()) / values.std(ddof=1))
        reach = min((values >= observed[code]).sum(), (values <= observed[code]).sum())
        assert row.p == pytest.approx(min(1, 2 * (reach + 1) / 31))
        assert (row.strength, row.strength_sd) == (strengths[code].mean, strengths[code].sd)
    assert [row.p_adjusted for row in found.rows] == pytest.approx(
        scipy.stats.false_discovery_control([row.p for row in found.rows])
    )


def test_a_ring_of_neighbours_has_too_many_feedforward_loops() -> None:
    by_code = {row.motif.code: row for row in significance(clustered(), samples=40).rows}
    loops, chains = by_code["030T"], by_code["021C"]
    assert loops.z is not None
    assert loops.z > 10
    assert loops.p == pytest.approx(2 / 41)
    assert chains.z is not None
    assert chains.z < -4


def test_a_random_graph_is_not_significant() -> None:
    """Of a graph drawn from the null model itself, p is uniform: here 40 of them, each against its own samples."""
    (start,) = nulls.erdos_renyi(clustered(), 1, seed=9)
    p = []
    for seed, sample in enumerate(nulls.erdos_renyi(start, 40, seed=100, threads=1)):
        (row,) = significance(sample, "erdos-renyi", samples=19, seed=seed, motifs=["021C"], threads=1).rows
        p.append(row.p)
    assert 0.3 < np.mean(p) < 0.75
    assert sum(value <= 0.1 for value in p if value is not None) <= 10


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=20))
def test_benjamini_hochberg_equals_scipy(p: list[float]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(scipy.stats.false_discovery_control(p))


def test_only_the_motifs_asked_are_adjusted_for() -> None:
    found = significance(clustered(), samples=20, motifs=["030t", "030C"])
    assert [row.motif.code for row in found.rows] == ["030T", "030C"]
    assert [row.p_adjusted for row in found.rows] == pytest.approx(
        scipy.stats.false_discovery_control([row.p for row in found.rows])
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_interrupted_it_answers_with_the_samples_that_are_ready(threads: int) -> None:
    graph = clustered()

    def stop_at_half(stage: str, fraction: float) -> None:
        if fraction >= 0.5:
            raise KeyboardInterrupt

    found = significance(graph, samples=16, seed=3, threads=threads, progress=stop_at_half)
    assert (found.samples, found.asked, found.complete) == (8, 16, False)
    assert found.rows == significance(graph, samples=8, seed=3).rows
    assert any("8 of 16 null graphs" in note for note in found.notes)

    def stop_at_once(stage: str, fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        significance(graph, samples=16, progress=stop_at_once)


def test_threads_change_nothing() -> None:
    graph = clustered()
    for model in ("configuration", "bidegree", "generalized-erdos-renyi"):
        assert significance(graph, model, samples=6, threads=1) == significance(graph, model, samples=6, threads=3)


def test_synapse_counts_are_about_strength() -> None:
    """Strong connections among the first few neurons only, which are densely connected."""
    rng = np.random.default_rng(2)
    dense = [(a, b) for a in range(12) for b in range(12) if a != b and rng.random() < 0.5]
    sparse = list({(int(a), int(b)) for a, b in rng.integers(12, 200, (400, 2)) if a != b})
    graph = Graph.from_edges(*zip(*dense, *sparse, strict=True), [30] * len(dense) + [1] * len(sparse))
    found = significance(graph, "synapse-counts", samples=30)
    assert found.statistic == "strength"
    by_code = {row.motif.code: row for row in found.rows}
    assert by_code["030T"].observed == pytest.approx(motif_strengths(graph)["030T"].mean)
    assert by_code["030T"].z is not None
    assert by_code["030T"].z > 5
    assert by_code["A"].observed is not None


def test_a_null_without_a_possible_swap_is_said_to_be_one() -> None:
    star = Graph.from_edges([0] * 8, range(1, 9))
    found = significance(star, samples=5)
    assert found.mixing is not None
    assert any("no other graph" in note for note in found.notes)
    row = next(row for row in found.rows if row.motif.code == "021D")
    assert (row.observed, row.null_mean, row.null_sd, row.z, row.p) == (28.0, 28.0, 0.0, None, 1.0)


def test_empty_graphs() -> None:
    for graph in (Graph.from_edges([], []), Graph.from_edges([], [], ids=[5]), Graph.from_edges([1], [1])):
        found = significance(graph, samples=3)
        assert {(row.observed, row.z, row.p) for row in found.rows} == {(0.0, None, 1.0)}
        assert {row.strength for row in found.rows} == {None}
        empty = significance(graph, "synapse-counts", samples=3)
        assert {(row.observed, row.p, row.p_adjusted) for row in empty.rows} == {(None, None, None)}


def test_one_sample_has_no_spread() -> None:
    assert {row.null_sd for row in significance(clustered(), samples=1).rows} == {None}


def test_strength_that_does_not_fit_leaves_the_counts() -> None:
    graph = Graph.from_edges([1, 2, 3], [2, 3, 4], [2**40, 2**40, 1])
    found = significance(graph, samples=3)
    assert {row.strength for row in found.rows} == {None}
    with pytest.raises(GraphError, match="too many synapses"):
        significance(graph, "synapse-counts", samples=3)


def test_table() -> None:
    table = significance(clustered(), samples=5, motifs=["030T"]).table()
    assert table.column_names[:5] == ["motif", "code", "pattern", "size", "observed"]
    assert str(table.schema.field("observed").type) == "int64"
    assert table["observed"].to_pylist() == [induced(clustered())["030T"]]


def test_a_short_chain_is_noted() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found: Significance = significance(clustered(400, 6000), samples=4, attempts_per_connection=1.0)
    assert any(note.startswith("Warning: The chains were too short") for note in found.notes)


def test_refusals() -> None:
    graph = clustered()
    with pytest.raises(GraphError, match="There is no motif '030X'"):
        significance(graph, motifs=["030X"])
    with pytest.raises(GraphError, match="No motif was asked for"):
        significance(graph, motifs=[])
    with pytest.raises(GraphError, match="There is no null model 'random'"):
        significance(graph, "random")
