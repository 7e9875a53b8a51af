"""Answers recomputed with loops and counters from the stored synapses: no SQL, no table that the build made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import networkx as nx

from graphkit.dataset import Dataset

__all__ = ["Oracle", "Picked"]

Pairs = dict[tuple[int, int], Counter[str]]


@dataclass(frozen=True)
class Picked:
    """Words of a selection, and what they mean."""

    words: str = ""
    regions: tuple[str, ...] | None = None
    among: Callable[[dict[str, Any]], bool] | None = None
    least: int = 1
    per_region: bool = False
    nt: tuple[str, ...] | None = None
    autapses: bool = True


class Oracle:
    """The raw rows of a dataset, its chemical synapses."""

    def __init__(self, dataset: Dataset) -> None:
        self.neurons = {n["neuron_id"]: n for n in dataset.table("neurons").to_pylist()}
        self.synapses = [s for s in dataset.table("synapses").to_pylist() if s["kind"] == "chemical"]
        tree = dataset.table("regions").to_pylist()
        self._rows = Counter((s["pre_id"], s["post_id"], s["region_id"], s["nt"]) for s in self.synapses)
        self.name = {r["region_id"]: r["name"] for r in tree} | {0: "(outside)", None: "(not resolved)"}
        self._id = {r["name"]: r["region_id"] for r in tree}
        self.parent = {r["region_id"]: r["parent_id"] for r in tree}
        self._within: dict[tuple[str, ...], set[int]] = {}
        for neuron in self.neurons.values():
            neuron["in_at"], neuron["out_at"] = Counter(), Counter()
        for s in self.synapses:
            self.neurons[s["post_id"]]["in_at"][s["region_id"]] += 1
            self.neurons[s["pre_id"]]["out_at"][s["region_id"]] += 1

    # -- places and neurons

    def path(self, region: int) -> list[int]:
        """The region and its ancestors, the top first."""
        up = self.parent[region]
        return [*(self.path(up) if up is not None else []), region]

    def within(self, names: Iterable[str]) -> set[int]:
        """Ids of the regions and all below them."""
        names = tuple(names)
        if names not in self._within:  # asked for every neuron
            tops = {self._id[n] for n in names}
            self._within[names] = {r for r in self.parent if tops & set(self.path(r))}
        return self._within[names]

    def there(self, neuron: dict[str, Any], names: Iterable[str]) -> tuple[int, int]:
        """Inputs and outputs in the regions."""
        inside = self.within(names)
        return sum(neuron["in_at"][r] for r in inside), sum(neuron["out_at"][r] for r in inside)

    def belongs(self, names: Iterable[str], percent: int = 50) -> Callable[[dict[str, Any]], bool]:
        names = tuple(names)

        def check(neuron: dict[str, Any]) -> bool:
            i, o = self.there(neuron, names)
            every_i, every_o = neuron["in_at"].total(), neuron["out_at"].total()
            return (i > 0 and 100 * i >= percent * every_i) or (o > 0 and 100 * o >= percent * every_o)

        return check

    @staticmethod
    def typed(*patterns: str) -> Callable[[dict[str, Any]], bool]:
        regexes = [re.compile(re.escape(p).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE) for p in patterns]
        return lambda n: n["type"] is not None and any(r.fullmatch(n["type"]) for r in regexes)

    def ids(self, check: Callable[[dict[str, Any]], bool] | None) -> set[int]:
        return {i for i, n in self.neurons.items() if check is None or check(n)}

    # -- connections

    def pairs(self, picked: Picked, pre: set[int] | None = None, post: set[int] | None = None) -> Pairs:
        """Synapses of each pair by region, thresholds applied."""
        inside = None if picked.regions is None else self.within(picked.regions)
        among = self.ids(picked.among)
        found: Pairs = defaultdict(Counter)
        for (a, b, region, nt), n in self._rows.items():
            if (
                (inside is None or region in inside)
                and a in among
                and b in among
                and (pre is None or a in pre)
                and (post is None or b in post)
                and (picked.nt is None or nt in picked.nt)
                and (picked.autapses or a != b)
            ):
                found[a, b][self.name[region]] += n
        kept: Pairs = {}
        for pair, counts in found.items():
            if picked.per_region:
                counts = Counter({r: n for r, n in counts.items() if n >= picked.least})
            if counts.total() >= (1 if picked.per_region else picked.least) and counts:
                kept[pair] = counts
        return kept

    def graph(self, picked: Picked) -> nx.DiGraph[int]:
        """Of the selected pairs, with their synapses as `weight`; where no region is named, with every neuron."""
        made: nx.DiGraph[int] = nx.DiGraph()
        if picked.regions is None:
            made.add_nodes_from(self.neurons)
        made.add_weighted_edges_from((a, b, n.total()) for (a, b), n in self.pairs(picked).items())
        return made

    def key(self, neuron: int, region: str, by: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple(region if g == "region" else self.neurons[neuron][g] for g in by)


def by_rank(rows: list[tuple[Any, ...]], figure: int, *names: int) -> list[tuple[Any, ...]]:
    """Rows by a figure, largest first, then by the columns ``names``; nulls last."""
    return sorted(rows, key=lambda r: (-r[figure], *((r[n] is None, r[n]) for n in names)))
