"""A range test finds the rates between those that do nothing and those that diverge."""

import keras
import numpy as np
import pytest
from keras import layers

from dlapps.config.training import TrainingSettings
from dlapps.data.batches import ShuffledBatches
from dlapps.data.splits import Examples
from dlapps.errors import UsageError
from dlapps.training.optimizers import build_optimizer
from dlapps.training.range_test import RangeTest, range_test
from dlapps.training.stage import Stage


def examples(noise: float = 0.1) -> Examples:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 4)).astype("float32")
    y = x @ np.array([1, -2, 3, 0.5], "float32") + generator.normal(scale=noise, size=200)
    return Examples({"x": x, "y": y.astype("float32")})


def stage(model: keras.Model | None = None, data: Examples | None = None, **changes) -> Stage:
    """Least squares by gradient descent, which diverges from a rate of about 1 on."""
    options = {"steps": 1, "learning_rate": 0.1, "optimizer": {"name": "sgd"}, "jit": False}
    settings = TrainingSettings(**options | changes)
    if model is None:
        inputs = keras.Input((4,))
        outputs = layers.Dense(1, use_bias=False, kernel_initializer="zeros")(inputs)
        model = keras.Model(inputs, outputs)
        model.compile(build_optimizer(settings), loss="mean_squared_error")
    batches = ShuffledBatches(
        data or examples(), 50, 0, lambda columns, draws: (columns["x"], columns["y"])
    )
    return Stage("training", model, batches, settings)


def test_the_rates_are_those_of_a_descent_that_does_not_diverge():
    test = range_test(stage(), 1e-5, 1e3, 200)
    assert test.end == "diverged"
    assert 0.5 < test.rates[-1] < 5
    assert 0.01 < test.at_steepest_descent() < test.at_minimum() < 2
    # The loss is that of the weights before a step: the first is that of the zeros.
    assert test.losses[0] == pytest.approx(1 + 4 + 9 + 0.25, rel=0.3)
    ratios = test.rates[1:] / test.rates[:-1]
    np.testing.assert_allclose(ratios, (1e3 / 1e-5) ** (1 / 199))


def test_it_is_the_same_every_time():
    one, other = (range_test(stage(), 1e-4, 1, 50) for _ in range(2))
    assert one.end == "largest rate"
    np.testing.assert_array_equal(one.losses, other.losses)


def test_the_average_begins_without_bias_and_forgets():
    test = range_test(stage(), 1e-4, 1, 40)
    assert test.averaged_steps == 2
    first, second, third = test.losses[:3]
    expected = [first, (first + 2 * second) / 3, (first + 2 * second + 4 * third) / 7]
    np.testing.assert_allclose(test.smoothed[:3], expected)


class TwoParts(keras.Model):
    """Two weights with an optimizer each, and losses that tell the rates they moved by."""

    def __init__(self):
        super().__init__(name="two_parts")
        self.slow, self.fast = (self.add_weight(shape=(), initializer="zeros") for _ in range(2))
        self.slow_loss, self.fast_loss = (keras.metrics.Mean(f"{n}_loss") for n in ("slow", "fast"))

    def compile(self):
        super().compile(optimizer=keras.optimizers.SGD(0.1))
        self.fast_optimizer = keras.optimizers.SGD(0.3)
        self.optimizer.build([self.slow])
        self.fast_optimizer.build([self.fast])

    @property
    def metrics(self):
        return [self.slow_loss, self.fast_loss]

    def train_step(self, data):
        for optimizer, weight, loss in (
            (self.optimizer, self.slow, self.slow_loss),
            (self.fast_optimizer, self.fast, self.fast_loss),
        ):
            before = keras.ops.copy(weight)
            optimizer.apply_gradients([(keras.ops.convert_to_tensor(-1.0), weight)])
            loss.update_state(weight - before)
        return self.get_metrics_result()


def test_several_optimizers_rise_in_proportion_and_their_losses_count_together():
    model = TwoParts()
    model.compile()
    test = range_test(stage(model), 1e-3, 1e-2, 40)
    np.testing.assert_allclose(test.losses, (1 + 3) * test.rates[: len(test.losses)], rtol=1e-3)


def test_a_step_is_an_update_however_many_batches_it_gathers():
    gathered = stage(accumulation_steps=4)
    range_test(gathered, 1e-3, 1e-2, 40)
    assert int(gathered.model.optimizer.iterations) == 40


def test_chance_is_not_taken_for_a_fall():
    chance = np.random.default_rng(0).normal(1, 0.1, 200)
    flat = as_tested(chance)
    assert flat.smoothed.min() < 0.95
    assert flat.at_minimum() is None
    assert flat.at_steepest_descent() is None
    # It falls about the middle of 1e-6 to 10, some steps before its average does.
    fallen = as_tested(chance + 1 / (1 + np.exp((np.arange(200) - 100) / 5)))
    assert 3e-3 < fallen.at_steepest_descent() < 1e-2 < fallen.at_minimum()


def as_tested(losses: np.ndarray) -> RangeTest:
    """What a test would be in which these are the losses."""
    ages = np.arange(len(losses))
    kept = np.tril(0.9 ** np.maximum(ages[:, None] - ages, 0))
    smoothed = kept @ losses / kept.sum(axis=1)
    return RangeTest(np.geomspace(1e-6, 10, len(losses)), losses, smoothed, 10, "largest rate")


def test_what_has_no_optimizer_or_no_finite_loss_is_refused():
    inputs = keras.Input((4,))
    with pytest.raises(UsageError, match="fixed has no optimizer, and so no learning rate"):
        range_test(stage(keras.Model(inputs, inputs, name="fixed")), 1e-5, 1, 40)
    broken = examples(noise=np.inf)
    with pytest.raises(UsageError, match="not finite even before a step"):
        range_test(stage(data=broken), 1e-5, 1, 40)


def test_it_ends_where_the_loss_is_not_finite():
    test = range_test(stage(), 1e-4, 1e30, 40)
    assert test.end in ("diverged", "not finite")
    assert np.isfinite(test.losses).all()
    assert len(test.rates) == len(test.losses) == len(test.smoothed) < 40
