"""Panels of a figure side by side, in as many rows as they need."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure


def panels_of(figure: Figure | SubFigure, count: int, columns: int, **options: Any) -> list[Axes]:
    """So many panels, row by row; the places after the last stay empty.

    `options` are those of matplotlib's `subplots`, such as `sharey`.
    """
    rows = math.ceil(count / columns)
    places = figure.subplots(rows, columns, squeeze=False, **options).ravel().tolist()
    for axes in places[count:]:
        axes.remove()
    return places[:count]
