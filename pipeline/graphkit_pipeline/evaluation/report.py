"""The report of an evaluation: one HTML file that needs no network, readable in light and dark and on paper."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from importlib.resources import files
from string import Template

import numpy as np

from graphkit_pipeline.evaluation.charts import bars, histogram, matrices, shares
from graphkit_pipeline.evaluation.loss import CAUSES, FALSE_CAUSES, Loss
from graphkit_pipeline.evaluation.overlap import NeuronMap
from graphkit_pipeline.evaluation.pictures import ERROR_COLOURS, Painter, Panel
from graphkit_pipeline.evaluation.report_tables import definitions, figure, figures, provenance
from graphkit_pipeline.evaluation.result import Evaluation
from graphkit_pipeline.evaluation.segmentation import SegmentationError
from graphkit_pipeline.evaluation.sources import Reconstruction, Truth

__all__ = ["render"]

_LADDER = {
    "as_found": ("As found", "every fragment is a neuron of its own"),
    "splits_mended": ("Splits mended", "fragments joined by the truth; merges and synapses as found"),
    "true_segments": ("True segments", "found synapses on the true segmentation: what the synapses alone cost"),
    "true_synapses": ("True synapses", "true synapses on the found segmentation: what the segmentation alone costs"),
}


def render(evaluation: Evaluation, found: Reconstruction, real: Truth, neurons: NeuronMap | None) -> str:
    """The HTML text of the report: figures, pictures from the volumes, definitions, provenance."""
    painter = Painter(found, real, neurons, evaluation.loss)
    sections: list[Callable[[], str]] = [
        lambda: _headline(evaluation),
        lambda: _loss(evaluation),
        lambda: _slices(painter),
        lambda: _errors(evaluation, painter),
        lambda: _graph(evaluation),
        lambda: _distributions(evaluation, found),
        lambda: figures(evaluation),
        lambda: definitions(evaluation),
        lambda: provenance(evaluation),
    ]
    template = Template((files(__package__) / "report.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(evaluation.name), what=escape(_what(evaluation)), body="\n".join(section() for section in sections)
    )


def _what(evaluation: Evaluation) -> str:
    parts = []
    if evaluation.shape and evaluation.voxel_size_nm:
        shape = " × ".join(f"{n:,}" for n in evaluation.shape)
        voxel = " × ".join(f"{n:g}" for n in evaluation.voxel_size_nm)
        extent = " × ".join(
            f"{n * s / 1000:.2f}" for n, s in zip(evaluation.shape, evaluation.voxel_size_nm, strict=True)
        )
        parts.append(f"{shape} voxels (z × y × x) of {voxel} nm, {extent} µm.")
    if evaluation.segments_true is not None:
        parts.append(f"{evaluation.segments_true:,} true neurons, {evaluation.segments_found:,} found.")
    if partners := evaluation.synapses.get("end_to_end"):
        parts.append(f"{partners.true:,} true synapses, {partners.found:,} found.")
    return " ".join(parts)


# -- the figures that matter ------------------------------------------------------------------------------------------


def _headline(evaluation: Evaluation) -> str:
    cards = []
    if score := evaluation.segmentation.get("truth_labelled"):
        detail = f"split {score.vi_split:.3f}, merge {score.vi_merge:.3f}; 0 is perfect"
        cards.append(_card("Variation of information", f"{score.vi_sum:.3f}", "bits", detail, None))
        detail = f"precision {score.rand_precision:.3f}, recall {score.rand_recall:.3f}; 0 is perfect"
        cards.append(_card("Adapted Rand error", f"{score.rand_error:.3f}", "", detail, None))
    if "strict" in evaluation.run_length:
        strict, tolerant = evaluation.run_length["strict"], evaluation.run_length["tolerant"]
        detail = (
            f"strict, of {strict.possible_nm / 1000:.2f} µm possible; tolerant {tolerant.expected_nm / 1000:.2f} µm"
        )
        reached = strict.expected_nm / strict.possible_nm if strict.possible_nm else math.nan
        cards.append(_card("Expected run length", f"{strict.expected_nm / 1000:.2f}", "µm", detail, reached))
    distance = f"within {evaluation.settings.max_distance_nm:g} nm"
    for reading, name in (("at_place", "Synapse F1, at place"), ("end_to_end", "Synapse F1, end to end")):
        if partners := evaluation.synapses.get(reading):
            detail = f"precision {figure(partners.precision)}, recall {figure(partners.recall)}; {distance}"
            cards.append(_card(name, figure(partners.f1), "", detail, partners.f1))
    if graph := evaluation.connections.get("as_found"):
        least = evaluation.settings.min_synapses
        detail = f"precision {figure(graph.precision)}, recall {figure(graph.recall)}; {least} or more synapses"
        if mended := evaluation.connections.get("splits_mended"):
            detail += f"; {figure(mended.f1)} with splits mended"
        cards.append(_card("Connection F1, as found", figure(graph.f1), "", detail, graph.f1))
    return f'<section class="cards">{"".join(cards)}</section>'


def _card(name: str, value: str, unit: str, detail: str, meter: float | None) -> str:
    bar = ""
    if meter is not None and math.isfinite(meter):
        bar = f'<div class="meter"><span style="width:{100 * min(1.0, meter):.1f}%"></span></div>'
    small = f"<small>{unit}</small>" if unit else ""
    return (
        f'<div class="card"><p class="name">{escape(name)}</p><p class="value">{value}{small}</p>{bar}'
        f'<p class="detail">{escape(detail)}</p></div>'
    )


# -- where the loss comes from ----------------------------------------------------------------------------------------


def _loss(evaluation: Evaluation) -> str:
    parts = []
    if loss := evaluation.loss:
        parts.append(_loss_tables(loss))
    rows = [(_LADDER[k][0], g.f1, _LADDER[k][1]) for k, g in evaluation.connections.items() if k in _LADDER]
    if len(rows) > 1:
        parts.append(f"<h3>Connection F1, with one part of the work done right at a time</h3>{bars(rows)}")
    if "strict" in evaluation.run_length:
        run = evaluation.run_length["strict"]
        cable = [("on a run", "correct", run.correct), ("cut by a split", "split", run.split)]
        cable += [("not labelled", "unlabelled", run.unlabelled), ("in a merge", "merged", run.merged)]
        keys = "".join(f'<li><span class="key {kind}"></span>{name}, {share:.1%}</li>' for name, kind, share in cable)
        parts.append(
            f"<h3>What became of {_length(run.cable_nm)} of cable (strict)</h3>{shares(cable, 1.0)}"
            f'<ul class="legend">{keys}</ul>'
        )
    if not parts:
        return ""
    return (
        '<section><h2>Where the loss comes from</h2><p class="lead">A synapse reaches the graph only when it is detected, its '
        "two points lie in the right neurons, and those neurons are each in one piece and alone in it.</p>"
        f"{''.join(parts)}</section>"
    )


def _length(nm: float) -> str:
    return f"{nm / 1e6:,.2f} mm" if nm >= 1e5 else f"{nm / 1000:,.2f} µm"


def _loss_tables(loss: Loss) -> str:
    stages = [("kept", "kept", float(loss.kept))]
    stages += [(name.replace("_", " "), name, float(loss.causes[name])) for name in CAUSES]
    rows = [_cause_row("kept", "kept", loss.kept, loss.true, "found at its place, on its neurons' main segments")]
    rows += [_cause_row(n.replace("_", " "), n, loss.causes[n], loss.true, text) for n, text in CAUSES.items()]
    false = [_cause_row(n, "", loss.false_causes[n], loss.found, text) for n, text in FALSE_CAUSES.items()]
    head = '<thead><tr><th>{}</th><th class="num">synapses</th><th class="num">share</th><th>meaning</th></tr></thead>'
    return (
        f"<h3>What became of the {loss.true:,} true synapses</h3>{shares(stages, float(loss.true))}"
        f'<table class="plain">{head.format("true synapses")}<tbody>{"".join(rows)}</tbody></table>'
        f"<h3>Of the {loss.found:,} synapses found, {sum(loss.false_causes.values()):,} stand for no true one</h3>"
        f'<table class="plain">{head.format("false synapses")}<tbody>{"".join(false)}</tbody></table>'
    )


def _cause_row(name: str, kind: str, amount: int, total: int, meaning: str) -> str:
    key = f'<span class="key {kind}"></span>' if kind else ""
    share = f"{amount / total:.1%}" if total else "–"
    return (
        f'<tr><th scope="row">{key}{escape(name)}</th><td class="num">{amount:,}</td><td class="num">{share}</td>'
        f'<td class="remark">{escape(meaning)}</td></tr>'
    )


# -- pictures ---------------------------------------------------------------------------------------------------------


def _slices(painter: Painter) -> str:
    if not painter.can_draw:
        return ""
    figures = []
    for normal in (0, 1, 2):
        caption, panels = painter.slice_panels(normal)
        cells = "".join(f"<div><h4>{escape(p.heading)}</h4>{p.svg}</div>" for p in panels)
        figures.append(
            f'<figure><div class="panels">{cells}</div><figcaption>Slice at <b>{escape(caption)}</b>.</figcaption></figure>'
        )
    return (
        '<section><h2>Slices</h2><p class="lead">A found segment has the colour of the neuron that most of it lies in, its '
        "fragments are paler: where both pictures have one colour, the segmentation is right."
        f"{_WITH_SYNAPSES if painter.has_synapses else ''} Point at a picture to see the bare image.</p>"
        f"{_legend(painter.has_synapses)}{''.join(figures)}</section>"
    )


def _mark(kind: str, shape: str) -> str:
    return f'<svg viewBox="0 0 16 16"><g class="syn {kind}">{shape}</g></svg>'


_CROSS = '<path d="M4 4L12 12M4 12L12 4" stroke-width="2.2"/>'
_DOT = '<circle cx="8" cy="8" r="4" stroke-width="2"/>'
_WITH_SYNAPSES = " Synapses within 90 nm of the plane, from pre to post."


def _legend(synapses: bool) -> str:
    marks = (
        f"<li>{_mark('kept', _DOT)}true synapse found, found synapse right</li><li>{_mark('missed', _DOT)}true synapse lost</li>"
        f"<li>{_mark('false', _CROSS)}found synapse false</li>"
    )
    errors = "".join(
        f'<li><span class="key" style="background:rgb{colour}"></span>{name}</li>'
        for name, colour in ERROR_COLOURS.items()
    )
    return f'<ul class="legend">{marks if synapses else ""}{errors}</ul>'


def _errors(evaluation: Evaluation, painter: Painter) -> str:
    groups = (
        ("Neurons most split", evaluation.splits, "VI split"),
        ("Segments that merge most", evaluation.merges, "VI merge"),
    )
    parts = []
    for title, errors, of in groups:
        cards = []
        for error in errors:
            pictures = "".join(f"<div><h4>{p.heading}</h4>{p.svg}</div>" for p in painter.error_panels(error))
            cards.append(f'<div class="error"><div class="pair">{pictures}</div><p>{_told(error, of)}</p></div>')
        if cards:
            parts.append(f'<h3>{title}</h3><div class="errors">{"".join(cards)}</div>')
    if evaluation.loss and (cards := _lost_synapses(evaluation.loss, painter)):
        note = "The largest of each kind: presynaptic neuron blue, postsynaptic orange; line from pre to post."
        parts.append(
            f'<h3>Lost and false synapses</h3><p class="lead">{note}</p><div class="errors">{"".join(cards)}</div>'
        )
    if not parts:
        return ""
    return (
        '<section><h2>Worst errors</h2><p class="lead">Ordered by what each adds to the variation of information. The circle is '
        "where the two largest pieces come closest, in the plane that shows most of both; only the pieces are coloured.</p>"
        f"{''.join(parts)}</section>"
    )


def _lost_synapses(loss: Loss, painter: Painter) -> list[str]:
    """A picture of one synapse for each cause of loss, and of a spurious one."""
    cards = []
    for number, (name, meaning) in enumerate(CAUSES.items()):
        row = painter.largest("true", np.flatnonzero(loss.cause == number))
        if row is None:
            continue
        stands = np.flatnonzero(loss.stands_for == row)
        panels = painter.synapse_panels("true", row, partner=int(stands[0]) if len(stands) else None)
        cards.append(_synapse_card(panels, name.replace("_", " "), loss.causes[name], meaning))
    for number, (name, meaning) in enumerate(FALSE_CAUSES.items()):
        row = painter.largest("found", np.flatnonzero(loss.false_cause == number)) if name != "misassigned" else None
        if row is not None:
            cards.append(_synapse_card(painter.synapse_panels("found", row), name, loss.false_causes[name], meaning))
    return cards


def _synapse_card(panels: list[Panel], name: str, amount: int, meaning: str) -> str:
    pictures = "".join(f"<div><h4>{p.heading}</h4>{p.svg}</div>" for p in panels)
    return (
        f'<div class="error"><div class="pair">{pictures}</div><p><b>{escape(name[0].upper() + name[1:])}</b> ({amount:,}): '
        f"{escape(meaning)}.</p></div>"
    )


def _told(error: SegmentationError, of: str) -> str:
    pieces = [f"{'unlabelled' if p.id == 0 else p.id} ({p.voxels:,})" for p in error.parts[:4]]
    more = f" and {len(error.parts) - 4} or more others" if len(error.parts) > 4 else ""
    subject = f"Neuron <b>{error.id}</b>" if error.kind == "split" else f"Segment <b>{error.id}</b>"
    verb = "lies in" if error.kind == "split" else "holds"
    text = f"{subject}, {error.voxels:,} voxels, {verb} {', '.join(pieces)}{more}. {error.bits:.4f} bits of {of}."
    if error.position_nm is not None:
        z, y, x = error.position_nm
        text += f" At x {x:,.0f}, y {y:,.0f}, z {z:,.0f} nm."
    return text


def _graph(evaluation: Evaluation) -> str:
    graph = evaluation.connections.get("as_found")
    if graph is None or not len(graph.pairs):
        return ""
    true, found, shown, total = matrices(graph)
    which = f"The {shown} neurons with most synapses of {total:,}" if shown < total else f"All {total:,} neurons"
    key = '<span class="key {}"></span>{}'
    right = ", ".join(
        key.format(kind, word) for kind, word in (("kept", "right"), ("false", "false"), ("absent", "missed"))
    )
    return (
        "<section><h2>The graph against the truth</h2>"
        f'<p class="lead">{graph.true:,} true connections, {graph.found:,} found, {graph.matched:,} of them right. Synapse '
        f"counts correlate at {figure(graph.pearson_all)} (Pearson) over all pairs of neurons, and over the pairs connected in "
        f"either graph at {figure(graph.pearson)} (Pearson) and {figure(graph.spearman)} (Spearman). Where most connections have "
        "one synapse the latter fall below 0 even for a good graph: what is missed or false varies, what is right does not.</p>"
        f'<figure><div class="two"><div><h3>Truth</h3>{true}</div><div><h3>Found</h3>{found}</div></div>'
        f"<figcaption>{which}, presynaptic in rows, postsynaptic in columns; a square grows with its synapses. {right}."
        "</figcaption></figure></section>"
    )


def _distributions(evaluation: Evaluation, found: Reconstruction) -> str:
    charts = []
    if "strict" in evaluation.run_length and len(evaluation.run_length["strict"].runs_nm):
        run = evaluation.run_length["strict"]
        runs = run.runs_nm / 1000
        chart = histogram(
            [("runs", "kept", runs)], label="run length, µm", low=0, high=float(runs.max()), unit=" µm", weigh=True
        )
        charts.append((chart, f"Cable (µm) by the length of the run it lies on; {len(runs):,} runs (strict)."))
    if loss := evaluation.loss:
        right = loss.false_cause < 0
        score = (
            None if found.synapses is None or "score" not in found.synapses.column_names else found.synapses["score"]
        )
        if score is not None and not score.null_count and len(right):
            values = score.to_numpy().astype(np.float64)
            series = [("right", "kept", values[right]), ("false", "false", values[~right])]
            low, high = min(0.0, float(values.min())), max(1.0, float(values.max()))
            chart = histogram(series, label="score of the found synapse", low=low, high=high)
            text = "Found synapses by their score, end to end: "
            text += '<span class="key kept"></span>right, <span class="key false"></span>false.'
            charts.append((chart, text))
    if (partners := evaluation.synapses.get("end_to_end")) and partners.matched:
        distance = partners.distances_nm.mean(axis=1)
        top = partners.max_distance_nm
        chart = histogram(
            [("matched", "kept", distance)], label="distance to the true synapse, nm", low=0, high=top, unit=" nm"
        )
        median = f"{partners.median_distance_nm:.0f} nm"
        text = f"Mean distance of both points of a matched synapse from the true ones; median {median}."
        charts.append((chart, text))
    if not charts:
        return ""
    cells = "".join(f"<figure>{chart}<figcaption>{text}</figcaption></figure>" for chart, text in charts)
    return f'<section><h2>Distributions</h2><div class="three">{cells}</div></section>'
