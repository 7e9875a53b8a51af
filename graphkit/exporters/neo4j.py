"""A graph as the CSV files of ``neo4j-admin database import``: a folder of headers and rows.

    neurons-header.csv          neuronId:ID(Neuron),name:string,...
    neurons.csv                 one row a neuron
    connections-header.csv      :START_ID(Neuron),:END_ID(Neuron),synapses:long,:TYPE
    connections.csv             one row a connection, of type CONNECTS_TO
    import.txt                  the command that reads them

Ids are strings. An empty cell is no value, an empty text is ``""``. The format is that of Neo4j 5:
https://neo4j.com/docs/operations-manual/current/import/
"""

from __future__ import annotations

import math
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphkit.errors import GraphError
from graphkit.exporters import column_kind

if TYPE_CHECKING:
    from graphkit.graph import Graph

__all__ = ["import_command", "write_neo4j"]

_TYPES = {int: "long", float: "double", bool: "boolean", str: "string"}
_AT_ONCE = 10_000
_NAMES = ("neurons", "connections")


def write_neo4j(graph: Graph, folder: str | Path) -> None:
    """Write ``graph``, whole, to a new folder.

    Raises:
        GraphError: the folder is there already or cannot be written, or an attribute's name cannot be a property's.
    """
    target = Path(folder)
    if target.exists():
        raise GraphError(f"{str(target)!r} is there already.", hint="Name a folder that is not there yet.")
    header = ["neuronId:ID(Neuron)"]
    for name, column in graph.attributes.items():
        if ":" in name or name == "neuronId":
            raise GraphError(
                f"The attribute {name!r} cannot be the name of a property in Neo4j's files.",
                hint="Leave it out: --attributes names those that are wanted.",
            )
        header.append(_quoted(f"{name}:{_TYPES[column_kind(column)]}"))
    partial = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")  # beside it, so the rename is atomic
    try:
        partial.mkdir()
        try:
            _write(partial / "neurons-header.csv", [",".join(header) + "\n"])
            _write(partial / "neurons.csv", _neurons(graph))
            _write(partial / "connections-header.csv", [":START_ID(Neuron),:END_ID(Neuron),synapses:long,:TYPE\n"])
            _write(partial / "connections.csv", _connections(graph))
            _write(partial / "import.txt", [import_command(graph) + "\n"])
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise GraphError(f"{str(target)!r} cannot be written: {error.strerror or error}.") from error


def import_command(graph: Graph) -> str:
    """The command that reads the files, run in their folder with an empty database."""
    texts = (v for column in graph.attributes.values() if column_kind(column) is str for v in column.tolist())
    multiline = " --multiline-fields=true" if any(v and ("\n" in v or "\r" in v) for v in texts) else ""
    neurons, connections = (f"{name}-header.csv,{name}.csv" for name in _NAMES)
    return (
        f"neo4j-admin database import full --id-type=string{multiline} --nodes=Neuron={neurons} "
        f"--relationships=CONNECTS_TO={connections} neo4j"
    )


def _write(path: Path, pieces: Any) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


def _neurons(graph: Graph) -> Iterator[str]:
    columns = [column.tolist() for column in graph.attributes.values()]
    for row, neuron_id in enumerate(graph.ids.tolist()):
        yield ",".join([str(neuron_id), *(_cell(values[row]) for values in columns)]) + "\n"


def _connections(graph: Graph) -> Iterator[str]:
    pre, post, synapses = graph.edges()
    for begin in range(0, len(pre), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        rows = zip(pre[part].tolist(), post[part].tolist(), synapses[part].tolist(), strict=True)
        yield "".join(f"{a},{b},{n},CONNECTS_TO\n" for a, b, n in rows)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
