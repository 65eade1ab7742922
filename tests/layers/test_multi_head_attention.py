"""The attention of several heads agrees with Keras' own, step by step and wherever it begins."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.layers.multi_head_attention import MultiHeadAttention

N, U, T, E, HEADS = 2, 3, 5, 8, 2
PRESENT = np.array([[True] * T, [True, True, True, False, False]])


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def randomized(layer: keras.Layer) -> None:
    for seed, weight in enumerate(layer.weights):
        weight.assign(0.5 * normal(*weight.shape, seed=seed))


@pytest.mark.parametrize("causal", [False, True])
def test_it_agrees_with_the_layer_of_keras(causal):
    oracle = keras.layers.MultiHeadAttention(HEADS, E // HEADS)
    queries, memory = normal(N, T, E), normal(N, T, E, seed=1)
    oracle.build((N, T, E), (N, T, E), (N, T, E))
    randomized(oracle)
    query, query_bias, key, key_bias, value, value_bias, output, output_bias = (
        weight.numpy() for weight in oracle.weights
    )
    layer = MultiHeadAttention(HEADS, causal=causal)
    keys_values = np.concatenate(
        [
            memory @ kernel.reshape(E, E) + bias.reshape(E)
            for kernel, bias in [(key, key_bias), (value, value_bias)]
        ],
        axis=-1,
    )
    layer.build(queries.shape, keys_values.shape)
    layer.set_weights(
        [query.reshape(E, E), query_bias.reshape(E), output.reshape(E, E), output_bias]
    )
    found, weights = layer(queries, keys_values, PRESENT)
    expected, expected_weights = oracle(
        queries,
        memory,
        use_causal_mask=causal,
        attention_mask=PRESENT[:, None],
        return_attention_scores=True,
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(weights, expected_weights, atol=1e-5)


@pytest.mark.parametrize("rotary", [False, True])
def test_step_by_step_as_all_at_once(rotary):
    layer = MultiHeadAttention(HEADS, causal=True, rotary=rotary)
    queries, keys_values = normal(N, T, E), normal(N, T, 2 * E, seed=1)
    whole, weights = layer(queries, keys_values)
    assert (np.triu(weights, 1) == 0).all()
    for place in range(T):
        step, _ = layer(queries[:, place : place + 1], keys_values[:, : place + 1])
        np.testing.assert_allclose(step[:, 0], whole[:, place], atol=1e-5)


def test_rotary_scores_depend_on_distance_alone():
    layer = MultiHeadAttention(HEADS, causal=True, rotary=True)
    queries, keys_values = normal(N, 1, E), normal(N, T, 2 * E, seed=1)
    alone, _ = layer(queries, keys_values)
    behind_others = np.concatenate([normal(N, 7, 2 * E, seed=2), keys_values], axis=1)
    present = np.array([[False] * 7 + [True] * T] * N)
    np.testing.assert_allclose(layer(queries, behind_others, present)[0], alone, atol=1e-5)
    apart = np.concatenate([keys_values, normal(N, 7, 2 * E, seed=2)], axis=1)
    assert np.abs(layer(queries, apart, present[:, ::-1])[0] - alone).max() > 1e-3


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_where_nothing_is_present_it_is_a_number_and_not_of_the_future(policy):
    layer = MultiHeadAttention(HEADS, dropout=0.5, causal=True, dtype=policy)
    present = np.array([[False] * T, [False, False, True, True, True]])
    found, weights = layer(normal(N, T, E), 100 * normal(N, T, 2 * E), present, training=True)
    assert np.isfinite(tf.cast(found, tf.float32)).all()
    assert found.dtype == layer.compute_dtype
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1, rtol=1e-5)
    assert (np.triu(weights, 1) == 0).all()


def test_in_graphs_of_unknown_size_and_served(tmp_path):
    layer = MultiHeadAttention(HEADS, causal=True, rotary=True)
    inputs = [
        keras.Input((None, E)),
        keras.Input((None, 2 * E)),
        keras.Input((None,), dtype="bool"),
    ]
    model = keras.Model(inputs, layer(*inputs))
    assert [output.shape for output in model.outputs] == [(None, None, E), (None, 2, None, None)]
    arrays = [normal(N, U, E), normal(N, T, 2 * E), PRESENT]
    expected = layer(*arrays)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    compiled = tf.function(layer, jit_compile=True)
    for answers in (model(arrays), compiled(*map(tf.constant, arrays)), served.serve(arrays)):
        for answer, value in zip(answers, expected, strict=True):
            np.testing.assert_allclose(answer, value, atol=1e-5)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(arrays)[0], model(arrays)[0])
    assert again.layers[-1].get_config() == layer.get_config()


def test_channels_that_cannot_be_shared_are_refused():
    with pytest.raises(ValueError, match="3 heads cannot share 8 channels"):
        MultiHeadAttention(3)(normal(N, U, E), normal(N, T, 2 * E))
    with pytest.raises(ValueError, match="together must have 16, not 8"):
        MultiHeadAttention(2)(normal(N, U, E), normal(N, T, E))
