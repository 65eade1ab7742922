"""The attention matrix has a row for each token said and a column for each token read."""

import numpy as np
import pytest

from dlapps.applications.translation.pictures import attention_figure


def test_rows_are_said_and_columns_are_read():
    weights = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    axes = attention_figure(weights, ["ein", "$hund", "<end>"], ["a", "dog"]).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["ein", "$hund", "<end>"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "dog"]
    np.testing.assert_array_equal(axes.images[0].get_array(), weights)
    assert axes.images[0].get_clim() == (0, 1)


def test_tokens_that_do_not_fit_the_weights_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3, 2\)"):
        attention_figure(np.zeros((2, 3)), ["a", "b"], ["c", "d", "e"])
