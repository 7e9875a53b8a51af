"""Regions in a question, and the neurons that belong to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from graphkit.query import ir
from graphkit.query.english.source import Node, Source, as_token, as_tree, unquoted

__all__ = ["belonging_of", "regions_of"]


def regions_of(source: Source, names: Node) -> tuple[str, ...]:
    """The regions named, as the dataset spells them, each once."""
    listed = names.children if names.data == "names" else [names]
    return tuple(dict.fromkeys(_region(source, as_tree(n)) for n in listed))


def _region(source: Source, node: Node) -> str:
    token = as_token(node.children[0])
    text = unquoted(token)
    if token.type == "NAME" and text.endswith("?") and token.end_pos == len(source.text.rstrip()):
        text = text.rstrip("?")  # the end of the question, and not a wildcard: regions take none
    return source.placed(node, lambda: source.dataset.region_tree.find(text).name)


def belonging_of(source: Source, children: Sequence[Any]) -> ir.BelongsTo:
    """Names of regions, and perhaps a share."""
    regions = regions_of(source, as_tree(children[0]))
    if len(children) == 1:
        return ir.BelongsTo(regions)
    token = as_token(children[1])
    share = float(Decimal(re.sub(r"[^\d.]", "", token)).scaleb(-2))  # no digit is lost, so that the echo is exact
    if not ir.LEAST_SHARE <= share <= 1:
        raise source.refusal(
            token, f"A share lies between {100 * ir.LEAST_SHARE:g} % and 100 %.", "For example: at 30 %"
        )
    return ir.BelongsTo(regions, share)
