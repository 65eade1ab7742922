"""The process that serves: its socket, and its end, in which nobody's request is lost."""

import logging
import signal
import socket
import sys
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from dlapps.errors import UsageError, in_short

logger = logging.getLogger(__name__)

BACKLOG = 2048
SECONDS_TO_DRAIN = 30


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket of its own at the address, not yet listening: a port in use is said before models
    are loaded, and nobody is let in before they are.

    Raises UsageError.
    """
    where = f"{in_short(host)}:{port}"
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"There is no address {where} on this machine; try 127.0.0.1.") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise UsageError(
            f"Cannot serve at {where}: {error.strerror}. Give another --port, or 0 for any."
        ) from error
    return bound


def run(app: Starlette, bound: socket.socket) -> None:
    """Serves until SIGTERM or Ctrl-C, then answers what was asked before it.

    Ends in SystemExit or KeyboardInterrupt.
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
    signal.signal(signal.SIGTERM, _stop)
    with bound:
        _Server(config).run(sockets=[bound])
    logger.info("Stopped.")


class _Server(uvicorn.Server):
    """One that says when it listens, and where."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets)
        for each in sockets or []:
            host, port = each.getsockname()[:2]
            logger.info("Ready at http://%s:%d/v1/models/NAME", host, port)


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)
