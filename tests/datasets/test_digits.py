"""The embedded digits arrive whole, in the full range of grey, with their labels."""

import numpy as np
from sklearn.datasets import load_digits as sklearn_digits

from dlapps.datasets.digits import load_digits


def test_digits_are_scikit_learns_in_255_steps():
    images, labels = load_digits()
    source = sklearn_digits()
    assert images.shape == (1797, 8, 8, 1)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    np.testing.assert_array_equal(np.round(images[..., 0] * (16 / 255)), source.images)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, source.target)
