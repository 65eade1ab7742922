"""Some of many, where not all can be shown."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def evenly_chosen(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of the items, evenly apart, the first and the last among them."""
    places = np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)
    return [items[place] for place in places.tolist()]
