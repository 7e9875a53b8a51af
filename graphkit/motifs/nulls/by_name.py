"""The null models by the names that questions have for them."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from graphkit.errors import GraphError, did_you_mean
from graphkit.graph import Graph
from graphkit.motifs.nulls.sampling import Sampler

__all__ = ["MODELS", "keeps", "model_name", "sampler_of"]

MODELS: dict[str, str] = {
    "configuration": "graphkit.motifs.nulls.configuration",
    "erdos-renyi": "graphkit.motifs.nulls.erdos_renyi",
    "generalized-erdos-renyi": "graphkit.motifs.nulls.generalized_erdos_renyi",
    "bidegree": "graphkit.motifs.nulls.bidegree",
    "region-block": "graphkit.motifs.nulls.region_block",
    "distance": "graphkit.motifs.nulls.distance",
    "synapse-counts": "graphkit.motifs.nulls.synapse_counts",
}
"""Each module has ``KEEPS``, and ``sampler(graph, ...)``."""

_ALSO = {
    "cfg": "configuration",
    "er": "erdos-renyi",
    "erdős-rényi": "erdos-renyi",
    "generalised-erdos-renyi": "generalized-erdos-renyi",
    "generalized": "generalized-erdos-renyi",
    "generalised": "generalized-erdos-renyi",
    "npc": "region-block",
    "regions": "region-block",
    "synapses": "synapse-counts",
}


def model_name(given: str) -> str:
    """The name of a model as it is in `MODELS`.

    >>> model_name("ER")
    'erdos-renyi'

    Raises:
        GraphError: there is none of that name.
    """
    name = given.strip().casefold().replace(" ", "-").replace("_", "-")
    name = _ALSO.get(name, name)
    if name not in MODELS:
        hint = did_you_mean(name, MODELS)
        known = f"There are {', '.join(MODELS)}."
        raise GraphError(f"There is no null model {given!r}.", hint=f"{hint} {known}" if hint else known)
    return name


def sampler_of(model: str, graph: Graph, **options: Any) -> Sampler:
    """What draws samples of a model.

    Raises:
        GraphError: no such model; an option that it needs is missing, or one that it does not have is given.
    """
    name = model_name(model)
    make: Any = importlib.import_module(MODELS[name]).sampler
    parameters = list(inspect.signature(make).parameters.values())[1:]
    if unknown := sorted(set(options) - {p.name for p in parameters}):
        has = ", ".join(p.name for p in parameters) or "none"
        raise GraphError(f"The null model {name} has no option {unknown[0]!r}.", hint=f"Its options: {has}.")
    needed = [p.name for p in parameters if p.default is inspect.Parameter.empty and p.name not in options]
    if needed:
        raise GraphError(f"The null model {name} needs {needed[0]}.", hint="docs/null-models.md says what it is.")
    made: Sampler = make(graph, **options)
    return made


def keeps(model: str) -> str:
    """What each sample of a model has in common with the original."""
    text: str = importlib.import_module(MODELS[model_name(model)]).KEEPS
    return text
