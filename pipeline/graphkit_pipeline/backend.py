"""Keras, and the backend below it: TensorFlow, unless the variable KERAS_BACKEND says otherwise."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from graphkit.errors import GraphkitError, MissingExtraError

__all__ = ["import_keras"]

_BACKENDS = ("tensorflow", "jax", "torch")


def import_keras(purpose: str = "A network") -> Any:
    """The module keras. TensorFlow's chatter on import is dropped, which no setting of its own does.

    Raises MissingExtraError where it is not installed, GraphkitError where another backend is asked for that is not.
    """
    if "keras" in sys.modules:
        return sys.modules["keras"]
    if (asked := os.environ.get("KERAS_BACKEND", "tensorflow")) not in _BACKENDS:
        raise _no_backend(f"KERAS_BACKEND is {asked!r}, which graphkit does not run on.")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _quiet():
            import keras
    except ImportError as error:
        if error.name not in (None, "keras", "tensorflow") and (backend := os.environ.get("KERAS_BACKEND")):
            raise GraphkitError(
                f"KERAS_BACKEND is {backend!r}, and {error.name} is not installed.",
                hint=f"Install {error.name}, or leave the variable out: TensorFlow is then used.",
            ) from None
        raise MissingExtraError("keras", "pipeline", purpose) from None
    except ValueError as error:
        if "backend" not in str(error):
            raise
        raise _no_backend(f"Keras does not run: {error}.") from None
    if keras.backend.backend() not in _BACKENDS:  # by its own file of settings
        raise _no_backend(f"Keras runs on {keras.backend.backend()}, and graphkit does not.")
    return keras


def _no_backend(message: str) -> GraphkitError:
    return GraphkitError(message, hint="Expected tensorflow, jax or torch: set KERAS_BACKEND, or leave it out.")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Holds back what is written to the process's stderr, by C++ too; shows it where an import failed."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            sink.seek(0)
            os.write(2, sink.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
