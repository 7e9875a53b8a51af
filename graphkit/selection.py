"""From a dataset (or a part of it) to a Graph, kept in a cache of memory-mapped arrays.

The cache lies beside the dataset (``.cache``), or in the user's cache folder where that cannot be written. A graph's
folder is named by the snapshot's digest and the selection, so it never has to be told that something changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from graphkit.edges import csr_of_edges
from graphkit.errors import GraphError, QueryError
from graphkit.graph import Graph
from graphkit.interrupted import interruptible
from graphkit.query import ir
from graphkit.query.cache_folder import user_cache
from graphkit.query.planner import plan
from graphkit.query.plans.selected import rows_sql, selected_neurons_sql, selected_pairs_sql
from graphkit.query.sets import NeuronSource, ids_of
from graphkit.query.sql import check_predicate
from graphkit.query.vocabulary import one_of, quoted_name
from graphkit.region_sums import sums_in_regions

if TYPE_CHECKING:
    import pyarrow as pa

    from graphkit.dataset import Dataset

__all__ = ["CACHE_LIMIT_BYTES", "load_graph", "load_selection", "make_selection"]

CACHE_LIMIT_BYTES = 8 << 30
"""Of all cached graphs of a dataset; the longest unused go first."""

_ARRAYS = ("ids", "indptr", "indices", "synapses", "in_indptr", "in_indices", "in_synapses")
_LAYOUT = "graph-1"
_ROWS_AT_ONCE = 1 << 17
_ATTRIBUTES = ("name", "type", "class", "side", "nt")


def load_graph(
    dataset: Dataset,
    *,
    region: str | Iterable[str] | None = None,
    between_neurons_of: str | Iterable[str] | None = None,
    belonging: float = ir.HALF,
    type: str | Iterable[str] | None = None,
    class_: str | Iterable[str] | None = None,
    side: str | None = None,
    neurons: NeuronSource | None = None,
    where: str | None = None,
    min_synapses: int = 1,
    per_region: bool = False,
    kind: Literal["chemical", "electrical"] = "chemical",
    nt: str | Iterable[str] | None = None,
    compartments: str | Iterable[str] | None = None,
    autapses: bool = True,
    attributes: Iterable[str] | None = None,
) -> Graph:
    """The graph of a dataset, or of the part of it that meets all conditions given.

    Args:
        region: only synapses located in these regions (with what lies below them).
        between_neurons_of: only neurons that belong to these regions: at least the share ``belonging`` of their inputs
            or of their outputs lies there.
        type, class_, side: only neurons of these (wildcards * and ?), regardless of case.
        neurons: only these: ids, a table or an answer with a column of ids, or the name of a set ("@mine").
        where: only neurons for which this SQL predicate over the view ``neurons`` is true.
        min_synapses: connections with at least this many synapses, summed over the chosen regions; with ``per_region``,
            each region's synapses count only where they reach it by themselves.
        kind: "chemical" (directed) or "electrical" (every gap junction both ways).
        nt: only synapses of these transmitters.
        compartments: only synapses that join these ("axo-axonic").
        autapses: whether connections of a neuron to itself are in.
        attributes: columns of the neurons to carry along; name, type, class, side and nt where not given.

    Raises:
        QueryError: a name or id is not in the dataset, or the dataset does not know what is asked.
    """
    selection = make_selection(
        dataset,
        region=region,
        between_neurons_of=between_neurons_of,
        belonging=belonging,
        type=type,
        class_=class_,
        side=side,
        neurons=neurons,
        min_synapses=min_synapses,
        per_region=per_region,
        kind=kind,
        nt=nt,
        compartments=compartments,
        autapses=autapses,
    )
    if where is not None:
        check_predicate(dataset, where)
        ids = dataset.sql(f"SELECT neuron_id FROM neurons WHERE ({where}\n)").arrow()["neuron_id"].to_pylist()
        chosen = ir.Comparison("neuron_id", "in", tuple(sorted(ids)))
        both = chosen if selection.neurons is None else ir.And((selection.neurons, chosen))
        selection = ir.Selection(**{**_fields(selection), "neurons": both})
    return load_selection(
        dataset, selection, attributes=_ATTRIBUTES if attributes is None else tuple(_names(attributes))
    )


def make_selection(
    dataset: Dataset,
    *,
    region: str | Iterable[str] | None = None,
    between_neurons_of: str | Iterable[str] | None = None,
    belonging: float = ir.HALF,
    type: str | Iterable[str] | None = None,
    class_: str | Iterable[str] | None = None,
    side: str | None = None,
    neurons: NeuronSource | None = None,
    min_synapses: int = 1,
    per_region: bool = False,
    kind: Literal["chemical", "electrical"] = "chemical",
    nt: str | Iterable[str] | None = None,
    compartments: str | Iterable[str] | None = None,
    autapses: bool = True,
) -> ir.Selection:
    """The typed selection that ``load_graph`` and its siblings mean, its names resolved against the dataset."""
    vocabulary = dataset.vocabulary
    terms: list[ir.Condition] = []
    if between_neurons_of is not None:
        if not ir.LEAST_SHARE <= belonging <= 1:
            raise QueryError(f"belonging must lie above 0 and at most 1, got {belonging}.")
        terms.append(ir.BelongsTo(_regions(dataset, between_neurons_of), belonging))
    for column, given in (("type", type), ("class", class_), ("side", side)):
        if given is not None:
            terms.append(one_of([vocabulary.equals(column, text) for text in _listed(given, column)]))
    if neurons is not None:
        terms.append(_chosen(dataset, neurons))
    return ir.Selection(
        regions=None if region is None else _regions(dataset, region),
        neurons=None if not terms else terms[0] if len(terms) == 1 else ir.And(tuple(terms)),
        min_synapses=min_synapses,
        per_region=per_region,
        kind=kind,
        nt=None if nt is None else tuple(s for text in _listed(nt, "nt") for s in vocabulary.transmitter(text)),
        autapses=autapses,
        compartments=None
        if compartments is None
        else tuple(s for text in _listed(compartments, "compartments") for s in vocabulary.compartment(text)),
    )


def _chosen(dataset: Dataset, neurons: NeuronSource) -> ir.Condition:
    if isinstance(neurons, str):
        if not neurons.startswith("@"):
            raise QueryError(f"neurons takes ids or the name of a set, got {neurons!r}.", hint="For example: '@mine'.")
        return dataset.neuron_set(neurons[1:])
    ids = ids_of(neurons, "neurons")
    return ir.Comparison("neuron_id", "in", tuple(sorted(set(dataset.vocabulary.neuron_ids(ids)))))


def load_selection(dataset: Dataset, selection: ir.Selection, *, attributes: tuple[str, ...] = ()) -> Graph:
    """The graph of a typed selection, from the cache where it is there."""
    plan(ir.Motifs(selection), dataset)  # says what the dataset cannot answer
    key = hashlib.sha256(f"{_LAYOUT} {dataset.digest} {ir.to_json(selection)}".encode()).hexdigest()[:32]
    graph = _cached(dataset, key)
    if graph is None:
        graph = _made(dataset, selection)
        _keep(dataset, key, graph)
    return _with_attributes(dataset, graph, attributes) if attributes else graph


def _made(dataset: Dataset, selection: ir.Selection) -> Graph:
    sql = selected_neurons_sql(selection, dataset)
    ids = _fetched(dataset, sql)["neuron_id"] if sql else None
    most = dataset.snapshot.tables["connections"].rows * (2 if selection.kind == "electrical" else 1)
    strong = (
        _strong_in_a_region(dataset, selection, most) if selection.per_region and selection.min_synapses > 1 else None
    )
    if strong is not None:
        return Graph(*csr_of_edges(strong, ids=ids, attributes=None, autapses=True))
    summed = selection.per_region or (sql is None and selection.min_synapses > 1)
    # Rows come in the order of pairs, as they are stored: mostly they are summed here, without a hash table of all pairs.
    rows = selected_pairs_sql(selection, dataset) if summed else rows_sql(selection, dataset)
    columns = _columns(dataset, f"SELECT pre_id, post_id, synapses FROM ({rows})", most)
    graph = Graph(*csr_of_edges(columns, ids=ids, attributes=None, autapses=True))
    return graph if summed or selection.min_synapses == 1 else graph.at_least(selection.min_synapses)


def _strong_in_a_region(dataset: Dataset, selection: ir.Selection, most: int) -> list[Any] | None:
    """The rows of a threshold that holds in each region, to be summed by pair; None where they do not come in order."""
    rows = rows_sql(selection, dataset)
    sql = f"SELECT pre_id, post_id, coalesce(region_id, -1)::BIGINT AS region_id, synapses FROM ({rows})"
    cursor = dataset.cursor(sql)

    def summed() -> list[Any] | None:
        batches = cursor.sql(sql).to_arrow_reader(_ROWS_AT_ONCE)
        arrays = (tuple(column.to_numpy() for column in batch.columns) for batch in batches)
        return sums_in_regions(arrays, selection.min_synapses, most)

    return interruptible(cursor, summed)


def _columns(dataset: Dataset, sql: str, most: int) -> list[Any]:
    """The three columns of at most ``most`` rows, int64; no more than some rows are there twice."""
    cursor = dataset.cursor(sql)
    columns = [np.empty(most, dtype=np.int64) for _ in range(3)]  # what is not filled takes no room

    def fill() -> int:
        held = 0
        for batch in cursor.sql(sql).to_arrow_reader(_ROWS_AT_ONCE):
            for column, values in zip(columns, batch.columns, strict=True):
                column[held : held + len(batch)] = values.to_numpy()
            held += len(batch)
        return held

    held = interruptible(cursor, fill)
    return [column[:held] for column in columns]


def _fetched(dataset: Dataset, sql: str) -> pa.Table:
    cursor = dataset.cursor(sql)
    return interruptible(cursor, cursor.sql(sql).to_arrow_table)


def _with_attributes(dataset: Dataset, graph: Graph, attributes: tuple[str, ...]) -> Graph:
    columns = [dataset.vocabulary.column(a) for a in attributes]
    names = ", ".join(map(quoted_name, dict.fromkeys(columns)))
    sql = f"SELECT neuron_id, {names} FROM neurons ORDER BY neuron_id"
    table = _fetched(dataset, sql)
    rows = np.searchsorted(table["neuron_id"].to_numpy(), graph.ids)
    kept: dict[str, Any] = {c: table[c].take(rows) for c in columns if table[c].null_count < len(table)}
    return replace(graph, attributes=kept)


# -- the cache --------------------------------------------------------------------------------------------------


def _folders(dataset: Dataset) -> list[Path]:
    places = []
    if "://" not in dataset.url and os.access(dataset.url, os.W_OK):
        places.append(Path(dataset.url) / ".cache")
    own = user_cache()
    if own is not None:
        places.append(own / "graphs")
    return places


def _cached(dataset: Dataset, key: str) -> Graph | None:
    for place in _folders(dataset):
        folder = place / key
        try:
            graph = Graph(*(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS))
        except (OSError, ValueError, EOFError, GraphError):  # not there, or damaged: made anew
            shutil.rmtree(folder, ignore_errors=True)
            continue
        with contextlib.suppress(OSError):
            os.utime(folder)
        return graph
    return None


def _keep(dataset: Dataset, key: str, graph: Graph) -> None:
    """Writes the graph to the first place that takes it; the answer does not need the cache, so none has to."""
    for place in _folders(dataset):
        temporary = place / f".{key}.{uuid.uuid4().hex}"
        try:
            temporary.mkdir(parents=True)
            for name in _ARRAYS:
                np.save(temporary / f"{name}.npy", getattr(graph, name), allow_pickle=False)
            temporary.rename(place / key)
        except OSError:  # no permission, a full disk, or another process was first
            shutil.rmtree(temporary, ignore_errors=True)
            if not (place / key).exists():
                continue
        with contextlib.suppress(OSError):
            _evict(place)
        return


def _evict(place: Path) -> None:
    """Removes the longest unused graphs beyond the limit, and what killed processes left."""
    folders = [(f.stat().st_mtime, f) for f in place.iterdir() if f.is_dir()]
    total = 0
    for modified, folder in sorted(folders, reverse=True):
        total += sum(f.stat().st_size for f in folder.iterdir())
        half_written = folder.name.startswith(".")
        if (half_written and time.time() - modified > _ABANDONED_S) or (not half_written and total > CACHE_LIMIT_BYTES):
            shutil.rmtree(folder, ignore_errors=True)


_ABANDONED_S = 3600.0


def _names(given: str | Iterable[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _listed(given: str | Iterable[str], what: str) -> list[str]:
    names = _names(given) if isinstance(given, Iterable) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise QueryError(f"{what} must be a name or a list of names, got {given!r}.")
    return names


def _regions(dataset: Dataset, given: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(dataset.region_tree.find(name).name for name in _listed(given, "region")))


def _fields(selection: ir.Selection) -> dict[str, Any]:
    return {name: getattr(selection, name) for name in selection.__slots__}
