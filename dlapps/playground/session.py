"""Training that somebody watches: it waits where it is told to, and ends when it is left alone."""

import logging
import math
import secrets
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import keras
from pydantic import Field

from dlapps.applications.classification.application import Classification
from dlapps.applications.classification.text_data import ClassifierExamples
from dlapps.config.section import Section
from dlapps.errors import DlappsError, UsageError, in_short, reason
from dlapps.playground.probe import Probe
from dlapps.playground.settings import POINTS_CSV, RefusedSetting, Settings
from dlapps.playground.surface import OPTIMIZERS, Surface, loss_of_two, surface_and_paths
from dlapps.serving.errors import RequestError
from dlapps.training.loop import train
from dlapps.training.stage import Stage

logger = logging.getLogger(__name__)

MOST_STEPS = 100_000
MOST_SESSIONS = 4
SECONDS_UNWATCHED = 10
"""After which a network that nobody looks at waits."""
SECONDS_FOR_NEWS = 1.0
"""That a question waits for something new to show."""
SECONDS_TO_BUILD = 60
SECONDS_TO_END = 10
DIRECTORIES = "dlapps-playground-"
# The seeds of Keras, of NumPy and of Python are the process': one network is drawn at a time.
_drawing_weights = threading.Lock()


class Pace(Section):
    """How far to train, and how fast."""

    steps: Annotated[int, Field(ge=0, le=1000)] | None = None
    """0 pauses; left out, it goes on until it is told otherwise."""
    steps_per_second: Annotated[float, Field(ge=0.1, le=10_000)] | None = None


class _Ended(Exception):
    """Whoever watched this has left."""


class Session:
    """One network, and the thread that trains it by the suite's own loop."""

    def __init__(self, settings: Settings):
        self.settings = settings
        with tempfile.TemporaryDirectory(prefix=DIRECTORIES) as directory:
            (Path(directory) / POINTS_CSV).write_text(settings.data.to_csv())
            self.application = Classification(settings.config(MOST_STEPS, Path(directory)))
            self.data: ClassifierExamples = self.application.build_data()
        self.asked = time.monotonic()
        self._changed = threading.Condition()
        self._steps_left = 0.0
        self._seconds_a_step = 0.0
        self._next_step_at = 0.0
        self._is_wanted = True
        self._is_waiting = False
        self._is_ended = False
        self._number = 0
        self._seen: dict[str, Any] = {}
        self._stage: Stage | None = None
        self._outcome = ""
        self._thread = threading.Thread(target=self._live, name="playground", daemon=True)
        self._thread.start()

    def pace(self, pace: Pace) -> None:
        """Goes on, for so many steps or without end, or waits."""
        with self._changed:
            self.asked = time.monotonic()
            self._steps_left = math.inf if pace.steps is None else pace.steps
            self._seconds_a_step = 1 / pace.steps_per_second if pace.steps_per_second else 0.0
            self._next_step_at = 0.0
            self._number += 1
            self._changed.notify_all()

    def look(self, after: int) -> dict[str, Any]:
        """What there is to see; waits a little for what is newer than the look numbered `after`."""
        with self._changed:
            self.asked = time.monotonic()
            self._is_wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._seen or self._outcome, SECONDS_TO_BUILD)
            self._changed.wait_for(lambda: self._number > after, SECONDS_FOR_NEWS)
            is_running = not self._outcome and (self._steps_left > 0 or not self._is_waiting)
            return {
                **self._seen,
                "number": self._number,
                "is_running": is_running,
                "outcome": self._outcome,
            }

    def surface(self, surface: Surface) -> dict[str, Any]:
        """The loss of the training points over two weights, from where the network is now.

        Raises RefusedSetting where it lacks one of them, RequestError while it is being built.
        """
        if self._stage is None:
            raise RequestError("The network is still being built; ask again.", 409)
        columns = self.data["train"].columns
        try:
            start, loss = loss_of_two(
                self._stage.model, columns["point"], columns["label"], surface
            )
        except UsageError as error:
            raise RefusedSetting("surface.first", str(error)) from error
        rates = {name: getattr(surface, name) for name in OPTIMIZERS if getattr(surface, name)}
        return surface_and_paths(start, loss, self.application.config.training, rates)

    def end(self) -> None:
        """Lets go of the network; its thread ends with the step that it takes."""
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()

    def join(self) -> None:
        """Waits until the thread has ended, but not for one that hangs."""
        self._thread.join(SECONDS_TO_END)

    def _live(self) -> None:
        outcome = f"It has taken all of its {MOST_STEPS:,} steps."
        try:
            with tempfile.TemporaryDirectory(prefix=DIRECTORIES) as directory:
                self._train(Path(directory))
        except _Ended:
            outcome = "This network was let go of. Reset begins anew."
        except DlappsError as error:
            outcome = str(error)
        except Exception as error:
            logger.exception("A network of the playground has failed")
            outcome = f"{type(error).__name__}: {reason(error)}."
        with self._changed:
            self._outcome = outcome
            self._number += 1
            self._changed.notify_all()

    def _train(self, directory: Path) -> None:
        self._stage = stage = self._build()
        probe = Probe(stage, self.data)
        self._reach(0, probe)
        train(stage, directory, on_step=lambda step, _row: self._reach(step, probe), shown=False)

    def _build(self) -> Stage:
        config = self.application.config
        with _drawing_weights:
            if self._is_ended:  # While others were built; this takes a second.
                raise _Ended
            keras.utils.set_random_seed(config.seed)
            model = self.application.build_model(self.data.spec)
            (stage,) = self.application.stages(model, self.data)
        # Neither how steps are grouped nor what is written when moves a weight.
        rhythm = dict.fromkeys(("log_every", "validate_every", "checkpoint_every"), MOST_STEPS)
        settings = config.training.model_copy(update={**rhythm, "steps_per_call": 1})
        return stage._replace(settings=settings)

    def _reach(self, step: int, probe: Probe) -> None:
        """Shows the network after `step` where that is wanted; returns when another may be taken.

        Raises _Ended.
        """
        with self._changed:
            while not self._is_ended:
                wait = self._next_step_at - time.monotonic()
                is_watched = time.monotonic() - self.asked < SECONDS_UNWATCHED
                is_to_go = self._steps_left > 0 and is_watched
                is_new = self._seen.get("step") != step
                if is_new and (self._is_wanted or not is_to_go):
                    self._show(step, probe)
                elif is_to_go and wait > 0:
                    self._changed.wait(wait)
                elif is_to_go:
                    self._is_waiting = False
                    self._steps_left -= 1
                    self._next_step_at = time.monotonic() + self._seconds_a_step
                    return
                else:
                    self._wait()
        raise _Ended

    def _wait(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._number += 1
            self._changed.notify_all()
        self._changed.wait()

    def _show(self, step: int, probe: Probe) -> None:
        self._seen = {"step": step, "yaml": self.settings.to_yaml(step), **probe.look()}
        self._is_wanted = False
        self._number += 1
        self._changed.notify_all()


class Sessions:
    """The few sessions there may be at a time; a further one ends that least looked at."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, settings: Settings) -> tuple[str, Session]:
        """A new session and its name. Raises RefusedSetting."""
        session = Session(settings)
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._sessions[name] = session
            if len(self._sessions) > MOST_SESSIONS:
                oldest = min(self._sessions, key=lambda each: self._sessions[each].asked)
                self._sessions.pop(oldest).end()
        return name, session

    def find(self, name: str) -> Session:
        """The session of that name; RequestError if it has ended."""
        session = self._sessions.get(name)
        if session is None:
            raise RequestError(f"There is no network {in_short(name)} any more; reset it.", 404)
        return session

    def end(self, name: str) -> None:
        """Ends a session; nothing happens if it has ended."""
        with self._lock:
            session = self._sessions.pop(name, None)
        if session is not None:
            session.end()

    def close(self) -> None:
        """Ends all sessions: TensorFlow must not be at work when the process ends."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            session.end()
        for session in sessions:
            session.join()
