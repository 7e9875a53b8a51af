"""For each neuron the number of motifs in which it has each role: orbit counts, of three neurons and of four.

A role is a place in a motif up to the motif's symmetry; a motif counts where its neurons have exactly its connections.
Pržulj, Bioinformatics 23 (2007); Sarajlić et al., Scientific Reports 6 (2016), for directed networks; the way of counting
follows Hočevar & Demšar, Bioinformatics 30 (2014).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from graphkit.errors import GraphError
from graphkit.graph import Graph
from graphkit.in_threads import cores_available
from graphkit.motifs.census import in_ranges
from graphkit.motifs.four_census import Support, degrees_by_dyad, support_of
from graphkit.motifs.four_nodes import Role, four_nodes
from graphkit.motifs.names import CLASS_OF_CODE, CONNECTED_TRIADS, N_CODES, TRIADS, role_orders

__all__ = ["Orbits", "four_node_orbits", "triad_orbits"]

_MOST_BYTES = 6 * 2**30
_BYTES_FOR_THREADS = 2**30  # a table for each thread, up to this size together
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Orbits:
    """How often each neuron has each role.

    ``counts`` is int64 of shape (n_neurons, roles); rows are in the order of the graph's ids.
    """

    roles: tuple[Role, ...]
    counts: NDArray[np.int64]

    def of(self, motif: str, nodes: str) -> NDArray[np.int64]:
        """The column of the role that holds a node of a motif, such as ("204", "a").

        Raises:
            GraphError: there is no such role.
        """
        for column, role in enumerate(self.roles):
            if role.motif == motif and nodes and set(nodes) <= set(role.nodes):
                return self.counts[:, column]
        known = ", ".join(role.nodes for role in self.roles if role.motif == motif)
        raise GraphError(
            f"There is no role {nodes!r} in the motif {motif!r}.",
            hint=f"Its roles are {known}." if known else "The motifs are named by the codes of the census.",
        )


def triad_orbits(graph: Graph, *, threads: int | None = None) -> Orbits:
    """The 30 roles in the 13 connected triads. ``threads`` changes the time and not the answer.

    >>> orbits = triad_orbits(Graph.from_edges([1, 1, 2], [2, 3, 3]))
    >>> [role.nodes for role in orbits.roles if role.motif == "030T"], orbits.of("030T", "a").tolist()
    (['a', 'b', 'c'], [1, 0, 0])
    """
    from graphkit.motifs import orbit_kernels as kernels

    roles, role_of_code = _triad_roles()
    if graph.n_connections == 0:
        return Orbits(roles, np.zeros((len(graph), len(roles)), dtype=np.int64))
    support = support_of(graph)
    degrees = degrees_by_dyad(support.starts, support.packed)
    triangles = _triangles(support, threads)
    found = np.zeros((len(graph), len(roles)), dtype=np.int64)
    for a, b in ((1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)):
        pairs = degrees[:, a] * degrees[:, b] if a != b else degrees[:, a] * (degrees[:, a] - 1) // 2
        found[:, role_of_code[0, a << 4 | b << 2]] += pairs
    ends = kernels.wedge_ends(support.starts, support.packed, degrees)
    for a in (1, 2, 3):
        for b in (1, 2, 3):
            found[:, role_of_code[1, a << 4 | b << 2]] += ends[:, 4 * a + b]
    for i in range(27):
        pq, pr, qr = i // 9 + 1, i // 3 % 3 + 1, i % 3 + 1
        here = triangles[:, i]
        found[:, role_of_code[0, pq << 4 | pr << 2 | qr]] += here
        found[:, role_of_code[0, pq << 4 | pr << 2]] -= here
        qp, rp, rq = (_turned(dyad) for dyad in (pq, pr, qr))
        found[:, role_of_code[1, qp << 4 | qr << 2]] -= here  # closed ways p - q - r
        found[:, role_of_code[1, rp << 4 | rq << 2]] -= here
    return Orbits(roles, _in_order_of_rows(found, support))


def four_node_orbits(graph: Graph, *, threads: int | None = None) -> Orbits:
    """The 697 roles in the 199 connected classes of four neurons, exactly. ``threads`` changes only the time.

    Raises:
        GraphError: the table, of 5.6 kB a neuron, would not fit.

    >>> bifan = Graph.from_edges([1, 1, 2, 2], [3, 4, 3, 4])
    >>> four_node_orbits(bifan).of("204", "c").tolist()
    [0, 0, 1, 1]
    """
    from graphkit.motifs import orbit_kernels as kernels

    tables = four_nodes()
    n, n_roles = len(graph), len(tables.roles)
    if 8 * n * n_roles > _MOST_BYTES:
        raise GraphError(
            f"The roles of {n:,} neurons in motifs of four take {8e-9 * n * n_roles:.1f} GB.",
            hint="Take a part of the graph: a region, a type, or neurons with connections only.",
        )
    if graph.n_connections == 0:
        return Orbits(tables.roles, np.zeros((n, n_roles), dtype=np.int64))
    role = tables.role_of_code
    support = support_of(graph)
    degrees = degrees_by_dyad(support.starts, support.packed)
    triangles = _triangles(support, threads)
    second = kernels.second_degrees(support.starts, support.packed, degrees)

    def pairs(begin: int, end: int, table: NDArray[np.int64]) -> None:
        kernels.add_pairs(begin, end, support.starts, support.packed, degrees, role, table)

    def cliques(begin: int, end: int, table: NDArray[np.int64]) -> None:
        kernels.add_cliques(begin, end, support.forward_starts, support.forward, role, table)

    found = _added(pairs, support.starts, (n, n_roles), threads)
    found[:, _square_roles()] //= 2
    found += _added(cliques, support.forward_starts, (n, n_roles), threads)

    def degrees_of(begin: int, end: int) -> None:
        kernels.of_degrees(begin, end, support.starts, support.packed, degrees, second, triangles, role, found)

    in_ranges(degrees_of, support.starts, threads)
    _take_away_larger(found)
    return Orbits(tables.roles, _in_order_of_rows(found, support))


def _triangles(support: Support, threads: int | None) -> NDArray[np.int64]:
    from graphkit.motifs import orbit_kernels as kernels

    def add(begin: int, end: int, table: NDArray[np.int64]) -> None:
        kernels.add_triangles(begin, end, support.forward_starts, support.forward, table)

    return _added(add, support.forward_starts, (len(support.order), 27), threads)


def _added(
    add: Callable[[int, int, NDArray[np.int64]], None],
    starts: NDArray[np.int64],
    shape: tuple[int, int],
    threads: int | None,
) -> NDArray[np.int64]:
    """The sum of the tables to which each thread adds; on as few threads as there is room for tables."""
    local, tables = threading.local(), []

    def work(begin: int, end: int) -> None:
        if not hasattr(local, "table"):
            local.table = np.zeros(shape, dtype=np.int64)
            tables.append(local.table)
        add(begin, end, local.table)

    fitting = max(_BYTES_FOR_THREADS // (8 * shape[0] * shape[1]), 1)
    in_ranges(work, starts, min(cores_available() if threads is None else threads, fitting))
    total = tables[0]
    for table in tables[1:]:
        total += table
    return np.asarray(total)


def _in_order_of_rows(by_rank: NDArray[np.int64], support: Support) -> NDArray[np.int64]:
    rank = np.empty_like(support.order)
    rank[support.order] = np.arange(len(rank))
    return by_rank[rank]


def _take_away_larger(found: NDArray[np.int64]) -> None:
    """From copies of shapes to motifs: from each role what the motifs with more connected pairs contain of it."""
    contained = _contained()
    for begin in range(0, len(found), _ROWS_AT_ONCE):
        part = np.ascontiguousarray(found[begin : begin + _ROWS_AT_ONCE].T)
        for role, larger in contained:
            for other, times in larger:
                if times == 1:
                    part[role] -= part[other]
                else:
                    part[role] -= times * part[other]
        found[begin : begin + _ROWS_AT_ONCE] = part.T


@cache
def _contained() -> list[tuple[int, list[tuple[int, int]]]]:
    """Roles by falling number of pairs, each with (role in a larger motif, how often it holds this role in a part)."""
    tables = four_nodes()
    codes = tables.code.tolist()
    shifts = [10 - 2 * place for place in range(6)]
    masks = [sum(3 << shift for shift in kept) for size in range(3, 6) for kept in combinations(shifts, size)]
    times: dict[tuple[int, int], int] = {}
    for whole in codes:
        lefts = {whole & mask for mask in masks} - {whole}
        first = {int(tables.role_of_code[at, whole]): at for at in range(4)}
        for role, at in first.items():
            for left in lefts:
                if tables.class_of_code[left] >= 0:
                    key = int(tables.role_of_code[at, left]), role
                    times[key] = times.get(key, 0) + 1
    place = {motif.code: index for index, motif in enumerate(tables.motifs)}
    n_pairs = [int(tables.n_pairs[place[role.motif]]) for role in tables.roles]
    larger: dict[int, list[tuple[int, int]]] = {}
    for (small, large), count in times.items():
        larger.setdefault(small, []).append((large, count))
    order = sorted(range(len(n_pairs)), key=lambda role: -n_pairs[role])
    return [(role, larger[role]) for role in order if role in larger]


@cache
def _square_roles() -> list[int]:
    tables = four_nodes()
    is_square = set()
    for motif in tables.motifs:
        pairs = [frozenset(edge) for edge in motif.edges]
        degrees = [len({pair for pair in pairs if node in pair}) for node in range(4)]
        if degrees == [2, 2, 2, 2]:
            is_square.add(motif.code)
    return [index for index, role in enumerate(tables.roles) if role.motif in is_square]


@cache
def _triad_roles() -> tuple[tuple[Role, ...], NDArray[np.int64]]:
    """(the 30 roles, the role of each of three neurons by code (3, 64), -1 where they do not hang together)."""
    members: dict[tuple[int, int], set[int]] = {}
    first = np.full((3, N_CODES), -1)
    for code in range(N_CODES):
        if TRIADS[CLASS_OF_CODE[code]] in CONNECTED_TRIADS:
            for at in range(3):
                letters = {order.index(at) for order in role_orders(code)}
                first[at, code] = min(letters)
                members.setdefault((CLASS_OF_CODE[code], min(letters)), set()).update(letters)
    keys = sorted(members)
    role_of_code = np.full((3, N_CODES), -1)
    for code in range(N_CODES):
        for at in range(3):
            if first[at, code] >= 0:
                role_of_code[at, code] = keys.index((CLASS_OF_CODE[code], int(first[at, code])))
    roles = tuple(Role(TRIADS[index].code, "".join("abc"[k] for k in sorted(members[index, k0]))) for index, k0 in keys)
    return roles, role_of_code


def _turned(dyad: int) -> int:
    return dyad if dyad == 3 else 3 - dyad
