"""Classes that differ in size count alike in training, by weights or by being seen more often."""

import numpy as np
import tensorflow as tf

from dlapps.applications.classification.data import balanced_rows, class_weights
from dlapps.data.batches import ShuffledBatches
from dlapps.data.splits import Examples

LABELS = np.array([0] * 6 + [1] * 3 + [2])


def test_weights_make_every_class_count_alike():
    weights = class_weights(LABELS, 3)
    counted = np.bincount(LABELS, weights=weights[LABELS])
    np.testing.assert_allclose(counted, counted[0], rtol=1e-6)
    assert weights[LABELS].mean() == 1


def test_a_class_without_examples_weighs_nothing_down():
    assert np.isfinite(class_weights(LABELS, 4)).all()


def test_resampling_shows_every_class_and_every_example_as_often_as_it_can():
    rows = balanced_rows(LABELS)
    assert np.bincount(LABELS[rows]).tolist() == [6, 6, 6]
    assert np.bincount(rows).tolist() == [1] * 6 + [2] * 3 + [6]


def test_an_epoch_of_batches_holds_those_rows():
    examples = Examples({"label": LABELS})
    rows = balanced_rows(LABELS)
    batches = ShuffledBatches(examples, 9, 0, lambda columns, draws: columns["label"], rows=rows)
    epochs = [[*batches.from_step(first).take(2)] for first in (0, 2)]
    orders = [tf.concat(epoch, 0).numpy() for epoch in epochs]
    for order in orders:
        assert np.bincount(order).tolist() == [6, 6, 6]
    assert (orders[0] != orders[1]).any()
