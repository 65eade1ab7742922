"""What the tests of boxes share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def case(case_of):
    """How folders of boxes are written for a test."""
    return case_of(Path(__file__).with_name("case.py"))
