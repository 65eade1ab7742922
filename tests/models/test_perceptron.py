"""The perceptron follows Rosenblatt's rule to the bit, learns what a line parts, and no more."""

import keras
import numpy as np
import pytest

from dlapps.datasets.points import make_points
from dlapps.models.perceptron import perceptron

LEARNING_RATE = 0.1


def compiled(model: keras.Model) -> keras.Model:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(LEARNING_RATE), loss, metrics=["accuracy"])
    return model


def rosenblatt(weights, bias, x, y):
    """One application of w <- w + rate (target - output) input, averaged over the batch."""
    fires = (x @ weights + bias > 0).astype(np.float32)
    errors = np.eye(len(bias), dtype=np.float32)[y] - fires
    return (
        weights + LEARNING_RATE * x.T @ errors / len(x),
        bias + LEARNING_RATE * errors.sum(axis=0) / len(x),
    )


def test_each_class_has_one_unit():
    model = perceptron((28, 28, 1), 10)
    assert model.count_params() == 7_850
    assert model(np.ones((2, 28, 28, 1), np.float32)).shape == (2, 10)
    assert perceptron((2,), 3).count_params() == 9


def test_training_follows_rosenblatts_rule():
    random = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    model = compiled(perceptron((5,), 3))
    weights, bias = (value.copy() for value in model.get_weights())
    for size in (16, 16, 7, 1):
        x = random.normal(size=(size, 5)).astype(np.float32)
        y = random.integers(0, 3, size)
        model.train_on_batch(x, y)
        weights, bias = rosenblatt(weights, bias, x, y)
        np.testing.assert_allclose(model.get_weights()[0], weights, rtol=0, atol=1e-6)
        np.testing.assert_allclose(model.get_weights()[1], bias, rtol=0, atol=1e-6)


def test_a_sample_without_weight_changes_nothing():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(4, 5)).astype(np.float32), np.array([0, 1, 2, 0])
    keras.utils.set_random_seed(0)
    one, two = compiled(perceptron((5,), 3)), compiled(perceptron((5,), 3))
    two.set_weights(one.get_weights())
    one.train_on_batch(x, y, sample_weight=np.array([2.0, 2.0, 0.0, 0.0]))
    two.train_on_batch(x[:2], y[:2])
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def test_units_that_are_right_change_nothing():
    model = compiled(perceptron((1,), 2))
    model.set_weights([np.array([[1.0, -1.0]], np.float32), np.zeros(2, np.float32)])
    model.train_on_batch(np.array([[2.0], [-3.0]], np.float32), np.array([0, 1]))
    np.testing.assert_array_equal(model.get_weights()[0], [[1.0, -1.0]])


def fitted_accuracy(name: str) -> float:
    keras.utils.set_random_seed(0)
    model = compiled(perceptron((2,), 2))
    model.fit(*make_points(name, 1600, seed=0), batch_size=32, epochs=8, verbose=0)
    return model.evaluate(*make_points(name, 1000, seed=1), verbose=0, return_dict=True)["accuracy"]


def test_it_learns_what_a_line_parts():
    assert fitted_accuracy("blobs") == pytest.approx(1.0)


def test_it_cannot_learn_exclusive_or():
    assert fitted_accuracy("xor") <= 0.75


def test_plain_fit_reports_the_loss_and_metrics_of_the_batch():
    x, y = make_points("blobs", 64)
    history = compiled(perceptron((2,), 2)).fit(x, y, verbose=0).history
    assert history.keys() == {"loss", "accuracy"}
    assert all(np.isfinite(values[0]) for values in history.values())


def test_a_saved_perceptron_answers_the_same_and_keeps_its_rule(tmp_path):
    model = perceptron((3, 2), 2)
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).random((4, 3, 2), dtype=np.float32)
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))
    assert type(loaded) is type(model)
