"""How boxes overlap, also as a loss that moves those which do not (Rezatofighi et al. 2019,
"Generalized intersection over union")."""

from keras import KerasTensor, ops


def box_areas(boxes: KerasTensor) -> KerasTensor:
    """[...]: the areas of boxes [..., 4], which are left, top, right and bottom."""
    left, top, right, bottom = ops.unstack(boxes, 4, axis=-1)
    return ops.maximum(right - left, 0.0) * ops.maximum(bottom - top, 0.0)


def intersection_over_union(boxes: KerasTensor, others: KerasTensor) -> KerasTensor:
    """[..., A, B]: that of each of the boxes [..., A, 4] with each of the others [..., B, 4]."""
    boxes, others = boxes[..., :, None, :], others[..., None, :, :]
    common = _intersections(boxes, others)
    union = box_areas(boxes) + box_areas(others) - common
    return common / ops.maximum(union, 1e-6)


def generalized_overlap_loss(boxes: KerasTensor, others: KerasTensor) -> KerasTensor:
    """[...], from 0 to 2: one minus the generalized overlap of boxes [..., 4] with their truth.

    It is the intersection over union less the part of the smallest box around both that neither
    covers, so that also boxes apart have a gradient.
    """
    common = _intersections(boxes, others)
    union = ops.maximum(box_areas(boxes) + box_areas(others) - common, 1e-6)
    around = ops.concatenate(
        [
            ops.minimum(boxes[..., :2], others[..., :2]),
            ops.maximum(boxes[..., 2:], others[..., 2:]),
        ],
        axis=-1,
    )
    hull = ops.maximum(box_areas(around), 1e-6)
    return 1.0 - common / union + (hull - union) / hull


def _intersections(boxes: KerasTensor, others: KerasTensor) -> KerasTensor:
    sides = ops.minimum(boxes[..., 2:], others[..., 2:]) - ops.maximum(
        boxes[..., :2], others[..., :2]
    )
    sides = ops.maximum(sides, 0.0)
    return sides[..., 0] * sides[..., 1]
