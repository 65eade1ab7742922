"""The curves show each quantity once, with train and validation in the same panel."""

import math

import numpy as np

from dlapps.explain.figures.curves import training_curves

HISTORY = [
    {"step": 10, "loss": 2.0, "accuracy": 0.3, "learning_rate": 0.1, "steps_per_second": 5.0},
    {"step": 20, "loss": math.nan, "accuracy": 0.5, "validation_loss": None, "learning_rate": 0.05},
    {
        "step": 30,
        "loss": 1.0,
        "accuracy": 0.7,
        "validation_loss": 1.5,
        "validation_accuracy": 0.6,
        "learning_rate": 0.01,
    },
]


def test_a_panel_for_each_quantity_but_the_speed():
    titles = [axes.get_title() for axes in training_curves(HISTORY).axes]
    assert titles == ["Loss", "Accuracy", "Learning rate"]


def test_train_and_validation_share_a_panel_and_gaps_are_skipped():
    loss = training_curves(HISTORY).axes[0]
    train, validation = loss.lines
    np.testing.assert_array_equal(train.get_xydata(), [[10, 2.0], [30, 1.0]])
    np.testing.assert_array_equal(validation.get_xydata(), [[30, 1.5]])


def test_all_panels_share_one_legend_and_say_what_a_step_is():
    figure = training_curves(HISTORY)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["train", "validation"]
    assert not any(axes.get_legend() for axes in figure.axes)
    assert {axes.get_xlabel() for axes in figure.axes} == {"Step"}


def test_titles_are_clear_of_what_stands_above_an_axis():
    figure = training_curves(HISTORY)
    figure.draw_without_rendering()
    for axes in figure.axes:
        title, power = axes.title.get_window_extent(), axes.yaxis.get_offset_text()
        assert not power.get_text() or not title.overlaps(power.get_window_extent())
        assert title.y0 > axes.get_window_extent().y1


def test_a_learning_rate_that_stays_is_no_curve():
    constant = [{**row, "learning_rate": 0.1} for row in HISTORY]
    assert [axes.get_title() for axes in training_curves(constant).axes] == ["Loss", "Accuracy"]


def test_a_loss_that_falls_by_decades_is_logarithmic():
    small = training_curves([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}])
    large = training_curves([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 0.001}])
    assert small.axes[0].get_yscale() == "linear"
    assert large.axes[0].get_yscale() == "log"


def test_a_quantity_that_only_validation_measures_gets_a_panel():
    figure = training_curves([{"step": 1, "loss": 1.0, "validation_bleu": 20.0}])
    assert [axes.get_title() for axes in figure.axes] == ["Loss", "BLEU"]


def test_an_empty_history_says_so():
    for history in ([], [{"step": 1, "loss": None}]):
        figure = training_curves(history)
        assert "no measurements" in figure.texts[0].get_text()
