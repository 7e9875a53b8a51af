"""Every kind of question against the same answer counted by hand from the stored synapses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from graphkit.dataset import Dataset
from graphkit.importers import import_edges
from graphkit.query.result import Result
from graphkit.views.natural import natural_kind
from tests.query.oracle import Oracle, Picked, by_rank


def _tuples(result: Result, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[c] for c in columns or result.columns) for row in result]


def _belonging(regions: tuple[str, ...], percent: int = 50) -> Callable[[Oracle], Any]:
    return lambda raw: raw.belongs(regions, percent)


SELECTIONS = [
    Picked(),
    Picked("in EB", regions=("EB",)),
    Picked("in region CX, EB", regions=("CX", "EB")),
    Picked("in EB, FB with at least 3 synapses", regions=("EB", "FB"), least=3),
    Picked("in CX with at least 3 synapses per region", regions=("CX",), least=3, per_region=True),
    Picked("with >= 5 synapses", least=5),
    Picked("with at least 4 synapses per region", least=4, per_region=True),
    Picked("with transmitter GABA", nt=("gaba",)),
    Picked(
        "with nt gaba, acetylcholine in MB(R) without autapses",
        regions=("MB(R)",),
        nt=("gaba", "acetylcholine"),
        autapses=False,
    ),
    Picked("without autapses", autapses=False),
    Picked("among type 'E*', PFNd", among=Oracle.typed("E*", "PFNd")),
]
SETS = [
    ("type 'EPG'", Oracle.typed("EPG")),
    ("epg, 'ER?d' or PEG", Oracle.typed("EPG", "ER?d", "PEG")),
    ("type 'KC*'", Oracle.typed("KC*")),
    ("side left", lambda n: n["side"] == "left"),
    ("class (sensory, local)", lambda n: n["class"] in ("sensory", "local")),
    ("neurons where (inputs >= 80 and not type = 'EPG')", lambda n: n["in_at"].total() >= 80 and n["type"] != "EPG"),
]
GROUPS = [(), ("type",), ("class", "side"), ("nt",), ("region",), ("type", "region"), ("region", "side")]


def _expected_partners(
    raw: Oracle, of: set[int], direction: str, by: tuple[str, ...], picked: Picked
) -> list[tuple[Any, ...]]:
    figures: dict[Any, list[Any]] = defaultdict(lambda: [set(), 0, 0, set()])  # partners, inputs, outputs, targets
    for incoming in (True, False):
        if direction == ("outputs" if incoming else "inputs"):
            continue
        pairs = raw.pairs(picked, post=of) if incoming else raw.pairs(picked, pre=of)
        for (pre, post), counts in pairs.items():
            partner, mine = (pre, post) if incoming else (post, pre)
            for region, n in counts.items():
                row = figures[raw.key(partner, region, by) if by else (partner,)]
                row[0].add(partner)
                row[1 if incoming else 2] += n
                row[3].add(mine)
    ends = (
        {"post": of} if direction == "inputs" else {"pre": of}
    )  # a share is of everything there, whatever was left out
    total = sum(counts.total() for counts in raw.pairs(Picked(regions=picked.regions), **ends).values())
    rows = []
    for key, (partners, i, o, mine) in figures.items():
        numbers = (i, o) if direction == "partners" else (i + o, pytest.approx((i + o) / total))
        rows.append((*key, len(partners), *numbers) if by else (*key, *numbers, len(mine)))
    at = len(by) + 1 if by else 1
    ranked = [(*r, r[at] + r[at + 1] if direction == "partners" else r[at]) for r in rows]
    order = by_rank(
        ranked,
        -1,
        *([by.index(g) for g in by if g != "region"] + [by.index(g) for g in by if g == "region"]) if by else [0],
    )
    return [r[:-1] for r in order]


@pytest.mark.parametrize("picked", SELECTIONS, ids=lambda p: p.words or "all")
@pytest.mark.parametrize("direction", ["inputs", "outputs", "partners"])
def test_partners(sim: Dataset, raw: Oracle, direction: str, picked: Picked) -> None:
    for number, (words, check) in list(enumerate(SETS))[len(picked.words) % 3 :: 3]:
        by = GROUPS[(number + len(picked.words)) % len(GROUPS)]
        question = f"{direction} of {words} {picked.words} {'by ' + ', '.join(by) if by else ''}"
        answer = sim.query(question)
        groups = [*sorted(set(by) - {"region"}, key=by.index), *(["region"] if "region" in by else [])]
        names = [*by, "neurons"] if by else ["neuron_id"]
        figures = ["inputs", "outputs"] if direction == "partners" else ["synapses", "share"]
        assert set(answer.columns) >= {*groups, *figures}
        found = _tuples(answer, *names, *figures, *([] if by else ["of_neurons"]))
        assert found == _expected_partners(raw, raw.ids(check), direction, by, picked), question
        assert answer.complete


def test_groups_of_partners_by_everything(sim: Dataset, raw: Oracle) -> None:
    for by in GROUPS[1:]:
        found = _tuples(sim.query(f"inputs of EPG by {', '.join(by)}"), *by, "neurons", "synapses", "share")
        assert found == _expected_partners(raw, raw.ids(Oracle.typed("EPG")), "inputs", by, Picked())


@pytest.mark.parametrize(
    "question",
    [
        "connections by type",
        "connections by class, side as mean",
        "connections with at least 3 synapses by type as input fraction",
        "connections without autapses by nt, status as input fraction order by post_nt, connections desc limit 7",
    ],
)
def test_a_large_matrix_is_the_same_by_either_way(sim: Dataset, question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphkit.query.plans import connections

    joined = sim.query(question, cache=False)
    monkeypatch.setattr(connections, "LARGE", 0)
    summed = sim.query(question, cache=False)
    assert "graph kernels" in summed.explain()
    assert summed.table.schema.names == joined.table.schema.names
    assert [tuple(r.values()) for r in summed] == [
        tuple(pytest.approx(v) if isinstance(v, float) else v for v in r.values()) for r in joined
    ]
    assert summed.complete == joined.complete


def _expected_connections(raw: Oracle, pairs: Any, by: tuple[str, ...]) -> list[tuple[Any, ...]]:
    groups = tuple(g for g in by if g != "region")
    by_region = "region" in by
    if not groups:
        rows = [
            (pre, post, *((region,) if by_region else ()), n)
            for (pre, post), counts in pairs.items()
            for region, n in (counts.items() if by_region else [("", counts.total())])
        ]
        return by_rank(rows, -1, 0, 1, *([2] if by_region else []))
    found: dict[Any, list[Any]] = defaultdict(lambda: [set(), set(), set(), 0])
    for (pre, post), counts in pairs.items():
        for region, n in counts.items():
            key = (*raw.key(pre, "", groups), *raw.key(post, "", groups), *((region,) if by_region else ()))
            figures = found[key]
            figures[0].add(pre)
            figures[1].add(post)
            figures[2].add((pre, post))
            figures[3] += n
    rows = [(*key, len(a), len(b), len(c), n) for key, (a, b, c, n) in found.items()]
    return by_rank(rows, -1, *range(2 * len(groups) + by_region))


def _connection_columns(by: tuple[str, ...]) -> list[str]:
    groups = [g for g in by if g != "region"]
    region = ["region"] if "region" in by else []
    if not groups:
        return ["pre_id", "post_id", *region, "synapses"]
    ends = [f"{end}_{g}" for end in ("pre", "post") for g in groups]
    return [*ends, *region, "pre_neurons", "post_neurons", "connections", "synapses"]


@pytest.mark.parametrize("picked", SELECTIONS, ids=lambda p: p.words or "all")
def test_connections_from_to(sim: Dataset, raw: Oracle, picked: Picked) -> None:
    ends = list(enumerate(zip(SETS, SETS[2:] + SETS[:2], strict=True)))
    for number, ((pre_words, pre), (post_words, post)) in ends[len(picked.words) % 2 :: 2]:
        by = GROUPS[(number + len(picked.words)) % len(GROUPS)]
        words = f"{picked.words} {'by ' + ', '.join(by) if by else ''}"
        pairs = raw.pairs(picked, raw.ids(pre), raw.ids(post))
        found = _tuples(sim.query(f"connections from {pre_words} to {post_words} {words}"), *_connection_columns(by))
        assert found == _expected_connections(raw, pairs, by)


@pytest.mark.parametrize(("first", "second"), list(combinations(SETS, 2)))
def test_connections_both_ways_count_nothing_twice(sim: Dataset, raw: Oracle, first: Any, second: Any) -> None:
    """Also where the two sets share neurons."""
    one, two = raw.ids(first[1]), raw.ids(second[1])
    pairs = raw.pairs(Picked(), one, two) | raw.pairs(Picked(), two, one)
    for by in ((), ("type",)):
        words = "by type" if by else ""
        answer = sim.query(f"connections between {first[0]} and {second[0]} {words}")
        assert _tuples(answer, *_connection_columns(by)) == _expected_connections(raw, pairs, by)


def test_connections_of_one_end_and_of_all(sim: Dataset, raw: Oracle) -> None:
    epg = raw.ids(Oracle.typed("EPG"))
    for question, pairs in (
        ("connections from EPG", raw.pairs(Picked(), pre=epg)),
        ("connections to EPG", raw.pairs(Picked(), post=epg)),
        ("connections between EPG", raw.pairs(Picked(), epg, epg)),
        ("connections from any neuron to all neurons", raw.pairs(Picked())),
    ):
        assert _tuples(sim.query(question), *_connection_columns(())) == _expected_connections(raw, pairs, ())


def test_names_and_types_stand_beside_the_ids(sim: Dataset, raw: Oracle) -> None:
    for row in sim.query("connections from EPG to PEG limit 20"):
        for end in ("pre", "post"):
            neuron = raw.neurons[row[f"{end}_id"]]
            assert (row[f"{end}_name"], row[f"{end}_type"]) == (neuron["name"], neuron["type"])


@pytest.mark.parametrize("picked", SELECTIONS, ids=lambda p: p.words or "all")
def test_single_synapses(sim: Dataset, raw: Oracle, picked: Picked) -> None:
    pre, post = raw.ids(Oracle.typed("ER*")), raw.ids(Oracle.typed("EPG", "ER*"))
    answer = sim.query(f"synapses from type 'ER*' to EPG, type 'ER*' {picked.words}")
    kept = raw.pairs(picked, pre, post)
    inside = None if picked.regions is None else raw.within(picked.regions)
    rows = [
        (s["pre_id"], s["post_id"], s["synapse_id"], raw.name[s["region_id"]], s["pre_x_nm"], s["size"], s["nt"])
        for s in raw.synapses
        if raw.name[s["region_id"]] in kept.get((s["pre_id"], s["post_id"]), ())
        and (inside is None or s["region_id"] in inside)
        and (picked.nt is None or s["nt"] in picked.nt)
    ]
    assert _tuples(answer, "pre_id", "post_id", "synapse_id", "region", "pre_x_nm", "size", "nt") == sorted(rows)


@pytest.mark.parametrize("regions", [("EB",), ("CX",), ("EB", "FB"), ("CX", "EBr1"), ("MB(R)",)])
def test_neurons_in_and_of_a_region(sim: Dataset, raw: Oracle, regions: tuple[str, ...]) -> None:
    names = ", ".join(f"'{r}'" for r in regions)
    rows = []
    for i, n in raw.neurons.items():
        there = raw.there(n, regions)
        if sum(there):
            rows.append((i, *there, n["in_at"].total(), n["out_at"].total(), sum(there)))
    answer = sim.query(f"neurons in region {names}")
    assert _tuples(answer, "neuron_id", "inputs_there", "outputs_there", "inputs", "outputs") == [
        r[:-1] for r in by_rank(rows, -1, 0)
    ]
    for percent in (1, 30, 50, 99, 100):
        found = sim.query(f"neurons of {names} at {percent}%").arrow()["neuron_id"].to_pylist()
        assert set(found) == raw.ids(raw.belongs(regions, percent))


def test_neurons_have_their_totals(sim: Dataset, raw: Oracle) -> None:
    partners: dict[int, set[int]] = defaultdict(set)
    for pre, post in raw.pairs(Picked(autapses=False)):
        partners[pre].add(post)
        partners[post].add(pre)
    rows = [(i, n["in_at"].total(), n["out_at"].total(), len(partners[i])) for i, n in raw.neurons.items()]
    found = _tuples(sim.query("neurons"), "neuron_id", "inputs", "outputs", "partners")
    assert found == [r[:-1] for r in by_rank([(*r, r[1] + r[2]) for r in rows], -1, 0)]


def test_where(sim: Dataset, raw: Oracle) -> None:
    for words, check in (
        (
            "type = 'epg' or (type = 'er4*' and side = left)",
            lambda n: n["type"] == "EPG" or (n["type"].startswith("ER4") and n["side"] == "left"),
        ),
        (
            "(type = EPG or type ~ ER4*) and not side = right",
            lambda n: (n["type"] == "EPG" or n["type"].startswith("ER4")) and n["side"] != "right",
        ),
        (
            "inputs > 100 and inputs <= 2e2 and outputs != 90",
            lambda n: 100 < n["in_at"].total() <= 200 and n["out_at"].total() != 90,
        ),
        ("soma_x_nm is null", lambda n: n["soma_x_nm"] is None),
        ("not type in (EPG, 'K*')", lambda n: n["type"] != "EPG" and not n["type"].startswith("K")),
        (
            "belong to EB at 30% and have synapses in FB",
            lambda n: raw.belongs(["EB"], 30)(n) and sum(raw.there(n, ["FB"])) > 0,
        ),
    ):
        assert set(sim.query(f"neurons where {words}").arrow()["neuron_id"].to_pylist()) == raw.ids(check), words


def test_types(sim: Dataset, raw: Oracle) -> None:
    for words, chosen, figures in (
        ("types", raw.ids(None), lambda n: (n["in_at"].total(), n["out_at"].total())),
        (
            "types in EB, FB",
            {i for i, n in raw.neurons.items() if sum(raw.there(n, ["EB", "FB"]))},
            lambda n: raw.there(n, ["EB", "FB"]),
        ),
        ("types of EB", raw.ids(raw.belongs(["EB"])), lambda n: (n["in_at"].total(), n["out_at"].total())),
        (
            "types where side = left",
            raw.ids(lambda n: n["side"] == "left"),
            lambda n: (n["in_at"].total(), n["out_at"].total()),
        ),
    ):
        rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for i in chosen:
            row, (inputs, outputs) = rows[raw.neurons[i]["type"]], figures(raw.neurons[i])
            rows[raw.neurons[i]["type"]] = [row[0] + 1, row[1] + inputs, row[2] + outputs]
        expected = by_rank([(t, *r) for t, r in rows.items()], 1, 0)
        assert _tuples(sim.query(words), "type", "neurons", "inputs", "outputs") == expected


def test_regions_are_rolled_up_over_the_tree(sim: Dataset, raw: Oracle) -> None:
    expected = []
    for region in raw.parent:
        inside = raw.within([raw.name[region]])
        present = {i for i, n in raw.neurons.items() if any(n["in_at"][r] or n["out_at"][r] for r in inside)}
        synapses = sum(s["region_id"] in inside for s in raw.synapses)
        names = [raw.name[r] for r in raw.path(region)]
        parent = names[-2] if len(names) > 1 else None
        expected.append((names[-1], parent, " > ".join(names), len(present), synapses, synapses))
    found = _tuples(sim.query("regions"), "region", "parent", "path", "neurons", "inputs", "outputs")
    assert sorted(found) == sorted(expected, key=lambda r: r[0])
    assert [r[2] for r in found] == sorted(r[2] for r in found)


# -- motifs against networkx ----------------------------------------------------------------------------------------


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "neurons",
        "inputs of EPG",
        "outputs of EPG by type",
        "connections",
        "synapses",
        "regions",
        "types",
        "motifs in EB",
    ],
)
def test_a_limit_cuts_the_end_off_and_says_so(sim: Dataset, question: str) -> None:
    whole = sim.query(question)
    assert whole.complete
    for answer in (
        sim.query(f"{question} limit 3"),
        sim.query(question, limit=3),
        sim.query(f"{question} top 3", limit=7),
    ):
        assert answer.rows() == whole.rows()[:3]
        assert not answer.complete
        assert "Only the first 3 rows are shown; there are more." in answer.notes
    assert sim.query(question, limit=len(whole)).complete


def test_paths_are_told_by_names(tmp_path: Path) -> None:
    (tmp_path / "named.csv").write_text("pre,post,weight\nAVAL,AVBR,5\nAVBR,DB1,3\nAVAL,DB1,2\nDB1,VD2,4\n")
    named = import_edges(tmp_path / "named.csv", tmp_path / "named").dataset
    for question in ("paths from AVAL to VD2 within 3 hops", "2 shortest paths from AVAL to VD2"):
        answer = named.query(question)
        assert answer.columns == ["hops", "weakest", "neuron_ids", "names", "types", "synapses"]
        assert [r["names"] for r in answer] == [["AVAL", "DB1", "VD2"], ["AVAL", "AVBR", "DB1", "VD2"]]
        assert natural_kind(answer) == "paths"
    by_type = named.query("paths from AVAL to VD2 within 3 hops by type")
    assert by_type.columns == ["types", "hops", "paths", "strongest"]
    assert any(note.startswith("No neuron of this dataset has a type") for note in by_type.notes)


def test_paths_through_neurons_that_nothing_is_known_of(tmp_path: Path) -> None:
    """No list of nulls where a path has no name or no type in it; where it has one, its place among the others is kept."""
    ids = [720575940621039145 + i for i in range(5)]
    pairs = [(0, 1), (1, 2), (0, 3), (3, 2), (0, 4), (4, 2)]
    (tmp_path / "pairs.csv").write_text("pre,post,weight\n" + "".join(f"{ids[a]},{ids[b]},9\n" for a, b in pairs))
    (tmp_path / "known.csv").write_text(f"neuron_id,name,type\n{ids[3]},Ann,\n{ids[4]},Bea,T\n")
    known = import_edges(tmp_path / "pairs.csv", tmp_path / "known", neurons=tmp_path / "known.csv").dataset
    answer = known.query(f"shortest paths from {ids[0]} to {ids[2]}")
    assert [(r["neuron_ids"][1], r["names"], r["types"]) for r in answer] == [
        (ids[1], None, None),
        (ids[3], [None, "Ann", None], None),
        (ids[4], [None, "Bea", None], [None, "T", None]),
    ]
    by_type = known.query(f"shortest paths from {ids[0]} to {ids[2]} by type")
    assert [(r["types"], r["paths"]) for r in by_type] == [([None] * 3, 2), ([None, "T", None], 1)]
    assert natural_kind(answer) == natural_kind(by_type) == "paths"
