"""What gates did agrees with what Keras' layers answer."""

import keras
import numpy as np
import pytest

from dlapps.explain.methods.recurrent_gates import recurrent_gates


@pytest.mark.parametrize(
    ("layer", "gates"),
    [
        (keras.layers.LSTM, {"input gate", "forget gate", "output gate"}),
        (keras.layers.GRU, {"update gate", "reset gate"}),
        (keras.layers.SimpleRNN, set()),
    ],
)
def test_the_last_state_is_that_of_the_layer(layer, gates):
    keras.utils.set_random_seed(0)
    recurrent = layer(4, return_sequences=True)
    sequence = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    expected = recurrent(sequence[None])[0]
    seen = recurrent_gates(recurrent, sequence)
    np.testing.assert_allclose(seen["state"], expected, atol=1e-6)
    assert {name for name in seen if name.endswith("gate")} == gates
    assert all(((seen[name] > 0) & (seen[name] < 1)).all() for name in gates)
