"""Images are read between their pixels and beyond their border."""

import numpy as np

from dlapps.data.images.sampling import sample_bilinear, sample_nearest


def test_sampling_between_pixels_and_beyond_the_border():
    image = np.array([[0, 10], [20, 30]], np.uint8)[None, ..., None]
    y, x = np.float32([[[0.5, -1.0, 0.4]]]), np.float32([[[0.5, 0.0, 2.6]]])
    np.testing.assert_allclose(sample_bilinear(image, y, x)[0, 0, :2, 0], [15, 0])
    np.testing.assert_array_equal(sample_nearest(image, y, x)[0, 0, :, 0], [30, 0, 0])
