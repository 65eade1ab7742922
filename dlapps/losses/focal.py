"""The focal loss, for classes of which nearly all is background (Lin, Goyal, Girshick, He, Dollar
2017, "Focal loss for dense object detection")."""

from keras import KerasTensor, ops


def focal_loss(
    targets: KerasTensor, logits: KerasTensor, alpha: float = 0.25, gamma: float = 2.0
) -> KerasTensor:
    """The loss of each logit, in the shape of both; targets are 0 or 1.

    The cross-entropy of one minus the probability p of what is true, weighed by (1 - p) ** gamma,
    and by `alpha` where the target is 1, one minus alpha where it is 0.
    """
    targets = ops.cast(targets, logits.dtype)
    crossentropy = ops.maximum(logits, 0.0) - logits * targets
    crossentropy += ops.log1p(ops.exp(-ops.abs(logits)))
    true = ops.exp(-crossentropy)
    weight = alpha * targets + (1.0 - alpha) * (1.0 - targets)
    return weight * (1.0 - true) ** gamma * crossentropy
