"""An n-gram's probabilities are what counting gives, and its contexts follow one another."""

import numpy as np

from dlapps.decoding.ngram import learn_ngram

END = 2


def test_a_context_mixes_what_followed_it_with_what_its_end_says():
    ngram = learn_ngram([[0, 1], [0, 1], [0, 0]], num_labels=2, order=2)
    chances = np.exp(ngram.log_probabilities)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)
    # In all, 0 follows four times, 1 twice and the end three times; three kinds mix with thirds.
    anywhere = np.array([4 + 1, 2 + 1, 3 + 1]) / (9 + 3)
    after_start = (np.array([3, 0, 0]) + 1 * anywhere) / (3 + 1)
    after_zero = (np.array([1, 2, 1]) + 3 * anywhere) / (4 + 3)
    np.testing.assert_allclose(chances[ngram.start], after_start, rtol=1e-5)
    np.testing.assert_allclose(chances[ngram.following[ngram.start, 0]], after_zero, rtol=1e-5)


def test_a_context_never_seen_falls_back_to_its_longest_end_that_was():
    ngram = learn_ngram([[0, 1, 0], [1, 1]], num_labels=2, order=4)
    context = ngram.start
    for label in (0, 1, 1, 1):
        context = ngram.following[context, label]
    # Nothing ever followed 1 1 1; after 1 1 the sequence always ended.
    assert ngram.log_probabilities[context].argmax() == END


def test_the_first_order_knows_no_context():
    ngram = learn_ngram([[0, 0, 1]], num_labels=2, order=1)
    assert ngram.log_probabilities.shape == (1, 3)
    assert not ngram.following.any()
