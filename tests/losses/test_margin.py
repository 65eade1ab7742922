"""The margin loss is that of the paper, and blind to lengths within the margins."""

import keras
import numpy as np

from dlapps.losses.margin import MarginLoss

LENGTHS = np.array([[0.7, 0.3, 0.05], [0.95, 0.1, 0.6]], np.float32)
LABELS = np.array([0, 1])
# Too short by .2 and too long by .2; too short by .8, too long by .85 and .5.
EACH = [0.2**2 + 0.5 * 0.2**2, 0.8**2 + 0.5 * (0.85**2 + 0.5**2)]


def test_by_hand():
    np.testing.assert_allclose(MarginLoss(reduction="none")(LABELS, LENGTHS), EACH, rtol=1e-5)
    np.testing.assert_allclose(MarginLoss()(LABELS, LENGTHS), np.mean(EACH), rtol=1e-5)


def test_within_the_margins_nothing_is_lost():
    lengths = np.array([[0.9, 0.1, 0.0], [0.02, 1.0, 0.07]], np.float32)
    np.testing.assert_allclose(MarginLoss()([0, 1], lengths), 0, atol=1e-12)


def test_its_margins_are_settings_and_survive_being_saved():
    loss = MarginLoss(present=0.8, absent=0.2, absent_weight=1.0, reduction="none")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    expected = [0.1**2 + 0.1**2, 0.7**2 + 0.75**2 + 0.4**2]
    np.testing.assert_allclose(again(LABELS, LENGTHS), expected, rtol=1e-5)
