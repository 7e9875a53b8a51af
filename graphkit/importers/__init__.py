"""Importers: published tables become datasets. One format a module; each returns an ``ImportReport``.

``import_synapses`` and ``import_edges`` read tables of any layout, the others what one source publishes
(docs/importing.md). ``import_networkx`` and ``import_igraph`` take graphs of those packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphkit.importers.cave import import_cave
    from graphkit.importers.celegans import import_celegans
    from graphkit.importers.codex import import_codex
    from graphkit.importers.edges import import_edges
    from graphkit.importers.graph_objects import import_igraph, import_networkx
    from graphkit.importers.graphml import import_graphml
    from graphkit.importers.kasthuri import import_kasthuri
    from graphkit.importers.larva import import_larva
    from graphkit.importers.neuprint import import_neuprint
    from graphkit.importers.report import ImportReport, LeftOut
    from graphkit.importers.swc import import_swc
    from graphkit.importers.synapses import import_synapses

__all__ = [
    "ImportReport",
    "LeftOut",
    "import_cave",
    "import_celegans",
    "import_codex",
    "import_edges",
    "import_graphml",
    "import_igraph",
    "import_kasthuri",
    "import_larva",
    "import_networkx",
    "import_neuprint",
    "import_swc",
    "import_synapses",
]

_HOME = {
    "ImportReport": "report",
    "LeftOut": "report",
    "import_cave": "cave",
    "import_celegans": "celegans",
    "import_codex": "codex",
    "import_edges": "edges",
    "import_graphml": "graphml",
    "import_igraph": "graph_objects",
    "import_kasthuri": "kasthuri",
    "import_larva": "larva",
    "import_networkx": "graph_objects",
    "import_neuprint": "neuprint",
    "import_swc": "swc",
    "import_synapses": "synapses",
}


def __getattr__(name: str) -> Any:
    """Each importer is loaded when it is first asked for: they bring DuckDB and Arrow along."""
    import importlib

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
