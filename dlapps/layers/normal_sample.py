"""Draws from a normal distribution through which gradients flow."""

import keras
from keras import ops

FIXED_SEED = 0


@keras.saving.register_keras_serializable("dlapps")
class NormalSample(keras.layers.Layer):
    """One draw [N, L] from each of N diagonal normal distributions.

    Takes [mean, log_variance], each [N, L]. Outside of training the noise is always the same, so
    that what is measured at different times can be compared, and measuring changes no training.
    """

    def __init__(self, **options):
        super().__init__(**options)
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs, training=False):
        mean, log_variance = inputs
        seed = self.seed_generator if training else FIXED_SEED
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=seed)
        return mean + ops.exp(log_variance / 2) * noise

    def compute_output_shape(self, input_shape):
        return input_shape[0]
