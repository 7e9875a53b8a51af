"""Classes and containment against graph isomorphism, by networkx, and against what their names say."""

from __future__ import annotations

import itertools

import networkx as nx
import pytest
from networkx.algorithms.isomorphism import DiGraphMatcher

from graphkit.motifs.names import CLASS_OF_CODE, CONNECTED_TRIADS, TRIADS, Motif, containment, role_orders

PAIRS = ((0, 1), (0, 2), (1, 2))


def digraph(edges: object) -> nx.DiGraph[int]:
    made = nx.DiGraph()
    made.add_nodes_from(range(3))
    made.add_edges_from(edges)
    return made


def of_code(code: int) -> nx.DiGraph[int]:
    """From the definition: uv << 4 | uw << 2 | vw, 1 forwards, 2 backwards, 3 both."""
    edges = []
    for (a, b), dyad in zip(PAIRS, (code >> 4, code >> 2 & 3, code & 3), strict=True):
        edges += [(a, b)] * (dyad & 1) + [(b, a)] * (dyad >> 1)
    return digraph(edges)


@pytest.mark.parametrize("motif", TRIADS, ids=lambda motif: motif.code)
def test_the_code_counts_the_dyads(motif: Motif) -> None:
    edges = set(motif.edges)
    mutual = sum((a, b) in edges and (b, a) in edges for a, b in PAIRS)
    asymmetric = len(edges) - 2 * mutual
    assert motif.code[:3] == f"{mutual}{asymmetric}{3 - mutual - asymmetric}"
    assert nx.triad_type(digraph(edges)) == motif.code
    assert nx.is_weakly_connected(digraph(edges)) == (motif in CONNECTED_TRIADS)


def test_every_code_is_of_the_class_it_is_isomorphic_to() -> None:
    assert len({motif.code for motif in TRIADS}) == len({motif.name for motif in TRIADS}) == 16
    for code in range(64):
        same = [index for index, motif in enumerate(TRIADS) if nx.is_isomorphic(of_code(code), digraph(motif.edges))]
        assert same == [CLASS_OF_CODE[code]]


def test_role_orders_are_the_isomorphisms_onto_the_pattern() -> None:
    for code in range(64):
        pattern = digraph(TRIADS[CLASS_OF_CODE[code]].edges)
        mappings = DiGraphMatcher(pattern, of_code(code)).isomorphisms_iter()
        expected = {tuple(mapping[role] for role in range(3)) for mapping in mappings}
        assert set(role_orders(code)) == expected
        assert len(role_orders(code)) == len(expected)


def test_containment_equals_networkx_monomorphisms() -> None:
    copies = containment()
    for (p, pattern), (t, target) in itertools.product(enumerate(TRIADS), repeat=2):
        mappings = DiGraphMatcher(digraph(target.edges), digraph(pattern.edges)).subgraph_monomorphisms_iter()
        images = set()
        for mapping in mappings:
            place = {role: neuron for neuron, role in mapping.items()}
            images.add(frozenset((place[a], place[b]) for a, b in pattern.edges))
        assert copies[p, t] == len(images), (pattern.code, target.code)
