"""RetinaNet has the paper's anchors, gives each object some, and learns to move them."""

import keras
import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.vision.retinanet import deltas, matched, moved, retinanet

SMALL = {"encoder": "resnet18", "encoder_filters": 4, "channels": 8, "head_layers": 1}
ANCHORS = np.array([[0, 0, 10, 10], [0, 0, 20, 20], [40, 40, 60, 60], [0, 12, 10, 22]], np.float32)


def test_anchors_are_those_of_the_paper():
    network = retinanet((128, 256, 3), 2, **SMALL)
    anchors = network.anchors()
    # 9 at every place of P3 to P7.
    assert len(anchors) == 9 * sum(16 * 32 // 4**level for level in range(4)) + 9 * 2
    assert network.output["logits"].shape == (None, len(anchors), 2)
    sides = anchors[:, 2:] - anchors[:, :2]
    areas = np.sort(np.unique(np.round(sides.prod(axis=1)))).astype(int)
    octaves = [32 * 2 ** (step / 3) for step in range(15)]
    np.testing.assert_allclose(areas, np.square(octaves), rtol=1e-3)
    assert {*np.round(sides[:, 1] / sides[:, 0], 3)} == {0.5, 1.0, 2.0}
    np.testing.assert_allclose((anchors[0, :2] + anchors[0, 2:]) / 2, [4, 4])
    np.testing.assert_allclose((anchors[9, :2] + anchors[9, 2:]) / 2, [12, 4])


def test_an_anchor_is_its_objects_or_nobodys_or_in_between():
    boxes = np.array([[[0, 0, 10, 9], [100, 100, 104, 104], [45, 45, 90, 90]]], np.float32)
    labels = np.array([[2, -1, 0]])
    chosen, is_object, is_background = (
        np.asarray(each)[0] for each in matched(ANCHORS, boxes, labels)
    )
    # The third overlaps little with its object, which has no other; the fourth with none.
    np.testing.assert_array_equal(is_object, [1, 0, 1, 0])
    np.testing.assert_array_equal(is_background, [0, 1, 0, 1])
    np.testing.assert_array_equal(chosen[[0, 2]], [0, 2])


def test_an_image_without_objects_is_all_background():
    nothing = np.zeros((1, 2, 4), np.float32), np.full((1, 2), -1)
    _, is_object, is_background = (np.asarray(each) for each in matched(ANCHORS, *nothing))
    assert not is_object.any()
    assert is_background.all()


def test_moving_undoes_what_deltas_say():
    boxes = np.array([[[3, 4, 30, 20], [1, 1, 5, 9], [44, 30, 50, 90], [0, 0, 8, 8]]], np.float32)
    np.testing.assert_allclose(moved(ANCHORS, deltas(ANCHORS, boxes)), boxes, atol=1e-4)


def test_a_network_learns_one_object(tmp_path):
    keras.utils.set_random_seed(0)
    network = retinanet((64, 64, 3), 2, finest_stride=4, num_levels=2, **SMALL)
    network.compile(optimizer=keras.optimizers.Adam(5e-3))
    image = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    truth = {"boxes": np.array([[[8, 16, 24, 40]]], np.float32), "classes": np.array([[1]])}
    losses = network.fit(image, truth, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.2 * losses[0]
    file = tmp_path / "retinanet.keras"
    network.save(file)
    again = keras.saving.load_model(file)
    np.testing.assert_array_equal(again.anchors(), network.anchors())
    for name, output in network(image).items():
        np.testing.assert_array_equal(again(image)[name], output)


def test_a_size_that_does_not_divide_is_refused():
    with pytest.raises(UsageError, match="100x128 do not divide into maps"):
        retinanet((100, 128, 3), 2, **SMALL)


def test_weights_of_an_encoder_that_has_none_are_refused():
    with pytest.raises(UsageError, match="there are none of resnet18; choose efficientnet_lite0"):
        retinanet((64, 64, 3), 2, weights="imagenet", **SMALL)
