"""Where a long network is cut into strips that stand side by side."""

import math

from dlapps.explain.layout import Layout

STRIP_LENGTH = 24
SEARCH = 6


def fold(layout: Layout) -> list[range]:
    """The ranks of each strip, cut where the fewest edges cross."""
    num_ranks = 1 + max((rank for rank, _ in layout.cells), default=0)
    # Strips lengthen with the network, so that its page does not become a ribbon.
    strip_length = max(STRIP_LENGTH, 2 * math.sqrt(num_ranks))
    num_strips = math.ceil(num_ranks / strip_length)
    crossings = [0] * (num_ranks + 1)
    for route in layout.routes:
        for rank, _ in route.cells[1:]:
            crossings[rank] += 1
    cuts = [0]
    for strip in range(1, num_strips):
        target = round(strip * num_ranks / num_strips)
        near = range(max(cuts[-1] + 1, target - SEARCH), min(num_ranks, target + SEARCH + 1))
        cuts.append(min(near, key=lambda cut, target=target: (crossings[cut], abs(cut - target))))
    return [range(start, end) for start, end in zip(cuts, [*cuts[1:], num_ranks])]
