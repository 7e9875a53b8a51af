"""MATCH against the census of triads: the same motifs, counted in two ways."""

from __future__ import annotations

import pytest

from graphkit.dataset import Dataset
from graphkit.motifs import CONNECTED_TRIADS, DYADS, Motif


@pytest.mark.parametrize("where", [" IN EB", " BETWEEN neurons of EB with at least 3 synapses"])
def test_counts_are_those_of_the_census(sim: Dataset, where: str) -> None:
    census = {row["code"]: row for row in sim.query(f"motifs{where}")}
    for motif in (*DYADS, *CONNECTED_TRIADS):
        question = f"MATCH {motif.pattern}{where}"
        assert sim.query(f"{question} RETURN count").scalar() == census[motif.code]["count"], motif
        assert sim.query(f"{question} INDUCED RETURN count").scalar() == census[motif.code]["induced"], motif


def test_labelled_counts_have_every_order_of_the_neurons(sim: Dataset) -> None:
    loops = Motif("030C", "", "(a)->(b), (b)->(c), (c)->(a)", 3)
    assert sim.query(f"MATCH {loops.pattern} LABELLED RETURN count").scalar() == 3 * sim.count_matches(loops.pattern)
