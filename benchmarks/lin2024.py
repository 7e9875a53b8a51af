"""Every statistic of docs/lin2024.md, asked from the shell of a dataset of FlyWire's size: wall time, CPU time, peak memory.

    python -m benchmarks.lin2024 DATASET

Prints the rows of the table in docs/lin2024.md. Answers are not taken from the cache; files and compiled kernels are warm.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measuring import measured

QUESTIONS = (
    "statistics with at least 5 synapses",
    "statistics with at least 5 synapses against 20 configuration",
    "degree distribution with at least 5 synapses",
    "connection probability by distance with at least 5 synapses",
    "motifs with at least 5 synapses",
    "motifs with at least 5 synapses against 20 erdos-renyi",
    "motifs with at least 5 synapses against 20 generalized-erdos-renyi",
    "motifs with at least 5 synapses against 20 configuration",
    "motifs with at least 5 synapses against 20 region-block",
    "motifs in EB with at least 5 synapses against 100 configuration",
    "statistics by region with at least 5 synapses",
    "motifs by region with at least 5 synapses",
    "motifs by region with at least 5 synapses against 20 configuration",
    "reciprocal pairs with at least 5 synapses limit 20",
    "rich club with at least 5 synapses",
    "rich club by in-degree with at least 5 synapses against 20 configuration",
    "rich club neurons with at least 5 synapses",
    "broadcasters with at least 5 synapses",
    "integrators with at least 5 synapses",
    "attractors with at least 5 synapses",
    "repellers with at least 5 synapses",
    "percolation with at least 5 synapses",
    "percolation from the least connected with at least 5 synapses",
    "information flow from class sensory with at least 5 synapses by type",
    "projectome",
    "communities with at least 5 synapses by type",
)


def main() -> None:
    """One row a question."""
    dataset = sys.argv[1]
    command = str(Path(sys.executable).with_name("graphkit"))
    print("| command | wall | CPU | peak memory |\n|---|---|---|---|")
    for question in QUESTIONS:
        run = measured([command, "query", question, "-d", dataset, "--no-cache", "--format", "csv"])
        print(f"| `{question}` | {run.wall_s:.1f} s | {run.cpu_s:.1f} s | {run.peak_gb:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
