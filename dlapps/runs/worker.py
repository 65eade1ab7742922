"""A process of its own that trains and measures one run: `python -m dlapps.runs.worker`.

It is told what to do by one JSON document, a `Task`, on the first line of stdin, and answers with
one JSON document a line on stdout: {"step": 120} as it comes along, at last {"done": true},
{"in_use": true} where another process has the run, or {"error": "..."}. When stdin ends, because
whoever started it is gone, it saves and stops.
"""

import dataclasses
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlapps.errors import DlappsError
from dlapps.files import InUse, sole_user
from dlapps.runs.directory import create_run, read_config
from dlapps.runs.documents import METRICS
from dlapps.runs.trained import open_run

SECONDS_BETWEEN_STEPS = 0.5


@dataclasses.dataclass(frozen=True)
class Task:
    """A run to be finished: what `dlapps APPLICATION train` and `evaluate` are told."""

    application: str
    config_name: str
    config_text: str
    directory: str

    def finish(self) -> None:
        """Trains and measures, where that was not done."""
        directory = Path(self.directory)
        config = read_config(self.application, self.config_text, self.config_name)
        create_run(self.application, config, directory).train(self.config_name, _StepTeller())
        run = open_run(self.application, directory)
        with sole_user(directory):
            if not (directory / METRICS).exists():
                run.evaluate()


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
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Finishes the run that stdin names."""
    task = Task(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_stop_when_left_alone, daemon=True).start()
    try:
        task.finish()
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
