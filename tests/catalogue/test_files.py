"""Files of questions: what a header says, what is wrong with a broken one, and whose file counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graphkit.catalogue import Catalogue, Parameter
from graphkit.catalogue.header import parse_question
from graphkit.dataset import Dataset
from graphkit.errors import CatalogueError

GOOD = """-- title: Large neurons
-- group: Neurons
-- about: Neurons by their synapses,
--     inputs and outputs together.
-- parameter: neurons neurons = any: only these
-- parameter: min_synapses int >= 1 = 100: in all; more: better
-- parameter: end text in both|either = both: which
-- column: neuron_id: the neuron
-- column: synapses (synapses): inputs and outputs
-- example: neurons="type 'A'" min_synapses=1

-- a comment of the text, below its first line, would be part of it
"""
BODY = """SELECT neuron_id, inputs + outputs AS synapses FROM neurons
WHERE synapses >= $min_synapses AND $end <> ''
  AND neuron_id IN (SELECT unnest($neurons))
ORDER BY ALL
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_header_says_what_the_question_takes_and_gives(tmp_path: Path) -> None:
    header = GOOD.split("\n\n")[0]
    question = parse_question(tmp_path / "large.sql", f"{header}\n{BODY}")
    assert question.about == "Neurons by their synapses, inputs and outputs together."
    assert question.parameters == (
        Parameter("neurons", "neurons", "only these", required=False),
        Parameter("min_synapses", "int", "in all; more: better", required=False, default="100", least=1.0),
        Parameter("end", "text", "which", required=False, default="both", choices=("both", "either")),
    )
    assert [(c.name, c.unit, c.meaning) for c in question.columns] == [
        ("neuron_id", "", "the neuron"),
        ("synapses", "synapses", "inputs and outputs"),
    ]
    assert question.language == "SQL"
    assert question.text == BODY.rstrip()
    assert question.first_line == 11
    assert question.usage == "large [neurons=...] [min_synapses=...] [end=...]"


@pytest.mark.parametrize("mark", ["#", "//", "--"])
@pytest.mark.parametrize("suffix", [".txt", ".match", ".SQL"])
def test_any_comment_marks_a_header(tmp_path: Path, mark: str, suffix: str) -> None:
    text = f"{mark} title: T\n{mark}group: G\n\n{mark} column: region: R\nregions\n"
    assert parse_question(tmp_path / f"q{suffix}", text).title == "T"


HEAD = "-- title: T\n-- group: G\n-- column: a: b\n"
BROKEN = [
    ("-- group: G\n-- column: a: b\nSELECT 1", 1, "The header has no title", "-- title: Strongest inputs"),
    ("-- title: T\n-- column: a: b\nSELECT 1", 1, "The header has no group", "-- group: Partners"),
    ("-- title: T\n-- group: G\nSELECT 1", 1, "names no column", "-- column: synapses"),
    (HEAD, 3, "no question below the header", "after the comments"),
    (HEAD + "-- titel: U\nSELECT 1", 4, "'titel: U' is no line of a header", "Did you mean 'title'?"),
    (HEAD + "-- Reads neurons\nSELECT 1", 4, "is no line of a header", "Other comments go below"),
    (HEAD + "-- title: U\nSELECT 1", 4, "There is a title already", "indented"),
    (HEAD + "-- about:\nSELECT 1", 4, "about is empty", "after `about:`"),
    (HEAD + "-- column: no meaning\nSELECT 1", 4, "does not describe a column", "distance_nm (nm): between"),
    (HEAD + "-- column: a: again\nSELECT 1", 4, "two columns 'a'", "different names"),
    (HEAD + "-- parameter: x\nSELECT $x", 4, "does not describe a parameter", "NAME KIND = DEFAULT"),
    (HEAD + "-- parameter: x regoin: R\nSELECT $x", 4, "no kind 'regoin'", "Did you mean 'region'?"),
    (HEAD + "-- parameter: X int: R\nSELECT $X", 4, "'X' cannot be a parameter's name", "small letters"),
    (HEAD + "-- parameter: limit int: R\nSELECT $limit", 4, "has a limit already", "--limit"),
    (HEAD + "-- parameter: x text >= 1: R\nSELECT $x", 4, "A text cannot be >= 1", "Only int and float"),
    (HEAD + "-- parameter: x int in 1|2: R\nSELECT $x", 4, "A int has no list of choices", "Only a text"),
    (HEAD + "-- parameter: x int >= 5 = 4: R\nSELECT $x", 4, "The default does not fit: x must be at least 5", "R"),
    (HEAD + "-- parameter: x int = many: R\nSELECT $x", 4, "x must be a whole number, got 'many'", "R"),
    (HEAD + "-- parameter: x int: R\n-- parameter: x int: S\nSELECT $x", 5, "two parameters 'x'", "different"),
    (HEAD + "-- parameter: x int: R\nSELECT 1", 4, "'x' is used nowhere", "Write $x"),
    (HEAD + "-- parameter: min_n int: R\nSELECT 1,\n  $min_m, $min_n", 6, "$min_m is not declared", "'min_n'"),
    (HEAD + "SELECT $y", 4, "$y is not declared", "-- parameter: y KIND"),
    (HEAD + "-- example: x=1\nSELECT 1", 4, "gives 'x', which is no parameter", "none"),
    (HEAD + "-- parameter: x int: R\n-- example:\nSELECT $x", 5, "leaves out x", "every required"),
    (HEAD + "-- example: x='\nSELECT 1", 4, "cannot be read", "quotation mark"),
    (HEAD + "-- example: EPG\nSELECT 1", 4, "'EPG' is not NAME=VALUE", "min_synapses=5"),
]


@pytest.mark.parametrize(("text", "line", "message", "fix"), BROKEN, ids=[b[2] for b in BROKEN])
def test_a_broken_file_is_named_with_its_line_and_the_fix(
    tmp_path: Path, text: str, line: int, message: str, fix: str
) -> None:
    written(tmp_path, "broken.sql", text)
    written(tmp_path, "good.sql", GOOD.split("\n\n")[0] + "\n" + BODY)
    catalogue = Catalogue(folders=[tmp_path])
    assert catalogue.find("good").title == "Large neurons"
    assert len(catalogue.list()) > 40
    with pytest.raises(CatalogueError) as caught:
        catalogue.find("broken")
    assert caught.value.message.startswith(f"{tmp_path / 'broken.sql'}, line {line}: ")
    assert message in caught.value.message
    assert fix in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["search.sql", "show.txt", "my question.sql", "5.sql"])
def test_a_name_that_could_not_be_asked_is_refused(tmp_path: Path, name: str) -> None:
    written(tmp_path, name, HEAD + "SELECT 1")
    (error,) = Catalogue(folders=[tmp_path]).broken.values()
    assert "Name the file with letters" in (error.hint or "")


def test_bytes_that_are_no_text_and_two_files_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "bytes.sql").write_bytes(b"-- title: T\n-- group: \xff\n")
    written(tmp_path, "twice.sql", HEAD + "SELECT 1 AS a")
    written(tmp_path, "twice.txt", HEAD + "regions")
    broken = Catalogue(folders=[tmp_path]).broken
    assert "line 2: This is not UTF-8" in broken["bytes"].message
    assert "twice.sql has the same name" in broken["twice"].message


def test_earlier_folders_count_and_other_files_are_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, title in (("given", "of --queries"), ("named", "of GRAPHKIT_QUERIES"), ("own/graphkit/queries", "own")):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        written(folder, "hubs.sql", HEAD.replace("T", title) + "SELECT 1 AS a")
        written(folder, f"{title[:3].strip()}.sql", HEAD.replace("T", title) + "SELECT 1 AS a")
        written(folder, "README.md", "no question")
        written(folder, ".hidden.sql", "no question")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("GRAPHKIT_QUERIES", os.pathsep.join([str(tmp_path / "named"), ""]))
    catalogue = Catalogue(folders=[tmp_path / "given"])
    assert not catalogue.broken
    assert catalogue.find("hubs").title == "of --queries"
    assert Catalogue().find("hubs").title == "of GRAPHKIT_QUERIES"
    monkeypatch.delenv("GRAPHKIT_QUERIES")
    assert Catalogue().find("hubs").title == "own"
    assert Catalogue().find("autapses").group == "Neurons"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CatalogueError, match="no folder of questions at"):
        Catalogue(folders=[tmp_path / "no"])
    monkeypatch.setenv("GRAPHKIT_QUERIES", str(tmp_path / "no"))
    with pytest.raises(CatalogueError, match="no folder of questions at"):
        Catalogue()


def test_search_wants_every_word_and_names_come_first() -> None:
    found = [q.name for q in Catalogue().search("Reciprocal")]
    assert found[:2] == ["reciprocal_inhibition", "reciprocal_pairs"]
    assert [q.name for q in Catalogue().search("reciprocal inhibit each")] == ["reciprocal_inhibition"]
    assert Catalogue().search("nothing like it") == []


def test_names_are_found_however_they_are_written() -> None:
    assert Catalogue().find("Reciprocal-Pairs").name == "reciprocal_pairs"
    with pytest.raises(CatalogueError) as caught:
        Catalogue().find("reciprocal_pears")
    assert caught.value.hint == "Did you mean 'reciprocal_pairs'?"


def test_an_error_of_the_sql_names_the_file_and_its_line(tmp_path: Path, tiny: Dataset) -> None:
    path = written(tmp_path, "wrong.sql", HEAD + "SELECT type AS a\nFROM neurons\nWHERE FROM")
    with pytest.raises(CatalogueError) as caught:
        Catalogue(tiny, folders=[tmp_path]).run("wrong")
    assert str(path) in caught.value.message
    assert "LINE 6: WHERE FROM" in caught.value.message


def test_english_that_cannot_be_parsed_names_the_file(tmp_path: Path, tiny: Dataset) -> None:
    path = written(tmp_path, "wrong.txt", HEAD + "motif in EB")
    with pytest.raises(CatalogueError, match="cannot be run") as caught:
        Catalogue(tiny, folders=[tmp_path]).run("wrong")
    assert str(path) in caught.value.message


def test_columns_that_the_header_does_not_name_are_told(tmp_path: Path, tiny: Dataset) -> None:
    written(tmp_path, "other.sql", HEAD + "SELECT 1 AS b")
    result = Catalogue(tiny, folders=[tmp_path]).run("other")
    assert result.rows() == [{"b": 1}]
    assert "the columns are a" in result.notes[-1]


def test_the_sandbox_holds_for_files_too(tmp_path: Path, tiny: Dataset) -> None:
    written(tmp_path, "outside.sql", HEAD + "SELECT * FROM read_csv('/etc/passwd')")
    written(tmp_path, "write.sql", HEAD + f"COPY neurons TO '{tmp_path}/out.csv'")
    for name in ("outside", "write"):
        with pytest.raises(CatalogueError, match=r"not available here|Only SELECT"):
            Catalogue(tiny, folders=[tmp_path]).run(name)
    assert not (tmp_path / "out.csv").exists()
