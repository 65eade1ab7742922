"""How well boxes are found: average precision as COCO defines it (Lin et al. 2014), and counts."""

import contextlib
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

IS_FOUND = 0.5
"""Intersection by union from which on a box is that of an object."""
ALL_AREAS, SMALL, MEDIUM, LARGE = range(4)
MOST_BOXES = -1
"""The last of the limits of boxes an image: 100."""


class Present(NamedTuple):
    """The objects of one image: boxes float [n, 4] (left, top, right, bottom), classes int [n]."""

    boxes: np.ndarray
    classes: np.ndarray


class Found(NamedTuple):
    """What is found in one image: boxes float [n, 4], scores [n], classes int [n]."""

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray

    def from_score(self, threshold: float) -> "Found":
        """Those that are at least as sure."""
        kept = self.scores >= threshold
        return Found(self.boxes[kept], self.scores[kept], self.classes[kept])


def detection_report(
    truths: Sequence[Present],
    found: Sequence[Found],
    class_names: Sequence[str],
    threshold: float,
    forgiven: Sequence[Present] | None = None,
) -> dict[str, Any]:
    """The measures of the boxes found in some images, in plain Python numbers.

    `forgiven` are objects that nobody has to find and anybody may, such as COCO's crowds and what
    is difficult in Pascal VOC: a box that is no object's counts for nothing where as large a part
    of it lies in one as the overlap with an object would have to be.

    Keys: mean_average_precision (over classes and over intersections by union from .5 to .95),
    average_precision_50 and _75, by_size (of objects with less than 32 and 96 pixels a side),
    per_class, and num_images and num_objects. Of the boxes that are as sure as `threshold`:
    precision and recall at an intersection by union of .5, and how many of them there are against
    objects an image, as count_error (mean absolute difference) and count_bias (mean difference).
    What no image has is None. COCO's limit of 100 boxes an image holds.
    """
    evaluated = _evaluated(truths, found, len(class_names), forgiven or ())
    if forgiven:
        found = without_forgiven(truths, found, forgiven)
    counts = _counts(truths, found, len(class_names), threshold)
    matched = _matched_counts(truths, found, threshold)
    num_objects = sum(len(truth.classes) for truth in truths)
    num_counted = int(counts[..., 1].sum())
    difference = counts.sum(axis=1)[:, 1] - counts.sum(axis=1)[:, 0]
    return {
        "num_images": len(truths),
        "num_objects": num_objects,
        "mean_average_precision": _average(evaluated) or 0.0,
        "average_precision_50": _average(evaluated, overlap=0.5) or 0.0,
        "average_precision_75": _average(evaluated, overlap=0.75) or 0.0,
        "by_size": {
            name: _average(evaluated, area=area)
            for name, area in (("small", SMALL), ("medium", MEDIUM), ("large", LARGE))
        },
        "precision": matched / num_counted if num_counted else 0.0,
        "recall": matched / num_objects if num_objects else 0.0,
        "count_error": float(np.abs(difference).mean()),
        "count_bias": float(difference.mean()),
        "per_class": {
            name: {
                "num_objects": int(counts[:, index, 0].sum()),
                "average_precision": _average(evaluated, index),
                "average_precision_50": _average(evaluated, index, overlap=0.5),
                "count_error": float(np.abs(counts[:, index, 1] - counts[:, index, 0]).mean()),
            }
            for index, name in enumerate(class_names)
        },
    }


def _evaluated(
    truths: Sequence[Present],
    found: Sequence[Found],
    num_classes: int,
    forgiven: Sequence[Present],
) -> COCOeval:
    """COCO's evaluation, which has gone through everything."""
    truth, answers = COCO(), COCO()
    described = {
        "images": [{"id": image} for image in range(len(truths))],
        "categories": [{"id": label} for label in range(num_classes)],
    }
    objects = [
        _entry(image, box, label) | {"iscrowd": is_crowd}
        for is_crowd, objects_of in enumerate((truths, forgiven))
        for image, truth_of in enumerate(objects_of)
        for box, label in zip(truth_of.boxes, truth_of.classes, strict=True)
    ]
    boxes = [
        _entry(image, box, label) | {"score": float(score)}
        for image, found_in in enumerate(found)
        for box, score, label in zip(*found_in, strict=True)
    ]
    # It prints how long it took, and stdout is for results.
    with contextlib.redirect_stdout(io.StringIO()):
        for each, entries in ((truth, objects), (answers, boxes)):
            # From 1, as COCO takes a match with number 0 for none.
            numbered = [entry | {"id": number} for number, entry in enumerate(entries, 1)]
            each.dataset = {**described, "annotations": numbered}
            each.createIndex()
        evaluation = COCOeval(truth, answers, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _entry(image: int, box: np.ndarray, label: int) -> dict[str, Any]:
    left, top, right, bottom = (float(side) for side in box)
    sides = right - left, bottom - top
    return {
        "image_id": image,
        "category_id": int(label),
        "bbox": [left, top, *sides],
        "area": sides[0] * sides[1],
    }


def _average(
    evaluated: COCOeval,
    label: int | None = None,
    overlap: float | None = None,
    area: int = ALL_AREAS,
) -> float | None:
    """The mean precision over recalls, overlaps and classes; None where there are no objects."""
    # Overlaps, recalls, classes, areas, limits; -1 where a class has no object of that area.
    precision = evaluated.eval["precision"][:, :, :, area, MOST_BOXES]
    if overlap is not None:
        precision = precision[np.isclose(evaluated.params.iouThrs, overlap)]
    if label is not None:
        precision = precision[:, :, label]
    known = precision[precision >= 0]
    return float(known.mean()) if known.size else None


def _counts(
    truths: Sequence[Present], found: Sequence[Found], num_classes: int, threshold: float
) -> np.ndarray:
    """int [N, C, 2]: how many objects of each class an image has, and how many are found."""
    counts = np.zeros((len(truths), num_classes, 2), int)
    for row, (truth, of_image) in enumerate(zip(truths, found, strict=True)):
        counts[row, :, 0] = np.bincount(truth.classes, minlength=num_classes)
        counted = of_image.from_score(threshold).classes
        counts[row, :, 1] = np.bincount(counted, minlength=num_classes)
    return counts


def _matched_counts(truths: Sequence[Present], found: Sequence[Found], threshold: float) -> int:
    """How many of the boxes as sure as `threshold` are those of objects."""
    return sum(
        int(np.sum(match(truth, of_image.from_score(threshold)) >= 0))
        for truth, of_image in zip(truths, found, strict=True)
    )


def match(truth: Present, found: Found, overlap: float = IS_FOUND) -> np.ndarray:
    """int [n]: for each box found, the number of the object whose it is; -1 for none's.

    The surest chooses first: of the objects of its class that nobody chose, the one with which its
    intersection by union is the largest, if that is at least `overlap`.
    """
    overlaps = iou_matrix(found.boxes, truth.boxes)
    overlaps = np.where(found.classes[:, None] == truth.classes[None], overlaps, -1.0)
    chosen = np.full(len(found.scores), -1)
    for row in np.argsort(-found.scores, kind="stable"):
        if overlaps.shape[1] and overlaps[row].max() >= overlap:
            chosen[row] = int(overlaps[row].argmax())
            overlaps[:, chosen[row]] = -1.0
    return chosen


def without_forgiven(
    truths: Sequence[Present], found: Sequence[Found], forgiven: Sequence[Present]
) -> list[Found]:
    """What is found, but for boxes that are no object's and lie by half in what is forgiven."""
    counted = []
    for truth, of_image, spared in zip(truths, found, forgiven, strict=True):
        common, areas, _ = _intersections(of_image.boxes, spared.boxes)
        is_alike = of_image.classes[:, None] == spared.classes[None]
        is_spared = (is_alike & (common >= IS_FOUND * areas[:, None])).any(axis=1)
        is_counted = (match(truth, of_image) >= 0) | ~is_spared
        counted.append(Found(*(each[is_counted] for each in of_image)))
    return counted


def iou_matrix(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """float [A, B]: the intersection by union of each of the boxes with each of the others."""
    common, areas, other_areas = _intersections(boxes, others)
    union = areas[:, None] + other_areas[None] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def _intersections(
    boxes: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The areas that boxes [A, 4] and others [B, 4] have in common [A, B], and their own."""
    boxes, others = (np.asarray(each, float).reshape(-1, 4) for each in (boxes, others))
    lowest = np.maximum(boxes[:, None, :2], others[None, :, :2])
    highest = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.clip(highest - lowest, 0, None).prod(axis=-1)
    areas, other_areas = (
        np.clip(each[:, 2:] - each[:, :2], 0, None).prod(axis=-1) for each in (boxes, others)
    )
    return common, areas, other_areas


class Curve(NamedTuple):
    """Precision and recall of the boxes of a class that are at least as sure as each score."""

    recall: np.ndarray
    precision: np.ndarray
    scores: np.ndarray

    @property
    def average_precision(self) -> float:
        """COCO's: at each of 101 recalls, the best precision from there on, or 0."""
        best = np.maximum.accumulate(self.precision[::-1])[::-1]
        places = np.searchsorted(self.recall, np.linspace(0, 1, 101))
        return float(np.append(best, 0.0)[places].mean())


def precision_recall(
    truths: Sequence[Present], found: Sequence[Found], label: int, overlap: float = IS_FOUND
) -> Curve:
    """The curve of one class over all images, from the surest box on."""
    scores, is_right = [], []
    for truth, of_image in zip(truths, found, strict=True):
        # Of the class alone: matching all boxes for each of many classes takes far longer.
        present = Present(*(each[truth.classes == label] for each in truth))
        of_class = Found(*(each[of_image.classes == label] for each in of_image))
        scores.append(of_class.scores)
        is_right.append(match(present, of_class, overlap) >= 0)
    all_scores, right = np.concatenate(scores), np.concatenate(is_right)
    order = np.argsort(-all_scores, kind="stable")
    num_objects = sum(int(np.sum(truth.classes == label)) for truth in truths)
    num_right = np.cumsum(right[order])
    return Curve(
        num_right / max(num_objects, 1),
        num_right / np.arange(1, len(order) + 1),
        all_scores[order],
    )
