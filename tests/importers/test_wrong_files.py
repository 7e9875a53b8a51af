"""Files that are not what they were said to be: each importer says so, and which one reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graphkit.errors import ImportDataError
from graphkit.importers import (
    import_celegans,
    import_codex,
    import_edges,
    import_larva,
    import_neuprint,
    import_swc,
    import_synapses,
)


def _file(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("weight", ["weight", "syn_count", "synapses", "count"])
def test_pairs_do_not_become_single_synapses(tmp_path: Path, weight: str) -> None:
    pairs = _file(tmp_path, "pairs.csv", f"pre,post,{weight}", "1,2,7", "2,3,1")
    with pytest.raises(ImportDataError, match=f"has the column '{weight}'") as caught:
        import_synapses(pairs, tmp_path / "brain")
    assert "`graphkit import edges`" in (caught.value.hint or "")
    report = import_synapses(pairs, tmp_path / "brain", columns={"score": weight})  # each row is one, the user says
    assert report.dataset.sql("SELECT sum(synapses) FROM connections").scalar() == 2


def test_synapses_with_a_weight_of_their_own_are_read(tmp_path: Path) -> None:
    for name, table in (
        ("ids", ("id,pre,post,weight", "1,1,2,7", "2,1,2,3")),
        ("places", ("pre,post,x_nm,y_nm,z_nm,weight", "1,2,5,5,5,7", "1,2,6,6,6,3")),
    ):
        report = import_synapses(_file(tmp_path, f"{name}.csv", *table), tmp_path / name)
        assert report.dataset.sql("SELECT sum(synapses) FROM connections").scalar() == 2


def test_numbers_are_no_cells_of_the_worm(tmp_path: Path) -> None:
    pairs = _file(tmp_path, "pairs.csv", "source,target,weight", "720575940621039145,2,7", "2,720575940621039145,1")
    with pytest.raises(ImportDataError, match="are numbers") as caught:
        import_celegans(pairs, tmp_path / "worm")
    assert "`graphkit import edges`" in (caught.value.hint or "")


def test_the_table_of_varshney_goes_to_edges(tmp_path: Path) -> None:
    table = _file(tmp_path, "NeuronConnect.csv", "Neuron 1,Neuron 2,Type,Nbr", "AVAL,AVAR,EJ,5", "AVAL,AVBL,Sp,2")
    with pytest.raises(ImportDataError, match="Varshney") as caught:
        import_celegans(table, tmp_path / "worm")
    assert "graphkit import edges FILE --kind-map S=chemical" in (caught.value.hint or "")


def test_a_table_that_the_larva_has_no_use_for(tmp_path: Path) -> None:
    matrix = _file(tmp_path, "ad_connectivity_matrix.csv", ",1,2", "1,0,3", "2,1,0")
    other = _file(tmp_path, "edges.csv", "pre,post,type,weight", "1,2,ad,3")
    with pytest.raises(ImportDataError, match=r"edges\.csv is neither a matrix nor a table about neurons") as caught:
        import_larva([matrix, other], tmp_path / "larva")
    assert (caught.value.hint or "").startswith("Leave it out.")


def test_a_folder_of_folders_of_skeletons(tmp_path: Path) -> None:
    (tmp_path / "download" / "swc").mkdir(parents=True)
    with pytest.raises(ImportDataError, match=r"no file that ends with \.swc") as caught:
        import_swc(tmp_path / "download", tmp_path / "brain")
    assert caught.value.hint == "Check the name of the folder."
    _file(tmp_path / "download" / "swc", "1.swc", "1 1 0 0 0 1 -1")
    with pytest.raises(ImportDataError) as caught:
        import_swc(tmp_path / "download", tmp_path / "brain")
    assert caught.value.hint == f"Its folder '{tmp_path / 'download' / 'swc'}' has some: give that."


def test_neurons_alone_are_no_connectome(tmp_path: Path) -> None:
    records = _file(tmp_path, "neurons.json", '[{"bodyId": 1, "type": "EPG"}]')
    with pytest.raises(ImportDataError, match="None of the files has connections") as caught:
        import_neuprint(records, tmp_path / "brain")
    assert "bodyId_pre, bodyId_post, weight" in (caught.value.hint or "")
    table = _file(tmp_path, "neurons.csv", "root_id,group,nt_type", "1,EB,ACH")
    with pytest.raises(ImportDataError, match="None of the files has connections"):
        import_codex(table, tmp_path / "brain")


def test_what_skipping_does_is_said(tmp_path: Path) -> None:
    worm = _file(tmp_path, "worm.csv", "pre,post,type,synapses", "AVAL,VA05,electrical,5", "VA05,AVAL,electrical,4")
    with pytest.raises(ImportDataError, match="weight 5 one way and 4 the other") as caught:
        import_celegans(worm, tmp_path / "worm")
    assert re.search("the larger of the two, counted, with --on-error skip", caught.value.hint or "")
    report = import_celegans(worm, tmp_path / "worm", on_error="skip")
    assert report.dataset.sql("SELECT synapses FROM connections").df()["synapses"].tolist() == [5]


def test_a_matrix_is_no_table_of_pairs(tmp_path: Path) -> None:
    ids = range(11, 19)
    rows = "".join(f"{i},{','.join('1' for _ in ids)}\n" for i in ids)
    (tmp_path / "m.csv").write_text(f",{','.join(map(str, ids))}\n{rows}")
    with pytest.raises(ImportDataError, match="recognised as pre_id") as refused:
        import_edges(tmp_path / "m.csv", tmp_path / "d")
    assert "as those of a matrix of neurons: `graphkit import larva`" in (refused.value.hint or "")


def test_a_weight_of_each_region_beside_the_total_is_asked_back(tmp_path: Path) -> None:
    """neuPrint's rows by region: 5 + 2 synapses of a pair of 7, which as edges would have been 14."""
    (tmp_path / "r.csv").write_text("from,to,roi,ROIweight,weight\n1,2,EB,5,7\n1,2,PB,2,7\n")
    with pytest.raises(ImportDataError, match="'ROIweight'") as refused:
        import_edges(tmp_path / "r.csv", tmp_path / "d")
    assert "--columns weight=ROIweight" in (refused.value.hint or "")
    brain = import_edges(tmp_path / "r.csv", tmp_path / "e", columns={"weight": "ROIweight"}).dataset
    assert brain.query("how many synapses").scalar() == 7
    assert import_neuprint(tmp_path / "r.csv", tmp_path / "f").dataset.query("how many synapses in PB").scalar() == 2


def test_synapses_of_other_neurons_than_the_skeletons(tmp_path: Path) -> None:
    (tmp_path / "7.swc").write_text("1 0 0 0 0 1 -1\n2 0 0 0 9 1 1\n")
    (tmp_path / "s.csv").write_text("pre_id,post_id,x,y,z\n720575940621039145,3,1,2,3\n5,6,1,2,3\n")
    with pytest.raises(ImportDataError, match="None of the 2 synapses is on a neuron that has a skeleton"):
        import_swc([tmp_path / "7.swc"], tmp_path / "d", synapses=[tmp_path / "s.csv"])
    (tmp_path / "s.csv").write_text("pre_id,post_id,x,y,z\n720575940621039145,7,1,2,3\n5,6,1,2,3\n")
    report = import_swc([tmp_path / "7.swc"], tmp_path / "d", synapses=[tmp_path / "s.csv"])
    assert report.dataset.table("synapses").num_rows == 2
