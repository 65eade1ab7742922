"""Capsules: groups of units whose vector tells what is there, and by its length whether it is there
(Sabour, Frosst, Hinton 2017, "Dynamic routing between capsules")."""

import keras
from keras import ops

SMALLEST = 1e-6
"""Shorter vectors count as this long, so that the square root has a slope at zero."""


def length(vectors):
    """The lengths [...] of vectors [..., D]."""
    return ops.sqrt(ops.maximum(ops.sum(ops.square(vectors), axis=-1), SMALLEST**2))


def squash(vectors):
    """The vectors [..., D] in their directions, of lengths l^2 / (1 + l^2) where they were of l."""
    lengths = length(vectors)[..., None]
    return vectors * (lengths / (1.0 + ops.square(lengths)))


def routed(predictions, iterations: int):
    """Capsules [N, C, D], and what was routed to them, from predictions [N, C, I, D].

    Each of I capsules below predicts each of C above. Its coupling coefficients [N, C, I], which
    sum to 1 over C, begin alike, and in each of `iterations` grow towards the capsules that agree
    with its predictions.

    Gradients take the last coefficients for constants, as several reimplementations do: routing
    looks for what to weigh how, and the weighted predictions learn. The authors' own code goes back
    through every iteration, which costs more; their paper does not say.
    """
    settled = ops.stop_gradient(predictions)
    agreement = ops.zeros_like(settled[..., 0])
    for _ in range(iterations - 1):
        capsules, _ = _weighted(settled, agreement)
        agreement += ops.matmul(settled, capsules[..., None])[..., 0]
    return _weighted(predictions, agreement)


def _weighted(predictions, agreement):
    coefficients = ops.softmax(agreement, axis=1)
    # A matrix product of one row passes once over the predictions, and makes no second such array.
    sums = ops.matmul(coefficients[:, :, None], predictions)[:, :, 0]
    return squash(sums), coefficients


@keras.saving.register_keras_serializable("dlapps")
class Squash(keras.layers.Layer):
    """Vectors [..., D] with lengths between 0 and 1."""

    def call(self, vectors):
        return squash(vectors)

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable("dlapps")
class RoutedCapsules(keras.layers.Layer):
    """Capsules [N, num_capsules, size] to which those below [N, I, K] are routed by agreement.

    Every capsule below has a matrix of its own for every one above; there is no bias.
    """

    def __init__(self, num_capsules: int, size: int, iterations: int = 3, **options):
        super().__init__(**options)
        self.num_capsules = num_capsules
        self.size = size
        self.iterations = iterations

    def build(self, input_shape):
        num_below, size_below = input_shape[1:]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(num_below, size_below, self.num_capsules * self.size),
            initializer=keras.initializers.TruncatedNormal(stddev=0.1),
        )

    def call(self, below):
        return routed(self.predictions(below), self.iterations)[0]

    def predictions(self, below):
        """What each capsule below predicts for each of these, [N, num_capsules, I, size]."""
        # One matrix product for each capsule below, over all examples at once.
        products = ops.matmul(ops.transpose(below, (1, 0, 2)), self.kernel)
        shape = (products.shape[0], -1, self.num_capsules, self.size)
        return ops.transpose(ops.reshape(products, shape), (1, 2, 0, 3))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_capsules, self.size)

    def get_config(self):
        own = {"num_capsules": self.num_capsules, "size": self.size, "iterations": self.iterations}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("dlapps")
class Presence(keras.layers.Layer):
    """The log-odds [N, C] that what capsules [N, C, D] stand for is there.

    A capsule's length is that probability, so these are its logits: their sigmoid is the length.
    Their softmax is the probability of each class where it is known that just one is there.
    """

    def call(self, capsules):
        # A length that rounds to 1 would have infinite odds.
        lengths = ops.minimum(length(capsules), 1.0 - SMALLEST)
        return ops.log(lengths) - ops.log1p(-lengths)

    def compute_output_shape(self, input_shape):
        return input_shape[:-1]
