"""A session of the playground that takes the steps it is told to."""

import time

import pytest

from dlapps.playground.session import Pace, Session
from dlapps.playground.settings import read_settings

SMALL = {"data": {"num_examples": 20, "batch_size": 4}, "model": {"widths": [3]}}


@pytest.fixture
def begin():
    """Begins a session with these settings: begin({...})."""
    begun = []

    def begin(values=SMALL):
        begun.append(Session(read_settings(values)))
        return begun[-1]

    yield begin
    for session in begun:
        session.end()


@pytest.fixture
def take():
    """The look at a session after so many further steps: take(session, 3)."""

    def take(session, steps):
        reached = session.look(0).get("step", 0) + steps
        session.pace(Pace(steps=steps))
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            look = session.look(0)
            if look["step"] == reached or look["outcome"]:
                return look
        raise AssertionError(f"{reached} steps were not reached")

    return take
