"""Expected calibration error against hand-computed values."""

import numpy as np
import pytest

from dlapps.metrics.calibration import expected_calibration_error, reliability


def binary(confidences):
    """Rows that predict class 0 with these confidences."""
    return np.stack([confidences, 1 - np.asarray(confidences)], axis=1)


def test_bins_are_weighted_with_their_share_of_the_examples():
    # 5 bins: (0.4, 0.6] holds 0.55; (0.6, 0.8] holds 0.7 and 0.75; (0.8, 1] holds 0.95.
    probabilities = binary([0.55, 0.7, 0.75, 0.95])
    labels = [0, 0, 1, 0]
    # gaps: |1 - 0.55|, |0.5 - 0.725|, |1 - 0.95|
    expected = 0.45 / 4 + 0.225 * 2 / 4 + 0.05 / 4
    assert expected_calibration_error(labels, probabilities, num_bins=5) == pytest.approx(expected)


def test_one_bin_compares_mean_confidence_with_accuracy():
    probabilities = binary([0.6, 0.8, 0.9])
    assert expected_calibration_error([0, 0, 1], probabilities, num_bins=1) == pytest.approx(
        2.3 / 3 - 2 / 3
    )


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    # With 2 bins, 0.5 falls below and 1.0 above: the gaps 0.5 and -1 do not cancel.
    probabilities = binary([0.5, 1.0])
    assert expected_calibration_error([0, 1], probabilities, num_bins=2) == pytest.approx(0.75)


def test_confidence_of_exactly_one():
    assert expected_calibration_error([0, 1], np.eye(2)) == 0.0
    assert expected_calibration_error([1, 0], np.eye(2)) == 1.0


def test_confidence_as_low_as_many_classes_allow():
    uniform = np.full((1, 1000), 1 / 1000)
    assert expected_calibration_error([0], uniform) == pytest.approx(0.999)
    assert expected_calibration_error([1], uniform) == pytest.approx(0.001)


def test_labels_drawn_from_the_probabilities_are_calibrated():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(3), size=20_000)
    labels = (generator.random((20_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    assert expected_calibration_error(labels, probabilities) < 0.02
    assert expected_calibration_error((labels + 1) % 3, probabilities) > 0.2


def test_a_bin_count_below_one_is_refused():
    with pytest.raises(ValueError, match="num_bins"):
        expected_calibration_error([0], [[1.0, 0.0]], num_bins=0)


def test_a_bin_knows_its_examples():
    probabilities = np.array([[0.6, 0.4], [0.62, 0.38], [0.95, 0.05]])
    found = reliability([0, 1, 0], probabilities, num_bins=10)
    np.testing.assert_array_equal(found.counts, [0, 0, 0, 0, 0, 1, 1, 0, 0, 1])
    assert found.confidence[5:7] == pytest.approx([0.6, 0.62])
    assert found.accuracy[9] == 1
    assert np.isnan(found.accuracy[0])
    assert found.expected_calibration_error == pytest.approx((0.4 + 0.62 + 0.05) / 3)
