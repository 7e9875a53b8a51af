"""What parameters take: by kind, resolved against the dataset, and never a part of the statement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from graphkit.catalogue import Catalogue, Parameter
from graphkit.catalogue.values import bind, shell_quoted, split_example
from graphkit.dataset import Dataset
from graphkit.errors import CatalogueError, GraphkitError, UnknownNameError
from tests.conftest import LONG

A1, A2, B1, B2, C1, D = (LONG + i for i in range(6))


def value(kind: str, given_: Any, dataset: Dataset, **more: Any) -> Any:
    return bind(Parameter("x", kind, "what it is", **more), given_, dataset).value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("int", "5", 5),
        ("int", 5, 5),
        ("int", str(2**53 + 1), 2**53 + 1),
        ("float", "0.5", 0.5),
        ("float", 2, 2.0),
        ("text", "it's; -- $x", "it's; -- $x"),
        ("type", "a", ["A"]),
        ("type", "A,B", ["A", "B"]),
        ("type", ["A", "D(x)_L'"], ["A", "D(x)_L'"]),
        ("type", "B", ["B"]),
        ("type", "d*", ["D(x)_L'"]),
        ("region", "eb", [2]),
        ("region", "CX", [1, 2, 3]),
        ("region", "FB, beta'L(R)", [3, 4]),
        ("region", ["EB", "FB"], [2, 3]),
        ("transmitter", "GABA", ["gaba"]),
        ("transmitter", "gaba,acetylcholine", ["gaba", "acetylcholine"]),
        ("neuron", str(A1), A1),
        ("neuron", A2, A2),
        ("neuron", "b2_r", B2),
        ("neuron", "it's", C1),
        ("neurons", "type 'A'", [A1, A2]),
        ("neurons", "type A, neurons of FB", [A1, A2]),
        ("neurons", str(D), [D]),
        ("neurons", [D, A1], [A1, D]),
        ("neurons", A1, [A1]),
        ("neurons", "any neuron", [A1, A2, B1, B2, C1, D]),
    ],
)
def test_what_a_parameter_stands_for(kind: str, text: Any, wanted: Any, tiny: Dataset) -> None:
    assert value(kind, text, tiny) == wanted


@pytest.mark.parametrize(
    ("kind", "text", "message", "hint"),
    [
        ("int", "5.5", "x must be a whole number, got '5.5'", "what it is"),
        ("int", 5.0, "x must be a whole number, got 5.0", "what it is"),
        ("int", True, "x must be a whole number, got True", "what it is"),
        ("int", "1" * 19, "x must be a whole number", "what it is"),
        ("float", "nan", "x must be a number, got 'nan'", "what it is"),
        ("float", "much", "x must be a number, got 'much'", "what it is"),
        ("text", 5, "x must be a text, got 5", "what it is"),
        ("type", "AA", "No neuron has the type 'AA'", "Did you mean 'A'"),
        ("type", 5, "x must be the name of a type", "what it is"),
        ("region", "EBB", "There is no region 'EBB'", "Did you mean 'EB'?"),
        ("region", "EB,FX", "There is no region 'FX'", "`regions` lists"),
        ("transmitter", "gabba", "has the transmitter 'gabba'", "Did you mean 'gaba'?"),
        ("neuron", "5", "There is no neuron 5", "ids look like"),
        ("neuron", "B2_L", "no neuron named 'B2_L'", "Did you mean 'B2_R'?"),
        ("neurons", "Q*", "There is no type, class or neuron 'Q*'", "`types`"),
        ("neurons", [5], "There is no neuron 5", "ids look like"),
        ("neurons", 0.5, "x must be neurons", "what it is"),
    ],
)
def test_what_does_not_fit_is_told(kind: str, text: Any, message: str, hint: str, tiny: Dataset) -> None:
    with pytest.raises(GraphkitError) as caught:
        value(kind, text, tiny)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_choices_and_least(tiny: Dataset) -> None:
    assert value("text", "inputs", tiny, choices=("inputs", "outputs")) == "inputs"
    with pytest.raises(CatalogueError, match=r"one of inputs, outputs, got 'input'") as caught:
        value("text", "input", tiny, choices=("inputs", "outputs"))
    assert caught.value.hint == "Did you mean 'inputs'?"
    with pytest.raises(CatalogueError, match="at least 3, got 2"):
        value("int", 2, tiny, least=3.0)


def test_missing_and_unknown_parameters(tiny: Dataset) -> None:
    run = tiny.catalogue.run
    with pytest.raises(CatalogueError) as caught:
        run("strongest_inputs")
    assert caught.value.message == "strongest_inputs needs neurons: the neurons asked."
    assert caught.value.hint == "For example: graphkit catalogue strongest_inputs neurons=EPG min_synapses=5"
    with pytest.raises(CatalogueError, match="has no parameter 'neuron'"):
        run("strongest_inputs", neuron="A")
    with pytest.raises(CatalogueError, match="has no parameter 'x'"):
        run("disconnected_neurons", x=1)
    with pytest.raises(CatalogueError, match="no dataset"):
        Catalogue().run("hubs")


def test_any_is_the_same_as_leaving_out(tiny: Dataset) -> None:
    assert tiny.catalogue.run("autapses", region="any").rows() == tiny.catalogue.run("autapses").rows()
    assert tiny.catalogue.run("autapses", region=None).question == "catalogue autapses min_synapses=1"


def test_the_question_says_all_that_was_asked_and_can_be_asked_again(tiny: Dataset) -> None:
    result = tiny.catalogue.run("strongest_inputs", neurons=[A1, B1], region="eb")
    assert (
        result.question
        == f'catalogue strongest_inputs neurons="neurons ({A1}, {B1})" region=EB min_synapses=1'.replace(
            '"neurons (', "'neurons ("
        ).replace(')"', ")'")
    )
    again = tiny.catalogue.run("strongest_inputs", **split_example(result.question.partition("inputs ")[2]))
    assert again.rows() == result.rows()
    assert again.question == result.question


def test_columns_carry_their_meaning_into_json(tiny: Dataset) -> None:
    text = tiny.catalogue.run("autapses").to_json()
    assert '"meaning": "from the neuron onto itself (synapses)"' in text


def test_the_limit_is_said(tiny: Dataset) -> None:
    result = tiny.catalogue.run("hubs", limit=1)
    assert len(result) == 1
    assert not result.complete
    assert "Only the first row is shown" in result.notes[-1]


def test_explain_shows_what_the_parameters_were(tiny: Dataset) -> None:
    plan = tiny.catalogue.run("strongest_inputs", neurons="type A").explain()
    assert f"$neurons = [{A1}, {A2}]" in plan
    assert "$min_synapses = 1" in plan
    assert "$region" not in plan


ECHO = """-- title: T
-- group: G
-- parameter: said text: any text
-- column: said: the same
SELECT $said AS said
"""


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory, tiny: Dataset) -> Catalogue:
    folder = tmp_path_factory.mktemp("echo")
    (folder / "echo.sql").write_text(ECHO)
    return Catalogue(tiny, folders=[folder])


NASTY = ["'; DROP VIEW neurons; --", "$said", "\\", '"', "a\nb", "' || (SELECT count(*) FROM neurons) || '", "é😀"]


@pytest.mark.parametrize("text", NASTY)
def test_a_text_comes_back_as_it_is(text: str, echo: Catalogue) -> None:
    assert echo.run("echo", said=text).scalar() == text


@given(text=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_as_it_is(text: str, echo: Catalogue) -> None:
    if text != "any":
        assert echo.run("echo", said=text).scalar() == text


@given(text=st.text(st.sampled_from("EB '\";$()*?,.-\n"), min_size=1, max_size=12))
@example(text="EB")
@example(text="eb")
@settings(max_examples=10, deadline=None)
def test_names_into_english_are_names_or_errors(text: str, tiny: Dataset) -> None:
    """Whatever is given as a region, what is asked is a motif question about regions of the dataset, or nothing."""
    try:
        result = tiny.catalogue.run("motif_census", region=text, limit=1)
    except GraphkitError:
        return
    assert result.notes[0].startswith("It asks: motifs")


@given(
    words=st.dictionaries(
        st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.text(st.characters(codec="ascii", exclude_characters="\0"))
    )
)
def test_a_shell_reads_quoted_values_as_they_were(words: dict[str, str]) -> None:
    assert split_example(" ".join(f"{k}={shell_quoted(v)}" for k, v in words.items())) == words


def test_wildcards_in_lists_of_types_and_ids_beyond_doubles(tmp_path: Path, tiny: Dataset) -> None:
    text = "-- title: T\n-- group: G\n-- parameter: of neuron: N\n-- column: neuron_id: N\nSELECT $of::BIGINT AS neuron_id\n"
    (tmp_path / "same.sql").write_text(text)
    assert Catalogue(tiny, folders=[tmp_path]).run("same", of=str(LONG)).scalar() == 720575940621039145
    with pytest.raises(UnknownNameError):
        value("type", "A,Q*", tiny)
