"""What the gates of a recurrent layer did at each step: of an LSTM (Hochreiter, Schmidhuber 1997;
Gers et al. 2000), a GRU (Cho et al. 2014) or a simple recurrent layer (Elman 1990)."""

from collections.abc import Callable

import keras
import numpy as np
from scipy.special import expit

Gates = dict[str, np.ndarray]


def recurrent_gates(layer: keras.layers.RNN, sequence: np.ndarray) -> Gates:
    """What opened, and what was remembered, float32 [T, units] each, on inputs [T, D].

    The layer begins with zeros. Gates are between 0 (closed) and 1 (open); `state` is what leaves
    the layer. It has Keras' own activations.
    """
    kernel, recurrent, bias = (
        keras.ops.convert_to_numpy(weight).astype(np.float32)
        for weight in (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias)
    )
    steps = {keras.layers.LSTM: _lstm, keras.layers.GRU: _gru, keras.layers.SimpleRNN: _simple}
    advance = next(step for kind, step in steps.items() if isinstance(layer, kind))
    return _unrolled(advance, sequence.astype(np.float32), kernel, recurrent, bias)


def _unrolled(advance: Callable, sequence, kernel, recurrent, bias) -> Gates:
    nothing = np.zeros(recurrent.shape[0], np.float32)
    seen = {"state": nothing, "cell": nothing}
    rows = []
    for inputs in sequence:
        seen = advance(inputs, seen, kernel, recurrent, bias)
        rows.append(seen)
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _lstm(inputs, seen, kernel, recurrent, bias) -> Gates:
    net = inputs @ kernel + seen["state"] @ recurrent + bias
    put_in, keep, new, put_out = np.split(net, 4)
    put_in, keep, put_out = expit(put_in), expit(keep), expit(put_out)
    cell = keep * seen["cell"] + put_in * np.tanh(new)
    return {
        "input gate": put_in,
        "forget gate": keep,
        "output gate": put_out,
        "cell": cell,
        "state": put_out * np.tanh(cell),
    }


def _gru(inputs, seen, kernel, recurrent, bias) -> Gates:
    from_input = np.split(inputs @ kernel + bias[0], 3)
    from_state = np.split(seen["state"] @ recurrent + bias[1], 3)
    update, reset = (expit(a + b) for a, b in zip(from_input[:2], from_state[:2], strict=True))
    new = np.tanh(from_input[2] + reset * from_state[2])
    state = update * seen["state"] + (1 - update) * new
    return {"update gate": update, "reset gate": reset, "state": state}


def _simple(inputs, seen, kernel, recurrent, bias) -> Gates:
    return {"state": np.tanh(inputs @ kernel + seen["state"] @ recurrent + bias)}
