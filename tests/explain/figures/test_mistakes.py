"""The mistakes shown are the wrong answers with the highest probability."""

import numpy as np
import pytest

from dlapps.explain.figures.mistakes import confident_mistakes, most_confident_mistakes

LABELS = np.array([0, 1, 2, 0, 1])
PROBABILITIES = np.array(
    [
        [0.98, 0.01, 0.01],
        [0.70, 0.20, 0.10],
        [0.05, 0.90, 0.05],
        [0.10, 0.30, 0.60],
        [0.00, 1.00, 0.00],
    ]
)
NAMES = ["cat", "dog", "cow"]


def test_only_wrong_answers_the_surest_first():
    assert most_confident_mistakes(LABELS, PROBABILITIES, 10).tolist() == [2, 1, 3]
    assert most_confident_mistakes(LABELS, PROBABILITIES, 2).tolist() == [2, 1]


def test_each_picture_stands_under_its_own_caption():
    images = np.stack([np.full((4, 4, 1), index * 50, np.uint8) for index in range(5)])
    figure = confident_mistakes(images, LABELS, PROBABILITIES, NAMES)
    shown = [axes for axes in figure.axes if axes.images]
    captions = [axes.get_title() for axes in shown]
    assert captions == ["cow → dog 0.90", "dog → cat 0.70", "cat → cow 0.60"]
    values = [float(axes.images[0].get_array()[0, 0]) for axes in shown]
    np.testing.assert_allclose(values, [100 / 255, 50 / 255, 150 / 255], rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_whole_numbers_and_fractions_look_the_same(channels):
    whole = np.full((5, 2, 2, channels), 51, np.uint8)
    pictures = []
    for images in (whole, whole / 255):
        figure = confident_mistakes(images, LABELS, PROBABILITIES, NAMES, count=1)
        pictures.append(np.asarray(figure.axes[0].images[0].get_array()))
    np.testing.assert_allclose(*pictures, rtol=1e-6)


def test_without_mistakes_the_figure_says_so():
    figure = confident_mistakes(
        np.zeros((5, 2, 2, 1)), PROBABILITIES.argmax(axis=1), PROBABILITIES, NAMES
    )
    assert figure.texts[0].get_text() == "No mistakes among 5 examples."


def test_small_pictures_are_enlarged_without_smoothing():
    figure = confident_mistakes(np.zeros((5, 8, 8, 1)), LABELS, PROBABILITIES, NAMES)
    assert figure.axes[0].images[0].get_interpolation() == "nearest"
