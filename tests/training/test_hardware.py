"""What `auto` becomes, and what is refused, on the machine the tests run on."""

import keras
import pytest
import tensorflow as tf

from dlapps.config.training import TrainingSettings
from dlapps.errors import UsageError
from dlapps.models.generative.rbm import rbm
from dlapps.models.mlp import mlp
from dlapps.models.perceptron import perceptron
from dlapps.models.speech.attention_lstm import attention_lstm
from dlapps.models.text.attention_translator import attention_translator
from dlapps.models.vision.lenet5 import lenet5
from dlapps.models.vision.unet import unet
from dlapps.training import hardware
from dlapps.training.hardware import StepsPerCall, choose_device, choose_jit, choose_precision

on_cpu = pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="has a GPU")


@on_cpu
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match=r"sees no GPU here.*training\.device=cpu"):
        choose_device("gpu")


def wide_network() -> keras.Model:
    return mlp((784,), 10, widths=[256])


@on_cpu
@pytest.mark.parametrize(
    ("flags", "precision"), [({"avx2", "amx_bf16"}, "mixed_bfloat16"), ({"avx2"}, "float32")]
)
def test_a_cpu_gets_bfloat16_where_it_has_instructions_for_it(monkeypatch, flags, precision):
    monkeypatch.setattr(hardware, "cpu_flags", lambda: flags)
    assert choose_precision("auto", wide_network) == precision
    assert choose_precision("mixed_float16", wide_network) == "mixed_float16"
    assert keras.config.dtype_policy().name == "float32"


@on_cpu
@pytest.mark.parametrize(
    ("network", "gains"),
    [
        (wide_network, True),
        (lambda: mlp((4,), 2, widths=[64, 64]), False),
        (lambda: lenet5((28, 28, 1), 10), True),
        (lambda: unet((None, None, 3), 4, filters=16), True),
        (lambda: attention_lstm(8000, 8000, 10), True),
        (lambda: attention_lstm(8000, 8000, 10, units=16), False),
        (lambda: attention_translator(100, 100), True),
        (lambda: perceptron((28, 28, 1), 10), False),
        (lambda: rbm((28, 28, 1)), False),
    ],
)
def test_only_networks_of_long_products_are_trained_in_small_numbers(monkeypatch, network, gains):
    monkeypatch.setattr(hardware, "cpu_flags", lambda: {"avx512_bf16"})
    assert choose_precision("auto", network) == ("mixed_bfloat16" if gains else "float32")


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
