"""The variational autoencoder (Kingma, Welling 2013, "Auto-encoding variational Bayes")."""

import math
from collections.abc import Callable, Iterable
from typing import Annotated

import keras
import tensorflow as tf
from keras import layers, ops
from pydantic import Field

from dlapps.config.section import Positive
from dlapps.layers.activations import Activation, activated, width_before
from dlapps.layers.normal_sample import NormalSample
from dlapps.layers.unit_interval import UnitInterval
from dlapps.metrics.importance_sampling import importance_sampled_report
from dlapps.models.generative.maps import (
    Effort,
    Measure,
    bernoulli_log_probability,
    standard_normal,
)
from dlapps.progress import progress


@keras.saving.register_keras_serializable("dlapps")
class VariationalAutoencoder(keras.Model):
    """An encoder and a decoder trained together on the evidence lower bound (ELBO).

    Latents have a standard normal prior, a pixel is a Bernoulli unit. The loss is the negative
    bound in nats an image, with one draw of the latents for each. In the first `warmup_steps` of
    training the divergence counts less, from 0 to 1, so that latents are used before they are
    made alike (Sonderby et al. 2016).
    """

    def __init__(self, *args, warmup_steps: int = 0, **kwargs):
        super().__init__(*args, **kwargs)
        self.warmup_steps = warmup_steps
        self.encoder = self.get_layer("encoder")
        self.decoder = self.get_layer("decoder")
        self.latent_size = self.decoder.input_shape[-1]
        self.reconstruction_loss = keras.metrics.Mean("reconstruction_loss")
        self.kl_divergence = keras.metrics.Mean("kl_divergence")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        mean, log_variance = y_pred["mean"], y_pred["log_variance"]
        reconstruction = -bernoulli_log_probability(x, y_pred["logits"])
        divergence = 0.5 * ops.sum(
            ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance, axis=-1
        )
        self.reconstruction_loss.update_state(reconstruction)
        self.kl_divergence.update_state(divergence)
        weight = 1.0
        if training and self.warmup_steps:
            steps = ops.cast(self.optimizer.iterations, "float32")
            weight = ops.minimum(steps / self.warmup_steps, 1.0)
        return ops.mean(reconstruction + weight * divergence)

    def get_config(self):
        return {**super().get_config(), "warmup_steps": self.warmup_steps}

    def endpoints(self) -> dict[str, Callable[[tf.Tensor], tf.Tensor]]:
        """As GenerativeModel says; a latent is the mean of its distribution."""
        return {"generate": self._generate, "encode": self._encode, "decode": self._decode}

    def measures(self) -> dict[str, Measure]:
        """As GenerativeModel says: the likelihood, by importance sampling."""
        return {"likelihood": self._measured_likelihood}

    def _measured_likelihood(self, batches: Iterable[tf.Tensor], effort: Effort) -> dict:
        return importance_sampled_report(
            progress(batches, "Likelihood"),
            self.posterior,
            self.log_likelihood,
            effort.importance_samples,
        )

    def posterior(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean and log variance [N, L] of the latents that the encoder infers."""
        outputs = self.encoder(images, training=False)
        return outputs["mean"], outputs["log_variance"]

    def log_likelihood(self, images: tf.Tensor, latents: tf.Tensor) -> tf.Tensor:
        """log P(image | latent) [S, N] in nats, of images [N, H, W, C] given latents [S, N, L]."""
        shape = ops.shape(latents)
        logits = self.decoder(ops.reshape(latents, (-1, self.latent_size)), training=False)
        logits = ops.reshape(logits, (shape[0], shape[1], -1))
        pixels = ops.reshape(images, (shape[1], -1))
        return ops.einsum("nd,snd->sn", pixels, logits) - ops.sum(ops.softplus(logits), axis=-1)

    def _generate(self, seeds):
        return self._decode(standard_normal(seeds, self.latent_size))

    def _encode(self, images):
        return self.posterior(images)[0]

    def _decode(self, latents):
        return ops.sigmoid(self.decoder(latents, training=False))


def variational_autoencoder(
    input_shape: tuple[int, int, int],
    *,
    latent_size: Positive = 50,
    hidden_sizes: list[Positive] = [200, 200],  # noqa: B006 - a config's default, never changed
    activation: Activation = "tanh",
    warmup_steps: Annotated[int, Field(ge=0)] = 0,
) -> VariationalAutoencoder:
    """Encoder and decoder of dense layers; the defaults are Burda, Grosse, Salakhutdinov's (2015).

    `hidden_sizes` are the encoder's; the decoder's are the same in reverse. The outputs are
    `logits` [N, H, W, C], `mean` and `log_variance` [N, latent_size].
    """
    image = keras.Input(input_shape, name="image")
    x = UnitInterval(name="unit_interval")(image)
    x = layers.Flatten(name="flatten")(x)
    for number, size in enumerate(hidden_sizes, 1):
        x = layers.Dense(width_before(activation, size), name=f"dense{number}")(x)
        x = activated(x, activation, f"dense{number}_{activation}")
    posterior = {
        name: layers.Dense(latent_size, name=name, dtype="float32")(x)
        for name in ("mean", "log_variance")
    }
    encoder = keras.Model(image, posterior, name="encoder")

    latent = keras.Input((latent_size,), name="latent")
    x = latent
    for number, size in enumerate(reversed(hidden_sizes), 1):
        x = layers.Dense(width_before(activation, size), name=f"dense{number}")(x)
        x = activated(x, activation, f"dense{number}_{activation}")
    x = layers.Dense(math.prod(input_shape), name="pixel_logits", dtype="float32")(x)
    logits = layers.Reshape(input_shape, name="logits", dtype="float32")(x)
    decoder = keras.Model(latent, logits, name="decoder")

    image = keras.Input(input_shape, name="image")
    inferred = encoder(image)
    sample = NormalSample(name="sample", dtype="float32")
    drawn = sample([inferred["mean"], inferred["log_variance"]])
    outputs = {"logits": decoder(drawn), **inferred}
    return VariationalAutoencoder(
        image, outputs, warmup_steps=warmup_steps, name="variational_autoencoder"
    )
