"""What lies between two objects weighs as the U-Net's paper says, by brute force."""

import numpy as np
import pytest

from dlapps.losses.border_weights import border_weights, connected_instances


def by_definition(instances, sigma):
    """The formula, every pixel against every pixel of every object."""
    y, x = np.mgrid[: instances.shape[0], : instances.shape[1]]
    weights = np.zeros(instances.shape)
    for place in np.argwhere(instances == 0):
        distances = sorted(
            np.hypot(y - place[0], x - place[1])[instances == number].min()
            for number in np.unique(instances[instances > 0])
        )
        if len(distances) > 1:
            weights[tuple(place)] = np.exp(-(sum(distances[:2]) ** 2) / (2 * sigma**2))
    return weights


def blobs(count, size=(40, 50)):
    """Objects numbered with gaps, some of which touch; the later lie over the others."""
    random, instances = np.random.default_rng(count), np.zeros(size, np.uint16)
    y, x = np.mgrid[: size[0], : size[1]]
    for number in range(1, count + 1):
        top, left, radius = random.uniform(0, size[0]), random.uniform(0, size[1]), 3 + number % 4
        instances[np.hypot(y - top, x - left) < radius] = 3 * number
    return instances


@pytest.mark.parametrize("count", [2, 5, 12])
@pytest.mark.parametrize("sigma", [1.5, 5.0])
def test_it_is_the_formula(count, sigma):
    instances = blobs(count)
    weights = border_weights(instances, sigma)
    np.testing.assert_allclose(weights, by_definition(instances, sigma), atol=5e-6)
    assert count < 12 or weights.max() > 0.1


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_objects_there_is_nothing_between(count):
    assert not border_weights(blobs(count), 5.0).any()


def test_objects_that_fill_the_image_leave_nothing_between():
    assert not border_weights(np.repeat([[1, 2]], 3, axis=0), 5.0).any()


def test_the_regions_of_each_class_are_objects():
    mask = np.array([[1, 0, 1, 255], [0, 1, 0, 255], [2, 2, 1, 0]], np.uint8)
    instances = connected_instances(mask, void=255)
    assert not instances[(mask == 0) | (mask == 255)].any()
    # At corners alone they do not touch.
    assert len(np.unique(instances[(mask == 1) | (mask == 2)])) == 5
    assert instances[2, 0] == instances[2, 1]
