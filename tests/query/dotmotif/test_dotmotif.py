"""Motif files against MATCH, against the definition, and against what DotMotif itself finds.

tests/golden/dotmotif.json holds what DotMotif 0.18.0 (grandiso 2.2.0, networkx 3.6.1; `GrandIsoExecutor.find`, with
`exclude_automorphisms` false and true) found in the graph of the PEG, PEN_a and ER4d neurons of data-samples/ring, and the
counts from the definition (tests/query/match/oracle.py).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from graphkit.cli import app
from graphkit.dataset import Dataset
from graphkit.errors import QueryError
from graphkit.query import ir
from graphkit.query.dotmotif.parser import parse_dotmotif
from graphkit.query.files import read_question_file
from graphkit.query.match.parser import parse_match
from graphkit.query.match.text import match_text
from tests.query.dotmotif.motifs import MOTIFS
from tests.query.match.oracle import MatchOracle

ROOT = Path(__file__).parents[3]
GOLDEN: dict[str, Any] = json.loads((ROOT / "tests" / "golden" / "dotmotif.json").read_text())
AMONG = "AMONG type (PEG, PEN_a, ER4d)"


def _forms(ring: Dataset, name: str) -> tuple[ir.Match, ir.Match]:
    """The motif and the MATCH question, counted in the same graph."""
    motif, match = MOTIFS[name]
    pattern, _, where = match.partition(" WHERE ")
    asked = parse_match(ring, f"MATCH {pattern} {AMONG} {f'WHERE {where}' if where else ''} RETURN count")
    return replace(parse_dotmotif(ring, motif), selection=asked.selection, returns="count"), asked


def _counts(ring: Dataset, form: ir.Match) -> list[int]:
    return [ring.query(replace(form, labelled=labelled)).scalar() for labelled in (True, False)]


@pytest.mark.slow
def test_motifs_have_the_same_counts_as_match_and_as_the_definition(ring: Dataset) -> None:
    assert list(GOLDEN["motifs"]) == list(MOTIFS)
    for name, golden in GOLDEN["motifs"].items():
        motif, match = _forms(ring, name)
        assert motif.labelled
        assert _counts(ring, motif) == _counts(ring, match) == [golden["labelled"], golden["once"]], name
        assert parse_match(ring, match_text(motif)) == motif, name


@pytest.mark.soak
def test_the_counts_are_those_of_the_definition(ring: Dataset) -> None:
    oracle = MatchOracle(ring)
    for name, golden in GOLDEN["motifs"].items():
        form, _ = _forms(ring, name)
        found = [len(oracle.classes(replace(form, labelled=labelled))) for labelled in (True, False)]
        assert found == [golden["labelled"], golden["once"]], name


OTHERWISE = {
    "other types": "UnexpectedCharacters",  # <> is in its documentation, and not read
    "comparison in a macro": "KeyError",  # an argument on the right of a comparison is not replaced
    "no weak connection back": "AttributeError",  # a condition on a connection that must be absent
    "inhibition": 446,  # the sign of -| is not looked at,
    "excitation and inhibition": 8757,  # nor that of -+,
    "no inhibition back": 234,  # nor that of !|
}
"""Where DotMotif finds something else, by default; docs/dotmotif.md says why."""

OTHERWISE_ONCE = {
    *("3-cycle", "4-cycle", "4-cycle without diagonals", "one-way triangle, in nested macros"),  # orientations are lost
    *("one-way pair", "one-way pair, other sign"),  # an absent connection is taken for one that is there
    *("least weight", "named connection with a value"),  # conditions do not tell connections apart
}
"""Where it finds less with ``exclude_automorphisms``."""


def test_dotmotif_counts_the_same_but_where_it_is_wrong() -> None:
    for name, golden in GOLDEN["motifs"].items():
        assert golden["dotmotif"] == OTHERWISE.get(name, golden["labelled"]), name
        if name not in OTHERWISE:
            once = golden["dotmotif_without_automorphisms"]
            assert once < golden["once"] if name in OTHERWISE_ONCE else once == golden["once"], name


# -- what a motif file may hold, and what not -------------------------------------------------------------------------


def test_names_are_those_of_other_datasets_too(ring: Dataset) -> None:
    for column in ("type", "cell_type"):
        form = parse_dotmotif(ring, f'A -> B [weight >= 5, neurotransmitter = gaba, roi = EB]\nA.{column} = "ER4d"')
        assert match_text(form) == (
            "MATCH (A: type 'ER4d')-[synapses >= 5 and nt in ('gaba') and region in ('EB')]->(B) LABELLED"
        )
    form = parse_dotmotif(ring, "A -> B\nA.bodyId = 100001\nB['root_id'] != 100002")
    assert [n.where for n in form.nodes] == [
        ir.Comparison("neuron_id", "=", 100001),
        ir.Comparison("neuron_id", "!=", 100002),
    ]


def test_names_of_neurons_may_be_of_any_script(ring: Dataset) -> None:
    form = parse_dotmotif(ring, "α -> β\nβ -> γ\nγ -> λ\nλ -> α\nα !> γ\nγ !> α\nβ !> λ\nλ !> β")
    motif, _ = MOTIFS["4-cycle without diagonals"]
    latin = parse_dotmotif(ring, motif)
    assert [n.name for n in form.nodes] == ["α", "β", "γ", "λ"]
    asked = parse_match(ring, "MATCH (a)->(b) IN PB with at least 5 synapses").selection
    counts = [ring.query(replace(f, returns="count", selection=asked)).scalar() for f in (form, latin)]
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    ("clause", "terms"),
    [
        ("weight >= 4.5", ((">=", 5),)),
        ("weight > 4", ((">=", 5),)),
        ("weight > 4.5", ((">=", 5),)),
        ("weight <= 4.5", (("<", 5),)),
        ("weight < 4.5", (("<", 5),)),
        ("weight < 4", (("<", 4),)),
        ("weight >= -3", ((">=", 0),)),
        ("weight != 4.5", ()),
        ("weight == 4, weight = 4", (("=", 4),)),
    ],
)
def test_weights_are_whole_numbers_of_synapses(ring: Dataset, clause: str, terms: tuple[Any, ...]) -> None:
    assert parse_dotmotif(ring, f"A -> B [{clause}]").edges[0].synapses == terms


@pytest.mark.parametrize(
    ("motif", "message"),
    [
        ("", "The motif has no connection."),
        ('A.type = "EPG"', "The motif has no connection."),
        ("A -> ", "The motif stops too early."),
        ("A => B", "I do not understand '=>' here."),
        ("A -> B [weight >= ", "The motif stops too early."),
        ("A -> B [length >= 4]", "Connections have no 'length' here."),
        ("A -> B [weight contains 4]", "Synapses are compared with a number, not by contains '4'."),
        ("A -> B [weight = 4.5]", "No connection has 4.5 synapses: they are counted."),
        ("A -> B [nt > gaba]", "'nt' of a connection goes with = only."),
        ("A -> B [nt = gabba]", "No synapse of this dataset has the transmitter 'gabba'."),
        ("A -> B [nt = gaba, nt = glutamate]", "A connection cannot be both gaba and glutamate."),
        ('A -> B\nA.type = "EPGG"', "No neuron has the type 'EPGG'."),
        ('A -> B\nA.type contains "XYZ"', "No neuron has a type that contains 'XYZ'."),
        ('A -> B\nA.inputs contains "1"', "contains goes with text, and 'inputs' holds none."),
        ("A -> B\nA.size > 3", "Neurons have no column 'size'."),
        ('A -> B\nC.type = "EPG"', "There is no 'C' in the motif."),
        ("A -> B\nA.type = B.inputs", "These two cannot be compared: they hold different kinds of values."),
        ("A -> B as ab\nab.weight > B.inputs", "These two cannot be compared: they hold different kinds of values."),
        ("A -> B as ab\nB -> C as ab", "'ab' names something else already."),
        ("A -> B\nA === C", "There is no neuron 'C' in the motif."),
        ("A -> B\nA !> B", "The connection (A)->(B) must be there and must be absent, so nothing can match."),
        ("A -> B\nC -> D", "The pattern falls into 2 pieces, (A, B) and (C, D):"),
        ("foo(A, B)", "There is no macro 'foo' in this motif."),
        ("m(a, b) { a -> b }\nm(A)", "The macro 'm' takes 2 neurons, and 1 are given."),
        ("m(a, b) { a -> c }\nm(A, B)", "'c' is not an argument of the macro 'm'."),
        ("m(a, b) { n(a, b) }\nn(a, b) { m(a, b) }\nm(A, B)", "The macro 'm' ends in calling itself."),
        ("m(a) { a -> a }\nm(a) { a -> a }\nm(A)", "There are two macros 'm'."),
        ("\n".join(f"N{i} -> N{i + 1}" for i in range(40)), "The pattern has 41 neurons; 8 are the most."),
        ("A -> B\nA.type = 'EPG", "The quotation that begins with ' does not end, or is not expected here."),
    ],
)
def test_what_is_wrong_is_said(ring: Dataset, motif: str, message: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse_dotmotif(ring, motif)
    assert raised.value.message.startswith(message)


def test_macros_that_call_each_other_do_not_run_away(ring: Dataset) -> None:
    doubling = "".join(f"m{i}(a, b) {{ m{i + 1}(a, b) m{i + 1}(b, a) }}\n" for i in range(40))
    with pytest.raises(QueryError, match="more than 2,000 statements"):
        parse_dotmotif(ring, f"{doubling}m40(a, b) {{ a -> b }}\nm0(A, B)")


def test_a_sign_needs_a_transmitter_of_the_dataset(pair_totals: Dataset) -> None:
    with pytest.raises(QueryError, match="no synapse of this dataset has the transmitter gaba or glycine"):
        parse_dotmotif(pair_totals, "A -| B")


def test_a_file_goes_on_with_a_question(ring: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "loop.motif"
    file.write_text("# a loop\nA -> B\nB -> C\nC -> A\n")
    once = ring.count_matches("(a)->(b)->(c)->(a) IN PB")
    assert ring.query(read_question_file(ring, file, "IN PB RETURN count")).scalar() == 3 * once
    assert ring.query(read_question_file(ring, file, "in PB unlabelled return count")).scalar() == once
    assert ring.count_matches(file, region="PB") == 3 * once
    assert ring.count_matches(file, region="PB", labelled=False) == once


def test_files_that_cannot_be_read(ring: Dataset, tmp_path: Path) -> None:
    (tmp_path / "x.motif").write_bytes(b"A -> \xff\xfe")
    (tmp_path / "large.motif").write_text("# " + "x" * (1 << 20))
    (tmp_path / "dir.motif").mkdir()
    for name in ("x.motif", "large.motif", "dir.motif", "missing.motif", "x.xml"):
        with pytest.raises(QueryError):
            read_question_file(ring, tmp_path / name)


def test_the_documentation(sim: Dataset) -> None:
    text = (ROOT / "docs" / "dotmotif.md").read_text()
    (motif,) = re.findall(r"```motif\n(.*?)```", text, re.DOTALL)
    form = parse_dotmotif(sim, motif)
    assert match_text(form) == (
        "MATCH (A: type 'EPG')-[synapses >= 5]->(B), NOT (B)->(A), (B)-[synapses >= 5]->(C), NOT (C)->(B), "
        "(A)-[direct: synapses >= 2]->(C) WHERE B.inputs > C.inputs LABELLED"
    )
    shown = {int(n.replace(",", "")) for n in re.findall(r"\| ([\d,]+) (?=\|)", text)}
    known = {n for golden in GOLDEN["motifs"].values() for n in golden.values() if isinstance(n, int)}
    assert len(shown) > 15
    assert shown <= known
    equal = sum(golden["dotmotif"] == golden["labelled"] for golden in GOLDEN["motifs"].values())
    assert f"{equal} of the {len(MOTIFS)} counts are equal" in text


def test_the_command_takes_a_file(ring: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "loop.motif"
    file.write_text("A -> B\nB -> C\nC -> A\n")
    once = ring.count_matches("(a)->(b)->(c)->(a) IN PB")
    asked = ["query", "--file", str(file), "IN PB RETURN count", "-d", ring.url, "--format", "csv"]
    done = CliRunner().invoke(app, asked)
    assert (done.exit_code, done.stdout) == (0, f"matches\n{3 * once}\n")
    assert "Answering: MATCH (A)->(B), (B)->(C), (C)->(A) in region 'PB' LABELLED RETURN count" in done.stderr
    file.write_text("A -> B\nA !> B\n")
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1
    assert "  A !> B\n  ^^^^^^\n" in done.stderr
