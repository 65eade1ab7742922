"""Boxes and lanes never share a cell, and every edge runs downward."""

from collections import defaultdict

import numpy as np
import pytest

from dlapps.explain.architecture.layout import Layout, arrange, longest_path_ranks
from dlapps.explain.architecture.page import SEARCH, strips


def random_graph(seed: int, num_nodes: int = 40) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [
        sorted({int(random.integers(max(0, node - 8), node)) for _ in range(random.integers(1, 4))})
        if node > 1
        else []
        for node in range(num_nodes)
    ]


def occupants(layout: Layout) -> dict[tuple[int, int], set[int]]:
    """For each cell, the nodes whose box or outgoing lane is there."""
    found = defaultdict(set)
    for node, cell in enumerate(layout.cells):
        found[cell].add(node)
    for route in layout.routes:
        for cell in route.cells[1:-1]:
            found[cell].add(route.parent)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_no_two_boxes_or_lanes_share_a_cell(seed):
    layout = arrange(random_graph(seed))
    assert len(set(layout.cells)) == len(layout.cells)
    assert all(len(nodes) == 1 for nodes in occupants(layout).values())


@pytest.mark.parametrize("seed", range(5))
def test_every_edge_has_a_route_down_one_rank_at_a_time(seed):
    parents = random_graph(seed)
    layout = arrange(parents)
    edges = {(parent, child) for child, sources in enumerate(parents) for parent in sources}
    assert {(route.parent, route.child) for route in layout.routes} == edges
    for route in layout.routes:
        ranks = [rank for rank, _ in route.cells]
        assert ranks == list(range(ranks[0], ranks[-1] + 1))
        assert route.cells[0] == layout.cells[route.parent]
        assert route.cells[-1] == layout.cells[route.child]


def test_a_chain_is_straight_and_a_skip_runs_beside_it():
    layout = arrange([[], [0], [1], [0, 2]])
    assert layout.cells == ((0, 0), (1, 0), (2, 0), (3, 0))
    skip = next(route for route in layout.routes if (route.parent, route.child) == (0, 3))
    assert skip.cells == ((0, 0), (1, 1), (2, 1), (3, 0))


def test_a_lane_runs_on_the_side_of_the_branch_that_it_leaves():
    chain = [[], *([node] for node in range(8))]
    early, late = [1], [4]
    layout = arrange([*chain, early, late, [8, 9, 10]])
    assert layout.cells[9:11] == ((2, 1), (5, 1))
    lane = next(route for route in layout.routes if (route.parent, route.child) == (9, 11))
    assert {column for _, column in lane.cells[1:-1]} == {2}


def test_a_source_stands_right_above_its_first_use():
    assert longest_path_ranks([[], [0], [1], [], [2, 3]]) == [0, 1, 2, 2, 3]


def test_nodes_without_edges_are_stacked():
    assert arrange([[], [], []]).cells == ((0, 0), (1, 0), (2, 0))


def test_a_long_graph_is_cut_where_fewest_edges_cross_and_no_frame_is():
    parents = [[]] + [[node - 1] for node in range(1, 60)]
    parents[24] = [23, 18]
    frame = range(38, 44)
    cut = strips(arrange(parents), [10.0] * 60, [frame], 3)
    assert [rank for strip in cut for rank in strip] == list(range(60))
    assert max(map(len, cut)) <= 20 + 2 * SEARCH
    assert not 18 < cut[1].start <= 24
    assert cut[2].start not in frame[1:]
    assert strips(arrange(parents[:10]), [10.0] * 10, [], 1) == [range(10)]


def test_skips_around_the_middle_stay_beside_one_column():
    depth = 30
    parents = [[]] + [[node - 1] for node in range(1, 2 * depth)]
    for down in range(0, depth, 3):
        parents[2 * depth - 1 - down].append(down)
    layout = arrange(parents)
    assert strips(layout, [10.0] * 2 * depth, [], 3) == [range(2 * depth)]
    assert {column for _, column in layout.cells} == {0}
