"""Global attention agrees with the paper's equations written out in NumPy."""

import keras
import numpy as np
import pytest

from dlapps.layers.global_attention import GlobalAttention

N, U, T, Q, M = 2, 3, 4, 5, 6


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("score", ["dot", "concat"])
def test_by_hand(score, policy):
    random = np.random.default_rng(0)
    queries, memory, keys = (
        random.standard_normal(shape).astype(np.float32)
        for shape in ((N, U, Q), (N, T, M), (N, T, Q))
    )
    present = np.array([[True] * T, [True, True, False, False]])
    layer = GlobalAttention(score, dtype=policy)
    contexts, weights = layer(queries, memory, keys, present)
    if score == "dot":
        scores = queries @ keys.swapaxes(1, 2)
    else:
        scale, query = (weight.numpy() for weight in layer.weights)
        scores = np.tanh((queries @ query)[:, :, None] + keys[:, None]) @ scale
    odds = np.where(present[:, None], np.exp(scores), 0)
    expected = odds / odds.sum(axis=-1, keepdims=True)
    tolerance = 1e-5 if policy == "float32" else 0.05
    np.testing.assert_allclose(weights, expected, atol=tolerance)
    assert contexts.dtype == layer.compute_dtype
    found = np.asarray(keras.ops.cast(contexts, "float32"))
    np.testing.assert_allclose(found, expected @ memory, atol=tolerance)


def test_a_product_of_two_sizes_is_refused():
    with pytest.raises(ValueError, match="not 5 and 4"):
        GlobalAttention("dot")(
            np.zeros((N, U, 5)), np.zeros((N, T, M)), np.zeros((N, T, 4)), np.ones((N, T), bool)
        )
