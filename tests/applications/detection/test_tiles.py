"""Each object of a large image is found once, whole where it can be, at its place."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from dlapps.applications.detection.answers import detection_answers
from dlapps.applications.detection.data import BoxedSpec
from dlapps.applications.detection.finding import (
    SuppressionSettings,
    TileSettings,
    covered_by_others,
    find_by_tiles,
)
from dlapps.decoding.tiles import tile_corners
from dlapps.errors import UsageError

SIZE = (64, 96)
MOST = 40
SETTINGS = SuppressionSettings(max_detections=MOST)
SPEC = BoxedSpec(image_shape=(*SIZE, 3), class_names=("red", "blue"), scale=0.5)


class FindsPatches:
    """A detector that finds whatever is red, and whatever is blue, the brighter the surer."""

    def __call__(self, images, training=False):
        found = tf.numpy_function(patches, [images], (tf.float32, tf.float32))
        boxes, probabilities = (tf.ensure_shape(f, (None, MOST, n)) for f, n in zip(found, (4, 2)))
        return {"boxes": boxes, "probabilities": probabilities}

    def predict(self, images, verbose=0):
        return self(tf.constant(images))

    def located(self, outputs):
        return outputs["boxes"], outputs["probabilities"]


def patches(images):
    boxes = np.zeros((len(images), MOST, 4), np.float32)
    probabilities = np.zeros((len(images), MOST, 2), np.float32)
    for row, image in enumerate(images):
        count = 0
        for label, channel in enumerate((0, 2)):
            regions, _ = ndimage.label(image[..., channel] > 0.5)
            for y, x in ndimage.find_objects(regions):
                boxes[row, count] = x.start, y.start, x.stop, y.stop
                probabilities[row, count, label] = image[y, x, channel].max()
                count += 1
    return boxes, probabilities


def scene(height, width, boxes):
    """A black image with boxes (left, top, right, bottom, class)."""
    image = np.zeros((height, width, 3), np.uint8)
    for number, (left, top, right, bottom, label) in enumerate(boxes):
        image[top:bottom, left:right, 2 * label] = 255 - number
    return image


def found_in(image, scale=1.0, overlap=0.25):
    network = FindsPatches()
    found = find_by_tiles(
        network, network.located, tf.constant(image), SIZE, scale, SETTINGS, overlap
    )
    (boxes,), (classes,) = (found[name].numpy() for name in ("boxes", "classes"))
    return [(*box.astype(int).tolist(), int(c)) for box, c in zip(boxes, classes) if c >= 0]


@pytest.mark.parametrize("size", [(64, 96), (30, 40), (65, 97), (150, 230), (400, 50)])
def test_tiles_cover_an_image_and_overlap(size):
    corners = tile_corners(*size, SIZE, (16, 24)).numpy()
    seen = np.zeros(size, int)
    for top, left in corners:
        assert top == 0 or top + 64 <= size[0]
        assert left == 0 or left + 96 <= size[1]
        seen[top : top + 64, left : left + 96] += 1
    assert seen.min() == 1
    for side, length, its_overlap in zip(corners.T, SIZE, (16, 24)):
        assert (np.diff(np.unique(side)) <= length - its_overlap).all()


def test_every_object_no_larger_than_the_overlap_is_found_once_and_whole():
    random, boxes = np.random.default_rng(0), []
    # One in each cell of a grid, so that none touches another.
    for top in range(0, 240, 24):
        for left in range(0, 320, 80):
            y, x = top + random.integers(0, 8), left + random.integers(0, 52)
            height, width = random.integers(4, 16), random.integers(4, 24)
            boxes.append((x, y, x + width, y + height, int(random.integers(2))))
    assert sorted(found_in(scene(250, 330, boxes))) == sorted(boxes)


def test_boxes_are_in_pixels_of_the_image_as_it_was_given():
    boxes = [(10, 20, 30, 30, 0), (100, 60, 118, 72, 1)]
    image = scene(80, 130, boxes)
    for scale in (0.5, 2.0):
        found = found_in(image, scale, overlap=0.5)
        assert len(found) == 2
        np.testing.assert_allclose(found, boxes, atol=2)


def test_an_image_smaller_than_a_tile_is_answered_too():
    boxes = [(3, 4, 12, 20, 1)]
    assert found_in(scene(30, 40, boxes)) == boxes


def test_of_an_object_larger_than_the_overlap_its_pieces_stay():
    """No tile has it whole."""
    found = found_in(scene(64, 300, [(20, 10, 200, 50, 0)]))
    assert len(found) >= 2
    assert min(left for left, *_ in found) == 20
    assert max(right for _, _, right, _, _ in found) == 200


def test_a_piece_goes_where_it_lies_in_a_larger_box_as_sure_of_its_class():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 30], [4, 0, 14, 9], [8, 0, 18, 9]], np.float32)

    def covered(scores, classes):
        return covered_by_others(boxes, np.float32(scores), np.array(classes)).numpy().tolist()

    assert covered([0.9, 0.8, 0.7, 0.6], [0, 0, 0, 0]) == [True, False, True, False]
    assert covered([0.9, 0.3, 0.2, 0.6], [0, 0, 0, 0]) == [False, False, True, False]
    assert covered([0.9, 0.8, 0.7, 0.6], [0, 1, 1, 1]) == [False, False, True, False]


@pytest.mark.parametrize("scale", [1.0, "training"])
def test_files_are_searched_by_tiles(scale):
    boxes = [(10, 20, 30, 30, 0), (80, 50, 110, 62, 1), (130, 80, 150, 92, 1)]
    tiles = TileSettings(scale=scale)
    answer = detection_answers(FindsPatches(), SPEC, SETTINGS, 4, tiles)["serving_default"]
    file = tf.io.encode_png(scene(100, 160, boxes)).numpy()
    outputs = answer.traced()(image_bytes=tf.constant([file, file]))
    np.testing.assert_array_equal(outputs["count"], [3, 3])
    found = outputs["boxes"][1, :3].numpy()
    np.testing.assert_allclose(sorted(found.tolist()), [box[:4] for box in boxes], atol=1)
    inputs, expected = answer.example()
    again = answer.traced()(**answer.tensors(inputs))
    for name, each in expected.items():
        np.testing.assert_allclose(again[name], each, atol=1e-4)


def test_a_run_that_does_not_know_its_scale_wants_a_number():
    unknown = SPEC.model_copy(update={"scale": None})
    with pytest.raises(UsageError, match="give a number"):
        detection_answers(FindsPatches(), unknown, SETTINGS, 4, TileSettings(scale="training"))


def test_tiles_that_hardly_move_on_are_refused():
    with pytest.raises(ValueError, match=r"less than or equal to 0\.9"):
        TileSettings(overlap=0.999)
