"""The deep Q-network (Mnih et al. 2015, "Human-level control through deep reinforcement learning"),
double (van Hasselt, Guez, Silver 2016) and dueling (Wang et al. 2016)."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf
from keras import layers, ops

from dlapps.config.section import Positive
from dlapps.layers.dueling import Dueling


@keras.saving.register_keras_serializable("dlapps")
class DQN(keras.Model):
    """A functional network from observations to action values that learns from transitions.

    A batch is a mapping with `observation`, `action` (int), `reward`, `next_observation` and
    `terminated` (1 where no reward can follow), each with N rows.
    """

    def compile(
        self,
        optimizer="adam",
        *,
        discount: float = 0.99,
        double: bool = True,
        target_update_every: int = 10,
        target_update_fraction: float = 1.0,
        **options,
    ):
        """Prepares for training.

        discount: what a reward is worth one step later. double: the network itself chooses the
        next action that the target network values. Every `target_update_every` updates, the
        target network moves by `target_update_fraction` of the way to the network.
        """
        options.setdefault("loss", keras.losses.Huber())
        super().compile(optimizer, **options)
        self.optimizer.build(self.trainable_variables)
        self.discount = discount
        self.double = double
        self.target_update_every = target_update_every
        self.target_update_fraction = target_update_fraction
        network = keras.Model(self.inputs[0], self.outputs[0])
        self.target_network = keras.models.clone_model(network)
        self.target_network.set_weights(network.get_weights())
        self.target_network.trainable = False
        self.q_value_tracker = keras.metrics.Mean("q_value")

    def after_rescaling(self) -> keras.Model:
        """The same network from rescaled observations on; gradients reach them also where the
        observations are whole numbers."""
        return keras.Model([self.get_layer("rescaled").output], self.outputs[0])

    def train_step(self, data: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One update from a batch of transitions."""
        targets = self.compute_targets(data)
        with tf.GradientTape() as tape:
            q_values = _chosen(self(data["observation"], training=True), data["action"])
            loss = self.compute_loss(y=targets, y_pred=q_values)
            scaled_loss = self.optimizer.scale_loss(loss)
        weights = self.trainable_variables
        gradients = tape.gradient(scaled_loss, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        self._move_target_network()
        self._loss_tracker.update_state(loss)
        self.q_value_tracker.update_state(q_values)
        return self.get_metrics_result()

    def compute_targets(self, data: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """What the values of the actions taken should have been, [N, 1]."""
        values = self.target_network(data["next_observation"], training=False)
        chooser = self(data["next_observation"], training=False) if self.double else values
        next_values = _chosen(values, ops.argmax(chooser, axis=1))[:, 0]
        goes_on = 1.0 - data["terminated"]
        return (data["reward"] + self.discount * goes_on * next_values)[:, None]

    def _move_target_network(self) -> None:
        is_due = self.optimizer.iterations % self.target_update_every == 0
        for layer in self.target_network.layers:
            for target, weight in zip(layer.weights, self.get_layer(layer.name).weights):
                moved = target + self.target_update_fraction * (weight - target)
                exact = weight if self.target_update_fraction == 1.0 else moved
                target.assign(ops.where(is_due, exact, target))


def dqn(
    observation_shape: tuple[int, ...],
    observation_dtype: str,
    num_actions: int,
    centre: Sequence[float],
    scale: Sequence[float],
    *,
    widths: list[Positive] = [256, 256],  # noqa: B006 - a config's default, never changed
    dueling: bool = False,
) -> keras.Model:
    """Dense layers of the given `widths` from (observation - centre) / scale to action values.

    `dueling` adds up the value of the state and the advantage of each action.
    """
    inputs = keras.Input(observation_shape, name="observation", dtype=observation_dtype)
    x = layers.Flatten(name="flatten")(inputs)
    x = rescaled(x, centre, scale)
    for number, width in enumerate(widths, 1):
        x = _spread_dense(x, width, name=f"dense{number}")
    return DQN(inputs, action_values(x, num_actions, dueling), name="dqn")


def _spread_dense(x, width: int, name: str):
    """A dense layer whose biases begin spread out, too: small agents learn better from there."""
    limit = x.shape[-1] ** -0.5
    kernel, bias = (keras.initializers.RandomUniform(-limit, limit) for _ in range(2))
    return layers.Dense(
        width, activation="relu", kernel_initializer=kernel, bias_initializer=bias, name=name
    )(x)


def rescaled(x, centre: Sequence[float], scale: Sequence[float]):
    """(x - centre) / scale, along the last axis."""
    factors = [1 / number for number in scale]
    offsets = [-shift / number for shift, number in zip(centre, scale, strict=True)]
    return layers.Rescaling(factors, offsets, name="rescaled")(x)


def action_values(x, num_actions: int, dueling: bool):
    """The output layer, or the two of a dueling network, on features [N, F]."""
    if not dueling:
        return layers.Dense(num_actions, name="q_values", dtype="float32")(x)
    value = layers.Dense(1, name="value")(x)
    advantage = layers.Dense(num_actions, name="advantage")(x)
    return Dueling(name="q_values", dtype="float32")([value, advantage])


def _chosen(values: tf.Tensor, actions: tf.Tensor) -> tf.Tensor:
    """The value of each row's action: [N, A] and [N] to [N, 1]."""
    return ops.take_along_axis(values, ops.cast(actions, "int32")[:, None], axis=1)
