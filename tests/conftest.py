"""The `dlapps` command inside this process, and a tiny run for the tests that need one."""

import contextlib
import dataclasses
import importlib.util
import io
import json
import logging
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import hypothesis
import pytest
import uvicorn

from cli.main import main

TINY = (
    "training.steps=6",
    "training.checkpoint_every=2",
    "training.validate_every=3",
    "training.log_every=3",
    "training.steps_per_call=1",
    "training.precision=float32",
    "training.restore_best_weights=false",
)

# The same examples each time, however slow the machine is, so that a failure is one of the code.
hypothesis.settings.register_profile(
    "dlapps",
    derandomize=True,
    deadline=None,
    max_examples=100,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("dlapps")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves slow tests to those who ask for everything, as CI does."""
    if "DLAPPS_EVERYTHING" not in os.environ:
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: runs with DLAPPS_EVERYTHING=1"))


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command left for its caller."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self):
        """The one JSON document on stdout."""
        return json.loads(self.stdout)

    def assert_refused(self, *named: object) -> None:
        """Fails unless it is a refusal of what was asked, in which each of `named` is found."""
        assert self.exit_code == 2, self.stderr
        assert self.stdout == ""
        assert "Traceback" not in self.stderr
        for text in named:
            assert str(text) in self.stderr


Command = Callable[..., Answer]


def run_command(*arguments: object) -> Answer:
    """The answer of `dlapps ARGUMENTS`, after which this process is as it was before."""
    stdout, stderr = io.StringIO(), io.StringIO()
    argv = ["dlapps", *map(str, arguments)]
    with (
        _unchanged_process(),
        mock.patch.object(sys, "argv", argv),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            main()
            exit_code = 0
        except SystemExit as exit_request:
            exit_code = exit_request.code
    return Answer(exit_code, stdout.getvalue(), stderr.getvalue())


@contextlib.contextmanager
def _unchanged_process() -> Iterator[None]:
    """Puts back what a command changes for good, because its process ends with it."""
    logger = logging.getLogger("dlapps")
    before = (logger.handlers[:], logger.level, logger.propagate)
    try:
        with mock.patch.dict(os.environ):
            yield
    finally:
        logger.handlers[:], logger.level, logger.propagate = before
        if "keras" in sys.modules:
            import keras

            keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="session")
def dlapps() -> Command:
    """Runs `dlapps` with the given arguments: dlapps("list", "--json").stdout."""
    return run_command


@pytest.fixture(scope="session")
def case_of() -> Callable[[str | Path], ModuleType]:
    """What the tests need to know of an application: its case.py in tests/applications/."""
    return _case_of


def _case_of(application: str | Path) -> ModuleType:
    path = Path(__file__).parent / "applications" / application / "case.py"
    path = application if isinstance(application, Path) else path
    spec = importlib.util.spec_from_file_location(f"case_of_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """The options that make any training one of six steps."""
    return [part for setting in TINY for part in ("--set", setting)]


@pytest.fixture(scope="session")
def xor_run(dlapps: Command, tiny: list[str], tmp_path_factory) -> Path:
    """A finished run of xor_mlp, to be looked at but not changed."""
    directory = tmp_path_factory.mktemp("runs") / "xor_mlp" / "0"
    answer = dlapps("classification", "train", "xor_mlp", "--run", directory, *tiny)
    assert answer.exit_code == 0, answer.stderr
    return directory


@pytest.fixture
def no_network(monkeypatch) -> None:
    """Cuts the network, and the way to data that lies on this machine already."""

    def resolve(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; tests that ask for it are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    # For one module: while it is open, no other test of the process may run an event loop.
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serving() -> Callable[[Any], contextlib.AbstractContextManager[str]]:
    """A block in which an ASGI application is served, at the address that it is given."""

    @contextlib.contextmanager
    def serve(app: Any) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as bound:
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
            thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
            server.should_exit = True
            thread.join()

    return serve
