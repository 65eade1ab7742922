"""Masks as pictures: in the classes' colours, alone or laid over their image."""

import io

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from dlapps.explain.palette import class_colours

OPACITY = 0.45


def overlay(image: np.ndarray, mask: np.ndarray, num_classes: int) -> np.ndarray:
    """uint8 [height, width, 3]: the image in grey under its mask in the classes' colours.

    image: uint8 [height, width, 1 or 3]; mask: class indices [height, width]. Pixels of no class
    stay without colour.
    """
    grey = np.repeat(image.astype(float).mean(axis=-1, keepdims=True), 3, axis=-1)
    colours = mask_palette(num_classes).astype(float)
    is_class = mask < num_classes
    blended = (1 - OPACITY) * grey + OPACITY * colours[np.where(is_class, mask, 0)]
    return np.round(np.where(is_class[..., None], blended, grey)).astype(np.uint8)


def mask_palette(num_classes: int) -> np.ndarray:
    """uint8 [num_classes, 3], the colour of each class."""
    colours = [to_rgb(colour) for colour in class_colours(num_classes)]
    return np.round(255 * np.array(colours)).astype(np.uint8)


def mask_png(mask: np.ndarray, num_classes: int) -> bytes:
    """The class indices [height, width] as a PNG file, with a palette that shows them in colour."""
    image = Image.fromarray(mask.astype(np.uint8), "P")
    image.putpalette(mask_palette(num_classes).tobytes())
    return _png(image)


def overlay_png(image: np.ndarray, mask: np.ndarray, num_classes: int) -> bytes:
    """The `overlay` as a PNG file."""
    return _png(Image.fromarray(overlay(image, mask, num_classes)))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()
