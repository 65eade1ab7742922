"""Masking blanks one stretch and one band of each example, in training alone."""

import keras
import numpy as np

from dlapps.layers.spectrogram_masking import SpectrogramMasking

ONES = np.ones((200, 20, 10), np.float32)


def test_without_training_nothing_is_masked():
    np.testing.assert_array_equal(SpectrogramMasking(0.5, 0.5)(ONES), ONES)
    np.testing.assert_array_equal(SpectrogramMasking()(ONES, training=True), ONES)


def test_one_stretch_and_one_band_of_at_most_the_widths_are_masked():
    keras.utils.set_random_seed(0)
    masked = np.array(SpectrogramMasking(time=0.25, frequency=0.3)(ONES, training=True))
    masked_frames = np.all(masked == 0, axis=2)
    masked_bands = np.all(masked == 0, axis=1)
    np.testing.assert_array_equal(masked == 0, masked_frames[:, :, None] | masked_bands[:, None])
    for chosen, widest in ((masked_frames, 5), (masked_bands, 3)):
        assert chosen.sum(axis=1).max() == widest
        assert chosen.sum(axis=1).min() == 0
        starts = np.diff(chosen.astype(int), axis=1, prepend=0) == 1
        assert starts.sum(axis=1).max() == 1, "one stretch"
        assert chosen.any(axis=0).all(), "anywhere"
    assert len({frames.tobytes() for frames in masked_frames}) > 20, "each example its own"


def test_of_a_padded_example_a_stretch_of_its_own_frames_is_masked():
    keras.utils.set_random_seed(0)
    lengths = np.repeat([20, 8], 100).astype(np.int32)
    masked = np.array(SpectrogramMasking(time=0.5)(ONES, lengths, training=True))
    masked_frames = np.all(masked == 0, axis=2)
    assert masked_frames[:100].sum(axis=1).max() == 10
    assert masked_frames[100:].sum(axis=1).max() == 4
    assert not masked_frames[100:, 8:].any()


def test_the_seed_decides():
    def masked() -> np.ndarray:
        keras.utils.set_random_seed(3)
        return np.array(SpectrogramMasking(0.5, 0.5)(ONES, training=True))

    np.testing.assert_array_equal(masked(), masked())
