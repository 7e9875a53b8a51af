"""The truth holds against its own definition, by arithmetic that the generator does not share."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from graphkit_pipeline.tissue import Tissue, TissueSettings, simulate_tissue
from numpy.typing import NDArray
from scipy import ndimage

from graphkit.schema import TABLES

from . import volumes

BOTH = pytest.mark.parametrize("made", [volumes.cube, volumes.slab], ids=["cube", "slab"])


def _voxels(tissue: Tissue, table: str, prefix: str = "") -> NDArray[np.int64]:
    """Local voxel indices [n, 3] of a table's points."""
    points = np.stack([getattr(tissue, table)[f"{prefix}{a}_nm"].to_numpy() for a in "zyx"], axis=1)
    return np.floor(points / tissue.voxel_size_nm).astype(np.int64) - tissue.offset


@BOTH
def test_arrays_are_what_they_are_said_to_be(made: Callable[[], Tissue]) -> None:
    tissue = made()
    shape = tissue.settings.shape
    assert (tissue.image.dtype, tissue.segments.dtype, tissue.clefts.dtype) == (np.uint8, np.int64, np.int64)
    assert tissue.image.shape == tissue.segments.shape == tissue.clefts.shape == shape
    for name in ("synapses", "neurons", "skeletons", "regions"):
        table, spec = getattr(tissue, name), TABLES[name].schema
        assert all(spec.field(f.name).type == f.type for f in table.schema), name


@BOTH
def test_every_neuron_is_one_6_connected_segment(made: Callable[[], Tissue]) -> None:
    tissue = made()
    ids = tissue.neurons["neuron_id"].to_pylist()
    assert ids == np.unique(tissue.segments[tissue.segments > 0]).tolist()
    for label, box in zip(ids, ndimage.find_objects(tissue.segments), strict=True):
        assert ndimage.label(tissue.segments[box] == label)[1] == 1, label


def test_isotropic_segments_never_touch_and_fill_most_of_the_room() -> None:
    segments = volumes.cube().segments
    for axis in range(3):
        near, far = np.moveaxis(segments, axis, 0)[:-1], np.moveaxis(segments, axis, 0)[1:]
        assert not ((near > 0) & (far > 0) & (near != far)).any()
    assert (segments > 0).mean() > 0.6
    # What is not inside a neuron is within two voxels of one, the vessel aside.
    bare = simulate_tissue(TissueSettings(shape=(64, 64, 64), seed=1005, vessel=False)).segments
    assert (ndimage.distance_transform_edt(bare == 0) <= 4).all()
    assert (ndimage.distance_transform_edt(bare == 0) <= 2).mean() > 0.97


@BOTH
def test_synaptic_points_lie_inside_their_neurons(made: Callable[[], Tissue]) -> None:
    tissue = made()
    assert tissue.synapses.num_rows > 0
    for end in ("pre", "post"):
        at = _voxels(tissue, "synapses", f"{end}_")
        assert (tissue.segments[tuple(at.T)] == tissue.synapses[f"{end}_id"].to_numpy()).all()


@BOTH
def test_partners_differ_and_their_cleft_lies_between_them(made: Callable[[], Tissue]) -> None:
    tissue = made()
    columns = tissue.synapses.to_pydict()
    size = np.array(tissue.voxel_size_nm)
    for row, site in enumerate(columns["pre_site_id"]):
        pre, post = columns["pre_id"][row], columns["post_id"][row]
        assert pre != post
        box = ndimage.find_objects((tissue.clefts == site).astype(np.int8))[0]
        grown = tuple(slice(max(0, s.start - 4), s.stop + 4) for s in box)
        away = ndimage.distance_transform_edt(tissue.clefts[grown] != site, sampling=size)
        for neuron in (pre, post):
            mine = tissue.segments[grown] == neuron
            assert mine.any(), (site, neuron)
            assert away[mine].min() <= 2 * size.max(), (site, neuron)


def test_sites_are_partly_polyadic_and_counted_right() -> None:
    tissue = volumes.cube()
    sites = tissue.synapses["pre_site_id"].to_numpy()
    assert set(np.unique(tissue.clefts[tissue.clefts > 0]).tolist()) == set(sites.tolist())
    pre = tissue.synapses["pre_id"].to_numpy()
    per_site = np.bincount(sites)[1:]
    assert per_site.min() >= 1
    assert per_site.max() <= 4
    assert 0.2 < (per_site > 1).mean() < 0.8
    for site in np.unique(sites):
        of_site = sites == site
        assert len(set(pre[of_site].tolist())) == 1
        assert len(set(tissue.synapses["post_id"].to_numpy()[of_site].tolist())) == of_site.sum()


def test_density_and_graph_are_worth_asking_about() -> None:
    tissue = volumes.cube()
    volume_um3 = tissue.image.size * 0.016**3
    assert 0.6 * 10 < tissue.synapses.num_rows / volume_um3 <= 1.4 * 10
    graph = nx.DiGraph(
        list(zip(tissue.synapses["pre_id"].to_pylist(), tissue.synapses["post_id"].to_pylist(), strict=True))
    )
    assert graph.number_of_nodes() >= 20
    census = nx.triadic_census(graph)
    assert nx.overall_reciprocity(graph) > 0
    assert census["030T"] + census["120D"] + census["120U"] + census["120C"] > 0


def test_no_synapse_wanted_makes_none() -> None:
    tissue = simulate_tissue(TissueSettings(shape=(32, 32, 32), seed=1006, synapses_per_um3=0.0))
    assert tissue.synapses.num_rows == 0
    assert not tissue.clefts.any()


@BOTH
def test_skeletons_are_trees_inside_their_neurons(made: Callable[[], Tissue]) -> None:
    tissue = made()
    rows = tissue.skeletons.to_pydict()
    at = _voxels(tissue, "skeletons")
    assert (tissue.segments[tuple(at.T)] == np.array(rows["neuron_id"])).all()
    tree: nx.DiGraph = nx.DiGraph()
    keys = list(zip(rows["neuron_id"], rows["node"], strict=True))
    tree.add_nodes_from(keys)
    tree.add_edges_from(
        ((n, p), (n, k)) for n, k, p in zip(rows["neuron_id"], rows["node"], rows["parent"], strict=True) if p >= 0
    )
    assert len(tree) == len(keys), "an edge names a node that is not there, or a node is there twice"
    assert nx.is_directed_acyclic_graph(tree)
    roots = [n for (n, _), p in zip(keys, rows["parent"], strict=True) if p < 0]
    assert sorted(roots) == tissue.neurons["neuron_id"].to_pylist()
    assert tree.number_of_edges() == len(keys) - len(roots)


def test_totals_of_the_neurons_follow_from_the_other_tables() -> None:
    tissue = volumes.cube()
    neurons, rows = tissue.neurons.to_pydict(), tissue.skeletons.to_pydict()
    place = {
        (n, k): np.array(p, dtype=float)
        for n, k, *p in zip(*(rows[c] for c in ("neuron_id", "node", "x_nm", "y_nm", "z_nm")), strict=True)
    }
    for row, neuron in enumerate(neurons["neuron_id"]):
        cable = sum(
            float(np.linalg.norm(place[n, k] - place[n, p]))
            for n, k, p in zip(rows["neuron_id"], rows["node"], rows["parent"], strict=True)
            if n == neuron and p >= 0
        )
        assert neurons["cable_length_nm"][row] == pytest.approx(cable)
        inside = tissue.segments == neuron
        assert neurons["volume_nm3"][row] == inside.sum() * 16**3
        touches = any(np.take(inside, side, axis).any() for axis in range(3) for side in (0, -1))
        assert neurons["complete"][row] == (not touches)
        assert neurons["inputs"][row] == tissue.synapses["post_id"].to_pylist().count(neuron)
        assert neurons["outputs"][row] == tissue.synapses["pre_id"].to_pylist().count(neuron)


def test_regions_are_one_root_cut_into_leaves_and_synapses_lie_in_theirs() -> None:
    tissue = volumes.cube()
    regions = tissue.regions.to_pydict()
    assert regions["name"] == ["neuropil", "layer1", "layer2", "layer3"]
    assert regions["parent_id"] == [None, 1, 1, 1]
    assert (regions["min_x_nm"][0], regions["max_x_nm"][0]) == (128 * 16, (128 + 96) * 16)
    assert (regions["min_z_nm"][0], regions["max_z_nm"][0]) == (64 * 16, (64 + 96) * 16)
    edges = [regions["min_x_nm"][1], *regions["max_x_nm"][1:]]
    assert edges == [(128 + n) * 16 for n in (0, 32, 64, 96)]
    for x, region in zip(
        tissue.synapses["post_x_nm"].to_pylist(), tissue.synapses["region_id"].to_pylist(), strict=True
    ):
        row = regions["region_id"].index(region)
        assert regions["min_x_nm"][row] <= x < regions["max_x_nm"][row]
        assert regions["parent_id"][row] == 1
