"""Whatever is typed, every application reads it or refuses it in one sentence."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dlapps.applications import load_application
from dlapps.applications.base import Application
from dlapps.applications.generation.answers import generative_answers
from dlapps.config.files import find_config, read_text
from dlapps.errors import UsageError, printable
from dlapps.export.answer import Answer
from dlapps.export.inputs import answer_each
from dlapps.runs.directory import read_config

TEXT = st.text(st.characters(exclude_categories=[]), max_size=30)
"""Control characters and halves of surrogate pairs among them."""
LIKE_INPUTS = st.text("0123456789,.:-/*[]?e\0\n ", max_size=12)
NUMBERS = st.lists(st.floats(), max_size=3).map(lambda numbers: ",".join(map(str, numbers)))
SPECS = {
    ("classification", "digits_lenet5"): {"input_shape": [8, 8, 1], "class_names": ["0", "1"]},
    ("classification", "spirals_mlp"): {"input_shape": [2], "class_names": ["0", "1"]},
    ("segmentation", "shapes_unet"): {"channels": 3, "class_names": ["0", "1"]},
    ("speech", "tones_keyword_cnn"): {
        "sample_rate": 8000,
        "num_samples": 99,
        "class_names": ["0", "1"],
    },
}


class Blank:
    """A model of nothing, which is never asked."""

    latent_size, name, predict, layers = 2, "blank", dict, ()

    def endpoints(self):
        return dict.fromkeys(("generate", "encode", "decode"), tf.zeros_like)


def application_of(name: str, config: str) -> Application:
    return load_application(name)(
        read_config(name, read_text(find_config(name, config).path), config)
    )


@pytest.fixture(scope="module")
def answers_of() -> dict[str, dict[str, Answer]]:
    """Those of each application that reads what is typed; models are not needed to read."""
    found = {"digits_variational_autoencoder": generative_answers(Blank(), (8, 8, 1))}
    for (application_name, config), spec in SPECS.items():
        application = application_of(application_name, config)
        found[config] = application.answers(Blank(), application.spec_class(**spec))
    return found


@settings(derandomize=True, deadline=None, max_examples=150)
@given(text=TEXT | LIKE_INPUTS | NUMBERS)
def test_every_text_is_read_or_refused(answers_of, text):
    for answers in answers_of.values():
        read = functools.partial(read_each, answers)
        for record in answer_each([text], answers, read):
            assert record["error"] or record["read"]


def read_each(answers: dict[str, Answer], texts: Sequence[str]) -> list[dict[str, Any]]:
    """What the answers make of texts that may be read, or why they refuse them."""
    records = []
    for text in texts:
        record: dict[str, Any] = {"input": text, "error": "", "read": []}
        try:
            for answer in answers.values():
                rows = answer.read(text) if answer.read else None
                if rows is not None:
                    record["read"].append(answer.tensors(rows))
        except UsageError as error:
            record["error"] = str(error)
        records.append(record)
    return records


@pytest.fixture(scope="module")
def games() -> Application:
    return application_of("games", "cartpole_dqn")


@settings(derandomize=True, deadline=None, max_examples=50)
@given(text=TEXT.filter(lambda text: not text.isdecimal()))
def test_what_is_no_seed_starts_no_episode(games, text):
    (record,) = games.predict(None, None, [text], Path())
    assert record["error"] == printable(record["error"])
