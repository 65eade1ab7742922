"""Grey images become bits: drawn once for measuring, anew at each step for training."""

import numpy as np
import tensorflow as tf

from dlapps.applications.generation.data import (
    UnlabelledImages,
    load_images,
    pixels,
    training_images,
    with_fixed_binarisation,
)
from dlapps.data.batches import ShuffledBatches, in_order


def all_of(examples, batch_size: int) -> np.ndarray:
    return np.concatenate(list(in_order(examples, batch_size, pixels).as_numpy_iterator()))


def test_validation_and_test_are_drawn_once_for_all():
    grey = load_images(UnlabelledImages(name="digits"))
    data = load_images(UnlabelledImages(name="digits", binarise=True))
    assert data["train"].fingerprint() == grey["train"].fingerprint()
    assert np.unique(all_of(data["validation"], 100)).tolist() == [0, 1]
    drawn = all_of(data["test"], 100)
    assert np.unique(drawn).tolist() == [0, 1]
    np.testing.assert_array_equal(drawn, all_of(with_fixed_binarisation(grey["test"]), 7))
    intensities = all_of(grey["test"], 100)
    assert np.all(drawn[intensities == 0] == 0)
    assert np.all(drawn[intensities == 1] == 1)
    halves = drawn[np.abs(intensities - 0.5) < 0.1]
    assert 0.45 < halves.mean() < 0.55


def test_training_pixels_are_drawn_anew_at_each_step_and_alike_after_a_resume():
    settings = UnlabelledImages(name="digits", binarise=True)
    data = load_images(settings)
    images, num_draws = training_images(settings, data.spec.input_shape)
    batches = ShuffledBatches(data["train"], 1257, 0, images, num_draws)
    first, second = batches.from_step(0).take(2).as_numpy_iterator()
    assert np.unique(first).tolist() == [0, 1]
    np.testing.assert_array_equal(second, next(iter(batches.from_step(1))))
    # Both steps hold every image once, in other orders.
    counts = [batch.sum(axis=(1, 2, 3)) for batch in (first, second)]
    assert np.sort(counts[0]).tolist() != np.sort(counts[1]).tolist()
    mean = tf.reduce_mean(pixels({"image": data["train"].columns["image"]}))
    assert abs(first.mean() - float(mean)) < 0.01
