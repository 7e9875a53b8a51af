"""An answer: a table, what exactly was asked, and whether it is complete."""

from __future__ import annotations

import datetime
import html
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphkit.errors import NotAnswerableError

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure

    from graphkit.dataset import Dataset
    from graphkit.graph import Graph
    from graphkit.query.ir import Form

__all__ = ["UNITS", "Result", "cut_off", "json_text"]

UNITS: dict[str, str] = {
    "inputs": "chemical synapses onto the neuron or group",
    "outputs": "chemical synapses from the neuron or group",
    "inputs_there": "synapses onto the neuron in the regions asked",
    "outputs_there": "synapses from the neuron in the regions asked",
    "partners": "different neurons connected by chemical synapses, either way",
    "synapses": "synapses",
    "effective_input_fraction": "share of a postsynaptic neuron's input over walks of so many connections, 0 to 1",
    "share": "share of all synapses of that direction, kind and place of the neurons asked about, 0 to 1",
    "mean": "synapses onto a neuron of the postsynaptic group, over all its neurons in the graph asked",
    "input_fraction": "share of all inputs of the postsynaptic group or neuron in the graph asked, 0 to 1",
    "signed": "synapses that excite less those that inhibit",
    "signed_input_fraction": "signed, over all inputs of the postsynaptic group or neuron in the graph asked",
    "of_neurons": "how many of the neurons asked about it connects to",
    "neurons": "different neurons",
    "connections": "different pairs of neurons",
    "matches": "matches of the pattern",
    "exists": "whether the pattern has a match",
    "count": "copies of the pattern, whatever else connects the neurons; each once",
    "induced": "sets of neurons with exactly the connections of the pattern",
    "observed": "sets of neurons with exactly the connections of the motif, or matches; against synapse-counts its strength",
    "null_mean": "mean of what is observed, over the random graphs",
    "null_sd": "standard deviation of it over the random graphs",
    "z": "(observed - null_mean) / null_sd",
    "p": "empirical, two-sided, the original counted among the random graphs",
    "p_adjusted": "p after Benjamini and Hochberg, over the motifs (of all regions) asked",
    "strength": "synapses per connection, mean over the motif's instances",
    "strength_sd": "standard deviation of it over the instances",
    "perturbed_mean": "mean over the perturbed graphs",
    "perturbed_low": "5 % of the perturbed graphs are below",
    "perturbed_high": "5 % of the perturbed graphs are above",
    "perturbed_share": "share of the perturbed graphs in whose answer the row is",
    "perturbed_together": "share of the others of its group that are in one group with it, mean over the perturbed graphs",
    "size": "size of the synapse, in the dataset's size unit",
    "score": "detection score",
    **{f"{end}_{axis}_nm": "nm" for end in ("pre", "post", "a", "b") for axis in "xyz"},
}
"""What the numbers in an answer's columns count."""


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """The answer to one question.

    Attributes:
        table: the rows, as Arrow.
        question: the exact question that was answered, in canonical words (or the SQL).
        complete: False where a limit cut rows off.
        notes: sentences to read with the answer.
        form: the typed form; None for SQL.
        meanings: what the columns hold, where that is not what ``UNITS`` says.
        dataset: what was asked; pictures take the transmitters of neurons from it.
    """

    table: pa.Table
    question: str
    complete: bool
    notes: tuple[str, ...] = ()
    form: Form | None = None
    plan: str | Callable[[], str] = field(default="", compare=False)
    dataset_name: str = ""
    snapshot: int = 0
    meanings: Mapping[str, str] = field(default_factory=dict)
    _graph: Callable[[], Graph] | None = field(default=None, compare=False)
    dataset: Dataset | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Rows as dictionaries."""
        for batch in self.table.to_batches(max_chunksize=4096):
            yield from batch.to_pylist()

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.table.column_names)

    def arrow(self) -> pa.Table:
        """The rows as an Arrow table."""
        return self.table

    def df(self) -> pd.DataFrame:
        """The rows as a DataFrame. Integer columns with nulls become pandas' Int64, so that no id turns into a float."""
        import pandas as pd
        import pyarrow as pa

        frame: pd.DataFrame = self.table.to_pandas(integer_object_nulls=True)
        for name, column in zip(self.table.column_names, self.table.columns, strict=True):
            if pa.types.is_integer(column.type) and column.null_count:
                kind = pd.UInt64Dtype() if column.type == pa.uint64() else pd.Int64Dtype()
                frame[name] = pd.array(column.to_pylist(), dtype=kind)
        return frame

    def rows(self) -> list[dict[str, Any]]:
        """The rows as a list of dictionaries."""
        return list(self)

    def scalar(self) -> Any:
        """The single value of an answer of one row and one column.

        Raises:
            NotAnswerableError: it has another shape.
        """
        if self.table.num_rows != 1 or self.table.num_columns != 1:
            shape = f"{self.table.num_rows:,} rows of {self.table.num_columns} columns"
            raise NotAnswerableError(f"The answer is not one value; it has {shape}.", hint="Use .df() or .rows().")
        return self.table[0][0].as_py()

    def graph(self) -> Graph:
        """The graph that was asked, or the graph among the neurons of the answer.

        Raises:
            NotAnswerableError: the answer has no neurons.
        """
        if self._graph is None:
            raise NotAnswerableError(
                f"The answer to {self.question!r} is no graph.",
                hint="Ask for motifs, neurons, partners or connections.",
            )
        return self._graph()

    def to_networkx(self) -> nx.DiGraph[int]:
        """``graph()`` as a networkx DiGraph: ids as nodes, ``synapses`` on the edges."""
        return self.graph().to_networkx()

    def plot(self, kind: str | None = None, *, colour_by: str | None = None, title: str | None = None) -> Figure:
        """A picture of the answer (``graphkit.views``): the natural one, or another of ``graphkit.views.KINDS``.

        ``colour_by`` a column of the neurons: the colours of circuits and paths; their transmitter if not given.
        ``title``: in place of the question; none where it is empty.

        Raises:
            NotAnswerableError: no picture fits the answer, or it would have too much in it to be read.
            MissingExtraError: matplotlib is not installed.
        """
        from graphkit.views import plot

        return plot(self, kind, colour_by=colour_by, title=title)

    def explain(self) -> str:
        """What ran: the exact question, the engine, the SQL."""
        return self.plan if isinstance(self.plan, str) else self.plan()

    def to_json(self) -> str:
        """The answer as JSON text; ids are strings, so that JavaScript keeps all their digits."""
        meanings = {**UNITS, **self.meanings}
        head = {
            "question": self.question,
            "dataset": self.dataset_name,
            "snapshot": self.snapshot,
            "complete": self.complete,
            "notes": list(self.notes),
            "columns": [{"name": c, "meaning": meanings[c]} if c in meanings else {"name": c} for c in self.columns],
        }
        body = json.dumps(head, indent=1)[:-2]
        rows = ",\n  ".join(json_text(row) for row in self)
        return f'{body},\n "rows": [\n  {rows}\n ]\n}}' if rows else f'{body},\n "rows": []\n}}'

    def __repr__(self) -> str:
        return f"<Result of {self.question!r}: {len(self):,} rows{'' if self.complete else ' (cut off)'}>"

    def _repr_html_(self) -> str:
        shown = 20
        head = "".join(f"<th>{html.escape(c)}</th>" for c in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_shown(v))}</td>" for v in row.values()) + "</tr>"
            for row in self.table.slice(0, shown).to_pylist()
        )
        more = f"<p>{len(self) - shown:,} more rows</p>" if len(self) > shown else ""
        cut = "" if self.complete else "<p><b>Cut off by the limit.</b></p>"
        notes = "".join(f"<p>{html.escape(n)}</p>" for n in self.notes)
        return (
            f"<p><b>{html.escape(self.question)}</b></p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{more}{cut}{notes}"
        )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join('null' if v is None else str(v) for v in value)}]"
    return "" if value is None else str(value)


def cut_off(limit: int | None) -> str:
    """The note that goes with an answer that a limit has cut."""
    return f"Only the first {'row is' if limit == 1 else f'{limit:,} rows are'} shown; there are more."


def json_text(row: dict[str, Any]) -> str:
    """A row as JSON: ids as strings, what is not a number as null, dates and the like as text."""
    return json.dumps({k: _json_value(v, is_id=k.endswith(("_id", "_ids"))) for k, v in row.items()}, allow_nan=False)


_SAFE_INTEGER = 2**53
"""Beyond it JavaScript loses digits."""


def _json_value(value: Any, *, is_id: bool = False) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int():
            return str(value) if is_id or abs(value) > _SAFE_INTEGER else value
        case float():
            return value if math.isfinite(value) else None
        case list() | tuple():
            return [_json_value(v, is_id=is_id) for v in value]
        case dict():
            return {str(k): _json_value(v, is_id=str(k).endswith(("_id", "_ids"))) for k, v in value.items()}
        case bytes():
            return value.hex()
        case datetime.date() | datetime.time():  # a datetime is a date
            return value.isoformat()
    return str(value)
