"""Beam search finds what looking at every sequence finds; one hypothesis is greedy decoding."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from dlapps.decoding.beam_search import beam_search
from dlapps.decoding.greedy import greedy

START, END, NUM_TOKENS, MAX_LENGTH = 0, 1, 4, 4
LIMITS = {"start": START, "end": END, "max_length": MAX_LENGTH}
NUM_SEQUENCES = 6


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


@pytest.fixture
def tables() -> np.ndarray:
    """Logits [N, previous but one, previous, next]: each sequence has a second-order chain."""
    shape = (NUM_SEQUENCES, NUM_TOKENS, NUM_TOKENS, NUM_TOKENS)
    return 2 * np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def step(last, states, context):
    """The state is the token before the last, the context a sequence's own chain."""
    (before,) = states
    return tf.gather_nd(context, tf.stack([before, last], axis=1), batch_dims=1), [last]


def decode(search, tables: np.ndarray, **options):
    first = [tf.fill([len(tables)], START)]
    run = tf.function(lambda context: search(step, first, context, **LIMITS, **options))
    return [part.numpy() for part in run(tf.constant(tables))]


def every_sequence() -> list[list[int]]:
    """All that end with END or are cut."""
    others = [token for token in range(NUM_TOKENS) if token != END]
    ended = [
        [*body, END]
        for length in range(MAX_LENGTH)
        for body in itertools.product(others, repeat=length)
    ]
    return ended + [list(body) for body in itertools.product(others, repeat=MAX_LENGTH)]


def score(table: np.ndarray, tokens: list[int], length_penalty: float) -> float:
    chances = log_softmax(table)
    history = [START, START, *tokens]
    total = sum(chances[a, b, c] for a, b, c in zip(history, history[1:], history[2:]))
    return total / len(tokens) ** length_penalty


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0])
def test_a_beam_for_every_hypothesis_ranks_the_best_of_all_sequences(tables, length_penalty):
    width = (NUM_TOKENS - 1) ** MAX_LENGTH + len(every_sequence())
    tokens, scores = decode(beam_search, tables, beam_width=width, length_penalty=length_penalty)
    for table, found, reached in zip(tables, tokens.tolist(), scores, strict=True):
        ranked = sorted(every_sequence(), key=lambda s: -score(table, s, length_penalty))
        for one, tokens_found in zip(ranked[:5], found[:5], strict=True):
            assert tokens_found[: len(one)] == one
            assert set(tokens_found[len(one) :]) <= {END}
        expected = [score(table, one, length_penalty) for one in ranked[:5]]
        np.testing.assert_allclose(reached[:5], expected, rtol=1e-5)


def test_a_wider_beam_is_better_here_and_never_better_than_all(tables):
    means = [decode(beam_search, tables, beam_width=width)[1][:, 0].mean() for width in (1, 3, 200)]
    assert means[0] < means[1] <= means[2]


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_one_hypothesis_is_greedy(tables, length_penalty):
    one = decode(beam_search, tables, beam_width=1, length_penalty=length_penalty)
    plain = decode(greedy, tables, length_penalty=length_penalty)
    np.testing.assert_array_equal(one[0], plain[0])
    np.testing.assert_allclose(one[1], plain[1], rtol=1e-5)


def test_sequences_do_not_disturb_each_other(tables):
    tokens, scores = decode(beam_search, tables, beam_width=3)
    for row in range(NUM_SEQUENCES):
        alone, own = decode(beam_search, tables[row : row + 1], beam_width=3)
        length = alone.shape[2]
        np.testing.assert_array_equal(alone[0], tokens[row, :, :length])
        np.testing.assert_allclose(own[0], scores[row], rtol=1e-5)


def test_the_penalty_decides_between_short_and_long():
    """Ending at once is likelier than one long sequence, whose tokens are likelier on average."""
    table = np.full((1, NUM_TOKENS, NUM_TOKENS, NUM_TOKENS), 1e-6, np.float32)
    table[..., START, END], table[..., START, 2] = 0.5, 0.5
    table[..., 2, 3], table[..., 3, END] = 0.9, 0.9
    answers = {
        penalty: decode(beam_search, np.log(table), beam_width=3, length_penalty=penalty)[0]
        for penalty in (0.0, 1.0)
    }
    assert answers[0.0][0, 0, 0] == END
    assert answers[1.0][0, 0, :3].tolist() == [2, 3, END]


@pytest.mark.parametrize(("search", "options"), [(greedy, {}), (beam_search, {"beam_width": 3})])
def test_a_state_may_grow_step_by_step(tables, search, options):
    """As what a Transformer keeps of each token: here the tokens themselves."""

    def growing(last, states, context):
        (history,) = states
        logits, _ = step(last, [tf.pad(history, [[0, 0], [1, 0]])[:, -1]], context)
        return logits, [tf.concat([history, last[:, None]], axis=1)]

    nothing = [tf.zeros([len(tables), 0], tf.int32)]
    run = tf.function(lambda context: search(growing, nothing, context, **LIMITS, **options))
    for found, expected in zip(run(tables), decode(search, tables, **options), strict=True):
        np.testing.assert_array_equal(found, expected)
