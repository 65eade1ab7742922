"""The recurrence with attention agrees with the paper's equations written out in NumPy."""

import keras
import numpy as np
import pytest

from dlapps.layers.attentive_recurrence import AttentiveRecurrence

N, U, T, E, M, A, H = 2, 3, 4, 5, 6, 7, 8


@pytest.fixture
def tensors() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    shapes = ((N, U, E), (N, T, M), (N, T, A))
    sequences = [random.standard_normal(shape).astype(np.float32) for shape in shapes]
    present = np.array([[True] * T, [True, True, False, False]])
    return [*sequences, present, random.standard_normal((N, H)).astype(np.float32)]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(layer, inputs, memory, keys, present, state):
    """Outputs, contexts and weights of a GRU that attends before each step."""
    query, scale = layer.query.kernel.numpy(), layer.attention.scale.numpy()
    kernel, recurrent, bias = (w.numpy() for w in layer.cell.weights)
    steps = []
    for x in inputs.swapaxes(0, 1):
        energies = np.tanh((state @ query)[:, None] + keys) @ scale
        odds = np.where(present, np.exp(energies), 0)
        weights = odds / odds.sum(axis=1, keepdims=True)
        context = np.einsum("nt,ntm->nm", weights, memory)
        from_input = np.split(np.concatenate([x, context], 1) @ kernel + bias[0], 3, axis=1)
        from_state = np.split(state @ recurrent + bias[1], 3, axis=1)
        update, reset = (sigmoid(from_input[i] + from_state[i]) for i in (0, 1))
        candidate = np.tanh(from_input[2] + reset * from_state[2])
        state = update * state + (1 - update) * candidate
        steps.append((state, context, weights))
    return [np.stack(part, axis=1) for part in zip(*steps)]


def test_a_gru_with_attention_by_hand(tensors):
    *others, state = tensors
    layer = AttentiveRecurrence(H)
    *sequences, (last,) = layer(*others, [state])
    for weight in layer.weights:
        weight.assign(np.random.default_rng(1).standard_normal(weight.shape))
    *sequences, (last,) = layer(*others, [state])
    for value, expected in zip(sequences, by_hand(layer, *tensors), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(last, sequences[0][:, -1])


def test_nothing_absent_is_looked_at(tensors):
    *others, state = tensors
    _, _, weights, _ = AttentiveRecurrence(H)(*others, [state])
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1, rtol=1e-5)
    assert (np.asarray(weights)[1, :, 2:] == 0).all()


def test_an_lstm_carries_two_states(tensors):
    *others, state = tensors
    outputs, _, _, last = AttentiveRecurrence(H, "lstm")(*others, [state, state])
    assert len(last) == 2
    np.testing.assert_array_equal(last[0], outputs[:, -1])


def test_it_is_made_again_from_its_config():
    layer = AttentiveRecurrence(H, "lstm", name="recurrence")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.get_config() == layer.get_config()
