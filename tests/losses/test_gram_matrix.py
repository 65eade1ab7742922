"""Gram matrices are means of products, and say nothing of where."""

import numpy as np

from dlapps.losses.gram_matrix import gram_matrix


def test_it_is_the_mean_product_of_two_maps():
    maps = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    found = np.asarray(gram_matrix(maps))
    for n, i, j in np.ndindex(2, 4, 4):
        np.testing.assert_allclose(found[n, i, j], np.mean(maps[n, ..., i] * maps[n, ..., j]), 1e-5)


def test_places_may_be_exchanged():
    random = np.random.default_rng(0)
    maps = random.normal(size=(1, 4, 4, 3)).astype(np.float32)
    elsewhere = random.permutation(maps.reshape(16, 3)).reshape(maps.shape)
    np.testing.assert_allclose(gram_matrix(maps), gram_matrix(elsewhere), rtol=1e-4, atol=1e-6)
