"""Masking of spectrograms in training, after SpecAugment (Park et al. 2019)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class SpectrogramMasking(keras.layers.Layer):
    """Zeroes one stretch of time and one band of frequencies of [N, frames, bands] in training.

    `time` and `frequency` are the largest widths, as fractions of the axis; each example draws
    its own widths and places. Where `lengths` [N] are given, the stretch is one of so many frames.
    """

    def __init__(self, time: float = 0.0, frequency: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.time = time
        self.frequency = frequency
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, spectrogram, lengths=None, training=False):
        if not training or not (self.time or self.frequency):
            return spectrogram
        num_examples, num_frames, num_bands = ops.shape(spectrogram)
        own = num_frames if lengths is None else ops.cast(lengths, "float32")[:, None]
        kept_frames = self._kept(num_examples, num_frames, own, self.time)[:, :, None]
        kept_bands = self._kept(num_examples, num_bands, num_bands, self.frequency)[:, None, :]
        kept = ops.logical_and(kept_frames, kept_bands)
        return ops.where(kept, spectrogram, ops.zeros_like(spectrogram))

    def _kept(self, num_examples, size, own, largest: float):
        """Booleans [N, size], false for a stretch of up to `largest` of an example's `own`."""
        draws = keras.random.uniform((2, num_examples, 1), seed=self.seed_generator)
        own = ops.cast(own, "float32")
        width = draws[0] * largest * own
        begin = draws[1] * (own - width)
        place = ops.arange(size, dtype="float32") + 0.5
        return ops.logical_or(place < begin, place > begin + width)

    def compute_output_shape(self, spectrogram_shape, lengths_shape=None):
        return spectrogram_shape

    def get_config(self):
        return {**super().get_config(), "time": self.time, "frequency": self.frequency}
