"""What is explained is the very score of the very translation that is given."""

from pathlib import Path

import keras
import numpy as np
import pytest

from dlapps.applications.translation.application import Translation
from dlapps.applications.translation.data import SentencePairsSpec
from dlapps.config.files import find_config, read_text
from dlapps.explain.explainable import explainer
from dlapps.explain.methods.gradient_times_input import gradient_times_input
from dlapps.runs.directory import read_config

SPEC = SentencePairsSpec(
    source_tokens=("zwei", "drei", "vier"),
    source_unit="words",
    target_tokens=("two", "three", "four"),
    target_unit="words",
    example_sentences=("zwei",),
)


@pytest.fixture
def translation() -> Translation:
    file = find_config("translation", "number_words_attention")
    text = read_text(file.path) + "decoding: {max_length: 6, length_penalty: 0.0}\n"
    return Translation(read_config("translation", text, file.name))


def test_the_score_is_that_of_the_translation(translation):
    keras.utils.set_random_seed(0)
    model = translation.build_model(SPEC)
    (record,) = translation.predict(model, SPEC, ["Zwei vier"], Path())
    explainable = translation.explainable(model, SPEC)
    inputs = explainable.prepare("Zwei vier")
    log_probabilities = explainable.network(inputs, training=False)
    np.testing.assert_allclose(explainable.score(log_probabilities), [record["score"]], rtol=1e-5)
    found = explainer(explainable, explainable.methods()[0])(inputs)
    axes = explainable.show("Zwei vier", inputs, [found], None).axes[0]
    assert axes.get_title() == record["translation"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["zwei", "vier", "<end>"]
    heights = [bar.get_height() for bar in axes.patches]
    relevance = gradient_times_input(explainable.network, inputs, explainable.score)
    np.testing.assert_allclose(heights, relevance.numpy()[0].sum(axis=-1), rtol=1e-5)
    assert np.all(heights)
