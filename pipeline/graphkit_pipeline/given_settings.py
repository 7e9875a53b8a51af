"""The settings that a command is given to train with: a TOML file, the network to begin from, --steps."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from graphkit.errors import GraphkitError

__all__ = ["as_in_start", "settings_file", "settings_of", "with_steps"]

_T = TypeVar("_T")


def settings_file(path: Path | None) -> dict[str, Any]:
    """The content of a file of settings. Raises GraphkitError where it is none."""
    if path is None:
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GraphkitError(
            f"There is no {path}.", hint="docs/ffn.md lists the settings that such a file may have."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GraphkitError(f"{path} cannot be read as TOML: {error}.") from None
    if not isinstance(network := content.get("network", {}), dict):
        raise GraphkitError(f"network is {network!r}; expected a table of settings, [network].")
    return content


def as_in_start(start: str, content: dict[str, Any]) -> dict[str, Any]:
    """Settings whose [network] is as in the network to begin from where they do not say otherwise, but for the input."""
    from graphkit_pipeline.ffn.start import start_of

    its = {k: v for k, v in start_of(start).settings.as_dict().items() if v is not None and k != "input"}
    return {**content, "network": {**its, **content.get("network", {})}}


def settings_of(kind: type[_T], content: dict[str, Any]) -> _T:
    """A dataclass of settings, every value checked."""
    from graphkit_pipeline.settings_table import settings_from

    return settings_from(kind, content)


def with_steps(settings: Any, steps: int | None) -> Any:
    """With --steps in place of the file's, and a warm-up that is not longer."""
    if steps is None:
        return settings
    warm = {f.name for f in dataclasses.fields(settings)} & {"warmup", "warmup_steps"}
    return dataclasses.replace(settings, steps=steps, **{name: min(getattr(settings, name), steps) for name in warm})
