"""Tables of pairs: the rules of graphkit.importers.edges against sums made by hand or by plain Python."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphkit.errors import ImportDataError
from graphkit.importers import ImportReport, import_edges

IDS = [1, 2, 2**53 + 1, 720575940621039145, 2**63 - 1]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def connections(report: ImportReport) -> dict[tuple[Any, ...], int]:
    rows = report.dataset.table("connections").to_pylist()
    return {(r["pre_id"], r["post_id"], r["kind"], r["region_id"]): r["synapses"] for r in rows}


def balanced(report: ImportReport) -> bool:
    return report.rows_read == report.rows_kept + sum(left.rows for left in report.left_out)


def left(report: ImportReport) -> dict[str, int]:
    return {x.reason: x.rows for x in report.left_out}


def test_large_ids_survive_and_parallel_rows_are_summed(tmp_path: Path) -> None:
    big = 720575940621039145
    source = write(
        tmp_path / "e.csv", f"pre_root_id,post_root_id,syn_count\n{big},{2**53 + 1},3\n{big},{2**53 + 1},4\n1,2,5\n"
    )
    report = import_edges(source, tmp_path / "d")
    assert connections(report) == {(big, 2**53 + 1, "chemical", None): 7, (1, 2, "chemical", None): 5}
    assert any(n.startswith("1 row is of a pair that the same file has before") for n in report.notes)
    assert (report.rows_read, report.rows_kept, report.left_out) == (3, 3, ())
    assert sorted(report.dataset.table("neurons")["neuron_id"].to_pylist()) == sorted([1, 2, big, 2**53 + 1])


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(IDS), st.sampled_from(IDS), st.integers(0, 9), st.sampled_from(["EB", "FB", "", "None"])
        ),
        min_size=1,
        max_size=30,
    ).filter(lambda rows: any(w > 0 for *_, w, _ in rows)),
    form=st.sampled_from(["csv", "tsv", "parquet"]),
)
def test_sums_are_those_of_a_counter(rows: list[tuple[int, int, int, str]], form: str, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("edges")
    path = folder / f"t.{form}"
    if form == "parquet":
        columns = list(zip(*rows, strict=True))
        pq.write_table(
            pa.table(dict(zip(["pre", "post", "weight", "neuropil"], map(list, columns), strict=True))), path
        )
    else:
        with path.open("w", newline="") as file:
            writer = csv.writer(file, delimiter="," if form == "csv" else "\t")
            writer.writerows([("pre", "post", "weight", "neuropil"), *rows])
    report = import_edges(path, folder / "d")
    regions = {"": None, "None": 0}
    tree = report.dataset.table("regions").to_pylist() if report.dataset.has("regions") else []
    regions |= {r["name"]: r["region_id"] for r in tree}
    expected: Counter[tuple[Any, ...]] = Counter()
    for pre, post, weight, region in rows:
        if weight:
            expected[pre, post, "chemical", regions[region]] += weight
    assert connections(report) == dict(expected)
    assert balanced(report)
    assert sum(left(report).values()) == sum(w == 0 for *_, w, _ in rows)


def test_names_get_ids_in_alphabetical_order(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "Neuron 1,Neuron 2,Nbr\n AVAL ,RIS,2\nRIS,ADAL  ,1.0\nNA,b,3\n")
    report = import_edges(source, tmp_path / "d")
    names = {r["neuron_id"]: r["name"] for r in report.dataset.table("neurons").to_pylist()}
    assert names == dict(enumerate(sorted(["AVAL", "RIS", "ADAL", "NA", "b"]), start=1))
    assert connections(report) == {
        (2, 4, "chemical", None): 2,
        (4, 1, "chemical", None): 1,
        (3, 5, "chemical", None): 3,
    }
    assert report.names_kept == 5


def test_neurons_of_a_named_table_join_by_name(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "source,target\nA,B\nA,B\n")
    table = write(tmp_path / "n.csv", "name,cell_type,hemisphere,depth\nA,ER,L,1.5\nC,EPG,R,2\n")
    report = import_edges(source, tmp_path / "d", neurons=table)
    got = {
        r["name"]: (r["neuron_id"], r["type"], r["side"], r["depth"])
        for r in report.dataset.table("neurons").to_pylist()
    }
    assert got == {"A": (1, "ER", "left", 1.5), "B": (2, None, None, None), "C": (3, "EPG", "right", 2.0)}
    assert connections(report) == {(1, 2, "chemical", None): 2}  # without weights a row is a synapse
    assert any("every row counts as one synapse" in n for n in report.notes)


def test_equal_pairs_of_several_files_count_once(tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", "source,target,weight\n1,2,5\n2,3,1\n")
    b = write(tmp_path / "b.csv", "source,target,weight\n1,2,5\n3,4,2\n")
    report = import_edges([a, b], tmp_path / "d")
    assert connections(report) == {
        (1, 2, "chemical", None): 5,
        (2, 3, "chemical", None): 1,
        (3, 4, "chemical", None): 2,
    }
    assert list(left(report).values()) == [1]
    assert balanced(report)


def test_different_weights_over_files(tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", "source,target,weight\n1,2,5\n")
    b = write(tmp_path / "b.csv", "source,target,weight\n1,2,7\n")
    with pytest.raises(ImportDataError, match="from 1 to 2 has weight 5 in one file and 7 in another"):
        import_edges([a, b], tmp_path / "d")
    report = import_edges([a, b], tmp_path / "e", on_error="skip")
    assert connections(report) == {(1, 2, "chemical", None): 7}
    assert balanced(report)
    assert "from 1 to 2 has weight 5" in report.left_out[0].examples[0]


def test_rows_without_weights_add_up_over_files(tmp_path: Path) -> None:
    a = write(tmp_path / "a.csv", "source,target\n1,2\n1,2\n")
    b = write(tmp_path / "b.csv", "source,target\n1,2\n")
    assert connections(import_edges([a, b], tmp_path / "d")) == {(1, 2, "chemical", None): 3}


def test_gap_junctions_listed_both_ways_are_one(tmp_path: Path) -> None:
    text = "pre,post,weight,type\n1,2,4,EJ\n2,1,4,EJ\n3,3,1,EJ\n2,3,2,EJ\n1,2,9,S\n1,4,1,NMJ\n"
    report = import_edges(
        write(tmp_path / "e.csv", text), tmp_path / "d", kind_map={"EJ": "electrical", "S": "chemical"}
    )
    assert connections(report) == {
        (1, 2, "electrical", None): 4,
        (3, 3, "electrical", None): 1,
        (2, 3, "electrical", None): 2,
        (1, 2, "chemical", None): 9,
    }
    assert sorted(left(report).values()) == [1, 1]
    assert balanced(report)
    assert any("1 gap junctions of a neuron with itself" in n for n in report.notes)


def test_gap_junctions_with_two_weights(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "pre,post,weight,kind\n7,5,3,electrical\n5,7,4,electrical\n")
    with pytest.raises(ImportDataError, match=r"gap junction between 5 and 7 has weight 4 one way and 3 the other"):
        import_edges(source, tmp_path / "d")
    report = import_edges(source, tmp_path / "e", on_error="skip")
    assert connections(report) == {(5, 7, "electrical", None): 4}
    assert balanced(report)


def test_unexplained_kinds_are_a_question(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "pre,post,weight,Type\n1,2,3,S\n2,1,4,EJ\n")
    with pytest.raises(ImportDataError, match=r"seems to say what kind .* 'EJ' \(1 row\), 'S' \(1 row\)"):
        import_edges(source, tmp_path / "d")
    with pytest.raises(ImportDataError) as caught:
        import_edges(source, tmp_path / "d")
    assert "--kind-map EJ=electrical,S=chemical" in (caught.value.hint or "")  # all of them: others would be left out
    report = import_edges(source, tmp_path / "e", where="Type = 'S' AND weight >= 3")
    assert connections(report) == {(1, 2, "chemical", None): 3}
    assert balanced(report)


def test_a_first_row_of_data_is_not_taken_for_names(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "AVAL,AVAR,3\nAVAL,DA01,12\n")
    with pytest.raises(ImportDataError, match="recognised as pre_id") as caught:
        import_edges(source, tmp_path / "d")
    assert "put a line of names before it" in (caught.value.hint or "")


BAD_ROWS = [
    ("1,2,-3", r"e.csv, line 3, column 'weight': '-3' is below 0"),
    ("1,2,0.5", r"line 3, column 'weight': '0.5' is not a whole number"),
    ("1,2,many", r"line 3, column 'weight': 'many' is not a number"),
    ("1,2,", r"line 3, column 'weight': the value is missing"),
    ("1,7.20575940621039e+17,1", r"line 3, column 'post': '7.20575940621039e\+17' is a floating-point number"),
    ("9223372036854775808,2,1", r"line 3, column 'pre': '9223372036854775808' is not below 2\^63"),
    ("-1,2,1", r"line 3, column 'pre': '-1' is negative"),
    (",2,1", r"line 3, column 'pre': the value is missing"),
    ("1,2", r"line 3: fewer cells than the header has columns"),
    ("1,2,3,4", r"line 3: more cells than the header has columns"),
]


@pytest.mark.parametrize(("row", "said"), BAD_ROWS)
def test_a_bad_row_fails(row: str, said: str, tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", f"pre,post,weight\n5,6,7\n{row}\n6,5,8\n")
    with pytest.raises(ImportDataError, match=said):
        import_edges(source, tmp_path / "d", ids="integer")
    assert not (tmp_path / "d" / "dataset.json").exists()


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    """Between good ones, so that none takes a good one with it."""
    rows = [f"{bad}\n{10 + i},6,{i + 1}\n" for i, (bad, _) in enumerate(BAD_ROWS)]
    source = write(tmp_path / "e.csv", "pre,post,weight\n5,6,7\n" + "".join(rows))
    report = import_edges(source, tmp_path / "e", ids="integer", on_error="skip")
    good = {(10 + i, 6, "chemical", None): i + 1 for i in range(len(BAD_ROWS))}
    assert connections(report) == {(5, 6, "chemical", None): 7} | good
    assert (report.rows_read, report.rows_kept) == (2 * len(BAD_ROWS) + 1, len(BAD_ROWS) + 1)
    assert balanced(report)
    assert [(x.rows, len(x.examples)) for x in report.left_out] == [(1, 1)] * len(BAD_ROWS)
    shown = [x.examples[0] for x in report.left_out]
    for i, (_, said) in enumerate(BAD_ROWS):
        words = said.removeprefix("e.csv, ").replace("line 3", f"line {3 + 2 * i}")
        assert sum(re.search(rf"\b{words}", example) is not None for example in shown) == 1, (words, shown)


def test_examples_stop_at_three(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "pre,post,weight\n" + "1,2,x\n" * 9 + "1,2,3\n")
    report = import_edges(source, tmp_path / "d", on_error="skip")
    assert [(x.rows, len(x.examples)) for x in report.left_out] == [(9, 3)]
    assert "line 2" in report.left_out[0].examples[0]


def test_digits_and_words_together_are_a_question(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "pre,post\n1,2\n3,AVAL\n")
    with pytest.raises(ImportDataError, match=r"3 ends of pairs are numbers .* 1 are words"):
        import_edges(source, tmp_path / "d")
    report = import_edges(source, tmp_path / "e", ids="name")
    assert report.names_kept == 4
    report = import_edges(source, tmp_path / "f", on_error="skip")
    assert connections(report) == {(1, 2, "chemical", None): 1}


def test_a_float64_parquet_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    pq.write_table(pa.table({"pre": [1.0, 2.0], "post": [2, 1], "weight": [1.0, 2.0]}), path)
    with pytest.raises(ImportDataError, match=r"Column 'pre' of e.parquet holds ids as floating-point numbers"):
        import_edges(path, tmp_path / "d", on_error="skip")
    pq.write_table(
        pa.table({"pre": pa.array([2**63 - 1, 2**63], pa.uint64()), "post": [2, 1], "weight": [1.0, 2.0]}), path
    )
    report = import_edges(path, tmp_path / "d", on_error="skip")
    assert connections(report) == {(2**63 - 1, 2, "chemical", None): 1}  # weights may be whole floats


def test_several_candidates_and_none_name_the_option(tmp_path: Path) -> None:
    two = write(tmp_path / "a.csv", "source,from,target\n1,2,3\n")
    with pytest.raises(ImportDataError, match=r"could be pre_id: 'source', 'from'") as error:
        import_edges(two, tmp_path / "d")
    assert "--columns pre_id=NAME" in str(error.value)
    assert connections(import_edges(two, tmp_path / "d", columns={"pre_id": "from"})) == {(2, 3, "chemical", None): 1}
    none = write(tmp_path / "b.csv", "left|right\n1|2\n")
    with pytest.raises(ImportDataError, match=r"recognised as pre_id; its columns: 'left', 'right'"):
        import_edges(none, tmp_path / "e")
    with pytest.raises(ImportDataError, match=r"no column 'lft'.*\nDid you mean 'left'"):
        import_edges(none, tmp_path / "e", columns={"pre_id": "lft"})
    with pytest.raises(ImportDataError, match="no field 'pre'"):
        import_edges(none, tmp_path / "e", columns={"pre": "left"})


@pytest.mark.parametrize(
    "where",
    [
        "weight > 1; DROP TABLE t",
        "pre IN (SELECT pre FROM read_csv('{secret}'))",
        "length((SELECT content FROM read_text('{secret}'))) > 0",
        "weight > 1) OR (SELECT count(*) FROM glob('/*')) > (0",
        "nonsense >",
        "nocolumn = 1",
    ],
)
def test_a_filter_reads_nothing_but_its_table(where: str, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.csv", "pre\n1\n")
    source = write(tmp_path / "e.csv", "pre,post,weight\n1,2,3\n")
    with pytest.raises(ImportDataError, match="The filter"):
        import_edges(source, tmp_path / "d", where=where.format(secret=secret))


def test_a_filter_that_selects_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "pre,post,weight\n1,2,3\n")
    with pytest.raises(ImportDataError, match=r"no connection to import: 1 rows were read; left out: 1 not selected"):
        import_edges(source, tmp_path / "d", where="weight > 5")


def test_the_transmitter_of_most_synapses_wins(tmp_path: Path) -> None:
    text = "pre,post,weight,nt_type\n1,2,3,GABA\n1,2,3,ACH\n1,2,2,GABA\n3,4,1,b\n3,4,1,a\n4,5,1,\n"
    rows = import_edges(write(tmp_path / "e.csv", text), tmp_path / "d").dataset.table("connections").to_pylist()
    assert {(r["pre_id"], r["nt"]) for r in rows} == {(1, "GABA"), (3, "a"), (4, None)}


def test_the_snapshot_says_where_it_came_from(tmp_path: Path) -> None:
    source = write(tmp_path / "e.csv", "pre,post\n1,2\n")
    step = import_edges(source, tmp_path / "d", name="worm").dataset.snapshot.provenance[-1]
    assert (step["command"], step["sources"][0]["name"], step["sources"][0]["bytes"]) == ("import edges", "e.csv", 13)


@pytest.fixture(scope="module")
def worm() -> Path:
    folder = os.environ.get("GRAPHKIT_REAL_DATA")
    if not folder or not (Path(folder) / "c_elegans/NeuronConnect.xls").exists():
        pytest.skip("needs GRAPHKIT_REAL_DATA with c_elegans/NeuronConnect.xls")
    return Path(folder) / "c_elegans/NeuronConnect.xls"


def test_c_elegans_has_the_published_counts(worm: Path, tmp_path: Path) -> None:
    """Varshney et al. 2011: 279 neurons, 2,194 directed chemical connections, 514 gap junctions (without 3
    self-loops)."""
    kinds = {"S": "chemical", "Sp": "chemical", "EJ": "electrical"}
    report = import_edges(worm, tmp_path / "d", kind_map=kinds)
    rows = report.dataset.table("connections").to_pylist()
    found = Counter((r["kind"], r["pre_id"] == r["post_id"]) for r in rows)
    assert found["chemical", False] + found["chemical", True] == 2194
    assert (found["electrical", False], found["electrical", True]) == (514, 3)
    assert report.dataset.table("neurons").num_rows == report.names_kept == 279
    assert balanced(report)
    chosen = import_edges(worm, tmp_path / "e", where="Type in ('S','Sp')")
    assert chosen.dataset.table("connections").num_rows == 2194
    assert chosen.dataset.table("neurons").num_rows == 279


def test_c_elegans_weights_equal_a_plain_sum(worm: Path, tmp_path: Path) -> None:
    import xlrd

    sheet = xlrd.open_workbook(str(worm)).sheet_by_index(0)
    expected: defaultdict[tuple[str, str], int] = defaultdict(int)
    for r in range(1, sheet.nrows):
        pre, post, kind, weight = (c.value for c in sheet.row(r))
        if kind in ("S", "Sp") and weight:
            expected[pre, post] += int(weight)
    dataset = import_edges(worm, tmp_path / "d", where="Type in ('S','Sp')", kind="chemical").dataset
    name = {r["neuron_id"]: r["name"] for r in dataset.table("neurons").to_pylist()}
    got = {(name[r["pre_id"]], name[r["post_id"]]): r["synapses"] for r in dataset.table("connections").to_pylist()}
    assert got == dict(expected)
