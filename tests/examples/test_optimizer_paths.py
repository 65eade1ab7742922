"""The example walks the valley: downhill, and by the optimizer that was asked for."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).parents[2] / "examples" / "optimizer_paths.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("optimizer_paths", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_plain_descent_goes_along_the_gradient_and_downhill(example):
    places = example.path("sgd", 0.001, steps=30)
    x, y = example.START
    slope = np.array([-2 * (1 - x) - 80 * x * (y - x**2), 40 * (y - x**2)])
    np.testing.assert_allclose(places[1], example.START - 0.001 * slope, rtol=1e-5)
    heights = np.array(example.height(places))
    assert (np.diff(heights) < 0).all()


def test_the_rate_that_is_lowest_on_the_way_is_chosen_and_divergence_is_not(example):
    rate, _ = example.best_path("sgd", [1e-5, 0.01, 30.0])
    assert rate == 0.01


def test_each_path_has_a_panel(example):
    found = {name: (0.1, example.path(name, 0.1, steps=3)) for name in ("muon", "lion")}
    titles = [axes.get_title() for axes in example.paths_figure(found).axes]
    assert [title.split(",")[0] for title in titles] == ["muon", "lion"]
