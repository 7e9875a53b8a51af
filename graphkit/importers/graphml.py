"""GraphML files as datasets: every id is text until it is known to be digits.

GraphML writers differ in where the id is: in the node's ``id``, or (igraph) in an attribute while the node is ``n0``.
An attribute declared ``double`` that holds ids has lost their last digits (igraph writes 720575940621039145 as
7.20575940621039e+17), and is refused.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Unpack
from xml.etree.ElementTree import ParseError

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.edges import Ids, finish_edges, write_edges
from graphkit.importers.fields import NEURON_FIELDS
from graphkit.importers.graphml_parser import GraphmlFile, parse_graphml
from graphkit.importers.neuron_table import neurons_of, read_neurons
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport, listed
from graphkit.importers.sources import Source, checked_files, staged_text
from graphkit.importers.work import Work, importing

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["import_graphml"]

_ID_NAMES = ("neuron_id", "root_id", "bodyId", "body_id", "skid", "id", "name", "label")
_WORDS = ("name", "label")


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
            key = _key(graph, id_attribute)
        undirected = len(graph.directed) - int(graph.directed.sum())
        if undirected and kind != "electrical":
            raise ImportDataError(
                f"{undirected:,} edges of {path.name!r} have no direction; chemical connections have one.",
                hint="If they are gap junctions, say so with --kind electrical.",
            )
        work.sources.append(path)
        source = _edges(work, graph, key, path)
        if where is not None:
            source = work.select(source, where)
        by_name = write_edges(
            work,
            [source],
            columns=columns,
            ids=ids,
            kind=kind,
            kind_map=kind_map,
            filtered=where is not None,
        )
        if described is not None:
            table: pa.Table = read_neurons(work, described, neuron_columns, by_name=by_name)
        else:
            table = neurons_of(work, _nodes(work, graph, key, path, by_name), neuron_columns, by_name=by_name)
        finish_edges(work, by_name, table)
        settings = {
            "id_attribute": id_attribute,
            "columns": dict(columns or {}),
            "where": where,
            "ids": "name" if by_name else "integer",
            "kind": kind,
            "kind_map": dict(kind_map or {}),
            "neurons": described and described.name,
        }
        return work.finish("import graphml", settings, BuildOptions())


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


def _key(graph: GraphmlFile, asked: str | None) -> str | None:
    """The node attribute that identifies a neuron; None for the node's own id."""
    attributes = graph.node_attributes
    if asked is not None:
        if asked not in attributes:
            raise ImportDataError(
                f"The nodes of the file have no attribute {asked!r}.", hint=f"They have: {listed(list(attributes))}."
            )
        graph.refuse_doubles(asked)
        return asked
    if all(node.isascii() and node.isdigit() for node in graph.nodes):
        return None
    by_folded = {n.casefold(): n for n in attributes}
    for wanted in _ID_NAMES:
        name = by_folded.get(wanted.casefold())
        if name is None:
            continue
        if wanted not in _WORDS or attributes[name].stored_as_doubles:
            graph.refuse_doubles(name)
        values = attributes[name].values
        if None not in values and len(set(values)) == len(values):
            return name
    return None


def _ids(graph: GraphmlFile, key: str | None) -> Sequence[str | None]:
    return graph.nodes if key is None else graph.node_attributes[key].values


def _edges(work: Work, graph: GraphmlFile, key: str | None, path: Path) -> Source:
    names = [f"{n}_attribute" if n.casefold() in ("source", "target") else n for n in graph.edge_attributes]
    ids = _ids(graph, key)
    ends = ([ids[row] for row in end.tolist()] for end in (graph.source, graph.target))
    rows = zip(*ends, *(attribute.values for attribute in graph.edge_attributes.values()), strict=True)
    return staged_text(work.connection, work.folder, path.name, ["source", "target", *names], rows, "edge")


def _nodes(work: Work, graph: GraphmlFile, key: str | None, path: Path, by_name: bool) -> Source:
    own = "name" if by_name else "neuron_id"
    taken = {n.casefold() for n in NEURON_FIELDS[own]}
    names = [n for n in graph.node_attributes if n != key]
    names = [n for n in names if not (n.casefold() in taken and key is None and not by_name)]
    header = [own, *(n if n != own else f"{n}_attribute" for n in names)]
    rows = zip(_ids(graph, key), *(graph.node_attributes[n].values for n in names), strict=True)
    return staged_text(work.connection, work.folder, path.name, header, rows, "node")
