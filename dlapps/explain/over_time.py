"""What is seen of a network again and again while it learns, and how that is drawn."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from matplotlib.figure import Figure

Seen = TypeVar("Seen")


class OverTime(NamedTuple, Generic[Seen]):
    """One look at a network, taken at several steps of its training."""

    look: Callable[[], Seen]
    """What is to be seen of the network as it stands; asked once for each step, its weights being
    others each time."""
    draw: Callable[[Sequence[int], Sequence[Seen]], Figure]
    """From the steps and what was seen at each to a figure of all."""
    frame: Callable[[int, Seen], Figure] | None = None
    """From a step and what was seen there to one frame of an animation, all of one size; None:
    nothing is animated."""
