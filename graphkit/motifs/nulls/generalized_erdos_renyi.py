"""Generalised Erdős-Rényi: as many reciprocal and as many one-way pairs, anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import comb, perm

import numpy as np
from numpy.typing import NDArray

from graphkit.edges import row_starts
from graphkit.graph import Graph
from graphkit.motifs.census import dyad_census
from graphkit.motifs.names import CLASS_OF_CODE, TRIADS
from graphkit.motifs.nulls.erdos_renyi import distinct_below
from graphkit.motifs.nulls.sampling import Draw, Sampler, graphs

__all__ = ["KEEPS", "expected_triads", "generalized_erdos_renyi", "sampler"]

KEEPS = "the numbers of neurons, of reciprocally connected pairs and of pairs connected one way"


def generalized_erdos_renyi(
    graph: Graph, samples: int = 100, *, seed: int = 0, threads: int | None = None
) -> Iterator[Graph]:
    """Random graphs with as many reciprocal and as many one-way pairs of neurons as ``graph``, and so its reciprocity.

    Each such graph without autapses is as likely as another. The synapse counts are those of ``graph``, shuffled.

    Song et al., PLoS Biology 3 (2005); in sociology U|MAN: Holland & Leinhardt, Sociological Methodology 7 (1976).

    Raises:
        GraphError: an argument is out of range.
    """
    return graphs(sampler(graph), samples, seed, threads)


def sampler(graph: Graph) -> Sampler:
    """What draws the samples of `generalized_erdos_renyi`."""
    graph = graph.without_autapses()
    n = graph.n_neurons
    dyads = dyad_census(graph)
    connected = dyads.mutual + dyads.asymmetric

    def draw(rng: np.random.Generator, go_on: Callable[[], None]) -> Draw:
        from graphkit.motifs.nulls.rows import graph_of_rows

        go_on()
        low, high = _pairs(distinct_below(comb(n, 2), connected, rng))
        order = rng.permutation(connected)
        both, one_way = order[: dyads.mutual], order[dyads.mutual :]
        turned = rng.random(dyads.asymmetric) < 0.5
        source = np.concatenate([low[both], high[both], np.where(turned, high[one_way], low[one_way])])
        target = np.concatenate([high[both], low[both], np.where(turned, low[one_way], high[one_way])])
        synapses = graph.synapses[rng.permutation(graph.n_connections)]
        by_row = np.argsort(source, kind="stable")
        rows, targets = row_starts(source, n), target[by_row].astype(np.int32)
        return Draw(graph_of_rows(graph, rows, targets, synapses[by_row]))

    return draw


def expected_triads(graph: Graph) -> dict[str, float]:
    """The expected triad census of `generalized_erdos_renyi`, exactly, without drawing any sample.

    Three neurons have three pairs, which are drawn from all pairs without return; a one-way pair has either direction by halves.
    For many neurons this is multiplicity p_null^a p_one-way^b p_both^c.

    >>> expected = expected_triads(Graph.from_edges([1, 2, 2, 3], [2, 1, 3, 4]))
    >>> round(sum(expected.values()), 6)
    4.0
    """
    expected = dict.fromkeys((motif.code for motif in TRIADS), 0.0)
    n, dyads = graph.n_neurons, dyad_census(graph)
    if n < 3:
        return expected
    for code, index in enumerate(CLASS_OF_CODE):
        kinds = [code >> 4 & 3, code >> 2 & 3, code & 3]
        both, null = kinds.count(3), kinds.count(0)
        one_way = 3 - both - null
        ways = perm(dyads.mutual, both) * perm(dyads.asymmetric, one_way) * perm(dyads.null, null)
        expected[TRIADS[index].code] += float(Fraction(comb(n, 3) * ways, perm(comb(n, 2), 3) * 2**one_way))
    return expected


def _pairs(number: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(low, high) of the pairs numbered (0, 1), (0, 2), (1, 2), (0, 3) ...: number = high (high - 1) / 2 + low."""
    high = ((np.sqrt(8.0 * number + 1) + 1) / 2).astype(np.int64)
    high -= high * (high - 1) // 2 > number  # the root was rounded
    high += (high + 1) * high // 2 <= number
    return number - high * (high - 1) // 2, high
