"""The matches of a pattern as a stream, whether there is any, and some of them at random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphkit.errors import QueryError
from graphkit.query import ir

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from graphkit.dataset import Dataset

__all__ = ["any_match", "match_batches", "sample_matches"]


def match_batches(form: ir.Match, dataset: Dataset, size: int) -> Iterator[pa.RecordBatch]:
    """Batches of at most ``size`` matches: the id of each neuron, int64, in columns ``a_id``, ``b_id`` ..."""
    import pyarrow as pa

    from graphkit.motifs.search import match_batches as batches_of
    from graphkit.query.match.bound import bound
    from graphkit.query.match.columns import column_name
    from graphkit.query.match.first import firsts

    _bare(form)
    if size < 1:
        raise QueryError(f"size is {size}; expected 1 match a batch or more.")
    pattern = bound(form, dataset).pattern
    first, ids = firsts(pattern), pattern.base.ids
    names = [column_name(ir.Attribute(node.name, "neuron_id")) for node in form.nodes]

    def batch_of(rows: NDArray[np.int32]) -> pa.RecordBatch:
        rows = first(rows)
        return pa.RecordBatch.from_arrays([pa.array(ids[column]) for column in rows.T], names)

    return map(batch_of, batches_of(pattern, size=size))


def any_match(form: ir.Match, dataset: Dataset) -> bool:
    """Whether there is a match; looks no further than the first."""
    from graphkit.motifs.search import any_match as any_of
    from graphkit.query.match.bound import bound

    _bare(form)
    return any_of(bound(form, dataset).pattern)


def sample_matches(form: ir.Match, dataset: Dataset, k: int, seed: int) -> pa.Table:
    """``k`` different matches, each set of them as likely as another, with the columns of the question's answer."""
    from graphkit.query.answers.match import sampled
    from graphkit.query.match.bound import bound

    _bare(form)
    return sampled(form, dataset, bound(form, dataset), k, seed)[0]


def _bare(form: ir.Match) -> None:
    said = [
        word
        for word, there in (
            ("AGAINST", form.against is not None),
            ("RETURN", form.returns != "rows" or bool(form.columns)),
            ("ORDER BY", bool(form.order)),
            ("SAMPLE", form.sample is not None),
            ("LIMIT", form.limit is not None),
        )
        if there
    ]
    if said:
        raise QueryError(
            f"The pattern's text goes on with {said[0]}, which is not for this call.", hint="Leave it out."
        )
