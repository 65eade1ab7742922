"""Adam (Kingma, Ba 2014), AdamW (Loshchilov, Hutter 2017) and SGD, each update by one kernel.

Keras' own take up to ten passes over a weight and its moments, TensorFlow's kernels one.
"""

import keras
import tensorflow as tf


def _takes_kernel(optimizer: keras.Optimizer, variable: tf.Variable) -> bool:
    is_float32 = variable.dtype == tf.float32
    # Keras accumulates gradients in a graph of its own symbols.
    is_plain = not optimizer.gradient_accumulation_steps
    return is_float32 and is_plain and not tf.distribute.has_strategy()


def _adam_step(
    optimizer: keras.optimizers.Adam,
    gradient: tf.Tensor | tf.IndexedSlices,
    variable: tf.Variable,
    learning_rate: tf.Tensor,
) -> None:
    """Moves a weight and its moments."""
    if optimizer.amsgrad or not _takes_kernel(optimizer, variable):
        # AdamW's is the same: it decays the weights elsewhere.
        keras.optimizers.Adam.update_step(optimizer, gradient, variable, learning_rate)
        return
    index = optimizer._get_variable_index(variable)
    steps = tf.cast(optimizer.iterations.value + 1, tf.float32)
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=optimizer._momentums[index].value.handle,
        v=optimizer._velocities[index].value.handle,
        beta1_power=tf.pow(optimizer.beta_1, steps),
        beta2_power=tf.pow(optimizer.beta_2, steps),
        lr=tf.cast(learning_rate, tf.float32),
        beta1=optimizer.beta_1,
        beta2=optimizer.beta_2,
        epsilon=optimizer.epsilon,
        grad=tf.cast(tf.convert_to_tensor(gradient), tf.float32),
    )


@keras.saving.register_keras_serializable("dlapps")
class Adam(keras.optimizers.Adam):
    """Keras' Adam, with the same settings, slots and updates."""

    update_step = _adam_step


@keras.saving.register_keras_serializable("dlapps")
class AdamW(keras.optimizers.AdamW):
    """Keras' AdamW, with the same settings, slots and updates."""

    update_step = _adam_step


@keras.saving.register_keras_serializable("dlapps")
class SGD(keras.optimizers.SGD):
    """Keras' SGD, with the same settings, slots and updates."""

    def update_step(self, gradient, variable, learning_rate):
        if not self.momentum or not _takes_kernel(self, variable):
            super().update_step(gradient, variable, learning_rate)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[self._get_variable_index(variable)].value.handle,
            lr=tf.cast(learning_rate, tf.float32),
            grad=tf.cast(tf.convert_to_tensor(gradient), tf.float32),
            momentum=self.momentum,
            use_nesterov=self.nesterov,
        )
