"""How well maps of classes say where these are: MaxBoxAccV2 and PxAP (Choe, Oh, Lee, Chun, Akata,
Shim 2020, "Evaluating weakly supervised object localization methods right"), and presence."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage
from sklearn.metrics import average_precision_score

from dlapps.metrics.detection import Present, iou_matrix

OVERLAPS = (0.3, 0.5, 0.7)
"""Intersections by union from which on a box is that of an object, each counted for itself."""
THRESHOLDS = np.linspace(0, 1, 101).round(2)
"""At which maps from 0 to 1 are cut."""
EIGHT_NEIGHBOURS = np.ones((3, 3), int)

Maps = Sequence[Mapping[int, np.ndarray]]
"""Of each image, by the number of a class, where that is: float [H, W] from 0 to 1. Of an image
those of the classes it has are wanted, and all of all would take too much memory."""


def parts_of(values: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """The connected parts of [H, W] that are at least the threshold: their boxes, their peaks.

    Boxes are int [n, 4]: left, top, right, bottom; peaks [n] the largest number in each. Places
    touch at their sides and corners.
    """
    parts, boxes = _labelled(values, threshold)
    return boxes, np.array(ndimage.maximum(values, parts, np.arange(1, len(boxes) + 1)))


def _labelled(values: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """The number of the part of each place, counted from 1 on, and the boxes of the parts."""
    parts, _ = ndimage.label(values >= threshold, EIGHT_NEIGHBOURS)
    boxes = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in ndimage.find_objects(parts)
    ]
    return parts, np.array(boxes, int).reshape(-1, 4)


class Overlaps(NamedTuple):
    """For each class that an image has, the best intersection by union at each threshold."""

    values: np.ndarray
    """float [pairs, thresholds]: of any box of a part of the map with any object of the class."""
    images: np.ndarray
    """int [pairs]."""
    classes: np.ndarray
    """int [pairs]."""

    def accuracy(self, label: int | None = None) -> np.ndarray:
        """float [thresholds, OVERLAPS]: BoxAccV2, the share of pairs that overlap so much."""
        rows = slice(None) if label is None else self.classes == label
        return np.stack([(self.values[rows] >= least).mean(axis=0) for least in OVERLAPS], axis=1)

    def best_thresholds(self) -> np.ndarray:
        """int [OVERLAPS]: the numbers of those of THRESHOLDS at which most overlap so much.

        Of several in a row that are alike, the middle; of several such rows, that of the longest.
        """
        accuracy = self.accuracy()
        is_best = accuracy == accuracy.max(axis=0)
        return np.array([_middle_of_the_longest_row(each) for each in is_best.T])


def _middle_of_the_longest_row(is_so: np.ndarray) -> int:
    """Of bool [n] with one True at least."""
    numbers = np.flatnonzero(is_so)
    rows = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    longest = max(rows, key=len)
    return int(longest[len(longest) // 2])


def best_overlaps(maps: Maps, truths: Sequence[Present]) -> Overlaps:
    """How boxes around all connected parts of the maps, from 0 to 1, fit the objects of a class.

    truths: boxes in pixels of the maps. Only the maps of classes that an image has are looked at:
    where something is is asked apart from whether it is there.
    """
    values, images, classes = [], [], []
    for image, truth in enumerate(truths):
        for label in np.unique(truth.classes):
            boxes = truth.boxes[truth.classes == label]
            of_class = maps[image][label]
            values.append([_best_overlap(of_class, least, boxes) for least in THRESHOLDS])
            images.append(image)
            classes.append(label)
    return Overlaps(
        np.array(values, float).reshape(-1, len(THRESHOLDS)),
        np.array(images, int),
        np.array(classes, int),
    )


def _best_overlap(values: np.ndarray, threshold: float, boxes: np.ndarray) -> float:
    _, found = _labelled(values, threshold)
    return float(iou_matrix(found, boxes).max(initial=0.0))


class PixelCurve(NamedTuple):
    """Precision and recall of the pixels that are at least as bright as each of THRESHOLDS."""

    precision: np.ndarray
    recall: np.ndarray

    @property
    def average_precision(self) -> float:
        """PxAP: the precision at each threshold times by how much recall grows there."""
        return float(np.sum(self.precision[::-1] * np.diff(self.recall[::-1], prepend=0.0)))


def pixel_curve(maps: Maps, masks: np.ndarray) -> PixelCurve:
    """Of the maps of those classes that an image has, against its mask.

    masks: int [N, H, W], the class of each pixel counted from 1 on; 0 is none's.
    """
    inside, outside = np.zeros((2, len(THRESHOLDS)))
    for of_image, mask in zip(maps, masks, strict=True):
        for label in np.setdiff1d(mask, [0]):
            values, is_class = of_image[label - 1], mask == label
            # The last threshold that each pixel still reaches.
            reached = np.searchsorted(THRESHOLDS, values, side="right") - 1
            inside += np.bincount(reached[is_class], minlength=len(THRESHOLDS))
            outside += np.bincount(reached[~is_class], minlength=len(THRESHOLDS))
    inside, outside = (each[::-1].cumsum()[::-1] for each in (inside, outside))
    found = inside + outside
    precision = np.divide(inside, found, out=np.ones_like(inside), where=found > 0)
    return PixelCurve(precision, inside / max(inside[0], 1.0))


def presence_report(
    presence: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> dict[str, Any]:
    """How well it is told which classes an image has, in plain Python numbers.

    presence: 0 or 1 [N, C]; probabilities: [N, C]. Keys: num_images, mean_average_precision over
    the classes, accuracy (of single classes, at a half), exact_matches (images whose every class
    is told rightly), and per_class: num_images and average_precision. What no image has is None.
    """
    is_right = (probabilities >= 0.5) == (presence > 0)
    precisions = {
        name: float(average_precision_score(there, of_class)) if there.any() else None
        for name, there, of_class in zip(class_names, presence.T, probabilities.T, strict=True)
    }
    known = [each for each in precisions.values() if each is not None]
    return {
        "num_images": len(presence),
        "mean_average_precision": float(np.mean(known)) if known else 0.0,
        "accuracy": float(is_right.mean()),
        "exact_matches": float(is_right.all(axis=1).mean()),
        "per_class": {
            name: {"num_images": int(there.sum()), "average_precision": precisions[name]}
            for name, there in zip(class_names, presence.T, strict=True)
        },
    }


def box_report(
    overlaps: Overlaps, thresholds: np.ndarray, class_names: Sequence[str]
) -> dict[str, Any]:
    """How well boxes are found, each overlap of OVERLAPS at its own threshold.

    thresholds: int [OVERLAPS], as `best_thresholds` chooses them on other images. Keys:
    max_box_accuracy_v2 (the mean over overlaps), box_accuracy_30, _50 and _70, thresholds, and
    max_box_accuracy_v2_at_own_best, with thresholds that are the best for these very images, as the
    paper has it; per_class: box_accuracy_50.
    """
    chosen = np.arange(len(OVERLAPS))
    accuracy, half = overlaps.accuracy(), OVERLAPS.index(0.5)
    at_thresholds = accuracy[thresholds, chosen]
    by_overlap = {
        f"box_accuracy_{100 * least:.0f}": float(each)
        for least, each in zip(OVERLAPS, at_thresholds, strict=True)
    }
    return {
        "max_box_accuracy_v2": float(at_thresholds.mean()),
        **by_overlap,
        "max_box_accuracy_v2_at_own_best": float(accuracy.max(axis=0).mean()),
        "thresholds": {
            f"{least:g}": float(THRESHOLDS[each])
            for least, each in zip(OVERLAPS, thresholds, strict=True)
        },
        "per_class": {
            name: {
                "box_accuracy_50": float(overlaps.accuracy(label)[thresholds[half], half])
                if (overlaps.classes == label).any()
                else None
            }
            for label, name in enumerate(class_names)
        },
    }
