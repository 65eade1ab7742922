"""Classes have colours that differ, however many there are."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dlapps.explain.figures.palette import class_colours


@pytest.mark.parametrize("num_classes", [2, 7, 8, 10, 11, 26])
def test_each_class_has_its_own_colour(num_classes):
    assert len(set(class_colours(num_classes))) == num_classes


def test_many_classes_differ_in_lightness_which_all_eyes_see():
    lightness = [np.dot(to_rgb(colour), [0.2126, 0.7152, 0.0722]) for colour in class_colours(15)]
    assert np.all(np.diff(lightness) > 0)
