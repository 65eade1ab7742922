"""The training section becomes Keras' own optimizers and schedules."""

import keras
import numpy as np
import pydantic
import pytest
import tensorflow as tf

from dlapps.config.training import (
    OPTIMIZER_OPTIONS,
    OptimizerSettings,
    ScheduleSettings,
    TrainingSettings,
)
from dlapps.training.optimizers import build_optimizer, build_schedule


def learning_rates(steps: list[int], **schedule) -> list[float]:
    built = build_schedule(ScheduleSettings(**schedule), 1.0, 100)
    return [float(built(step)) for step in steps]


@pytest.mark.parametrize("name", OPTIMIZER_OPTIONS)
def test_every_optimizer_takes_the_options_it_is_said_to_take(name):
    flags = dict.fromkeys(["nesterov", "amsgrad", "centered", "relative_step"], True)
    values = {**flags, "epsilon": 1e-6}
    for option in OPTIMIZER_OPTIONS[name]:
        value = values.get(option, 0.5)
        settings = TrainingSettings(steps=10, optimizer={"name": name, option: value})
        assert build_optimizer(settings).get_config()[option] == value


@pytest.mark.parametrize("name", OPTIMIZER_OPTIONS)
def test_every_optimizer_descends_and_goes_on_from_its_variables_alone(name):
    settings = TrainingSettings(steps=60, learning_rate=0.05, optimizer=name)
    random = np.random.RandomState(0)
    target = random.normal(size=(4, 3)).astype("float32")

    def descend(steps: int, state: list[np.ndarray] | None = None) -> tuple[float, list]:
        """The error after some steps from `state`, and the state then."""
        weight = keras.Variable(np.zeros((4, 3), "float32"), name="kernel")
        optimizer = build_optimizer(settings)
        optimizer.build([weight])
        variables = [weight, *optimizer.variables]
        for variable, value in zip(variables, state or [], strict=state is not None):
            variable.assign(value)

        @tf.function
        def step():
            optimizer.apply([weight - target])

        for _ in range(steps):
            step()
        values = [np.array(variable) for variable in variables]
        return float(np.abs(values[0] - target).mean()), values

    before = float(np.abs(target).mean())
    error, whole = descend(60)
    assert error < 0.999 * before, "adadelta and adafactor begin slowly"
    _, half = descend(25)
    _, continued = descend(35, half)
    for a, b in zip(whole, continued, strict=True):
        np.testing.assert_array_equal(a, b)


def test_options_of_another_optimizer_are_refused():
    with pytest.raises(
        pydantic.ValidationError, match="adam has no momentum; it takes amsgrad, beta"
    ):
        OptimizerSettings(name="adam", momentum=0.9)


def test_what_stands_beside_the_optimizer_reaches_it():
    settings = TrainingSettings(steps=10, weight_decay=0.1, clip_norm=2.0, accumulation_steps=4)
    config = build_optimizer(settings).get_config()
    assert config["weight_decay"] == 0.1
    assert config["global_clipnorm"] == 2.0
    assert config["gradient_accumulation_steps"] == 4


def test_a_constant_learning_rate_may_warm_up():
    assert build_schedule(ScheduleSettings(), 1.0, 100) == 1.0
    rates = learning_rates([0, 5, 10, 100], name="constant", warmup_steps=10)
    assert rates == pytest.approx([0.0, 0.5, 1.0, 1.0])


def test_a_cosine_warms_up_and_falls_to_its_end():
    rates = learning_rates([0, 10, 55, 100], name="cosine", warmup_steps=10, final_fraction=0.2)
    assert rates == pytest.approx([0.0, 1.0, 0.6, 0.2])


def test_the_other_schedules():
    assert learning_rates([0, 50, 100], name="polynomial") == pytest.approx([1.0, 0.5, 0.0])
    exponential = learning_rates([0, 10], name="exponential", decay_steps=10, decay_rate=0.5)
    assert exponential == pytest.approx([1.0, 0.5])
    piecewise = {"name": "piecewise", "boundaries": [10, 20], "factors": [0.1, 0.01]}
    assert learning_rates([10, 11, 21], **piecewise) == pytest.approx([1.0, 0.1, 0.01])


def test_a_schedule_counts_updates_where_gradients_are_accumulated():
    settings = TrainingSettings(steps=100, accumulation_steps=4, schedule={"name": "cosine"})
    schedule = build_optimizer(settings)._learning_rate
    assert isinstance(schedule, keras.optimizers.schedules.CosineDecay)
    assert schedule.decay_steps == 25


def test_one_cycle_rises_and_falls_in_half_cosines():
    settings = {"name": "one_cycle", "warmup_steps": 40, "final_fraction": 0.1}
    rates = learning_rates([0, 20, 40, 70, 100, 120], **settings)
    assert rates == pytest.approx([0.04, 0.52, 1.0, 0.55, 0.1, 0.1])
    assert learning_rates([33], name="one_cycle") == pytest.approx([1.0])


def test_warmup_stable_decay_is_level_between_its_slopes():
    settings = {"warmup_steps": 10, "decay_steps": 20, "final_fraction": 0.2}
    rates = learning_rates([0, 5, 10, 80, 90, 100], name="warmup_stable_decay", **settings)
    assert rates == pytest.approx([0.0, 0.5, 1.0, 1.0, 0.6, 0.2])


@pytest.mark.parametrize("name", ["one_cycle", "warmup_stable_decay"])
def test_our_schedules_are_saved_with_their_optimizer(name):
    built = build_schedule(ScheduleSettings(name=name), 1.0, 100)
    again = keras.optimizers.deserialize(
        keras.optimizers.serialize(keras.optimizers.SGD(built))
    )._learning_rate
    assert [float(again(step)) for step in (5, 50)] == [float(built(step)) for step in (5, 50)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"schedule": {"name": "cosine"}}, "needs no schedule"),
        ({"ema_momentum": 0.9}, "an average of its own"),
    ],
)
def test_schedule_free_training_takes_neither_schedule_nor_average(wrong, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        TrainingSettings(steps=10, optimizer="schedule_free_adamw", **wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "polynomial", "warmup_steps": 5}, "polynomial has no warmup_steps"),
        ({"name": "piecewise", "boundaries": [5]}, "one factor for each boundary"),
    ],
)
def test_schedules_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        ScheduleSettings(**wrong)
