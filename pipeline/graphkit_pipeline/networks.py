"""Which file is meant by the name of a network: one that graphkit ships, a `.keras` file, or a checkpoint of google/ffn."""

from __future__ import annotations

from pathlib import Path

from graphkit.errors import GraphkitError, did_you_mean

__all__ = ["SHIPPED", "network_path", "no_network"]

SHIPPED = Path(__file__).with_name("models")
"""Where the networks are that graphkit ships."""


def network_path(name: str, here: Path) -> str:
    """The path of a network: of one that graphkit ships where the name is one of those, else relative to ``here``."""
    shipped = SHIPPED / f"{name}.keras"
    return str(shipped) if "/" not in name and shipped.exists() else str(here / name)


def no_network(path: str | Path) -> GraphkitError:
    """The error for a path where no network lies, with what was probably meant."""
    path = Path(path)
    shipped = sorted(file.stem for file in SHIPPED.glob("*.keras"))
    if (file := path / "network.keras").is_file():
        return GraphkitError(f"{path} is a folder, and no network.", hint=f"Name the file in it: {file}.")
    return GraphkitError(
        f"{path} is no network." if path.exists() else f"There is no network at {path}.",
        hint=did_you_mean(path.stem if path.suffix == ".keras" else path.name, shipped, limit=1)
        or f"Name one that graphkit ships ({', '.join(shipped)}), the .keras file that training wrote, or a checkpoint of "
        "google/ffn by what its files' names begin with (model.ckpt-123 for model.ckpt-123.index).",
    )
