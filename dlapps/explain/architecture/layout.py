"""Where each box of a directed graph stands, as a rank (row) and a column, so that none overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count

Cell = tuple[int, int]


@dataclass(frozen=True)
class Route:
    """One edge as the cells it visits, one a rank, from the parent's to the child's."""

    parent: int
    child: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Layout:
    """The cell (rank, column) of every node, and the route of every edge."""

    cells: tuple[Cell, ...]
    routes: tuple[Route, ...]


def arrange(parents: Sequence[Sequence[int]]) -> Layout:
    """The layout of a graph given as the parents of each node, parents before children.

    A node's rank is the longest path to it from a source; the longest path of all takes column 0,
    each further branch, the shortest first, the nearest column that is free over its whole length,
    and an edge that skips ranks gets a lane that runs through no box.
    """
    ranks = longest_path_ranks(parents)
    columns: dict[int, int] = {}
    owner: dict[Cell, int] = {}
    paths = list(_paths(parents, ranks))
    for path in (*paths[:1], *sorted(paths[1:], key=len)):
        wanted = [columns[source] for source in parents[path[0]] if source in columns]
        column = _free_column(owner, [ranks[node] for node in path], path[0], wanted)
        for node in path:
            columns[node] = column
            owner[ranks[node], column] = node
    cells = tuple((rank, columns[node]) for node, rank in enumerate(ranks))
    edges = [(parent, child) for child, sources in enumerate(parents) for parent in sources]
    # Short edges first: they take the lanes nearest to the boxes.
    edges.sort(key=lambda edge: ranks[edge[1]] - ranks[edge[0]])
    routes = tuple(_route(owner, cells, parent, child) for parent, child in edges)
    return Layout(cells, routes)


def longest_path_ranks(parents: Sequence[Sequence[int]]) -> list[int]:
    """The number of edges on the longest path to each node.

    A source that is first needed late stands right above the node that needs it, and nodes without
    any edge are stacked one a rank.
    """
    ranks: list[int] = []
    first_use: dict[int, int] = {}
    for sources in parents:
        rank = max((ranks[parent] + 1 for parent in sources), default=0)
        ranks.append(rank)
        for parent in sources:
            first_use[parent] = min(first_use.get(parent, rank), rank)
    next_alone = count()
    for node, sources in enumerate(parents):
        if not sources:
            ranks[node] = first_use[node] - 1 if node in first_use else next(next_alone)
    return ranks


def _paths(parents: Sequence[Sequence[int]], ranks: Sequence[int]) -> Iterator[list[int]]:
    """Paths with one node a rank that together hold each node once, the deepest first."""
    taken: set[int] = set()
    for last in sorted(range(len(parents)), key=lambda node: -ranks[node]):
        path: list[int] = []
        node: int | None = None if last in taken else last
        while node is not None:
            taken.add(node)
            path.append(node)
            above = (source for source in parents[node] if ranks[source] == ranks[node] - 1)
            node = next((source for source in above if source not in taken), None)
        if path:
            yield path[::-1]


def _free_column(
    owner: dict[Cell, int],
    ranks: Sequence[int],
    node: int,
    wanted: Sequence[int],
    near: int = 0,
) -> int:
    """The first column whose cells at the ranks are free or the node's.

    Wanted ones come first, then those nearest to the column `near`.
    """
    outward = chain([0], (side * distance for distance in count(1) for side in (1, -1)))
    return next(
        column
        for column in chain(wanted, (near + step for step in outward))
        if all(owner.get((rank, column), node) == node for rank in ranks)
    )


def _route(owner: dict[Cell, int], cells: Sequence[Cell], parent: int, child: int) -> Route:
    start, end = cells[parent], cells[child]
    between = range(start[0] + 1, end[0])
    # Edges out of one box may share a lane: they carry the same tensor.
    column = _free_column(owner, between, parent, (start[1], end[1]), near=start[1])
    lane = tuple((rank, column) for rank in between)
    owner.update(dict.fromkeys(lane, parent))
    return Route(parent, child, (start, *lane, end))
