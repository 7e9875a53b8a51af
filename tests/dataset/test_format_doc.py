"""docs/dataset-format.md says what schema.py says, and its example runs without graphkit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from graphkit.build import build_into
from graphkit.schema import TABLES
from graphkit.writer import DatasetWriter

PAGE = Path(__file__).parents[2] / "docs/dataset-format.md"


def sections() -> dict[str, str]:
    """The part of the page about each table."""
    tables = PAGE.read_text().split("\n## Tables\n")[1].split("\n## ")[0]
    return {s.split("\n", 1)[0].strip(): s.split("\n", 1)[1] for s in tables.split("\n### ")[1:]}


def listed(section: str, label: str) -> list[str]:
    line = re.search(rf"^- {label}: (.*)$", section, re.MULTILINE)
    assert line, label
    return re.findall(r"`([^`]+)`", line[1])


def test_the_tables_are_those_of_the_schema() -> None:
    assert list(sections()) == list(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_that_of_the_schema(table: str) -> None:
    spec, section = TABLES[table], sections()[table]
    assert section.strip().startswith(spec.description)
    assert listed(section, "Sorted by") == list(spec.sorted_by)
    assert listed(section, "Key") == list(spec.key)
    references = re.findall(r"`(\w+)` → `(\w+)\.(\w+)`", section)
    assert references == list(spec.references)
    assert f"- Own columns of the source: {'yes' if spec.extensible else 'no'}\n" in section
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w*) \| (yes|no) \| (.+) \|$", section, re.MULTILINE)
    assert len(rows) == len(re.findall(r"^\| `", section, re.MULTILINE))
    expected = []
    for field in spec.schema:
        metadata = {k.decode(): v.decode() for k, v in field.metadata.items()}
        nullable = "yes" if field.nullable else "no"
        expected.append((field.name, str(field.type), metadata.get("unit", ""), nullable, metadata["description"]))
    assert rows == expected


def test_rules_of_validate_are_all_documented() -> None:
    """Every rule of the page's table is one that the sources name, and the other way round."""
    rules = set(
        re.findall(r"`([a-z-]+)`", PAGE.read_text().split("`graphkit validate` names")[1].split("|---|---|")[1])
    )
    rules -= {"synapses"}
    sources = "".join(p.read_text() for p in (Path(__file__).parents[2] / "graphkit/validation").glob("*.py"))
    named = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', sources))
    assert rules <= named
    assert {r for r in named if "-" in r} <= rules


def test_the_example_runs_without_graphkit(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "mybrain", create=True) as writer:
        rows = {"synapse_id": [1, 2, 3, 4], "pre_id": [7, 7, 2**53 + 1, None], "post_id": [8, 8, 7, 8]}
        writer.add("synapses", pa.table(rows))
        writer.commit({"command": "test"}, build=build_into(writer))
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 1
    code = (
        f"{blocks[0]}\nimport sys\nprint(strongest, sorted(neurons['neuron_id'].tolist()), 'graphkit' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"[(7, 8, 2), ({2**53 + 1}, 7, 1)] [7, 8, {2**53 + 1}] False"
