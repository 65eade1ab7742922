"""The attention matrix has a row for each token said and a column for each token read."""

import numpy as np
import pytest

from dlapps.applications.translation.pictures import (
    attention_figure,
    bleu_by_length_figure,
    token_relevance_figure,
)
from dlapps.explain.explainable import Relevance
from dlapps.explain.methods.catalogue import METHODS


def test_rows_are_said_and_columns_are_read():
    weights = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    axes = attention_figure(weights, ["n", "$hund", "<end>"], ["a", "dog"]).axes[0]
    columns = axes.get_xticklabels()
    assert [label.get_text() for label in columns] == ["n", "$hund", "<end>"]
    assert [label.get_rotation() for label in columns] == [0, 90, 90]
    assert all(label.get_visible() for label in columns)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "dog"]
    np.testing.assert_array_equal(axes.images[0].get_array(), weights)
    assert axes.images[0].get_clim() == (0, 1)


def test_tokens_that_do_not_fit_the_weights_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3, 2\)"):
        attention_figure(np.zeros((2, 3)), ["a", "b"], ["c", "d", "e"])


def test_bars_are_signed_and_named():
    relevance = np.array([0.5, -0.25, 0.0])
    found = Relevance(relevance, METHODS["gradient_times_input"])
    axes = token_relevance_figure("a $dog", ["x", "␣", "<end>"], found).axes[0]
    assert axes.get_title() == "a $dog"
    assert [bar.get_height() for bar in axes.patches] == relevance.tolist()
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    labels = axes.get_xticklabels()
    assert [label.get_text() for label in labels] == ["x", "␣", "<end>"]
    assert [label.get_rotation() for label in labels] == [0, 0, 90]


def test_a_point_a_bucket_with_its_number_of_sentences():
    buckets = [
        {"shortest": 1, "longest": 1, "sentences": 20, "bleu": 40.0},
        {"shortest": 2, "longest": 9, "sentences": 7, "bleu": 12.5},
    ]
    axes = bleu_by_length_figure(buckets, "words").axes[0]
    assert axes.lines[0].get_ydata().tolist() == [40, 12.5]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1\n(20)", "2 to 9\n(7)"]
    assert "words" in axes.get_xlabel()
