"""The pixel coordinates of a layout on the page, in strips side by side where it is long."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from dlapps.explain.architecture.layout import Cell, Layout, Route

Point = tuple[float, float]

GAP, COLUMN_GAP = 20.0, 16.0
MARGIN = 20.0
LANE_WIDTH = 20.0
BUS = 9.0
ARRIVAL = 22.0
FRAME_ABOVE, FRAME_BELOW, FRAME_BESIDE = 24.0, 8.0, 9.0
"""How far the frame around repeated boxes stands from them; its label stands above them."""
SEARCH = 6
"""How many ranks away from where strips would be equally long they may be cut."""


class Extent(NamedTuple):
    """A rectangle by its left top corner."""

    left: float
    top: float
    width: float
    height: float


class Page:
    """Strips of ranks side by side; edges from one strip to the next run through the gutter.

    Of each box the width and height that it needs is given: those of a column are equally wide,
    those of a rank equally high. Each of the `groups` of boxes gets room for a frame.
    """

    def __init__(
        self,
        layout: Layout,
        needed: Sequence[tuple[float, float]],
        groups: Sequence[Sequence[int]],
        *,
        num_strips: int,
        top: float,
    ):
        self._layout = layout
        self._box_cells = frozenset(layout.cells)
        self._needed = needed
        self._group_ranks = [_ranks(layout, group) for group in groups]
        num_ranks = 1 + max((rank for rank, _ in layout.cells), default=0)
        self._heights = [0.0] * num_ranks
        for (rank, _), (_, height) in zip(layout.cells, needed):
            self._heights[rank] = max(self._heights[rank], height)
        self._strips = strips(layout, self._pitches(), self._group_ranks, num_strips)
        self._strip_of = {rank: index for index, strip in enumerate(self._strips) for rank in strip}
        self._buses = [self._crossings(strip.stop) for strip in self._strips]
        bus_room = max(len(buses) for buses in self._buses) * BUS
        self._tops = self._place_rows(top + bus_room)
        self._columns: dict[tuple[int, int], tuple[float, float]] = {}
        self._rights: list[float] = []
        left = MARGIN - COLUMN_GAP / 2
        for index, strip in enumerate(self._strips):
            right = self._place_columns(index, strip, left)
            self._rights.append(right)
            left = right + 2 * GAP + BUS * len(self._buses[index])
        self.width = self._rights[-1] + MARGIN - COLUMN_GAP / 2
        bottom = max(self._tops[strip[-1]] + self._heights[strip[-1]] for strip in self._strips)
        self.height = bottom + FRAME_BELOW + bus_room + MARGIN

    def box(self, cell: Cell) -> Extent:
        """Where a box stands."""
        left, width = self._columns[self._strip_of[cell[0]], cell[1]]
        return Extent(
            left + COLUMN_GAP / 2, self._tops[cell[0]], width - COLUMN_GAP, self._heights[cell[0]]
        )

    def frame(self, group: Sequence[int]) -> Extent:
        """What surrounds some boxes and the lanes between them."""
        ranks = _ranks(self._layout, group)
        boxes = [self.box(self._layout.cells[node]) for node in group]
        lanes = [
            self._x(cell)
            for route in self._layout.routes
            if route.child in group
            for cell in route.cells[1:-1]
            if cell[0] in ranks
        ]
        left = min([*(box.left for box in boxes), *lanes]) - FRAME_BESIDE
        right = max([*(box.left + box.width for box in boxes), *lanes]) + FRAME_BESIDE
        top = self._tops[ranks.start] - FRAME_ABOVE
        bottom = self._tops[ranks[-1]] + self._heights[ranks[-1]] + FRAME_BELOW
        return Extent(left, top, right - left, bottom - top)

    def arrow(self, route: Route) -> tuple[Point, ...]:
        """The corners of an edge's line, from the parent's lower edge to the child's upper edge."""
        points = [(self._x(route.cells[0]), self._bottom_of(route.cells[0]))]
        for before, after in pairwise(route.cells):
            if self._strip_of[before[0]] != self._strip_of[after[0]]:
                points.extend(self._detour(route, before, after))
            points.append((self._x(after), self._tops[after[0]]))
            points.append((self._x(after), self._bottom_of(after)))
        x, y = points[-2]
        return (*points[:-2], (x + self._arrival(route), y))

    def _x(self, cell: Cell) -> float:
        """The middle of a box; a lane runs where its column is nearest to the first one."""
        left, width = self._columns[self._strip_of[cell[0]], cell[1]]
        if cell in self._box_cells or cell[1] == 0:
            return left + width / 2
        return left + LANE_WIDTH / 2 if cell[1] > 0 else left + width - LANE_WIDTH / 2

    def _bottom_of(self, cell: Cell) -> float:
        return self._tops[cell[0]] + self._heights[cell[0]]

    def _room_above(self, rank: int) -> float:
        begins = any(ranks.start == rank for ranks in self._group_ranks)
        return FRAME_ABOVE * begins + self._room_below(rank - 1)

    def _room_below(self, rank: int) -> float:
        return FRAME_BELOW * any(ranks[-1] == rank for ranks in self._group_ranks)

    def _pitches(self) -> list[float]:
        """From the top of each rank, with what is above it, to that of the next."""
        return [self._room_above(rank) + each + GAP for rank, each in enumerate(self._heights)]

    def _place_rows(self, top: float) -> list[float]:
        """The top of each rank; strips begin side by side."""
        tops, pitches = [], self._pitches()
        for strip in self._strips:
            starts = accumulate((pitches[rank] for rank in strip), initial=top)
            tops += [start + self._room_above(rank) for rank, start in zip(strip, starts)]
        return tops

    def _place_columns(self, index: int, strip: range, left: float) -> float:
        """Places the columns of a strip from a left edge on, and returns its right one."""
        widths: dict[int, float] = {}
        for route in self._layout.routes:
            widths |= {column: LANE_WIDTH for rank, column in route.cells if rank in strip}
        for (rank, column), (width, _) in zip(self._layout.cells, self._needed):
            if rank in strip:
                widths[column] = max(widths.get(column, 0), width + COLUMN_GAP)
        for column in sorted(widths):
            self._columns[index, column] = (left, widths[column])
            left += widths[column]
        return left

    def _crossings(self, rank: int) -> list[tuple[int, int]]:
        """The (column, parent) of every line that enters a rank from the one above, in order."""
        return sorted(
            {
                (before[1], route.parent)
                for route in self._layout.routes
                for before, after in pairwise(route.cells)
                if after[0] == rank
            }
        )

    def _detour(self, route: Route, before: Cell, after: Cell) -> Iterator[Point]:
        # The leftmost line goes lowest, then outermost, then enters lowest: so none cross.
        index = self._strip_of[before[0]]
        buses = self._buses[index]
        from_left = buses.index((before[1], route.parent))
        from_right = len(buses) - 1 - from_left
        below = self._bottom_of(before) + self._room_below(before[0])
        low = below + GAP / 2 + BUS * from_right
        above = self._room_above(after[0])
        high = self._tops[after[0]] - above - GAP / 2 - BUS * from_left
        gutter = self._rights[index] + GAP / 2 + BUS * from_right
        yield from ((self._x(before), low), (gutter, low), (gutter, high))
        yield (self._x(after), high)

    def _arrival(self, route: Route) -> float:
        """How far beside the middle of its child's box an edge ends, so that arrows stay apart."""
        rank, column = route.cells[-1]
        side = route.cells[-2][1] - column
        arriving = {
            other.cells[-2][1] - column
            for other in self._layout.routes
            if other.child == route.child
        }
        if len(arriving) == 1 or self._strip_of[rank - 1] != self._strip_of[rank]:
            return 0.0
        nearer = sum(0 < other * side <= side**2 for other in arriving)
        return ARRIVAL * nearer * (1 if side > 0 else -1)


def _ranks(layout: Layout, group: Sequence[int]) -> range:
    ranks = [layout.cells[node][0] for node in group]
    return range(min(ranks), max(ranks) + 1)


def strips(
    layout: Layout, pitches: Sequence[float], whole: Sequence[range], num_strips: int
) -> list[range]:
    """The ranks of each strip, about equally long, cut where a single tensor crosses by the fewest
    edges.

    Where more cross, a cut would send skip connections past one another over the page; beside a
    column that stays whole they can be followed, however long it is. What is to stay whole does.
    """
    num_ranks = len(pitches)
    parents: list[list[int]] = [[] for _ in range(num_ranks)]
    for route in layout.routes:
        for rank, _ in route.cells[1:]:
            parents[rank].append(route.parent)
    ends = [*accumulate(pitches)]
    cuts = [0]
    for strip in range(1, num_strips):
        wanted = ends[-1] * strip / num_strips
        target = min(range(num_ranks), key=lambda rank: abs(ends[rank] - wanted)) + 1
        near = range(max(cuts[-1] + 1, target - SEARCH), min(num_ranks, target + SEARCH + 1))
        narrow = [
            cut
            for cut in near
            if len(set(parents[cut])) < 2
            and not any(ranks.start < cut < ranks.stop for ranks in whole)
        ]
        if narrow:
            cuts.append(min(narrow, key=lambda cut: (len(parents[cut]), abs(cut - target))))
    return [range(start, end) for start, end in zip(cuts, [*cuts[1:], num_ranks])]
