"""A simulated brain, and its synapses and connections as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from graphkit.dataset import Dataset
from graphkit.simulate import simulate
from tests.conftest import MadeOnce

NEURONS = 1_500


@pytest.fixture(scope="session")
def brain(made_once: MadeOnce) -> Dataset:
    return made_once("brain", lambda folder: simulate(folder, neurons=NEURONS, seed=7))


@pytest.fixture(scope="session")
def synapses(brain: Dataset) -> dict[str, np.ndarray]:
    table = brain.table("synapses")
    columns = (c for c in table.column_names if not c.startswith(("pre_seg", "post_seg", "pre_reg", "post_reg")))
    return {c: table[c].to_numpy(zero_copy_only=False) for c in columns if c != "pre_site_id"} | {
        "pre_site_id": table["pre_site_id"].fill_null(-1).to_numpy()
    }


@pytest.fixture(scope="session")
def edges(synapses: dict[str, np.ndarray]) -> np.ndarray:
    """(pre, post) of different neurons with a chemical connection, each pair once."""
    pre, post = synapses["pre_id"], synapses["post_id"]
    return np.unique(np.stack([pre, post])[:, (synapses["kind"] == "chemical") & (pre != post)], axis=1).T
