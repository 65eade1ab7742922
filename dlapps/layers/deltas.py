"""Differences over time beside what differs (Furui 1986, "Speaker-independent isolated word
recognition using dynamic features of speech spectrum")."""

import keras
from keras import ops

REACH = 2
"""Frames before and after one that its slope is fitted to, as in HTK."""


@keras.saving.register_keras_serializable("dlapps")
class Deltas(keras.layers.Layer):
    """Features [N, frames, D] with the slopes of each over time: [N, frames, (1 + order) D].

    The slope is that of a straight line fitted to 5 frames; the first and the last frame are
    repeated at the ends. `order` 2 adds the slopes of the slopes.
    """

    def __init__(self, order: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.order = order

    def call(self, features):
        found = [features]
        for _ in range(self.order):
            found.append(_slopes(found[-1]))
        return ops.concatenate(found, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], (1 + self.order) * input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "order": self.order}


def _slopes(features):
    first, last = features[:, :1], features[:, -1:]
    padded = ops.concatenate([*[first] * REACH, features, *[last] * REACH], axis=1)
    frames = ops.shape(features)[1]
    shifted = [padded[:, place : place + frames] for place in range(2 * REACH + 1)]
    steps = range(1, REACH + 1)
    rises = [step * (shifted[REACH + step] - shifted[REACH - step]) for step in steps]
    return sum(rises) / (2 * sum(step**2 for step in steps))
