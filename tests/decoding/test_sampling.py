"""Tokens are drawn as often as they are likely, and none that temperature, k or p rule out."""

import numpy as np
import pytest
import tensorflow as tf

from dlapps.decoding.sampling import sample_tokens

CHANCES = np.array([0.1, 0.4, 0.05, 0.3, 0.15], np.float32)
NUM_DRAWS = 4000


@tf.function
def draw(temperature, top_k, top_p):
    """As many tokens as NUM_DRAWS, of the same distribution."""
    seeds = tf.stack([tf.range(NUM_DRAWS), tf.fill([NUM_DRAWS], 7)], axis=1)
    logits = tf.repeat(tf.math.log(CHANCES)[None], NUM_DRAWS, axis=0)
    return sample_tokens(logits, temperature, top_k, top_p, seeds)


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p", "expected"),
    [
        (1.0, 0, 1.0, CHANCES),
        (0.5, 0, 1.0, CHANCES**2),
        (1.0, 3, 1.0, CHANCES * (CHANCES > 0.12)),
        (1.0, 0, 0.6, CHANCES * (CHANCES > 0.2)),  # .4 is not enough, .4 + .3 is.
        (1.0, 2, 0.5, CHANCES * (CHANCES > 0.35)),  # Of .4 and .3 alone, .4 is more than half.
        (1.0, 0, 1e-6, np.eye(5)[1]),
        (0.0, 3, 0.9, np.eye(5)[1]),
        (1e-6, 0, 1.0, np.eye(5)[1]),
    ],
)
def test_tokens_are_drawn_by_their_chances(temperature, top_k, top_p, expected):
    counts = np.bincount(draw(temperature, top_k, top_p), minlength=len(CHANCES))
    # Four standard deviations of a share near one half.
    np.testing.assert_allclose(counts / NUM_DRAWS, expected / expected.sum(), atol=0.032)
    assert not counts[expected == 0].any()


def test_a_row_follows_its_own_seed_and_settings_alone():
    logits = tf.random.stateless_normal([6, 50], [1, 2])
    seeds = tf.constant([[row, 3] for row in range(6)])
    settings = [tf.constant([1.0, 0.0] * 3), tf.constant([5, 50, 0] * 2), tf.constant([0.9] * 6)]
    together = sample_tokens(logits, *settings, seeds).numpy()
    for row in range(6):
        one = slice(row, row + 1)
        alone = sample_tokens(logits[one], *(setting[one] for setting in settings), seeds[one])
        assert alone.numpy() == together[one]
    np.testing.assert_array_equal(together[1::2], tf.argmax(logits, axis=1)[1::2])


def test_another_seed_is_another_token():
    logits, seeds = tf.zeros([20, 50]), tf.stack([tf.range(20), tf.zeros(20, tf.int32)], axis=1)
    assert len(set(sample_tokens(logits, 1.0, 0, 1.0, seeds).numpy())) > 5
