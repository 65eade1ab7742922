"""The restricted Boltzmann machine (Hinton 2002, "Training products of experts by minimizing
contrastive divergence"), optionally with persistent chains (Tieleman 2008)."""

from collections.abc import Callable, Iterable
from typing import Annotated

import keras
import tensorflow as tf
from keras import layers, ops
from pydantic import Field

from dlapps.config.section import Positive
from dlapps.layers.boltzmann_units import BoltzmannUnits
from dlapps.layers.unit_interval import UnitInterval
from dlapps.metrics.annealed_importance_sampling import annealed_report
from dlapps.models.generative.maps import Effort, Measure, bernoulli_log_probability
from dlapps.models.loss_scaling import scaled_loss
from dlapps.progress import progress


@keras.saving.register_keras_serializable("dlapps")
class RBM(keras.Model):
    """Visible and hidden units trained by contrastive divergence.

    `gibbs_steps` is the k of CD-k. The chains begin at the data, or, if there are any, where the
    `persistent_chains` were left by the step before. Contrastive divergence descends no function;
    the loss that is shown is the cross-entropy, in nats an image, of the image given back.
    Samples are made by `sampling_steps` Gibbs steps from random pixels.
    """

    def __init__(
        self,
        *args,
        gibbs_steps: int = 1,
        persistent_chains: int = 0,
        sampling_steps: int = 1000,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.gibbs_steps = gibbs_steps
        self.persistent_chains = persistent_chains
        self.sampling_steps = sampling_steps
        self.flatten = self.get_layer("flatten")
        self.units = self.get_layer("units")
        self.latent_size = self.units.num_hidden
        self.seed_generator = keras.random.SeedGenerator()
        self.chains = self.add_weight(
            shape=(persistent_chains, self.flatten.output.shape[-1]),
            initializer="zeros",
            trainable=False,
            name="chains",
        )

    def train_step(self, data):
        """One update by the images [N, H, W, C] in [0, 1] of a batch."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        visible = self.flatten(self.get_layer("unit_interval")(images))
        hidden = self.units(visible)
        loss = self.compute_loss(images, y_pred=hidden)
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(images)[0])
        if self.persistent_chains:
            imagined = self._gibbs_sampled(self.units(self.chains))
            self.chains.assign(imagined)
        else:
            imagined = self._gibbs_sampled(hidden)
        learned = self.units.mean_products(visible, hidden)
        unlearned = self.units.mean_products(imagined, self.units(imagined))
        self.optimizer.apply_gradients(
            (scaled_loss(theirs - ours, self.optimizer), weight)
            for weight, ours, theirs in zip(
                self.trainable_variables, learned, unlearned, strict=True
            )
        )
        return self.get_metrics_result()

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        logits = self.units.visible_input(y_pred)
        return -ops.mean(bernoulli_log_probability(self.flatten(x), logits))

    def _gibbs_sampled(self, hidden):
        """The visible units [N, V] that chains come to whose hidden units are on with `hidden`."""
        visible = self._visible_drawn(hidden)
        for _ in range(self.gibbs_steps - 1):
            visible = self._visible_drawn(self.units(visible))
        return visible

    def _visible_drawn(self, hidden):
        return self._drawn(ops.sigmoid(self.units.visible_input(self._drawn(hidden))))

    def _drawn(self, probabilities):
        noise = keras.random.uniform(ops.shape(probabilities), seed=self.seed_generator)
        return ops.cast(noise < probabilities, probabilities.dtype)

    def endpoints(self) -> dict[str, Callable[[tf.Tensor], tf.Tensor]]:
        """As GenerativeModel says; latents are probabilities of the hidden units."""
        return {"generate": self._generate, "encode": self._encode, "decode": self._decode}

    def measures(self) -> dict[str, Measure]:
        """As GenerativeModel says: the likelihood, by annealed importance sampling."""
        return {"likelihood": self._measured_likelihood}

    def _measured_likelihood(self, batches: Iterable[tf.Tensor], effort: Effort) -> dict:
        return annealed_report(
            batches,
            self.units.free_energy,
            (self.units.kernel, self.units.visible_bias, self.units.hidden_bias),
            num_chains=effort.annealing_chains,
            num_temperatures=effort.annealing_steps,
            progress=lambda parts: progress(parts, "Annealing"),
        )

    def _encode(self, images):
        return self(images, training=False)

    def _decode(self, latents):
        return self._as_images(ops.sigmoid(self.units.visible_input(latents)))

    def _as_images(self, visible):
        return ops.reshape(visible, (-1, *self.input_shape[1:]))

    def _generate(self, seeds):
        # In double precision, because a rounding that flips one unit changes all that follows.
        kernel, visible_bias, hidden_bias = (
            tf.cast(weight, tf.float64)
            for weight in (self.units.kernel, self.units.visible_bias, self.units.hidden_bias)
        )
        num_visible, num_hidden = kernel.shape

        def noise(step):
            return tf.map_fn(
                lambda seed: tf.random.stateless_uniform(
                    [num_visible + num_hidden], tf.stack([seed, step]), dtype=tf.float64
                ),
                seeds,
                fn_output_signature=tf.TensorSpec([num_visible + num_hidden], tf.float64),
            )

        def sampled(step, probabilities):
            drawn = noise(step)
            visible = tf.cast(drawn[:, :num_visible] < probabilities, tf.float64)
            hidden = tf.sigmoid(visible @ kernel + hidden_bias)
            hidden = tf.cast(drawn[:, num_visible:] < hidden, tf.float64)
            return step + 1, tf.sigmoid(hidden @ tf.transpose(kernel) + visible_bias)

        @tf.function  # Also outside of any graph, where so many steps one by one take long.
        def chain(probabilities):
            state = (tf.constant(0, tf.int64), probabilities)
            return tf.while_loop(lambda step, _: step < self.sampling_steps, sampled, state)[1]

        even = tf.fill([tf.shape(seeds)[0], num_visible], tf.constant(0.5, tf.float64))
        return self._as_images(tf.cast(chain(even), tf.float32))

    def get_config(self):
        return {
            **super().get_config(),
            "gibbs_steps": self.gibbs_steps,
            "persistent_chains": self.persistent_chains,
            "sampling_steps": self.sampling_steps,
        }


def rbm(
    input_shape: tuple[int, int, int],
    *,
    num_hidden: Positive = 500,
    gibbs_steps: Positive = 1,
    persistent_chains: Annotated[int, Field(ge=0)] = 0,
    sampling_steps: Positive = 1000,
) -> RBM:
    """As many visible units as pixels; the outputs are the probabilities of the hidden units.

    It computes in float32 under every policy: units are drawn by comparing probabilities, and the
    energies whose difference is learned from are sums over all pixels.
    """
    image = keras.Input(input_shape, name="image")
    x = UnitInterval(dtype="float32", name="unit_interval")(image)
    x = layers.Flatten(dtype="float32", name="flatten")(x)
    hidden = BoltzmannUnits(num_hidden, dtype="float32", name="units")(x)
    return RBM(
        image,
        hidden,
        gibbs_steps=gibbs_steps,
        persistent_chains=persistent_chains,
        sampling_steps=sampling_steps,
        name="rbm",
    )
