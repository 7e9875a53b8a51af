"""What a view serves, says and refuses."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphkit_pipeline.view import View, make_state, serve

from graphkit.errors import DamagedFileError, GraphkitError
from tests.pipeline.viewing.small_run import (
    FIRST_ID,
    OFFSET,
    VOXEL_NM,
    Tissue,
    data_of,
    write_dataset,
    write_precomputed,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:Please install grpcio-status:ImportWarning",  # google.api_core, on importing cloudvolume
)


def get(url: str, **headers: str) -> tuple[bytes, Any]:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read(), response.headers


def status_of(view: View, raw_path: str) -> int:
    """The status of a request that no client library has tidied up."""
    host, port = view.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"GET {raw_path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return int(line.makefile("rb").readline().split()[1])


# --- The server


def test_packed_files_are_sent_as_what_they_pack(view: View, run: Path) -> None:
    chunk = "24-88_16-80_8-72"
    packed = (run / "image" / "16_16_20" / f"{chunk}.gz").read_bytes()
    url = f"{data_of(view)}/image/16_16_20/{chunk}"
    body, headers = get(url, Accept_Encoding="gzip")
    assert body == packed
    assert headers["Content-Encoding"] == "gzip"
    body, headers = get(url)  # a client that cannot unpack
    assert body == gzip.decompress(packed)
    assert headers["Content-Encoding"] is None
    assert headers["Access-Control-Allow-Origin"] == "*"


def test_an_independent_reader_gets_everything_over_http(view: View, tissue: Tissue) -> None:
    from cloudvolume import CloudVolume

    image = CloudVolume(f"precomputed://{data_of(view)}/image", progress=False)
    assert np.array_equal(np.asarray(image[:])[..., 0].T, tissue.image)
    segmentation = CloudVolume(f"precomputed://{data_of(view)}/segmentation", progress=False)
    ids = np.asarray(segmentation[:])[..., 0].T
    assert np.array_equal(ids, np.where(tissue.labels > 0, tissue.labels.astype(np.uint64) + FIRST_ID, 0))
    mesh = segmentation.mesh.get(FIRST_ID + 1)
    mesh = mesh[FIRST_ID + 1] if isinstance(mesh, dict) else mesh
    where = (np.argwhere(tissue.labels == 1) + OFFSET) * VOXEL_NM
    assert mesh.vertices[:, ::-1].min(axis=0) == pytest.approx(where.min(axis=0), abs=max(VOXEL_NM))
    assert segmentation.skeleton.get(FIRST_ID + 3).vertices.shape == (160, 3)


def test_ranges_of_plain_files(view: View, run: Path) -> None:
    content = (run / "image" / "info").read_bytes()
    url = f"{data_of(view)}/image/info"
    n = len(content)
    for span, expected in ((f"0-{n}", content), ("3-9", content[3:10]), ("5-", content[5:]), ("-4", content[-4:])):
        body, headers = get(url, Range=f"bytes={span}")
        assert body == expected
        assert headers["Content-Range"].endswith(f"/{n}")
    with pytest.raises(urllib.error.HTTPError, match="416"):
        get(url, Range=f"bytes={n}-")


@pytest.mark.parametrize(
    "path",
    [
        "../run.json",
        "%2e%2e/run.json",
        "..%2frun.json",
        "x/../../run.json",
        "..\\run.json",
        "/etc/passwd",
        "%00",
        "link-out",
        "a" * 5000,
        "",
        "mesh",
    ],
)
def test_nothing_outside_a_source_is_served(view: View, run: Path, path: str) -> None:
    link = run / "segmentation" / "link-out"
    if not link.exists():
        link.symlink_to(run / "run.json")
    base = data_of(view).split("/", 3)[3]
    assert status_of(view, f"/{base}/segmentation/info") == 200
    assert status_of(view, f"/{base}/segmentation/{path}") == 404


def test_without_the_token_nothing_is_served(view: View) -> None:
    token = data_of(view).rsplit("/", 1)[1]
    for path in ("/", "/v/", "/v/x/", "/data/x/state.json", f"/data/{token[:-1]}/state.json", "/events/x", f"/{token}"):
        assert status_of(view, path) == 404
    assert status_of(view, f"/v/{token}/") == 200


def test_only_this_machine_is_listened_to(view: View) -> None:
    assert view.url.startswith("http://127.0.0.1:")
    port = int(view.url.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), timeout=5)  # it would answer if every address were bound


def test_a_port_can_be_chosen_and_is_free_again_after_closing(run: Path) -> None:
    with serve(run, open_browser=False) as first:
        port = int(first.url.split(":")[2].split("/")[0])
        with pytest.raises(GraphkitError, match=f"Port {port} cannot be listened to") as caught:
            serve(run, port=port, open_browser=False)
        assert "--port" in (caught.value.hint or "")
    with serve(run, port=port, open_browser=False) as second:
        assert f":{port}/" in second.url
    with pytest.raises(urllib.error.URLError):
        get(second.state_url)
    with pytest.raises(GraphkitError, match="70000 is not a port"):
        serve(run, port=70000, open_browser=False)


def test_open_pages_learn_of_the_end(run: Path) -> None:
    running = serve(run, open_browser=False)
    token = data_of(running).rsplit("/", 1)[1]
    with urllib.request.urlopen(f"{running.url.split('/v/')[0]}/events/{token}", timeout=10) as events:
        assert events.headers["Content-Type"] == "text/event-stream"
        assert events.readline() == b": here\n"
        running.close()
        assert events.read() == b"\n"  # ended, not timed out


# --- The state


def test_the_state_says_where_things_lie(run: Path) -> None:
    state = make_state(run, "http://host/data")
    assert [(layer["name"], layer["type"]) for layer in state["layers"]] == [
        ("image", "image"),
        ("segmentation", "segmentation"),
        ("skeletons", "segmentation"),
        ("clefts", "segmentation"),
        ("synapses", "annotation"),
    ]
    assert {axis: (pytest.approx(size), unit) for axis, (size, unit) in state["dimensions"].items()} == {
        "x": (16e-9, "m"),
        "y": (16e-9, "m"),
        "z": (20e-9, "m"),
    }
    assert state["position"] == [24 + 112 / 2, 16 + 96 / 2, 8 + 72 / 2]
    assert "precomputed://http://host/data/segmentation" in json.dumps(state["layers"][1])


def test_ids_are_strings_with_all_their_digits(run: Path, tissue: Tissue) -> None:
    shown = json.loads(json.dumps(make_state(run, "http://host")))["layers"][1]["segments"]
    labels, voxels = np.unique(tissue.labels[tissue.labels > 0], return_counts=True)
    assert shown == [str(FIRST_ID + label) for label in labels[np.argsort(-voxels, kind="stable")].tolist()]


def test_the_list_of_segments(view: View, tissue: Tissue) -> None:
    listed = json.loads(get(f"{data_of(view)}/segments/info")[0])["inline"]
    voxels = next(p for p in listed["properties"] if p["id"] == "voxels")["values"]
    found = {int(i) - FIRST_ID: n for i, n in zip(listed["ids"], voxels, strict=True)}
    assert found == {label: int((tissue.labels == label).sum()) for label in np.unique(tissue.labels) if label}


# --- Synapses as an annotation source


def parse(body: bytes, properties: int) -> dict[int, tuple[float, ...]]:
    """The format's list of lines: count, then 6 coordinates and the properties of each, then the ids."""
    count = int(np.frombuffer(body, "<u8", 1)[0])
    values = np.frombuffer(body, "<f4", count * (6 + properties), 8).reshape(count, 6 + properties)
    ids = np.frombuffer(body, "<u8", count, 8 + values.nbytes)
    assert 8 + values.nbytes + ids.nbytes == len(body)
    return {int(i): tuple(row) for i, row in zip(ids, values.tolist(), strict=True)}


def test_synapses_by_place_by_id_and_by_segment(view: View, tissue: Tissue) -> None:
    base = f"{data_of(view)}/synapses"
    info = json.loads(get(f"{base}/info")[0])
    assert info["annotation_type"] == "LINE"
    assert [p["id"] for p in info["properties"]] == ["score", "size"]
    nm = [((p + OFFSET + 0.5) * VOXEL_NM)[:, ::-1] for p in (tissue.pre, tissue.post)]
    truth = {i + 1: (*nm[0][i], *nm[1][i]) for i in range(len(tissue.pre))}
    found = parse(get(f"{base}/0/0_0_0")[0], 2)
    assert {i: row[:6] for i, row in found.items()} == {i: pytest.approx(row, abs=0.51) for i, row in truth.items()}
    assert found[1][6:] == (0.5, 30.0)
    for side, column in (("pre", 0), ("post", 1)):
        for label in np.unique(tissue.pairs[:, column]).tolist():
            rows = parse(get(f"{base}/{side}/{FIRST_ID + label}")[0], 2)
            assert set(rows) == set((np.flatnonzero(tissue.pairs[:, column] == label) + 1).tolist())
    one = get(f"{base}/by_id/7")[0]
    assert np.frombuffer(one, "<f4", 6).tolist() == pytest.approx(truth[7], abs=0.51)
    links = one[32:]
    assert [int(np.frombuffer(links, "<u4", 1, at)[0]) for at in (0, 12)] == [1, 1]
    assert [int(np.frombuffer(links, "<u8", 1, at)[0]) - FIRST_ID for at in (4, 16)] == tissue.pairs[6].tolist()
    for absent in ("by_id/999", "0/1_0_0", "9/0_0_0", "0/x", "by_id/1_2", "else"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{base}/{absent}")


def test_many_synapses_come_level_by_level_each_exactly_once() -> None:
    from graphkit_pipeline.viewing.synapses import SynapseSource

    chance = np.random.default_rng(3)
    n = 60_000
    # Crowded in one corner, so that levels go deep there.
    pre = chance.random((n, 3)) ** 3 * (100_000, 60_000, 20_000)
    ends = np.stack([pre, pre + chance.normal(0, 150, (n, 3))], axis=1)
    source = SynapseSource(np.arange(n) + 2**53, chance.integers(1, 50, (n, 2)), ends, {})
    info = json.loads(source.find("info") or b"")
    lower = np.array(info["lower_bound"])
    seen: dict[int, int] = {}
    assert len(info["spatial"]) > 2
    for number, level in enumerate(info["spatial"]):
        cell = np.array(level["chunk_size"])
        grid = np.array(level["grid_shape"])
        assert (lower + cell * grid >= np.array(info["upper_bound"]) - 1e-3).all()
        here: set[int] = set()
        for z, y, x in np.ndindex(*grid[::-1]):
            rows = parse(source.find(f"{level['key']}/{x}_{y}_{z}") or b"", 0)
            assert len(rows) < 1.2 * level["limit"]
            for row in rows.values():
                ends_in = (np.array(row).reshape(2, 3) - lower) / cell - (x, y, z)
                assert ((ends_in > -0.01) & (ends_in < 1.01)).all(axis=1).any()
            here |= set(rows)
        assert not here & set(seen)
        seen |= dict.fromkeys(here, number)
    assert len(seen) == n


# --- Other folders, other formats, and what cannot be shown


def test_a_tissue_folder(run: Path, tmp_path: Path) -> None:
    for part in ("segmentation", "clefts", "dataset"):
        shutil.copytree(run / part, tmp_path / "truth" / part, ignore=shutil.ignore_patterns("link-out"))
    shutil.copytree(run / "image", tmp_path / "image")
    assert [layer["name"] for layer in make_state(tmp_path, "http://host")["layers"]] == [
        "image",
        "segmentation",
        "skeletons",
        "clefts",
        "synapses",
    ]


@pytest.mark.parametrize(
    ("part", "names"),
    [("image", ["image"]), ("segmentation", ["segmentation", "skeletons"]), ("dataset", ["synapses"])],
)
def test_a_single_part(run: Path, part: str, names: list[str]) -> None:
    assert [layer["name"] for layer in make_state(run / part, "http://host")["layers"]] == names


def test_an_image_in_hdf5_is_shown_without_a_copy(tissue: Tissue, tmp_path: Path) -> None:
    import h5py
    from cloudvolume import CloudVolume

    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file["raw"] = tissue.image
        file["raw"].attrs["voxel_size_nm"] = VOXEL_NM
        file["raw"].attrs["offset_vox"] = OFFSET
    (tmp_path / "run.json").write_text(json.dumps({"image": "raw.h5:raw"}))
    for place in (tmp_path, tmp_path / "raw.h5", tmp_path / "raw.h5:raw"):
        with serve(place, open_browser=False) as running:
            read = CloudVolume(f"precomputed://{data_of(running)}/image", progress=False)
            assert np.array_equal(np.asarray(read[:])[..., 0].T, tissue.image)
            assert read.resolution.tolist() == list(VOXEL_NM[::-1])
            assert read.voxel_offset.tolist() == list(OFFSET[::-1])
            with pytest.raises(urllib.error.HTTPError, match="404"):
                get(f"{data_of(running)}/image/full/0-64_0-64_0-64")  # begins before the volume
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw.h5", "run.json"]


def test_run_json_says_what_the_image_does_not(tissue: Tissue, tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file["raw"] = tissue.image.astype(np.float32) / 255
    with pytest.raises(GraphkitError, match="voxel size"):
        make_state(tmp_path / "raw.h5", "http://host")
    about = {"image": str(tmp_path / "raw.h5"), "voxel_size_nm": VOXEL_NM, "offset": OFFSET}
    (tmp_path / "run.json").write_text(json.dumps(about))
    state = make_state(tmp_path, "http://host")
    assert state["position"] == [24 + 112 / 2, 16 + 96 / 2, 8 + 72 / 2]
    low, high = state["layers"][0]["shaderControls"]["normalized"]["range"]
    middle = tissue.image[4:68, 16:80, 24:88] / 255
    assert (low, high) == pytest.approx(np.percentile(middle, (0.5, 99.5)), abs=1e-6)


def test_clefts_may_come_as_ids_or_as_a_probability(run: Path, tissue: Tissue, tmp_path: Path) -> None:
    write_precomputed(tmp_path / "clefts", (tissue.clefts > 0) * 255, "image", "uint8")
    (layer,) = make_state(tmp_path, "http://host")["layers"]
    assert (layer["name"], layer["type"]) == ("clefts", "image")
    assert "range=[0, 255]" in layer["shader"]
    assert make_state(run, "http://host")["layers"][3]["type"] == "segmentation"


def test_nothing_to_show_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(GraphkitError, match="holds nothing that can be drawn") as caught:
        serve(tmp_path, open_browser=False)
    assert "segmentation/" in (caught.value.hint or "")
    with pytest.raises(GraphkitError, match=r"There is no .*nowhere"):
        serve(tmp_path / "nowhere", open_browser=False)
    (tmp_path / "run.json").write_text('{"image": "moved-away"}')
    with pytest.raises(GraphkitError, match="nothing that can be drawn") as caught:
        serve(tmp_path, open_browser=False)
    assert "moved-away" in (caught.value.hint or "")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(DamagedFileError, match=r"run\.json cannot be read"):
        serve(tmp_path, open_browser=False)


def test_a_damaged_info_is_named(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "info").write_text('{"type": "image", "scales": []}')
    with pytest.raises(GraphkitError, match="image/info does not describe a precomputed volume"):
        make_state(tmp_path, "http://host")


def test_what_is_missing_is_said(run: Path, tissue: Tissue, tmp_path: Path) -> None:
    (tmp_path / "clefts").symlink_to(run / "clefts")
    (tmp_path / "run.json").write_text('{"image": "gone.zarr"}')
    write_dataset(tmp_path / "dataset", tissue, places=False)
    with serve(tmp_path, open_browser=False) as running:
        assert len(running.notes) == 2
        assert "gone.zarr" in running.notes[0]
        assert f"{len(tissue.pre)} synapses" in running.notes[1]
    with pytest.raises(GraphkitError, match="none of its synapses has a position"):
        make_state(tmp_path / "dataset", "http://host")


def test_without_the_client_the_install_line_is_given(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neuroglancer", None)  # how Python itself marks what cannot be imported
    with pytest.raises(GraphkitError, match=r"graphkit\[pipeline\]"):
        serve(run, open_browser=False)


def test_importing_costs_nothing() -> None:
    heavy = ("numpy", "pyarrow", "neuroglancer", "cloudvolume")
    code = f"import sys, graphkit_pipeline.view; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
