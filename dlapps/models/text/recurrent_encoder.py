"""A recurrent network that reads a sequence of tokens in both directions (Schuster, Paliwal 1997,
"Bidirectional recurrent neural networks")."""

import keras
from keras import KerasTensor, layers, ops

from dlapps.models.text.embedding import embedded
from dlapps.models.text.recurrent_decoder import RECURRENT, STATES, Cell


def bidirectional(
    num_tokens: int, cell: Cell, units: int, embedding_size: int, dropout: float
) -> tuple[KerasTensor, KerasTensor, KerasTensor, KerasTensor]:
    """The input `source` int [N, T], and of it values [N, T, 2 units], present [N, T], end [N, M].

    Values where nothing is present, token 0, are 0. The end is all that the two directions know
    after their last tokens.
    """
    source = keras.Input((None,), dtype="int32", name="source")
    present = ops.not_equal(source, 0)
    x = embedded(source, num_tokens, embedding_size, "source")
    x = layers.Dropout(dropout, name="source_dropout")(x)
    # An export made with cuDNN would not load on a machine without a GPU.
    recurrent = RECURRENT[cell](units, return_sequences=True, return_state=True, use_cudnn=False)
    values, *ends = layers.Bidirectional(recurrent, name="bidirectional")(x, mask=present)
    # An operation, unlike a layer, lets go of Keras' own mask, which no inner model takes.
    values = ops.where(ops.expand_dims(present, -1), values, 0)
    return source, values, present, layers.Concatenate(name="end")(ends)


def first_states(end: KerasTensor, cell: Cell, units: int) -> list[KerasTensor]:
    """The states [N, units] with which a decoder begins, from what an encoder ended with."""
    return [
        layers.Dense(units, activation="tanh", name=f"initial_{kind}")(end) for kind in STATES[cell]
    ]
