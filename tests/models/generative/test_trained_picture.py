"""A picture as a weight: it begins as it should, learns, stays in its bounds, and is kept."""

import keras
import numpy as np

from dlapps.models.generative.trained_picture import deep_dream, gatys_style_transfer


class Brightness:
    """An objective that wants light."""

    names = ("darkness",)

    def parts(self, y_true, y_pred):
        return {"darkness": -keras.ops.sum(y_pred, axis=(1, 2, 3))}


CONTENT = np.random.default_rng(0).uniform(size=(6, 8, 3)).astype(np.float32)


def test_it_is_the_only_weight_and_begins_with_the_content():
    for model in (gatys_style_transfer((6, 8, 3)), deep_dream((6, 8, 3), layers=["fire4"])):
        model.begin_with(CONTENT)
        assert [tuple(weight.shape) for weight in model.weights] == [(1, 6, 8, 3)]
        other = np.zeros((2, 6, 8, 3), np.float32)
        np.testing.assert_array_equal(model(other), [CONTENT, CONTENT])


def test_it_may_begin_with_noise_the_same_each_time():
    model, again = (gatys_style_transfer((6, 8, 3), noise=1.0) for _ in range(2))
    model.begin_with(CONTENT)
    again.begin_with(np.zeros_like(CONTENT))
    np.testing.assert_array_equal(model.picture, again.picture)
    assert np.std(model.picture) > 0.2


def test_it_learns_within_its_bounds():
    model = gatys_style_transfer((6, 8, 3))
    model.begin_with(CONTENT)
    model.compile(keras.optimizers.SGD(0.4), Brightness())
    batch = (CONTENT[None], CONTENT[None])
    model.train_step(batch)
    np.testing.assert_allclose(model.picture[0], np.minimum(CONTENT + 0.4, 1), atol=1e-6)


def test_it_is_saved_and_loaded(tmp_path):
    model = gatys_style_transfer((6, 8, 3), noise=0.25)
    model.begin_with(CONTENT)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(loaded.picture, model.picture)
    assert loaded.noise == 0.25
