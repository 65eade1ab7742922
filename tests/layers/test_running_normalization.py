"""A frame is normalised by itself and the frames before it."""

import numpy as np

from dlapps.layers.running_normalization import RunningNormalization

FEATURES = np.random.default_rng(0).normal(3, 2, (2, 50, 4)).astype(np.float32)


def test_each_frame_by_the_mean_and_the_deviation_so_far():
    found = np.array(RunningNormalization(epsilon=1e-6)(FEATURES))
    for frame in (1, 7, 49):
        before = FEATURES[:, : frame + 1]
        expected = (FEATURES[:, frame] - before.mean(axis=1)) / before.std(axis=1)
        np.testing.assert_allclose(found[:, frame], expected, rtol=2e-3, atol=2e-3)


def test_later_frames_do_not_matter():
    layer = RunningNormalization()
    np.testing.assert_array_equal(layer(FEATURES)[:, :20], layer(FEATURES[:, :20]))
