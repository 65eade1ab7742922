"""The diagram shows each classifier's bins, empty ones left out."""

import numpy as np

from dlapps.explain.figures.png import png_bytes
from dlapps.explain.figures.reliability import Curve, reliability_figure

CURVES = [
    Curve("one", np.array([np.nan, 0.6, 0.9]), np.array([np.nan, 0.5, 0.95]), np.array([0, 10, 90]),
          0.055),
    Curve("two", np.array([0.2, 0.5, 0.8]), np.array([0.1, 0.5, 0.9]), np.array([1, 1, 98]), 0.1),
]  # fmt: skip


def test_a_curve_goes_through_the_bins_that_hold_something():
    upper, lower = reliability_figure(CURVES).axes
    diagonal, one, two = upper.get_lines()
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(one.get_xydata(), [[0.6, 0.5], [0.9, 0.95]])
    assert len(two.get_xydata()) == 3
    for patch, curve in zip(lower.patches, CURVES, strict=True):
        np.testing.assert_array_equal(patch.get_data().values, curve.counts)
    assert "100" in lower.get_ylabel()


def test_the_error_of_each_is_stated():
    figure = reliability_figure(CURVES)
    told = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert any("one" in text and "0.0550" in text for text in told)
    assert any("two" in text and "0.1000" in text for text in told)
    assert png_bytes(figure)
