"""Damaged files of every published layout: one clear error or an honest import, never a traceback or half a dataset."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphkit import importers
from graphkit.errors import GraphkitError
from graphkit.importers import ImportReport

BIG = 720575940621039145
CODEX = "pre_root_id,post_root_id,neuropil,syn_count,nt_type\n" + f"{BIG},5,ME_L,7,ACH\n5,{BIG},UNASGD,2,GABA\n" * 3
LABELS = f"root_id,label,user_id,position,supervoxel_id\n{BIG},T4a,1,[1 2 3],5\n5,x,1,,5\n"
MARKS = f"root_id,position,supervoxel_id\n{BIG},[1 2 3],5\n5,[4 5 6],6\n"
MATRIX = ",7,9,3\n7,0.0,2.0,0.0\n9,4.0,0.0,1.0\n3,0.0,0.0,0.0\n"
PAIRED = "left_id,right_id,celltype\n7,9,KC\nno pair,3,PN\n"
WORM = "pre\tpost\ttype\tsynapses\nAVAL\tAVBL\tchemical\t3\nAVBL\tAVAL\telectrical\t1\n"
JSON = json.dumps([{"pre": "AVAL", "post": "AVBL", "type": "chemical", "synapses": 3}])
NODES = json.dumps({"directed": True, "nodes": [{"id": BIG}, {"id": "5"}], "edges": [{"source": BIG, "target": "5"}]})
SWC = "# x\n1 1 0 0 0 1 -1\n2 0 1 1 1 0 1\n3 0 2 2 2 0 2\n"

Layout = tuple[str, dict[str, str], dict[str, Any]]
LAYOUTS: list[Layout] = [
    ("codex", {"connections.csv": CODEX, "labels.csv": LABELS, "coordinates.csv": MARKS}, {}),
    ("larva", {"ad_connectivity_matrix.csv": MATRIX, "annotations.csv": PAIRED}, {}),
    ("celegans", {"white.csv": WORM}, {}),
    ("celegans", {"nemanode.json": JSON}, {}),
    ("networkx", {"graph.json": NODES}, {"one": True}),
    ("swc", {"5.swc": SWC}, {}),
]


def damaged(text: str, chance: random.Random) -> bytes:
    """The text with a few bytes changed, taken out, put in or cut off; sometimes packed."""
    raw = bytearray(text.encode())
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(raw) + 1)
        match chance.randrange(5):
            case 0:
                raw[at : at + 1] = bytes([chance.choice([0, 9, 10, 13, 34, 44, 45, 46, 48, 57, 91, 123, 200, 255])])
            case 1:
                del raw[at : at + chance.randint(1, 8)]
            case 2:
                raw[at:at] = chance.choice(
                    [b"nan", b"1e400", b"99999999999999999999", b'"', b",,,", b"[", b"-1", b"0.5", b"\n"]
                )
            case 3:
                raw = raw[:at]
            case _:
                raw[at:at] = raw[: chance.randint(0, 20)]
    if chance.random() < 0.2:
        packed = gzip.compress(bytes(raw), mtime=0)
        return packed[: chance.randint(1, len(packed))] if chance.random() < 0.5 else packed
    return bytes(raw)


def check(layout: Layout, seed: int, folder: Path) -> None:
    name, texts, options = layout
    chance = random.Random(f"{name} {seed}")
    harmed = chance.choice(sorted(texts))
    paths = []
    for file, text in texts.items():
        (folder / file).write_bytes(damaged(text, chance) if file == harmed else text.encode())
        paths.append(folder / file)
    run: Callable[..., ImportReport] = getattr(importers, f"import_{name}")
    report = None
    with contextlib.suppress(GraphkitError):  # any other exception is a failure
        report = run(paths[0] if options else paths, folder / "d", on_error=chance.choice(["fail", "skip"]))
    assert (folder / "d" / "dataset.json").exists() == (report is not None)
    if report is None:
        return
    assert report.rows_read == report.rows_kept + sum(left.rows for left in report.left_out)
    assert report.rows_kept >= 0


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout[0]}-{next(iter(layout[1]))}")
def test_damaged_files(layout: Layout, seed: int, tmp_path: Path) -> None:
    check(layout, seed, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout[0]}-{next(iter(layout[1]))}")
def test_many_damaged_files(layout: Layout, tmp_path: Path) -> None:
    for seed in range(2, 1000):
        folder = tmp_path / str(seed)
        folder.mkdir()
        check(layout, seed, folder)
