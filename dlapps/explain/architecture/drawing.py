"""A model's architecture as boxes and arrows with coordinates, before any file format."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras

from dlapps.explain.architecture.layer_graph import LayerCall, Role, layer_calls
from dlapps.explain.architecture.layout import arrange
from dlapps.explain.architecture.page import BOX_HEIGHT, MARGIN, Page, Point

CHARACTER = 6.9
LEGEND_CHARACTER = 6.1
LONGEST_TEXT = 46


@dataclass(frozen=True)
class Box:
    """A layer's box by its left top corner."""

    left: float
    top: float
    call: LayerCall


@dataclass(frozen=True)
class Text:
    """A line of text on its baseline, which starts or ends at x."""

    x: float
    y: float
    words: str
    size: float = 10.5
    bold: bool = False
    pale: bool = False
    ends_here: bool = False


@dataclass(frozen=True)
class Drawing:
    """Everything on the page, in pixels from the left top corner."""

    title: str
    width: float
    height: float
    box_width: float
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[Point, ...], ...]
    legend: tuple[tuple[float, float, Role], ...]
    texts: tuple[Text, ...]


def architecture_drawing(model: keras.Model) -> Drawing:
    """The drawing of a model: from top to bottom, in several strips where it is long."""
    calls = layer_calls(model)
    layout = arrange([call.parents for call in calls])
    box_width = CHARACTER * max((_characters(call) for call in calls), default=20) + 30
    page = Page(layout, box_width)
    boxes = tuple(
        Box(page.centre(cell) - box_width / 2, page.top(cell), call)
        for cell, call in zip(layout.cells, calls)
    )
    title = _title(model)
    legend = tuple(_legend([role for role in Role if any(call.role is role for call in calls)]))
    legend_width = 2 * MARGIN + sum(36 + LEGEND_CHARACTER * len(role) for _, _, role in legend)
    return Drawing(
        title=title,
        width=max(page.width, 8.5 * len(title) + 2 * MARGIN, legend_width),
        height=page.height,
        box_width=box_width,
        boxes=boxes,
        arrows=tuple(page.arrow(route) for route in layout.routes),
        legend=legend,
        texts=(
            Text(MARGIN, 28, title, size=14, bold=True),
            *(Text(x + 16, y + 9, role, pale=True) for x, y, role in legend),
            *(text for box in boxes for text in _box_texts(box, box_width)),
        ),
    )


def _box_texts(box: Box, width: float) -> Iterator[Text]:
    call = box.call
    left, right = box.left + 14, box.left + width - 10
    upper, lower = box.top + 17, box.top + BOX_HEIGHT - 9
    yield Text(left, upper, _shortened(call.name), bold=True)
    yield Text(right, upper, call.class_name, pale=True, ends_here=True)
    yield Text(left, lower, _shortened(call.shape))
    yield Text(right, lower, call.parameters, pale=True, ends_here=True)


def _legend(roles: list[Role]) -> Iterator[tuple[float, float, Role]]:
    x = MARGIN
    for role in roles:
        yield x, 40.0, role
        x += 36 + LEGEND_CHARACTER * len(role)


def _shortened(text: str) -> str:
    """The text itself, or its two ends around an ellipsis where it is very long."""
    half = LONGEST_TEXT // 2
    return text if len(text) <= LONGEST_TEXT else f"{text[:half]}…{text[-half:]}"


def _characters(call: LayerCall) -> int:
    first = len(_shortened(call.name)) + len(call.class_name)
    return 2 + max(first, len(_shortened(call.shape)) + len(call.parameters))


def _title(model: keras.Model) -> str:
    layers = f"{len(model.layers)} layers"
    if not model.built:
        return f"{model.name}: {layers}, not built yet"
    return f"{model.name}: {layers}, {model.count_params():,} parameters"
