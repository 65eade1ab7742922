"""What stands in the box of a step: its name, what it does, and a block as large as its tensor."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dlapps.explain.architecture.folding import Step
from dlapps.explain.architecture.layer_graph import Size
from dlapps.explain.architecture.page import Extent
from dlapps.explain.architecture.text import Text, text_width

LONGEST_NAME, LONGEST_WORDS = 36, 33
NAME_SIZE = 10.0
LINE_HEIGHT, ABOVE_LINES = 14.0, 5.0
PADDING, BETWEEN = 7.0, 8.0
LARGEST_BLOCK, SMALLEST_BLOCK = 32.0, 4.0


class Line(NamedTuple):
    """Words at the left of a box, and pale ones at its right."""

    left: str
    right: str = ""


class Blocks(NamedTuple):
    """The scale of a drawing's blocks: the most places along an axis, and the most channels."""

    side: float
    channels: float

    def sides(self, size: Size) -> tuple[float, float]:
        """The width and height of a block, by the logarithm of channels and of places."""
        return _length(size.channels, self.channels), _length(size.side, self.side)


def blocks_of(steps: Sequence[Step]) -> Blocks:
    """The scale on which the largest tensor of the steps has a block of full size."""
    sizes = [step.calls[-1].size for step in steps]
    known = [size for size in sizes if size is not None]
    return Blocks(
        max((size.side for size in known), default=1.0),
        max((size.channels for size in known), default=1.0),
    )


def room_for(step: Step) -> tuple[float, float]:
    """The width and height that a step's box needs."""
    name, *others = _lines(step)
    width = max(
        text_width(name.left, NAME_SIZE, bold=True),
        *(text_width(line.left) + BETWEEN * bool(line.right) + text_width(line.right)
          for line in others),
    )  # fmt: skip
    height = LINE_HEIGHT * (1 + len(others)) + 2 * ABOVE_LINES
    return width + LARGEST_BLOCK + 3 * PADDING, height


def texts_of(step: Step, box: Extent) -> Iterator[Text]:
    """The lines of a step in its box, right of its block."""
    name, *others = _lines(step)
    left, right = box.left + LARGEST_BLOCK + 2 * PADDING, box.left + box.width - PADDING
    y = box.top + (box.height - LINE_HEIGHT * (1 + len(others))) / 2 + LINE_HEIGHT - 3.5
    yield Text(left, y, name.left, size=NAME_SIZE, bold=True)
    for line in others:
        y += LINE_HEIGHT
        if line.left:
            yield Text(left, y, line.left)
        if line.right:
            yield Text(right, y, line.right, pale=True, ends_here=True)


def block_of(step: Step, box: Extent, blocks: Blocks) -> Extent:
    """The block of what leaves a step, in the middle of its place in the box."""
    size = step.calls[-1].size
    width, height = blocks.sides(size) if size else (SMALLEST_BLOCK, LARGEST_BLOCK)
    return Extent(
        box.left + PADDING + (LARGEST_BLOCK - width) / 2,
        box.top + (box.height - height) / 2,
        width,
        height,
    )


def _lines(step: Step) -> list[Line]:
    words = _wrapped([call.words for call in step.calls])
    name = _shortened(step.name, LONGEST_NAME)
    shape = _shortened(step.shape, LONGEST_NAME)
    notes = [step.leader.note] if step.leader.note else []
    if step.parameters:
        notes.append(f"{step.parameters:,} parameter{'' if step.parameters == 1 else 's'}")
    told = ", ".join(notes)
    if not told and len(words[-1]) + len(shape) < LONGEST_WORDS:
        return [Line(name), *map(Line, words[:-1]), Line(words[-1], shape)]
    return [Line(name), *map(Line, words), Line(shape, told)]


def _wrapped(parts: Sequence[str]) -> list[str]:
    """The parts with points between them, on as few lines as have room for them."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} · {part}"
        if len(longer) <= LONGEST_WORDS:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _shortened(text: str, longest: int) -> str:
    """The text itself, or its two ends around an ellipsis where it is very long."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"


def _length(number: float, most: float) -> float:
    share = math.log(max(number, 1.0)) / math.log(most) if most > 1 else 0.0
    return SMALLEST_BLOCK + (LARGEST_BLOCK - SMALLEST_BLOCK) * share
