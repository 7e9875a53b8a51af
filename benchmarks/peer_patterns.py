"""Counts feedforward loops with DotMotif or GrandIso, in an environment of their own: see test_patterns.py.

python peer_patterns.py PEER EDGES.npy MINIMUM    prints seconds and the number found
"""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Any

import networkx as nx
import numpy as np


def dotmotif(graph: Any, minimum: int) -> tuple[float, int]:
    from dotmotif import Motif, NetworkXExecutor

    condition = f" [synapses >= {minimum}]" if minimum > 1 else ""
    motif = Motif(f"A -> B{condition}\nB -> C{condition}\nA -> C{condition}")
    executor = NetworkXExecutor(graph=graph)
    begin = perf_counter()
    found = executor.find(motif)
    return perf_counter() - begin, len(found)


def grandiso(graph: Any, minimum: int) -> tuple[float, int]:
    from grandiso import find_motifs

    begin = perf_counter()
    cut = nx.DiGraph((a, b) for a, b, count in graph.edges(data="synapses") if count >= minimum)
    found = find_motifs(nx.DiGraph([("A", "B"), ("B", "C"), ("A", "C")]), cut, count_only=True)
    return perf_counter() - begin, int(found)


if __name__ == "__main__":
    edges = np.load(sys.argv[2])
    made = nx.DiGraph()
    made.add_weighted_edges_from(edges.tolist(), weight="synapses")
    seconds, count = {"dotmotif": dotmotif, "grandiso": grandiso}[sys.argv[1]](made, int(sys.argv[3]))
    print(seconds, count)
