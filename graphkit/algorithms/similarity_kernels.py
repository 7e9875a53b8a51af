"""The compiled loop of similarities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphkit.compiled import compiled

__all__ = ["first_places", "most_similar", "pair_similarities", "similar_pairs", "similarities"]


@compiled
def similarities(
    begin: int,
    end: int,
    starts: NDArray[np.int64],
    weights: NDArray[np.float64],
    own: NDArray[np.int64],
    ends: NDArray[np.int64],
    owners: NDArray[np.int32],
    by_feature: NDArray[np.float64],
    sizes: NDArray[np.float64],
    cosine: bool,
    found: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    """Fills the pairs (i, j), i in [begin, end), j >= i, of ``found``, which holds zeros, and their mirror images.

    They are cosines, or sums of the smaller over sums of the larger weights. Row i has the ``weights`` from starts[i] to
    starts[i + 1], each of another feature. ``owners`` and ``by_feature`` are the rows and weights of all features, one feature
    after the other and rows ascending: that of weight k stands at own[k], and its feature ends before ends[k]. Only pairs with a
    common feature are met, and only these are written. ``sizes`` are of each row the sum of its weights, or 1 over the root of
    the sum of their squares. Sums are of whole numbers, exact in a double up to 2**53.
    """
    n = len(found)
    sums = np.zeros(n)
    met = np.empty(n + 1, dtype=np.int32)
    for i in range(begin, end):
        n_met = 0
        for k in range(starts[i], starts[i + 1]):
            mine = weights[k]
            if cosine:
                for other in range(own[k], ends[k]):
                    j = owners[other]
                    met[n_met] = j
                    n_met += sums[j] == 0.0
                    sums[j] += mine * by_feature[other]
            else:
                for other in range(own[k], ends[k]):
                    j = owners[other]
                    met[n_met] = j
                    n_met += sums[j] == 0.0
                    sums[j] += min(mine, by_feature[other])
        for k in range(n_met):
            j = met[k]
            both = sums[j]
            sums[j] = 0.0
            value = min(both * sizes[i] * sizes[j], 1.0) if cosine else both / (sizes[i] + sizes[j] - both)
            found[i, j] = value
            found[j, i] = value


@compiled
def first_places(
    begin: int, feature_starts: NDArray[np.int64], owners: NDArray[np.int32]
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Where in each feature's ``owners`` the first stands that is not below ``begin``."""
    places = np.empty(len(feature_starts) - 1, dtype=np.int64)
    for feature in range(len(places)):
        low, high = feature_starts[feature], feature_starts[feature + 1]
        while low < high:
            middle = (low + high) >> 1
            if owners[middle] < begin:
                low = middle + 1
            else:
                high = middle
        places[feature] = low
    return places


@compiled
def similar_pairs(
    begin: int,
    end: int,
    starts: NDArray[np.int64],
    features: NDArray[np.int32],
    weights: NDArray[np.float64],
    feature_starts: NDArray[np.int64],
    owners: NDArray[np.int32],
    by_feature: NDArray[np.float64],
    sizes: NDArray[np.float64],
    cosine: bool,
    places: NDArray[np.int64],
    least: float,
    held: int,
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    values: NDArray[np.float64],
) -> tuple[int, int]:  # pragma: no cover - compiled
    """(the row to go on with, pairs held): puts pairs (i, j), i in [begin, end), j > i, of at least ``least`` after those held.

    Stops before a row whose pairs might not find room. Arrays are those of `similarities`, by whole features:
    ``feature_starts`` bound the ``owners`` of each, and ``places`` says of each which is the first not below ``begin``.
    """
    n = len(starts) - 1
    sums = np.zeros(n)
    met = np.empty(n + 1, dtype=np.int32)
    for i in range(begin, end):
        if held + n - i > len(values):
            return i, held
        n_met = 0
        for k in range(starts[i], starts[i + 1]):
            mine = np.float64(weights[k])
            feature = features[k]
            places[feature] += 1
            if cosine:
                for other in range(places[feature], feature_starts[feature + 1]):
                    j = owners[other]
                    met[n_met] = j
                    n_met += sums[j] == 0.0
                    sums[j] += mine * by_feature[other]
            else:
                for other in range(places[feature], feature_starts[feature + 1]):
                    j = owners[other]
                    met[n_met] = j
                    n_met += sums[j] == 0.0
                    sums[j] += min(mine, np.float64(by_feature[other]))
        for k in range(n_met):
            j = met[k]
            both = sums[j]
            sums[j] = 0.0
            value = min(both * sizes[i] * sizes[j], 1.0) if cosine else both / (sizes[i] + sizes[j] - both)
            if value >= least:
                first[held] = i
                second[held] = j
                values[held] = value
                held += 1
    return end, held


@compiled
def most_similar(
    begin: int,
    end: int,
    starts: NDArray[np.int64],
    features: NDArray[np.int32],
    weights: NDArray[np.float64],
    feature_starts: NDArray[np.int64],
    owners: NDArray[np.int32],
    by_feature: NDArray[np.float64],
    sizes: NDArray[np.float64],
    cosine: bool,
    others: NDArray[np.int32],
    values: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    """For each row in [begin, end) the rows most like it, the most alike first, equal ones by row: ``others`` and ``values``,
    (end - begin, k), which hold -1 and zeros. Arrays are those of `similar_pairs`.
    """
    n, most = len(starts) - 1, others.shape[1]
    sums = np.zeros(n)
    met = np.empty(n + 1, dtype=np.int32)
    for i in range(begin, end):
        n_met = 0
        for k in range(starts[i], starts[i + 1]):
            mine = np.float64(weights[k])
            for other in range(feature_starts[features[k]], feature_starts[features[k] + 1]):
                j = owners[other]
                met[n_met] = j
                n_met += sums[j] == 0.0
                sums[j] += mine * by_feature[other] if cosine else min(mine, np.float64(by_feature[other]))
        chosen, value_of = others[i - begin], values[i - begin]
        held = 0
        for k in range(n_met):
            j = met[k]
            both = sums[j]
            sums[j] = 0.0
            if j == i:
                continue
            first, second = min(i, j), max(i, j)  # as the pair is computed elsewhere, to the last digit
            value = min(both * sizes[first] * sizes[second], 1.0)
            if not cosine:
                value = both / (sizes[first] + sizes[second] - both)
            if held == most and (value < value_of[most - 1] or (value == value_of[most - 1] and j > chosen[most - 1])):
                continue
            at = min(held, most - 1)
            while at > 0 and (value_of[at - 1] < value or (value_of[at - 1] == value and chosen[at - 1] > j)):
                value_of[at] = value_of[at - 1]
                chosen[at] = chosen[at - 1]
                at -= 1
            value_of[at] = value
            chosen[at] = j
            held = min(held + 1, most)


@compiled
def pair_similarities(
    begin: int,
    end: int,
    starts: NDArray[np.int64],
    features: NDArray[np.int64],
    weights: NDArray[np.int64],
    sizes: NDArray[np.float64],
    cosine: bool,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    found: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    """Fills ``found`` of the pairs in [begin, end), whose rows are ``first`` and ``second``; features ascend within a row."""
    for pair in range(begin, end):
        one, other = min(first[pair], second[pair]), max(first[pair], second[pair])
        i, j, both = starts[one], starts[other], 0.0
        while i < starts[one + 1] and j < starts[other + 1]:
            if features[i] < features[j]:
                i += 1
            elif features[i] > features[j]:
                j += 1
            else:
                a, b = np.float64(weights[i]), np.float64(weights[j])
                both += a * b if cosine else min(a, b)
                i += 1
                j += 1
        if both == 0.0:
            found[pair] = 0.0
        elif cosine:
            found[pair] = min(both * sizes[one] * sizes[other], 1.0)
        else:
            found[pair] = both / (sizes[one] + sizes[other] - both)
