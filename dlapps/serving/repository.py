"""The models below a folder: new versions are loaded, old ones serve until their requests end."""

import gc
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dlapps.errors import UsageError, did_you_mean, in_short, reason
from dlapps.serving.errors import RequestError
from dlapps.serving.layout import (
    Fingerprint,
    Versions,
    check_models_directory,
    fingerprint,
    is_saved_model,
    models_below,
)
from dlapps.serving.model import LoadError, Model, load_model

logger = logging.getLogger(__name__)


class ServedModel(NamedTuple):
    """The version of a model that answers."""

    name: str
    version: int
    directory: Path


class State(NamedTuple):
    """Where a version is in its life, in TF Serving's words."""

    name: str
    """LOADING, AVAILABLE, UNLOADING or END."""
    error: str = ""
    """Why it could not be loaded."""


class Repository:
    """Of every model below a folder the highest version that can be loaded.

    A new version takes over when it is loaded and warm; whoever asks the old one meanwhile is
    still answered by it. What cannot be loaded is said once, and tried again when its files change.
    """

    def __init__(self, directory: Path, load: Callable[[str, int, Path], Model] = load_model):
        self.directory = Path(directory)
        self._load = load
        self._models: dict[str, Model] = {}
        self._draining: list[Model] = []
        self._states: dict[str, dict[int, State]] = {}
        self._refused: dict[Path, Fingerprint] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Loads what there is. Raises UsageError where that is nothing."""
        check_models_directory(self.directory)
        self.poll()
        if not self._models:
            raise UsageError(f"No model below {in_short(str(self.directory))} can be loaded.")

    def watch(self, seconds: float) -> None:
        """Polls in a thread of its own until `close`."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._keep_polling, args=(seconds,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the polling, and waits for a version that is being loaded."""
        self._stopped.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def served(self) -> list[ServedModel]:
        """The models that answer, by name."""
        models = sorted(dict(self._models).items())
        return [ServedModel(name, model.version, model.directory) for name, model in models]

    def states(self, name: str) -> dict[int, State]:
        """The versions of a model that this process knows, the newest first.

        Raises RequestError.
        """
        with self._lock:
            states = dict(self._states.get(name, {}))
        if not states:
            raise RequestError(self._no_model(name), 404)
        return dict(sorted(states.items(), reverse=True))

    def find(self, name: str, version: int | None = None) -> Model:
        """The model to ask; enter it while it is used. Raises RequestError where there is none."""
        model = self._models.get(name)
        if model is None:
            raise RequestError(self._no_model(name), 404)
        if version is not None and version != model.version:
            raise RequestError(
                f"Version {version} of the model {name} is not served; {model.version} is.", 404
            )
        return model

    def _no_model(self, name: str) -> str:
        known = [model.name for model in self.served()]
        return f"There is no model {in_short(name)}{did_you_mean(name, known)}"

    def poll(self) -> None:
        """Loads versions that are new, and lets go of those that nobody uses any more."""
        try:
            found = models_below(self.directory)
        except OSError as error:
            self._say_once(self.directory, (), f"{self.directory}: {error.strerror}.")
            return
        self._refused.pop(self.directory, None)
        for name, versions in found.items():
            if versions is None:
                self._say_once(self.directory / name, (), f"The folder of {name} cannot be read.")
            else:
                self._refused.pop(self.directory / name, None)
                self._follow(name, versions)
        for name in set(self._models) - set(found):
            self._retire(self._models.pop(name))
        self._let_go()

    def _keep_polling(self, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            try:
                self.poll()
            except Exception:
                # The models that are there go on, whatever happens to a folder.
                logger.exception("Looking for new versions failed; it is tried again.")

    def _follow(self, name: str, versions: Versions) -> None:
        """Serves the highest version that can be loaded; one that is gone is let go."""
        now = self._models.get(name)
        for version in sorted(versions, reverse=True):
            if now and now.version == version:
                break
            if self._stopped.is_set():
                return
            model = self._loaded(name, version, versions[version])
            if model:
                self._models[name] = model
                logger.info("Serving %s, version %d.", name, version)
                if now:
                    self._retire(now)
                break
        else:
            if now and now.version not in versions:
                self._retire(self._models.pop(name))
        self._forget(name, versions)

    def _loaded(self, name: str, version: int, directory: Path) -> Model | None:
        """The model; None where it cannot be loaded, or could not before and is as it was."""
        try:
            files = fingerprint(directory)
        except OSError:
            return None  # Somebody writes or removes it at this moment.
        if self._refused.get(directory) == files:
            return None
        self._set_state(name, version, State("LOADING"))
        try:
            if not is_saved_model(directory):
                raise LoadError("it has no saved_model.pb")
            model = self._load(name, version, directory)
        except (LoadError, OSError) as error:
            why = reason(error).rstrip(".")
            self._set_state(name, version, State("END", why))
            which = f"Version {version} of the model {name} cannot be loaded"
            self._say_once(directory, files, f"{which}: {why}.")
            return None
        self._refused.pop(directory, None)
        self._set_state(name, version, State("AVAILABLE"))
        return model

    def _say_once(self, directory: Path, files: Fingerprint, message: str) -> None:
        if self._refused.get(directory) != files:
            logger.warning("%s", message)
        self._refused[directory] = files

    def _retire(self, model: Model) -> None:
        self._set_state(model.name, model.version, State("UNLOADING"))
        self._draining.append(model)

    def _let_go(self) -> None:
        """Forgets the retired models that nobody uses, and their memory with them."""
        done = [model for model in self._draining if not model.is_used]
        if not done:
            return
        self._draining = [model for model in self._draining if model.is_used]
        while done:
            self._end(done.pop())  # Nothing here may refer to it any more.
        gc.collect()  # A loaded SavedModel refers to itself.

    def _end(self, model: Model) -> None:
        self._set_state(model.name, model.version, State("END"))
        logger.info("Unloaded %s, version %d.", model.name, model.version)

    def _set_state(self, name: str, version: int, state: State) -> None:
        with self._lock:
            self._states.setdefault(name, {})[version] = state

    def _forget(self, name: str, versions: Versions) -> None:
        """Drops what is known of versions that ended and have left the disk."""
        with self._lock:
            states = self._states.get(name, {})
            for version in [v for v in states if v not in versions and states[v].name == "END"]:
                del states[version]
