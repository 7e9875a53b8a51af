"""Pair totals in any order and in several rows: the build's sums beside those of a plain dictionary."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphkit.build import BuildOptions, build_into
from graphkit.writer import DatasetWriter

IDS = [1, 2, 2**53 + 1, 720575940621039145]
ROWS = st.tuples(
    *(
        st.sampled_from(IDS),
        st.sampled_from(IDS),
        st.sampled_from([None, 0, 1]),
        st.sampled_from(["chemical", "electrical"]),
    ),
    *(st.sampled_from([None, "axo-axonic"]), st.sampled_from([None, "ACH", "GABA", "ach"]), st.integers(1, 3)),
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=20))
def test_rows_of_one_pair_are_summed(rows: list[tuple[Any, ...]], tmp_path_factory: Any) -> None:
    sums: Counter[tuple[Any, ...]] = Counter()
    transmitters: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for pre, post, region, kind, compartment, nt, n in rows:
        ends = (min(pre, post), max(pre, post)) if kind == "electrical" else (pre, post)
        key = (*ends, region, kind, compartment)
        sums[key] += n
        if nt is not None:
            transmitters[key][nt] += n
    most = {key: min(found, key=lambda nt: (-found[nt], nt)) for key, found in transmitters.items()}
    names = ["pre_id", "post_id", "region_id", "kind", "compartment", "nt", "synapses"]
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    with DatasetWriter(tmp_path_factory.mktemp("pairs") / "d", create=True) as writer:
        writer.add("regions", pa.table({"region_id": pa.array([1], pa.int16()), "name": ["EB"]}))
        writer.add("connections", table)
        record = build_into(writer, BuildOptions())
        dataset = writer.commit({"command": "test", "settings": {}, "sources": []}, build=record)
    made = dataset.table("connections").to_pylist()
    assert {tuple(r[n] for n in names[:5]): r["synapses"] for r in made} == sums
    assert {tuple(r[n] for n in names[:5]): r["nt"] for r in made} == {key: most.get(key) for key in sums}
    order = [tuple((r[n] is None, r[n]) for n in names[:5]) for r in made]
    assert order == sorted(order)
