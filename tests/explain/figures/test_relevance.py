"""Relevance lies over an image only where there is some."""

import numpy as np

from dlapps.explain.figures.relevance import relevance_figure


def test_what_is_not_relevant_stays_untinted_and_the_bar_shows_all_values():
    relevance = np.linspace(0, 1, 6).reshape(2, 3)
    figure = relevance_figure("why", np.full((8, 12, 1), 0.5), relevance)
    picture, over = figure.axes[1].get_images()
    assert over.get_alpha()[0, 0] == 0
    assert np.all(np.diff(over.get_alpha().ravel()) > 0)
    assert figure.axes[2].get_ylim() == (0, 1)
    assert picture.get_interpolation() == "nearest"


def test_signed_relevance_is_white_where_there_is_none():
    relevance = np.array([[[-2.0], [0.0], [1.0]]])
    figure = relevance_figure("why", np.full((1, 3, 1), 0.5), relevance)
    (shown,) = figure.axes[1].get_images()
    assert shown.get_clim() == (-2, 2)
    assert min(shown.to_rgba(np.zeros(1))[0]) > 0.95
