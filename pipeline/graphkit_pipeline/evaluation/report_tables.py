"""The tables of the report: every figure, what it means, and where it comes from."""

from __future__ import annotations

import json
import math
from html import escape

from graphkit_pipeline.evaluation.result import DEFINITIONS, Evaluation

__all__ = ["definitions", "figure", "figures", "provenance"]

_CONVENTIONS = {
    "truth_labelled": "true label 0 ignored",
    "everything": "0 is a label in both",
    "both_labelled": "0 in either ignored",
}


def figure(value: float) -> str:
    """Three decimals, or a dash for a figure that is not defined."""
    return f"{value:.3f}".replace("-", "−") if math.isfinite(value) else "–"


def figures(evaluation: Evaluation) -> str:
    """Every figure of the evaluation, one table a part."""
    parts = []
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    if evaluation.segmentation:
        head = ("voxels compared", "voxels", "VI split", "VI merge", "VI sum", "Rand error", "precision", "recall")
        rows = [
            (
                _CONVENTIONS[name],
                f"{s.voxels:,}",
                *(figure(v) for v in (s.vi_split, s.vi_merge, s.vi_sum, s.rand_error, s.rand_precision, s.rand_recall)),
            )
            for name, s in evaluation.segmentation.items()
        ]
        coverage = f"{evaluation.coverage:.1%}" if evaluation.coverage is not None else "–"
        parts.append(
            f"<h3>Segmentation (VI in bits; {coverage} of the neurons' voxels are labelled)</h3>{_table(head, rows)}"
        )
    if evaluation.run_length:
        head = (
            "run length",
            "nodes that merge",
            "expected, nm",
            "possible, nm",
            "on runs",
            "split",
            "unlabelled",
            "merged",
        )
        rows = [
            (
                form,
                f"{r.merge_nodes}",
                *(f"{v:,.0f}" if math.isfinite(v) else "–" for v in (r.expected_nm, r.possible_nm)),
                *(f"{v:.1%}" if math.isfinite(v) else "–" for v in (r.correct, r.split, r.unlabelled, r.merged)),
            )
            for form, r in evaluation.run_length.items()
        ]
        parts.append(f"<h3>Run length</h3>{_table(head, rows)}")
    if evaluation.synapses:
        head = ("synapses", "found", "true", "matched", "precision", "recall", "F1", "median distance, nm")
        rows = [
            (
                reading.replace("_", " "),
                *(f"{n:,}" for n in (s.found, s.true, s.matched)),
                *(figure(v) for v in (s.precision, s.recall, s.f1)),
                f"{s.median_distance_nm:.0f}" if s.matched else "–",
            )
            for reading, s in evaluation.synapses.items()
        ]
        parts.append(f"<h3>Synapses</h3>{_table(head, rows)}")
    if evaluation.connections:
        head = (
            "connections",
            "found",
            "true",
            "matched",
            "precision",
            "recall",
            "F1",
            "Pearson",
            "Spearman",
            "Pearson, all pairs",
        )
        rows = [
            (
                reading.replace("_", " "),
                *(f"{n:,}" for n in (g.found, g.true, g.matched)),
                *(figure(v) for v in (g.precision, g.recall, g.f1, g.pearson, g.spearman, g.pearson_all)),
            )
            for reading, g in evaluation.connections.items()
        ]
        parts.append(f"<h3>Connections</h3>{_table(head, rows)}")
    if (rates := evaluation.error_rates) and rates.clause:
        most = f" The largest that the model has: {', '.join(rates.most)}." if rates.most else ""
        if rates.again:
            most += (
                f" Of {rates.again:,} synapses that are found a second time {rates.apart:,} lie on other segments than those "
                "that they repeat: in the graph as found they are connections of their own, in the model they are not."
            )
        parts.append(
            "<h3>Error model</h3><p>To see how far such errors move a figure of the graph, ask for it "
            f"<code>with error model {escape(rates.clause)}</code>.{most}</p>"
        )
    return f"<section><h2>All figures</h2>{''.join(parts)}</section>"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    top = f"<th>{escape(head[0])}</th>" + "".join(f'<th class="num">{escape(h)}</th>' for h in head[1:])
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td class="num">{escape(c)}</td>' for c in row[1:])
        + "</tr>"
        for row in rows
    )
    return f'<table class="plain"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def definitions(evaluation: Evaluation) -> str:
    """What each of the figures that are there means."""
    there = {
        "VI": evaluation.segmentation,
        "ada": evaluation.segmentation,
        "cov": evaluation.segmentation,
        "exp": evaluation.run_length,
        "syn": evaluation.synapses,
        "con": evaluation.connections,
        "err": evaluation.error_rates,
    }
    shown = [
        (name, text) for name, text in DEFINITIONS.items() if any(name.startswith(k) and v for k, v in there.items())
    ]
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in shown)
    return f"<section><h2>What the figures mean</h2><dl>{items}</dl></section>"


def provenance(evaluation: Evaluation) -> str:
    """What was evaluated, and with which settings."""
    body = evaluation.to_dict()
    text = json.dumps({"evaluation settings": body["settings"], **body["provenance"]}, indent=1, ensure_ascii=False)
    return f"<section><h2>Settings and provenance</h2><pre>{escape(text)}</pre></section>"
