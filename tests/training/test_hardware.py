"""What `auto` becomes, and what is refused, on the machine the tests run on."""

import keras
import pytest
import tensorflow as tf

from dlapps.config.training import TrainingSettings
from dlapps.errors import UsageError
from dlapps.training import hardware
from dlapps.training.hardware import StepsPerCall, choose_device, choose_jit, choose_precision

on_cpu = pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="has a GPU")


@on_cpu
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match=r"sees no GPU here.*training\.device=cpu"):
        choose_device("gpu")


@on_cpu
@pytest.mark.parametrize(
    ("flags", "precision"), [({"avx2", "amx_bf16"}, "mixed_bfloat16"), ({"avx2"}, "float32")]
)
def test_a_cpu_gets_bfloat16_where_it_has_instructions_for_it(monkeypatch, flags, precision):
    monkeypatch.setattr(hardware, "cpu_flags", lambda: flags)
    assert choose_precision("auto") == precision
    assert choose_precision("mixed_float16") == "mixed_float16"


@on_cpu
def test_xla_is_left_out_on_a_cpu_unless_asked_for():
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    assert not choose_jit(model, TrainingSettings(steps=1), num_replicas=1)
    assert choose_jit(model, TrainingSettings(steps=1, jit=True), num_replicas=1)


def test_steps_a_call_grow_until_a_call_takes_a_tenth_of_a_second():
    steps = StepsPerCall("auto", num_workers=1)
    counts = []
    for _ in range(8):
        steps.observe(steps.count, 0.004 * steps.count)
        counts.append(steps.count)
    assert counts[:3] == [2, 4, 8]
    assert counts[-1] == 25
    steps.observe(steps.count, 1.0)
    assert steps.count == 2


def test_a_number_of_steps_is_kept_and_workers_agree_without_talking():
    for steps in (StepsPerCall(7, num_workers=1), StepsPerCall("auto", num_workers=2)):
        before = steps.count
        steps.observe(steps.count, 1e-6)
        assert steps.count == before
