"""Schedule-free AdamW does what its paper's Algorithm 1 says."""

import keras
import numpy as np

from dlapps.training.schedule_free import ScheduleFreeAdamW

BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8


def paper(start: np.ndarray, gradients: np.ndarray, learning_rate: float, decay: float):
    """What is trained, y, and its average, x, after steps along the gradients."""
    z, x, second = start.copy(), start.copy(), np.zeros_like(start)
    for step, gradient in enumerate(gradients, 1):
        y = (1 - BETA_1) * z + BETA_1 * x
        second = BETA_2 * second + (1 - BETA_2) * gradient**2
        scaled = gradient / (np.sqrt(second / (1 - BETA_2**step)) + EPSILON)
        z = z - learning_rate * scaled - learning_rate * decay * y
        x = (1 - 1 / step) * x + z / step
    return (1 - BETA_1) * z + BETA_1 * x, x


def test_weights_and_averages_move_as_in_the_paper():
    random = np.random.default_rng(0)
    start, gradients = random.normal(size=5), random.normal(size=(20, 5))
    for decay in (0.0, 0.5):
        weight = keras.Variable(start.astype(np.float32))
        optimizer = ScheduleFreeAdamW(0.05, BETA_1, BETA_2, EPSILON, weight_decay=decay)
        optimizer.build([weight])
        for gradient in gradients:
            optimizer.apply([gradient.astype(np.float32)])
        y, x = paper(start, gradients, 0.05, decay)
        np.testing.assert_allclose(weight.numpy(), y, atol=1e-5)
        optimizer.finalize_variable_values([weight])
        np.testing.assert_allclose(weight.numpy(), x, atol=1e-5)
        assert np.abs(x - y).max() > 0.01, "the two differ, so that the test can tell them apart"
