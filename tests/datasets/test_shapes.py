"""Generated scenes are the same every time, and their masks tell the truth."""

import numpy as np
import pytest

from dlapps.datasets.shapes import CLASS_NAMES, FEWEST_SEEN, make_boxed_shapes, make_shapes
from dlapps.errors import UsageError


def test_scenes_are_a_function_of_the_seed():
    first, again, other = make_shapes(5), make_shapes(5), make_shapes(5, seed=1)
    for name in ("image", "mask"):
        np.testing.assert_array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])
    np.testing.assert_array_equal(make_shapes(3)["image"], first["image"][:3])


def test_every_class_occurs_and_none_prevails():
    scenes = make_shapes(200, size=48)
    assert scenes["image"].shape == (200, 48, 48, 3)
    assert scenes["image"].dtype == scenes["mask"].dtype == np.uint8
    shares = np.bincount(scenes["mask"].ravel()) / scenes["mask"].size
    assert len(shares) == len(CLASS_NAMES)
    assert shares[0] > 0.5
    assert shares[1:].min() > 0.03


def test_shapes_stand_out_from_their_ground():
    """On the border of a shape, the colour changes more than the noise would."""
    scenes = make_shapes(50)
    image = scenes["image"].astype(float)
    step = np.abs(image[:, :, 2:] - image[:, :, :-2]).sum(axis=-1)
    differs = scenes["mask"][:, :, 2:] != scenes["mask"][:, :, :-2]
    assert step[differs].mean() > 3 * step[~differs].mean()


def test_all_shapes_of_a_scene_may_be_of_one_class():
    scenes = make_shapes(60, one_class=True)
    found = [set(np.unique(mask)) - {0} for mask in scenes["mask"]]
    assert all(len(classes) == 1 for classes in found)
    assert set.union(*found) == {1, 2, 3}


def test_impossible_scenes_are_refused():
    with pytest.raises(UsageError, match="at least 1 scene of 16 pixels"):
        make_shapes(0)
    with pytest.raises(UsageError, match="not 3 of 8"):
        make_shapes(3, size=8)


def test_boxes_are_around_what_is_seen_of_each_shape():
    scenes, boxed = make_shapes(60), make_boxed_shapes(60)
    np.testing.assert_array_equal(boxed["image"], scenes["image"])
    assert {*np.unique(boxed["classes"])} == {-1, 0, 1, 2}
    for mask, boxes, labels in zip(scenes["mask"], boxed["boxes"], boxed["classes"], strict=True):
        covered = np.zeros(mask.shape, bool)
        for (left, top, right, bottom), label in zip(boxes.astype(int), labels, strict=True):
            if label >= 0:
                inside = mask[top:bottom, left:right] == label + 1
                sides = inside[0], inside[-1], inside[:, 0], inside[:, -1]
                assert all(side.any() for side in sides), "no side can be moved inwards"
                covered[top:bottom, left:right] = True
        assert np.sum((mask > 0) & ~covered) < 4 * FEWEST_SEEN
