"""The figure has a panel for what was measured, and a colour for each layer however many."""

import itertools
import math

import pytest

from dlapps.explain.figures.diagnostics import diagnostics_figure


def rows(num_layers: int, quantities=("gradient_norm", "update_ratio", "dead")) -> list[tuple]:
    return [
        (step, f"layer{layer}", quantity, (layer + 1) / step)
        for step in (10, 20)
        for layer in range(num_layers)
        for quantity in quantities
    ]


def panels_of(figure) -> dict:
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


@pytest.mark.parametrize("num_layers", [1, 5, 50])
def test_each_layer_has_a_line_of_its_own_colour_and_some_are_named(num_layers):
    figure = diagnostics_figure(rows(num_layers))
    norms = panels_of(figure)["Norm of the gradients"]
    assert len({line.get_color() for line in norms.lines}) == num_layers
    figure.draw_without_rendering()
    names = [text for text in figure.axes[-1].get_yticklabels() if text.get_text()]
    assert names[0].get_text() == "layer0"
    assert 1 <= len(names) <= 14
    boxes = [name.get_window_extent() for name in names]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes))


def test_only_what_was_measured_has_a_panel_and_norms_are_logarithmic():
    panels = panels_of(diagnostics_figure(rows(3)))
    assert len(panels) == 3
    assert panels["Norm of the gradients"].get_yscale() == "log"
    assert panels["Share of dead units"].get_yscale() == "linear"


def test_zeros_on_a_logarithmic_axis_and_infinite_values_are_skipped():
    bad = [(30, "layer0", "gradient_norm", 0.0), (40, "layer0", "gradient_norm", math.nan)]
    panels = panels_of(diagnostics_figure([*rows(1), *bad]))
    (line,) = panels["Norm of the gradients"].lines
    assert list(line.get_xdata()) == [10, 20]


def test_nothing_measured_says_so():
    assert "Nothing was measured" in diagnostics_figure([]).texts[0].get_text()
