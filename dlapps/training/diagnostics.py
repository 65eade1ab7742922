"""How a network is learning, layer by layer: gradients, updates and activations.

Everything is measured on one batch, always the same: the first of the stage. So a curve moves
because the network did, and a run that was continued measures what an unbroken one does.
"""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from dlapps.explain.architecture.taps import taps
from dlapps.training.stage import Stage

logger = logging.getLogger(__name__)

BOUNDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
MARGIN = 0.05
"""Of an activation's range, next to a bound: there its slope is below a fifth of its largest."""
SMALLEST_NORM = 1e-12


class Measured(NamedTuple):
    """A number of one layer."""

    layer: str
    quantity: str
    value: float


def diagnostics_of(stage: Stage) -> "Diagnostics | None":
    """What measures the model of a stage; None, which is said, where it cannot be done."""
    model = stage.model
    if type(model).train_step is not keras.Model.train_step or not isinstance(
        model, keras.Function
    ):
        logger.warning(
            "training.diagnostics is for networks whose layers form one graph and learn by the "
            "gradients of one loss; %s learns by a rule of its own, so nothing is measured.",
            model.name,
        )
        return None
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        logger.warning("training.diagnostics measures on one device only: nothing is measured.")
        return None
    return Diagnostics(model, next(iter(stage.batches.from_step(0))))


class Diagnostics:
    """Measures a model without changing it: what a look at it moves is put back.

    `gradient_norm`: of the model's loss on the batch, by a layer's weights.
    `update_ratio`: the norm of the change that one step made, over that of the weights before.
    `activation_mean`, `activation_deviation`: of all that leaves the layer.
    `saturated`: of a sigmoid or tanh, the share of activations within a twentieth of its range of
    a bound. `dead`: of all other activations, the share of units (channels) that are zero for
    every example of the batch.
    """

    def __init__(self, model: keras.Model, batch: Any):
        self.model, self.batch = model, batch
        self.taps = taps(model)
        learning = [tap.layer for tap in self.taps if tap.layer.trainable_variables]
        self.weights = {layer.name: layer.trainable_variables for layer in learning}
        # The layers are the model's own; only the outputs are more.
        self.probe = keras.Model(
            model.input, {"answer": model.output, "taps": [tap.output for tap in self.taps]}
        )
        self.before = self._copy_of_weights()
        self._measure = tf.function(self._measured)

    def before_update(self) -> None:
        """Remembers the weights as they are, ahead of the step whose update is measured."""
        self.before = self._copy_of_weights()

    def measure(self) -> list[Measured]:
        """Each quantity of each layer, after the step that `before_update` was told of."""
        return [
            Measured(layer, quantity, float(value))
            for quantity, values in self._measure(self.batch, self.before).items()
            for layer, value in values.items()
        ]

    def _copy_of_weights(self) -> dict[str, list[tf.Tensor]]:
        return {
            layer: [tf.identity(weight.value) for weight in weights]
            for layer, weights in self.weights.items()
        }

    def _measured(self, batch: Any, before: Mapping[str, list[tf.Tensor]]) -> dict[str, Any]:
        kept = [(variable, tf.identity(variable)) for variable in self._moved_by_looking()]
        gradients, outputs = self._look(batch)
        for variable, value in kept:
            variable.assign(value)
        updates = {
            layer: [weight.value - old for weight, old in zip(weights, before[layer], strict=True)]
            for layer, weights in self.weights.items()
        }
        return {
            "gradient_norm": {layer: _norm(parts) for layer, parts in gradients.items()},
            "update_ratio": {
                layer: _norm(parts) / tf.maximum(_norm(before[layer]), SMALLEST_NORM)
                for layer, parts in updates.items()
            },
            **self._of_activations(outputs),
        }

    def _moved_by_looking(self) -> list[tf.Variable]:
        """Statistics, seeds and metrics: all that a forward pass in training may change."""
        learned = {id(weight) for weight in self.model.trainable_variables}
        everything = (*self.model.variables, *self.model.metrics_variables)
        return [
            variable.value
            for variable in {id(each): each for each in everything}.values()
            if id(variable) not in learned
        ]

    def _look(self, batch: Any) -> tuple[dict[str, list[tf.Tensor]], list[tf.Tensor]]:
        """The gradients by layer and what leaves each layer, as a step of training has them."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
        # In float16 small gradients would be lost without the scale that the optimizer keeps.
        scale = self.model.optimizer.scale_loss(tf.constant(1.0))
        with tf.GradientTape() as tape:
            found = self.probe(x, training=True)
            loss = self.model.compute_loss(
                x=x, y=y, y_pred=found["answer"], sample_weight=sample_weight, training=True
            )
            loss = scale * tf.cast(loss, tf.float32)
        variables = {
            layer: [weight.value for weight in weights] for layer, weights in self.weights.items()
        }
        slopes = tape.gradient(loss, variables, unconnected_gradients="zero")
        return {
            layer: [tf.convert_to_tensor(slope) / scale for slope in parts]
            for layer, parts in slopes.items()
        }, found["taps"]

    def _of_activations(self, outputs: list[tf.Tensor]) -> dict[str, dict[str, tf.Tensor]]:
        names = ("activation_mean", "activation_deviation", "saturated", "dead")
        found: dict[str, dict[str, tf.Tensor]] = {name: {} for name in names}
        for (layer, _, activation), raw in zip(self.taps, outputs, strict=True):
            output = tf.cast(raw, tf.float32)
            found["activation_mean"][layer.name] = tf.reduce_mean(output)
            found["activation_deviation"][layer.name] = tf.math.reduce_std(output)
            if activation in BOUNDS:
                low, high = BOUNDS[activation]
                near = MARGIN * (high - low)
                at_bound = (output < low + near) | (output > high - near)
                found["saturated"][layer.name] = _share(at_bound)
            elif activation:
                is_zero = tf.reduce_all(output == 0.0, axis=list(range(len(output.shape) - 1)))
                found["dead"][layer.name] = _share(is_zero)
        return found


def _share(truths: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(truths, tf.float32))


def _norm(parts: list[tf.Tensor]) -> tf.Tensor:
    return tf.linalg.global_norm([tf.cast(part, tf.float32) for part in parts])
