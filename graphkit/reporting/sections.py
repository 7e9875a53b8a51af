"""What a report asks: a heading, the question, and what to show of its answer."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Section", "sections"]


@dataclass(frozen=True, slots=True)
class Section:
    """One question of a report; ``rows`` of its answer are shown, none where the picture says it all."""

    heading: str
    question: str
    rows: int = 12
    picture: bool = False
    words: str = ""
    kind: str | None = None
    """Of picture, where it is not to be the natural one."""


def sections(place: str, least: int, *, located: bool, region: str | None, random_graphs: int = 0) -> list[Section]:
    """The sections of a report.

    ``place`` is how questions name the region ("in region 'EB'", "between neurons of region 'EB'", or nothing), ``least`` the
    minimum of synapses. Where synapses are not ``located``, questions that need it are left out. The rich club is beside
    that of so many ``random_graphs``.
    """
    among = place.replace("between", "among", 1)
    strong = f" with at least {least} synapses" if least > 1 else ""
    of = f"{place}{strong}".strip()
    graph = f"{among}{strong}".strip()
    found = [
        Section("In figures", f"statistics {graph}", rows=20, words="Of the graph of these synapses."),
        Section(
            "Types", f"types {'in' if located else 'of'} region {region}" if region else "types", rows=15, picture=True
        ),
        Section(
            "Motifs",
            f"motifs {of}",
            rows=0,
            picture=True,
            words="How often each way of connecting two or three neurons occurs.",
        ),
        Section("Types that connect", f"connections {graph} by type", rows=15, picture=True),
        Section(
            "Circuit",
            f"connections {graph} by type limit 20",
            rows=0,
            picture=True,
            words="The strongest of these.",
            kind="force",
        ),
        Section("Strongest connections", f"connections {graph} limit 15", rows=15),
        Section("Hubs", f"hubs {graph} limit 12"),
        Section("Motifs by type", f"motifs {of} by type limit 12"),
        Section(
            "Communities",
            f"communities {graph} by type",
            rows=0,
            picture=True,
            words="Neurons that are connected with each other more than with others, and their types.",
        ),
        Section("Degrees", f"degree distribution {graph}", rows=0, picture=True),
        Section(
            "Rich club",
            f"rich club {graph}" + (f" against {random_graphs} configuration" if random_graphs else ""),
            rows=0,
            picture=True,
            words="Whether neurons of many connections are connected with each other more than their degrees make likely."
            if random_graphs
            else "",
        ),
        Section("Percolation", f"percolation {graph}", rows=0, picture=True),
        Section("Distance", f"connection probability by distance {graph}", rows=0, picture=True),
    ]
    if region is None and located:
        found.insert(1, Section("Regions", "regions", rows=0, picture=True))
        found.append(Section("From region to region", "projectome", rows=15, picture=True))
    return found
