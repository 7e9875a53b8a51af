"""graphkit: open a connectome and ask it questions.

>>> import graphkit
>>> brain = graphkit.open("data-samples/ring")  # doctest: +SKIP
>>> brain.query("motifs in region EB").df()  # doctest: +SKIP

Importing it is light: TensorFlow, pandas, networkx, igraph, matplotlib and numba are imported where they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphkit._version import __version__
from graphkit.dataset import Dataset
from graphkit.dataset import open_dataset as open
from graphkit.errors import GraphkitError

if TYPE_CHECKING:
    from graphkit import catalogue
    from graphkit.graph import Graph

__all__ = ["Dataset", "Graph", "GraphkitError", "__version__", "catalogue", "open"]


def __getattr__(name: str) -> Any:
    if name == "Graph":
        from graphkit.graph import Graph

        return Graph
    if name == "catalogue":
        import importlib

        return importlib.import_module("graphkit.catalogue")
    raise AttributeError(f"module 'graphkit' has no attribute {name!r}")
