"""The pixel coordinates of a network that narrows and widens again: down one column, up another."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from dlapps.explain.architecture.layout import Cell, Layout, Route
from dlapps.explain.architecture.page import (
    FRAME_ABOVE,
    FRAME_BELOW,
    FRAME_BESIDE,
    GAP,
    MARGIN,
    Extent,
    Point,
)

BETWEEN = 72.0
"""Pixels between the columns, which skip connections cross."""


def rungs_of(layout: Layout, groups: Sequence[range]) -> list[tuple[int, int]]:
    """The pairs of ranks that stand side by side, the lowest first; empty where there is no valley.

    It is one where all boxes are in one column, and at least two edges skip ranks, each of them
    around all those within. The lowest pair is the turn; no group is divided by it.
    """
    spans = [(route.cells[0][0], route.cells[-1][0]) for route in layout.routes]
    skips = sorted((span for span in spans if span[1] - span[0] > 1), reverse=True)
    is_nested = all(outer[0] < inner[0] and inner[1] < outer[1] for inner, outer in pairwise(skips))
    if len(skips) < 2 or not is_nested or any(column for _, column in layout.cells):
        return []
    start, end = skips[0]
    divided = {place for group in groups for place in group[1:]}
    turns = [place for place in range(start + 2, end) if place not in divided]
    if not turns:
        return []
    turn = min(turns, key=lambda place: abs(2 * place - start - end - 1))
    return [(turn - 1, turn), *skips]


class Valley:
    """Boxes from top to bottom on the left and back up on the right, by the interface of Page."""

    def __init__(
        self,
        needed: Sequence[tuple[float, float]],
        groups: Sequence[range],
        rungs: Sequence[tuple[int, int]],
        *,
        top: float,
    ):
        """Takes the width and height that each box needs, in the order of ranks."""
        self._heights = [height for _, height in needed]
        self._turn = rungs[0][1]
        self._groups = groups
        left, right = (
            max(width for width, _ in side) for side in (needed[: self._turn], needed[self._turn :])
        )
        self._columns = ((MARGIN, left), (MARGIN + left + BETWEEN, right))
        self.width = MARGIN + left + BETWEEN + right + MARGIN
        levels = self._climb(rungs)
        highest = max(levels[rank] + self._above(rank) for rank in levels)
        self._centres = {rank: top + highest - level for rank, level in levels.items()}
        lowest = max(self._centres[rank] + self._below(rank) for rank in levels)
        self.height = lowest + MARGIN

    def box(self, cell: Cell) -> Extent:
        """Where a box stands."""
        rank, _ = cell
        left, width = self._columns[0 if rank < self._turn else 1]
        height = self._heights[rank]
        return Extent(left, self._centres[rank] - height / 2, width, height)

    def frame(self, group: Sequence[int]) -> Extent:
        """What surrounds some boxes."""
        boxes = [self.box((rank, 0)) for rank in group]
        left, width = boxes[0].left - FRAME_BESIDE, boxes[0].width + 2 * FRAME_BESIDE
        top = min(box.top for box in boxes) - FRAME_ABOVE
        bottom = max(box.top + box.height for box in boxes) + FRAME_BELOW
        return Extent(left, top, width, bottom - top)

    def arrow(self, route: Route) -> tuple[Point, ...]:
        """The ends of an edge's line: down, up, or straight across."""
        start, end = (self.box(cell) for cell in (route.cells[0], route.cells[-1]))
        if start.left != end.left:
            y = start.top + start.height / 2
            return (start.left + start.width, y), (end.left, y)
        x = start.left + start.width / 2
        if start.top < end.top:
            return (x, start.top + start.height), (x, end.top)
        return (x, start.top), (x, end.top + end.height)

    def _climb(self, rungs: Sequence[tuple[int, int]]) -> dict[int, float]:
        """How far the middle of each box stands above that of the lowest two, by rank.

        Between two rungs the side that needs less room is spread out.
        """
        levels = dict.fromkeys(rungs[0], 0.0)
        for (left, right), (upper_left, upper_right) in pairwise(rungs):
            sides = (range(left, upper_left - 1, -1), range(right, upper_right + 1))
            pitches = [self._pitches(side) for side in sides]
            room = max(map(sum, pitches))
            for side, needed in zip(sides, pitches):
                spread = (room - sum(needed)) / len(needed)
                levels |= _stacked(levels[side[0]], side, [pitch + spread for pitch in needed])
        left, right = rungs[-1]
        for side in (range(left, -1, -1), range(right, len(self._heights))):
            levels |= _stacked(levels[side[0]], side, self._pitches(side))
        return levels

    def _pitches(self, side: range) -> list[float]:
        """From the middle of each box to that of the one above it."""
        return [self._above(lower) + GAP + self._below(upper) for lower, upper in pairwise(side)]

    def _above(self, rank: int) -> float:
        """What a box, and the frame of a group that ends in it, takes above its middle."""
        tops = {group[0] if group[0] < self._turn else group[-1] for group in self._groups}
        return self._heights[rank] / 2 + (FRAME_ABOVE if rank in tops else 0.0)

    def _below(self, rank: int) -> float:
        bottoms = {group[-1] if group[0] < self._turn else group[0] for group in self._groups}
        return self._heights[rank] / 2 + (FRAME_BELOW if rank in bottoms else 0.0)


def _stacked(lowest: float, side: range, pitches: Sequence[float]) -> dict[int, float]:
    return dict(zip(side, accumulate(pitches, initial=lowest)))
