"""Updates by one kernel move weights and slots as Keras' own do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.training.fused_optimizers import SGD, Adam, AdamW

PAIRS = [(Adam, keras.optimizers.Adam), (AdamW, keras.optimizers.AdamW)]


def trained(optimizer: keras.Optimizer, sparse: bool = False) -> list[np.ndarray]:
    """The weights and all of the optimizer's variables after five updates."""
    random = np.random.RandomState(0)
    weights = [keras.Variable(random.normal(size=shape).astype("float32")) for shape in ((5, 3), 4)]
    optimizer.build(weights)

    @tf.function
    def update(*gradients):
        slopes = list(gradients)
        if sparse:
            slopes[0] = tf.IndexedSlices(slopes[0][:2], tf.constant([3, 1]), tf.constant([5, 3]))
        optimizer.apply_gradients(zip(slopes, weights))

    for _ in range(5):
        update(*(tf.constant(random.normal(size=w.shape), tf.float32) for w in weights))
    return [np.array(variable) for variable in (*weights, *optimizer.variables)]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": 0.1},
        {"learning_rate": 0.1, "momentum": 0.9},
        {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "global_clipnorm": 1.0},
        {
            "learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 10),
            "momentum": 0.5,
            "gradient_accumulation_steps": 2,
        },
    ],
)
def test_descent_with_momentum_updates_as_kerass(options, sparse):
    pairs = zip(
        trained(SGD(**options), sparse),
        trained(keras.optimizers.SGD(**options), sparse),
        strict=True,
    )
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta_1": 0.5, "epsilon": 1e-3},
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 10), "global_clipnorm": 1.0},
        {"amsgrad": True},
    ],
)
def test_it_updates_as_kerass_optimizer(ours, theirs, options):
    options = {"learning_rate": 0.1, **options}
    for a, b in zip(trained(ours(**options)), trained(theirs(**options)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_the_gradient_of_an_embedding_moves_all_of_it_too(ours, theirs):
    for a, b in zip(trained(ours(0.1), sparse=True), trained(theirs(0.1), sparse=True)):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_it_is_made_again_from_its_config():
    optimizer = Adam(learning_rate=0.5, beta_1=0.3)
    again = Adam.from_config(optimizer.get_config())
    assert (float(again.learning_rate), again.beta_1) == (0.5, 0.3)
