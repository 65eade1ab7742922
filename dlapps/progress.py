"""How far a long measurement has come: a bar on a terminal, a line now and then elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
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
    if total is None and hasattr(items, "__len__"):
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
