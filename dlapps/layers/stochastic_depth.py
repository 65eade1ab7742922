"""Stochastic depth (Huang, Sun, Liu, Sedra, Weinberger 2016, "Deep networks with stochastic
depth")."""

import keras


@keras.saving.register_keras_serializable("dlapps")
class StochasticDepth(keras.layers.Layer):
    """Drops a residual branch [N, ...] of whole examples in training, each with chance `rate`.

    A branch that is kept is divided by the chance that it is. The paper multiplies branches by it
    at test time instead, and drops those of a whole batch together: what a branch adds on average
    is the same, and here the layer does nothing outside of training. A dropped branch is computed
    all the same, so that a step takes no less time.
    """

    def __init__(self, rate: float, **options):
        super().__init__(**options)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, branch, training=False):
        if not training or not self.rate:
            return branch
        one_an_example = (None, *[1] * (len(branch.shape) - 1))
        return keras.random.dropout(
            branch, self.rate, noise_shape=one_an_example, seed=self.seed_generator
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}
