"""A process of its own that trains and measures one run: `python -m dlapps.runs.worker`.

It is told what to do by one JSON document, a `Cell`, on the first line of stdin, and answers with
one JSON document a line on stdout: {"step": 120} as it comes along, at last {"done": true},
{"in_use": true} where another process has the run, or {"error": "..."}. When stdin ends, because
whoever started it is gone, it saves and stops.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from dlapps.errors import DlappsError
from dlapps.files import InUse
from dlapps.runs.cell import Cell

SECONDS_BETWEEN_STEPS = 0.5


class _StepTeller:
    """Tells of the step, but not of each."""

    def __init__(self) -> None:
        self.told = 0.0

    def __call__(self, step: int, _row: Mapping[str, float]) -> None:
        if time.monotonic() - self.told > SECONDS_BETWEEN_STEPS:
            self.told = time.monotonic()
            _tell(step=step)


def _tell(**answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def _stop_when_left_alone() -> None:
    """Waits for the end of stdin, then asks this process to save and end."""
    sys.stdin.read()
    with open(os.devnull, "w") as nobody:  # Whoever listened may be gone.
        os.dup2(nobody.fileno(), sys.stdout.fileno())
        os.dup2(nobody.fileno(), sys.stderr.fileno())
    # Whoever was asked already would be killed by being asked again.
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        os.kill(os.getpid(), signal.SIGTERM)


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def main() -> None:
    """Finishes the run that stdin names."""
    cell = Cell.from_json(sys.stdin.readline())
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_stop_when_left_alone, daemon=True).start()
    try:
        cell.finish(_StepTeller())
        _tell(done=True)
    except InUse:
        _tell(in_use=True)
    except DlappsError as error:
        _tell(error=str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        _tell(error=f"{type(error).__name__}: {error}")
        raise


if __name__ == "__main__":
    main()
