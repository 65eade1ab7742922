"""The last step of a dueling network (Wang et al. 2016, "Dueling network architectures for deep
reinforcement learning")."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class Dueling(keras.layers.Layer):
    """Action values [N, A] from the value of the state [N, 1] and the actions' advantages [N, A].

    The mean advantage is taken out, because otherwise the two could drift against each other.
    """

    def call(self, inputs):
        value, advantage = inputs
        return value + advantage - ops.mean(advantage, axis=1, keepdims=True)
