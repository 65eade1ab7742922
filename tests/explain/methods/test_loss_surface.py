"""The loss along two directions is that of moved weights, and the network's own never move."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dlapps.explain.methods.loss_surface import filter_normalised_direction, loss_surface

RANDOM = np.random.default_rng(0)
BATCHES = [
    (
        tf.constant(RANDOM.random((count, 8, 8, 1), np.float32)),
        tf.constant(RANDOM.integers(3, size=count)),
    )
    for count in (4, 2)
]


def crossentropy(y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)


@pytest.fixture
def model() -> keras.Model:
    """What real networks are made of: biases, statistics, dropout."""
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, bias_initializer="ones")(image)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.5)(layers.Flatten()(layers.ReLU()(x)))
    return keras.Model(image, layers.Dense(3)(x))


def mean_loss(model: keras.Model) -> float:
    losses = [crossentropy(y, model(x, training=False)) for x, y in BATCHES]
    return float(np.mean(np.concatenate(losses)))


def test_each_filter_is_as_long_as_the_networks_and_what_is_no_matrix_stays(model):
    direction = filter_normalised_direction(model, 0)
    moved = {}
    for variable, part in zip(model.variables, direction, strict=True):
        weights = variable.numpy()
        assert part.shape == weights.shape
        moved[variable.path] = bool(np.any(part))
        if weights.ndim >= 2:
            filters = [each.reshape(-1, each.shape[-1]) for each in (part, weights)]
            lengths = [np.linalg.norm(each, axis=0) for each in filters]
            np.testing.assert_allclose(*lengths, rtol=1e-5)
    assert {path for path, is_moved in moved.items() if is_moved} == {
        layer.kernel.path for layer in model.layers if hasattr(layer, "kernel")
    }


def test_it_is_the_loss_of_weights_that_were_really_moved(model):
    distances, losses = loss_surface(model, crossentropy, BATCHES, seed=3, resolution=5)
    np.testing.assert_allclose(distances, [-1, -0.5, 0, 0.5, 1])
    assert losses.shape == (5, 5)
    assert losses[2, 2] == pytest.approx(mean_loss(model), rel=1e-5)
    trained = model.get_weights()
    first, second = (filter_normalised_direction(model, number) for number in (6, 7))
    for row, column in ((0, 3), (4, 2)):
        for variable, one, other in zip(model.variables, first, second, strict=True):
            if np.any(one):
                variable.assign_add(distances[row] * one + distances[column] * other)
        assert losses[row, column] == pytest.approx(mean_loss(model), rel=1e-4)
        model.set_weights(trained)


def test_nothing_of_the_network_moves_even_when_it_is_interrupted(model):
    before = [variable.numpy() for variable in model.variables]

    def interrupted():
        yield BATCHES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loss_surface(model, crossentropy, interrupted(), resolution=3)
    loss_surface(model, crossentropy, BATCHES, resolution=3)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_the_same_seed_gives_the_same_directions(model):
    for one, other in zip(
        filter_normalised_direction(model, 1), filter_normalised_direction(model, 1), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert np.any(
        filter_normalised_direction(model, 1)[0] != filter_normalised_direction(model, 2)[0]
    )
