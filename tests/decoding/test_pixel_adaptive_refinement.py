"""Maps spread along the colours of an image and stop where these change."""

import numpy as np

from dlapps.decoding.pixel_adaptive_refinement import refined


def scene():
    """A bright square on a dark ground, both with a little noise."""
    random = np.random.default_rng(0)
    image = np.full((1, 24, 24, 3), 0.2, np.float32)
    image[0, 6:18, 8:20] = 0.8
    return image + 0.01 * random.standard_normal(image.shape).astype(np.float32)


def test_a_seed_fills_its_object_and_ends_at_its_border():
    maps = np.zeros((1, 24, 24, 1), np.float32)
    maps[0, 10:14, 12:16] = 1.0
    grown = refined(maps, scene(), 30, 0.1).numpy()[0, ..., 0]
    inside = np.zeros((24, 24), bool)
    inside[7:17, 9:19] = True
    outside = np.ones((24, 24), bool)
    outside[5:19, 7:21] = False
    assert grown[inside].min() > 5 * grown[outside].max()


def test_without_steps_maps_stay_and_flat_ones_stay_flat():
    maps = np.random.default_rng(1).random((1, 24, 24, 2), np.float32)
    assert refined(maps, scene(), 0, 0.1) is maps
    np.testing.assert_allclose(refined(np.ones_like(maps), scene(), 3, 0.1), 1, rtol=1e-5)
