"""The GraphML reader against NetworkX on what NetworkX writes, however the file is cut; and what it must refuse."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections import Counter
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import ImportDataError
from graphkit.importers.graphml_parser import GraphmlFile, parse_graphml

BIG = 720575940621039145
GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{}</graphml>'
KEY = '<key id="k" for="{}" attr.name="a" attr.type="string">{}</key>'


class Dripping(io.BytesIO):
    """A file that gives a few bytes at a time, as sockets and pipes may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(7 if size is None or size < 0 else min(size, 7))


def parse(text: str) -> GraphmlFile:
    return parse_graphml(io.BytesIO(text.encode()))


VALUES = st.one_of(st.integers(-9, BIG), st.booleans(), st.text("aé<&>\"' \n", max_size=4), st.floats(-1, 1))
DATA = st.dictionaries(st.sampled_from(["a", "b"]), VALUES)


@st.composite
def networks(draw: st.DrawFn) -> Any:
    """NetworkX declares an attribute once a type, so that mixed values give several keys of one name."""
    graph = nx.MultiDiGraph() if draw(st.booleans()) else nx.MultiGraph()
    for node in draw(st.lists(st.sampled_from([1, 2, BIG, "n 3"]), min_size=1, unique=True)):
        graph.add_node(node, **draw(DATA))
    ends = st.sampled_from(list(graph))
    for _ in range(draw(st.integers(0, 6))):
        graph.add_edge(draw(ends), draw(ends), **draw(DATA))
    return graph


@settings(max_examples=60, deadline=None)
@given(graph=networks(), dripping=st.booleans())
def test_what_networkx_writes_is_read_whole(graph: Any, dripping: bool) -> None:
    out = io.BytesIO()
    nx.write_graphml_xml(graph, out)
    read = parse_graphml((Dripping if dripping else io.BytesIO)(out.getvalue()))
    assert read.nodes == [str(node) for node in graph]
    assert bool(read.directed.all()) == (graph.is_directed() or not len(graph.edges))
    rows = zip(read.source.tolist(), read.target.tolist(), strict=True)
    found = [(read.nodes[a], read.nodes[b]) for a, b in rows]
    assert found == [(str(a), str(b)) for a, b in graph.edges()]
    for attributes, data in (
        (read.node_attributes, [d for _, d in graph.nodes(data=True)]),
        (read.edge_attributes, [d for _, _, d in graph.edges(data=True)]),
    ):
        assert set(attributes) - {"id"} == {name for d in data for name in d}
        for name in set(attributes) - {"id"}:
            assert attributes[name].values == [str(d[name]) if name in d else None for d in data]


def test_many_pieces_and_gzip() -> None:
    edges = [(i, (i * 7919) % 5000, i % 13) for i in range(20_000)]
    body = "".join(f'<edge source="{a % 5000}" target="{b}"><data key="w">{w}</data></edge>\n' for a, b, w in edges)
    nodes = "".join(f'<node id="{i}"/>' for i in range(5000))
    key = '<key id="w" for="edge" attr.name="weight" attr.type="long"/>'
    text = GRAPHML.format(f"{key}<graph edgedefault='directed'>{body}{nodes}</graph>").encode()  # edges before nodes
    heard: list[float] = []
    for content in (text, gzip.compress(text)):
        read = parse_graphml(io.BytesIO(content), heard.append)
        got = zip(read.source.tolist(), read.target.tolist(), read.edge_attributes["weight"].values, strict=True)
        assert [(read.nodes[a], read.nodes[b], w) for a, b, w in got] == [
            (str(a % 5000), str(b), str(w)) for a, b, w in edges
        ]
        assert heard == sorted(heard)
        assert heard[-1] == 1
        heard.clear()


def test_defaults_are_for_what_they_are_declared_for() -> None:
    body = '<graph edgedefault="undirected"><node id="1"/><edge source="1" target="1"/></graph>'
    for of, nodes, edges in (
        ("node", ["d"], None),
        ("edge", None, ["d"]),
        ("all", ["d"], ["d"]),
        ("graph", None, None),
    ):
        read = parse(GRAPHML.format(KEY.format(of, "<default>d</default>") + body))
        assert (read.node_attributes["a"].values if nodes else None) == nodes
        assert (read.edge_attributes["a"].values if edges else None) == edges
        assert Counter(map(len, (read.node_attributes, read.edge_attributes))) == Counter([bool(nodes), bool(edges)])
    twice = KEY.format("node", "<default>d</default>") + KEY.format("node", "").replace('"k"', '"k2"')
    given = body.replace('<node id="1"/>', '<node id="0"/><node id="1"><data key="k2">x</data></node>')
    assert parse(GRAPHML.format(twice + given)).node_attributes["a"].values == ["d", "x"]
    used = body.replace('<node id="1"/>', '<node id="1"><data key="k">x<!-- no --><b>y</b></data></node>')
    assert parse(GRAPHML.format(KEY.format("edge", "") + used)).node_attributes["a"].values == ["xy"]


def test_numbers_of_several_types_under_one_name() -> None:
    keys = "".join(f'<key id="{t}" for="node" attr.name="a" attr.type="{t}"/>' for t in ("int", "double", "boolean"))
    body = '<graph><node id="1"><data key="int">5</data></node><node id="2"><data key="double">.5</data></node></graph>'
    assert parse(GRAPHML.format(keys.partition('<key id="boolean')[0] + body)).node_attributes["a"].type == "double"
    both = parse(GRAPHML.format(keys + body)).node_attributes["a"]
    assert (both.type, both.values) == ("string", ["5", ".5"])


@pytest.mark.parametrize(
    ("kind", "text", "refused"),
    [
        ("string", str(BIG), False),
        ("long", str(2**63 - 1), False),
        ("double", "5", False),
        ("double", str(2**53), False),
        ("double", str(BIG), True),  # all digits, and yet the nearest double's
        ("double", "7.20575940621039e+17", True),
        ("string", "7.20575940621039e+17", True),
        ("string", " 5.0 ", True),
        ("double", "NaN", False),
        ("string", "AVAL", False),
    ],
)
def test_ids_that_were_doubles_are_refused(kind: str, text: str, refused: bool) -> None:
    key = f'<key id="k" for="node" attr.name="root" attr.type="{kind}"/>'
    read = parse(GRAPHML.format(f'{key}<graph><node id="n0"><data key="k">{text}</data></node><node id="n1"/></graph>'))
    if refused:
        with pytest.raises(ImportDataError, match=r"stores the ids \('root'\) as floating-point") as caught:
            read.refuse_doubles("root")
        assert text.strip() in caught.value.message
    else:
        read.refuse_doubles("root")


NODE = '<node id="1"/>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE g [<!ENTITY a "b">]>' + GRAPHML.format(f"<graph>{NODE}</graph>"), "has a DOCTYPE"),
        ("<!-- " + "x" * 50_000 + " --><!DOCTYPE graphml SYSTEM 'file:///etc/passwd'><graphml/>", "has a DOCTYPE"),
        ("<html><!-- </html> -->", "not GraphML: it begins with <html>"),
        (GRAPHML.format("<a>" * 200), "more than 100 deep"),
        (GRAPHML.format(f"<graph>{'<node id=1>'.replace('1', chr(34) + '1' + chr(34))}" + "<b>" * 20_000), "100 deep"),
        (GRAPHML.format(f'<graph><node id="1"><graph>{NODE}</graph></node></graph>'), "a graph within a graph"),
        (GRAPHML.format(f"<graph><wrapper>{NODE}</wrapper></graph>"), "a graph within a graph"),
        (GRAPHML.format("<graph><node/></graph>"), "has no id"),
        (GRAPHML.format(f'<graph>{NODE}<edge source="1"/></graph>'), "no target"),
        (GRAPHML.format(KEY.format("node", "") * 2), "declares the key 'k' twice"),
        (GRAPHML.format('<graph><node id="1"><data key="k"/></node></graph>'), "does not declare"),
        (
            GRAPHML.format(
                KEY.format("node", "") + '<graph><node id="1"><data key="k"/><data key="k"/></node></graph>'
            ),
            "two values for 'a'",
        ),
    ],
)
def test_refused(text: str, message: str) -> None:
    for stream in (io.BytesIO, Dripping):
        with pytest.raises(ImportDataError, match=message):
            parse_graphml(stream(text.removesuffix("</graphml>").encode() if "deep" in message else text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        GRAPHML.format("<!DOCTYPE g [<!ENTITY a 'b'>]><graph/>"),
        GRAPHML.format("<graph>&a;</graph>"),
        GRAPHML.format("<graph>")[:-10],
        '<?xml version="1.0" encoding="klingon"?>' + GRAPHML.format("<graph/>"),
        '<?xml version="1.0" encoding="big5"?>' + GRAPHML.format("<graph/>"),
        "",
    ],
)
def test_what_is_no_xml(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


def test_memory_holds_columns_not_the_tree() -> None:
    """20,000 edges whose tree would take about 14 MB (two elements with their dictionaries an edge)."""
    edge = f'<edge source="1" target="1"><data key="k">{"x" * 20}</data><desc>{"y" * 100}</desc></edge>'
    text = GRAPHML.format(KEY.format("edge", "") + f"<graph>{NODE}{edge * 20_000}</graph>").encode()
    stream = io.BytesIO(text)
    tracemalloc.start()
    try:
        read = parse_graphml(stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(read.source) == 20_000
    assert peak < 5e6
