"""Datasets that several tests ask: a simulated one, and small ones made by hand whose answers are known."""

from __future__ import annotations

import datetime
import fcntl
import gc
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import settings

from graphkit.build import BuildOptions, build_into
from graphkit.dataset import Dataset, open_dataset
from graphkit.simulate import simulate
from graphkit.writer import DatasetWriter

# The first example of a test may compile kernels or wait for a busy machine: time is what benchmarks are for.
# `make test` draws the same examples each time, so that a failure is the change's own; `make thorough` and
# `make soak` draw hundreds of new ones in every run, and what they find becomes a test of its own.
settings.register_profile("graphkit", deadline=None, max_examples=40, derandomize=True, database=None)
settings.register_profile("thorough", deadline=None, max_examples=400)
settings.load_profile("thorough" if os.environ.get("GRAPHKIT_THOROUGH") else "graphkit")

RING = Path(__file__).parents[1] / "data-samples" / "ring"

LONG = 720575940621039145
"""An id of 18 digits, as FlyWire has them: a float would lose its last ones. The neurons of `tiny` follow it."""


def pytest_collection_finish() -> None:
    """What is imported by now stays: to look through it again and again for garbage took a tenth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches in a temporary folder, and no dataset that the person at this machine happens to use."""
    before = dict(os.environ)
    os.environ["GRAPHKIT_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["GRAPHKIT_ANSWER_CACHE"] = "0"  # a test asks the code and not what the code said before
    os.environ["GRAPHKIT_SETS"] = str(tmp_path_factory.mktemp("sets"))
    os.environ.pop("GRAPHKIT_DATASET", None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of published tables named by GRAPHKIT_REAL_DATA."""
    folder = os.environ.get("GRAPHKIT_REAL_DATA")
    if not folder:
        pytest.skip("set GRAPHKIT_REAL_DATA to the folder of published tables to run this test")
    return Path(folder)


Once = Callable[[str, Callable[[Path], object]], Path]
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would every process that tests start and stop.
    signal.signal(signal.SIGINT, signal.default_int_handler)

MadeOnce = Callable[[str, Callable[[Path], object]], Dataset]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder of a name once, also where several workers share the tests. It is not to be changed."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "made-once"
    shared.mkdir(exist_ok=True)

    def made(name: str, make: Callable[[Path], object]) -> Path:
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = shared / f"{name}.done"
            if not done.exists():
                make(shared / name)
                done.touch()
        return shared / name

    return made


@pytest.fixture(scope="session")
def made_once(once: Once) -> MadeOnce:
    """A dataset that is made `once`."""
    return lambda name, make: open_dataset(once(name, make))


@pytest.fixture(scope="session")
def sim(made_once: MadeOnce) -> Dataset:
    """400 simulated neurons."""
    return made_once("sim", lambda folder: simulate(folder, neurons=400, seed=1))


@pytest.fixture(scope="session")
def ring() -> Dataset:
    """The sample of data-samples, which nobody writes to."""
    return open_dataset(RING)


@pytest.fixture(scope="session")
def tiny(made_once: MadeOnce) -> Dataset:
    """Six neurons, in regions CX > (EB, FB) and beta'L(R), with one of every trap.

    chemical  A1 -> B1 4 (EB 3, FB 1), A1 -> B2 2 (EB), A2 -> B1 1 (FB), B1 -> A1 5 (CX itself), B2 -> B2 1 (EB),
              C1 -> A1 2 (beta'L(R)), C1 -> B2 1 (outside every region), A1 -> A2 1 (region not resolved)
    electrical A1 = B1 2 (EB), A1 = A2 1 (EB), D' = C1 3 (FB)

    Chemical synapses of C1 are axo-axonic, all others axo-dendritic.
    """
    return made_once("tiny", make_tiny)


def make_tiny(folder: Path) -> Dataset:
    """The dataset `tiny` at ``folder``."""
    a1, a2, b1, b2, c1, d = (LONG + i for i in range(6))
    neurons = pa.table(
        {
            "neuron_id": pa.array([a1, a2, b1, b2, c1, d], pa.int64()),
            "name": ["A1", "A2", "B", "B2_R", "it's", 'D "quoted"'],
            "type": ["A", "A", "B", "b", None, "D(x)_L'"],
            "class": ["intrinsic", "intrinsic", "intrinsic", "sensory", "A", None],
            "side": ["left", "right", "left", "right", None, None],
            "nt": ["gaba", "gaba", "acetylcholine", "acetylcholine", None, None],
            "status": ["Traced", "Traced", "Traced", "Orphan", None, None],
            "complete": [True, True, False, None, None, True],
            "soma_x_nm": pa.array([1000, 2000, None, -5, None, None], pa.int32()),
            "hemilineage": ["0A", "0A", "1B", None, "x*y", ""],
            "cluster_id": ["7", "7", "8", None, None, None],
            "found_on": pa.array([datetime.date(2020, 1, i) for i in range(1, 6)] + [None], pa.date32()),
            "tags": pa.array([["x"], [], None, None, None, None], pa.list_(pa.string())),
            "mass": [1.5, 2.5, None, 3.0, 0.0, -1.0],
            "spike rate": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "by": ["limit", "where", "of", "and", "not", "type"],
        }
    )
    regions = pa.table(
        {
            "region_id": pa.array([1, 2, 3, 4, 5], pa.int16()),
            "name": ["CX", "EB", "FB", "beta'L(R)", "Empty"],
            "parent_id": pa.array([None, 1, 1, None, None], pa.int16()),
        }
    )
    rows = [
        *[(a1, b1, 2)] * 3,
        (a1, b1, 3),
        *[(a1, b2, 2)] * 2,
        (a2, b1, 3),
        *[(b1, a1, 1)] * 5,
        (b2, b2, 2),
        *[(c1, a1, 4)] * 2,
        (c1, b2, 0),
        (a1, a2, None),
    ]
    gaps = [*[(b1, a1, 2)] * 2, (a1, a2, 2), *[(d, c1, 3)] * 3]
    nt_of = dict(zip(neurons["neuron_id"].to_pylist(), neurons["nt"].to_pylist(), strict=True))
    every = [(*row, "chemical") for row in rows] + [(*row, "electrical") for row in gaps]
    synapses = pa.table(
        {
            "synapse_id": pa.array(range(1, len(every) + 1), pa.int64()),
            "pre_id": pa.array([r[0] for r in every], pa.int64()),
            "post_id": pa.array([r[1] for r in every], pa.int64()),
            "region_id": pa.array([r[2] for r in every], pa.int16()),
            "kind": [r[3] for r in every],
            "nt": [nt_of[r[0]] for r in every],
            "compartment": [
                None if r[3] == "electrical" else "axo-axonic" if r[0] == c1 else "axo-dendritic" for r in every
            ],
            "score": pa.array([i / 20 for i in range(len(every))], pa.float32()),
        }
    )
    with DatasetWriter(folder, create=True, name="tiny") as writer:
        writer.add("neurons", neurons)
        writer.add("regions", regions)
        writer.add("synapses", synapses)
        record = build_into(writer, BuildOptions())
        return writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)


@pytest.fixture(scope="session")
def pair_totals(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Pair totals without regions, with the source's totals by region, like the hemibrain's tables.

    1 and 2 belong to EB (8 of 10 and 5 of 10 inputs there), 3 does not (1 of 10). 1 -> 2 has 4 synapses, 2 -> 3 has 6.
    """
    neurons = pa.table(
        {
            "neuron_id": pa.array([1, 2, 3], pa.int64()),
            "type": ["A", "A", "B"],
            "inputs": pa.array([10, 10, 10], pa.int64()),
            "outputs": pa.array([20, 20, 20], pa.int64()),
        }
    )
    regions = pa.table(
        {"region_id": pa.array([1], pa.int16()), "name": ["EB"], "parent_id": pa.array([None], pa.int16())}
    )
    there = pa.table(
        {
            "neuron_id": pa.array([1, 2, 3], pa.int64()),
            "region_id": pa.array([1, 1, 1], pa.int16()),
            "inputs": pa.array([8, 5, 1], pa.int64()),
            "outputs": pa.array([0, 0, 0], pa.int64()),
        }
    )
    connections = pa.table(
        {
            "pre_id": pa.array([1, 2], pa.int64()),
            "post_id": pa.array([2, 3], pa.int64()),
            "region_id": pa.array([None, None], pa.int16()),
            "kind": ["chemical", "chemical"],
            "synapses": pa.array([4, 6], pa.int64()),
        }
    )
    with DatasetWriter(tmp_path_factory.mktemp("hand-made") / "pairs", create=True, name="pairs") as writer:
        for name, table in (
            ("neurons", neurons),
            ("regions", regions),
            ("neuron_regions", there),
            ("connections", connections),
        ):
            writer.add(name, table)
        record = build_into(writer, BuildOptions(totals="source"))
        return writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)


@pytest.fixture(scope="session")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """No neuron at all, one region."""
    folder = tmp_path_factory.mktemp("hand-made") / "nobody"
    with DatasetWriter(folder, create=True, name="nobody") as writer:
        writer.add("neurons", pa.table({"neuron_id": pa.array([], pa.int64())}))
        writer.add(
            "regions",
            pa.table(
                {"region_id": pa.array([1], pa.int16()), "name": ["EB"], "parent_id": pa.array([None], pa.int16())}
            ),
        )
        writer.add("synapses", pa.table({c: pa.array([], pa.int64()) for c in ("synapse_id", "pre_id", "post_id")}))
        record = build_into(writer, BuildOptions())
        writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)
    return open_dataset(folder)


@pytest.fixture(scope="session")
def unbuilt(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Synapses, but no graph yet."""
    folder = tmp_path_factory.mktemp("hand-made") / "unbuilt"
    with DatasetWriter(folder, create=True, name="unbuilt") as writer:
        one = pa.array([1], pa.int64())
        writer.add("synapses", pa.table({"synapse_id": one, "pre_id": one, "post_id": one, "kind": ["chemical"]}))
        return writer.commit({"command": "test", "settings": {}, "sources": []})
