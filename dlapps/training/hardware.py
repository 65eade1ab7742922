"""What `auto` means on the machine at hand: device, precision, XLA, steps a call."""

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import tensorflow as tf

from dlapps.config.training import TrainingSettings
from dlapps.errors import UsageError

CPU_BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}
LONG_PRODUCT = 128
"""Inputs of a product from which on a small format was measured to pay."""
CALL_SECONDS = 0.1
MOST_STEPS_PER_CALL = 500


def choose_device(device: str) -> None:
    """Makes TensorFlow use the device asked for, or says why it cannot."""
    gpus = tf.config.list_physical_devices("GPU")
    if device == "gpu" and not gpus:
        raise UsageError(
            "training.device is gpu, but TensorFlow sees no GPU here. Install the CUDA build with "
            "`pip install dlapps[gpu]`, or use training.device=cpu."
        )
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")


def choose_precision(precision: str, network: Callable[[], keras.Model]) -> str:
    """The name of the Keras dtype policy to train with.

    `auto` is the small format that the machine multiplies fast, where the network gains by it;
    `network` builds one to look at.
    """
    if precision != "auto":
        return precision
    small = _fast_format()
    if small == "float32":
        return small
    with dtype_policy(small):
        return small if gains_by_small_numbers(network()) else "float32"


def _fast_format() -> str:
    """The policy whose products are the fastest here, however large they must be for it."""
    gpus = tf.config.get_visible_devices("GPU")
    if not gpus:
        return "mixed_bfloat16" if CPU_BFLOAT16_FLAGS & cpu_flags() else "float32"
    details = (tf.config.experimental.get_device_details(gpu) for gpu in gpus)
    capability = min(d.get("compute_capability", (0, 0)) for d in details)
    if capability >= (8, 0):
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= (7, 0) else "float32"


def gains_by_small_numbers(model: keras.Model) -> bool:
    """Whether a model built with a mixed policy is faster for it.

    It is if most of its multiplying weights stand in products of LONG_PRODUCT inputs or more and
    are computed in the small format: there, halved products outweigh what the many single
    operations between them cost in it.
    """
    products: dict[int, tuple[int, int]] = {}
    for layer in model._flatten_layers():  # From the outermost on, so that a weight's own is last.
        is_small = layer.compute_dtype != layer.variable_dtype
        for weight in layer.weights:
            if weight.name.endswith("kernel"):
                size = math.prod(weight.shape)
                is_long = math.prod(weight.shape[:-1]) >= LONG_PRODUCT
                products[id(weight)] = (size, size if is_small and is_long else 0)
    total, gaining = (sum(sizes) for sizes in zip(*products.values())) if products else (0, 0)
    return 2 * gaining > total


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """A block in which Keras builds its layers with the dtype policy called `name`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def choose_jit(model: keras.Model, settings: TrainingSettings, num_replicas: int) -> bool:
    """Whether the step is compiled with XLA: on one GPU, unless a layer cannot be."""
    if settings.jit != "auto":
        return settings.jit
    on_gpu = bool(tf.config.get_visible_devices("GPU"))
    return (
        on_gpu
        and num_replicas == 1
        and all(layer.supports_jit for layer in model._flatten_layers())
    )


def cpu_flags() -> set[str]:
    """The instruction sets this processor names; none where it cannot be asked."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split()[2:]) for line in lines if line.startswith("flags")), set())


class StepsPerCall:
    """How many steps go into one call of TensorFlow.

    `auto` grows until a call takes a tenth of a second: long enough to hide the cost of a call,
    short enough to answer a signal and move the progress bar. Several workers must agree on the
    number without talking, so there `auto` is one.
    """

    def __init__(self, setting: int | str, num_workers: int):
        self.adapts = setting == "auto" and num_workers == 1
        self.count = 1 if setting == "auto" else setting

    def observe(self, steps: int, seconds: float) -> None:
        """Learns from a call that took `seconds`."""
        if self.adapts:
            fitting = int(CALL_SECONDS * steps / max(seconds, 1e-9))
            self.count = max(1, min(fitting, 2 * self.count, MOST_STEPS_PER_CALL))
