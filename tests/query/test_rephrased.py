"""Questions in other words than the language's: what is suggested, and that the suggestions can be asked."""

from __future__ import annotations

import re

import pytest

import graphkit
from graphkit.dataset import Dataset
from graphkit.errors import AmbiguousQuestionError, QueryError, QuerySyntaxError
from graphkit.query.reading import parse_question
from tests.query.truth_of_rows import RING

SUGGESTED = {
    "what types are in EB": "types in EB",
    "Which neurons are in EB?": "neurons in EB",
    "show me the neurons in EB": "neurons in EB",
    "list all neurons": "neurons",
    "give me the top 3 hubs in EB": "hubs in EB limit 3",
    "what are the inputs of type A?": "inputs of type A",
    "who synapses onto type A": "inputs of type A",
    "what does A1 project to?": "outputs of A1",
    "inputs to A1": "inputs of A1",
    "outputs from A1": "outputs of A1",
    "presynaptic partners of A1": "inputs of A1",
    "downstream neurons of A1": "outputs of A1",
    "strongest inputs of A1": "inputs of A1",
    "top 5 inputs of A1 by type": "inputs of A1 by type limit 5",
    "5 strongest inputs of A1": "inputs of A1 limit 5",
    "connections A1 -> A2": "connections from A1 to A2",
    "A1 -> A2": "connections from A1 to A2",
    "motifs in EB or FB with at least 5 synapses": "motifs in EB, FB with at least 5 synapses",
    "motifs of EB": "motifs in EB",
    "connections of EB": "connections in EB",
    "reciprocal pairs of EB": "reciprocal pairs in EB",
    "neurons of type B": "neurons where type = B",
    "neurons with inputs > 2": "neurons where inputs > 2",
    "neurons where inputs > 2, side = left": "neurons where inputs > 2 and side = left",
    "b neurons in EB": "neurons in EB where type = b",
    "neurons in EB but not in FB": "neurons in EB where not have synapses in FB",
    "neurons where type = A or B": "neurons where type in (A, B)",
    "upstream of A1 2 hops": "upstream of A1 within 2 hops",
    "compare EB left and right": "compare left and right of EB",
    "compare the two hemispheres of EB": "compare left and right of EB",
    "compare both sides": "compare left and right",
    "gap junctions of A1": "gap junctions from A1",
    "top 5 neurons by pagerank": "pagerank limit 5",
    "top 5 by betweenness in EB": "betweenness in EB limit 5",
    "highest pagerank in EB": "pagerank in EB",
    "neurons with the highest betweenness": "betweenness",
    "neurons with the most partners in EB": "hubs in EB",
    "top 3 neurons by degree": "hubs limit 3",
    "most connected neurons in EB": "hubs in EB",
}
PAPERS = {
    "motifs per region": "motifs by region",
    "statistics for each neuropil with at least 5 synapses": "statistics by region with at least 5 synapses",
    "motifs in every ROI against 20 configuration": "motifs by region against 20 configuration",
    "density in EB": "statistics in EB",
    "reciprocity in EB against 20 configuration": "statistics in EB against 20 configuration",
    "what is the small-worldness of the network?": "statistics",
    "average shortest path length with at least 5 synapses": "statistics with at least 5 synapses",
    "in-degree distribution": "degree distribution",
    "k-core decomposition in EB": "core numbers in EB",
    "page rank top 5": "pagerank top 5",
    "sampled betweenness centrality": "betweenness",
    "reverse random walk in EB": "repellers in EB",
    "forward random walk stationary distribution": "attractors",
    "rich club coefficient": "rich club",
    "hub neurons top 5": "hubs top 5",
    "giant component": "components",
    "information flow rank from type A by type": "information flow from type A by type",
    "cascade from A1 within 4 hops": "signal cascade from A1 within 4 hops",
    "k strongest paths from A1 to A2 by input fraction": "5 strongest paths from A1 to A2 by input fraction",
    "cosine similarity of type A": "similarity of type A by cosine",
    "weighted jaccard similarity of type A": "similarity of type A by ruzicka",
    "similarity of type A by weighted jaccard": "similarity of type A by ruzicka",
    "hierarchical clustering of type A": "clusters of type A",
    "leiden communities in EB": "communities in EB",
    "community detection": "communities",
    "type-to-type connectivity matrix in EB": "connections by type in EB",
    "input fractions by type": "connections by type as input fraction",
    "connection probability as a function of distance": "connection probability by distance",
    "cable length of A1": "morphology of A1",
    "segregation index of A1": "morphology of A1",
    "synapse density of A1": "morphology of A1",
    "region-to-region matrix": "projectome",
    "statistics of type A": "statistics among type A",
    "pagerank for type A": "pagerank of type A",
    "pagerank where type = A top 5": "pagerank of neurons where type = A top 5",
    "betweenness in EB where type = A and inputs > 1": "betweenness of neurons where (type = A and inputs > 1) in EB",
    "degree of type A": "hubs of type A",
    "rich club by out": "rich club by out-degree",
    "broadcasters with degree 20": "broadcasters of degree at least 20",
    "shortest paths A1 to A2": "shortest paths from A1 to A2",
    "connections by type as fraction": "connections by type as input fraction",
    "connections by type as sum": "connections by type",
    "compare connections of left with right": "compare connections of left and right",
    "percolation from least connected": "percolation from the least connected",
    "sholl of A1 by 5 um": "sholl of A1 every 5 um",
    "morphology of A1 in um": "morphology of A1",
    "motif roles of type A": "motif roles among type A",
}
CLAUSES = {
    "inputs of A1 min 5 synapses": "inputs of A1 with at least 5 synapses",
    "inputs of A1 with 5 synapses by type": "inputs of A1 with at least 5 synapses by type",
    "inputs of A1 with a threshold of 5 synapses": "inputs of A1 with at least 5 synapses",
    "inputs of A1 weight >= 5": "inputs of A1 with at least 5 synapses",
    "inputs of A1 synapses > 5 top 3": "inputs of A1 with more than 5 synapses top 3",
    "inputs of A1 group by type": "inputs of A1 by type",
    "inputs of A1 per type": "inputs of A1 by type",
    "inputs of A1 first 5": "inputs of A1 limit 5",
    "inputs of A1 in the EB by type": "inputs of A1 in EB by type",
    "paths from A1 to A2 in 3 hops": "paths from A1 to A2 within 3 hops",
    "paths from A1 to A2 up to 3 hops by type": "paths from A1 to A2 within 3 hops by type",
    "motifs in EB against configuration 20": "motifs in EB against 20 configuration",
    "motifs in EB against configuration with 20 samples": "motifs in EB against 20 configuration",
    "motifs in EB against 20 samples of bidegree seed 3": "motifs in EB against 20 bidegree seed 3",
    "motifs in EB with 20 samples against bidegree": "motifs in EB against 20 bidegree",
    "motifs in EB against 20 random graphs": "motifs in EB against 20 configuration",
    "motifs against a null model": "motifs against 20 configuration",
    "motifs of four neurons in EB": "motifs of size 4 in EB",
    "4-node motifs": "motifs of size 4",
    "pagerank A1": "pagerank of A1",
    "betweenness from type A": "betweenness of type A",
    "hubs with error model missed 10 percent": "hubs with error model missed 10 %",
    "hubs with error model missed 10 % and false 5 %": "hubs with error model missed 10 %, false 5 %",
    "hubs with error model missed=10%": "hubs with error model missed 10%",
    "hubs with error model missed 10 %, seed 3": "hubs with error model missed 10 % seed 3",
    "information flow of type B from A1": "information flow from A1 to type B",
    "signal cascade of A1": "signal cascade from A1",
    "show me the top 5 inputs of A1 with 5 synapses": "inputs of A1 with at least 5 synapses limit 5",
}
CIRCUITS = {
    "what are the inputs to B neurons?": "inputs of B",
    "connections from B cells to type A": "connections from B to type A",
    "which neurons are hubs in EB": "hubs in EB",
    "downstream of A1 in 3 hops": "downstream of A1 within 3 hops",
    "connections among A1, A2 and B": "connections among A1, A2, B",
    "type by type matrix of A1, B": "connections among A1, B by type",
    "reciprocal connections between A and B": "reciprocal connections where a.type = A and b.type = B",
    "which neurons receive from both A1 and A2": "common outputs of A1 and A2",
    "which neurons receive input from A1": "outputs of A1",
    "indirect connections from A1 to B": "paths from A1 to B within 2 hops by type",
    "neurons with the most inputs": "neurons order by inputs descending",
    "neurons with at least 2 inputs": "neurons where inputs >= 2",
    "neurons with more than 2 outputs": "neurons where outputs > 2",
    "gap junctions where synapses > 1": "gap junctions with more than 1 synapses",
    "connections from A1 where weight >= 2": "connections from A1 with at least 2 synapses",
    "inputs of A1 by type as fraction": "inputs of A1 by type",
    "input fraction of A1 by type": "inputs of A1 by type",
    "synapse counts between types in EB": "connections by type in EB",
    "cell types of EB": "types of EB",
    "neurons in both EB and FB": "neurons in EB where have synapses in FB",
    "all neurons in the ellipsoid body": "neurons in EB",
    "motifs between neurons of fan-shaped body": "motifs between neurons of FB",
    "projections from the ellipsoid body to the fan-shaped body": "projections from EB to FB",
    "statistics of EB": "statistics in EB",
    "which regions does B innervate": "neurons where type = B by region",
    "how many B neurons in EB": "how many neurons in EB where type = B",
    "how many Bs": "how many neurons where type = B",
    "left A neurons": "neurons where type = A and side = left",
    "A1 to B": "connections from A1 to B",
    "how strongly does A1 connect to B": "connections from A1 to B by type as input fraction",
    "which neurons have the highest betweenness": "betweenness",
    "connectivity of A1": "partners of A1",
    "A1 gap junctions": "gap junctions from A1",
    "electrical synapses of A1": "gap junctions from A1",
    "chemical synapses from A1 to B": "connections from A1 to B",
    "strongest gap junctions": "gap junctions",
    "targets of A1 by type": "outputs of A1 by type",
    "sources of A1": "inputs of A1",
    "neurons upstream of A1 within 2 hops": "upstream of A1 within 2 hops",
    "inputs A1": "inputs of A1",
    "shared inputs of A1 and A2": "common inputs of A1 and A2",
    "brain regions": "regions",
    "how many synapses are there": "how many synapses",
    "summary of the dataset": "statistics",
    "weights from A1 to B": "connections from A1 to B",
    "connections A1 B": "connections from A1 to B",
    "subnetwork of EB": "connections in EB",
    "circuit of A1, B": "connections among A1, B",
    "recurrent connections of B": "connections among B",
    "connections within B": "connections among B",
    "self-connections": "MATCH (a)->(a)",
    "A1 -> A2 -> B": "MATCH (a:A1)->(b:A2)->(c:B) RETURN count",
    "loop A1 -> A2 -> A1": "MATCH (a:A1)->(b:A2)->(a) RETURN count",
}
READINGS = {
    "neurons in EB and FB": ["neurons in EB, FB", "neurons in EB where have synapses in FB"],
    "inputs of A1 and A2 in EB": ["inputs of A1, A2 in EB", "common inputs of A1 and A2 in EB"],
    "synapses of A1": ["synapses from A1", "synapses to A1"],
    "connections of A1": ["connections from A1", "connections to A1"],
    "paths between A1 and A2 within 2 hops": ["paths from A1 to A2 within 2 hops", "paths from A2 to A1 within 2 hops"],
    "how does A1 connect to A2": ["connections from A1 to A2", "shortest paths from A1 to A2"],
    "does A1 connect to A2?": ["connections from A1 to A2", "shortest paths from A1 to A2"],
    "is A1 connected to A2": ["connections from A1 to A2", "shortest paths from A1 to A2"],
    "similar neurons in EB": ["similarity of neurons in EB", "clusters of neurons in EB"],
    "clustering coefficient in EB": ["statistics in EB", "clustering in EB"],
    "stationary distribution": ["attractors", "repellers"],
    "adjacency matrix in EB": ["connections in EB", "connections by type in EB"],
    "left vs right": ["compare left and right", "compare connections of left and right"],
    "which neurons connect A1 to B": ["connections from A1 to B", "paths from A1 to B within 2 hops"],
    "type-to-type connectivity matrix of EB": [
        "connections in EB by type",
        "connections between neurons of EB by type",
    ],
    "which types inhibit A1": ["inputs of A1", "connections to A1 by type as signed synapses"],
    "how are A1 and B connected": ["connections between A1 and B", "shortest paths from A1 to B"],
    "does A1 inhibit B": ["connections from A1 to B by type as signed synapses", "connections from A1 to B"],
    "mean synapses per connection from A1 to B": [
        "connections from A1 to B by type",
        "connections from A1 to B by type as mean synapses",
    ],
    "where does B project": ["outputs of B", "neurons where type = B by region"],
    "contralateral connections": [
        "connections from side left to side right",
        "connections from side right to side left",
    ],
    "total synapses between A1 and B": ["how many synapses from A1 to B", "how many synapses from B to A1"],
    "feedback loops A1, A2, B": ["feedback loops among A1, A2, B", "MATCH (a:A1)->(b:A2)->(c:B)->(a) RETURN count"],
    "path from A1 to A2": ["shortest path from A1 to A2", "strongest path from A1 to A2"],
}


@pytest.mark.parametrize(("question", "meant"), {**SUGGESTED, **PAPERS, **CLAUSES, **CIRCUITS}.items())
def test_one_reading_is_suggested(tiny: Dataset, question: str, meant: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        tiny.query(question)
    assert caught.value.hint == f"Did you mean `{meant}`?"
    assert caught.value.start is not None
    parse_question(tiny, meant)


@pytest.mark.parametrize(("question", "readings"), READINGS.items())
def test_several_readings_are_listed(tiny: Dataset, question: str, readings: list[str]) -> None:
    with pytest.raises(AmbiguousQuestionError, match="has 2 readings") as caught:
        tiny.query(question)
    assert re.findall("`([^`]*)`", caught.value.hint or "") == readings
    for reading in readings:
        parse_question(tiny, reading)


@pytest.mark.parametrize(
    "question",
    [
        "what is the meaning of A1",
        "show me Q",
        "A1 -> A2 -> Q",
        "nonsense",
        "show me " * 3000,
        "x of " * 3000 + "and y",
    ],
)
def test_nothing_is_suggested_that_cannot_be_asked(tiny: Dataset, question: str) -> None:
    with pytest.raises(QueryError) as caught:
        tiny.query(question)
    assert "`" not in (caught.value.hint or "")


def test_a_name_that_is_not_known_comes_next(tiny: Dataset) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        tiny.query("what are the inputs of Q?")
    assert caught.value.hint == "Did you mean `inputs of Q`?"


def test_the_beginning_of_several_names() -> None:
    ring = graphkit.open(RING)
    for question in ("inputs of ORN", "neurons where type = orn"):
        with pytest.raises(QueryError) as caught:
            ring.query(question)
        given = question.split()[-1]
        assert caught.value.hint == f"Did you mean '{given}*'? 3 begin so: 'ORN_DA1', 'ORN_DL3', 'ORN_VM2'."
        assert len(ring.query(question.replace(given, f"'{given}*'"))) > 0


def test_a_word_that_asks_is_no_slip_of_the_pen(tiny: Dataset) -> None:
    """ "which" is near to "rich", and "rich club" is not what was meant."""
    with pytest.raises(QuerySyntaxError) as refused:
        tiny.query("which types get most input from A")
    assert "Did you mean" not in str(refused.value)
    assert "A question begins with motifs, neurons" in str(refused.value)


@pytest.mark.parametrize(
    ("said", "meant"),
    {
        "RETURN exist": "'exists'",
        "RETURN number": "'count'",
        "RETURN all": "'rows'",
        "RETURN *": "`RETURN rows`",
        "RETURN samples 7": "`RETURN sample 7`",
        "RETURN per neurons": "`RETURN per neuron`",
        "count": "`RETURN count`",
        "IN EB per neuron": "`RETURN per neuron`",
        "AGAINST configuration 20": "AGAINST 20 configuration",
    }.items(),
)
def test_words_of_match(tiny: Dataset, said: str, meant: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        tiny.query(f"MATCH (a)->(b) {said}")
    assert meant in (caught.value.hint or "")
    assert caught.value.start is not None


@pytest.mark.parametrize("name", ["B2_R", "720575940621039148", "neuron 720575940621039148", "B2_R cell"])
def test_a_name_by_itself_gets_what_can_be_asked_of_it(tiny: Dataset, name: str) -> None:
    with pytest.raises(AmbiguousQuestionError, match="has 3 readings") as caught:
        tiny.query(name)
    for reading in re.findall("`([^`]*)`", caught.value.hint or ""):
        tiny.query(reading)


def test_paths_are_suggested_with_their_hops(tiny: Dataset) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        tiny.query("how does A1 connect to B in 2 hops")
    assert caught.value.hint == "Did you mean `shortest paths from A1 to B within 2 hops` (by the fewest hops)?"
