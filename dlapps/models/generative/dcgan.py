"""The deep convolutional generative adversarial network, DCGAN (Radford, Metz, Chintala 2015,
"Unsupervised representation learning with deep convolutional generative adversarial networks")."""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import layers, ops

from dlapps.config.section import Fraction, Positive, StridedKernel
from dlapps.models.generative.convolutions import downsampling, upsampling
from dlapps.models.generative.maps import Measure, standard_normal
from dlapps.models.loss_scaling import scaled_loss

FIXED_SEED = 0


@keras.saving.register_keras_serializable("dlapps")
class DCGAN(keras.Model):
    """A generator that learns to be taken for real by a discriminator that learns to tell.

    A step trains the discriminator once, then the generator once on the same latents, with the
    loss that does not saturate. Each has an optimizer of its own, made alike by `compile`.
    `label_smoothing` is what the target of real images lacks to 1 (Salimans et al. 2016).
    """

    def __init__(self, *args, label_smoothing: float = 0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.label_smoothing = label_smoothing
        self.generator = self.get_layer("generator")
        self.discriminator = self.get_layer("discriminator")
        self.latent_size = self.generator.input_shape[-1]
        self.seed_generator = keras.random.SeedGenerator()
        self.generator_loss = keras.metrics.Mean("generator_loss")
        self.discriminator_loss = keras.metrics.Mean("discriminator_loss")

    def compile(self, optimizer="rmsprop", **kwargs):
        """Takes the generator's optimizer; the discriminator's is made like it."""
        super().compile(optimizer=optimizer, **kwargs)
        self.discriminator_optimizer = self.optimizer.from_config(self.optimizer.get_config())
        self.optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def metrics(self):
        """Its two losses; there is none of the whole."""
        return [self.generator_loss, self.discriminator_loss]

    def train_step(self, data):
        """One update of each, by a batch of images [N, H, W, C] in [0, 1]."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        latents = keras.random.normal(
            (ops.shape(images)[0], self.latent_size), seed=self.seed_generator
        )
        weights = self.generator.trainable_variables
        with tf.GradientTape() as from_weights:
            generated = self.generator(latents, training=True)
        self._train_discriminator(images, generated)
        with tf.GradientTape() as from_images:
            from_images.watch(generated)
            loss = _cross_entropy(1.0, self.discriminator(generated, training=True))
            scaled = scaled_loss(loss, self.optimizer)
        slopes = from_images.gradient(scaled, generated)
        gradients = from_weights.gradient(generated, weights, output_gradients=slopes)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        self.generator_loss.update_state(loss)
        return self.get_metrics_result()

    def _train_discriminator(self, images, generated):
        weights = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            loss = self._discriminator_loss(images, generated, training=True)
            scaled = scaled_loss(loss, self.discriminator_optimizer)
        gradients = tape.gradient(scaled, weights)
        self.discriminator_optimizer.apply_gradients(zip(gradients, weights, strict=True))
        self.discriminator_loss.update_state(loss)

    def test_step(self, data):
        """Both losses on a batch, against images generated from latents that never change."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        latents = keras.random.normal((ops.shape(images)[0], self.latent_size), seed=FIXED_SEED)
        generated = self.generator(latents, training=False)
        verdicts = self.discriminator(generated, training=False)
        self.generator_loss.update_state(_cross_entropy(1.0, verdicts))
        self.discriminator_loss.update_state(
            self._discriminator_loss(images, generated, training=False)
        )
        return self.get_metrics_result()

    def _discriminator_loss(self, images, generated, training):
        real = self.discriminator(images, training=training)
        fake = self.discriminator(generated, training=training)
        return _cross_entropy(1.0 - self.label_smoothing, real) + _cross_entropy(0.0, fake)

    def endpoints(self) -> dict[str, Callable[[tf.Tensor], tf.Tensor]]:
        """As GenerativeModel says; nothing here finds the latent of an image."""
        return {"generate": self._generate, "decode": self._decode}

    def measures(self) -> dict[str, Measure]:
        """As GenerativeModel says: nothing, since it gives no image a probability."""
        return {}

    def _generate(self, seeds):
        return self._decode(standard_normal(seeds, self.latent_size))

    def _decode(self, latents):
        return self.generator(latents, training=False)

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def _cross_entropy(target, logits):
    targets = target * ops.ones_like(logits)
    return ops.mean(ops.binary_crossentropy(targets, logits, from_logits=True))


def dcgan(
    input_shape: tuple[int, int, int],
    *,
    latent_size: Positive = 100,
    filters: list[Positive] = [64, 128],  # noqa: B006 - a config's default, never changed
    kernel_size: StridedKernel = 5,
    label_smoothing: Fraction = 0.0,
) -> DCGAN:
    """The discriminator has `filters`, the generator the same in reverse.

    The output is the discriminator's logit [N, 1] of the image generated from a latent.
    """
    normal = keras.initializers.RandomNormal(stddev=0.02)
    latent = keras.Input((latent_size,), name="latent")
    x = upsampling(
        latent, input_shape, filters[::-1],
        kernel_size=kernel_size, batch_normalization=True, initializer=normal,
    )  # fmt: skip
    x = layers.Activation("tanh", dtype="float32", name="tanh")(x)
    x = layers.Rescaling(0.5, offset=0.5, dtype="float32", name="unit_interval")(x)
    generator = keras.Model(latent, x, name="generator")

    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(2.0, offset=-1.0, name="range_of_tanh")(image)
    x = downsampling(
        x, filters,
        kernel_size=kernel_size, negative_slope=0.2, batch_normalization=True, initializer=normal,
    )  # fmt: skip
    x = layers.Flatten(name="flatten")(x)
    logit = layers.Dense(1, kernel_initializer=normal, dtype="float32", name="logit")(x)
    discriminator = keras.Model(image, logit, name="discriminator")

    latent = keras.Input((latent_size,), name="latent")
    outputs = discriminator(generator(latent))
    return DCGAN(latent, outputs, label_smoothing=label_smoothing, name="dcgan")
