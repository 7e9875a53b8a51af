"""The picture of ``graphkit info`` for a terminal: header, counts, regions with bars, what to ask next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.columns import Columns
from rich.console import Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphkit.info import Info, RegionInfo

__all__ = ["panel"]

_MOST_REGIONS = 20
_MOST_SETTINGS = 6
_BAR = 16
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def panel(info: Info) -> RenderableType:
    """``info`` as a rich renderable."""
    parts: list[RenderableType] = [_header(info), _counts(info)]
    if info.build is None:
        text = Text.assemble(
            ("Not built yet. ", "bold yellow"), "Make its graph with: ", ("graphkit build", "bold cyan")
        )
        parts.append(Padding(Text.assemble(text, " ", (info.location, "cyan")), (1, 2, 0, 2)))
    if info.regions:
        parts.append(_regions(info))
    sides = [side for side in (_types(info), _transmitters(info), _disk(info)) if side is not None]
    if sides:
        parts.append(Padding(Columns(sides, padding=(0, 4)), (1, 2, 0, 2)))
    parts.append(_made(info))
    if info.examples:
        parts.append(_ask(info))
    return Group(*parts)


def _header(info: Info) -> Panel:
    lines = [Text(info.description)] if info.description else []
    where = f"{info.location}  ·  snapshot {info.snapshot}, {info.created[:10]}  ·  format {info.format_version}"
    lines.append(Text(f"{where}  ·  {_bytes(sum(info.disk_bytes.values()))}", style="dim"))
    if space := _space(info):
        lines.append(Text(space, style="dim"))
    return Panel(
        Group(*lines), title=Text(info.name, style="bold"), title_align="left", box=box.ROUNDED, border_style="cyan"
    )


def _space(info: Info) -> str:
    parts = []
    if info.voxel_size_nm:
        parts.append("voxel " + " × ".join(f"{info.voxel_size_nm[a]:g}" for a in "xyz") + " nm (x, y, z)")
    if info.bounds_nm:
        sides = (info.bounds_nm[a] for a in "xyz")
        parts.append("volume " + " × ".join(f"{(high - low) / 1000:,.4g}" for low, high in sides) + " µm")
    if info.size_unit:
        parts.append(f"synapse size in {info.size_unit}")
    return "  ·  ".join(parts)


def _counts(info: Info) -> RenderableType:
    counts = info.counts
    cells = []
    for name, more in (
        ("neurons", _of_types(info)),
        ("synapses", _left_out(info)),
        ("connections", _of_pairs(info)),
        ("electrical", "gap junctions"),
        ("regions", ""),
        ("segments", ""),
        ("skeletons", "neurons with one"),
    ):
        number = counts.get(name)
        if name == "synapses" and number is None and "counted synapses" in counts:
            number, more = counts["counted synapses"], "from pair totals"
        if number is None or (name == "electrical" and not number):
            continue
        label = Text(f" {name if name != 'electrical' else 'electrical synapses'}", style="bold")
        cells.append((Text(f"{number:,}", style="bold cyan"), label, Text(more, style="dim")))
    if not cells:
        return Padding(Text("This dataset is empty.", style="yellow"), (0, 2))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for cell in cells:
        table.add_row(*cell)
    return Padding(table, (1, 2, 0, 2))


def _of_types(info: Info) -> str:
    types = info.counts.get("types")
    if not types:
        return "without types" if info.counts.get("neurons") else ""
    typed = f"{info.counts['typed neurons']:,}"
    return f"{typed} of 1 type" if types == 1 else f"{typed} with one of {types:,} types"


def _left_out(info: Info) -> str:
    left_out = (info.build or {}).get("left_out") or {}
    parts = [f"{n:,} {reason.replace('_', ' ')}" for reason, n in left_out.items() if n]
    return "not counted: " + ", ".join(parts) if parts else ("all counted" if left_out else "")


def _of_pairs(info: Info) -> str:
    """What the stored connections are, where a pair of neurons has several."""
    pairs, known = info.counts.get("pairs"), _resolved(info)
    if pairs is None or pairs == info.counts["connections"]:
        return known
    return f"of {pairs:,} pair{'' if pairs == 1 else 's'} of neurons" + (f"; {known}" if known else "")


def _resolved(info: Info) -> str:
    if info.resolved is None:
        return ""
    if info.resolved == 0:
        return "regions not resolved (pair totals only)" if info.regions else "no regions"
    outside = f", {info.outside:,} outside every region" if info.outside else ""
    known = "every synapse" if info.resolved == 1 else f"{_percent(info.resolved)} of the synapses"
    return f"region known for {known}{outside}"


def _percent(share: float) -> str:
    return f"{max(0.1, min(99.9, 100 * share)):.1f} %"


def _regions(info: Info) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", border_style="dim")
    table.add_column("region", overflow="ellipsis", no_wrap=True, min_width=12, max_width=36)
    table.add_column("synapses", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=_BAR)
    table.add_column("neurons", justify="right", no_wrap=True)
    listed = _most_worth(info.regions)
    largest = max((r.synapses for r in listed), default=0)
    for region, stem in zip(listed, _stems(listed), strict=True):
        name = Text.assemble((stem, "dim"), (region.name, "bold" if region.depth == 0 else ""))
        bar = Text(_bar(region.synapses, largest), style="cyan")
        table.add_row(name, f"{region.synapses:,}", bar, f"{region.neurons:,}")
    parts: list[RenderableType] = [table]
    if more := len(info.regions) - len(listed):
        parts.append(Text(f"and {more:,} smaller ones; `graphkit query regions` lists them all", style="dim"))
    if why := _unlike_its_parts(info.regions):
        parts.append(Text(why, style="dim"))
    return Padding(Group(*parts), (0, 2, 0, 2))


def _most_worth(regions: Sequence[RegionInfo]) -> list[RegionInfo]:
    """The whole tree where it fits, else the regions of most synapses; a parent has no fewer, so it is there too."""
    if len(regions) <= _MOST_REGIONS:
        return list(regions)
    ranked = sorted(regions, key=lambda r: (-r.synapses, r.depth))[:_MOST_REGIONS]
    chosen = {r.region_id for r in ranked}
    return [r for r in regions if r.region_id in chosen]


def _unlike_its_parts(regions: Sequence[RegionInfo]) -> str:
    """Why the parts of a region do not add up to it, at the one where most is apart; "" where they all do."""
    parts: dict[int, list[RegionInfo]] = {}
    for region in regions:
        if region.parent_id is not None:
            parts.setdefault(region.parent_id, []).append(region)
    whole = [r for r in regions if r.region_id in parts]
    apart = {r.region_id: r.synapses - sum(p.synapses for p in parts[r.region_id]) for r in whole}
    shared = any(r.neurons != sum(p.neurons for p in parts[r.region_id]) for r in whole)
    most = max(whole, key=lambda r: (apart[r.region_id], -r.region_id), default=None)
    why = []
    if most is not None and (synapses := apart[most.region_id]):
        many = "1 synapse lies" if synapses == 1 else f"{synapses:,} synapses lie"
        why.append(f"{many} in {most.name} and in none of its parts")
    if shared:
        why.append("a neuron is counted in each region in which it has synapses")
    return f"The parts of a region need not add up to it: {'; '.join(why)}." if why else ""


def _stems(regions: Sequence[RegionInfo]) -> Iterable[str]:
    """The lines that draw the tree before each name."""
    last: set[int] = set()
    seen: set[int | None] = set()
    for region in reversed(regions):
        if region.parent_id not in seen:
            last.add(region.region_id)
        seen.add(region.parent_id)
    by_id = {r.region_id: r for r in regions}
    for region in regions:
        if region.depth == 0:
            yield ""
            continue
        stem = "└─ " if region.region_id in last else "├─ "
        above = by_id.get(region.parent_id) if region.parent_id is not None else None
        while above is not None and above.depth > 0:
            stem = ("   " if above.region_id in last else "│  ") + stem
            above = by_id.get(above.parent_id) if above.parent_id is not None else None
        yield stem


def _bar(number: int, largest: int) -> str:
    if not number or not largest:
        return ""
    eighths = max(1, round(number / largest * _BAR * 8))
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _figures(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(title, no_wrap=True, overflow="ellipsis", max_width=24)
    table.add_column("", justify="right", no_wrap=True)
    for name, figure in rows:
        table.add_row(name, Text(figure, style="cyan"))
    return table


def _types(info: Info) -> Table | None:
    if not info.types:
        return None
    return _figures("largest types", ((name, f"{n:,}") for name, n in info.types))


def _transmitters(info: Info) -> Table | None:
    if not info.transmitters:
        return None
    total = sum(n for _, n in info.transmitters)
    return _figures(
        f"transmitters ({info.transmitters_of})",
        ((name, f"{100 * n / total:.1f} %") for name, n in info.transmitters[:8]),
    )


def _disk(info: Info) -> Table | None:
    if not info.disk_bytes:
        return None
    largest = sorted(info.disk_bytes.items(), key=lambda item: -item[1])
    return _figures("on disk", ((name, _bytes(size)) for name, size in largest[:8]))


def _made(info: Info) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for i, step in enumerate(info.provenance):
        table.add_row("made by" if i == 0 else "", _step(step))
    if info.build is not None:
        table.add_row("counted", _options(info.build))
    return Padding(table, (1, 2))


def _step(step: Any) -> Text:
    sources = [str(s.get("name", s)) if isinstance(s, dict) else str(s) for s in step.get("sources") or ()]
    settings = step.get("settings") or {}
    kept = [f"{k}={v}" for k, v in settings.items() if v is not None and not isinstance(v, dict | list | tuple)]
    said = ", ".join(kept[:_MOST_SETTINGS]) + (", ..." if len(kept) > _MOST_SETTINGS else "")
    text = Text(str(step.get("command", "?")))
    for more in (
        " from " + ", ".join(sources[:3]) + (" ..." if len(sources) > 3 else "") if sources else "",
        f" ({said})",
    ):
        text.append(more if more != " ()" else "", style="dim")
    return text


def _options(build: Any) -> str:
    score = build.get("min_score")
    parts = [
        "synapses with score ≥ " + f"{score:g}" if score is not None else "every synapse between known neurons",
        "autapses included" if build.get("autapses", True) else "without autapses",
        "region of the " + {"post": "postsynaptic", "pre": "presynaptic"}[build.get("region_point", "post")] + " point",
    ]
    if build.get("totals") == "source":
        parts = ["totals as the source gives them"]
    elif "placed" not in build:
        parts = ["the pair totals of the source"]
    return ", ".join(parts)


def _ask(info: Info) -> RenderableType:
    lines: list[Text] = []
    for question in info.examples:
        lines.append(Text.assemble(("graphkit query ", "dim"), (f'"{question}"', "green")))
    body = Group(*lines)
    return Panel(body, title="what you can ask", title_align="left", box=box.ROUNDED, border_style="dim")


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError
