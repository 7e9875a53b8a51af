"""What is said where Keras cannot run on what it was told to."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

CODE = """
from graphkit.errors import GraphkitError
from graphkit_pipeline.backend import import_keras
try:
    import_keras()
except GraphkitError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "says"),
    [
        (
            "nonsense",
            ["KERAS_BACKEND is 'nonsense', which graphkit does not run on.", "Expected tensorflow, jax or torch"],
        ),
        ("numpy", ["KERAS_BACKEND is 'numpy', which graphkit does not run on."]),  # Keras has it
        ("torch", ["KERAS_BACKEND is 'torch', and torch is not installed.", "TensorFlow is then used."]),
    ],
)
def test_a_backend_that_is_not_there(backend: str, says: list[str]) -> None:
    if backend == "torch" and importlib.util.find_spec(backend) is not None:
        pytest.skip(f"{backend} is installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    assert all(line in done.stdout for line in says)
    assert done.stderr == ""
