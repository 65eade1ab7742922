"""The Fréchet distance is that of its definition, and its report compares the right images."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from dlapps.metrics.frechet import frechet_distance, frechet_report


@pytest.fixture
def features() -> tuple[np.ndarray, np.ndarray]:
    """Two clouds that differ in place and in shape."""
    random = np.random.default_rng(0)
    first = random.normal(size=(300, 5)) @ random.normal(size=(5, 5))
    return first, random.normal(size=(200, 5)) @ random.normal(size=(5, 5)) + 1


def test_it_is_the_distance_of_the_definition(features):
    first, second = features
    covariances = [np.cov(x, rowvar=False) for x in features]
    root = sqrtm(covariances[0] @ covariances[1]).real
    defined = np.sum((first.mean(0) - second.mean(0)) ** 2)
    defined += np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(defined)


def test_a_set_has_no_distance_from_itself_and_a_shift_its_square(features):
    first, _ = features
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(first, first + np.array([3, 4, 0, 0, 0])) == pytest.approx(25)


def test_the_report_keeps_generated_and_training_images_apart(features):
    first, second = features
    report = frechet_report(lambda x: 2 * x, [first], np.split(second, 2), [second])
    expected = frechet_distance(2 * first, 2 * second)
    assert report["frechet_distance"] == pytest.approx(expected)
    assert report["frechet_distance_of_training_images"] == pytest.approx(0, abs=1e-9)


def test_what_has_no_covariance_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        frechet_distance(np.ones((1, 3)), np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"\[N, F\]"):
        frechet_distance(np.ones((4, 2)), np.ones((4, 3)))
