"""The units of a restricted Boltzmann machine and the weights between them."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlapps")
class BoltzmannUnits(keras.layers.Layer):
    """Binary visible [N, V] and hidden [N, H] units; its output is P(hidden = 1 | visible).

    The energy of a state is -visible kernel hidden - visible_bias visible - hidden_bias hidden.
    """

    def __init__(self, num_hidden: int, **options):
        super().__init__(**options)
        self.num_hidden = num_hidden

    def build(self, input_shape):
        small = keras.initializers.RandomNormal(stddev=0.01)
        shape = (input_shape[-1], self.num_hidden)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=small)
        self.visible_bias = self.add_weight(
            name="visible_bias", shape=shape[:1], initializer="zeros"
        )
        self.hidden_bias = self.add_weight(name="hidden_bias", shape=shape[1:], initializer="zeros")

    def call(self, visible):
        return ops.sigmoid(self.hidden_input(visible))

    def hidden_input(self, visible):
        """The net input [N, H] of the hidden units."""
        return ops.matmul(visible, self.kernel) + self.hidden_bias

    def visible_input(self, hidden):
        """The net input [N, V] of the visible units."""
        return ops.matmul(hidden, ops.transpose(self.kernel)) + self.visible_bias

    def mean_products(self, visible, hidden):
        """The means over a batch of what kernel, visible bias and hidden bias are multiplied with.

        They are the slopes of the mean energy, with their sign turned.
        """
        size = ops.cast(ops.shape(visible)[0], visible.dtype)
        products = ops.matmul(ops.transpose(visible), hidden) / size
        return products, ops.mean(visible, axis=0), ops.mean(hidden, axis=0)

    def free_energy(self, visible):
        """-log of the unnormalised probability of `visible`, [N]."""
        linear = ops.matmul(visible, ops.reshape(self.visible_bias, (-1, 1)))[:, 0]
        return -linear - ops.sum(ops.softplus(self.hidden_input(visible)), axis=-1)

    def get_config(self):
        return {**super().get_config(), "num_hidden": self.num_hidden}
