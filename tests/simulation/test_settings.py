"""What is asked of a simulation is what is made: seeds, threads, sizes, ids, and settings that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphkit import open as open_dataset
from graphkit.dataset import Dataset
from graphkit.errors import DatasetError, GraphkitError
from graphkit.simulate import simulate

# -- the same settings, the same bytes --------------------------------------------------------------------------------


def file_digests(brain: Dataset) -> dict[str, list[str]]:
    return {name: [f.sha256 for f in table.files] for name, table in brain.snapshot.tables.items()}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(tmp_path: Path) -> None:
    """More neurons than one thread wires at a time."""
    one, two = (
        file_digests(simulate(tmp_path / str(threads), neurons=1_100, seed=3, threads=threads)) for threads in (1, 2)
    )
    assert one == two


def test_another_seed_gives_others(tmp_path: Path) -> None:
    one, two = (file_digests(simulate(tmp_path / str(seed), neurons=100, seed=seed)) for seed in (3, 4))
    assert all(one[table] != two[table] for table in ("neurons", "synapses", "connections"))


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
    sample = open_dataset(Path(__file__).parents[2] / "data-samples" / "ring")
    step = sample.snapshot.provenance[0]
    assert step["command"] == "simulate"
    again = simulate(tmp_path / "ring", **step["settings"])
    for table in sample.snapshot.tables:
        assert again.table(table).equals(sample.table(table)), f"{table}: make data-samples/ring anew"
    assert sum(t.bytes for t in sample.snapshot.tables.values()) < 5_000_000
