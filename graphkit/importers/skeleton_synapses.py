"""Tables of the synapses that lie on imported skeletons.

Either a row a synapse with both neurons, as `import synapses` reads it, or a row a site on one neuron: its type (pre or post), x,
y and z, and a column of neuron ids, else one file a neuron, named by it. Of a site the other neuron is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from graphkit.errors import ImportDataError
from graphkit.importers.fields import NEURON_FIELDS, SYNAPSE_FIELDS, recognise
from graphkit.importers.report import listed
from graphkit.importers.sources import Source, checked_files, identifier
from graphkit.importers.synapses import Files, write_synapses
from graphkit.importers.work import Work
from graphkit.tables import quoted

__all__ = ["add_synapses"]

_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".feather")
_NOBODY = -1
_SITE = {"type": ("type", "kind", "site", "relation", "connector_type"), **{a: SYNAPSE_FIELDS[a] for a in "xyz"}}
_PRE, _POST = ("pre", "presynaptic", "presynapse", "output"), ("post", "postsynaptic", "postsynapse", "input")


def add_synapses(work: Work, files: Files, unit_nm: tuple[float, float, float], ids: Mapping[str, int]) -> None:
    """Writes the table ``synapses``; positions are in the unit of the skeletons, whose files are named as in ``ids``.

    Raises:
        ImportDataError: a table is neither of the two, or whose a site is cannot be said.
    """
    sources = work.read(_tables(files))
    sites = [not _has_both_ends(source) for source in sources]
    read = [_two_ended(work, s, ids) if site else s for s, site in zip(sources, sites, strict=True)]
    fields = []
    for source, site in zip(read, sites, strict=True):
        found = recognise(source, SYNAPSE_FIELDS, None, needed=("pre_id", "post_id"))
        if site:  # its own number is one of sites, and its x, y, z are at one of the ends
            found = {f: c for f, c in found.items() if f not in ("synapse_id", "x", "y", "z", "kind")}
        fields.append(found)
    _check_any_on_one(work, read, fields, ids)
    write_synapses(work, read, fields, list(unit_nm), _NOBODY)


def _check_any_on_one(work: Work, sources: list[Source], fields: list[dict[str, str]], ids: Mapping[str, int]) -> None:
    """Raises ImportDataError where no synapse is on a neuron that has a skeleton: the tables are of other neurons."""
    skeletons = f"({', '.join(map(str, ids.values()))})"
    rows = 0
    for source, found in zip(sources, fields, strict=True):
        ends = (f"try_cast(CAST({identifier(found[end])} AS VARCHAR) AS BIGINT)" for end in ("pre_id", "post_id"))
        on = " OR ".join(f"{end} IN {skeletons}" for end in ends)
        sql = f"SELECT count(*), count(*) FILTER ({on}) FROM {source.relation}"
        every, some = work.connection.execute(sql).fetchall()[0]
        if some:
            return
        rows += every
    raise ImportDataError(
        f"None of the {rows:,} synapses is on a neuron that has a skeleton.",
        hint=f"Skeletons are of {listed([str(i) for i in ids.values()])}: files are named by the neuron's id.",
    )


def _tables(files: Files) -> list[Path]:
    given = [files] if isinstance(files, (str, Path)) or not isinstance(files, (list, tuple)) else list(files)
    found: list[Path] = []
    for path in map(Path, given):  # type: ignore[arg-type]
        inside = sorted(p for p in path.iterdir() if p.name.lower().endswith(_SUFFIXES)) if path.is_dir() else [path]
        if not inside:
            raise ImportDataError(f"The folder {str(path)!r} has no table of synapses (.csv, .tsv, .parquet).")
        found += inside
    return checked_files(found)


def _has_both_ends(source: Source) -> bool:
    found = recognise(source, {end: SYNAPSE_FIELDS[end] for end in ("pre_id", "post_id")})
    return len(found) == 2


def _two_ended(work: Work, source: Source, ids: Mapping[str, int]) -> Source:
    """A table of sites as one of synapses without a neuron at the other end."""
    fields = recognise(source, _SITE)
    if missing := [f for f in _SITE if f not in fields]:
        raise ImportDataError(
            f"{source.name} is no table of synapses: of type, x, y, z it lacks {listed(missing)}; its columns: "
            f"{listed(list(source.columns))}.",
            hint="A row is a synapse (pre_id, post_id and their positions) or a site (type pre or post, x, y, z).",
        )
    kind = f"lower(trim(CAST({identifier(fields['type'])} AS VARCHAR)))"
    rows = work.connection.execute(f"SELECT DISTINCT {kind} FROM {source.relation}").fetchall()
    if unknown := sorted({str(k) for (k,) in rows} - {*_PRE, *_POST}):
        raise ImportDataError(
            f"The column {fields['type']!r} of {source.name} says {listed(unknown)}; expected pre or post.",
            hint="Where a row has both neurons, name their columns pre_id and post_id.",
        )
    owner = _owner(source, fields, ids)
    made = [
        f"CASE WHEN {kind} IN {words!r} THEN {owner} END AS {end}_id" for end, words in (("pre", _PRE), ("post", _POST))
    ]
    for axis in "xyz":
        column = identifier(fields[axis])
        tail = "_nm" if fields[axis].casefold().endswith("nm") else ""
        made += [
            f"CASE WHEN {kind} IN {w!r} THEN {column} END AS {e}_{axis}{tail}"
            for e, w in (("pre", _PRE), ("post", _POST))
        ]
    used = ", ".join(identifier(c) for c in source.columns if c in fields.values())
    names = [made_as.rpartition(" AS ")[2] for made_as in made]
    kinds = {
        n: "VARCHAR" if source.text else "BIGINT" if n.endswith("_id") else source.columns[fields[n.split("_")[1]]]
        for n in names
    }
    kept = {c: k for c, k in source.columns.items() if c not in fields.values()}
    relation = f"(SELECT * EXCLUDE ({used}), {', '.join(made)} FROM {source.relation})"
    return replace(source, relation=relation, columns={**kept, **kinds})


def _owner(source: Source, fields: Mapping[str, str], ids: Mapping[str, int]) -> str:
    """SQL of the neuron of each site."""
    named = recognise(source, {"neuron_id": NEURON_FIELDS["neuron_id"][:-1]})  # not `id`, which is the site's
    if "neuron_id" in named:
        return identifier(named["neuron_id"])
    stem = source.name.partition(".")[0]
    if stem not in ids:
        raise ImportDataError(
            f"Whose synapses {source.name} has is not said: it has no column of neuron ids, and no skeleton is named {stem!r}.",
            hint="Give it a column neuron_id, or name it as the skeleton's file is named.",
        )
    return quoted(str(ids[stem])) if source.text else str(ids[stem])
