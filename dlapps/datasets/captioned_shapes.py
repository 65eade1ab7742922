"""Generated scenes of one or two coloured shapes, with what a person might say of each."""

import numpy as np

from dlapps.datasets.shapes import CLASS_NAMES, as_photographed, ground, painted, shape_at
from dlapps.errors import UsageError

COLOURS = {
    "red": (0.85, 0.1, 0.1),
    "green": (0.1, 0.6, 0.15),
    "blue": (0.1, 0.2, 0.85),
    "yellow": (0.95, 0.85, 0.1),
    "white": (1.0, 1.0, 1.0),
    "black": (0.0, 0.0, 0.0),
}
SPREAD = 0.05
"""How far a colour may be off in each channel."""
CONTRAST = 0.5
"""Distance of a shape's colour from that of the ground, over all channels."""
RELATIONS = (("left of", "right of"), ("above", "below"))
"""How two shapes lie side by side, or one over the other, and what the other way round is."""


def make_captioned_shapes(
    num_scenes: int, size: int = 64, seed: int = 0
) -> tuple[np.ndarray, list[list[str]]]:
    """Images uint8 [N, size, size, 3], and the captions of each, the plainest first.

    A scene has one shape or two that do not touch: "a red square left of a green circle".
    """
    if num_scenes < 1 or size < 32:
        raise UsageError(
            f"shapes needs at least 1 scene of 32 pixels a side, not {num_scenes} of {size}."
        )
    scenes = [_scene(size, np.random.default_rng([seed, index])) for index in range(num_scenes)]
    images, captions = zip(*scenes)
    return np.stack(images), [*captions]


def _scene(size: int, random: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    image = ground(size, random)
    distances = {name: np.abs(image.mean(axis=(0, 1)) - rgb).sum() for name, rgb in COLOURS.items()}
    colours = [name for name, distance in distances.items() if distance > CONTRAST]
    is_pair, axis = random.random() < 0.7, int(random.integers(2))
    places = [0.26, 0.74] if is_pair else [random.uniform(0.3, 0.7)]
    things = []
    for place in places:
        name = CLASS_NAMES[random.integers(1, len(CLASS_NAMES))]
        colour = colours[random.integers(len(colours))]
        centre = random.uniform(0.35, 0.65, 2) * size
        centre[axis] = place * size
        radius, angle = random.uniform(0.14, 0.22) * size, random.uniform(0, 2 * np.pi)
        rgb = np.clip(COLOURS[colour] + random.uniform(-SPREAD, SPREAD, 3), 0, 1)
        image = painted(image, shape_at(name, centre, radius, angle, size), rgb)
        things.append(f"{colour} {name}")
    captions = _of_two(things[0], things[1], *RELATIONS[axis]) if is_pair else _of_one(things[0])
    return as_photographed(image, random), captions


def _of_one(thing: str) -> list[str]:
    return [f"a {thing}", f"there is a {thing}", f"one {thing} alone"]


def _of_two(one: str, other: str, relation: str, reverse: str) -> list[str]:
    return [
        f"a {one} {relation} a {other}",
        f"a {other} {reverse} a {one}",
        f"there is a {one} {relation} a {other}",
        f"a {one} and a {other}",
    ]
