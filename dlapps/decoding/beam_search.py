"""Beam search: the best of all sequences, without looking at all of them."""

from typing import Any, NamedTuple

import tensorflow as tf

from dlapps.decoding.sequences import (
    Decoded,
    Step,
    normalized,
    number_of_sequences,
    shapes_that_stay,
)


class _Beams(NamedTuple):
    """What is known after some steps: K hypotheses for each of N sequences."""

    tokens: tf.Tensor
    """int32 [N, K, L]."""
    log_probabilities: tf.Tensor
    """float32 [N, K], summed over the tokens."""
    lengths: tf.Tensor
    """int32 [N, K], the end token counted."""
    is_over: tf.Tensor
    """bool [N, K]."""
    states: Any
    """As the step takes them, [N * K, ...]."""


def beam_search(
    step: Step,
    states: Any,
    context: Any,
    *,
    start: int,
    end: int,
    beam_width: int,
    max_length: int,
    length_penalty: float = 1.0,
) -> Decoded:
    """The `beam_width` best sequences found for each of the N rows of `states` and `context`.

    As many hypotheses are kept at every step, finished ones among them. They compete by their
    log-probability divided by length ** length_penalty (0: the sum, 1: the mean of a token). A
    sequence ends with `end`, or is cut at `max_length` tokens. `states` follow the hypotheses;
    `context` stays as it is from step to step. With beam_width 1 this is greedy decoding.
    """
    size = number_of_sequences(states)
    context = _repeat(context, beam_width)
    first = _Beams(
        tokens=tf.fill([size, beam_width, 0], end),
        # All but one hypothesis are impossible at first, or the beam would hold copies of it.
        log_probabilities=tf.one_hot(tf.zeros([size], tf.int32), beam_width, 0.0, -1e9),
        lengths=tf.zeros([size, beam_width], tf.int32),
        is_over=tf.zeros([size, beam_width], tf.bool),
        states=_repeat(states, beam_width),
    )

    def extend(position: tf.Tensor, last: tf.Tensor, beams: _Beams):
        logits, states = step(tf.reshape(last, [-1]), beams.states, context)
        beams = _best(beams._replace(states=states), logits, end, length_penalty)
        return position + 1, beams.tokens[:, :, -1], beams

    def goes_on(position: tf.Tensor, last: tf.Tensor, beams: _Beams) -> tf.Tensor:
        return (position < max_length) & ~tf.reduce_all(beams.is_over)

    each = tf.TensorShape([None, beam_width])
    *_, beams = tf.while_loop(
        goes_on,
        extend,
        (0, tf.fill([size, beam_width], start), first),
        shape_invariants=(tf.TensorShape([]), each, _invariants(first.states, each)),
    )
    scores = normalized(beams.log_probabilities, beams.lengths, length_penalty)
    return Decoded(beams.tokens, scores)


def _best(beams: _Beams, logits: tf.Tensor, end: int, length_penalty: float) -> _Beams:
    """The K best among all hypotheses lengthened by one token, the best of them first."""
    size, width = tf.unstack(tf.shape(beams.lengths))
    num_tokens = tf.shape(logits)[-1]
    logits = tf.reshape(tf.cast(logits, tf.float32), [size, width, num_tokens])
    # What is over stays as it is: its only continuation is another end, which costs nothing.
    stays = tf.one_hot(tf.fill([size, width], end), num_tokens, 0.0, -1e9)
    steps = tf.where(beams.is_over[..., None], stays, tf.nn.log_softmax(logits))
    sums = beams.log_probabilities[..., None] + steps
    lengths = beams.lengths + tf.cast(~beams.is_over, tf.int32)
    ranks = normalized(sums, lengths[..., None], length_penalty)
    _, chosen = tf.math.top_k(tf.reshape(ranks, [size, width * num_tokens]), width)
    parents, tokens = chosen // num_tokens, chosen % num_tokens

    def of_parents(values: tf.Tensor) -> tf.Tensor:
        return tf.gather(values, parents, batch_dims=1)

    rows = tf.reshape(tf.range(size)[:, None] * width + parents, [-1])
    return _Beams(
        tokens=tf.concat([of_parents(beams.tokens), tokens[..., None]], axis=-1),
        log_probabilities=tf.gather(
            tf.reshape(sums, [size, width * num_tokens]), chosen, batch_dims=1
        ),
        lengths=of_parents(lengths),
        is_over=of_parents(beams.is_over) | (tokens == end),
        states=tf.nest.map_structure(lambda state: tf.gather(state, rows), beams.states),
    )


def _repeat(tensors: Any, times: int) -> Any:
    """Every row of every tensor, `times` times in succession."""
    return tf.nest.map_structure(lambda tensor: tf.repeat(tensor, times, axis=0), tensors)


def _invariants(states: Any, each: tf.TensorShape) -> _Beams:
    """The shapes that stay: all but the length of the hypotheses and the number of sequences."""
    return _Beams(
        tokens=tf.TensorShape([*each, None]),
        log_probabilities=each,
        lengths=each,
        is_over=each,
        states=shapes_that_stay(states),
    )
