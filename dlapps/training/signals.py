"""SIGTERM and SIGINT as a request that the loop reads between two calls."""

import contextlib
import signal
import threading
from collections.abc import Iterator

from dlapps.errors import DlappsError


class Stopped(DlappsError):
    """Training was asked to stop by a signal, and did so after saving."""

    def __init__(self, number: int, message: str):
        super().__init__(message)
        self.exit_code = 128 + number


class StopRequest:
    """The signal that asked training to stop, if one did."""

    number: int | None = None

    def _receive(self, number: int, _frame: object) -> None:
        self.number = number
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def catch_stop_signals() -> Iterator[StopRequest]:
    """Yields the request to look at; asking again ends the process at once."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {
        number: signal.signal(number, request._receive)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
