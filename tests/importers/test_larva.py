"""The larval brain: matrices in the published layout, and the published ones with the paper's totals."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from graphkit.errors import ImportDataError
from graphkit.importers import import_larva

BIG = 2**53 + 1
AD = f",7,{BIG},3\n7,0.0,2.0,0.0\n{BIG},4.0,0.0,1.0\n3,0.0,0.0,0.0\n"
AA = f",7,{BIG},3\n7,0.0,0.0,0.0\n{BIG},5.0,0.0,0.0\n3,0.0,0.0,0.0\n"
NONE = f",7,{BIG},3\n7,0.0,0.0,0.0\n{BIG},0.0,0.0,0.0\n3,0.0,0.0,0.0\n"
ALL = f",7,{BIG},3\n7,0.0,2.0,0.0\n{BIG},9.0,0.0,1.0\n3,0.0,0.0,0.0\n"
NOTES = f"left_id,right_id,celltype,additional_annotations,level_7_cluster\n7,{BIG},KC,KC,3\nno pair,44,sensory,gut,no cluster\n"


def files(folder: Path, **texts: str) -> list[Path]:
    paths = []
    for name, text in texts.items():
        word = name.replace("_", "-")
        path = folder / (
            f"{word}_connectivity_matrix.csv" if name in ("ad", "aa", "da", "dd", "all_all") else f"{name}.csv"
        )
        path.write_text(text)
        paths.append(path)
    return paths


def test_compartments_pairs_and_the_check_by_the_sum(tmp_path: Path) -> None:
    given = files(
        tmp_path, ad=AD, aa=AA, da=NONE, dd=NONE, all_all=ALL, annotations=NOTES, inputs=",axon_input\n7,9.0\n"
    )
    report = import_larva(given, tmp_path / "d")
    rows = report.dataset.table("connections").to_pylist()
    assert {(r["pre_id"], r["post_id"], r["compartment"]): r["synapses"] for r in rows} == {
        (7, BIG, "axo-dendritic"): 2,
        (BIG, 7, "axo-dendritic"): 4,
        (BIG, 7, "axo-axonic"): 5,
        (BIG, 3, "axo-dendritic"): 1,
    }
    found = {r["neuron_id"]: r for r in report.dataset.table("neurons").to_pylist()}
    assert set(found) == {3, 7, 44, BIG}
    assert (found[7]["type"], found[7]["side"], found[7]["pair_id"], found[7]["axon_input"]) == ("KC", "left", BIG, 9)
    assert (found[BIG]["side"], found[BIG]["pair_id"], found[44]["pair_id"], found[44]["side"]) == (
        "right",
        7,
        None,
        "right",
    )
    assert (report.rows_read, report.rows_kept, [x.rows for x in report.left_out]) == (7, 4, [3])
    alone = import_larva(files(tmp_path, all_all=ALL), tmp_path / "alone")
    assert [r["compartment"] for r in alone.dataset.table("connections").to_pylist()] == [None] * 3


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    def refused(match: str, **texts: str) -> None:
        with pytest.raises(ImportDataError, match=match):
            import_larva(files(tmp_path, **texts), tmp_path / "d")

    refused("None of the files is a matrix: 'annotations.csv'", annotations=NOTES)
    refused(
        r"says 9 synapses from 9007199254740993 to 7, the four add up to 4 \(1 pairs",
        ad=AD,
        aa=NONE,
        da=NONE,
        dd=NONE,
        all_all=ALL,
    )
    refused("beside 'ad' only; those synapses would count twice", ad=AD, all_all=ALL)
    refused("line 2 .7., column '3': '0.5' is no count", ad=AD.replace("2.0,0.0", "2.0,0.5"))
    refused("line 4 .3.: 2 cells are missing", ad=AD.replace("3,0.0,0.0,0.0", "3,0.0"))
    refused("several lines named '7'", ad=AD.replace("\n3,", "\n7,"))
    refused("'AVAL' is no neuron's id", ad=AD.replace("\n3,", "\nAVAL,"))
    refused("is no adjacency matrix", ad="<html>sign in</html>\n")
    refused("There is no connection to import", ad=NONE)
    broken = AD.replace("2.0,0.0", "2.0,-1").replace("4.0", "x")
    report = import_larva(files(tmp_path, ad=broken), tmp_path / "d", on_error="skip")
    assert (report.rows_read, report.rows_kept, sum(x.rows for x in report.left_out)) == (4, 2, 2)


def test_the_published_totals(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "larva_winding2023"
    if not folder.exists():
        pytest.skip("no larval matrices")
    names = [f"{k}_connectivity_matrix.csv.gz" for k in ("ad", "aa", "da", "dd", "all-all")]
    report = import_larva([folder / n for n in names], tmp_path / "d")
    rows = report.dataset.table("connections").to_pylist()
    assert report.dataset.snapshot.tables["neurons"].rows == 2_952
    assert len({(r["pre_id"], r["post_id"]) for r in rows}) == 110_677
    assert sum(r["synapses"] for r in rows) == 352_611
    pairs = Counter(r["compartment"] for r in rows)
    synapses: defaultdict[str, int] = defaultdict(int)
    for r in rows:
        synapses[r["compartment"]] += r["synapses"]
    assert pairs == {"axo-dendritic": 63_545, "axo-axonic": 40_636, "dendro-axonic": 3_722, "dendro-dendritic": 9_019}
    assert synapses == {
        "axo-dendritic": 234_958,
        "axo-axonic": 90_800,
        "dendro-axonic": 6_438,
        "dendro-dendritic": 20_415,
    }


def test_questions_about_one_kind_of_synapses(real_data: Path, tmp_path: Path) -> None:
    """Motifs of each published matrix alone, beside the squares of the matrix itself."""
    folder = real_data / "larva_winding2023"
    if not folder.exists():
        pytest.skip("no larval matrices")
    names = {"ad": "axo-dendritic", "aa": "axo-axonic", "da": "dendro-axonic", "dd": "dendro-dendritic"}
    files = [folder / f"{k}_connectivity_matrix.csv.gz" for k in names]
    brain = import_larva(files, tmp_path / "d").dataset
    for file, name in zip(files, names.values(), strict=True):
        cells = np.loadtxt(file, delimiter=",", skiprows=1, dtype=float)[:, 1:]
        linked = (cells > 0).astype(
            np.float64
        )  # whole numbers below 2^53; numpy multiplies those of int64 without BLAS
        np.fill_diagonal(linked, 0)
        counts = {r["code"]: r["count"] for r in brain.query(f"motifs with compartment {name}").arrow().to_pylist()}
        assert counts["A"] == linked.sum()
        assert counts["M"] == (linked * linked.T).sum() // 2
        assert counts["030T"] == ((linked @ linked) * linked).sum()
        (found,) = (
            brain.query(f"MATCH (a)->(b)->(c), (a)->(c) WITH COMPARTMENT '{name}' RETURN count")
            .arrow()["matches"]
            .to_pylist()
        )
        assert found == counts["030T"]
        assert brain.graph(compartments=name).synapses.sum() == cells.sum()
