"""What makes a network with logits a classifier, whatever it classifies."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf


def compile_classifier(model: keras.Model, optimizer: keras.Optimizer) -> None:
    """Prepares a model whose outputs are logits [N, C] for training on labels [N]."""
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )


def classify(model: keras.Model, x: tf.Tensor) -> tf.Tensor:
    """The probabilities [N, C] of a model whose outputs are logits.

    A perceptron's net inputs are treated alike, by convention: its probabilities rank the classes
    but are not calibrated.
    """
    return tf.nn.softmax(tf.cast(model(x, training=False), tf.float32))


def class_records(
    inputs: Sequence[str], probabilities: np.ndarray, class_names: Sequence[str]
) -> list[dict]:
    """For each of N inputs its likeliest class and the probabilities [N, C] of all, by name."""
    return [
        {
            "input": text,
            "label": class_names[row.argmax()],
            "probabilities": dict(zip(class_names, row.tolist(), strict=True)),
        }
        for text, row in zip(inputs, probabilities, strict=True)
    ]
