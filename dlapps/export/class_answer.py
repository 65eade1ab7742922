"""What a classifier answers: the name of a class and the probabilities of all."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dlapps.export.labels import LabelTable


def class_answer(probabilities: tf.Tensor, table: LabelTable) -> dict[str, tf.Tensor]:
    """`label` [N] and `probabilities` [N, C], inside a graph."""
    labels = table.labels(tf.argmax(probabilities, axis=-1))
    return {"label": labels, "probabilities": probabilities}


def expected_class_answer(logits: np.ndarray, class_names: Sequence[str]) -> dict[str, np.ndarray]:
    """The same of logits [N, C] that Keras itself computed, for the parity check."""
    logits = logits.astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    names = np.array([class_names[i].encode() for i in logits.argmax(axis=1)], object)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return {"label": names, "probabilities": probabilities.astype(np.float32)}
