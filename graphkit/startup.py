"""What makes the command answer soon: imports it can do without, work beside other work, teardown left out."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from graphkit.progress import when_compiling

__all__ = ["answer_only", "leave", "own_process", "preload_kernels"]

_own_process = False


class _Hidden:
    """Finds nothing under some names, as if the packages were not installed; in one ``thread`` alone where it is given."""

    def __init__(self, *names: str, thread: int | None = None) -> None:
        self._names = names
        self._thread = thread

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> None:
        if name in self._names and self._thread in (None, threading.get_ident()):
            raise ModuleNotFoundError(f"{name} is hidden from this process", name=name)


def own_process() -> None:
    """Says that this process is the command and nothing else, so that short cuts may be taken."""
    global _own_process
    _own_process = True
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts its threads on import, and no answer needs them
    when_compiling[:] = [_say_compiling]


def _say_compiling() -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write("Compiling for this machine, once: later runs load what is compiled.\n")


def answer_only(*, arrays: bool) -> None:
    """Hides pandas, and without ``arrays`` also numpy, from a process that is the command and answers one question.

    pyarrow imports both where it finds them (0.3 and 0.1 s), to see whether it was given their objects; rows that come from
    DuckDB and go to a table have none. Does nothing in any other process.
    """
    hidden = ["pandas"] if arrays else ["pandas", "numpy"]
    if _own_process and not any(name in sys.modules for name in hidden):
        sys.meta_path.insert(0, _Hidden(*hidden))


def preload_kernels(module: str = "graphkit.motifs.kernels") -> None:
    """Begins to load the compiled kernels (half a second) in a thread, beside the reading of tables."""
    if module not in sys.modules:
        threading.Thread(target=_load, args=(module,), daemon=True).start()


def _load(module: str) -> None:
    with _without_scipy_linalg() if _own_process else contextlib.nullcontext():
        if module == "graphkit.motifs.kernels":
            from graphkit.motifs.census import preload

            preload()
        else:
            importlib.import_module(module)


@contextlib.contextmanager
def _without_scipy_linalg() -> Iterator[None]:
    """numba imports scipy.linalg (0.2 s) only to learn whether kernels could call BLAS; none of ours does.

    Hidden from the thread that loads kernels: beside it the answer may need scipy.linalg (by way of scipy.sparse.csgraph).
    """
    hidden = _Hidden("scipy.linalg", thread=threading.get_ident())
    sys.meta_path.insert(0, hidden)
    try:
        yield
    finally:
        sys.meta_path.remove(hidden)


def leave(code: int) -> NoReturn:
    """Ends the process without Python's teardown, which with DuckDB and numba loaded takes 0.3 s.

    Teardown can also abort: it ends threads that C++ libraries began in the middle of what they do.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # who reads has read enough
    except OSError as error:
        code = code or 1
        sys.stderr.write(f"Error: Cannot write the answer: {error.strerror}.\n")
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    if "multiprocessing.resource_tracker" in sys.modules:  # who started processes gives back what they shared
        atexit._run_exitfuncs()
    os._exit(code)
