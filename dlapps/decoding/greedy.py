"""Greedy decoding: the likeliest token, and again."""

from typing import Any

import tensorflow as tf

from dlapps.decoding.sequences import (
    Decoded,
    Step,
    normalized,
    number_of_sequences,
    shapes_that_stay,
)


def greedy(
    step: Step,
    states: Any,
    context: Any,
    *,
    start: int,
    end: int,
    max_length: int,
    length_penalty: float = 1.0,
) -> Decoded:
    """What `beam_search` finds with one hypothesis, without the cost of ranking any."""
    size = number_of_sequences(states)

    def extend(position, last, tokens, log_probabilities, lengths, states):
        logits, states = step(last, states, context)
        steps = tf.nn.log_softmax(tf.cast(logits, tf.float32))
        is_over = (last == end) & (position > 0)
        chosen = tf.where(is_over, end, tf.argmax(steps, axis=-1, output_type=tf.int32))
        gained = tf.where(is_over, 0.0, tf.reduce_max(steps, axis=-1))
        lengths += tf.cast(~is_over, tf.int32)
        tokens = tokens.write(position, chosen)
        return position + 1, chosen, tokens, log_probabilities + gained, lengths, states

    def goes_on(position, last, *_):
        return (position < max_length) & ((position == 0) | tf.reduce_any(last != end))

    _, _, tokens, log_probabilities, lengths, _ = tf.while_loop(
        goes_on,
        extend,
        (
            0,
            tf.fill([size], start),
            tf.TensorArray(tf.int32, 0, dynamic_size=True, element_shape=[None]),
            tf.zeros([size]),
            tf.zeros([size], tf.int32),
            states,
        ),
        shape_invariants=(
            *(tf.TensorShape(shape) for shape in ([], [None], None, [None], [None])),
            shapes_that_stay(states),
        ),
    )
    scores = normalized(log_probabilities, lengths, length_penalty)
    return Decoded(tf.transpose(tokens.stack())[:, None], scores[:, None])
