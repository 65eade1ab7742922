"""Generated scenes of circles, squares and triangles, with the class of every pixel."""

from collections.abc import Callable

import numpy as np

from dlapps.errors import UsageError

CLASS_NAMES = ("background", "circle", "square", "triangle")
MOST_SHAPES = 4
NOISE = 0.06
"""Standard deviation of the noise on every pixel, of a full range of 1."""
FEWEST_SEEN = 12
"""Pixels of a shape that must be seen for it to be told what it is."""


def make_shapes(
    num_scenes: int, size: int = 64, seed: int = 0, one_class: bool = False
) -> dict[str, np.ndarray]:
    """Returns "image" uint8 [N, size, size, 3] and "mask" uint8 [N, size, size].

    A scene has one to four shapes of random class, place, size, turn and colour, later ones over
    earlier ones, on a ground whose colour changes from one side to another; with `one_class`, all
    shapes of a scene are of the same. The mask holds indices into CLASS_NAMES; a pixel belongs to
    the shape that covers its middle.
    """
    images, masks, _ = _scenes(num_scenes, size, seed, one_class)
    return {"image": images, "mask": masks}


def make_boxed_shapes(num_scenes: int, size: int = 64, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns "image" and "mask" of these scenes, "boxes" float32 [N, MOST_SHAPES, 4], "classes".

    A box is around what is seen of a shape: left, top, right and bottom in pixels; `classes` int32
    [N, MOST_SHAPES] index CLASS_NAMES without the background, and are -1 where there is no shape.
    A shape of which fewer than FEWEST_SEEN pixels are left uncovered has none.
    """
    images, masks, objects = _scenes(num_scenes, size, seed)
    boxes = np.zeros((num_scenes, MOST_SHAPES, 4), np.float32)
    labels = np.full((num_scenes, MOST_SHAPES), -1, np.int32)
    for scene in range(num_scenes):
        areas = np.bincount(objects[scene].ravel(), minlength=MOST_SHAPES + 1)
        seen = [number for number in range(1, MOST_SHAPES + 1) if areas[number] >= FEWEST_SEEN]
        for place, number in enumerate(seen):
            rows, columns = np.nonzero(objects[scene] == number)
            boxes[scene, place] = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            labels[scene, place] = masks[scene, rows[0], columns[0]] - 1
    return {"image": images, "boxes": boxes, "classes": labels, "mask": masks}


def make_splits(
    make: Callable[..., dict[str, np.ndarray]], num_train: int
) -> dict[str, dict[str, np.ndarray]]:
    """What `make` gives of so many scenes for training, and a fifth as many for validation and for
    test each, every split by a seed of its own."""
    held_out = max(1, num_train // 5)
    sizes = {"train": num_train, "validation": held_out, "test": held_out}
    return {split: make(count, seed=seed) for seed, (split, count) in enumerate(sizes.items())}


def _scenes(
    num_scenes: int, size: int, seed: int, one_class: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The images, the class of each pixel, and the number of its shape, from 1 on; 0 is none."""
    if num_scenes < 1 or size < 16:
        raise UsageError(
            f"shapes needs at least 1 scene of 16 pixels a side, not {num_scenes} of {size}."
        )
    scenes = [
        _scene(size, np.random.default_rng([seed, index]), one_class) for index in range(num_scenes)
    ]
    images, masks, objects = (np.stack(each) for each in zip(*scenes))
    return images, masks, objects


def _scene(
    size: int, random: np.random.Generator, one_class: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    image = ground(size, random)
    mask, objects = np.zeros((2, size, size), np.uint8)
    label = 0
    for number in range(1, random.integers(1, MOST_SHAPES + 1) + 1):
        if not (one_class and label):
            label = int(random.integers(1, len(CLASS_NAMES)))
        radius = random.uniform(0.1, 0.25) * size
        centre = random.uniform(0.5 * radius, size - 0.5 * radius, 2)
        inside = shape_at(CLASS_NAMES[label], centre, radius, random.uniform(0, 2 * np.pi), size)
        image = painted(image, inside, _distant_colour(image[inside > 0], random))
        mask[inside > 0] = label
        objects[inside > 0] = number
    return as_photographed(image, random), mask, objects


def shape_at(name: str, centre: np.ndarray, radius: float, angle: float, size: int) -> np.ndarray:
    """How far each pixel [size, size] is inside the border of a shape; negative outside."""
    y, x = np.mgrid[:size, :size] + 0.5
    u, v = x - centre[0], y - centre[1]
    u, v = np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u
    return _INSIDE[name](u, v, radius)


def painted(image: np.ndarray, inside: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """The image in [0, 1] with a shape over it, whose border runs over one pixel, as in a photo."""
    cover = np.clip(inside + 0.5, 0, 1)[..., None]
    return (1 - cover) * image + cover * colour


def as_photographed(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The image with noise on every pixel, uint8."""
    image = image + NOISE * random.standard_normal(image.shape)
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)


def ground(size: int, random: np.random.Generator) -> np.ndarray:
    """An image in [0, 1] of one colour that changes a little from one side to another."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    one, other = random.uniform(0.1, 0.9, (2, 3))
    angle = random.uniform(0, 2 * np.pi)
    along = 0.5 + 0.5 * (np.cos(angle) * (2 * x - 1) + np.sin(angle) * (2 * y - 1))
    along = np.clip(along, 0, 1)[..., None]
    return (1 - along) * one + along * (0.6 * one + 0.4 * other)


def _distant_colour(covered: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A colour that stands out from what it will cover, the best of a few."""
    colours = random.uniform(0, 1, (4, 3))
    ground = covered.mean(axis=0) if len(covered) else np.full(3, 0.5)
    return colours[np.argmax(np.abs(colours - ground).sum(axis=1))]


def _in_circle(u: np.ndarray, v: np.ndarray, radius: float) -> np.ndarray:
    """Pixels inside (positive) or outside (negative) of the border, as of its two fellows."""
    return radius - np.hypot(u, v)


def _in_square(u: np.ndarray, v: np.ndarray, radius: float) -> np.ndarray:
    return 0.85 * radius - np.maximum(np.abs(u), np.abs(v))


def _in_triangle(u: np.ndarray, v: np.ndarray, radius: float) -> np.ndarray:
    slope = 0.5 * np.sqrt(3) * np.abs(u)
    return 0.6 * radius - np.maximum(v, slope - 0.5 * v)


_INSIDE: dict[str, Callable[[np.ndarray, np.ndarray, float], np.ndarray]] = {
    "circle": _in_circle,
    "square": _in_square,
    "triangle": _in_triangle,
}
