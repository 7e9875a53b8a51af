"""Jobs for `test_engine`: in a module of their own, since worker processes import them by name."""

from __future__ import annotations

import gc
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from graphkit_pipeline.blocks import Block
from graphkit_pipeline.engine import ONE_THREAD

from graphkit.errors import GraphkitError


@dataclass(frozen=True)
class Sums:
    """Sums of products of floats, whose last bits depend on the order of adding. It logs each setup and each run."""

    log: Path
    seed: int = 0
    stuck_from: int | None = None
    """From this block on it does not end by itself."""

    def settings(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def setup(self) -> np.ndarray:
        self._note(f"setup {os.getpid()}")
        return np.random.default_rng(self.seed).standard_normal((100, 100)).astype(np.float32)

    def run(self, state: np.ndarray, block: Block) -> dict[str, np.ndarray]:
        self._note(f"run {block.index} {os.getpid()}")
        while self.stuck_from is not None and block.index >= self.stuck_from:
            time.sleep(0.1)
        mine = np.random.default_rng(block.index).standard_normal((100, 100)).astype(np.float32)
        product = mine @ state
        return {"product": product, "sum": product.sum(), "ids": np.full(block.box.shape, 2**53 + 1 + block.index)}

    def _note(self, line: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{line}\n")


@dataclass(frozen=True)
class Troubled(Sums):
    """Block 1 raises always, 2 once; on block 3 the process is killed always, on 4 once."""

    def run(self, state: np.ndarray, block: Block) -> dict[str, np.ndarray]:
        once = self.log.with_suffix(f".{block.index}")
        first = not once.exists()
        once.touch()
        if block.index == 1:
            raise GraphkitError("Block 1 is bad.", hint="Mend it.")
        if block.index == 2 and first:
            raise ValueError("a hiccup")
        if block.index == 3 or (block.index == 4 and first):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(state, block)


@dataclass(frozen=True)
class Raising(Sums):
    """As `Troubled`, without deaths."""

    def run(self, state: np.ndarray, block: Block) -> dict[str, np.ndarray]:
        once = self.log.with_suffix(f".{block.index}")
        first = not once.exists()
        once.touch()
        if block.index == 1:
            raise GraphkitError("Block 1 is bad.", hint="Mend it.")
        if block.index == 2 and first:
            raise ValueError("a hiccup")
        return super().run(state, block)


@dataclass(frozen=True)
class NoModel(Sums):
    """Its setup fails."""

    clear: bool = True

    def setup(self) -> np.ndarray:
        if self.clear:
            raise GraphkitError("There is no checkpoint.", hint="Train one.")
        raise KeyError("weights")


@dataclass(frozen=True)
class Large(Sums):
    """Files of a megabyte that do not shrink."""

    def run(self, state: np.ndarray, block: Block) -> dict[str, np.ndarray]:
        return {"noise": np.random.default_rng(block.index).integers(0, 2**62, 2**17)}


@dataclass(frozen=True)
class Wrong(Sums):
    """What it returns is no mapping of arrays."""

    def run(self, state: np.ndarray, block: Block) -> dict[str, np.ndarray]:
        return np.zeros(3) if block.index else {"things": np.array([{}])}  # type: ignore[return-value]


class Model:
    """What `Loaded` loads."""


@dataclass(frozen=True)
class Loaded(Sums):
    """Its blocks say how many models the process holds, and the threads that its libraries are told to have."""

    def setup(self) -> Any:
        super().setup()
        model = Model()
        model.itself = model  # type: ignore[attr-defined]  # as in the models of Keras, only the collector frees it
        return model

    def run(self, state: Model, block: Block) -> dict[str, np.ndarray]:
        held = sum(isinstance(o, Model) for o in gc.get_objects())
        threads = [int(os.environ[name]) for name in ONE_THREAD]
        return {"held": np.array(held), "threads": np.array(threads), "pid": np.array(os.getpid())}
