"""The training section becomes Keras' own optimizers and schedules."""

import keras
import pydantic
import pytest

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
    values = {"nesterov": True, "epsilon": 1e-6}
    for option in OPTIMIZER_OPTIONS[name]:
        value = values.get(option, 0.5)
        settings = TrainingSettings(steps=10, optimizer={"name": name, option: value})
        assert build_optimizer(settings).get_config()[option] == value


def test_options_of_another_optimizer_are_refused():
    with pytest.raises(pydantic.ValidationError, match="adam has no momentum; it takes beta_1"):
        OptimizerSettings(name="adam", momentum=0.9)


def test_what_stands_beside_the_optimizer_reaches_it():
    settings = TrainingSettings(
        steps=10, weight_decay=0.1, clip_norm=2.0, ema_momentum=0.9, accumulation_steps=4
    )
    config = build_optimizer(settings).get_config()
    assert config["weight_decay"] == 0.1
    assert config["global_clipnorm"] == 2.0
    assert config["use_ema"]
    assert config["ema_momentum"] == 0.9
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
