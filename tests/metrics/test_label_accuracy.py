"""The share of labels that the largest logits are at."""

import keras
import numpy as np
import pytest

from dlapps.metrics.label_accuracy import LabelAccuracy


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 3, 4)])
def test_as_keras_counts_it(shape):
    random = np.random.RandomState(0)
    logits = random.normal(size=(*shape, 3)).astype(np.float32)
    labels, weights = random.randint(0, 3, shape), random.randint(0, 3, shape)
    ours, theirs = LabelAccuracy(), keras.metrics.SparseCategoricalAccuracy()
    for metric in (ours, theirs):
        metric.update_state(labels, logits)
        metric.update_state(labels, logits, weights)
    assert 0 < float(ours.result()) < 1
    assert float(ours.result()) == float(theirs.result())


def test_it_is_made_again_from_its_config():
    metric = LabelAccuracy(name="hits")
    assert LabelAccuracy.from_config(metric.get_config()).name == "hits"
