"""Sampling the next token: by temperature, among the k likeliest (Fan, Lewis, Dauphin 2018,
"Hierarchical neural story generation"), in the nucleus (Holtzman et al. 2020, "The curious case of
neural text degeneration")."""

from typing import TypeAlias

import tensorflow as tf

Number: TypeAlias = tf.Tensor | float


def sample_tokens(
    logits: tf.Tensor, temperature: Number, top_k: Number, top_p: Number, seeds: tf.Tensor
) -> tf.Tensor:
    """Tokens int32 [N], one drawn for each row of `logits` [N, V].

    Logits are divided by `temperature`; at 0 the likeliest token is taken. Only the `top_k`
    likeliest can be drawn (0: all), and of these no more than make up `top_p` of the probability,
    which is above 0. Each of the three is one number, or one for each row. With `seeds` int [N, 2],
    say a sequence's own and the position in it, a row's token is the same whatever other rows there
    are.
    """
    size, num_tokens = tf.unstack(tf.shape(logits))
    temperature, top_k, top_p = (
        tf.broadcast_to(tf.cast(setting, tf.float32), [size])[:, None]
        for setting in (temperature, top_k, top_p)
    )
    greedy = temperature <= 0
    limit = tf.where(greedy, 1.0, tf.where(top_k > 0, top_k, tf.cast(num_tokens, tf.float32)))
    ranked, tokens = tf.math.top_k(tf.cast(logits, tf.float32), num_tokens)
    # Measured from the likeliest, or a small temperature overflows.
    ranked = (ranked - ranked[:, :1]) / tf.where(greedy, 1.0, temperature)
    can_be = tf.range(num_tokens, dtype=tf.float32) < limit
    chances = tf.nn.softmax(tf.where(can_be, ranked, -float("inf")))
    before = tf.cumsum(chances, axis=1, exclusive=True)
    chances = tf.where(before < top_p, chances, 0.0)
    cumulative = tf.cumsum(chances, axis=1)
    point = _uniform(seeds)[:, None] * cumulative[:, -1:]
    chosen = tf.math.count_nonzero(cumulative <= point, axis=1, dtype=tf.int32)
    return tf.gather(tokens, chosen, batch_dims=1)


def _uniform(seeds: tf.Tensor) -> tf.Tensor:
    """Numbers [N] from [0, 1), each made of one row of `seeds` [N, 2]."""

    def draw(seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform([], seed, alg="philox")

    return tf.map_fn(draw, seeds, fn_output_signature=tf.float32)
