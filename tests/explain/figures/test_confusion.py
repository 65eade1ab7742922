"""The confusion matrix colours by row and writes counts while they can be read."""

from itertools import pairwise

import numpy as np
import pytest

from dlapps.explain.figures.confusion import confusion_matrix_figure, confusion_over_time
from dlapps.explain.figures.png import png_bytes


def test_rows_are_normalised_and_an_empty_class_is_masked():
    matrix = np.array([[3, 1, 0], [0, 0, 0], [5, 0, 15]])
    axes = confusion_matrix_figure(matrix, ["a", "b", "c"]).axes[0]
    shares = axes.images[0].get_array()
    np.testing.assert_allclose(shares[0], [0.75, 0.25, 0])
    np.testing.assert_allclose(shares[2], [0.25, 0, 0.75])
    assert shares.mask[1].all()


def test_counts_stand_in_their_cells():
    matrix = np.array([[1234, 5], [6, 7]])
    axes = confusion_matrix_figure(matrix, ["a", "b"]).axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "1,234", (1, 0): "5", (0, 1): "6", (1, 1): "7"}
    assert "1,241 of 1,252 right" in axes.get_title()


def test_many_classes_have_names_but_no_counts():
    names = [f"class {index}" for index in range(26)]
    axes = confusion_matrix_figure(np.eye(26, dtype=int), names).axes[0]
    assert not axes.texts
    assert [label.get_text() for label in axes.get_yticklabels()] == names


def test_names_of_a_hundred_classes_do_not_overlap():
    figure = confusion_matrix_figure(np.eye(100, dtype=int), [f"class {i}" for i in range(100)])
    figure.draw_without_rendering()
    labels = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in pairwise(labels))


def test_a_name_with_dollars_is_text_and_no_formula():
    figure = confusion_matrix_figure(np.eye(2, dtype=int), ["$\\frac$", "$b"])
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_a_matrix_of_the_wrong_size_is_refused():
    with pytest.raises(ValueError, match=r"\(2, 2\); for the 3 class names"):
        confusion_matrix_figure(np.eye(2), ["a", "b", "c"])


def test_large_counts_fill_the_cells_of_few_classes():
    figure = confusion_matrix_figure(np.full((3, 3), 2_683_118), ["sky", "road", "tree"])
    figure.draw_without_rendering()
    axes = figure.axes[0]
    cell = axes.get_window_extent().width / 3
    widths = [text.get_window_extent().width for text in axes.texts]
    assert 0.5 * cell < max(widths) < cell
    assert axes.get_xticklabels()[0].get_rotation() == 0


def test_matrices_over_time_are_six_from_the_first_step_to_the_last():
    right = [np.array([[9 - n, n], [n, 9 - n]]) for n in range(10)]
    view = confusion_over_time(lambda: right[0], ["cat", "dog"])
    figure = view.draw([100 * n for n in range(10)], right)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 6
    assert (titles[0], titles[-1]) == ("Step 0: 100.0% right", "Step 900: 0.0% right")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["cat", "dog"]
    assert png_bytes(view.draw([0, 1, 2, 3, 4], right[:5]))
