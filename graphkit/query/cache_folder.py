"""Where what can be made again is kept: the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["parser_cache", "user_cache"]


def user_cache() -> Path | None:
    """The folder, made if need be; None where it cannot be written. GRAPHKIT_CACHE overrides its place."""
    given = os.environ.get("GRAPHKIT_CACHE")
    if given:
        folder = Path(given)
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("graphkit")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def parser_cache(grammar: str) -> str | bool:
    """The file that keeps a compiled grammar, for lark; False where nothing can be kept."""
    import lark

    from graphkit._version import __version__

    folder = user_cache()
    return str(folder / f"{grammar}-{__version__}-lark{lark.__version__}.bin") if folder else False
