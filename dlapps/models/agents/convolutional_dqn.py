"""The deep Q-network on images (Mnih et al. 2015, "Human-level control through deep reinforcement
learning")."""

from collections.abc import Sequence

import keras
from keras import layers

from dlapps.config.section import Positive
from dlapps.errors import UsageError
from dlapps.models.agents.dqn import DQN, action_values, rescaled

# Filters, kernel, stride: as published for 84x84.
CONVOLUTIONS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))


def convolutional_dqn(
    observation_shape: tuple[int, ...],
    observation_dtype: str,
    num_actions: int,
    centre: Sequence[float],
    scale: Sequence[float],
    *,
    width: Positive = 512,
    dueling: bool = False,
) -> keras.Model:
    """Three convolutions and a dense layer from an image [height, width, channels].

    Images may have any size: the borders are padded, unlike in the paper.
    """
    if len(observation_shape) != 3:
        raise UsageError(
            f"model.name convolutional_dqn needs images as observations, but those here have the "
            f"shape {tuple(observation_shape)}; model.name=dqn takes any."
        )
    if len(scale) != 1:
        raise UsageError("model.name convolutional_dqn needs images whose pixels share one range.")
    inputs = keras.Input(observation_shape, name="observation", dtype=observation_dtype)
    x = rescaled(inputs, centre, scale)
    for number, (filters, kernel, stride) in enumerate(CONVOLUTIONS, 1):
        x = layers.Conv2D(
            filters, kernel, stride, padding="same", activation="relu", name=f"conv{number}"
        )(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(width, activation="relu", name="dense")(x)
    return DQN(inputs, action_values(x, num_actions, dueling), name="convolutional_dqn")
