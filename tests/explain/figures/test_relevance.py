"""Relevance lies over an image only where there is some."""

import numpy as np
import pytest

from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.png import png_bytes
from dlapps.explain.figures.relevance import relevance_figure
from dlapps.explain.methods.catalogue import METHODS


def test_what_is_not_relevant_stays_untinted_and_the_bar_shows_all_values():
    relevance = np.linspace(0, 1, 6).reshape(2, 3)
    figure = relevance_figure(
        "why", np.full((8, 12, 1), 0.5), [Relevance(relevance, METHODS["grad_cam"])]
    )
    picture, over = figure.axes[1].get_images()
    assert over.get_alpha()[0, 0] == 0
    assert np.all(np.diff(over.get_alpha().ravel()) > 0)
    assert figure.axes[2].get_ylim() == (0, 1)
    assert picture.get_interpolation() == "nearest"


def test_signed_relevance_shows_nothing_where_there_is_none():
    values = np.array([[-2.0, 0.0, 2.0]])
    relevance = Relevance(values, METHODS["integrated_gradients"])
    figure = relevance_figure("why", np.full((1, 3, 1), 0.5), [relevance])
    *_, shown = figure.axes[1].get_images()
    against, nothing, support = np.asarray(shown.get_array())[0]
    assert nothing[3] == 0
    assert against[2] > against[1]
    assert support[0] > support[2]
    assert figure.axes[2].get_ylim() == pytest.approx((-2, 2), rel=0.02)


def test_a_sheet_names_each_method():
    maps = {
        name: np.random.default_rng(0).random((3, 3) if method.weighs_maps else (8, 12))
        for name, method in METHODS.items()
    }
    found = [Relevance(maps[name], method) for name, method in METHODS.items()]
    figure = relevance_figure("why", np.full((8, 12, 3), 0.5), found)
    titles = [axes.get_title().replace("\n", " ") for axes in figure.axes]
    assert titles[: 1 + len(found)] == ["Input", *(method.title for method in METHODS.values())]
    assert png_bytes(figure).startswith(b"\x89PNG")
    points = relevance_figure("why", np.ones(2), [found[0].of_row(0), found[1].of_row(0)])
    assert len(points.axes) == 2
