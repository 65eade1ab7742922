"""Point sets are balanced, repeatable, and as hard for a linear classifier as their names say."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from dlapps.datasets.points import DEFAULT_NOISE, POINT_SETS, make_points
from dlapps.errors import UsageError


@pytest.mark.parametrize("name", POINT_SETS)
def test_points_are_balanced_and_in_range(name):
    points, labels = make_points(name, 401)
    assert points.shape == (401, 2)
    assert points.dtype == np.float32
    assert labels.dtype == np.int32
    assert np.bincount(labels).tolist() == [201, 200]
    assert np.abs(points).max() < 6
    assert 0.4 < np.mean(labels[1:] == labels[:-1]) < 0.6, "the classes come in random order"


@pytest.mark.parametrize("name", POINT_SETS)
def test_the_seed_decides_the_points(name):
    first, again, other = (make_points(name, 50, 0.3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("name", POINT_SETS)
def test_noise_is_the_standard_deviation_of_each_coordinate(name):
    clean, labels = make_points(name, 4000, 0.0, seed=3)
    noisy, noisy_labels = make_points(name, 4000, 0.5, seed=3)
    np.testing.assert_array_equal(labels, noisy_labels)
    np.testing.assert_allclose(np.std(noisy - clean, axis=0), 0.5, rtol=0.05)


@pytest.mark.parametrize("name", POINT_SETS)
def test_no_noise_given_means_the_default(name):
    np.testing.assert_array_equal(
        make_points(name, 50)[0], make_points(name, 50, DEFAULT_NOISE[name], seed=0)[0]
    )


def test_blobs_are_linearly_separable():
    assert LogisticRegression().fit(*make_points("blobs", 1000)).score(
        *make_points("blobs", 1000)
    ) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["xor", "rings", "spirals"])
def test_a_line_hardly_beats_chance(name):
    linear = LogisticRegression().fit(*make_points(name, 1000, seed=0))
    assert linear.score(*make_points(name, 2000, seed=1)) <= 0.6


def test_a_small_tanh_network_learns_the_spirals():
    network = MLPClassifier(
        (24, 24), "tanh", solver="lbfgs", alpha=1e-2, max_iter=400, random_state=0
    )
    network.fit(*make_points("spirals", 600, seed=0))
    assert network.score(*make_points("spirals", 2000, seed=1)) >= 0.99


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("moons", 10), "blobs, xor, rings, spirals"),
        (("xor", 1), "at least 2"),
        (("xor", 10, -0.1), "-0.1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, named):
    with pytest.raises(UsageError, match=named):
        make_points(*arguments)
