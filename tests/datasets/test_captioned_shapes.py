"""Generated captions are the same every time, and say what is in their scene."""

import numpy as np
import pytest

from dlapps.datasets.captioned_shapes import COLOURS, make_captioned_shapes
from dlapps.errors import UsageError


def test_scenes_are_a_function_of_the_seed():
    (images, captions), (again, same) = make_captioned_shapes(6), make_captioned_shapes(6)
    np.testing.assert_array_equal(images, again)
    assert captions == same
    assert not np.array_equal(images, make_captioned_shapes(6, seed=1)[0])


@pytest.mark.parametrize(("relation", "axis"), [("left of", 1), ("above", 0)])
def test_what_is_named_first_lies_there(relation, axis):
    images, captions = make_captioned_shapes(80)
    found = 0
    for image, (caption, *_) in zip(images / 255, captions, strict=True):
        first, _, second = caption.partition(f" {relation} ")
        colours = [part.split()[1] for part in (first, second) if part]
        if second and len({*colours}) == 2:
            places = [np.argwhere(np.abs(image - COLOURS[c]).sum(-1) < 0.45) for c in colours]
            centres = [np.median(place, axis=0)[axis] for place in places]
            assert centres[0] < centres[1]
            found += 1
    assert found > 5


def test_too_small_scenes_are_refused():
    with pytest.raises(UsageError, match="32 pixels a side, not 3 of 16"):
        make_captioned_shapes(3, size=16)
