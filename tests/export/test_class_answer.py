"""A classifier's answer in the graph is the one that its logits promise."""

import keras
import numpy as np
import tensorflow as tf

from dlapps.export.class_names import LabelTable, class_answer, expected_class_answer
from dlapps.export.parity import parity_tolerance

NAMES = ("yes", "no", "vielleicht")


def test_the_graph_answers_as_expected():
    logits = np.random.default_rng(0).normal(0, 3, (20, 3)).astype(np.float32)
    expected = expected_class_answer(logits, NAMES)
    answer = class_answer(tf.nn.softmax(logits), LabelTable(NAMES))
    assert answer.keys() == expected.keys() == {"label", "probabilities"}
    np.testing.assert_array_equal(answer["label"], expected["label"])
    np.testing.assert_allclose(answer["probabilities"], expected["probabilities"], atol=1e-6)


def test_large_logits_give_finite_probabilities():
    expected = expected_class_answer(np.array([[1000.0, -1000.0]]), NAMES[:2])
    np.testing.assert_array_equal(expected["probabilities"], [[1, 0]])


def test_reduced_precision_is_granted_a_larger_difference():
    def network(policy: str) -> keras.Model:
        inputs = keras.Input((2,))
        return keras.Model(inputs, keras.layers.Dense(1, dtype=policy)(inputs))

    assert parity_tolerance(network("float32")) == 1e-5
    assert parity_tolerance(network("mixed_bfloat16")) == 1e-2
