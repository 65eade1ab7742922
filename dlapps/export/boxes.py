"""Answers that are boxes: what they are, how they are told, and scenes to compare them on."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlapps.export.kinds import Kind

SIDES = ("left", "top", "right", "bottom")
EXAMPLE_SIZES = ((48, 80), (96, 64))
"""Heights and widths of the images that an export is compared on."""


def box_kinds(class_names: Sequence[str]) -> dict[str, Kind]:
    """What boxes [N, K, 4], scores [N, K] and classes [N, K] are."""
    names = {"names": [*class_names]}
    return {
        "boxes": Kind(
            "boxes",
            "left, top, right and bottom of each box in pixels of the image, the surest first; "
            "zeros follow the last",
            names,
        ),
        "scores": Kind("numbers", "how sure each box is, from 0 to 1; zeros follow the last"),
        "classes": Kind(
            "class_index", "the class of each box; -1 where there is none any more", names
        ),
    }


def told_boxes(
    boxes: np.ndarray, scores: np.ndarray, labels: Sequence[str]
) -> list[dict[str, Any]]:
    """A record for each of the boxes [n, 4] of one image: its class, its score and its sides."""
    return [
        {
            "class": label,
            "score": round(float(score), 4),
            **{side: round(float(at), 1) for side, at in zip(SIDES, box, strict=True)},
        }
        for label, score, box in zip(labels, scores, boxes, strict=True)
    ]


def titles_of(scores: np.ndarray, labels: Sequence[str]) -> list[str]:
    """What stands above each box where it is drawn."""
    return [f"{label} {score:.2f}" for label, score in zip(labels, scores, strict=True)]


def example_scene(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """A picture uint8 [height, width, 3] with a few bright things, so that something is found."""
    image = random.integers(60, 120, (height, width, 3), np.uint8)
    for _ in range(4):
        top, left = random.integers(0, height - 16), random.integers(0, width - 16)
        image[top : top + 16, left : left + 16] = random.integers(120, 256, 3)
    return image
