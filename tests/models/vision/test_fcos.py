"""FCOS gives an object the places in its middle, on the level of its size, and learns it."""

import functools

import keras
import numpy as np

from dlapps.models.vision.fcos import fcos

SMALL = {
    "encoder": "resnet18",
    "encoder_filters": 4,
    "channels": 8,
    "head_layers": 1,
    "head_groups": 4,
}


@functools.cache
def network_of_three_levels():
    return fcos((128, 128, 3), 3, num_levels=3, **SMALL)


def assigned(boxes, labels):
    network = network_of_three_levels()
    points, strides = network.places()
    found = network._assigned(np.array([boxes], np.float32), np.array([labels]))
    chosen, is_object, centerness = (np.asarray(each)[0] for each in found)
    return points, strides[:, 0], chosen, is_object > 0, centerness


def test_an_object_has_the_places_in_its_middle():
    points, strides, _, is_object, centerness = assigned([[40, 40, 72, 72]], [1])
    assert {*strides[is_object]} == {8}
    assert (np.abs(points[is_object] - 56) < 12).all()
    assert is_object.sum() == 4
    # Four places around the middle are as far from it as each other.
    np.testing.assert_allclose(centerness[is_object], 12 / 20, rtol=1e-5)


def test_large_objects_are_for_coarse_levels():
    _, strides, _, is_object, _ = assigned([[0, 0, 128, 128]], [0])
    assert {*strides[is_object]} == {16}
    _, strides, _, is_object, _ = assigned([[50, 50, 60, 60]], [0])
    assert {*strides[is_object]} == {8}


def test_of_two_objects_a_place_is_of_the_smaller():
    points, _, chosen, is_object, _ = assigned([[30, 30, 80, 80], [48, 48, 64, 64]], [0, 1])
    inside = is_object & (np.abs(points - 56).max(axis=1) < 8)
    assert inside.any()
    assert (chosen[inside] == 1).all()


def test_what_fills_up_a_row_has_no_places():
    _, _, _, is_object, _ = assigned([[0, 0, 0, 0], [40, 40, 72, 72]], [-1, -1])
    assert not is_object.any()


def test_a_network_learns_one_object(tmp_path):
    keras.utils.set_random_seed(0)
    network = fcos((128, 128, 3), 3, num_levels=2, **SMALL)
    network.compile(optimizer=keras.optimizers.Adam(5e-3))
    image = np.random.default_rng(0).random((1, 128, 128, 3), np.float32)
    box = np.array([16.0, 32.0, 48.0, 88.0], np.float32)
    truth = {"boxes": box[None, None], "classes": np.array([[2]])}
    losses = network.fit(image, truth, epochs=80, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0], "centerness keeps an entropy of its own"
    boxes, probabilities = network.located(network(image, training=True))
    surest = np.asarray(probabilities)[0, :, 2].argmax()
    assert np.asarray(probabilities)[0, surest].argmax() == 2
    np.testing.assert_allclose(np.asarray(boxes)[0, surest], box, atol=6)
    file = tmp_path / "fcos.keras"
    network.save(file)
    again = keras.saving.load_model(file)
    for name, output in network(image).items():
        np.testing.assert_array_equal(again(image)[name], output)
