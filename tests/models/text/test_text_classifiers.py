"""Classifiers of texts: padding is not looked at, and what is explained is the same network."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.models.text.recurrent_classifier import recurrent_classifier
from dlapps.models.text.transformer_classifier import transformer_classifier

TOKENS = np.array([[4, 7, 5, 3], [6, 2, 0, 0]], np.int32)


@pytest.fixture(params=[recurrent_classifier, transformer_classifier], scope="module")
def classifier(request) -> keras.Model:
    keras.utils.set_random_seed(0)
    return request.param(9, 3)


def test_padding_changes_no_answer(classifier):
    together = classifier(TOKENS, training=False).numpy()
    assert together.shape == (2, 3)
    np.testing.assert_allclose(
        classifier(TOKENS[1:, :2], training=False)[0], together[1], atol=1e-6
    )
    assert np.isfinite(classifier(np.zeros((1, 2), np.int32), training=False)).all()


def test_order_counts(classifier):
    swapped = TOKENS[:1, [1, 0, 2, 3]]
    assert np.abs(classifier(swapped) - classifier(TOKENS[:1])).max() > 1e-3


def test_after_the_embedding_the_network_is_the_same(classifier, tmp_path):
    classifier.save(tmp_path / "model.keras")
    for model in (classifier, keras.saving.load_model(tmp_path / "model.keras")):
        inputs = [model.embedded(TOKENS), tf.constant(TOKENS)]
        after = model.after_embedding()(inputs, training=False)
        np.testing.assert_allclose(after, classifier(TOKENS, training=False), atol=1e-6)
