"""How far something long has come: a bar on a terminal, a line now and then elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TypeVar

from tqdm import tqdm

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

SECONDS_BEFORE_BAR = 2
SECONDS_BETWEEN_LINES = 15


def progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """The items themselves, while stderr says how many of them `what` is through with.

    Nothing is said of what is over in two seconds. `total` is by default the length of `items`.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if sys.stderr.isatty():
        yield from tqdm(items, what, total, leave=False, delay=SECONDS_BEFORE_BAR)
        return
    said = time.monotonic()
    for number, item in enumerate(items, 1):
        yield item
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            logger.info("%s: %d of %s", what, number, "many" if total is None else total)
            said = time.monotonic()


REFRESH_SECONDS = 0.5


class Display:
    """Loss, metrics, speed and time to go, on stderr."""

    def __init__(self, first_step: int, steps: int, shown: bool = True):
        self.steps = steps
        self.on_terminal = sys.stderr.isatty()
        self.shown = shown
        self._bar = tqdm(
            total=steps, initial=first_step, unit="step", disable=not (shown and self.on_terminal)
        )
        self._refreshed = time.monotonic()
        if first_step and shown:
            logger.info("Continuing at step %d of %d.", first_step, steps)

    @property
    def is_due(self) -> bool:
        """Whether it is time to show fresh metrics on the bar."""
        return not self._bar.disable and time.monotonic() - self._refreshed > REFRESH_SECONDS

    def advance(self, steps: int) -> None:
        """Moves the bar."""
        self._bar.update(steps)

    def refresh(self, values: Mapping[str, float]) -> None:
        """Shows metrics beside the bar."""
        self._refreshed = time.monotonic()
        self._bar.set_postfix({name: f"{value:.4g}" for name, value in values.items()})

    def row(self, step: int, values: Mapping[str, float]) -> None:
        """Shows a row of the history."""
        self.refresh(values)
        if not self.shown or self.on_terminal:
            return
        speed = values.get("steps_per_second", 0.0)
        to_go = f", {(self.steps - step) / speed:.0f} s to go" if speed else ""
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        logger.info("step %d of %d: %s%s", step, self.steps, numbers, to_go)

    def close(self) -> None:
        """Ends the bar."""
        self._bar.close()
