"""The settings of a simulated connectome. Every default is written here, once.

Nulls mean "by size": the number of connections a neuron makes grows with the number of neurons there are to connect to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from graphkit.errors import GraphkitError

__all__ = ["SimulationConfig"]

_MOST_NEURONS = 2_000_000
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class SimulationConfig:
    """What to simulate.

    Args:
        neurons: how many. 139,255 is the fly brain of FlyWire.
        seed: the same seed and settings give the same bytes.
        connections_per_neuron: mean number of neurons that a neuron synapses onto, single synapses included; None:
            30 at 600 neurons, growing to 108 at 139,255.
        synapses_per_neuron: mean number of outgoing synapses; None: 3.6 a connection, as in the fly.
        reciprocity: probability that a drawn connection brings one in the other direction.
        closure: probability that two targets in the same place are connected, too (a feedforward loop).
        neighbourhood: number of branches within reach of another (fewer: more local, more clustered).
        unclassified: share of neurons whose transmitter is not known.
        cropped: share of neurons that are not complete.
        electrical: share of connections that come with a gap junction.
        autapses: share of draws of a neuron by itself that are kept.
        low_scores: share of synapses with a low detection score (what a score threshold takes away).
        partners_per_site: mean number of postsynaptic partners of a release site.
        first_neuron_id: neuron ids count up from here.

    Raises:
        GraphkitError: a value that makes no sense; says which and what would.
    """

    neurons: int = 500
    seed: int = 0
    connections_per_neuron: float | None = None
    synapses_per_neuron: float | None = None
    reciprocity: float = 0.135
    closure: float = 0.3
    neighbourhood: int = 250
    unclassified: float = 0.02
    cropped: float = 0.03
    electrical: float = 0.01
    autapses: float = 0.02
    low_scores: float = 0.06
    partners_per_site: float = 4.0
    first_neuron_id: int = 100_001

    def __post_init__(self) -> None:
        self._whole("neurons", 0, _MOST_NEURONS)
        self._whole("seed", 0, None)
        self._whole("neighbourhood", 1, None)
        self._whole("first_neuron_id", 1, _LARGEST_ID - _MOST_NEURONS)
        for name in ("reciprocity", "closure", "unclassified", "cropped", "electrical", "autapses", "low_scores"):
            self._number(name, 0.0, 1.0)
        self._number("partners_per_site", 1.0, 1000.0)
        if self.connections_per_neuron is not None:
            self._number("connections_per_neuron", 0.0, 10_000.0)
        if self.synapses_per_neuron is not None:
            self._number("synapses_per_neuron", 0.0, 1_000_000.0)
            if self.synapses_per_neuron < self.mean_connections:
                raise GraphkitError(
                    f"synapses_per_neuron is {self.synapses_per_neuron:g}, fewer than the "
                    f"{self.mean_connections:.3g} connections per neuron; a connection has at least one synapse.",
                    hint="Raise synapses_per_neuron or set a lower connections_per_neuron.",
                )

    def _whole(self, name: str, low: int, high: int | None) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise GraphkitError(f"{name} must be a whole number, got {value!r}.")
        if value < low or (high is not None and value > high):
            expected = f"from {low:,} to {high:,}" if high is not None else f"{low:,} or more"
            raise GraphkitError(f"{name} must be {expected}, got {value:,}.")

    def _number(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise GraphkitError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}.")
        if not low <= value <= high:
            raise GraphkitError(f"{name} must be from {low:g} to {high:g}, got {value:g}.")

    @property
    def mean_connections(self) -> float:
        """Connections per neuron that are aimed at."""
        if self.connections_per_neuron is not None:
            return float(self.connections_per_neuron)
        return min(30.0 * math.pow(self.neurons / 600.0, 0.235), 0.1 * self.neurons)

    @property
    def mean_synapses(self) -> float:
        """Synapses per connection that are aimed at."""
        if self.synapses_per_neuron is None or not self.mean_connections:
            return 3.6
        return self.synapses_per_neuron / self.mean_connections

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting by name, for the provenance."""
        return {f.name: getattr(self, f.name) for f in fields(self)}
