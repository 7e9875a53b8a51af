"""Questions about motifs of four neurons and about roles, against igraph and networkx on the raw rows."""

from __future__ import annotations

import igraph
import networkx as nx
import pytest

from graphkit.dataset import Dataset
from graphkit.errors import QueryError


def raw(ring: Dataset, minimum: int) -> list[tuple[int, int]]:
    sql = f"""SELECT pre_id, post_id FROM connections WHERE kind = 'chemical' AND pre_id != post_id
        GROUP BY ALL HAVING sum(synapses) >= {minimum} ORDER BY ALL"""
    return [(row["pre_id"], row["post_id"]) for row in ring.sql(sql).arrow().to_pylist()]


def test_motifs_of_size_four(ring: Dataset) -> None:
    rows = ring.query("motifs of size 4 with at least 12 synapses").arrow().to_pylist()
    assert len(rows) == 199
    peer = igraph.Graph.TupleList(raw(ring, 12), directed=True)
    theirs = sorted(int(count) for count in peer.motifs_randesu(4) if count == count)
    assert sorted(row["induced"] for row in rows) == theirs
    assert rows[0]["induced"] == theirs[-1] > 0
    chains = next(row for row in rows if row["code"] == "204")
    bifan = igraph.Graph([(0, 2), (0, 3), (1, 2), (1, 3)], directed=True)
    assert chains["count"] == len(peer.get_subisomorphisms_lad(bifan)) // 4


def test_motif_roles(ring: Dataset) -> None:
    rows = ring.query("motif roles of neurons with at least 8 synapses").arrow().to_pylist()
    census = nx.triadic_census(nx.DiGraph(raw(ring, 8)))
    for code in ("021D", "021C", "030T", "030C", "300"):
        of_code = [row for row in rows if row["code"] == code]
        assert sum(row["count"] for row in of_code) == 3 * census[code]
    assert ring.motifs(roles=True, min_synapses=8).arrow().to_pylist() == rows


@pytest.mark.parametrize("question", ["motifs of size 5", "motifs of size 4 by type", "motif roles by type"])
def test_what_is_not_counted_is_refused(ring: Dataset, question: str) -> None:
    with pytest.raises(QueryError, match="size 3"):
        ring.query(question)


def test_autapses_are_told_apart_from_what_motifs_are_made_of(ring: Dataset) -> None:
    sql = "SELECT count(DISTINCT pre_id) FROM connections WHERE kind = 'chemical' AND pre_id = post_id"
    autapses = ring.sql(sql).scalar()
    answer = ring.query("motifs")
    assert autapses
    assert f"{autapses:,} of the connections are autapses, which are part of no motif" in answer.notes[0]
    one_way = answer.arrow().to_pylist()[0]
    assert f"{one_way['count'] + autapses:,} connections" in answer.notes[0]
    assert "autapses" not in ring.query("motifs without autapses").notes[0]
