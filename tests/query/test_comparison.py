"""Two datasets compared by type, against means from the stored synapses."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

import graphkit
from graphkit.cli import app
from graphkit.dataset import Dataset
from graphkit.errors import QueryError
from graphkit.simulate import simulate
from graphkit.writer import DatasetWriter
from tests.conftest import RING
from tests.query.oracle import Oracle, Picked


def _inputs(dataset: Dataset, picked: Picked, *, fractions: bool) -> tuple[dict, Counter]:
    """By post type and pre type the inputs of its neurons, added up; and the neurons of each type."""
    raw = Oracle(dataset)
    pairs = raw.pairs(picked)
    members = {i for pair in pairs for i in pair} if picked.regions else set(raw.neurons)
    whole: Counter[int] = Counter()
    for (_, b), counts in pairs.items():
        whole[b] += counts.total()
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for (a, b), counts in pairs.items():
        pre, post = (raw.neurons[i]["type"] for i in (a, b))
        sums[pre, post] += counts.total() / (whole[b] if fractions else 1)
    return sums, Counter(raw.neurons[i]["type"] for i in members if raw.neurons[i]["type"])


@pytest.mark.parametrize(("fractions", "region"), [(False, None), (True, "EB")])
def test_means_of_the_types_that_both_have(sim: Dataset, ring: Dataset, fractions: bool, region: str | None) -> None:
    picked = Picked(regions=(region,) if region else None)
    (one, n), (other, m) = (_inputs(d, picked, fractions=fractions) for d in (sim, ring))
    found = sim.compare_with(ring, fractions=fractions, region=region)
    expected = {
        (a, b): (one.get((a, b), 0) / n[b], other.get((a, b), 0) / m[b])
        for a, b in {*one, *other}
        if {a, b} <= set(n) & set(m)
    }
    figure = "input_fraction" if fractions else "mean"
    names = (sim.name, ring.name)
    rows = {(r["pre_type"], r["post_type"]): r for r in found}
    assert rows.keys() == expected.keys()
    for pair, row in rows.items():
        assert tuple(row[f"{figure}_{name}"] for name in names) == pytest.approx(expected[pair])
        assert row["difference"] == pytest.approx(expected[pair][0] - expected[pair][1])
        assert (row[f"neurons_{names[0]}"], row[f"neurons_{names[1]}"]) == (n[pair[1]], m[pair[1]])
        assert row["p"] <= row["p_adjusted"] <= 1
    p = [row["p"] for row in found]
    assert p == sorted(p)
    for name, only in ((names[0], set(n) - set(m)), (names[1], set(m) - set(n))):
        said = [note for note in found.notes if note.startswith(f"Only in {name}, ")]
        assert bool(said) == bool(only)
        assert all(t in said[0] for t in sorted(only)[:12])


def test_the_types_of_both(sim: Dataset, ring: Dataset) -> None:
    found = {r["type"]: r for r in sim.compare_with(ring, what="types")}
    (_, n), (_, m) = (_inputs(d, Picked(), fractions=False) for d in (sim, ring))
    assert found.keys() == {*n, *m}
    for name, row in found.items():
        assert (row[f"neurons_{sim.name}"], row[f"neurons_{ring.name}"]) == (n[name], m[name])
        assert row["in"] == ("both" if n[name] and m[name] else sim.name if n[name] else ring.name)
    assert sum(r[f"inputs_{ring.name}"] for r in found.values()) <= ring.graph().n_synapses


def test_a_dataset_is_like_itself(ring: Dataset) -> None:
    found = ring.compare_with(ring, by="class", limit=3)
    assert not found.complete
    assert {r["p"] for r in found} == {1.0}
    assert f"mean_{ring.name}_2" in found.columns


def test_an_error_says_which_dataset_it_is_of(sim: Dataset, tiny: Dataset) -> None:
    for wrong in (
        lambda: sim.compare_with(tiny, by="hemilineage"),
        lambda: tiny.compare_with(sim, region="EBr1"),
        lambda: sim.compare_with(sim, by="colour"),
    ):
        with pytest.raises(QueryError, match=r"^In \S+: "):
            wrong()
    with pytest.raises(QueryError, match="not compared by 'sizes'"):
        sim.compare_with(tiny, what="sizes")  # type: ignore[arg-type]


def test_a_dataset_without_types_has_nothing_to_match(ring: Dataset, tmp_path: Path) -> None:
    untyped = simulate(tmp_path / "untyped", neurons=30, seed=1, name="untyped")
    neurons = untyped.table("neurons")
    at = neurons.column_names.index("type")
    with DatasetWriter(untyped.url) as writer:
        writer.add("neurons", neurons.set_column(at, "type", pa.nulls(len(neurons), pa.string())))
        writer.commit({"command": "test", "settings": {}, "sources": []})
    with pytest.raises(QueryError, match="No neuron of untyped that is asked about has a type"):
        ring.compare_with(graphkit.open(untyped.url))


def test_the_command(ring: Dataset) -> None:
    result = CliRunner().invoke(
        app, ["compare", str(RING), str(RING), "--region", "EB", "--limit", "2", "--format", "csv"]
    )
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("pre_type,post_type,neurons_ring_1,neurons_ring_2,mean_ring_1")
    assert len(lines) == 3
    missing = CliRunner().invoke(app, ["compare", str(RING), "nowhere"])
    assert missing.exit_code != 0
    assert "Traceback" not in missing.output
