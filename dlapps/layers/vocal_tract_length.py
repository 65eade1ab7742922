"""Spectrograms as of other throats (Jaitly, Hinton 2013, "Vocal tract length perturbation (VTLP)
improves speech recognition")."""

import keras
import numpy as np
from keras import ops

BOUNDARY = 0.6
"""Of half the sample rate: the paper's 4,800 Hz at 16,000, below which the formants lie."""


@keras.saving.register_keras_serializable("dlapps")
class VocalTractLengthPerturbation(keras.layers.Layer):
    """Mel spectrograms [N, frames, bands] as of a vocal tract shorter or longer, in training.

    Each example draws how much: at most by the fraction `largest`. The middles of its mel bands
    are moved by that factor, and less from the boundary on, so that half the sample rate stays
    where it is; what a moved band holds is read between its neighbours. The bands lie evenly on
    the mel scale between `lowest_frequency` and half the sample rate.
    """

    def __init__(self, largest: float, lowest_frequency: float, sample_rate: int, **kwargs):
        super().__init__(**kwargs)
        self.largest = largest
        self.lowest_frequency = lowest_frequency
        self.sample_rate = sample_rate
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, spectrogram, training=False):
        if not training or not self.largest:
            return spectrogram
        num_examples = ops.shape(spectrogram)[0]
        least, most = 1 - self.largest, 1 + self.largest
        factors = keras.random.uniform((num_examples, 1), least, most, seed=self.seed_generator)
        return self.warped(spectrogram, factors)

    def warped(self, spectrogram, factors):
        """Spectrograms whose bands show what lies at `factors` [N, 1] times their frequency."""
        bands = spectrogram.shape[2]
        highest = self.sample_rate / 2
        lowest_mel, highest_mel = _mels(np.array([self.lowest_frequency, highest]))
        distance = (highest_mel - lowest_mel) / (bands + 1)
        middles = _hertz(lowest_mel + distance * np.arange(1, bands + 1)).astype("float32")
        moved = _moved(middles, factors, highest)
        places = (2595 / np.log(10) * ops.log1p(moved / 700) - lowest_mel) / distance - 1
        places = ops.clip(places, 0, bands - 1)
        # Row j of an example's matrix holds the shares of the two bands beside place j.
        apart = ops.abs(places[:, :, None] - np.arange(bands, dtype="float32"))
        return ops.einsum("ntk,njk->ntj", spectrogram, ops.maximum(1 - apart, 0))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = ("largest", "lowest_frequency", "sample_rate")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def _moved(frequencies, factors, highest: float):
    """Frequencies [bands] by the factors [N, 1], bent so that `highest` stays: [N, bands]."""
    reached = highest * BOUNDARY * ops.minimum(factors, 1)
    bend = reached / factors
    slope = (highest - reached) / (highest - bend)
    return ops.where(
        frequencies <= bend, frequencies * factors, highest - slope * (highest - frequencies)
    )


def _mels(hertz: np.ndarray) -> np.ndarray:
    return 2595 * np.log10(1 + hertz / 700)


def _hertz(mels: np.ndarray) -> np.ndarray:
    return 700 * (10 ** (mels / 2595) - 1)
