"""GraphML files as datasets: every id is text until it is known to be digits.

GraphML writers differ in where the id is: in the node's ``id``, or (igraph) in an attribute while the node is ``n0``.
An attribute declared ``double`` that holds ids has lost their last digits (igraph writes 720575940621039145 as
7.20575940621039e+17), and is refused.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Unpack
from xml.etree.ElementTree import ParseError

from graphkit.errors import ImportDataError
from graphkit.importers.edges import Ids
from graphkit.importers.graph_columns import GraphColumns, import_graph, key_of
from graphkit.importers.graphml_parser import parse_graphml
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport
from graphkit.importers.sources import checked_files
from graphkit.importers.work import importing

__all__ = ["import_graphml"]


def import_graphml(
    file: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    id_attribute: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    ids: Ids = "auto",
    kind: str | None = None,
    kind_map: Mapping[str, str] | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` from a GraphML file: its edges as connections, its nodes' attributes as those of neurons.

    Args:
        id_attribute: the node attribute that is the neuron's id (or name); by itself the node's ``id`` where that is
            digits, else an attribute such as neuron_id, root_id, bodyId or name.
        columns: field -> edge attribute, for what is not recognised (weight, region, kind, compartment, nt).
        neurons: a further table of neurons, in place of the nodes' attributes.

    The other arguments are those of ``import_edges``.

    Raises:
        ImportDataError: not GraphML, ids stored as floating-point numbers, an undirected graph that is not said to be
            electrical, or (in mode "fail") an edge that cannot be read.
    """
    path = checked_files(file)[0]
    described = checked_files(neurons)[0] if neurons is not None else None
    with importing(output, ImportOptions(**common)) as work:
        with _opened(path) as stream:
            graph = parse_graphml(stream, lambda fraction: work.progress(f"reading {path.name}", fraction))
            key = key_of(graph, id_attribute)
        work.sources.append(path)
        told = GraphColumns(id_attribute, columns, where, ids, kind, kind_map, described, neuron_columns)
        return import_graph(work, "import graphml", graph, key, path.name, told)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The open file; whatever is wrong with it becomes one ImportDataError that names it."""
    try:
        with path.open("rb") as stream:
            yield stream
    except ImportDataError as error:
        raise ImportDataError(f"{path.name!r}: {error.message}", hint=error.hint) from error
    except (ParseError, OSError, EOFError, zlib.error) as error:
        raise ImportDataError(
            f"{path.name!r} is not readable GraphML: {error}.", hint="It may be truncated, or not be XML at all."
        ) from error
