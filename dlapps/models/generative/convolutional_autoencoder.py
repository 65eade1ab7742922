"""The convolutional autoencoder (Masci, Meier, Ciresan, Schmidhuber 2011, "Stacked convolutional
auto-encoders for hierarchical feature extraction"), trained as a whole."""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import layers, ops

from dlapps.config.section import Positive
from dlapps.layers.unit_interval import UnitInterval
from dlapps.models.generative.convolutions import downsampling, upsampling
from dlapps.models.generative.maps import Measure, bernoulli_log_probability, standard_normal


@keras.saving.register_keras_serializable("dlapps")
class ConvolutionalAutoencoder(keras.Model):
    """An encoder and a decoder trained to give back the image.

    The loss is the cross-entropy of the pixels in nats an image.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.encoder = self.get_layer("encoder")
        self.decoder = self.get_layer("decoder")
        self.latent_size = self.decoder.input_shape[-1]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return -ops.mean(bernoulli_log_probability(x, y_pred))

    def endpoints(self) -> dict[str, Callable[[tf.Tensor], tf.Tensor]]:
        """As GenerativeModel says.

        Its latents have mean 0 and variance 1 over the training images, so it can decode draws
        from a standard normal distribution; but nothing taught it that latents are normal.
        """
        return {"encode": self._encode, "decode": self._decode, "generate": self._generate}

    def measures(self) -> dict[str, Measure]:
        """As GenerativeModel says: nothing, since it gives no image a probability."""
        return {}

    def _generate(self, seeds):
        return self._decode(standard_normal(seeds, self.latent_size))

    def _encode(self, images):
        return self.encoder(images, training=False)

    def _decode(self, latents):
        return ops.sigmoid(self.decoder(latents, training=False))


def convolutional_autoencoder(
    input_shape: tuple[int, int, int],
    *,
    latent_size: Positive = 32,
    filters: list[Positive] = [32, 64],  # noqa: B006 - a config's default, never changed
) -> ConvolutionalAutoencoder:
    """Convolutions of stride 2 with `filters` filters each, a latent, and their mirror image.

    The output are logits [N, H, W, C].
    """
    image = keras.Input(input_shape, name="image")
    x = UnitInterval(name="unit_interval")(image)
    x = downsampling(x, filters)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(latent_size, name="projection")(x)
    latents = layers.BatchNormalization(
        center=False, scale=False, epsilon=1e-6, name="standardised", dtype="float32"
    )(x)
    encoder = keras.Model(image, latents, name="encoder")

    latent = keras.Input((latent_size,), name="latent")
    decoder = keras.Model(latent, upsampling(latent, input_shape, filters[::-1]), name="decoder")

    image = keras.Input(input_shape, name="image")
    logits = decoder(encoder(image))
    return ConvolutionalAutoencoder(image, logits, name="convolutional_autoencoder")
