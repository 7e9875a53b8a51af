"""Skeletons in SWC files: one neuron a file, a line a node: number, label, x, y, z, radius, parent (-1 for a root).

Files as they come: with or without comments (#), children before their parents, radius 0 or -1 for "not known", several
roots, gzipped. The neuron's id is the file's name where that is digits (``722817260.swc``); other names get the ids 1 to
n in alphabetical order and stay in ``neurons.name``. Cannon et al. 1998 (doi:10.1016/S0165-0270(98)00091-0).
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

from graphkit.build import BuildOptions
from graphkit.errors import ImportDataError
from graphkit.importers.neuron_join import joined
from graphkit.importers.neuron_table import read_neurons
from graphkit.importers.options import CommonKeywords, ImportOptions
from graphkit.importers.report import ImportReport
from graphkit.importers.sources import checked_files
from graphkit.importers.synapses import Files
from graphkit.importers.work import Work, importing

__all__ = ["import_swc"]

_LABELS = {1: "soma", 2: "axon", 3: "dendrite", 4: "apical dendrite"}
_SUFFIXES = (".swc", ".swc.gz")
_UNITS = {"nm": 1.0, "um": 1000.0}
_INT32 = 2**31
_LOSS = 0.001
"""Of the cable's length, by which whole nanometres may change it before that is said."""


@dataclass(slots=True)
class _Skeletons:
    """Columns of the table ``skeletons``, and each neuron's first soma node."""

    neuron_id: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    x_nm: list[int] = field(default_factory=list)
    y_nm: list[int] = field(default_factory=list)
    z_nm: list[int] = field(default_factory=list)
    radius_nm: list[float | None] = field(default_factory=list)
    compartment: list[str | None] = field(default_factory=list)
    somata: dict[int, tuple[int, int, int]] = field(default_factory=dict)


_Node = tuple[int, int, int, tuple[float, float, float], float | None, int]  # line, node, label, nm, radius, parent


def import_swc(
    files: Files,
    output: str | os.PathLike[str],
    *,
    unit: str = "nm",
    synapses: Files | None = None,
    neurons: str | os.PathLike[str] | None = None,
    neuron_columns: Mapping[str, str] | None = None,
    **common: Unpack[CommonKeywords],
) -> ImportReport:
    """A dataset at ``output`` of neurons with skeletons and cable length, from SWC files or folders of them.

    Args:
        unit: what positions and radii are in: "nm", "um", or a voxel's size in nm, "8" or "4,4,40" (a radius is then
            in units of the smallest side).
        synapses: tables of the synapses on them, or folders of such: with both neurons of each, or with the type (pre or post) of
            each site on one neuron; positions are in the same unit.
        neurons: a table about the neurons; ``neuron_columns`` names its columns where needed.

    Raises:
        ImportDataError: no SWC file, two files of one neuron, or (in mode "fail") a line that cannot be read, a node
            that stands twice, a parent that is not there, or nodes that lead back to themselves.
    """
    scale = _scale(unit)
    paths = _swc_files(files)
    described = checked_files(neurons)[0] if neurons is not None else None
    ids = _ids(paths)
    import pyarrow as pa

    from graphkit.importers.skeleton_synapses import add_synapses
    from graphkit.schema import TABLES

    with importing(output, ImportOptions(**common)) as work:
        skeletons = _Skeletons()
        roots: dict[int, int] = {}
        read_nm = kept_nm = 0.0
        for number, path in enumerate(paths):
            work.progress("reading skeletons", number / len(paths))
            nodes = _checked(work, path, list(_nodes(work, path, scale)))
            roots[ids[path]] = sum(parent < 0 for *_, parent in nodes)
            _take(skeletons, ids[path], nodes)
            read_nm, kept_nm = read_nm + _length_nm(nodes), kept_nm + _length_nm(nodes, whole=True)
            work.sources.append(path)
        if not skeletons.node:
            raise ImportDataError("None of the files has a node that can be read.", hint="Check the files.")
        broken = sum(n > 1 for n in roots.values())
        if broken:
            work.ledger.note(f"{broken:,} of {len(roots):,} skeletons have several roots: they are in pieces.")
        if abs(kept_nm - read_nm) > _LOSS * read_nm:
            change = f"{abs(kept_nm / read_nm - 1):.1%} {'longer' if kept_nm > read_nm else 'shorter'}"
            apart = f"{read_nm / len(skeletons.node):.2g} nm"
            work.ledger.note(
                f"Positions are kept as whole nanometres, which makes the cable {change}: nodes lie {apart} apart. Is the unit "
                f"{unit!r} right? (--unit um, or a voxel's size)"
            )
        _write(work, skeletons, {ids[p]: _stem(p) for p in paths}, described, neuron_columns)
        if synapses is None:
            empty = {f.name: pa.array([], f.type) for f in TABLES["connections"].schema}
            work.writer.add("connections", pa.table(empty))
            work.ledger.note("Skeletons say nothing of synapses: the dataset has neurons and no connections.")
        else:
            add_synapses(work, synapses, scale, {_stem(p): i for p, i in ids.items()})
        settings = {"unit": unit, "neurons": described and described.name}
        return work.finish("import swc", settings, BuildOptions())


def _scale(unit: str) -> tuple[float, float, float]:
    """Nanometres a unit of x, y and z."""
    sizes = [_UNITS[unit]] if unit in _UNITS else []
    if not sizes:
        try:
            sizes = [float(part) for part in str(unit).split(",")]
        except ValueError:
            sizes = []
    sizes = sizes * 3 if len(sizes) == 1 else sizes
    if len(sizes) != 3 or not all(0 < size < math.inf for size in sizes):
        raise ImportDataError(
            f"The unit {unit!r} is none.", hint="Give nm, um, or a voxel's size in nanometres: 8 or 4,4,40"
        )
    return sizes[0], sizes[1], sizes[2]


def _swc_files(files: Files) -> list[Path]:
    """The files, and those of the folders, sorted by name."""
    given = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    found: list[Path] = []
    for path in map(Path, given):
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.name.lower().endswith(_SUFFIXES))
            if not inside:
                below = sorted({p.parent for s in _SUFFIXES for p in path.glob(f"*/*{s}")})
                raise ImportDataError(
                    f"The folder {str(path)!r} has no file that ends with .swc or .swc.gz.",
                    hint=f"Its folder {str(below[0])!r} has some: give that."
                    if below
                    else "Check the name of the folder.",
                )
            found += inside
        else:
            found.append(path)
    return checked_files(found)


def _stem(path: Path) -> str:
    name = path.name
    for suffix in _SUFFIXES[::-1]:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def _ids(paths: Sequence[Path]) -> dict[Path, int]:
    stems = {path: _stem(path) for path in paths}
    numbers = {p: int(s) for p, s in stems.items() if s.isascii() and s.isdigit()}
    if numbers and len(numbers) < len(paths):
        word = next(s for p, s in stems.items() if p not in numbers)
        raise ImportDataError(
            f"{len(numbers):,} files are named by an id and {len(paths) - len(numbers):,} by a word (e.g. {word!r}).",
            hint="Name every file by its neuron's id, or import them as two datasets.",
        )
    if not numbers:
        names = sorted(set(stems.values()))
        numbers = {p: names.index(s) + 1 for p, s in stems.items()}
    if big := next((n for n in numbers.values() if n >= 2**63), None):
        raise ImportDataError(f"The file name {big}.swc is no id: it is not below 2^63.")
    seen: dict[int, Path] = {}
    for path, number in numbers.items():
        if number in seen:
            raise ImportDataError(
                f"{seen[number]} and {path} are both skeletons of neuron {stems[path]}.", hint="Give one."
            )
        seen[number] = path
    return numbers


def _nodes(work: Work, path: Path, scale: tuple[float, float, float]) -> Iterator[_Node]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                parts = line.partition("#")[0].replace(",", " ").split()
                if not parts:
                    continue
                work.ledger.rows_read += 1
                node = _node(parts, number, scale)
                if isinstance(node, str):
                    shown = " ".join(line.split())[:80]
                    work.ledger.fault(f"a line that {node}", 1, [f"{path.name}, line {number:,}: {shown!r} {node}."])
                else:
                    yield node
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ImportDataError(
            f"{path.name!r} cannot be read as SWC: {error}.", hint="It may be truncated, or not be text: get it again."
        ) from error


def _node(parts: list[str], line: int, scale: tuple[float, float, float]) -> _Node | str:
    """The node of a line, or what is wrong with it."""
    if len(parts) < 7:
        return f"has {len(parts)} numbers; expected 7 (node, label, x, y, z, radius, parent)"
    try:
        node, label, parent = int(parts[0]), int(float(parts[1])), int(parts[6])
        place = [float(p) * s for p, s in zip(parts[2:5], scale, strict=True)]
        radius = float(parts[5]) * min(scale)
    except (ValueError, OverflowError):
        return "is not seven numbers (node, label, x, y, z, radius, parent)"
    if not 0 <= node < 2**63 or parent >= 2**63:
        return "has a node number that is negative or not below 2^63"
    if not all(math.isfinite(p) and abs(p) < _INT32 - 1 for p in place):
        return "lies beyond 2.1 metres once in nanometres"
    return (
        line,
        node,
        label,
        (place[0], place[1], place[2]),
        radius if math.isfinite(radius) and radius > 0 else None,
        max(parent, -1),
    )


def _checked(work: Work, path: Path, nodes: list[_Node]) -> list[_Node]:
    """Each node once, every parent there, no circle; what is not so is a fault."""
    seen: set[int] = set()
    once: list[_Node] = []
    for found in nodes:
        if found[1] in seen:
            example = f"{path.name}, line {found[0]:,}: node {found[1]} stands a second time."
            work.ledger.fault("a node that stood before", 1, [example])
        else:
            seen.add(found[1])
            once.append(found)
    lost = [f for f in once if f[5] >= 0 and f[5] not in seen]
    if lost:
        examples = [
            f"{path.name}, line {f[0]:,}: the parent {f[5]} of node {f[1]} is not in the file." for f in lost[:3]
        ]
        work.ledger.fault(
            "a node whose parent is not there; it became a root", 0, examples, skipping="make such nodes roots, noted,"
        )
        once = [(*f[:5], -1 if f[5] not in seen else f[5]) for f in once]
    if circle := _circle(once):
        raise ImportDataError(
            f"{path.name}: the parents of node {circle} lead back to it; a skeleton is a tree.", hint="Mend the file."
        )
    return once


def _circle(nodes: list[_Node]) -> int | None:
    """A node that is its own ancestor, if there is one."""
    parents = {node: parent for _, node, _, _, _, parent in nodes}
    done: set[int] = {-1}
    for start in parents:
        walk: list[int] = []
        on_walk: set[int] = set()
        at = start
        while at not in done:
            if at in on_walk:
                return at
            walk.append(at)
            on_walk.add(at)
            at = parents[at]
        done.update(walk)
    return None


def _length_nm(nodes: list[_Node], *, whole: bool = False) -> float:
    """Of all edges; ``whole``: between nodes at whole nanometres."""
    places = {node: tuple(map(round, place)) if whole else place for _, node, _, place, _, _ in nodes}
    return sum(math.dist(places[node], places[parent]) for _, node, _, _, _, parent in nodes if parent >= 0)


def _take(skeletons: _Skeletons, neuron: int, nodes: list[_Node]) -> None:
    for _, node, label, place, radius, parent in nodes:
        x, y, z = map(round, place)
        skeletons.neuron_id.append(neuron)
        skeletons.node.append(node)
        skeletons.parent.append(parent)
        skeletons.x_nm.append(x)
        skeletons.y_nm.append(y)
        skeletons.z_nm.append(z)
        skeletons.radius_nm.append(radius)
        skeletons.compartment.append(_LABELS.get(label))
        if label == 1:
            skeletons.somata.setdefault(neuron, (x, y, z))


def _write(
    work: Work,
    skeletons: _Skeletons,
    names: Mapping[int, str],
    described: Path | None,
    neuron_columns: Mapping[str, str] | None,
) -> None:
    import pyarrow as pa

    from graphkit.schema import TABLES

    schema = TABLES["skeletons"].schema
    columns = {f.name: pa.array(getattr(skeletons, f.name), f.type) for f in schema}
    work.writer.add("skeletons", pa.table(columns))
    ids = sorted(names)
    by_name = any(str(i) != names[i] for i in ids)
    somata = [skeletons.somata.get(i) for i in ids]
    table = pa.table(
        {
            "neuron_id": pa.array(ids, pa.int64()),
            "name": pa.array([names[i] if by_name else None for i in ids], pa.string()),
            **{
                f"soma_{axis}_nm": pa.array([place[k] if place else None for place in somata], pa.int32())
                for k, axis in enumerate("xyz")
            },
        }
    )
    tables = [table]
    if by_name:
        work.ledger.names_kept = len(ids)
        work.ledger.note(f"The files are named by words; they got the ids 1 to {len(ids):,} in alphabetical order.")
    if described is not None and by_name:
        given = read_neurons(work, described, neuron_columns, by_name=True)
        number = {name: i for i, name in names.items()}
        rows = [number.get(name) for name in given["name"].to_pylist()]
        kept = given.filter(pa.array([r is not None for r in rows]))
        tables.append(kept.append_column("neuron_id", pa.array([r for r in rows if r is not None], pa.int64())))
        if kept.num_rows < given.num_rows:
            work.ledger.note(
                f"{given.num_rows - kept.num_rows:,} neurons of {described.name} have no skeleton; left out."
            )
    elif described is not None:
        tables.append(read_neurons(work, described, neuron_columns))
    work.writer.add("neurons", joined(work, tables))
