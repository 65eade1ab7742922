"""What makes a network with logits a classifier, whatever it classifies."""

import keras
import tensorflow as tf

from dlapps.metrics.label_accuracy import LabelAccuracy


def compile_classifier(model: keras.Model, optimizer: keras.Optimizer) -> None:
    """Prepares a model whose outputs are logits [N, C] for training on labels [N]."""
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[LabelAccuracy()],
    )


def classify(model: keras.Model, x: tf.Tensor) -> tf.Tensor:
    """The probabilities [N, C] of a model whose outputs are logits.

    A perceptron's net inputs are treated alike, by convention: its probabilities rank the classes
    but are not calibrated.
    """
    return tf.nn.softmax(tf.cast(model(x, training=False), tf.float32))


def last_maps(model: keras.Model) -> str | None:
    """The name of the last layer that gives maps [N, h, w, C] of several places, if one does.

    Where a network has convolved, they tell what it saw where; before, they are the image itself.
    """
    found, has_convolved = None, False
    for layer in model.layers:
        has_convolved = has_convolved or isinstance(layer, keras.layers.Conv2D)
        shape = layer.output.shape
        if has_convolved and len(shape) == 4 and shape[1:3] != (1, 1):
            found = layer.name
    return found
