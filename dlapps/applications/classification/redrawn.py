"""What a classifier that can draw makes of images: redrawn, and with one number moved at a time."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.figures.mistakes import most_confident_mistakes
from dlapps.explain.figures.redrawn import perturbed_figure, redrawn_figure
from dlapps.models.vision.redrawing import Redraw, Redrawing

MOST_SHOWN = 10


def redrawn_pictures(
    redrawing: Redrawing,
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
) -> dict[str, Figure]:
    """The figures of a run, by name: images redrawn, and the first of them with numbers moved.

    images: uint8 [N, H, W, C]; labels: int [N]; probabilities: [N, classes].
    """
    answers = probabilities.argmax(axis=1)
    right = np.flatnonzero(answers == labels)[:MOST_SHOWN]
    wrong = most_confident_mistakes(labels, probabilities, MOST_SHOWN)
    shown = np.concatenate([right, wrong])
    originals = images[shown].astype(np.float32) / 255
    pictures = {
        "redrawn": redrawn_figure(
            originals,
            _drawn(redrawing.reconstruct, originals, answers[shown]),
            _drawn(redrawing.reconstruct, originals, labels[shown]),
            [class_names[answer] for answer in answers[shown]],
            [class_names[label] for label in labels[shown]],
        )
    }
    answer = int(answers[shown[0]])
    title = f"Drawn as {class_names[answer]}, one number moved at a time"
    pictures["numbers_moved"] = redrawn_picture(redrawing, originals[0], answer, title)
    return pictures


def redrawn_picture(redrawing: Redrawing, image: np.ndarray, answer: int, title: str) -> Figure:
    """An image [H, W, C] in [0, 1], redrawn as its answer, and with each number moved."""
    images, answers = image[None], np.array([answer])
    redrawn = _drawn(redrawing.reconstruct, images, answers)[0]
    moved = _drawn(redrawing.perturb, images, answers)[0]
    return perturbed_figure(title, image, redrawn, moved, redrawing.shifts)


def _drawn(redraw: Redraw, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.asarray(redraw(images, labels))
