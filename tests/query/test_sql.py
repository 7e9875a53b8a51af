"""SQL: what it can ask, and that nothing else can be read, written or set through it."""

from __future__ import annotations

import hashlib
import shutil
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

import graphkit
from graphkit.build import build
from graphkit.dataset import Dataset
from graphkit.errors import GraphkitError, SqlError
from tests.conftest import LONG, make_tiny


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The tiny dataset with two snapshots, a secret beside it and one in it."""
    folder = tmp_path_factory.mktemp("guarded")
    make_tiny(folder / "tiny")
    build(folder / "tiny", min_score=0.5)
    (folder / "secret.csv").write_text("a,b\n1,2\n")
    (folder / "tiny" / "secret.json").write_text('{"a": 1}')
    pd.DataFrame({"a": [1]}).to_parquet(folder / "secret.parquet")
    return graphkit.open(folder / "tiny")


def _state(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "folder"
        for p in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def untouched(guarded: Dataset) -> dict[str, str]:
    """What stands there before the first attack; the state after each is compared with it."""
    return _state(Path(guarded.url).parent)


def _old_file(dataset: Dataset) -> str:
    """A file of the first snapshot that the second does not have."""
    gone = set(dataset.at(1).files("connections")) - set(dataset.files("connections"))
    return gone.pop()


ATTACKS = [
    # files
    "SELECT * FROM '{folder}/secret.csv'",
    "SELECT * FROM '{folder}/secret.parquet'",
    'SELECT * FROM "{folder}/secret.parquet"',
    "FROM '/etc/passwd'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv('{folder}/secret.csv')",
    "SELECT * FROM read_csv_auto('{folder}/secret.csv')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_parquet('{folder}/secret.parquet')",
    "SELECT * FROM read_parquet(['{own}', '{folder}/secret.parquet'])",
    "SELECT * FROM parquet_scan('{folder}/secret.parquet')",
    "SELECT * FROM read_json('{dataset}/secret.json')",
    "SELECT * FROM read_ndjson_objects('{dataset}/secret.json')",
    "SELECT * FROM '{dataset}/secret.json'",
    "SELECT * FROM read_text('{dataset}/dataset.json')",
    "SELECT * FROM '{old}'",
    "SELECT * FROM read_parquet('{old}')",
    "SELECT * FROM read_parquet('{dataset}/connections/*.parquet')",
    "SELECT * FROM '{dataset}/connections/../connections/*'",
    "SELECT * FROM parquet_metadata('{folder}/secret.parquet')",
    "SELECT * FROM parquet_schema('{folder}/secret.parquet')",
    "SELECT * FROM parquet_kv_metadata('{own}')",
    "SELECT * FROM read_duckdb('{folder}/x.db')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM glob('{folder}/**')",
    "SELECT * FROM 'https://example.org/x.parquet'",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "SELECT (SELECT count(*) FROM read_csv('/etc/passwd'))",
    "SELECT 1 WHERE EXISTS (FROM glob('/etc/*'))",
    "WITH x AS (FROM read_csv('/etc/passwd')) SELECT * FROM x",
    "SELECT * FROM neurons UNION ALL BY NAME SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM neurons, LATERAL (SELECT * FROM read_text('/etc/passwd'))",
    "SELECT * FROM query('SELECT * FROM read_csv(''/etc/passwd'')')",
    "SELECT * FROM query('FROM neurons')",
    "SELECT * FROM query_table('/etc/passwd')",
    "SELECT * FROM query_table(['{folder}/secret.parquet'])",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "DESCRIBE SELECT * FROM read_csv('/etc/passwd')",
    "SUMMARIZE SELECT * FROM read_csv('/etc/passwd')",
    # writing
    "COPY neurons TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{own}'",
    "COPY (SELECT 1) TO '{dataset}/out.parquet' (FORMAT parquet)",
    "COPY neurons FROM '{own}'",
    "EXPORT DATABASE '{folder}/export'",
    "IMPORT DATABASE '{folder}/export'",
    "ATTACH '{folder}/new.db' AS x",
    "DETACH memory",
    "USE memory",
    "CREATE TABLE x AS SELECT 1",
    "CREATE OR REPLACE VIEW neurons AS SELECT 1",
    "CREATE TEMP TABLE x (a int)",
    "CREATE MACRO f(x) AS x",
    "CREATE SECRET (TYPE s3)",
    "CREATE SEQUENCE s",
    "INSERT INTO neurons SELECT * FROM neurons",
    "UPDATE neurons SET type = 'x'",
    "DELETE FROM neurons",
    "TRUNCATE neurons",
    "DROP VIEW neurons",
    "ALTER VIEW neurons RENAME TO n",
    "MERGE INTO neurons USING neurons n ON true WHEN MATCHED THEN DELETE",
    "WITH x AS (INSERT INTO neurons VALUES (1) RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM neurons RETURNING *) SELECT * FROM x",
    "WITH x AS (UPDATE neurons SET type = 'x' RETURNING *) SELECT * FROM x",
    "SELECT * FROM (WITH x AS (DELETE FROM neurons RETURNING *) FROM x)",
    # settings, extensions, processes
    "SET enable_external_access = true",
    "SET GLOBAL threads = 1",
    "RESET ALL",
    "SET VARIABLE x = 1",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "CALL enable_logging()",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = '{folder}/log')",
    "SELECT * FROM enable_profiling(save_location = '{folder}/profile.json')",
    "SELECT * FROM checkpoint()",
    "CHECKPOINT",
    "VACUUM",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/x.so'",
    "FORCE CHECKPOINT",
    "BEGIN",
    "PREPARE x AS SELECT 1",
    "EXECUTE x",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM which_secret('a', 's3')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_temporary_files()",
    "SELECT * FROM duckdb_logs()",
    "SELECT getenv('HOME')",
    "SELECT * FROM register_external_resource('a', 'b', MAP {{}})",
    # memory of the process
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM arrow_scan_dumb(1, 2, 3)",
    "SELECT * FROM python_arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM python_map_function(1)",
    "SELECT * FROM frame_of_the_caller",
    # more than one
    "SELECT 1; DROP VIEW neurons",
    "SELECT 1; COPY neurons TO '{folder}/out.csv'",
    "SELECT 1 -- harmless\n; SELECT 2",
    "SELECT 1 /* ; */ ; COPY neurons TO '{folder}/out.csv' --",
    "; COPY neurons TO '{folder}/out.csv'",
    "SELECT 1) LIMIT 1; COPY (SELECT 1) TO '{folder}/out.csv'; SELECT * FROM (SELECT 1",
    "SELECT 1) TO '{folder}/out.csv' --",
    # no SQL
    "",
    "   ",
    ";",
    "-- nothing",
    "/* nothing */",
    "motifs in region EB",
    "SELECT * FROM neurons WHERE type = 'A",
    "SELECT * FROM neurns",
    "SELECT typ FROM neurons",
    "SELECT ?",
    "SELECT $1",
    "SELECT error('x')",
    "SELECT type::INT FROM neurons",
    "PIVOT neurons ON side USING count(*)",
]


@pytest.mark.parametrize(("attack", "limit"), [(a, [None, 5][i % 2]) for i, a in enumerate(ATTACKS)])
def test_everything_but_a_select_over_the_views_is_refused(
    guarded: Dataset, untouched: dict[str, str], attack: str, limit: int | None
) -> None:
    folder = Path(guarded.url).parent
    frame_of_the_caller = pd.DataFrame({"a": [1]})
    statement = attack.format(
        folder=folder, dataset=guarded.url, own=guarded.files("neurons")[0], old=_old_file(guarded)
    )
    with pytest.raises(SqlError) as caught:
        guarded.sql(statement, limit=limit)
    assert caught.value.message.strip()
    assert "Traceback" not in str(caught.value)
    assert _state(folder) == untouched
    assert len(frame_of_the_caller) == 1


def test_nothing_was_left_anywhere(guarded: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths, a spill and a home folder of its own: nothing appears in any of them."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    for attack in (
        "COPY neurons TO 'out.csv'",
        "ATTACH 'new.db'",
        "INSTALL httpfs",
        "CREATE PERSISTENT SECRET (TYPE s3)",
    ):
        with pytest.raises(SqlError):
            guarded.sql(attack)
    guarded.sql("SELECT count(*) FROM range(200000) a ORDER BY 1")
    assert [p.name for p in tmp_path.iterdir()] == ["home"]
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT count(*) AS n FROM neurons", [{"n": 6}]),
        ("  SELECT count(*) AS n FROM neurons ; ", [{"n": 6}]),
        ("SELECT count(*) AS n FROM neurons; -- how many\n", [{"n": 6}]),
        ("/* how many; */ SELECT count(*) AS n /* ; */ FROM neurons -- neurons;", [{"n": 6}]),
        ("SELECT ';' AS \"--\" -- é; '", [{"--": ";"}]),
        ("SELECT $$;--$$ AS x;;", [{"x": ";--"}]),
        ("FROM regions SELECT name WHERE region_id = 2", [{"name": "EB"}]),
        ("(SELECT 1 AS a)", [{"a": 1}]),
        ("VALUES (1), (2)", [{"col0": 1}, {"col0": 2}]),
        ("WITH x AS (SELECT 1 AS a), y AS (SELECT a + 1 AS b FROM x) SELECT b FROM y", [{"b": 2}]),
        ("WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 4) SELECT sum(i) AS s FROM t", [{"s": 10}]),
        ("SELECT i, sum(i) OVER (ORDER BY i) AS s FROM range(3) r(i) QUALIFY i = 2", [{"i": 2, "s": 3}]),
        ("SELECT list_transform([1, 2], lambda x: x + 1) AS l", [{"l": [2, 3]}]),
        ("PIVOT neurons ON side IN ('left', 'right') USING count(*) GROUP BY complete", None),
        ("SELECT unnest(tags) AS t FROM neurons", [{"t": "x"}]),
        ("SELECT * EXCLUDE (t) FROM generate_series(1, 1) g(t), LATERAL (SELECT t + 1 AS u)", [{"u": 2}]),
        ("DESCRIBE regions", None),
        ("SUMMARIZE neurons", None),
        ("SHOW TABLES", None),
        ("SELECT count(*) AS n FROM synapses", [{"n": 23}]),
        ("SELECT 1 AS a, 2 AS a, 3 AS a", [{"a": 1, "a_1": 2, "a_2": 3}]),
        ("SELECT getvariable('x') AS v", [{"v": None}]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("limit", [None, 100])
def test_sound_sql(tiny: Dataset, statement: str, rows: list[dict[str, object]] | None, limit: int | None) -> None:
    answer = tiny.sql(statement, limit=limit)
    assert answer.complete
    if rows is not None:
        assert [dict(r) for r in answer] == rows


def test_a_limit_keeps_the_order(tiny: Dataset) -> None:
    answer = tiny.sql("SELECT i FROM range(1000) t(i) ORDER BY i DESC; -- all", limit=3)
    assert ([r["i"] for r in answer], answer.complete) == ([999, 998, 997], False)
    assert tiny.sql("SELECT i FROM range(3) t(i)", limit=3).complete
    with pytest.raises(SqlError, match="at least 1"):
        tiny.sql("SELECT 1", limit=0)


def test_sums_of_integers_are_integers(tiny: Dataset) -> None:
    assert tiny.sql("SELECT sum(synapses) AS s FROM connections").scalar() == 23
    assert tiny.sql(f"SELECT sum({LONG}::BIGINT) AS s FROM range(2)").scalar() == 2 * LONG
    assert tiny.sql("SELECT 170141183460469231731687303715884105727::HUGEINT").scalar() == Decimal(2**127 - 1)


def test_the_graph_that_counts_and_everything_detected(guarded: Dataset) -> None:
    counted = guarded.sql("SELECT count(*) FROM synapses").scalar()
    assert counted < guarded.sql("SELECT count(*) FROM detected_synapses").scalar() == 23
    assert counted == guarded.sql("SELECT sum(synapses) FROM connections").scalar()


@pytest.mark.parametrize(
    ("statement", "message", "hint"),
    [
        ("SELECT * FROM neurns", "There is no view 'neurns' in this dataset.", "Did you mean 'neurons'"),
        ("SELECT 1; SELECT 2", "One statement at a time, please; there are 2 here.", None),
        ("COPY neurons TO 'x'", "Only SELECT is answered; this is COPY.", "-o FILE"),
        ("SELECT * FROM read_csv('x')", "The function read_csv is not available here", "neurons"),
        ("", "The SQL is empty.", "For example"),
        ("PIVOT neurons ON side USING count(*)", "A PIVOT must name its values.", "IN ("),
        ("WITH x AS (DELETE FROM neurons RETURNING *) FROM x", "there is DELETE in this", None),
    ],
)
def test_messages(tiny: Dataset, statement: str, message: str, hint: str | None) -> None:
    with pytest.raises(SqlError) as caught:
        tiny.sql(statement)
    assert message in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")


# -- graph(where=...) is SQL too --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "predicate",
    [
        "1=1) UNION SELECT neuron_id FROM neurons WHERE (1=1",
        "type = 'A') OR (1=1",
        "type = 'A' ORDER BY 1",
        "type = 'A' LIMIT 1",
        "true; DROP VIEW neurons",
        "true) --",
        "true /*",
        "true AS x",
        "true, true",
        "",
        " ",
        "-- nothing",
        "5",
        "type",
        "NULL",
        "nothing = 1",
        "x'",
        "*",
        "COLUMNS(*)",
        "EXISTS (FROM read_csv('/etc/passwd'))",
        "EXISTS (FROM '/etc/passwd')",
        "neuron_id IN (SELECT 1) UNION SELECT 2",
        "SELECT true",
        "?",
    ],
)
def test_only_a_condition_is_a_condition(tiny: Dataset, predicate: str) -> None:
    with pytest.raises(GraphkitError):
        tiny.graph(where=predicate)


@pytest.mark.parametrize(
    ("predicate", "n"),
    [
        ("type = 'A'", 2),
        ("type = 'A' -- all of these", 2),
        ("/* none */ false", 0),
        ("complete", 3),
        ("mass > (SELECT avg(mass) FROM neurons)", 3),
        ("neuron_id IN (SELECT pre_id FROM connections WHERE kind = 'electrical')", 2),
        ("type = ')' OR type = '--' OR side = 'left'", 2),
    ],
)
def test_conditions(tiny: Dataset, predicate: str, n: int) -> None:
    assert tiny.graph(where=predicate).n_neurons == n


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    dataset = make_tiny(tmp_path / "tiny")
    file = Path(dataset.files("neurons")[0])
    shutil.move(file, tmp_path / "elsewhere")
    with pytest.raises(GraphkitError, match="missing"):
        graphkit.open(tmp_path / "tiny").sql("SELECT 1")
    with pytest.raises(GraphkitError, match="missing"):
        graphkit.open(tmp_path / "tiny").query("neurons")
