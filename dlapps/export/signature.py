"""A signature: an entry point of a SavedModel, with the evidence that it answers correctly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class Signature:
    """A function of one raw input tensor that returns named outputs.

    `function` is the graph a server runs, from the raw input to the named answers. `input` must
    carry the name that callers use: `tf.TensorSpec([None], tf.string, "image_bytes")`.
    `example` is a batch of raw inputs; keep byte strings in an array of dtype object, because
    NumPy's own string type drops trailing zero bytes.
    `expected` holds each output for the example, computed with the Keras model by another path
    than `function`: what the exported signature is compared with.
    """

    function: Callable[[tf.Tensor], Mapping[str, tf.Tensor]]
    input: tf.TensorSpec
    example: np.ndarray
    expected: Mapping[str, np.ndarray]

    def __post_init__(self):
        # TensorFlow would rename it, or number it, without a word.
        if not str(self.input.name or "").isidentifier():
            raise ValueError(
                f"A signature's input is called by its name, so {self.input.name!r} must be a "
                "Python identifier."
            )

    def example_tensor(self) -> tf.Tensor:
        """The example as a tensor of the input's type."""
        return tf.convert_to_tensor(self.example, dtype=self.input.dtype)
