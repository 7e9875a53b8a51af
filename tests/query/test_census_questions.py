"""Motifs asked in words, against networkx on the stored synapses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import networkx as nx
import pytest

from graphkit.dataset import Dataset
from tests.query.oracle import Oracle, Picked


def _belonging(regions: tuple[str, ...], percent: int = 50) -> Callable[[Oracle], Any]:
    return lambda raw: raw.belongs(regions, percent)


def _census(raw: Oracle, picked: Picked, ids: set[int] | None) -> dict[str, int]:
    graph = nx.DiGraph(pair for pair in raw.pairs(picked, ids, ids) if pair[0] != pair[1])
    graph.add_nodes_from(raw.ids(None) if ids is None and picked.regions is None else ids or ())
    graph.add_nodes_from(n for pair in raw.pairs(picked, ids, ids) for n in pair)
    return dict(nx.triadic_census(graph))


@pytest.mark.parametrize(
    ("words", "picked", "among"),
    [
        ("motifs in region EB", Picked(regions=("EB",)), None),
        ("motifs between neurons of EB with at least 2 synapses", Picked(least=2), _belonging(("EB",))),
        ("motifs between neurons of EB in EB, FB", Picked(regions=("EB", "FB")), _belonging(("EB",))),
        (
            "motifs among type 'ER*', EPG with >= 2 synapses per region",
            Picked(least=2, per_region=True),
            lambda raw: Oracle.typed("ER*", "EPG"),
        ),
    ],
)
def test_motifs(sim: Dataset, raw: Oracle, words: str, picked: Picked, among: Any) -> None:
    ids = None if among is None else raw.ids(among(raw))
    census = _census(raw, picked, ids)
    answer = {row["code"]: row for row in sim.query(words)}
    assert {code: answer[code]["induced"] for code in census} == census
    pairs = {p for p in raw.pairs(picked, ids, ids) if p[0] != p[1]}
    mutual = sum((b, a) in pairs for a, b in pairs) // 2
    assert (answer["M"]["induced"], answer["M"]["count"]) == (mutual, mutual)
    assert (answer["A"]["induced"], answer["A"]["count"]) == (len(pairs) - 2 * mutual, len(pairs))


def test_motifs_by_type_add_up_to_the_census(sim: Dataset) -> None:
    census = {r["code"]: r["induced"] for r in sim.query("motifs in EB")}
    by_type: Counter[str] = Counter()
    for row in sim.query("motifs in EB by type"):
        by_type[row["code"]] += row["induced"]
    connected = {c: n for c, n in census.items() if n and c not in ("N", "003", "012", "102")}
    assert by_type == connected


def test_the_most_common_reciprocal_pair_by_type(sim: Dataset, raw: Oracle) -> None:
    pairs = raw.pairs(Picked(regions=("EB",), autapses=False))
    kinds = Counter(
        tuple(sorted((raw.neurons[a]["type"], raw.neurons[b]["type"]))) for a, b in pairs if a < b and (b, a) in pairs
    )
    found = {(r["type_a"], r["type_b"]): r["induced"] for r in sim.query("motifs in EB by type") if r["code"] == "M"}
    assert found == kinds
