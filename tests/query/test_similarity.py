"""How alike many neurons connect, from the stored rows pair by pair, and clusters beside scipy."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from graphkit.algorithms.silhouette import best_count, silhouette
from graphkit.dataset import Dataset
from graphkit.errors import GraphError, NotAnswerableError, QueryError, QuerySyntaxError
from graphkit.query.answers import likeness, similarities
from tests.query.oracle import Oracle, Picked


def vectors(raw: Oracle, picked: Picked, on: str, *, types: bool) -> dict[int, Counter[Any]]:
    found: dict[int, Counter[Any]] = defaultdict(Counter)
    for (a, b), counts in raw.pairs(picked).items():
        pre, post = (raw.neurons[i]["type"] if types else i for i in (a, b))
        if on in ("outputs", "partners") and post is not None:
            found[a]["out", post] += counts.total()
        if on in ("inputs", "partners") and pre is not None:
            found[b]["in", pre] += counts.total()
    return found


def alike(a: Counter[Any], b: Counter[Any], measure: str) -> float:
    keys = a.keys() | b.keys()
    if measure == "cosine":
        return sum(a[k] * b[k] for k in keys) / math.prod(math.sqrt(sum(v * v for v in x.values())) for x in (a, b))
    if measure == "jaccard":
        return len(a.keys() & b.keys()) / len(keys)
    return sum(min(a[k], b[k]) for k in keys) / sum(max(a[k], b[k]) for k in keys)


@pytest.mark.parametrize(
    ("words", "measure", "on", "types", "picked"),
    [
        ("", "cosine", "partners", False, Picked()),
        ("on input types by cosine", "cosine", "inputs", True, Picked()),
        ("by jaccard on outputs in EB", "jaccard", "outputs", False, Picked(regions=("EB",))),
        ("on partner types with at least 2 synapses by ruzicka", "ruzicka", "partners", True, Picked(least=2)),
    ],
)
def test_every_pair(sim: Dataset, raw: Oracle, words: str, measure: str, on: str, types: bool, picked: Picked) -> None:
    result = sim.query(f"similarity of type 'ER*', EPG {words}")
    of = sorted(raw.ids(raw.typed("ER*", "EPG")))
    counted = vectors(raw, picked, on, types=types)
    with_some = [i for i in of if counted[i]]
    expected = {(a, b): alike(counted[a], counted[b], measure) for a, b in combinations(with_some, 2)}
    assert {(r["first_id"], r["second_id"]): r["similarity"] for r in result} == pytest.approx(expected, abs=1e-9)
    values = [r["similarity"] for r in result]
    assert values == sorted(values, reverse=True)
    without = [i for i in of if not counted[i]]
    assert not without or any(f"{len(without)} of {len(of)} neurons have no" in note for note in result.notes)
    top = sim.query(f"similarity of type 'ER*', EPG {words} top 7")
    assert (top.rows(), top.complete) == (result.rows()[:7], False)
    region = {"region": "EB"} if picked.regions else {}
    method = sim.similarity("type 'ER*', EPG", measure=measure, on=on, types=types, min_synapses=picked.least, **region)  # type: ignore[arg-type]
    assert method.table == result.table


def test_many_neurons_without_a_matrix(sim: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than there is a matrix for: the same pairs, as many as the limit says."""
    text = "similarity of type 'ER*', EPG by ruzicka on input types in EB"
    with_matrix = sim.query(f"{text} top 40", cache=False)
    monkeypatch.setattr(likeness, "MOST", 5)
    without = sim.query(f"{text} top 40", cache=False)
    assert without.table == with_matrix.table
    assert (without.complete, without.notes) == (False, with_matrix.notes)
    few = sim.query(
        "similarity of any neuron by jaccard on outputs in PB with at least 40 synapses top 5000", cache=False
    )
    assert 0 < len(few) < 5000
    assert "have nothing in common: their similarity is 0" in few.notes[-1]
    with pytest.raises(NotAnswerableError, match="another order would take; 5 are the most") as caught:
        sim.query(f"{text} top 40 order by first_id", cache=False)
    assert "top 1000" in (caught.value.hint or "")
    with pytest.raises(NotAnswerableError, match="which clusters would take; 5 are the most"):
        sim.query("clusters of type 'ER*', EPG", cache=False)
    with pytest.raises(NotAnswerableError, match="which an error model or another order would take"):
        sim.query(f"{text} with error model missed 10 % top 40", cache=False)
    monkeypatch.setattr(similarities, "_MOST_PAIRS", 39)
    with pytest.raises(NotAnswerableError, match="The 40 most alike pairs"):
        sim.query(f"{text} top 40", cache=False)
    monkeypatch.setattr(similarities, "_MOST_LISTED", 4)
    with pytest.raises(NotAnswerableError, match="pairs; without a limit those of 4 neurons are listed") as caught:
        sim.query(text, cache=False)
    assert "top 1000" in (caught.value.hint or "")


def test_those_most_like_each_neuron(sim: Dataset) -> None:
    text = "similarity of type 'ER*', EPG by ruzicka on input types in EB"
    everyone = sim.query(text).rows()
    like: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for row in everyone:
        if row["similarity"] > 0:
            like[row["first_id"]].append((-row["similarity"], row["second_id"]))
            like[row["second_id"]].append((-row["similarity"], row["first_id"]))
    wanted = [(one, other, -negative) for one in sorted(like) for negative, other in sorted(like[one])[:3]]
    answer = sim.query(f"{text} top 3 per neuron")
    assert [(row["first_id"], row["second_id"], row["similarity"]) for row in answer] == wanted
    assert answer.complete
    types = {row["neuron_id"]: row["type"] for row in sim.query("neurons where type = 'ER*' or type = EPG")}
    assert all(
        (row["first_type"], row["second_type"]) == (types[row["first_id"]], types[row["second_id"]]) for row in answer
    )
    assert (
        answer.question
        == "similarity of type 'ER*', type 'EPG' by ruzicka on input types in region 'EB' top 3 per neuron"
    )
    assert sim.query(answer.question).table == answer.table
    method = sim.similarity(
        "type 'ER*', EPG", measure="ruzicka", on="inputs", types=True, each=3, region="EB", limit=10
    )
    assert (method.rows(), method.complete) == (answer.rows()[:10], False)
    with pytest.raises(NotAnswerableError, match="5,000,000 are the most"):
        sim.query(f"{text} top 4000000 per neuron")
    with pytest.raises(QuerySyntaxError):
        sim.query("clusters of type 'ER*' top 3 per neuron")
    with pytest.raises(QueryError, match="each is 0"):
        sim.similarity("EPG", each=0)


def test_clusters_are_those_of_scipy(sim: Dataset, raw: Oracle) -> None:
    of = sorted(raw.ids(raw.typed("ER*", "EPG", "PEG")))
    counted = vectors(raw, Picked(), "partners", types=True)
    apart = np.array([[1 - alike(counted[a], counted[b], "cosine") if a != b else 0.0 for b in of] for a in of])
    labels = fcluster(linkage(squareform(apart, checks=False), "average"), 5, "maxclust")
    expected = {frozenset(i for i, k in zip(of, labels, strict=True) if k == label) for label in set(labels)}
    result = sim.query("clusters of type 'ER*', EPG, PEG on partner types into 5 clusters")
    found: dict[int, set[int]] = defaultdict(set)
    for row in result:
        found[row["cluster"]].add(row["neuron_id"])
    assert {frozenset(ids) for ids in found.values()} == expected
    sizes = [len(found[k]) for k in sorted(found)]
    assert sizes == sorted(sizes, reverse=True)
    for row in result:
        others = [
            1 - apart[of.index(row["neuron_id"]), of.index(i)] for i in found[row["cluster"]] - {row["neuron_id"]}
        ]
        assert row["similarity"] == (pytest.approx(np.mean(others)) if others else None)
    by_type = sim.query("clusters of type 'ER*', EPG, PEG on partner types into 5 by type")
    assert {(r["cluster"], r["type"]): r["neurons"] for r in by_type} == Counter(
        (r["cluster"], r["type"]) for r in result
    )
    method = sim.similarity_clusters("type 'ER*', EPG, PEG", types=True, count=5)
    assert method.table == result.table


def test_the_silhouette_from_its_definition_and_the_best_count() -> None:
    rng = np.random.default_rng(3)
    home = np.repeat([0, 1, 2], [6, 9, 5])
    points = rng.normal(size=(20, 2)) * 0.03 + np.array([[0, 0], [0.5, 0], [0, 0.5]])[home]
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    values = []
    for i in range(20):
        means = [np.mean([apart[i, j] for j in range(20) if home[j] == k and j != i]) for k in range(3)]
        nearest = min(m for k, m in enumerate(means) if k != home[i])
        values.append((nearest - means[home[i]]) / max(nearest, means[home[i]]))
    assert silhouette(1 - apart, home) == pytest.approx(np.mean(values))
    assert best_count(1 - apart) == (3, pytest.approx(np.mean(values)))
    assert best_count(np.ones((2, 2))) == (1, 0.0)
    with pytest.raises(GraphError, match="two clusters or more"):
        silhouette(np.eye(3), np.zeros(3, dtype=np.int64))


def test_what_cannot_be_compared(sim: Dataset, tiny: Dataset) -> None:
    with pytest.raises(NotAnswerableError, match="1 has partners in the graph asked; two or more") as caught:
        sim.query("similarity of EPG_L1")
    assert "neurons like" in (caught.value.hint or "")
    with pytest.raises(QuerySyntaxError, match="Clusters are counted by type only, not by side"):
        sim.query("clusters of EPG by side")
    with pytest.raises(QueryError, match="not compared by 'euclid'"):
        sim.similarity("EPG", measure="euclid")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="count is 0"):
        sim.similarity_clusters("EPG", count=0)
    # of the six, C1 has no type and D no chemical synapse
    found = tiny.query("similarity of any neuron on input types")
    assert any("1 of 6 neurons of the graph have no type" in note for note in found.notes)
    assert any("left out" in note for note in found.notes)
