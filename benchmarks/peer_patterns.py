"""Counts feedforward loops with DotMotif or GrandIso, in an environment of their own: see test_patterns.py.

python peer_patterns.py PEER EDGES.npy MINIMUM ROUNDS
prints the seconds that the threshold took, those of the search (medians of the rounds), and the number found
"""

from __future__ import annotations

import sys
from statistics import median
from time import perf_counter
from typing import Any

import networkx as nx
import numpy as np


def dotmotif(graph: Any, minimum: int) -> tuple[float, float, int]:
    """Its threshold is part of the pattern, and of its search."""
    from dotmotif import Motif, NetworkXExecutor

    condition = f" [synapses >= {minimum}]" if minimum > 1 else ""
    motif = Motif(f"A -> B{condition}\nB -> C{condition}\nA -> C{condition}")
    executor = NetworkXExecutor(graph=graph)
    begin = perf_counter()
    found = executor.find(motif)
    return 0.0, perf_counter() - begin, len(found)


def grandiso(graph: Any, minimum: int) -> tuple[float, float, int]:
    """It knows no thresholds: NetworkX leaves it the connections that meet it."""
    from grandiso import find_motifs

    begin = perf_counter()
    cut = graph
    if minimum > 1:
        cut = nx.DiGraph((a, b) for a, b, count in graph.edges(data="synapses") if count >= minimum)
    middle = perf_counter()
    found = find_motifs(nx.DiGraph([("A", "B"), ("B", "C"), ("A", "C")]), cut, count_only=True)
    return middle - begin, perf_counter() - middle, int(found)


if __name__ == "__main__":
    edges = np.load(sys.argv[2])
    made = nx.DiGraph()
    made.add_weighted_edges_from(edges.tolist(), weight="synapses")
    peer = {"dotmotif": dotmotif, "grandiso": grandiso}[sys.argv[1]]
    runs = [peer(made, int(sys.argv[3])) for _ in range(int(sys.argv[4]))]
    print(median(run[0] for run in runs), median(run[1] for run in runs), runs[0][2])
