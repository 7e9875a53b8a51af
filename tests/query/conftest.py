"""What the tests of questions share."""

from __future__ import annotations

import pytest

from graphkit.dataset import Dataset
from tests.query.oracle import Oracle


@pytest.fixture(scope="session")
def raw(sim: Dataset) -> Oracle:
    """The stored synapses of `sim`, to be counted by hand."""
    return Oracle(sim)
