"""A temperature divides logits, and is saved with them."""

import keras
import numpy as np

from dlapps.layers.temperature import Temperature


def test_logits_are_divided_after_saving_too(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, Temperature(2.5)(inputs))
    logits = np.array([[5, -2.5, 0]], np.float32)
    np.testing.assert_allclose(model(logits), [[2, -1, 0]])
    assert model.count_params() == 0
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(logits), [[2, -1, 0]])
