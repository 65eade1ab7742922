"""A model's architecture as boxes and arrows with coordinates, before any file format."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras

from dlapps.explain.architecture.box import block_of, blocks_of, room_for, texts_of
from dlapps.explain.architecture.folding import FoldedGraph, Repeat, Step, folded
from dlapps.explain.architecture.layer_graph import Role, layer_calls
from dlapps.explain.architecture.layout import Layout, arrange
from dlapps.explain.architecture.page import MARGIN, Extent, Page, Point
from dlapps.explain.architecture.text import Text, text_width
from dlapps.explain.architecture.valley import Valley, rungs_of

TITLE_SIZE, TIMES_SIZE = 14.0, 13.0
LEGEND_TOP, SAMPLE, BETWEEN = 40.0, 10.0, 18.0
LEGEND_LINE = 17.0
SCALE = (
    "The height of a block tells the side of the maps,",
    "its width their channels, both logarithmically.",
)
HEADER = 104.0
WIDEST, LONGEST = 1200.0, 1500.0
"""Pixels of a page; a longer strip is cut where its parts fit beside each other."""


@dataclass(frozen=True)
class Drawing:
    """Everything on the page, in pixels from the left top corner."""

    title: str
    width: float
    height: float
    frames: tuple[Extent, ...]
    """Around what is drawn once and repeated."""
    boxes: tuple[Extent, ...]
    contents: tuple[str, ...]
    """The layers in each box, in full."""
    blocks: tuple[tuple[Extent, Role], ...]
    """What is coloured: the tensor that leaves each box, and the samples of the legend."""
    arrows: tuple[tuple[Point, ...], ...]
    texts: tuple[Text, ...]


def architecture_drawing(model: keras.Model) -> Drawing:
    """The drawing of a model: from top to bottom, in several strips where it is long."""
    graph = folded(layer_calls(model))
    layout = arrange([step.parents for step in graph.steps])
    page = _page(graph, layout)
    boxes = tuple(map(page.box, layout.cells))
    frames = tuple(page.frame(repeat.steps) for repeat in graph.repeats)
    scale = blocks_of(graph.steps)
    drawn = list(zip(graph.steps, boxes))
    legend = list(_legend([step.leader.role for step in graph.steps]))
    header = [Text(MARGIN, 28, _title(model), TITLE_SIZE, bold=True)]
    header += [text for _, _, text in legend]
    if any(step.calls[-1].size for step in graph.steps):
        header += _scale_texts()
    return Drawing(
        title=header[0].words,
        width=max(page.width, *(_right(text) + MARGIN for text in header)),
        height=page.height,
        frames=frames,
        boxes=boxes,
        contents=tuple(map(_content, graph.steps)),
        blocks=(
            *((block_of(step, box, scale), step.leader.role) for step, box in drawn),
            *((sample, role) for sample, role, _ in legend),
        ),
        arrows=tuple(map(page.arrow, layout.routes)),
        texts=(
            *header,
            *(text for step, box in drawn for text in texts_of(step, box)),
            *map(_times, frames, graph.repeats),
        ),
    )


def _page(graph: FoldedGraph, layout: Layout) -> Page | Valley:
    """A valley where the network is one, else the most strips that are needed and have room."""
    rooms = [room_for(step) for step in graph.steps]
    groups = [repeat.steps for repeat in graph.repeats]
    if rungs := rungs_of(layout, groups):
        return Valley(rooms, groups, rungs, top=HEADER)
    page = Page(layout, rooms, groups, num_strips=1, top=HEADER)
    for num_strips in range(2, math.ceil((page.height - HEADER) / LONGEST) + 1):
        cut = Page(layout, rooms, groups, num_strips=num_strips, top=HEADER)
        if cut.width > WIDEST:
            break
        page = cut
    return page


def _content(step: Step) -> str:
    return ", ".join(f"{call.name} ({call.class_name})" for call in step.calls)


def _times(frame: Extent, repeat: Repeat) -> Text:
    words = f"\N{MULTIPLICATION SIGN} {repeat.times}"
    return Text(frame.left + 8, frame.top + 17, words, TIMES_SIZE, bold=True)


def _scale_texts() -> Iterator[Text]:
    for number, words in enumerate(SCALE):
        yield Text(MARGIN, LEGEND_TOP + (1.5 + number) * LEGEND_LINE + 8, words, pale=True)


def _legend(roles: Sequence[Role]) -> Iterator[tuple[Extent, Role, Text]]:
    x = MARGIN
    for role in [role for role in Role if role in roles]:
        text = Text(x + SAMPLE + 6, LEGEND_TOP + 9, role, pale=True)
        yield Extent(x, LEGEND_TOP, SAMPLE, SAMPLE), role, text
        x = _right(text) + BETWEEN


def _right(text: Text) -> float:
    return text.x + text_width(text.words, text.size, text.bold)


def _title(model: keras.Model) -> str:
    layers = f"{len(model.layers)} layers"
    if not model.built:
        return f"{model.name}: {layers}, not built yet"
    return f"{model.name}: {layers}, {model.count_params():,} parameters"
