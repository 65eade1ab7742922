"""The pixel coordinates of a layout on the page, in strips side by side where it is long."""

import math
from collections.abc import Iterator
from itertools import accumulate, pairwise

from dlapps.explain.architecture.layout import Cell, Layout, Route

Point = tuple[float, float]

BOX_HEIGHT = 42.0
GAP = 26.0
MARGIN = 24.0
HEADER = 62.0
LANE_WIDTH = 26.0
BUS = 9.0
ARRIVAL = 22.0


class Page:
    """Strips of ranks side by side; edges from one strip to the next run through the gutter."""

    def __init__(self, layout: Layout, box_width: float):
        self._layout = layout
        self._strips = fold(layout)
        self._strip_of = {rank: index for index, strip in enumerate(self._strips) for rank in strip}
        self._buses = [self._crossings(strip.stop) for strip in self._strips]
        self._bus_room = max(len(buses) for buses in self._buses) * BUS
        self._centres: dict[tuple[int, int], float] = {}
        self._rights: list[float] = []
        left = MARGIN - GAP / 2
        for index, strip in enumerate(self._strips):
            right = self._place_columns(index, strip, left, box_width)
            self._rights.append(right)
            left = right + 2 * GAP + BUS * len(self._buses[index])
        self.width = self._rights[-1] + MARGIN
        rows = max(len(strip) for strip in self._strips)
        self.height = self._row_top(rows) + self._bus_room + MARGIN - GAP

    def centre(self, cell: Cell) -> float:
        """The x of the middle of a cell."""
        rank, column = cell
        return self._centres[self._strip_of[rank], column]

    def top(self, cell: Cell) -> float:
        """The y of the upper edge of a cell."""
        return self._row_top(cell[0] - self._strips[self._strip_of[cell[0]]].start)

    def arrow(self, route: Route) -> tuple[Point, ...]:
        """The corners of an edge's line, from the parent's lower edge to the child's upper edge."""
        points = [(self.centre(route.cells[0]), self.top(route.cells[0]) + BOX_HEIGHT)]
        for before, after in pairwise(route.cells):
            if self._strip_of[before[0]] != self._strip_of[after[0]]:
                points.extend(self._detour(route, before, after))
            points.append((self.centre(after), self.top(after)))
            points.append((self.centre(after), self.top(after) + BOX_HEIGHT))
        x, y = points[-2]
        return (*points[:-2], (x + self._arrival(route), y))

    def _row_top(self, row: int) -> float:
        return HEADER + self._bus_room + row * (BOX_HEIGHT + GAP)

    def _place_columns(self, index: int, strip: range, left: float, box_width: float) -> float:
        boxes = {column for rank, column in self._layout.cells if rank in strip}
        lanes = {
            column for route in self._layout.routes for rank, column in route.cells if rank in strip
        }
        columns = sorted(boxes | lanes)
        widths = [box_width + GAP if column in boxes else LANE_WIDTH for column in columns]
        for column, width, right in zip(columns, widths, accumulate(widths)):
            self._centres[index, column] = left + right - width / 2
        return left + sum(widths)

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
        low = self.top(before) + BOX_HEIGHT + GAP / 2 + BUS * from_right
        high = self.top(after) - GAP / 2 - BUS * from_left
        gutter = self._rights[index] + GAP / 2 + BUS * from_right
        yield from ((self.centre(before), low), (gutter, low), (gutter, high))
        yield (self.centre(after), high)

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


STRIP_LENGTH = 24
SEARCH = 6


def fold(layout: Layout) -> list[range]:
    """The ranks of each strip, cut where a single tensor crosses, by the fewest edges.

    Where more cross, a cut would send skip connections past one another over the page; beside a
    column that stays whole they can be followed, however long it is.
    """
    num_ranks = 1 + max((rank for rank, _ in layout.cells), default=0)
    # Strips lengthen with the network, so that its page does not become a ribbon.
    strip_length = max(STRIP_LENGTH, 2 * math.sqrt(num_ranks))
    num_strips = math.ceil(num_ranks / strip_length)
    parents: list[list[int]] = [[] for _ in range(num_ranks + 1)]
    for route in layout.routes:
        for rank, _ in route.cells[1:]:
            parents[rank].append(route.parent)
    cuts = [0]
    for strip in range(1, num_strips):
        target = round(strip * num_ranks / num_strips)
        near = range(max(cuts[-1] + 1, target - SEARCH), min(num_ranks, target + SEARCH + 1))
        narrow = [cut for cut in near if len(set(parents[cut])) < 2]
        if narrow:
            cuts.append(min(narrow, key=lambda cut: (len(parents[cut]), abs(cut - target))))
    return [range(start, end) for start, end in zip(cuts, [*cuts[1:], num_ranks])]
