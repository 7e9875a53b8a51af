"""docs/papers.md: every question in it is answered, and its figures are those of the published rows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
import xlrd

from graphkit.dataset import Dataset
from graphkit.importers import import_edges, import_larva, import_neuprint, import_swc

PAGE = (Path(__file__).parents[2] / "docs" / "papers.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\S+ \S+)[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
ROWS = {
    heading: [
        (re.findall(r"`([^`]+)`", question), figure.strip())
        for _, question, figure in re.findall(r"^\| ([^|]+) \| ([^|]+) \| ?([^|]*)\|$", body, re.MULTILINE)
        if "`" in question
    ]
    for heading, body in SECTIONS.items()
}


def asked(brain: Dataset, heading: str) -> dict[str, int]:
    """Every question of a section, answered; the first figure of those that the page gives one for."""
    said = {}
    for questions, figure in ROWS[heading]:
        for question in questions:
            if question.startswith("-"):  # an option
                continue
            found = brain.query(question)
            assert len(found) > 0, question
            if figure:
                row = found.rows()[0]
                value = next(row[c] for c in ("nodes", "neurons", *found.columns) if c in row)
                assert f"{value:,}" == figure, question
                said[question] = value
    return said


def test_sections() -> None:
    assert [len(rows) for rows in ROWS.values()] == [13, 11, 9, 5, 3]


def test_the_worm(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "c_elegans" / "NeuronConnect.xls"
    kinds = {"S": "chemical", "Sp": "chemical", "EJ": "electrical"}
    brain = import_edges(path, tmp_path / "worm", kind_map=kinds).dataset
    sheet = xlrd.open_workbook(path).sheet_by_index(0)
    cells = [sheet.row_values(i) for i in range(1, sheet.nrows)]
    rows = pd.DataFrame(cells, columns=["pre", "post", "kind", "number"])
    chemical = rows[rows.kind.isin(["S", "Sp"])]
    pairs = {(a, b) for a, b in zip(chemical.pre, chemical.post, strict=True)}
    gaps = {frozenset((a, b)) for a, b in zip(*(rows[rows.kind == "EJ"][c] for c in ("pre", "post")), strict=True)}
    said = asked(brain, "*C. elegans*:")
    assert said["how many connections"] == len(pairs)
    assert said["how many synapses"] == chemical.number.sum()
    assert said["how many gap junctions without autapses"] == sum(len(pair) == 2 for pair in gaps)
    assert said["count of reciprocal pairs"] == sum((b, a) in pairs and a < b for a, b in pairs)


def test_the_larva(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "larva_winding2023"
    if not folder.exists():
        pytest.skip("no larval matrices")
    names = [f"{kind}_connectivity_matrix.csv.gz" for kind in ("ad", "aa", "da", "dd")]
    brain = import_larva([*(folder / n for n in names), folder / "annotations.csv"], tmp_path / "larva").dataset
    matrices = {}
    for name in (names[0], "all-all_connectivity_matrix.csv.gz"):
        table = pa.csv.read_csv(folder / name)
        matrices[name.split("_")[0]] = np.column_stack([table[c] for c in table.column_names[1:]])
        ids = table[0].to_numpy()
    whole = matrices["all-all"]
    annotations = pd.read_csv(folder / "annotations.csv")
    left, right = (np.isin(ids, pd.to_numeric(annotations[f"{s}_id"], errors="coerce")) for s in ("left", "right"))
    said = asked(brain, "The larva:")
    assert said["how many connections"] == (whole > 0).sum()
    assert said["how many synapses"] == whole.sum()
    assert said["how many synapses with compartment a-d"] == matrices["ad"].sum()
    assert said["count of connections from side left to side right"] == (whole[np.ix_(left, right)] > 0).sum()
    both = (whole > 0) & (whole.T > 0)
    assert said["count of reciprocal pairs"] == np.triu(both, 1).sum()


def test_the_central_complex(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "hemibrain"
    if not folder.exists():
        pytest.skip("no hemibrain tables")
    files = [folder / "eb_connectivity.csv.gz", folder / "eb_neurons.json.gz"]
    brain = import_neuprint(files, tmp_path / "eb").dataset
    table, records = pd.read_csv(files[0]), pd.read_json(files[1])
    type_of = dict(zip(records.bodyId, records.type.fillna(""), strict=True))
    pairs = set(zip(table.source, table.target, strict=True))
    said = asked(brain, "The central")
    loops = sum((b, a) in pairs and type_of[a] == "EPG" and type_of[b] == "PEG" for a, b in pairs)
    assert said["MATCH (a:EPG)->(b:PEG)->(a) RETURN count"] == loops
    of = {kind: {i for i, t in type_of.items() if t.startswith(kind)} for kind in ("EPG", "PEN_a")}
    epg = {i for i in of["EPG"] if type_of[i] == "EPG"}
    through = sum(
        len({a for a in epg if (a, b) in pairs}) * len({c for c in epg if (b, c) in pairs})
        - len({a for a in epg if (a, b) in pairs and (b, a) in pairs})
        for b in of["PEN_a"]
    )
    assert said["MATCH (a:EPG)->(b:'PEN_a*')->(c:EPG) RETURN count"] == through
    asked(brain, "The hemibrain:")


def test_skeletons(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "navis_neurons"
    if not folder.exists():
        pytest.skip("no skeletons")
    brain = import_swc(folder / "swc", tmp_path / "d", unit="8", synapses=folder / "synapses").dataset
    lines = (folder / "swc" / "722817260.swc").read_text().splitlines()
    said = asked(brain, "Axon and")
    assert said["morphology of 722817260"] == sum(1 for line in lines if line.strip() and not line.startswith("#"))
