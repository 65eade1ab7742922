"""The process that serves: its socket, and its end, before which requests have time to end."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from dlapps.errors import UsageError, in_short

logger = logging.getLogger(__name__)

BACKLOG = 2048
SECONDS_TO_DRAIN = 30


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket of its own at the address, not yet listening: a port in use is said before models
    are loaded, and nobody is let in before they are.

    Raises UsageError.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{in_short(host)} is no address; try 127.0.0.1.") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise _refused((host, port), error) from error
    return bound


def _refused(address: Sequence[Any], error: OSError) -> UsageError:
    where = f"{in_short(address[0])}:{address[1]}"
    why = os.strerror(error.errno) if error.errno else str(error)
    return UsageError(f"Cannot serve at {where}: {why}. Give another --port, or 0 for any.")


def run(app: ASGIApp, bound: socket.socket, path: str = "/v1/models/NAME") -> None:
    """Serves until SIGTERM or Ctrl-C, then answers what was asked before it.

    Says when it is ready, and where: at `path`. Ends in SystemExit or KeyboardInterrupt. Raises
    UsageError.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # Nothing here asks who the client is.
        backlog=BACKLOG,
        timeout_graceful_shutdown=SECONDS_TO_DRAIN,
    )
    # uvicorn raises the signal once more when it is done: this decides what that means.
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        _listen(bound)
        _Server(config, path).run(sockets=[bound])
    finally:
        bound.close()
        signal.signal(signal.SIGTERM, before)


def _listen(bound: socket.socket) -> None:
    """Lets clients in; uvloop would keep to itself that another process listens there by now."""
    try:
        bound.listen(BACKLOG)
    except OSError as error:
        raise _refused(bound.getsockname(), error) from error


class _Server(uvicorn.Server):
    """One that says when it listens, and where."""

    def __init__(self, config: uvicorn.Config, path: str):
        super().__init__(config)
        self.path = path

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets)
        for each in sockets or []:
            host, port = each.getsockname()[:2]
            host = f"[{host}]" if ":" in host else host
            logger.info("Ready at http://%s:%d%s", host, port, self.path)


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)
