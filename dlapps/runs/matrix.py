"""Many runs, each config with each seed, finished by a few processes at a time."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dlapps.config.files import ConfigFile, read_text
from dlapps.errors import UsageError, in_short
from dlapps.files import is_in_use
from dlapps.runs.cell import Cell
from dlapps.runs.directory import create_run, read_config
from dlapps.training.loop import Stopped, StopRequest, catch_stop_signals

SECONDS_BETWEEN_LOOKS = 2.0


def matrix_of(
    configs: Sequence[tuple[str, ConfigFile]],
    seeds: Sequence[int],
    assignments: Sequence[str],
    runs: Path,
) -> list[Cell]:
    """Every config with every seed and fold, all configs of a seed before the next.

    `configs` are (application, file). Raises UsageError, before anything is trained, where a
    config is wrong or a run that is there was trained with another.
    """
    names = [(application, file.name) for application, file in configs]
    for application, config_name in names:
        if names.count((application, config_name)) > 1:
            raise UsageError(f"{config_name} of {application} is named twice.")
    cells = []
    for seed in seeds:
        for application, file in configs:
            text, changes = read_text(file.path), [*assignments, f"seed={seed}"]
            config = read_config(application, text, str(file.path), changes)
            if config.evaluation.folds and len(seeds) > 1:
                raise UsageError(
                    f"{file.name} is cross-validated, with a run for each fold: give --seeds 1."
                )
            for fold in range(config.evaluation.folds or 1):
                if config.evaluation.folds:
                    told = [*changes, f"data.fold={fold}"]
                    config = read_config(application, text, str(file.path), told)
                name = f"{seed}-fold{fold}" if fold else str(seed)
                directory = runs / application / file.name / name
                create_run(application, config, directory)
                cells.append(Cell(file.name, config, directory))
    return cells


OnChange = Callable[["Matrix"], None]


class Matrix:
    """The runs of a comparison on their way to their ends.

    Each is trained and measured by a process of its own, `jobs` at a time, which share the cores.
    A run that another process holds, started by whomever, is left to it, and taken over should
    that end before the run does. So several of these, also of machines that share the folder,
    share the work.
    """

    def __init__(self, cells: Sequence[Cell], jobs: int):
        self.cells = cells
        self.jobs = jobs
        self.steps = {cell.directory: 0 for cell in cells}
        """How many steps of each run are known to be done."""
        self.failures: dict[Path, str] = {}
        self._finished: set[Path] = set()
        self._working: dict[Path, _Worker] = {}
        self._answers: queue.Queue[tuple[Cell, dict[str, Any]]] = queue.Queue()

    def finish(self, on_change: OnChange) -> None:
        """Brings every run to its end; raises Stopped when a signal asks for it.

        `on_change` is told whenever something may have changed. A run that fails stops no other;
        `failures` says why.
        """
        with catch_stop_signals() as stop, self._stopped_with_this_process():
            while self._waiting() or self._working:
                self._refuse_if_stopped(stop)
                self._start_some()
                on_change(self)
                self._listen()
            self._refuse_if_stopped(stop)
            on_change(self)

    def counts(self) -> tuple[int, int]:
        """How many runs are finished, and how many there are."""
        return len(self._finished), len(self.cells)

    def at_work(self) -> list[str]:
        """The runs that are being trained here."""
        return [cell.name for cell in self.cells if cell.directory in self._working]

    def _waiting(self) -> list[Cell]:
        for cell in self.cells:
            if cell.directory not in self._finished and cell.is_finished():
                self._finished.add(cell.directory)
                self.steps[cell.directory] = cell.config.training.steps
        settled = self._finished | self._working.keys() | self.failures.keys()
        return [cell for cell in self.cells if cell.directory not in settled]

    def _start_some(self) -> None:
        for cell in self._waiting():
            if len(self._working) >= self.jobs:
                return
            if self._needs_others(cell) or is_in_use(cell.directory):
                continue
            self._working[cell.directory] = _Worker(cell, self.jobs, self._answers)

    def _needs_others(self, cell: Cell) -> bool:
        """Whether the run builds on another of these that has not come to its end."""
        needed = {path for _, path, _ in cell.config.ingredients()}
        return any(
            other.directory.absolute() in needed
            for other in self.cells
            if other.directory not in self._finished | self.failures.keys()
        )

    def _listen(self) -> None:
        """Takes in what the workers say; waits a while for the first word."""
        with contextlib.suppress(queue.Empty):
            cell, answer = self._answers.get(timeout=SECONDS_BETWEEN_LOOKS)
            while True:
                self._take(cell, answer)
                cell, answer = self._answers.get_nowait()

    def _take(self, cell: Cell, answer: dict[str, Any]) -> None:
        if "step" in answer:
            self.steps[cell.directory] = min(answer["step"], cell.config.training.steps)
            return
        self._working.pop(cell.directory).close()
        if "error" in answer:
            self.failures[cell.directory] = answer["error"]
        elif "done" in answer and not cell.is_finished():
            self.failures[cell.directory] = "it ended, but is not what the config asks for."

    def _refuse_if_stopped(self, stop: StopRequest) -> None:
        if stop.number is None:
            return
        finished, total = self.counts()
        raise Stopped(
            stop.number,
            f"Stopped with {finished} of {total} runs finished; what is begun was saved. "
            "The same command continues.",
        )

    @contextlib.contextmanager
    def _stopped_with_this_process(self) -> Iterator[None]:
        try:
            yield
        finally:
            for worker in self._working.values():
                worker.stop()
            for worker in self._working.values():
                worker.close()


class _Worker:
    """A process that finishes one run."""

    def __init__(self, cell: Cell, jobs: int, answers: queue.Queue):
        self.cell, self.answers = cell, answers
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dlapps.runs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_share_of_the_machine(jobs)},
            text=True,
            errors="replace",
            start_new_session=True,  # A terminal's Ctrl-C is passed on once, by us.
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(cell.to_json() + "\n")
            self.process.stdin.flush()

    def _listen(self) -> None:
        """Hands on each answer; of a process that ended without one, the last it said."""
        assert self.process.stdout
        said, has_ended = "nothing", False
        for line in self.process.stdout:
            answer = _answer_in(line)
            if answer is None:
                said = line.strip() or said
                continue
            has_ended = has_ended or "step" not in answer
            self.answers.put((self.cell, answer))
        if not has_ended:
            code = self.process.wait()
            why = f"its process ended with exit code {code}; the last it said was: {in_short(said)}"
            self.answers.put((self.cell, {"error": why}))

    def stop(self) -> None:
        """Asks it to save and end; once more does nothing, where a second signal would kill it."""
        assert self.process.stdin
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def close(self) -> None:
        """Waits for its end."""
        self.process.wait()
        self.listener.join()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            with contextlib.suppress(OSError):
                stream.close()


def _answer_in(line: str) -> dict[str, Any] | None:
    """The answer that a line of a worker's output is; None if it is something else it said."""
    try:
        answer = json.loads(line)
    except json.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _share_of_the_machine(jobs: int) -> dict[str, str]:
    """What keeps several processes from waiting for one another; one alone takes all."""
    if jobs == 1:
        return {}
    threads = str(max((os.cpu_count() or 1) // jobs, 1))
    return {
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
