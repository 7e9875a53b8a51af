"""Assignment on scenes whose synapses are known because they were drawn."""

from __future__ import annotations

import numpy as np
import pytest
from graphkit_pipeline.blocks import Box, make_blocks
from graphkit_pipeline.synapse.assign import SYNAPSES, assign, in_order
from graphkit_pipeline.synapse.settings import AssignSettings
from graphkit_pipeline.synapse.votes import cast_votes
from hypothesis import given, settings
from hypothesis import strategies as st

from graphkit.errors import GraphkitError
from graphkit.schema import TABLES


def _assign(scene, **changes):
    wanted = {"settings": AssignSettings(), "voxel_size_nm": scene.voxel_size_nm, "offset": scene.offset, **changes}
    return assign(scene.cleft, scene.direction, scene.segments, **wanted)


def _pairs(table):
    return list(zip(table["pre_segment_id"].to_pylist(), table["post_segment_id"].to_pylist(), strict=True))


def test_two_cells_and_a_cleft(make_two_cells):
    scene = make_two_cells(offset=(100, 0, 0))
    table = _assign(scene)
    assert _pairs(table) == [(7, 9)]
    row = table.to_pylist()[0]
    assert row["size"] == 2 * 8 * 8
    assert row["score"] == pytest.approx(0.875)
    assert row["synapse_id"] == 1
    assert row["pre_site_id"] == 1
    # Up from z = 11 and 12 the first labelled voxel is z = 10, down it is z = 13; in nm, with the offset.
    assert row["pre_z_nm"] == (110 + 0.5) * 16
    assert row["post_z_nm"] == (113 + 0.5) * 16
    for side in ("pre", "post"):
        assert abs(row[f"{side}_y_nm"] - 12 * 16) <= 8  # the middle of the cleft
        assert abs(row[f"{side}_x_nm"] - 12 * 16) <= 8


def test_the_other_way_round_swaps_the_partners(make_two_cells):
    scene = make_two_cells()
    scene.direction *= -1
    assert _pairs(_assign(scene)) == [(9, 7)]


def test_the_schema_is_that_of_the_dataset(make_two_cells):
    scene = make_two_cells()
    table = _assign(scene)
    assert table.schema == SYNAPSES
    for name in table.column_names:
        assert table.schema.field(name).type == TABLES["synapses"].schema.field(name).type


def test_no_site_gives_an_empty_table_of_the_same_schema(make_two_cells):
    scene = make_two_cells()
    scene.clefts[:] = 0
    table = _assign(scene)
    assert len(table) == 0
    assert table.schema == SYNAPSES
    assert in_order(table).schema == SYNAPSES


def test_polyadic_site_shares_its_pre_point(make_scene):
    """One cell above, three below side by side along x, with gaps: one site, three rows."""
    segments = np.zeros((24, 24, 33), np.int64)
    segments[:11] = 1
    for post, x in ((4, 0), (2, 12), (3, 24)):
        segments[13:, :, x : x + 9] = post
    scene = make_scene(segments)
    scene.add((slice(11, 13), slice(8, 16), slice(3, 30)), 5, (-1, 0, 0))
    table = _assign(scene)
    assert _pairs(table) == [(1, 4), (1, 2), (1, 3)]  # by position of the post: x grows
    assert len({tuple(row[f"pre_{a}_nm"] for a in "xyz") for row in table.to_pylist()}) == 1
    assert table["pre_site_id"].to_pylist() == [1, 1, 1]
    assert table["size"].to_pylist() == [2 * 8 * 6, 2 * 8 * 9, 2 * 8 * 6]  # the voxels right above each


def test_a_touched_neighbour_below_the_share_is_no_partner(make_scene):
    segments = np.zeros((24, 24, 24), np.int64)
    segments[:11], segments[13:, :, :15], segments[13:, :, 15:] = 1, 2, 3
    scene = make_scene(segments)
    scene.add((slice(11, 13), slice(8, 16), slice(6, 16)), 1, (-1, 0, 0))  # 1 of 10 columns over cell 3
    assert _pairs(_assign(scene, settings=AssignSettings(post_share=0.2))) == [(1, 2)]
    assert _pairs(_assign(scene, settings=AssignSettings(post_share=0.1))) == [(1, 2), (1, 3)]


def test_sites_that_run_together_come_apart_by_their_pre(make_scene):
    """Two cells above, side by side, each onto the cell below; their clefts touch."""
    segments = np.zeros((24, 24, 32), np.int64)
    segments[:11, :, :16], segments[:11, :, 16:], segments[13:] = 1, 2, 3
    scene = make_scene(segments)
    scene.add((slice(11, 13), slice(8, 16), slice(6, 26)), 1, (-1, 0, 0))
    table = _assign(scene)
    assert _pairs(table) == [(1, 3), (2, 3)]
    assert table["pre_site_id"].to_pylist() == [1, 2]


def test_back_to_back_sites_come_apart(make_scene):
    """A reciprocal pair whose clefts touch: 1 -> 2 on the left half, 2 -> 1 on the right."""
    segments = np.zeros((24, 24, 32), np.int64)
    segments[:11], segments[13:] = 1, 2
    scene = make_scene(segments)
    scene.add((slice(11, 13), slice(8, 16), slice(6, 16)), 1, (-1, 0, 0))
    scene.add((slice(11, 13), slice(8, 16), slice(16, 26)), 2, (1, 0, 0))
    assert sorted(_pairs(_assign(scene))) == [(1, 2), (2, 1)]


def test_a_segment_is_no_partner_of_itself(make_scene):
    segments = np.zeros((24, 24, 24), np.int64)
    segments[:11], segments[13:] = 1, 1
    scene = make_scene(segments)
    scene.add((slice(11, 13), slice(8, 16), slice(8, 16)), 1, (-1, 0, 0))
    assert len(_assign(scene)) == 0


def test_small_sites_and_low_scores_are_dropped(make_two_cells):
    scene = make_two_cells()
    assert len(_assign(scene, settings=AssignSettings(min_voxels=2 * 8 * 8))) == 1
    assert len(_assign(scene, settings=AssignSettings(min_voxels=2 * 8 * 8 + 1))) == 0
    assert len(_assign(scene, settings=AssignSettings(min_score=0.9))) == 0
    assert len(_assign(scene, settings=AssignSettings(threshold=0.875))) == 0


def test_directions_are_in_nm_where_voxels_are_not_cubes(make_scene):
    """Voxels of 40 x 10 x 10 nm, a ray of 45 degrees in nm: one section in z is four voxels in x."""
    labels = np.zeros((5, 1, 40), np.int64)
    labels[3, 0, :] = 8
    votes = cast_votes(np.array([[1, 0, 5]]), np.array([[1.0, 0, 1.0]]), labels, np.array([40.0, 10, 10]), 0.0, 200.0)
    assert votes.labels.tolist() == [8]
    # z = 3 is entered at 1.5 sections = 60 nm in z, so at 60 nm = 6 voxels in x.
    assert votes.places.tolist() == [[3, 0, 11]]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_positions_lie_inside_their_segments_and_pairs_differ(seed):
    """Whatever is predicted: blobs of clefts and random directions over random segments."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 6, (4, 4, 4)) * (2**53 + 1)
    labels = np.kron(coarse, np.ones((6, 6, 6), np.int64))
    labels[rng.random(labels.shape) < 0.2] = 0
    labels[:8] = 3  # so that a site has one side to point to
    cleft = np.kron(rng.random((6, 6, 6)), np.ones((4, 4, 4))).astype(np.float32)
    direction = rng.normal(size=(3, *labels.shape)).astype(np.float32)
    direction[0] -= 2
    size, offset = np.array([20.0, 16.0, 12.0]), (5, -3, 1000)
    table = assign(cleft, direction, labels, settings=AssignSettings(), voxel_size_nm=size, offset=offset)
    assert len(table) > 0
    for row in table.to_pylist():
        assert row["pre_segment_id"] != row["post_segment_id"]
        assert 0.6 < row["score"] < 1
        for side in ("pre", "post"):
            nm = np.array([row[f"{side}_{a}_nm"] for a in "zyx"])
            voxel = np.floor(nm / size).astype(int) - np.asarray(offset)
            assert labels[tuple(voxel)] == row[f"{side}_segment_id"]


@given(seed=st.integers(0, 10_000), size=st.sampled_from([(20, 24, 28), (17, 40, 25), (13, 13, 13)]))
@settings(max_examples=8, deadline=None)
def test_in_blocks_as_in_one_piece(seed, size):
    """Sites anywhere, also on the borders of blocks: the blocks' tables, put together, are the whole table."""
    rng = np.random.default_rng(seed)
    shape, offset = (40, 48, 56), (3, -7, 11)
    labels = np.kron(rng.integers(1, 9, (5, 6, 7)), np.ones((8, 8, 8), np.int64))
    cleft = np.zeros(shape, np.float32)
    for centre in rng.integers(0, shape, (40, 3)):
        cleft[tuple(slice(max(c - 2, 0), c + 2) for c in centre)] = rng.uniform(0.6, 1)
    direction = rng.normal(size=3).reshape(3, 1, 1, 1) * np.ones((3, *shape))
    chosen = AssignSettings(min_voxels=8, post_voxels=2)
    common = {"settings": chosen, "voxel_size_nm": (16, 16, 16)}
    whole = assign(cleft, direction, labels, **common, offset=offset)
    assert len(whole) > 5
    bounds = Box.of_shape(shape, offset)
    tables, numbers = [], []
    # Cubes of 4 that touch make chains: the halo of 34 covers the longest that 40 of them make here, and the rays.
    for block in make_blocks(bounds, size, halo=34):
        cut = block.box.slices(origin=offset)
        part = assign(
            cleft[cut], direction[(slice(None), *cut)], labels[cut], **common, offset=block.box.start, core=block.core
        )
        tables.append(part)
        numbers.append(np.full(len(part), block.index))
    import pyarrow as pa

    assert in_order(pa.concat_tables(tables), np.concatenate(numbers)).equals(whole)


def test_every_site_belongs_to_one_block(make_two_cells):
    """A cleft that the border of two cores cuts in half is found once."""
    scene = make_two_cells()
    found = []
    for block in make_blocks(Box.of_shape(scene.segments.shape), (12, 12, 12), halo=12):
        cut = block.box.slices()
        table = assign(
            scene.cleft[cut],
            scene.direction[(slice(None), *cut)],
            scene.segments[cut],
            voxel_size_nm=scene.voxel_size_nm,
            offset=block.box.start,
            core=block.core,
        )
        found += table["size"].to_pylist()
    assert found == [128]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, d, s: (c[1:], d, s), "shapes"),
        (lambda c, d, s: (c, d[:2], s), "shapes"),
        (lambda c, d, s: (c, d, s.astype(np.float64)), "labels are float64"),
        (lambda c, d, s: (np.where(s == 7, np.nan, c), d, s), "NaN"),
    ],
)
def test_what_does_not_fit_is_refused(make_two_cells, change, message):
    scene = make_two_cells()
    arrays = change(scene.cleft, scene.direction, scene.segments)
    with pytest.raises(GraphkitError, match=message):
        assign(*arrays, voxel_size_nm=(16, 16, 16))
