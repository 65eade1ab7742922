"""How much the pixels between objects that nearly touch weigh, so that they are kept apart
(Ronneberger, Fischer, Brox 2015, the U-Net)."""

import math

import numpy as np
from scipy import ndimage

NEGLIGIBLE = 5
"""Sigmas from which on an object is too far: its weight would be below 4e-6."""


def border_weights(instances: np.ndarray, sigma: float) -> np.ndarray:
    """float32 [H, W] in 0..1: exp(-(d1 + d2)^2 / (2 sigma^2)) of pixels that belong to no instance.

    instances: [H, W], 0 between the objects and a number in each; d1 and d2 are the distances, in
    pixels, to the nearest and to the second nearest of them. Within them the weight is 0, as where
    one of the two is more than 5 sigma away.
    """
    far, shape = math.ceil(NEGLIGIBLE * sigma), instances.shape
    numbers, indices = np.unique(instances, return_inverse=True)
    # One number after the other, without those in between that nothing has.
    first = 1 if numbers[0] == 0 else 0
    objects = ndimage.find_objects(indices.reshape(shape) + 1)[first:]
    nearest, second = np.full(shape, np.inf), np.full(shape, np.inf)
    for number, (rows, columns) in zip(numbers[first:], objects, strict=True):
        around = tuple(slice(max(0, side.start - far), side.stop + far) for side in (rows, columns))
        distance = ndimage.distance_transform_edt(instances[around] != number)
        second[around] = np.minimum(second[around], np.maximum(nearest[around], distance))
        nearest[around] = np.minimum(nearest[around], distance)
    both = np.where(second <= far, nearest + second, np.inf)
    weights = np.exp(-(both**2) / (2 * sigma**2))
    return np.where(instances == 0, weights, 0).astype(np.float32)


def connected_instances(mask: np.ndarray, void: int) -> np.ndarray:
    """int32 [H, W]: a number for each connected region of a class, 0 for the first class and void.

    mask: class indices [H, W]. Regions that touch at a corner alone are two.
    """
    instances, count = np.zeros(mask.shape, np.int32), 0
    for label in np.unique(mask):
        if label not in (0, void):
            regions, found = ndimage.label(mask == label)
            instances += np.where(regions > 0, regions + count, 0)
            count += found
    return instances
