"""Recurrent layers upon one another, with what they remember as explicit input and output: simple
(Elman 1990), LSTM (Hochreiter, Schmidhuber 1997) and GRU (Cho et al. 2014)."""

from collections.abc import Sequence
from typing import Literal

import keras
from keras import layers

from dlapps.layers.lstm import LSTM

Cell = Literal["simple_rnn", "lstm", "gru"]
# An export made with cuDNN would not load on a machine without a GPU.
LAYERS = {
    "simple_rnn": (layers.SimpleRNN, ("state",), {}),
    "lstm": (LSTM, ("state", "carry"), {"use_cudnn": False}),
    "gru": (layers.GRU, ("state",), {"use_cudnn": False}),
}
DROPOUT = {"units": layers.Dropout, "channels": layers.SpatialDropout1D}


def state_inputs(cell: Cell, units: int, num_layers: int) -> list[keras.KerasTensor]:
    """The inputs for what each layer remembers, [N, units], from the first layer to the last."""
    _, kinds, _ = LAYERS[cell]
    return [
        keras.Input((units,), name=f"layer{number}_{kind}")
        for number in range(1, num_layers + 1)
        for kind in kinds
    ]


def recurrent_stack(
    x: keras.KerasTensor,
    states: Sequence[keras.KerasTensor],
    cell: Cell,
    units: int,
    dropout: float,
    dropout_of: Literal["units", "channels"],
    layer_normalization: bool,
) -> tuple[keras.KerasTensor, dict[str, keras.KerasTensor]]:
    """The last layer's outputs [N, T, units] for x [N, T, D], and all states by their names.

    Dropout stands before each layer and after the last; of `channels` it is the same at all steps.
    Normalization (Ba et al. 2016) follows each layer.
    """
    layer_class, kinds, options = LAYERS[cell]
    after: dict[str, keras.KerasTensor] = {}
    for number in range(1, len(states) // len(kinds) + 1):
        if dropout:
            x = DROPOUT[dropout_of](dropout, name=f"dropout{number}")(x)
        first, states = states[: len(kinds)], states[len(kinds) :]
        layer = layer_class(
            units, return_sequences=True, return_state=True, name=f"layer{number}", **options
        )
        x, *last = layer(x, initial_state=list(first))
        after |= {old.name: new for old, new in zip(first, last, strict=True)}
        if layer_normalization:
            x = layers.LayerNormalization(name=f"normalization{number}")(x)
    if dropout:
        x = DROPOUT[dropout_of](dropout, name="readout_dropout")(x)
    return x, after
